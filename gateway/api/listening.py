"""What customers told us: that paying is hard, and that something was not right."""

from typing import Annotated

import strawberry

from gateway import asking, complaining, pressure, relief
from gateway.api.asked import asked, asked_id, optional_asked_id
from gateway.api.connections import After, Before, Connection, First, Last, listing, window
from gateway.api.context import Info
from gateway.api.ids import Kind
from gateway.api.inputs import fingerprint
from gateway.api.reading import LONGEST_KEY, LONGEST_TEXT, Reader
from gateway.api.types.complaint import (
    Complaint,
    FileComplaintInput,
    FileComplaintPayload,
    SettleComplaintInput,
    SettleComplaintPayload,
)
from gateway.api.types.contact import Contact
from gateway.api.types.decision import NextAllowed
from gateway.api.types.hardship import (
    HardshipSignal,
    RecordHardshipSignalInput,
    RecordHardshipSignalPayload,
    WithdrawHardshipSignalInput,
    WithdrawHardshipSignalPayload,
)
from gateway.api.types.payloads import user_errors
from gateway.api.types.pressure import ContactPressure
from gateway.complaining import FileComplaint
from gateway.model import ComplaintStatus, Unacceptable
from gateway.planning import DEFAULT_CHANNELS
from gateway.relief import RecordHardshipSignal
from gateway.requests import Question
from gateway.store import complaints, pages
from gateway.store.complaints import ComplaintFilter
from policies.facts import Purpose


@strawberry.type(description="What can be asked about complaints, and about how much somebody was contacted.")
class ListeningQueries:
    @strawberry.field(description="Complaints, oldest first.")
    async def complaints(
        self,
        info: Info,
        status: Annotated[
            ComplaintStatus | None, strawberry.argument(description="OPEN: those that wait for an answer.")
        ] = strawberry.UNSET,
        customer_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only this customer's.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Complaint]:
        shown = window(first, after, last, before)
        owner = optional_asked_id(customer_id, Kind.CUSTOMER, "customerId")
        narrowed = pages.of_customer(ComplaintFilter(status or None, owner), info.context.only)
        return await listing(info, narrowed, shown, complaints.listed, complaints.count, Complaint.of)

    @strawberry.field(
        description="How much a customer was contacted in 30 and in 90 days, by whom, how they reacted, and what would "
        "be allowed now."
    )
    async def contact_pressure(
        self,
        info: Info,
        customer_id: Annotated[strawberry.ID, strawberry.argument(description="The customer.")],
    ) -> ContactPressure:
        context = info.context
        inner = asked_id(customer_id, Kind.CUSTOMER, "customerId")
        with asked():
            async with context.acting():
                found = await pressure.of_customer(context.gateway, context.caller, inner)
                question = Question(inner, Purpose.OVERDUE_REMINDER)
                allowed = await asking.next_allowed(context.gateway, context.caller, question, DEFAULT_CHANNELS)
        return ContactPressure.of(found, [NextAllowed.of(one, context.language) for one in allowed])


@strawberry.type(description="What can be done about hardship and complaints.")
class ListeningMutations:
    @strawberry.mutation(
        description="Record that the customer told the lender of a hardship. Where it lifts them over the threshold, "
        "notices that wait are taken back, and an easier plan is offered for each overdue account, by the rules."
    )
    async def record_hardship_signal(
        self, info: Info, input: Annotated[RecordHardshipSignalInput, strawberry.argument(description="The signal.")]
    ) -> RecordHardshipSignalPayload | None:
        context = info.context
        try:
            wanted = _signal(input)
            signal, offers, replayed = await relief.record(context.gateway, context.caller, wanted)
        except Unacceptable as wrong:
            return RecordHardshipSignalPayload(user_errors=user_errors(wrong.errors))
        return RecordHardshipSignalPayload(
            signal=HardshipSignal.of(signal), offers=[Contact.of(one) for one in offers], replayed=replayed
        )

    @strawberry.mutation(
        description="Say that a signal was recorded in error, or read into a reply that said something else. It counts "
        "no more."
    )
    async def withdraw_hardship_signal(
        self,
        info: Info,
        input: Annotated[WithdrawHardshipSignalInput, strawberry.argument(description="Which one, and why.")],
    ) -> WithdrawHardshipSignalPayload | None:
        context = info.context
        try:
            read = Reader()
            signal_id = read.id(input.signal_id, Kind.HARDSHIP_SIGNAL, "signalId")
            reason = read.text(input.reason, "reason", longest=LONGEST_TEXT)
            read.finish()
            withdrawn = await relief.withdraw(context.gateway, context.caller, signal_id, reason)
        except Unacceptable as wrong:
            return WithdrawHardshipSignalPayload(user_errors=user_errors(wrong.errors))
        return WithdrawHardshipSignalPayload(signal=HardshipSignal.of(withdrawn))

    @strawberry.mutation(
        description="Put a complaint on record. Demands about its debt, or any debt, pause at once until it is settled."
    )
    async def file_complaint(
        self, info: Info, input: Annotated[FileComplaintInput, strawberry.argument(description="The complaint.")]
    ) -> FileComplaintPayload | None:
        context = info.context
        try:
            complaint, replayed = await complaining.file(context.gateway, context.caller, _complaint(input))
        except Unacceptable as wrong:
            return FileComplaintPayload(user_errors=user_errors(wrong.errors))
        return FileComplaintPayload(complaint=Complaint.of(complaint), replayed=replayed)

    @strawberry.mutation(
        description="Answer a complaint: the customer is told, and what paused may go on. One that was settled stays "
        "as it was."
    )
    async def settle_complaint(
        self, info: Info, input: Annotated[SettleComplaintInput, strawberry.argument(description="The answer.")]
    ) -> SettleComplaintPayload | None:
        context = info.context
        try:
            read = Reader()
            complaint_id = read.id(input.complaint_id, Kind.COMPLAINT, "complaintId")
            answer = read.text(input.answer, "answer", longest=LONGEST_TEXT)
            read.finish()
            settled, told, replayed = await complaining.settle(context.gateway, context.caller, complaint_id, answer)
        except Unacceptable as wrong:
            return SettleComplaintPayload(user_errors=user_errors(wrong.errors))
        return SettleComplaintPayload(
            complaint=Complaint.of(settled), contact=Contact.of(told) if told is not None else None, replayed=replayed
        )


def _signal(given: RecordHardshipSignalInput) -> RecordHardshipSignal:
    read = Reader()
    key = read.text(given.idempotency_key, "idempotencyKey", longest=LONGEST_KEY)
    customer_id = read.id(given.customer_id, Kind.CUSTOMER, "customerId")
    account = read.optional_text(given.account, "account")
    note = read.optional_text(given.note, "note", longest=LONGEST_TEXT)
    at = read.optional_instant(given.at, "at")
    read.finish()
    body = fingerprint(customer_id, given.kind, account, note, at)
    return RecordHardshipSignal(customer_id, key, body, given.kind, account, note, at)


def _complaint(given: FileComplaintInput) -> FileComplaint:
    read = Reader()
    key = read.text(given.idempotency_key, "idempotencyKey", longest=LONGEST_KEY)
    customer_id = read.id(given.customer_id, Kind.CUSTOMER, "customerId")
    text = read.text(given.text, "text", longest=LONGEST_TEXT)
    contact_id = read.optional_id(given.contact_id, Kind.CONTACT, "contactId")
    account = read.optional_text(given.account, "account")
    at = read.optional_instant(given.at, "at")
    read.finish()
    body = fingerprint(customer_id, text, contact_id, account, at)
    return FileComplaint(customer_id, key, body, text, contact_id, account, at)
