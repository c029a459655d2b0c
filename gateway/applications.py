"""An easier way to repay: what is proposed, what a customer applies for, and what becomes of it.

    submit    the plan is checked to the cent; nothing demands the bill while the application is open
    decide    approved: bills of the plan stand in the place of the bill, and its first instalment is a promise
              declined: the customer is told, and where help is
    withdraw  the customer takes it back

Whoever decides says why, and the customer can read it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from babel.numbers import get_currency_precision

from gateway import contact, despair, ending
from gateway.calendars import day_of
from gateway.callers import may_see
from gateway.core import Gateway
from gateway.model import (
    Application,
    ApplicationStatus,
    Bill,
    Caller,
    Contact,
    Customer,
    PromiseEntry,
    UserErrorCode,
    problem,
)
from gateway.once import Once
from gateway.promises import owed_by
from gateway.requests import RequestContact, SubmitApplication
from gateway.store import applications, bills, contacts, customers, payments
from gateway.store.faults import repeated
from gateway.store.work import Work
from policies import plans
from policies.facts import BillStatus, HoldKind, PromiseStatus, Purpose
from policies.plans import Instalment, NotThatPlan

_OPERATION = "submitRepaymentApplication"


@dataclass(frozen=True, slots=True)
class Submitted:
    """`replayed`: the key was seen before."""

    application: Application
    replayed: bool


def offer(gateway: Gateway, customer: Customer, bill: Bill) -> plans.Offer:
    return plans.offer(gateway.plans, customer.jurisdiction, bill.account.product)


async def options(
    gateway: Gateway, work: Work, caller: Caller, bill_id: str, a_month: Decimal | None
) -> tuple[Bill, tuple[tuple[Instalment, ...], ...]]:
    """The plans that are proposed for what is left of a bill, the shortest first."""
    bill, customer = await _visible(work, caller, bill_id)
    if bill.status is not BillStatus.OPEN:
        return bill, ()
    digits = get_currency_precision(bill.currency)
    today, terms = day_of(gateway, customer, work.now), offer(gateway, customer, bill)
    proposed = plans.options(bill.amount_left, digits, today, terms, a_month)
    return bill, proposed


@repeated
async def submit(gateway: Gateway, caller: Caller, wanted: SubmitApplication) -> Submitted:
    """Apply for another plan. While it is open, nothing demands the bill: what waits to leave is taken back."""
    async with gateway.database.write() as work:
        await work.lock([(await _visible(work, caller, wanted.bill_id))[0].customer_id])
        bill, customer = await _visible(work, caller, wanted.bill_id)
        once = Once(caller.id, wanted.idempotency_key, "submitRepaymentApplication", wanted.fingerprint)
        if (before := await once.before(work)) is not None:
            return Submitted((await applications.by_id(work, [before]))[before], replayed=True)
        await _check(gateway, work, customer, bill, wanted)
        hold = replace(customers.hold_now(work, customer.id, HoldKind.APPLICATION), account_id=bill.account.id)
        new = Application(
            id=work.new_id(),
            customer_id=customer.id,
            bill_id=bill.id,
            account_id=bill.account.id,
            currency=bill.currency,
            instalments=wanted.instalments,
            reason=wanted.reason,
            documents=wanted.documents,
            submitted_at=work.now,
            hold_id=hold.id,
        )
        await customers.add_hold(work, hold, note=None, caller_id=caller.id)
        await applications.add(work, new, caller)
        await once.keep(work, new.id)
        taken_back = [
            *await _quieten(work, caller, bill),
            *await despair.heard(work, caller, customer.id, wanted.reason),
        ]
    contact.announce(gateway, taken_back, wake=False)
    return Submitted(new, replayed=False)


async def _check(gateway: Gateway, work: Work, customer: Customer, bill: Bill, wanted: SubmitApplication) -> None:
    if bill.status is not BillStatus.OPEN or not bill.amount_left:
        raise problem(UserErrorCode.CONFLICT, f"the bill is {bill.status}: there is nothing to plan", "billId")
    if await applications.open_of_bill(work, bill.id) is not None:
        raise problem(UserErrorCode.CONFLICT, "an application for this bill is open already", "billId")
    if wanted.currency not in (None, bill.currency):
        raise problem(UserErrorCode.INVALID, "must be in the currency of the bill", "instalments")
    digits = get_currency_precision(bill.currency)
    today, terms = day_of(gateway, customer, work.now), offer(gateway, customer, bill)
    try:
        plans.check(wanted.instalments, bill.amount_left, digits, today, terms)
    except NotThatPlan as wrong:
        place = ("instalments",) if wrong.index is None else ("instalments", str(wrong.index))
        raise problem(UserErrorCode.INVALID, str(wrong), *place) from None


async def _quieten(work: Work, caller: Caller, bill: Bill) -> list[Contact]:
    """What demands the bill and has not left does not leave."""
    found = await contacts.demanding(work, bill.id, ending.DEMANDS)
    if found:
        reason = "the customer applied for another plan"
        await ending.take_back(work, caller, bill.customer_id, [one.id for one in found], reason)
    return found


@repeated
async def decide(gateway: Gateway, caller: Caller, application_id: str, approve: bool, reason: str) -> Submitted:
    """Approve or decline. Said twice it is the same; the other way round it is too late."""
    wanted = ApplicationStatus.APPROVED if approve else ApplicationStatus.DECLINED
    async with gateway.database.write() as work:
        before = await _locked(work, caller, application_id)
        if before.status is wanted:
            return Submitted(before, replayed=True)
        if before.status is not ApplicationStatus.OPEN:
            message = f"the application is {before.status} and is not decided again"
            raise problem(UserErrorCode.CONFLICT, message, "applicationId")
        bill = (await bills.by_id(work, [before.bill_id]))[before.bill_id]
        planned = sum((one.amount for one in before.instalments), Decimal(0))
        is_as_it_was = bill.status is BillStatus.OPEN and (bill.amount_left, bill.currency) == (
            planned,
            before.currency,
        )
        if approve and not is_as_it_was:
            message = "the bill has changed since: the plan no longer adds up to what is left of it"
            raise problem(UserErrorCode.CONFLICT, message, "applicationId")
        customer = (await customers.by_id(work, [before.customer_id]))[before.customer_id]
        if approve and before.instalments[0].due_on < day_of(gateway, customer, work.now):
            message = "the day of its first instalment has passed: who agreed to it would owe it late at once"
            raise problem(UserErrorCode.CONFLICT, message, "applicationId")
        decided = replace(before, status=wanted, decided_at=work.now, decided_by=caller.name, decision_reason=reason)
        await ending.end_application(work, caller, decided)
        about = await _put_in_place(work, caller, decided, bill) if approve else bill
        told = await _tell(gateway, work, caller, decided, about)
    contact.announce(gateway, [told], wake=told.due_at is not None and told.due_at <= work.now)
    return Submitted(decided, replayed=False)


@repeated
async def withdraw(gateway: Gateway, caller: Caller, application_id: str) -> Application:
    """The customer takes it back. Said twice it is the same; what was decided stays."""
    async with gateway.database.write() as work:
        before = await _locked(work, caller, application_id)
        if before.status is ApplicationStatus.WITHDRAWN:
            return before
        if before.status is not ApplicationStatus.OPEN:
            message = f"the application is {before.status} and can no longer be taken back"
            raise problem(UserErrorCode.TOO_LATE, message, "applicationId")
        ended = replace(before, status=ApplicationStatus.WITHDRAWN, decided_at=work.now)
        await ending.end_application(work, caller, ended)
    return ended


async def _put_in_place(work: Work, caller: Caller, application: Application, bill: Bill) -> Bill:
    """The plan's bills, in the place of the one that they repay; the first instalment is promised. The first bill."""
    await _end_promises(work, caller, bill)
    await bills.change(work, [replace(bill, status=BillStatus.IN_PLAN)], caller)
    made = [
        Bill(
            id=work.new_id(),
            customer_id=bill.customer_id,
            reference=f"{bill.reference}/{application.id[-6:]}/{number}",
            account=bill.account,
            amount_due=one.amount,
            currency=bill.currency,
            due_on=one.due_on,
            status=BillStatus.OPEN,
            instalment=number,
            in_place_of=bill.id,
        )
        for number, one in enumerate(application.instalments, 1)
    ]
    await bills.add(work, made, caller)
    await promise(work, made[0], caller.id)
    return made[0]


async def _end_promises(work: Work, caller: Caller, bill: Bill) -> None:
    """What was promised on the debt before, where nothing else is owed on it: the plan is in its place."""
    owed = await owed_by(work, bill.customer_id)
    is_more_owed = any(one.id != bill.id and one.account.id == bill.account.id for one in owed)
    for one in await customers.promises_of(work, [bill.customer_id]):
        is_its_own = bill.instalment is not None and one.pay_by == bill.due_on
        is_on_it = one.account_id == bill.account.id and one.status is PromiseStatus.OPEN
        if is_on_it and (is_its_own or not is_more_owed):
            await payments.settle(work, one, PromiseStatus.WITHDRAWN, caller, reason="a plan was agreed in its place")


async def promise(work: Work, instalment: Bill, caller_id: str) -> None:
    """The next instalment of a plan is promised for its day: until then nothing demands it."""
    entry = PromiseEntry(
        id=work.new_id(),
        customer_id=instalment.customer_id,
        account_id=instalment.account.id,
        account_reference=instalment.account.reference,
        pay_by=instalment.due_on,
        # After this instant: the payment that keeps a promise leads to the next, and does not keep that one too.
        made_at=work.now + timedelta(microseconds=1),
        status=PromiseStatus.OPEN,
        amount=instalment.amount_left,
        currency=instalment.currency,
    )
    await customers.add_promise(work, entry, caller_id=caller_id)


async def _tell(gateway: Gateway, work: Work, caller: Caller, decided: Application, about: Bill) -> Contact:
    """Tell the customer what came of it, by the rules."""
    is_approved = decided.status is ApplicationStatus.APPROVED
    wanted = RequestContact(
        # The application on record is the evidence: this answers it.
        caller=replace(caller, purposes=caller.purposes | {Purpose.CUSTOMER_REPLY}),
        idempotency_key=f"answer to application {decided.id}",
        fingerprint=decided.id,
        answers_what_was_at=decided.submitted_at,
        customer_id=decided.customer_id,
        purpose=Purpose.CUSTOMER_REPLY,
        bill_id=about.id,
        template="application_approved" if is_approved else "application_declined",
        variables=_agreed(decided.instalments) if is_approved else {},
    )
    [answer] = await contact.accept_in(gateway, work, [wanted])
    if isinstance(answer, Exception):
        raise answer
    return answer.contact


def _agreed(instalments: Sequence[Instalment]) -> dict[str, object]:
    """What was agreed, not what is left of it when the message leaves."""
    first = instalments[0]
    return {
        "instalments": len(instalments),
        "first_amount": str(first.amount),
        "first_on": first.due_on.isoformat(),
    }


async def _visible(work: Work, caller: Caller, bill_id: str) -> tuple[Bill, Customer]:
    bill = (await bills.by_id(work, [bill_id])).get(bill_id)
    if bill is None or not may_see(caller, bill.customer_id):
        raise problem(UserErrorCode.NOT_FOUND, "no such bill", "billId")
    return bill, (await customers.by_id(work, [bill.customer_id]))[bill.customer_id]


async def _locked(work: Work, caller: Caller, application_id: str) -> Application:
    """The application, read after its customer's row was locked."""
    found = (await applications.by_id(work, [application_id])).get(application_id)
    if found is None or not may_see(caller, found.customer_id):
        raise problem(UserErrorCode.NOT_FOUND, "no such application", "applicationId")
    await work.lock([found.customer_id])
    return (await applications.by_id(work, [application_id]))[application_id]
