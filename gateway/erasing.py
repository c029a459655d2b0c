"""Who asks to be forgotten, and whose record need not be kept any longer.

    eraseCustomer
      the law still keeps the record    restricted: stored, and nothing else, until the period has passed
      it does not                       the customer's data key is destroyed: nothing that it sealed comes back
    the worker, once a day              destroys the keys of those whose period has passed, asked or not

The record itself stays: ids, times, outcomes and what is sealed for ever, so that its chain still verifies.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from gateway import ending
from gateway.core import Gateway
from gateway.model import CallbackStatus, Caller, ContactStatus, Role, UserErrorCode, problem
from gateway.store import customers, erasures, pages
from gateway.store.erasures import Erasure, Idle
from gateway.store.faults import repeated
from gateway.store.work import Work
from policies import retention
from policies.facts import HoldKind

log = structlog.get_logger(__name__)

RETENTION = Caller("retention", Role.ADMIN, "retention")
"""Who erases what nobody asked to erase."""

_OVER = "the time for which it is kept has passed"

BATCH = 200
STRANGERS_DAYS = 90
HEARD_DAYS = 400

_ALONE = 0x65726173
"""The key under which one process at a time looks what need not be kept."""


@repeated
async def erase(gateway: Gateway, caller: Caller, customer_id: str, reason: str) -> Erasure:
    """Restrict the record to storage, or destroy its key where no law keeps it. Asking twice is asking once."""
    async with gateway.database.write() as work:
        await work.lock([customer_id])
        customer = (await customers.by_id(work, [customer_id])).get(customer_id)
        if customer is None:
            raise problem(UserErrorCode.NOT_FOUND, "no such customer", "customerId")
        before = (await erasures.of_customers(work, [customer_id])).get(customer_id)
        if before is not None and before.erased_at is not None:
            return before
        if matters := await erasures.open_matters(work, customer_id):
            named = " and ".join(f"open {name}s" for name in sorted(matters))
            message = f"has {named}: until that is settled its record is needed (GDPR Art. 17(3), PIPL Art. 47)"
            raise problem(UserErrorCode.CONFLICT, message, "customerId")
        last = (await erasures.last_contacts(work, [customer_id]))[customer_id]
        if before is None:
            before = await _begin(work, caller, customer_id, customer.jurisdiction, last, reason)
        kept_until = max(before.kept_until, retention.period(customer.jurisdiction).ends(last))
        if kept_until > work.now:
            done = replace(before, kept_until=kept_until)
        else:
            await erasures.shred(work, [customer_id], caller)
            done = replace(before, erased_at=work.now)
    gateway.due.set()
    if done.erased_at is not None:
        await gateway.database.purge()
    return done


async def _begin(
    work: Work, caller: Caller, customer_id: str, jurisdiction: str, last: datetime, reason: str
) -> Erasure:
    """From now on nobody contacts them, and the next import does not bring them back."""
    period = retention.period(jurisdiction)
    new = Erasure(work.new_id(), customer_id, work.now, caller.id, caller.name, reason, period.id, period.ends(last))
    await erasures.add(work, new)
    await erasures.suppress(work, customer_id)
    hold = customers.hold_now(work, customer_id, HoldKind.ERASURE)
    await customers.add_hold(work, hold, note=None, caller_id=caller.id)
    await _withdraw(work, caller, customer_id)
    return new


async def _withdraw(work: Work, caller: Caller, customer_id: str) -> None:
    """What has not left does not leave."""
    while ids := await _waiting(work, customer_id):
        await ending.take_back(work, caller, customer_id, ids, "the customer was erased")


async def _waiting(work: Work, customer_id: str) -> list[str]:
    """Contacts that wait for their time, or for an agent to ring."""
    scheduled = pages.ContactFilter(customer_id=customer_id, status=ContactStatus.SCHEDULED)
    queued = pages.CallbackFilter(CallbackStatus.WAITING, customer_id)
    found = [one.id for one in (await pages.contacts(work, scheduled, pages.Window(BATCH))).items]
    return found + [one.contact_id for one in (await pages.callbacks(work, queued, pages.Window(BATCH))).items]


async def expired(gateway: Gateway, *, apply: bool = True) -> AsyncIterator[int]:
    """Erase whose record need not be kept any longer, batch by batch; how many each time. Without `apply`: count.

    Looked for without holding anybody up, and looked at again under the lock.
    """
    last = ""
    while True:
        async with gateway.database.read() as work:
            seen, over = await _over(work, last)
        if not seen:
            return
        if over and apply:
            async with gateway.database.write() as work:
                await work.alone(_ALONE)
                await work.lock(over)
                _, still = await _over(work, last)
                over = {one: still[one] for one in over if one in still}
                for one, (idle, at) in over.items():
                    if idle.kept_until is None:
                        await _begin(work, RETENTION, one, idle.jurisdiction, at, _OVER)
                await erasures.shred(work, over, RETENTION)
        last = seen
        yield len(over)


async def _over(work: Work, after: str) -> tuple[str, dict[str, tuple[Idle, datetime]]]:
    """Of the next customers who may be: how far was looked, and whose period has passed, with their last contact.

    "" where there is nobody more. What was heard since somebody was restricted is kept as long as all else.
    """
    before = work.now - timedelta(days=365 * retention.shortest())
    found = await erasures.idle(work, after, before, BATCH)
    at = await erasures.last_contacts(work, [one.id for one in found])
    over = {}
    for one in found:
        ends = retention.period(one.jurisdiction).ends(at[one.id])
        if max(ends, one.kept_until or ends) <= work.now:
            over[one.id] = (one, at[one.id])
    return (found[-1].id if found else ""), over


async def tidy(gateway: Gateway) -> None:
    """What the worker does once a day."""
    erased = sum([number async for number in expired(gateway)])
    async with gateway.database.write() as work:
        await work.alone(_ALONE)
        strangers = await erasures.forget_strangers(work, work.now - timedelta(days=STRANGERS_DAYS))
        await erasures.forget_heard(work, work.now - timedelta(days=HEARD_DAYS))
    if erased:
        await gateway.database.purge()
    if erased or strangers:
        log.info("what need not be kept is gone", customers=erased, strangers_replies=strangers)
