"""The path's third part: what a provider says later.

    provider speaks
      -> receive        receipt, complaint or reply -> move attempt and contact forward      one transaction

What comes twice is heard once, and what comes late or out of order harms nothing: an attempt's outcome only moves
forward, and a contact follows only what is said of its latest attempt. That something arrived is believed of any.
"""

from collections.abc import Collection, Mapping, Sequence

import structlog

from channels import base
from channels.base import Arrival, Complaint, Heard, Receipt
from gateway import replying
from gateway.contact import announce
from gateway.core import Ear, Gateway
from gateway.delivering import next_channel
from gateway.model import Attempt, AttemptOutcome, ConsentEntry, Contact, ContactStatus
from gateway.settling import again, other_point, reach
from gateway.store import attempts, callbacks, contacts, customers, replies, slots
from gateway.store.attempts import Event
from gateway.store.contacts import Held
from gateway.store.faults import repeated
from gateway.store.slots import Slot
from gateway.store.work import Row, Work
from policies.facts import ConsentStatus

log = structlog.get_logger(__name__)


_OUTCOMES = {
    Arrival.ACCEPTED: AttemptOutcome.ACCEPTED,
    Arrival.DELIVERED: AttemptOutcome.DELIVERED,
    Arrival.FAILED: AttemptOutcome.PERMANENT_FAILURE,
}

_MAY_YET_ARRIVE = (
    ContactStatus.SENDING,
    ContactStatus.SENT,
    ContactStatus.UNCLEAR,
    ContactStatus.SCHEDULED,
    ContactStatus.FAILED,
    ContactStatus.EXPIRED,
)
_UNHEARD = (ContactStatus.SENDING, ContactStatus.UNCLEAR)
_UNDER_WAY = (ContactStatus.SENDING, ContactStatus.SENT, ContactStatus.UNCLEAR)


@repeated
async def receive(gateway: Gateway, ear: Ear, heard: Sequence[Heard]) -> int:
    """Record what was said and act on it. How much of it was new. When this returns, it is on disk."""
    async with gateway.database.write() as work:
        new = await replies.not_heard_before(work, ear.name, {_identity(one) for one in heard})
        fresh = {_identity(one): one for one in heard if _identity(one) in new}.values()
        receipts = [one for one in fresh if isinstance(one, Receipt)]
        complaints = [one for one in fresh if isinstance(one, Complaint)]
        written = [one for one in fresh if isinstance(one, base.Reply)]
        about = await _attempts(work, ear, {one.reference for one in receipts} | {one.reference for one in complaints})
        senders = [await replying.sender(work, ear.channel, one) for one in written]
        concerned = {one.customer_id for one in about.values()} | {
            point.customer_id for one in senders for point in one.points
        }
        others = await customers.same_person(work, concerned)
        await work.lock(concerned.union(*others.values()))
        # Read after the lock: another process may have been waited for.
        about = await _attempts(work, ear, about)
        changed = await _hear(work, receipts, about)
        await _complained(work, complaints, about)
        changed += [contact for one in senders for contact in await replying.answer(gateway, work, ear.name, one)]
    announce(gateway, changed, wake=bool(changed or senders or complaints))
    return len(new)


def _identity(one: Heard) -> str:
    """What makes it the same thing said again. A provider that counts its replies anew must not lose us a STOP."""
    return "\n".join((one.id, one.sender, one.text)) if isinstance(one, base.Reply) else one.id


async def _attempts(work: Work, ear: Ear, references: Collection[str]) -> dict[str, Attempt]:
    """The attempts that are spoken of. Of those of other providers this one knows nothing."""
    found = await attempts.by_id(work, references)
    known = {id_: attempt for id_, attempt in found.items() if attempt.provider in ear.providers}
    if len(known) < len(set(references)):
        log.warning("a receipt for no attempt of ours", provider=ear.name, receipts=len(set(references)) - len(known))
    return known


async def _hear(work: Work, receipts: Sequence[Receipt], about: Mapping[str, Attempt]) -> list[Contact]:
    """Append to the record of each attempt, and move its contact."""
    told = [(about[one.reference], _event(work, one)) for one in receipts if one.reference in about]
    moved = await attempts.append(work, told)
    await slots.reached(work, [(one.id, reach(one.outcome)) for one in moved])
    wrong = {
        about[one.reference].contact_point_id
        for one in receipts
        if one.bad_address and one.arrival is Arrival.FAILED and one.reference in about
    }
    await customers.mark_unusable(work, {point for point in wrong if point})
    held = await contacts.by_id(work, {one.contact_id for one in moved})
    points = await customers.points_of(work, {one.customer_id for one in moved})
    spoiled = {attempt.id for attempt in moved if attempt.contact_point_id in wrong}
    delivered = {one.contact_id for one in moved if one.outcome is AttemptOutcome.DELIVERED}
    endings = [
        ending
        for one in moved
        if (one.outcome is AttemptOutcome.DELIVERED or one.contact_id not in delivered)
        and (
            ending := _ending(
                work,
                held[one.contact_id],
                one,
                can_retry=one.id in spoiled and other_point(points, held[one.contact_id]),
            )
        )
    ]
    await contacts.change(work, [row for row, _ in endings])
    arrived = [str(row["id"]) for row, _ in endings if row.get("status") is ContactStatus.DELIVERED]
    await slots.free(work, arrived)
    await callbacks.cancel_of(work, arrived)
    await work.insert("slot", [slots.row(work, one.customer_id, one.past, one.account_id) for _, one in endings if one])
    return [held[one.contact_id].contact for one in moved]


def _ending(work: Work, held: Held, attempt: Attempt, *, can_retry: bool) -> tuple[Row, Slot | None] | None:
    """What becomes of the contact, and the slot of its next attempt where there will be one. None: nothing new."""
    contact = held.contact
    # A call in the queue is no attempt yet, but what was tried before it has been given up.
    is_latest = attempt.number == held.attempts and attempt.channel is held.channel
    match attempt.outcome:
        case AttemptOutcome.DELIVERED if contact.status in _MAY_YET_ARRIVE:
            return {"id": contact.id, "status": ContactStatus.DELIVERED, "lease_until": None}, None
        case AttemptOutcome.ACCEPTED if contact.status in _UNHEARD and is_latest:
            return {"id": contact.id, "status": ContactStatus.SENT, "lease_until": None}, None
        case AttemptOutcome.PERMANENT_FAILURE if contact.status in _UNDER_WAY and is_latest:
            return again(work, held) if can_retry else next_channel(work, held)
    return None


def _event(work: Work, receipt: Receipt) -> Event:
    # Clocks differ: what has been heard of has happened.
    at = min(receipt.at, work.now) if receipt.at else work.now
    return Event(
        receipt.reference,
        _OUTCOMES[receipt.arrival],
        at,
        provider_message_id=receipt.provider_message_id,
        provider_code=receipt.code,
        detail="said by receipt",
    )


async def _complained(work: Work, complaints: Sequence[Complaint], about: Mapping[str, Attempt]) -> None:
    """Who reports a message as unwanted has asked us to stop, by that channel and at that address."""
    for one in complaints:
        attempt = about.get(one.reference)
        if attempt is None:
            continue
        entry = ConsentEntry(
            id=work.new_id(),
            customer_id=attempt.customer_id,
            status=ConsentStatus.WITHDRAWN,
            channel=attempt.channel,
            contact_point_id=attempt.contact_point_id,
            purpose=None,
            source="complaint to the mail provider",
            at=work.now,
        )
        await customers.add_consent(work, entry, evidence=None, caller_id=replying.CUSTOMER)
        await contacts.reconsider(work, attempt.customer_id)
