"""Contacts that end otherwise than by sending: cancelled, settled by a person, or lost with their worker."""

import structlog

from gateway.callers import visible
from gateway.core import Gateway
from gateway.model import (
    Attempt,
    AttemptOutcome,
    Caller,
    Contact,
    ContactStatus,
    UserErrorCode,
    problem,
)
from gateway.store import attempts, callbacks, contacts, slots
from gateway.store.attempts import Event
from gateway.store.contacts import Held
from gateway.store.work import Work
from policies.facts import Reach

log = structlog.get_logger(__name__)


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
        sealed = None if reason is None else work.vault.seal(held.contact.customer_id, reason)
        row = {"id": contact_id, "status": ContactStatus.CANCELLED, "cancel_reason": sealed}
        await contacts.change(work, [row])
        await slots.free(work, [contact_id])
        await callbacks.cancel_of(work, [contact_id])
        changed = (await contacts.by_id(work, [contact_id]))[contact_id].contact
    gateway.changes.publish([(changed.id, changed.customer_id)])
    return changed


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
        detail = f"settled by {caller.name}"
        await attempts.append(
            work, [(one, Event(one.id, outcome, work.now, detail=detail, note=reason)) for one in unknown]
        )
        reach = Reach.DELIVERED if delivered else Reach.ATTEMPTED
        await slots.reached(work, [(one.id, reach) for one in unknown])
        await contacts.change(work, [{"id": contact_id, "status": status}])
        changed = (await contacts.by_id(work, [contact_id]))[contact_id].contact
    gateway.changes.publish([(changed.id, changed.customer_id)])
    return changed


async def reclaim(gateway: Gateway, limit: int = 500) -> int:
    """Find what a dead worker left. Its open attempts become UNKNOWN: they may have left, and are never sent again."""
    async with gateway.database.read() as work:
        if not await attempts.lost(work, 1, gateway.in_flight) and not await contacts.is_any_abandoned(work):
            return 0
    async with gateway.database.write() as work:
        lost = await attempts.lost(work, limit, gateway.in_flight)
        await work.lock({one.customer_id for one in lost})
        await attempts.append(work, [(one, _lost(work, one)) for one in lost])
        held = await contacts.by_id(work, {one.contact_id for one in lost})
        unclear = [one.contact for one in held.values() if one.contact.status is ContactStatus.SENDING]
        await contacts.change(
            work, [{"id": one.id, "status": ContactStatus.UNCLEAR, "lease_until": None} for one in unclear]
        )
        await contacts.reclaim(work)
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
