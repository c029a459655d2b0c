"""What can be done. Each reads its input, calls the core, and shows what came of it; bad input is a userError."""

import asyncio
from typing import Annotated

import strawberry

from gateway import callbacks, contact, customers, ending, promises, sandbox
from gateway.api import inputs
from gateway.api.applications import ApplicationMutations
from gateway.api.campaigns import CampaignMutations
from gateway.api.context import Context, Info
from gateway.api.errors import ApiError, Code
from gateway.api.events import EventMutations
from gateway.api.ids import Kind
from gateway.api.listening import ListeningMutations
from gateway.api.pauses import PauseMutations
from gateway.api.payments import PaymentMutations
from gateway.api.reading import LONGEST_KEY, LONGEST_TEXT, Reader
from gateway.api.replies import ReplyMutations
from gateway.api.rights import RightsMutations
from gateway.api.sandboxing import SandboxMutations
from gateway.api.scalars import DateTimeText
from gateway.api.surveys import SurveyMutations
from gateway.api.tokens import TokenMutations
from gateway.api.types.bill import Bill
from gateway.api.types.callback import Callback
from gateway.api.types.contact import Contact
from gateway.api.types.contact_point import ContactPoint
from gateway.api.types.customer import Customer
from gateway.api.types.decision import Decision
from gateway.api.types.inputs import (
    CancelContactInput,
    ClaimCallbackInput,
    LiftHoldInput,
    LinkCustomersInput,
    MarkContactPointInput,
    PlaceHoldInput,
    RecordCallInput,
    RecordConsentInput,
    RecordOutsideContactInput,
    RecordPromiseInput,
    RegisterBillInput,
    RegisterCustomerInput,
    RequestContactInput,
    ScheduleCallbackInput,
    SetPreferencesInput,
    SettleContactInput,
    WithdrawPromiseInput,
)
from gateway.api.types.payloads import (
    AdvanceClockPayload,
    CancelContactPayload,
    ClaimCallbackPayload,
    LiftHoldPayload,
    LinkCustomersPayload,
    MarkContactPointPayload,
    PlaceHoldPayload,
    RecordCallPayload,
    RecordConsentPayload,
    RecordOutsideContactPayload,
    RecordPromisePayload,
    RegisterBillPayload,
    RegisterCustomerPayload,
    RequestContactPayload,
    SetPreferencesPayload,
    WithdrawPromisePayload,
    user_errors,
)
from gateway.api.types.record import Hold, OutsideContact, Promise
from gateway.model import Unacceptable
from gateway.requests import RequestContact

MOST_REQUESTS = 500


@strawberry.type(description="What can be done.")
class Mutation(
    ApplicationMutations,
    CampaignMutations,
    EventMutations,
    ListeningMutations,
    PauseMutations,
    PaymentMutations,
    ReplyMutations,
    RightsMutations,
    SandboxMutations,
    SurveyMutations,
    TokenMutations,
):
    @strawberry.mutation(description="Create a customer, or bring one up to date, by `reference`.")
    async def register_customer(
        self, info: Info, input: Annotated[RegisterCustomerInput, strawberry.argument(description="The customer.")]
    ) -> RegisterCustomerPayload | None:
        context = info.context
        try:
            customer = await customers.register(context.gateway, context.caller, inputs.register_customer(input))
        except Unacceptable as wrong:
            return RegisterCustomerPayload(user_errors=user_errors(wrong.errors))
        return RegisterCustomerPayload(customer=Customer.of(customer))

    @strawberry.mutation(description="Create a bill, or bring one up to date, by `reference`.")
    async def register_bill(
        self, info: Info, input: Annotated[RegisterBillInput, strawberry.argument(description="The bill.")]
    ) -> RegisterBillPayload | None:
        context = info.context
        try:
            bill = await customers.register_bill(context.gateway, context.caller, inputs.register_bill(input))
        except Unacceptable as wrong:
            return RegisterBillPayload(user_errors=user_errors(wrong.errors))
        return RegisterBillPayload(bill=Bill.of(bill))

    @strawberry.mutation(
        description="Record that a customer agreed to be contacted, or took it back. Kept for ever; a withdrawal stops "
        "what is queued."
    )
    async def record_consent(
        self, info: Info, input: Annotated[RecordConsentInput, strawberry.argument(description="The entry.")]
    ) -> RecordConsentPayload | None:
        context = info.context
        try:
            customer, replayed = await customers.record_consent(
                context.gateway, context.caller, inputs.record_consent(input)
            )
        except Unacceptable as wrong:
            return RecordConsentPayload(user_errors=user_errors(wrong.errors))
        return RecordConsentPayload(customer=Customer.of(customer), replayed=replayed)

    @strawberry.mutation(
        description="Ask for a contact. The answer tells at once whether it goes out, waits, or is refused, and why."
    )
    async def request_contact(
        self, info: Info, input: Annotated[RequestContactInput, strawberry.argument(description="The contact.")]
    ) -> RequestContactPayload | None:
        return await _request_contact(info.context, input)

    @strawberry.mutation(
        name="requestContacts",
        description="Ask for 1 to 500 contacts: an answer each, in order. What is wrong with one fails that one alone.",
    )
    async def request_contacts(
        self,
        info: Info,
        inputs: Annotated[list[RequestContactInput], strawberry.argument(description="The contacts.")],
    ) -> list[RequestContactPayload] | None:
        if not 1 <= len(inputs) <= MOST_REQUESTS:
            raise ApiError(Code.BAD_USER_INPUT, f"inputs: 1 to {MOST_REQUESTS}", field=("inputs",))
        return await asyncio.gather(*(_request_contact(info.context, one) for one in inputs))

    @strawberry.mutation(description="Call off a contact that has not left.")
    async def cancel_contact(
        self, info: Info, input: Annotated[CancelContactInput, strawberry.argument(description="Which one, and why.")]
    ) -> CancelContactPayload | None:
        context = info.context
        try:
            read = Reader()
            contact_id = read.id(input.contact_id, Kind.CONTACT, "contactId")
            reason = read.optional_text(input.reason, "reason", longest=LONGEST_TEXT)
            read.finish()
            cancelled = await ending.cancel(context.gateway, context.caller, contact_id, reason)
        except Unacceptable as wrong:
            return CancelContactPayload(user_errors=user_errors(wrong.errors))
        return CancelContactPayload(contact=Contact.of(cancelled))

    @strawberry.mutation(
        description="Say what became of an UNCLEAR contact. A person settles it; the gateway never does."
    )
    async def settle_contact(
        self, info: Info, input: Annotated[SettleContactInput, strawberry.argument(description="What was found out.")]
    ) -> CancelContactPayload | None:
        context = info.context
        try:
            read = Reader()
            contact_id = read.id(input.contact_id, Kind.CONTACT, "contactId")
            reason = read.text(input.reason, "reason", longest=LONGEST_TEXT)
            read.finish()
            settled = await ending.settle(context.gateway, context.caller, contact_id, input.delivered, reason)
        except Unacceptable as wrong:
            return CancelContactPayload(user_errors=user_errors(wrong.errors))
        return CancelContactPayload(contact=Contact.of(settled))

    @strawberry.mutation(description="Ask for a call at a wished time: a contact whose channel is CALLBACK.")
    async def schedule_callback(
        self, info: Info, input: Annotated[ScheduleCallbackInput, strawberry.argument(description="The call.")]
    ) -> RequestContactPayload | None:
        try:
            wanted = inputs.schedule_callback(info.context.caller, input)
        except Unacceptable as wrong:
            return RequestContactPayload(user_errors=user_errors(wrong.errors))
        return await _request(info.context, wanted)

    @strawberry.mutation(
        description="Take the next call that may be made now. Opens the attempt: a ring that was begun is on record. "
        "The same key gives the same claim again."
    )
    async def claim_next_callback(
        self, info: Info, input: Annotated[ClaimCallbackInput, strawberry.argument(description="The caller's key.")]
    ) -> ClaimCallbackPayload | None:
        context = info.context
        try:
            read = Reader()
            key = read.text(input.idempotency_key, "idempotencyKey", longest=LONGEST_KEY)
            read.finish()
            callback, decision = await callbacks.claim(context.gateway, context.caller, key)
        except Unacceptable as wrong:
            return ClaimCallbackPayload(user_errors=user_errors(wrong.errors))
        return ClaimCallbackPayload(
            callback=Callback.of(callback) if callback else None,
            decision=Decision.recorded(decision, context.language) if decision else None,
        )

    @strawberry.mutation(description="Give a claimed call back to the queue.")
    async def release_callback(
        self,
        info: Info,
        callback_id: Annotated[strawberry.ID, strawberry.argument(description="The callback.")],
        reason: Annotated[str | None, strawberry.argument(description="Why.")] = strawberry.UNSET,
    ) -> RecordCallPayload | None:
        context = info.context
        try:
            read = Reader()
            inner = read.id(callback_id, Kind.CALLBACK, "callbackId")
            said = read.optional_text(reason, "reason", longest=LONGEST_TEXT)
            read.finish()
            callback, of_contact = await callbacks.release(context.gateway, context.caller, inner, said)
        except Unacceptable as wrong:
            return RecordCallPayload(user_errors=user_errors(wrong.errors))
        return RecordCallPayload(callback=Callback.of(callback), contact=Contact.of(of_contact))

    @strawberry.mutation(description="Say how a call ended.")
    async def record_call(
        self, info: Info, input: Annotated[RecordCallInput, strawberry.argument(description="How it ended.")]
    ) -> RecordCallPayload | None:
        context = info.context
        try:
            callback, of_contact = await callbacks.record(context.gateway, context.caller, inputs.record_call(input))
        except Unacceptable as wrong:
            return RecordCallPayload(user_errors=user_errors(wrong.errors))
        return RecordCallPayload(callback=Callback.of(callback), contact=Contact.of(of_contact))

    @strawberry.mutation(description="Record a contact made outside the gateway. It counts wherever the law counts it.")
    async def record_outside_contact(
        self, info: Info, input: Annotated[RecordOutsideContactInput, strawberry.argument(description="The contact.")]
    ) -> RecordOutsideContactPayload | None:
        context = info.context
        try:
            customer, outside, replayed = await customers.record_outside_contact(
                context.gateway, context.caller, inputs.record_outside_contact(input)
            )
        except Unacceptable as wrong:
            return RecordOutsideContactPayload(user_errors=user_errors(wrong.errors))
        return RecordOutsideContactPayload(
            customer=Customer.of(customer), outside_contact=OutsideContact.of(outside), replayed=replayed
        )

    @strawberry.mutation(description="Say that an address is wrong or reassigned, or right again.")
    async def mark_contact_point(
        self, info: Info, input: Annotated[MarkContactPointInput, strawberry.argument(description="What is known.")]
    ) -> MarkContactPointPayload | None:
        context = info.context
        try:
            read = Reader()
            point_id = read.id(input.contact_point_id, Kind.CONTACT_POINT, "contactPointId")
            read.finish()
            point = await customers.mark_point(context.gateway, context.caller, point_id, input.usable)
        except Unacceptable as wrong:
            return MarkContactPointPayload(user_errors=user_errors(wrong.errors))
        return MarkContactPointPayload(contact_point=ContactPoint.of(point))

    @strawberry.mutation(
        description="Say that several references are one person: caps, holds and withdrawals of one then hold for all."
    )
    async def link_customers(
        self, info: Info, input: Annotated[LinkCustomersInput, strawberry.argument(description="Who is one person.")]
    ) -> LinkCustomersPayload | None:
        context = info.context
        try:
            found = await customers.link(context.gateway, context.caller, inputs.link_customers(input))
        except Unacceptable as wrong:
            return LinkCustomersPayload(user_errors=user_errors(wrong.errors))
        return LinkCustomersPayload(customers=[Customer.of(customer) for customer in found])

    @strawberry.mutation(description="Stop or soften contact with a customer.")
    async def place_hold(
        self, info: Info, input: Annotated[PlaceHoldInput, strawberry.argument(description="The hold.")]
    ) -> PlaceHoldPayload | None:
        context = info.context
        try:
            hold, replayed = await customers.place_hold(context.gateway, context.caller, inputs.place_hold(input))
        except Unacceptable as wrong:
            return PlaceHoldPayload(user_errors=user_errors(wrong.errors))
        return PlaceHoldPayload(hold=Hold.of(hold), replayed=replayed)

    @strawberry.mutation(description="End a hold now. One that was lifted stays as it was.")
    async def lift_hold(
        self, info: Info, input: Annotated[LiftHoldInput, strawberry.argument(description="Which one, and why.")]
    ) -> LiftHoldPayload | None:
        context = info.context
        try:
            read = Reader()
            hold_id = read.id(input.hold_id, Kind.HOLD, "holdId")
            reason = read.text(input.reason, "reason", longest=LONGEST_TEXT)
            read.finish()
            hold = await customers.lift_hold(context.gateway, context.caller, hold_id, reason)
        except Unacceptable as wrong:
            return LiftHoldPayload(user_errors=user_errors(wrong.errors))
        return LiftHoldPayload(hold=Hold.of(hold))

    @strawberry.mutation(description="Record a date by which the customer says they will pay.")
    async def record_promise(
        self, info: Info, input: Annotated[RecordPromiseInput, strawberry.argument(description="The promise.")]
    ) -> RecordPromisePayload | None:
        context = info.context
        try:
            customer, promise, replayed = await promises.record(
                context.gateway, context.caller, inputs.record_promise(input)
            )
        except Unacceptable as wrong:
            return RecordPromisePayload(user_errors=user_errors(wrong.errors))
        return RecordPromisePayload(customer=Customer.of(customer), promise=Promise.of(promise), replayed=replayed)

    @strawberry.mutation(description="Take back a promise: what it held may be asked for again, by the rules.")
    async def withdraw_promise(
        self, info: Info, input: Annotated[WithdrawPromiseInput, strawberry.argument(description="Which one, and why.")]
    ) -> WithdrawPromisePayload | None:
        context = info.context
        try:
            read = Reader()
            promise_id = read.id(input.promise_id, Kind.PROMISE, "promiseId")
            reason = read.text(input.reason, "reason", longest=LONGEST_TEXT)
            read.finish()
            withdrawn = await promises.withdraw(context.gateway, context.caller, promise_id, reason)
        except Unacceptable as wrong:
            return WithdrawPromisePayload(user_errors=user_errors(wrong.errors))
        return WithdrawPromisePayload(promise=Promise.of(withdrawn))

    @strawberry.mutation(description="Record how and when the customer wishes to be contacted.")
    async def set_preferences(
        self, info: Info, input: Annotated[SetPreferencesInput, strawberry.argument(description="The wishes.")]
    ) -> SetPreferencesPayload | None:
        context = info.context
        try:
            customer = await customers.set_preferences(context.gateway, context.caller, inputs.set_preferences(input))
        except Unacceptable as wrong:
            return SetPreferencesPayload(user_errors=user_errors(wrong.errors))
        return SetPreferencesPayload(customer=Customer.of(customer))

    @strawberry.mutation(
        description="The sandbox only; anywhere else it answers FORBIDDEN. Moves the gateway's clock forward, so that "
        "tomorrow can be seen today."
    )
    async def advance_clock(
        self, info: Info, to: Annotated[DateTimeText, strawberry.argument(description="The new present.")]
    ) -> AdvanceClockPayload | None:
        gateway = info.context.gateway
        if not gateway.settings.sandbox:
            raise ApiError(Code.FORBIDDEN, "the clock can be moved only in the sandbox (GATEWAY_SANDBOX=1)")
        try:
            read = Reader()
            instant = read.instant(to, "to")
            read.finish()
            now = await sandbox.advance_clock(gateway, instant)
        except Unacceptable as wrong:
            return AdvanceClockPayload(user_errors=user_errors(wrong.errors))
        return AdvanceClockPayload(now=now)


async def _request_contact(context: Context, given: RequestContactInput) -> RequestContactPayload:
    try:
        wanted = inputs.request_contact(context.caller, given)
    except Unacceptable as wrong:
        return RequestContactPayload(user_errors=user_errors(wrong.errors))
    return await _request(context, wanted)


async def _request(context: Context, wanted: RequestContact) -> RequestContactPayload:
    try:
        answer = await contact.request(context.gateway, wanted)
    except Unacceptable as wrong:
        return RequestContactPayload(user_errors=user_errors(wrong.errors))
    return RequestContactPayload(contact=Contact.of(answer.contact, answer.decisions), replayed=answer.replayed)
