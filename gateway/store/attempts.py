"""Attempts and what happened to them. Events are appended; the outcome is derived from them and only moves forward."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from gateway.audit.chain import hashed
from gateway.model import Attempt, AttemptOutcome, Receipt
from gateway.store.work import Row, Work, seal, table, unseal
from policies.facts import Channel

_ATTEMPT = table("attempt")
_EVENT = table("attempt_event")

FORWARD = {
    AttemptOutcome.OPEN: 0,
    AttemptOutcome.UNKNOWN: 1,
    AttemptOutcome.ACCEPTED: 2,
    AttemptOutcome.TEMPORARY_FAILURE: 3,
    AttemptOutcome.PERMANENT_FAILURE: 4,
    AttemptOutcome.DELIVERED: 5,
}
"""What is known better comes later. DELIVERED is last: who has it, has it, whatever is said afterwards."""


GIVEN_BACK = "given back"
"""Of a ring that its agent gave back, unmade as far as they say."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something heard of an attempt. `at` is when it happened, by whoever told us."""

    attempt_id: str
    outcome: AttemptOutcome
    at: datetime
    provider_message_id: str | None = None
    provider_code: str | None = None
    detail: str | None = None
    note: str | None = field(default=None, repr=False)


async def open_(work: Work, rows: Sequence[Row]) -> None:
    """Write down that tries begin, before anything leaves."""
    await work.insert("attempt", [work.logged("attempt", row) for row in rows])


def begun(
    attempt_id: str, contact_id: str, customer_id: str, number: int, channel: Channel, provider: str,
    point_id: str | None, now: datetime,
) -> Attempt:  # fmt: skip
    """An attempt of which nothing has been heard."""
    return Attempt(
        id=attempt_id,
        contact_id=contact_id,
        customer_id=customer_id,
        number=number,
        channel=channel,
        provider=provider,
        contact_point_id=point_id,
        started_at=now,
        finished_at=None,
        outcome=AttemptOutcome.OPEN,
        provider_message_id=None,
        provider_code=None,
        detail=None,
    )


def row(attempt: Attempt, lease_until: datetime, message: str | None = None) -> Row:
    """A new attempt, for `open_`. When the lease has passed and nothing was heard, it counts as lost.

    `message`: what is handed over, sealed.
    """
    return {
        "id": attempt.id,
        "contact_id": attempt.contact_id,
        "customer_id": attempt.customer_id,
        "number": attempt.number,
        "channel": attempt.channel,
        "provider": attempt.provider,
        "contact_point_id": attempt.contact_point_id,
        "started_at": attempt.started_at,
        "lease_until": lease_until,
        "message_digest": None if message is None else hashed(message.encode()),
        "outcome": attempt.outcome,
    }


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Attempt]:
    if not ids:
        return {}
    return {one.id: one for one in await _attempts(work, select(_ATTEMPT).where(_ATTEMPT.c.id.in_(ids)))}


async def of_contact(work: Work, contact_id: str) -> list[Attempt]:
    """In their order."""
    statement = select(_ATTEMPT).where(_ATTEMPT.c.contact_id == contact_id).order_by(_ATTEMPT.c.number)
    return await _attempts(work, statement)


async def lost(work: Work, limit: int, in_flight: Collection[str]) -> list[Attempt]:
    """Open ones whose time has run out and that no worker of this process holds. A ring has its agent's lease."""
    statement = (
        select(_ATTEMPT)
        .where(
            _ATTEMPT.c.outcome == AttemptOutcome.OPEN,
            _ATTEMPT.c.lease_until <= work.now,
            _ATTEMPT.c.channel != Channel.CALLBACK,
        )
        .order_by(_ATTEMPT.c.lease_until)
        .limit(limit + len(in_flight))
    )
    return [one for one in await _attempts(work, statement) if one.id not in in_flight][:limit]


async def _attempts(work: Work, statement: Select[Any]) -> list[Attempt]:
    rows = await work.all(statement)
    await work.open_keys(row.customer_id for row in rows if row.note is not None)
    return [attempt(row, work) for row in rows]


async def append(work: Work, events: Sequence[tuple[Attempt, Event]]) -> list[Attempt]:
    """Append to the record, move what they are about forward, and return that as it is afterwards, each once.

    Customers must be locked. An event that would move an attempt back is kept, and changes nothing.
    """
    await work.insert("attempt_event", [_event_row(work, attempt, event) for attempt, event in events])
    moved: dict[str, Attempt] = {}
    for attempt, event in events:
        moved[attempt.id] = _moved(moved.get(attempt.id, attempt), event)
    await work.change("attempt", [_derived(work, one) for one in moved.values()])
    return list(moved.values())


def _event_row(work: Work, attempt: Attempt, event: Event) -> Row:
    row = {
        "id": work.new_id(),
        "attempt_id": attempt.id,
        "customer_id": attempt.customer_id,
        "at": event.at,
        "received_at": work.now,
        "outcome": event.outcome,
        "provider_message_id": event.provider_message_id,
        "provider_code": event.provider_code,
        "detail": event.detail,
        "note": seal(work, attempt.customer_id, event.note),
    }
    return work.logged("attempt_event", row)


def _moved(attempt: Attempt, event: Event) -> Attempt:
    if FORWARD[event.outcome] <= FORWARD[attempt.outcome]:
        return attempt
    return replace(
        attempt,
        finished_at=attempt.finished_at or event.at,
        outcome=event.outcome,
        provider_message_id=event.provider_message_id or attempt.provider_message_id,
        provider_code=event.provider_code or attempt.provider_code,
        detail=event.detail or attempt.detail,
        note=event.note or attempt.note,
    )


def _derived(work: Work, attempt: Attempt) -> Row:
    return {
        "id": attempt.id,
        "finished_at": attempt.finished_at,
        "outcome": attempt.outcome,
        "provider_message_id": attempt.provider_message_id,
        "provider_code": attempt.provider_code,
        "detail": attempt.detail,
        "note": seal(work, attempt.customer_id, attempt.note),
    }


async def receipts(work: Work, attempt_ids: Collection[str]) -> dict[str, list[Receipt]]:
    """What was heard of each, oldest first."""
    statement = select(_EVENT).where(_EVENT.c.attempt_id.in_(attempt_ids)).order_by(_EVENT.c.id)
    found: dict[str, list[Receipt]] = {attempt: [] for attempt in attempt_ids}
    for row in await work.all(statement):
        receipt = Receipt(row.at, row.received_at, AttemptOutcome[row.outcome], row.provider_code)
        found[row.attempt_id].append(receipt)
    return found


def attempt(row: Any, work: Work) -> Attempt:
    """An attempt from its row."""
    return Attempt(
        id=row.id,
        contact_id=row.contact_id,
        customer_id=row.customer_id,
        number=row.number,
        channel=Channel[row.channel],
        provider=row.provider,
        contact_point_id=row.contact_point_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=AttemptOutcome[row.outcome],
        provider_message_id=row.provider_message_id,
        provider_code=row.provider_code,
        detail=row.detail,
        note=unseal(work, row.customer_id, row.note),
    )
