"""Contacts that end otherwise than by sending: cancelled, settled by a person, or lost with their worker."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from gateway.callers import visible
from gateway.core import Gateway
from gateway.model import (
    Application,
    ApplicationStatus,
    Attempt,
    AttemptOutcome,
    Bill,
    Caller,
    Contact,
    ContactStatus,
    UserErrorCode,
    problem,
)
from gateway.store import acts, applications, attempts, callbacks, contacts, customers, slots
from gateway.store.attempts import Event
from gateway.store.contacts import Held
from gateway.store.faults import repeated
from gateway.store.work import Work, seal
from policies.facts import BillStatus, Purpose, Reach

log = structlog.get_logger(__name__)

DEMANDS = frozenset(
    {
        Purpose.DUE_REMINDER,
        Purpose.OVERDUE_REMINDER,
        Purpose.OVERDUE_WARNING,
        Purpose.FINAL_NOTICE,
        Purpose.PLAN_OFFER,
    }
)
"""What speaks of a bill as one to be paid: the `demands` of policies/packs/house.toml."""


@repeated
async def cancel(gateway: Gateway, caller: Caller, contact_id: str, reason: str | None) -> Contact:
    """Take back a contact that has not left. Cancelling twice is the same as once."""
    async with gateway.database.write() as work:
        held = await locked(work, caller, contact_id)
        if held.contact.status is ContactStatus.CANCELLED:
            return held.contact
        waiting_call = await callbacks.of_contact(work, contact_id)
        is_queued = waiting_call is not None and waiting_call.is_waiting
        if held.contact.status is not ContactStatus.SCHEDULED and not is_queued:
            message = f"the contact is {held.contact.status} and can no longer be taken back"
            raise problem(UserErrorCode.TOO_LATE, message, "contactId")
        await take_back(work, caller, held.contact.customer_id, [contact_id], reason)
        changed = (await contacts.by_id(work, [contact_id]))[contact_id].contact
    gateway.changes.publish([(changed.id, changed.customer_id)])
    return changed


async def take_back(
    work: Work, caller: Caller, customer_id: str, contact_ids: Sequence[str], reason: str | None
) -> None:
    """Contacts of one customer, who is locked, that have not left: they do not leave."""
    row = {"status": ContactStatus.CANCELLED, "cancel_reason": seal(work, customer_id, reason)}
    await contacts.change(work, [{"id": one, **row} for one in contact_ids])
    for one in contact_ids:
        await acts.add(work, caller, "contact.cancelled", one, row, customer_id=customer_id)
    await slots.free(work, contact_ids)
    await callbacks.cancel_of(work, contact_ids)


_CLOSED = {
    BillStatus.PAID: "the bill was paid",
    BillStatus.DISPUTED: "the bill is disputed",
    BillStatus.WRITTEN_OFF: "the bill was written off",
}
"""Why a bill in this state is not asked for."""


_OVER = {BillStatus.PAID, BillStatus.WRITTEN_OFF}
"""Of a bill in this state nothing is left to plan."""


async def closed(work: Work, caller: Caller, bills: Sequence[Bill]) -> list[Contact]:
    """Take back what demands bills that are not to be asked for any more. Their customers are locked.

    An application for a plan ends with its bill, and its hold with it; nobody is told of a plan for nothing.
    """
    for one in await applications.open_of_bills(work, [bill.id for bill in bills if bill.status in _OVER]):
        await end_application(work, caller, replace(one, status=ApplicationStatus.ENDED, decided_at=work.now))
    taken_back: list[Contact] = []
    for bill in bills:
        reason = _CLOSED.get(bill.status)
        found = await contacts.demanding(work, bill.id, DEMANDS) if reason else []
        if found:
            await take_back(work, caller, bill.customer_id, [one.id for one in found], reason)
        taken_back += found
    return taken_back


async def end_application(work: Work, caller: Caller, ended: Application) -> None:
    """It was decided, taken back, or has ended with its bill: what paused contact for it ends too."""
    assert ended.hold_id is not None
    await applications.end(work, ended, caller)
    hold = (await customers.holds(work, [ended.hold_id]))[ended.hold_id]
    await customers.lift_hold(work, hold, "the application has ended", caller)


@repeated
async def settle(gateway: Gateway, caller: Caller, contact_id: str, delivered: bool, reason: str) -> Contact:
    """A person says what became of an UNCLEAR contact. What they say is an event of its attempt, like a receipt."""
    async with gateway.database.write() as work:
        held = await locked(work, caller, contact_id)
        status = ContactStatus.DELIVERED if delivered else ContactStatus.FAILED
        if held.contact.status is status:
            return held.contact
        if held.contact.status is not ContactStatus.UNCLEAR:
            message = f"the contact is {held.contact.status}; only an UNCLEAR one is settled by a person"
            raise problem(UserErrorCode.CONFLICT, message, "contactId")
        unknown = [one for one in await attempts.of_contact(work, contact_id) if one.outcome is AttemptOutcome.UNKNOWN]
        outcome = AttemptOutcome.DELIVERED if delivered else AttemptOutcome.PERMANENT_FAILURE
        detail = "settled by a person"
        await attempts.append(
            work, [(one, Event(one.id, outcome, work.now, detail=detail, note=reason)) for one in unknown]
        )
        reach = Reach.DELIVERED if delivered else Reach.ATTEMPTED
        await slots.reached(work, [(one.id, reach) for one in unknown])
        await contacts.change(work, [{"id": contact_id, "status": status}])
        said = {"status": status}
        await acts.add(work, caller, "contact.settled", contact_id, said, customer_id=held.contact.customer_id)
        changed = (await contacts.by_id(work, [contact_id]))[contact_id].contact
    gateway.changes.publish([(changed.id, changed.customer_id)])
    return changed


@repeated
async def reclaim(gateway: Gateway, limit: int = 500) -> int:
    """Find what a dead worker left. Its open attempts become UNKNOWN: they may have left, and are never sent again."""
    async with gateway.database.read() as work:
        if not await attempts.lost(work, 1, gateway.in_flight) and not await contacts.is_any_abandoned(work):
            return 0
    async with gateway.database.write() as work:
        found = await attempts.lost(work, limit, gateway.in_flight)
        abandoned = await contacts.abandoned(work, limit)
        # Nobody is waited for: who holds a customer now may be about to say what became of the attempt.
        await work.lock_free({one.customer_id for one in found} | {customer for _, customer in abandoned})
        ours = {one.id for one in found if work.holds([one.customer_id])}
        lost = [one for one in await attempts.lost(work, limit, gateway.in_flight) if one.id in ours]
        await attempts.append(work, [(one, _lost(work, one)) for one in lost])
        held = await contacts.by_id(work, {one.contact_id for one in lost})
        unclear = [one.contact for one in held.values() if one.contact.status is ContactStatus.SENDING]
        await contacts.change(
            work, [{"id": one.id, "status": ContactStatus.UNCLEAR, "lease_until": None} for one in unclear]
        )
        await contacts.give_back(work, [id_ for id_, customer in abandoned if work.holds([customer])])
    if lost:
        log.warning("attempts without an outcome", unknown=len(lost), unclear=len(unclear))
    gateway.changes.publish((one.id, one.customer_id) for one in unclear)
    return len(lost)


def _lost(work: Work, attempt: Attempt) -> Event:
    return Event(attempt.id, AttemptOutcome.UNKNOWN, work.now, detail="nothing was heard within the time limit")


async def locked(work: Work, caller: Caller, contact_id: str) -> Held:
    """The contact, read after its customer's row was locked."""
    found = (await contacts.by_id(work, [contact_id])).get(contact_id)
    await work.lock([visible(caller, found.contact if found else None, "contactId").customer_id])
    return (await contacts.by_id(work, [contact_id]))[contact_id]
