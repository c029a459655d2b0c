"""Deciding again on one due contact, and what becomes of it: it leaves, it waits, or it ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from channels.base import Message, Provider
from gateway.accepting import reserved
from gateway.core import Gateway
from gateway.known import Known, Subject, is_awaited
from gateway.model import Attempt, Contact, ContactStatus
from gateway.planning import Plan, plan
from gateway.store import attempts, decisions, slots
from gateway.store.contacts import Closed, Held
from gateway.store.paces import Line
from gateway.store.slots import Slot
from gateway.store.work import Row, Work
from gateway.wording import compose
from gateway.words import WordsError
from policies.decision import Decision, Outcome
from policies.facts import Channel, Reach
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
    channel: Channel
    until: datetime  #: after this it is not handed over: its window has closed, or others take it for lost
    delay: timedelta = timedelta(0)  #: its place in the provider's line


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a due contact: `changed` columns, the decisions met, and a dispatch if it may leave now."""

    held: Held
    changed: Row
    decided: Sequence[Row] = ()
    dispatch: Dispatch | None = None
    slot: Row | None = None  #: where its slot goes; None: it is given back


@dataclass(slots=True)
class Doors:
    """What may leave at all just now, whatever the rules say: nobody stopped it, and somebody takes it."""

    closed: Closed
    providers: frozenset[str]  #: those that are not asked at present
    lines: dict[str, Line]  #: of the providers that have a pace

    def provider(self, gateway: Gateway, held: Held, channel: Channel, to: str) -> tuple[Provider, timedelta] | None:
        """Who takes this message, and how long it waits in their line."""
        shut = self.providers
        carriers = gateway.carriers[channel]
        while (provider := carriers.choose(to, closed=shut, avoid=held.failed_provider)) is not None:
            line = self.lines.get(provider.name)
            delay = timedelta(0) if line is None else line.take()
            if delay is not None:
                return provider, delay
            carriers.not_tried(provider.name)
            shut |= {provider.name}
        return None


OUTAGE = timedelta(minutes=15)
"""So long a message waits for a channel of which every provider is down; then it goes another way, if it has one."""


NOBODY_TAKES_IT = timedelta(seconds=5)
"""So much later a contact is looked at again whose providers are all down, or stopped."""


def next_step(gateway: Gateway, work: Work, known: Known, held: Held, doors: Doors) -> Step | None:
    """None: it stays as it is, because nobody takes it at present."""
    contact = held.contact
    if contact.expires_at is not None and contact.expires_at <= work.now:
        known.release(contact.customer_id, contact.id)
        return Step(held, {"id": contact.id, "status": ContactStatus.EXPIRED})
    subject = subject_of(known, held, work.now)
    rulebook = gateway.rulebooks[known.customers[contact.customer_id].jurisdiction]
    try:
        # What stands in line behind it must not push it back: it is a moment later than promised, as always.
        first = replace(subject, promised_for=known.promised_for(contact.customer_id, contact.id) or contact.due_at)
        planned = plan(known, rulebook, first, held.open_channels, work.now)
        if planned.chosen is not None and planned.chosen.outcome is not Outcome.ALLOW:
            # It has to wait, and finds its place among all that is reserved.
            planned = plan(known, rulebook, subject, held.open_channels, work.now)
    except UncoveredYear as uncovered:
        # Loud, and nobody else's contact waits for it: somebody has to bring the calendar up to date.
        log.error("a calendar has run out", calendar=uncovered.calendar, year=uncovered.year)
        return _later(held, work.now + timedelta(hours=1))
    match planned.chosen:
        case None:
            known.release(contact.customer_id, contact.id)
            return Step(held, {"id": contact.id, "status": _refused(held)}, decision_rows(work, held, planned))
        case Decision(outcome=Outcome.ALLOW) as chosen:
            return _go(gateway, work, known, held, planned, chosen, doors)
        case chosen:
            return _wait(known, held, decision_rows(work, held, planned), chosen)


def _later(held: Held, instant: datetime) -> Step:
    assert held.channel is not None
    slot = slots.moved(held.contact.id, instant, held.channel, held.contact_point_id)
    return Step(held, {"id": held.contact.id, "due_at": instant}, slot=slot)


def subject_of(known: Known, held: Held, now: datetime) -> Subject:
    """What a contact that is on record is about, now."""
    contact = held.contact
    happened = known.outside[contact.in_reply_to].at if contact.in_reply_to else contact.created_at
    return Subject(
        customer_id=contact.customer_id,
        purpose=contact.purpose,
        bill=known.bills[contact.bill_id] if contact.bill_id else None,
        contact_id=contact.id,
        evidence=contact.evidence,
        in_reply_to=contact.in_reply_to,
        awaited=is_awaited(happened, now, contact.channels, held.not_before),
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


def _go(
    gateway: Gateway, work: Work, known: Known, held: Held, planned: Plan, chosen: Decision, doors: Doors
) -> Step | None:
    contact, now = held.contact, work.now
    point = next(point for point in known.points[contact.customer_id] if point.id == chosen.point)
    if doors.closed.concerns(contact.purpose, chosen.channel):
        return _shut_out(work, held, planned, chosen)
    carried = doors.provider(gateway, held, chosen.channel, point.address)
    if carried is None:
        return _around(gateway, work, known, held, planned, chosen, doors)
    provider, delay = carried
    attempt_id = work.new_id()
    ends = min(filter(None, (chosen.closes_at, contact.expires_at)), default=None)
    left = None if ends is None else ends - now - delay
    if left is not None and left <= timedelta(0):
        # Its turn would come after the window has closed. It stays, and is decided anew when that is so.
        gateway.carriers[chosen.channel].not_tried(provider.name)
        return None
    decided = decision_rows(work, held, planned)
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
        reason = work.seal(contact.customer_id, str(error))
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
        "message": work.seal(contact.customer_id, message.text),
        "template_version": version,
    }
    patience = timedelta(seconds=gateway.settings.send_timeout_seconds)
    until = min(filter(None, (ends, lease_until)))
    timeout = min(patience, left) if left else patience
    dispatch = Dispatch(contact, attempt, provider, message, timeout, chosen.channel, until, delay)
    slot = slots.moved(contact.id, now, chosen.channel, chosen.point, reach, attempt.id if attempt else None)
    return Step(held, changed, decided, dispatch, slot)


def _shut_out(work: Work, held: Held, planned: Plan, chosen: Decision) -> Step | None:
    """Somebody stopped this channel. It waits for it, and is not taken up again before that."""
    if held.channel is chosen.channel:
        return None
    changed = {"id": held.contact.id, "channel": chosen.channel, "contact_point_id": chosen.point}
    assert held.contact.due_at is not None
    slot = slots.moved(held.contact.id, held.contact.due_at, chosen.channel, chosen.point)
    return Step(held, changed, decision_rows(work, held, planned), slot=slot)


def _around(
    gateway: Gateway, work: Work, known: Known, held: Held, planned: Plan, chosen: Decision, doors: Doors
) -> Step | None:
    """Nobody takes it. For a while it waits; then it goes another way, where it has one."""
    is_out = gateway.carriers[chosen.channel].down_for() >= OUTAGE.total_seconds()
    if not is_out or held.open_channels == (chosen.channel,):
        # Behind the others, so that those whom somebody takes are not held up. In a line it keeps its place.
        return None if doors.lines else _later(held, work.now + NOBODY_TAKES_IT)
    row, slot = next_channel(work, replace(held, channel=chosen.channel))
    assert slot is not None
    known.reserve(slot)
    moved = slots.moved(held.contact.id, slot.past.at, Channel[str(row["channel"])], None)
    return Step(held, row, decision_rows(work, held, planned), slot=moved)


def next_channel(work: Work, held: Held) -> tuple[Row, Slot | None]:
    """The channel in use is given up. The next one is a new decision, under the same rules and caps."""
    assert held.channel is not None
    spent = (*held.contact.spent_channels, held.channel)
    left = [channel for channel in held.contact.channels if channel not in spent]
    row = {
        "id": held.contact.id,
        "spent_channels": list(spent),
        "channel_attempts": 0,
        "failed_provider": None,
        "lease_until": None,
    }
    if not left:
        return {**row, "status": ContactStatus.FAILED}, None
    next_one = replace(held, channel=left[0], contact_point_id=None)
    slot = reserved(next_one, work.now)
    return {**row, "status": ContactStatus.SCHEDULED, "channel": left[0], "due_at": work.now}, slot


def decision_rows(work: Work, held: Held, planned: Plan) -> list[Row]:
    """The decision in force comes last."""
    ordered = sorted(planned.decisions, key=lambda decision: decision is planned.chosen)
    return [decisions.row(work, held.contact.id, held.contact.customer_id, decision) for decision in ordered]
