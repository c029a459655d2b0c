"""Who wants to be told what happens, and what there is to tell them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, literal_column, or_, select, update

from gateway.store.work import Row, Work, table

_SUBSCRIPTION = table("event_subscription")
_EVENT = table("event")
_CALLER = table("caller")
_KEY = table("api_key")

"""In whose name the secrets are sealed."""


class EventStatus(StrEnum):
    WAITING = "WAITING"
    TOLD = "TOLD"
    GIVEN_UP = "GIVEN_UP"


_WAITING: ColumnElement[str] = literal_column("'WAITING'")
_GIVEN_UP: ColumnElement[str] = literal_column("'GIVEN_UP'")
"""Written out: a database that is only handed the word later does not know that an index of these alone will do."""

SUBSCRIBING = 0x6576656E
"""The key alone with which a caller's subscriptions are counted."""

LOOKED_AT = 64
"""Events of one subscription that are looked at together. Those behind others are put behind them on the way."""

_SLICE = 1000
"""Rows that are done with together where it may be many: nobody waits long for such a transaction."""


@dataclass(frozen=True, slots=True)
class EventSubscription:
    """Where a caller wants to be told what happens. `kinds` empty: everything."""

    id: str
    caller_id: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    kinds: tuple[str, ...]
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something to be told to one subscriber. Those about one contact are told in their order."""

    id: str
    subscription_id: str
    customer_id: str
    about: str
    kind: str
    body: dict[str, Any]
    at: datetime
    tries: int = 0


async def add_subscription(work: Work, new: EventSubscription) -> None:
    row = {
        "id": new.id,
        "caller_id": new.caller_id,
        "url": work.seal(None, new.url),
        "secret": work.seal(None, new.secret),
        "kinds": list(new.kinds),
        "created_at": new.created_at,
    }
    await work.insert("event_subscription", [row])


async def end_subscription(work: Work, subscription_id: str) -> None:
    """What still waits for it is given up by whoever next looks what is to be told."""
    await work.change("event_subscription", [{"id": subscription_id, "ended_at": work.now}])


async def subscriptions(work: Work, caller_id: str | None = None) -> list[EventSubscription]:
    """Those in force, oldest first; of one caller, or of all."""
    statement = select(_SUBSCRIPTION).where(_is_in_force()).order_by(_SUBSCRIPTION.c.id)
    if caller_id is not None:
        statement = statement.where(_SUBSCRIPTION.c.caller_id == caller_id)
    return [_subscription(row, work) for row in await work.all(statement)]


def _is_in_force() -> ColumnElement[bool]:
    """Who was revoked, or all of whose keys were, is told nothing more."""
    has_key = exists().where(_KEY.c.caller_id == _CALLER.c.id, _KEY.c.revoked_at.is_(None)).correlate(_CALLER)
    is_shut_out = exists().where(
        _CALLER.c.id == _SUBSCRIPTION.c.caller_id, or_(_CALLER.c.revoked_at.is_not(None), ~has_key)
    )
    return and_(_SUBSCRIPTION.c.ended_at.is_(None), ~is_shut_out)


async def by_id(work: Work, ids: Collection[str]) -> dict[str, EventSubscription]:
    rows = await work.all(select(_SUBSCRIPTION).where(_SUBSCRIPTION.c.id.in_(ids)))
    return {row.id: _subscription(row, work) for row in rows}


async def count_waiting(work: Work, subscription_id: str) -> int:
    return await _count(work, subscription_id, _WAITING)


async def count_given_up(work: Work, subscription_id: str) -> int:
    return await _count(work, subscription_id, _GIVEN_UP)


async def _count(work: Work, subscription_id: str, status: ColumnElement[str]) -> int:
    of_it = (_EVENT.c.subscription_id == subscription_id, _EVENT.c.status == status)
    return int((await work.one(select(func.count()).select_from(_EVENT).where(*of_it)))[0])


async def last_answer(work: Work, subscription_id: str) -> str | None:
    """To the latest event that was tried."""
    tried = select(_EVENT.c.last_answer).where(_EVENT.c.subscription_id == subscription_id, _EVENT.c.tries > 0)
    row = await work.one(tried.order_by(_EVENT.c.id.desc()).limit(1))
    return None if row is None else str(row.last_answer)


async def add(work: Work, events: Sequence[Event]) -> None:
    await work.open_keys(one.customer_id for one in events)
    await work.insert("event", [_row(one, work) for one in events])


async def owed(work: Work) -> tuple[list[str], list[str]]:
    """The subscriptions to which something is to be told now, and those that ended while something waited for them."""

    def having(*more: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists().where(_EVENT.c.subscription_id == _SUBSCRIPTION.c.id, _EVENT.c.status == _WAITING, *more)

    is_in_force = _is_in_force()
    statement = select(_SUBSCRIPTION.c.id, is_in_force.label("is_in_force")).where(
        or_(and_(is_in_force, having(_EVENT.c.due_at <= work.now)), and_(~is_in_force, having()))
    )
    found = await work.all(statement.order_by(_SUBSCRIPTION.c.id))
    return [row.id for row in found if row.is_in_force], [row.id for row in found if not row.is_in_force]


async def take_due(work: Work, subscription_id: str, limit: int, lease: timedelta) -> tuple[list[Event], int]:
    """What is to be told now, the first of each contact only; nobody else takes it before the lease has passed.

    Also how many were looked at. One that stands behind another falls due with it, so that it is not looked at again
    and again; `told` and `failed` bring it forward.
    """
    until = work.now + lease
    due = (
        select(_EVENT)
        .where(_EVENT.c.subscription_id == subscription_id, _EVENT.c.status == _WAITING, _EVENT.c.due_at <= work.now)
        .order_by(_EVENT.c.due_at)
        .limit(LOOKED_AT)
        .with_for_update(skip_locked=True)
    )
    rows = await work.all(due)
    # Asked after the locks were had: one that was told meanwhile stands before nobody.
    first = {row.about: row for row in await work.all(_first(subscription_id, {row.about for row in rows}))}
    await work.open_keys(row.customer_id for row in rows)
    found = [_event(row, work) for row in rows if first[row.about].id == row.id][:limit]
    behind = [row for row in rows if first[row.about].id != row.id]
    waits = [{"id": one.id, "due_at": until} for one in found]
    waits += [{"id": row.id, "due_at": max(first[row.about].due_at, until)} for row in behind]
    await work.change("event", waits)
    return found, len(waits)


def _first(subscription_id: str, about: Collection[str]) -> Select[Any]:
    """The first that waits, of each of these."""
    ids = (
        select(func.min(_EVENT.c.id))
        .where(_EVENT.c.subscription_id == subscription_id, _EVENT.c.about.in_(about), _EVENT.c.status == _WAITING)
        .group_by(_EVENT.c.about)
    )
    return select(_EVENT.c.id, _EVENT.c.about, _EVENT.c.due_at).where(_EVENT.c.id.in_(ids))


async def told(work: Work, event: Event, answer: str) -> None:
    row = {
        "id": event.id,
        "status": EventStatus.TOLD,
        "told_at": work.now,
        "tries": event.tries + 1,
        "last_answer": answer,
    }
    await work.change("event", [row])
    await _bring_forward(work, event)


async def failed(work: Work, event: Event, answer: str, again: datetime | None) -> None:
    """`again` None: it is given up, and the next one of its contact may be told."""
    row: dict[str, object] = {"id": event.id, "tries": event.tries + 1, "last_answer": answer}
    await work.change("event", [row | ({"due_at": again} if again else {"status": EventStatus.GIVEN_UP})])
    if again is None:
        await _bring_forward(work, event)


async def _bring_forward(work: Work, over: Event) -> None:
    """The next one of its contact is first now."""
    following = (
        select(func.min(_EVENT.c.id))
        .where(
            _EVENT.c.subscription_id == over.subscription_id,
            _EVENT.c.about == over.about,
            _EVENT.c.status == _WAITING,
        )
        .scalar_subquery()
    )
    statement = update(_EVENT).where(_EVENT.c.id == following, _EVENT.c.due_at > work.now)
    await work.run(statement.values(due_at=work.now))


async def give_up(work: Work, subscription_id: str) -> None:
    """What still waits for a subscription that ended, as many as are done with together."""
    some = (
        select(_EVENT.c.id)
        .where(_EVENT.c.subscription_id == subscription_id, _EVENT.c.status == _WAITING)
        .limit(_SLICE)
        .with_for_update(skip_locked=True)
    )
    rows = await work.all(some)
    await work.change("event", [{"id": row.id, "status": EventStatus.GIVEN_UP} for row in rows])


async def forget(work: Work, before: datetime) -> int:
    """Drop what was told, or given up, before then: as many as are done with together. How many it were."""
    # Ids begin with their milliseconds (gateway.ids), so the oldest come first.
    end = f"{int(before.timestamp() * 1000):012x}".ljust(32, "0")
    some = (
        select(_EVENT.c.id)
        .where(_EVENT.c.id < end, _EVENT.c.status != EventStatus.WAITING)
        .order_by(_EVENT.c.id)
        .limit(_SLICE)
    )
    rows = await work.all(some)
    return await work.run(delete(_EVENT).where(_EVENT.c.id.in_([row.id for row in rows]))) if rows else 0


def _row(event: Event, work: Work) -> Row:
    return {
        "id": event.id,
        "subscription_id": event.subscription_id,
        "customer_id": event.customer_id,
        "about": event.about,
        "kind": event.kind,
        "body": work.seal(event.customer_id, orjson.dumps(event.body).decode()),
        "at": event.at,
        "status": EventStatus.WAITING,
        "due_at": event.at,
        "tries": event.tries,
    }


def _event(row: Any, work: Work) -> Event:
    body = orjson.loads(work.open(row.customer_id, row.body))
    return Event(row.id, row.subscription_id, row.customer_id, row.about, row.kind, body, row.at, row.tries)


def _subscription(row: Any, work: Work) -> EventSubscription:
    return EventSubscription(
        row.id,
        row.caller_id,
        work.open(None, row.url),
        work.open(None, row.secret),
        tuple(row.kinds),
        row.created_at,
        row.ended_at,
    )
