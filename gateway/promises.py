"""Promises to pay. Each is watched: what was not paid by its day is a broken promise, and a sign of hardship.

What comes in by then keeps the promise at once (`payments.py`), and the same money keeps no second one. The next
instalment of a plan is promised when the one before it was kept, so that the customer is left in peace for as long as
the plan is.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from gateway import relief
from gateway.calendars import day_of, day_over
from gateway.callers import may_see
from gateway.contact import announce
from gateway.core import Gateway
from gateway.customers import account_id, locked_customer
from gateway.model import GATEWAY, Bill, Caller, Contact, Customer, Payment, PromiseEntry, UserErrorCode, problem
from gateway.once import Once
from gateway.requests import RecordPromise
from gateway.store import bills, contacts, customers, payments
from gateway.store.faults import repeated
from gateway.store.payments import Promised
from gateway.store.work import Work, table
from policies.facts import BillStatus, PromiseStatus

_PROMISE = table("promise")

LONGEST = timedelta(days=366)
"""How far ahead a promise may name its day. What takes longer is a plan."""

_OWED = (BillStatus.OPEN, BillStatus.DISPUTED)

_WEST = timedelta(hours=12)
"""How far behind UTC a day can end."""


@repeated
async def record(gateway: Gateway, caller: Caller, wanted: RecordPromise) -> tuple[Customer, PromiseEntry, bool]:
    """A date by which the customer says they will pay; whether it was on record already.

    The same promise said twice is one promise, with or without a key.
    """
    async with gateway.database.write() as work:
        customer = await locked_customer(work, caller, wanted.customer_id)
        once = Once(caller.id, wanted.idempotency_key, "recordPromise", wanted.fingerprint)
        before = {one.id: one for one in await customers.promises_of(work, [customer.id])}
        if (made := await once.before(work)) is not None:
            return customer, before[made], True
        new = await _read(gateway, work, customer, wanted)
        for one in before.values():
            if replace(one, id=new.id, made_at=new.made_at) == new:
                await once.keep(work, one.id)
                return customer, one, True
        await _check_sum(work, new)
        await customers.add_promise(work, new, caller_id=caller.id)
        await once.keep(work, new.id)
    return customer, new, False


async def _read(gateway: Gateway, work: Work, customer: Customer, wanted: RecordPromise) -> PromiseEntry:
    made_at = wanted.made_at or work.now
    if made_at > work.now:
        raise problem(UserErrorCode.INVALID, "lies in the future", "madeAt")
    if wanted.pay_by < day_of(gateway, customer, made_at):
        raise problem(UserErrorCode.INVALID, "lies before the promise was made", "payBy")
    if wanted.pay_by - made_at.date() > LONGEST:
        message = f"lies more than {LONGEST.days} days ahead: nothing would be asked for until then"
        raise problem(UserErrorCode.INVALID, message, "payBy")
    account = await account_id(work, customer, wanted.account, "account") if wanted.account else None
    if wanted.amount is not None and not wanted.amount:
        raise problem(UserErrorCode.INVALID, "must be more than nothing", "amount")
    return PromiseEntry(
        id=work.new_id(),
        customer_id=customer.id,
        account_id=account,
        account_reference=wanted.account,
        pay_by=wanted.pay_by,
        made_at=made_at,
        status=PromiseStatus.OPEN,
        amount=wanted.amount,
        currency=wanted.currency,
    )


async def _check_sum(work: Work, new: PromiseEntry) -> None:
    """What is more than is owed can never be kept, and would end as a broken promise: with what is promised already.

    On its account, and on all of them: a promise on no account is on all.
    """
    owed = await owed_by(work, new.customer_id)
    concerned = [one for one in owed if new.account_id in (None, one.account.id)]
    if not concerned and new.account_id is not None:
        raise problem(UserErrorCode.CONFLICT, "nothing is left to be paid", "account")
    if new.amount is None:
        return
    if all(one.currency != new.currency for one in concerned):
        raise problem(UserErrorCode.INVALID, "is not the currency of what is owed", "amount", "currency")
    promised = await payments.promises(work, [new.customer_id], PromiseStatus.OPEN)
    for account in {None, new.account_id}:
        before = (one.amount or Decimal() for one in promised if _within(account, one.account_id, one.currency, new))
        left = (one.amount_left for one in owed if _within(account, one.account.id, one.currency, new))
        if sum(before, new.amount) > sum(left):
            message = "is more than is left to be paid beside what is promised already; withdrawPromise takes one back"
            raise problem(UserErrorCode.INVALID, message, "amount")


async def owed_by(work: Work, customer_id: str) -> list[Bill]:
    """The bills on which something may be promised."""
    return [one for one in await bills.of_customer(work, customer_id) if one.status in _OWED and one.amount_left]


def _within(account: str | None, account_id: str | None, currency: str | None, new: PromiseEntry) -> bool:
    return account in (None, account_id) and currency == new.currency


@repeated
async def withdraw(gateway: Gateway, caller: Caller, promise_id: str, reason: str) -> PromiseEntry:
    """It was recorded in error, or the customer takes it back. Twice is the same as once; what is over stays."""
    async with gateway.database.write() as work:
        owner = await customers.of_promise(work, promise_id)
        if owner is None or not may_see(caller, owner):
            raise problem(UserErrorCode.NOT_FOUND, "no such promise", "promiseId")
        await work.lock([owner])
        [found] = [one for one in await customers.promises_of(work, [owner]) if one.id == promise_id]
        if found.status is PromiseStatus.WITHDRAWN:
            return found
        if found.status is not PromiseStatus.OPEN:
            raise problem(UserErrorCode.TOO_LATE, f"the promise is {found.status} already", "promiseId")
        await payments.settle(work, found, PromiseStatus.WITHDRAWN, caller, reason=reason)
        await contacts.reconsider(work, owner)
    gateway.due.set()
    return replace(found, status=PromiseStatus.WITHDRAWN)


@repeated
async def watch(gateway: Gateway, limit: int = 200) -> int:
    """Settle the promises whose day has passed on every clock of their customer. How many were."""
    async with gateway.database.read() as work:
        if not await _overdue(work, 1):
            return 0
    async with gateway.database.write() as work:
        due = await _overdue(work, limit)
        await work.lock_free({customer_id for _, customer_id in due})
        ids = {id_ for id_, customer_id in due if work.holds([customer_id])}
        owners = {customer_id for _, customer_id in due if work.holds([customer_id])}
        found = await customers.by_id(work, owners)
        settled, replaced = 0, list[Contact]()
        for customer in found.values():
            promised, came = await paid_for(gateway, work, customer)
            for one in promised:
                is_open = one.status is PromiseStatus.OPEN
                if not is_open or one.id not in ids or work.now < day_over(gateway, customer, one.pay_by):
                    continue
                # Where all is paid, whichever promise the money was for, nothing was broken.
                is_kept = is_enough(one, came[one.id]) or await payments.all_paid(work, one)
                status = PromiseStatus.KEPT if is_kept else PromiseStatus.BROKEN
                await payments.settle(work, one, status, GATEWAY)
                replaced += await relief.shown(gateway, work, customer.id, one.id)
                settled += 1
    announce(gateway, replaced, wake=bool(replaced))
    return settled


async def paid_for(gateway: Gateway, work: Work, customer: Customer) -> tuple[list[Promised], dict[str, Decimal]]:
    """The customer's promises that are open or broken, and what has come in for each: on the promised debts, in its
    currency, since it was promised and before its day was over.

    The same money keeps one promise with a sum: those that were kept have used theirs, then whose day is first comes
    first, and while that day is ahead what has come waits for the rest of its sum. A promise on all debts takes first
    what no promise on one of them can use.
    """
    pending = await payments.promises(work, [customer.id], PromiseStatus.OPEN, PromiseStatus.BROKEN)
    came: dict[str, Decimal] = {}
    if not pending:
        return pending, came
    kept = await payments.promises(work, [customer.id], PromiseStatus.KEPT)
    every = [*kept, *pending]
    paid = await payments.since(work, customer.id, min(one.made_at for one in every))
    left = {one.id: one.amount for one in paid}
    named = {one.account_id for one in pending}
    for one in sorted(every, key=lambda one: (one.status is not PromiseStatus.KEPT, one.pay_by, one.made_at, one.id)):
        over = day_over(gateway, customer, one.pay_by)
        parts = [part for part in paid if _is_for(one, part) and part.at < over]
        came[one.id] = sum((left[part.id] for part in parts), Decimal())
        is_awaited = one.status is PromiseStatus.OPEN and work.now < over
        if one.status is PromiseStatus.KEPT or is_awaited or is_enough(one, came[one.id]):
            _use(left, sorted(parts, key=lambda part: part.account_id in named), one.amount or Decimal())
    return pending, came


def _is_for(promise: Promised, payment: Payment) -> bool:
    return (
        promise.account_id in (None, payment.account_id)
        and promise.currency in (None, payment.currency)
        and promise.made_at <= payment.at
    )


def _use(left: dict[str, Decimal], parts: Iterable[Payment], amount: Decimal) -> None:
    for part in parts:
        used = min(amount, left[part.id])
        left[part.id] -= used
        amount -= used


def is_enough(promise: Promised, paid: Decimal) -> bool:
    """Whether what came in by its day has kept a promise, now that the day has passed: all of its sum, or anything."""
    return paid >= promise.amount if promise.amount is not None else paid > 0


async def _overdue(work: Work, limit: int) -> list[tuple[str, str]]:
    """Promises whose day may have passed: by UTC, so that their customers' clocks are looked at."""
    statement = (
        select(_PROMISE.c.id, _PROMISE.c.customer_id)
        .where(_PROMISE.c.status == PromiseStatus.OPEN, _PROMISE.c.pay_by < (work.now + _WEST).date())
        .order_by(_PROMISE.c.pay_by, _PROMISE.c.id)
        .limit(limit)
    )
    return [(row.id, row.customer_id) for row in await work.all(statement)]
