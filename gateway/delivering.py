"""Deciding again on one due contact, and what becomes of it: it leaves, it waits, or it ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from channels.base import Message, Provider
from gateway.accepting import reserved
from gateway.core import Gateway
from gateway.known import Known, Subject
from gateway.model import Attempt, Contact, ContactStatus
from gateway.planning import Plan, plan
from gateway.store import attempts, decisions, slots
from gateway.store.contacts import Held
from gateway.store.work import Row, Work
from gateway.wording import compose
from gateway.words import WordsError
from policies.decision import Decision, Outcome
from policies.facts import Reach
from policies.holidays import UncoveredYear

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A message on its way. `attempt` is None where handing over is no attempt: a call put in the queue."""

    contact: Contact
    attempt: Attempt | None
    provider: Provider
    message: Message
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a due contact: `changed` columns, the decisions met, and a dispatch if it may leave now."""

    held: Held
    changed: Row
    decided: Sequence[Row] = ()
    dispatch: Dispatch | None = None
    slot: Row | None = None  #: where its slot goes; None: it is given back


def next_step(gateway: Gateway, work: Work, known: Known, held: Held) -> Step:
    contact = held.contact
    if contact.expires_at is not None and contact.expires_at <= work.now:
        known.release(contact.customer_id, contact.id)
        return Step(held, {"id": contact.id, "status": ContactStatus.EXPIRED})
    subject = subject_of(known, held)
    rulebook = gateway.rulebooks[known.customers[contact.customer_id].jurisdiction]
    try:
        planned = plan(known, rulebook, subject, held.open_channels, work.now)
    except UncoveredYear as uncovered:
        # Loud, and nobody else's contact waits for it: somebody has to bring the calendar up to date.
        log.error("a calendar has run out", calendar=uncovered.calendar, year=uncovered.year)
        return _later(held, work.now + timedelta(hours=1))
    decided = decision_rows(work, held, planned)
    match planned.chosen:
        case None:
            known.release(contact.customer_id, contact.id)
            return Step(held, {"id": contact.id, "status": _refused(held)}, decided)
        case Decision(outcome=Outcome.ALLOW) as chosen:
            return _go(gateway, work, known, held, decided, chosen)
        case chosen:
            return _wait(known, held, decided, chosen)


def _later(held: Held, instant: datetime) -> Step:
    assert held.channel is not None
    slot = slots.moved(held.contact.id, instant, held.channel, held.contact_point_id)
    return Step(held, {"id": held.contact.id, "due_at": instant}, slot=slot)


def subject_of(known: Known, held: Held) -> Subject:
    """What a contact that is on record is about."""
    contact = held.contact
    return Subject(
        customer_id=contact.customer_id,
        purpose=contact.purpose,
        bill=known.bills[contact.bill_id] if contact.bill_id else None,
        contact_id=contact.id,
        evidence=contact.evidence,
        in_reply_to=contact.in_reply_to,
        not_before=held.not_before,
        expires_at=contact.expires_at,
    )


def _refused(held: Held) -> ContactStatus:
    """REFUSED means that nothing was sent; after an attempt that failed, the contact failed."""
    return ContactStatus.FAILED if held.attempts else ContactStatus.REFUSED


def _wait(known: Known, held: Held, decided: Sequence[Row], chosen: Decision) -> Step:
    assert chosen.next_allowed_at is not None
    moved = replace(held, channel=chosen.channel, contact_point_id=chosen.point)
    known.reserve(reserved(moved, chosen.next_allowed_at))
    changed = {
        "id": held.contact.id,
        "channel": chosen.channel,
        "contact_point_id": chosen.point,
        "due_at": chosen.next_allowed_at,
    }
    slot = slots.moved(held.contact.id, chosen.next_allowed_at, chosen.channel, chosen.point)
    return Step(held, changed, decided, slot=slot)


def _go(gateway: Gateway, work: Work, known: Known, held: Held, decided: Sequence[Row], chosen: Decision) -> Step:
    contact, now = held.contact, work.now
    provider = gateway.providers[chosen.channel]
    point = next(point for point in known.points[contact.customer_id] if point.id == chosen.point)
    attempt_id = work.new_id()
    ends = min(filter(None, (chosen.closes_at, contact.expires_at)), default=None)
    left = None if ends is None else ends - now
    try:
        message, version = compose(
            gateway,
            known.customers[contact.customer_id],
            point,
            contact,
            known.bills[contact.bill_id] if contact.bill_id else None,
            channel=chosen.channel,
            reference=attempt_id if provider.is_attempt else contact.id,
            discreet=chosen.discreet,
            valid_for=left,
            now=now,
        )
    except WordsError as error:
        known.release(contact.customer_id, contact.id)
        reason = work.vault.seal(contact.customer_id, str(error))
        return Step(held, {"id": contact.id, "status": ContactStatus.FAILED, "cancel_reason": reason}, decided)
    lease_until = now + timedelta(seconds=gateway.settings.attempt_lease_seconds)
    attempt = None
    if provider.is_attempt:
        attempt = attempts.begun(
            attempt_id,
            contact.id,
            contact.customer_id,
            held.attempts + 1,
            chosen.channel,
            provider.name,
            point.id,
            now,
        )
    reach = Reach.PENDING if attempt else Reach.RESERVED
    moved = replace(held, channel=chosen.channel, contact_point_id=point.id)
    taken = reserved(moved, now)
    known.reserve(replace(taken, past=replace(taken.past, reach=reach)))
    changed = {
        "id": contact.id,
        "status": ContactStatus.SENDING,
        "channel": chosen.channel,
        "contact_point_id": point.id,
        "lease_until": lease_until,
        "attempts": held.attempts + (1 if attempt else 0),
        "channel_attempts": held.channel_attempts + 1,
        "message": work.vault.seal(contact.customer_id, message.text),
        "template_version": version,
    }
    patience = timedelta(seconds=gateway.settings.send_timeout_seconds)
    dispatch = Dispatch(contact, attempt, provider, message, min(patience, left) if left else patience)
    slot = slots.moved(contact.id, now, chosen.channel, chosen.point, reach, attempt.id if attempt else None)
    return Step(held, changed, decided, dispatch, slot)


def decision_rows(work: Work, held: Held, planned: Plan) -> list[Row]:
    """The decision in force comes last."""
    ordered = sorted(planned.decisions, key=lambda decision: decision is planned.chosen)
    return [decisions.row(work, held.contact.id, held.contact.customer_id, decision) for decision in ordered]
