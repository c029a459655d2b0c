"""Easier ways to repay: proposed, applied for, decided."""

from typing import Annotated

import strawberry

from gateway import applications
from gateway.api.asked import asked, asked_id, optional_asked_id
from gateway.api.connections import After, Before, Connection, First, Last, listing, window
from gateway.api.context import Info
from gateway.api.errors import ApiError, Code
from gateway.api.ids import Kind
from gateway.api.inputs import fingerprint
from gateway.api.reading import LONGEST_KEY, LONGEST_TEXT, Reader, is_given
from gateway.api.types.application import (
    DecideRepaymentApplicationInput,
    PlanOption,
    RepaymentApplication,
    RepaymentApplicationPayload,
    SubmitRepaymentApplicationInput,
)
from gateway.api.types.inputs import MoneyInput
from gateway.api.types.payloads import user_errors
from gateway.model import ApplicationStatus, Unacceptable
from gateway.requests import SubmitApplication
from gateway.store import pages
from policies.plans import Instalment

MOST_DOCUMENTS = 20
MOST_INSTALMENTS = 120


@strawberry.type(description="What can be asked about easier plans.")
class ApplicationQueries:
    @strawberry.field(
        description="Plans for what is left of a bill, the shortest first: monthly, without interest or fee, exact to "
        "the minor unit. Empty where the bill is not open."
    )
    async def plan_options(
        self,
        info: Info,
        bill_id: Annotated[strawberry.ID, strawberry.argument(description="The bill.")],
        a_month: Annotated[
            MoneyInput | None,
            strawberry.argument(description="What the customer can pay each month; no plan asks for more."),
        ] = strawberry.UNSET,
    ) -> list[PlanOption]:
        context = info.context
        bill = asked_id(bill_id, Kind.BILL, "billId")
        monthly = None
        if a_month is not None and is_given(a_month):
            with asked():
                read = Reader()
                monthly, currency = read.money(a_month.amount, a_month.currency, "aMonth")
                read.finish()
        try:
            async with context.snapshot.reading() as work:
                about, proposed = await applications.options(context.gateway, work, context.caller, bill, monthly)
        except Unacceptable as wrong:
            raise ApiError(Code.NOT_FOUND, "billId: no such bill", field=("billId",)) from wrong
        if monthly is not None and currency != about.currency:
            raise ApiError(Code.BAD_USER_INPUT, "aMonth: is not the bill's currency", field=("aMonth", "currency"))
        return [PlanOption.of(parts, about.currency) for parts in proposed]

    @strawberry.field(description="Applications for another plan, oldest first.")
    async def repayment_applications(
        self,
        info: Info,
        status: Annotated[
            ApplicationStatus | None, strawberry.argument(description="OPEN: those that wait for a decision.")
        ] = strawberry.UNSET,
        customer_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only this customer's.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[RepaymentApplication]:
        shown = window(first, after, last, before)
        owner = optional_asked_id(customer_id, Kind.CUSTOMER, "customerId")
        narrowed = pages.of_customer(pages.ApplicationFilter(status or None, owner), info.context.only)
        return await listing(
            info, narrowed, shown, pages.applications, pages.count_applications, RepaymentApplication.of
        )


@strawberry.type(description="What can be done about easier plans.")
class ApplicationMutations:
    @strawberry.mutation(
        description="Apply for another plan. While the application is open, nothing demands the bill, and what waits "
        "to leave is taken back. One open application for a bill."
    )
    async def submit_repayment_application(
        self,
        info: Info,
        input: Annotated[SubmitRepaymentApplicationInput, strawberry.argument(description="The plan.")],
    ) -> RepaymentApplicationPayload | None:
        context = info.context
        try:
            wanted = _read(input)
            async with context.acting():
                submitted = await applications.submit(context.gateway, context.caller, wanted)
        except Unacceptable as wrong:
            return RepaymentApplicationPayload(user_errors=user_errors(wrong.errors))
        shown = RepaymentApplication.of(submitted.application)
        return RepaymentApplicationPayload(application=shown, replayed=submitted.replayed)

    @strawberry.mutation(
        description="Agree to a plan or decline it, and say why. An approved plan's bills stand in the place of the "
        "bill, its first instalment is promised for its day, and the customer is told, by the rules."
    )
    async def decide_repayment_application(
        self,
        info: Info,
        input: Annotated[DecideRepaymentApplicationInput, strawberry.argument(description="The decision.")],
    ) -> RepaymentApplicationPayload | None:
        context = info.context
        try:
            read = Reader()
            application_id = read.id(input.application_id, Kind.APPLICATION, "applicationId")
            reason = read.text(input.reason, "reason", longest=LONGEST_TEXT)
            read.finish()
            async with context.acting():
                submitted = await applications.decide(
                    context.gateway, context.caller, application_id, input.approve, reason
                )
        except Unacceptable as wrong:
            return RepaymentApplicationPayload(user_errors=user_errors(wrong.errors))
        return RepaymentApplicationPayload(
            application=RepaymentApplication.of(submitted.application), replayed=submitted.replayed
        )

    @strawberry.mutation(description="Take an open application back. Twice is the same as once.")
    async def withdraw_repayment_application(
        self,
        info: Info,
        application_id: Annotated[strawberry.ID, strawberry.argument(description="The application.")],
    ) -> RepaymentApplicationPayload | None:
        context = info.context
        try:
            read = Reader()
            inner = read.id(application_id, Kind.APPLICATION, "applicationId")
            read.finish()
            async with context.acting():
                ended = await applications.withdraw(context.gateway, context.caller, inner)
        except Unacceptable as wrong:
            return RepaymentApplicationPayload(user_errors=user_errors(wrong.errors))
        return RepaymentApplicationPayload(application=RepaymentApplication.of(ended))


def _read(given: SubmitRepaymentApplicationInput) -> SubmitApplication:
    read = Reader()
    key = read.text(given.idempotency_key, "idempotencyKey", longest=LONGEST_KEY)
    bill_id = read.id(given.bill_id, Kind.BILL, "billId")
    if len(given.instalments) > MOST_INSTALMENTS:
        read.wrong(f"at most {MOST_INSTALMENTS}", "instalments")
        read.finish()
    parts, currencies = [], set()
    for index, one in enumerate(given.instalments):
        place = ("instalments", str(index))
        amount, currency = read.money(one.amount.amount, one.amount.currency, *place, "amount")
        parts.append(Instalment(read.date(one.due_on, *place, "dueOn"), amount))
        currencies.add(currency)
    if len(currencies) > 1:
        read.wrong("all must be in the currency of the bill", "instalments")
    reason = read.text(given.reason, "reason", longest=LONGEST_TEXT)
    documents = read.texts(given.documents, "documents") or ()
    if len(documents) > MOST_DOCUMENTS:
        read.wrong(f"at most {MOST_DOCUMENTS}", "documents")
    read.finish()
    body = [(part.due_on.isoformat(), str(part.amount.normalize())) for part in parts]
    return SubmitApplication(
        idempotency_key=key,
        fingerprint=fingerprint(bill_id, body, sorted(currencies), reason, documents),
        bill_id=bill_id,
        instalments=tuple(parts),
        reason=reason,
        documents=documents,
        currency=next(iter(currencies), None),
    )
