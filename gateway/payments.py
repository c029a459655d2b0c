"""Money that came in: what it pays, what is not asked for any more, and which promise it keeps.

All in one transaction under the customer's lock, which who takes up a due contact holds as well: a reminder of a bill
has either left before its payment was recorded, or does not leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from gateway import contact, ending, instalments, promises, relief
from gateway.applications import promise
from gateway.calendars import day_of
from gateway.callers import may_see
from gateway.core import Gateway
from gateway.model import Bill, Caller, Contact, Payment, UserErrorCode, problem
from gateway.requests import RecordPayment, RequestContact
from gateway.store import bills, customers, payments
from gateway.store.faults import repeated
from gateway.store.payments import Promised
from gateway.store.work import Work
from policies.facts import BillStatus, PromiseStatus, Purpose

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of the money. `unallocated`: what was more than the bills asked for."""

    payments: tuple[Payment, ...]
    bills: tuple[Bill, ...]
    unallocated: Decimal
    receipt: Contact | None
    replayed: bool


@repeated
async def record(gateway: Gateway, caller: Caller, wanted: RecordPayment) -> Recorded:
    """Put a payment on record. The same reference again is the same payment; with another body it is a CONFLICT."""
    async with gateway.database.write() as work:
        await payments.claim(work, wanted.reference)
        before, fingerprint = await payments.of_reference(work, wanted.reference)
        if before:
            if fingerprint != work.index(wanted.fingerprint):
                raise problem(UserErrorCode.CONFLICT, "this reference was used for another payment", "reference")
            return await _replayed(work, wanted, before)
        if wanted.at is not None and wanted.at > work.now:
            raise problem(UserErrorCode.INVALID, "lies in the future", "at")
        asked = await _locked(work, caller, wanted)
        paid, credited = _spread(work, wanted, asked)
        await payments.add(work, paid, work.index(wanted.fingerprint), caller.id)
        await payments.credit(work, credited, caller)
        taken_back = await ending.closed(work, caller, credited)
        await instalments.close(work, caller, credited)
        await _keep_promises(gateway, work, caller, {one.customer_id for one in credited})
        replaced = [
            one
            for customer_id, cause_id in {first.customer_id: first.id for first in reversed(paid)}.items()
            for one in await relief.shown(gateway, work, customer_id, cause_id)
        ]
        receipt = await _receipt(gateway, work, caller, paid, wanted.at) if wanted.send_receipt else None
        is_due = receipt is not None and receipt.due_at is not None and receipt.due_at <= work.now
    changed = [*taken_back, *replaced, *([receipt] if receipt else [])]
    contact.announce(gateway, changed, wake=is_due or bool(replaced))
    return Recorded(paid, credited, wanted.amount - sum(one.amount for one in paid), receipt, replayed=False)


async def _replayed(work: Work, wanted: RecordPayment, before: Sequence[Payment]) -> Recorded:
    found = await bills.by_id(work, {one.bill_id for one in before})
    rest = wanted.amount - sum(one.amount for one in before)
    return Recorded(tuple(before), tuple(found[one.bill_id] for one in before), rest, None, replayed=True)


async def _locked(work: Work, caller: Caller, wanted: RecordPayment) -> list[Bill]:
    """The bills that the money is for, read after their customers' rows were locked."""
    await work.lock({bill.customer_id for bill in await _asked(work, wanted)})
    found = await _asked(work, wanted)
    field = "billId" if wanted.bill_id else "account"
    if not found or not all(may_see(caller, bill.customer_id) for bill in found):
        message = "no such bill" if wanted.bill_id else "there is no open bill on an account of this reference"
        raise problem(UserErrorCode.NOT_FOUND, message, field)
    if wanted.account is not None:
        # An account may owe in more than one currency: the money is for what is owed in its own.
        found = [bill for bill in found if bill.currency == wanted.currency] or found
    if any(bill.currency != wanted.currency for bill in found):
        raise problem(UserErrorCode.INVALID, "is not the currency of what is owed", "amount", "currency")
    if not any(bill.amount_left for bill in found):
        raise problem(UserErrorCode.CONFLICT, "nothing is left to be paid", field)
    return found


async def _asked(work: Work, wanted: RecordPayment) -> list[Bill]:
    if wanted.bill_id is not None:
        asked = list((await bills.by_id(work, [wanted.bill_id])).values())
        # Who pays the bill that a plan replaced pays the plan.
        plans = await instalments.of_plans(work, asked)
        return [one for bill in asked for one in instalments.to_be_paid(plans.get(bill.id, [bill]))]
    assert wanted.account is not None
    found = await payments.open_bills(work, wanted.account)
    # Who was not locked came between: theirs is for the next payment.
    return [one for one in found if not work.customers or one.customer_id in work.customers]


def _spread(work: Work, wanted: RecordPayment, asked: Sequence[Bill]) -> tuple[tuple[Payment, ...], tuple[Bill, ...]]:
    """What goes to which bill, in their order, and the bills as they are then."""
    rest = wanted.amount
    paid: list[Payment] = []
    credited: list[Bill] = []
    for bill in asked:
        part = min(rest, bill.amount_left)
        if not part:
            continue
        rest -= part
        status = BillStatus.PAID if part == bill.amount_left else bill.status
        credited.append(replace(bill, amount_paid=bill.amount_paid + part, status=status))
        paid.append(
            Payment(
                id=work.new_id(),
                customer_id=bill.customer_id,
                bill_id=bill.id,
                account_id=bill.account.id,
                reference=wanted.reference,
                amount=part,
                currency=wanted.currency,
                at=wanted.at or work.now,
            )
        )
    return tuple(paid), tuple(credited)


async def _keep_promises(gateway: Gateway, work: Work, caller: Caller, customer_ids: set[str]) -> None:
    """What was promised has come in. Whose day passes without it, the worker says; money that had come by then, and is
    recorded after it, puts that right.
    """
    for customer in (await customers.by_id(work, customer_ids)).values():
        promised, came = await promises.paid_for(gateway, work, customer)
        for one in promised:
            if await _is_kept(work, one, came[one.id]):
                await payments.settle(work, one, PromiseStatus.KEPT, caller)
                await _promise_next(work, one, caller, day_of(gateway, customer, work.now))


async def _promise_next(work: Work, kept: Promised, caller: Caller, today: date) -> None:
    """The instalment of the plan that comes after it, where its day has not passed."""
    following = await payments.next_instalment(work, kept)
    if following is not None and following.due_on >= today:
        await promise(work, following, caller.id)


async def _is_kept(work: Work, promise: Promised, came: Decimal) -> bool:
    """A promise without an amount is kept when nothing is left; when its day has passed, by any payment before."""
    if not promises.is_enough(promise, came):
        return False
    is_broken = promise.status is PromiseStatus.BROKEN
    return promise.amount is not None or is_broken or not await payments.owes(work, promise)


async def _receipt(
    gateway: Gateway, work: Work, caller: Caller, paid: Sequence[Payment], at: datetime | None
) -> Contact:
    """Thank the customer for all that they paid. The payment on record is the evidence that rules ask for.

    `at`: when the money came, where the lender said so. Recorded by a nightly batch without it, it wakes nobody.
    """
    payment = paid[-1]
    amount = sum((one.amount for one in paid if one.customer_id == payment.customer_id), Decimal(0))
    wanted = RequestContact(
        caller=replace(caller, purposes=caller.purposes | {Purpose.PAYMENT_RECEIPT}),
        idempotency_key=f"receipt of {payment.id}",
        fingerprint=payment.id,
        answers_what_was_at=at or _LONG_AGO,
        customer_id=payment.customer_id,
        purpose=Purpose.PAYMENT_RECEIPT,
        bill_id=payment.bill_id,
        variables={"paid_amount": str(amount)},
    )
    [answer] = await contact.accept_in(gateway, work, [wanted])
    if isinstance(answer, Exception):
        raise answer
    return answer.contact
