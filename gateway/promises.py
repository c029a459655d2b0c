"""Promises are watched: what was not paid by the day that was named is a broken promise, and a sign of hardship.

What comes in by then keeps the promise at once (`payments.py`). The next instalment of a plan is promised when the one
before it was kept, so that the customer is left in peace for as long as the plan is.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from gateway import relief
from gateway.calendars import day_over
from gateway.contact import announce
from gateway.core import Gateway
from gateway.model import GATEWAY, Contact
from gateway.store import customers, payments
from gateway.store.faults import repeated
from gateway.store.payments import OpenPromise
from gateway.store.work import Work, table
from policies.facts import PromiseStatus

_PROMISE = table("promise")

_WEST = timedelta(hours=12)
"""How far behind UTC a day can end."""


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
        for promise in await payments.open_promises(work, owners):
            over = day_over(gateway, found[promise.customer_id], promise.pay_by)
            if promise.id not in ids or work.now < over:
                continue
            paid = await paid_in_time(work, promise, over)
            status = PromiseStatus.KEPT if is_enough(promise, paid) else PromiseStatus.BROKEN
            await payments.settle(work, promise, status, GATEWAY)
            replaced += await relief.shown(gateway, work, promise.customer_id, promise.id)
            settled += 1
    announce(gateway, replaced, wake=bool(replaced))
    return settled


async def paid_in_time(work: Work, promise: OpenPromise, over: datetime) -> Decimal:
    """What has come in on the promised debts, in its currency, since it was promised and before its day was over."""
    came = [one for one in await payments.since(work, promise) if one.at < over]
    return sum((one.amount for one in came if promise.currency in (None, one.currency)), Decimal())


def is_enough(promise: OpenPromise, paid: Decimal) -> bool:
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
