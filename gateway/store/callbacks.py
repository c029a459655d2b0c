"""The queue of calls."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, false, or_, select, true, update

from gateway.model import Callback, CallbackStatus
from gateway.store.work import Row, Work, seal, table, unseal
from policies.facts import Purpose

_CALLBACK = table("callback")
_CONTACT = table("contact")


@dataclass(frozen=True, slots=True)
class Queued:
    """A callback with what only its work needs to know."""

    callback: Callback
    agent_id: str | None
    attempt_id: str | None

    @property
    def is_waiting(self) -> bool:
        return self.callback.status is CallbackStatus.WAITING

    def may_be_rung(self, now: datetime) -> bool:
        """By the clock of its promise."""
        return self.is_waiting and self.callback.starts <= now < self.callback.ends


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Queued]:
    if not ids:
        return {}
    return {one.callback.id: one for one in await _found(work, select(_CALLBACK).where(_CALLBACK.c.id.in_(ids)))}


async def of_contact(work: Work, contact_id: str) -> Queued | None:
    found = await _found(work, select(_CALLBACK).where(_CALLBACK.c.contact_id == contact_id))
    return found[0] if found else None


async def waiting(work: Work, limit: int, closed: Collection[Purpose] = ()) -> list[Queued]:
    """Those that may be rung by the clock of their promise, the earliest first; none for a closed purpose.

    While a call is due at a wished time, no other is shown: a promise for one o'clock does not wait behind a morning's
    backlog.
    """
    open_ones = select(_CALLBACK)
    if closed:
        open_ones = open_ones.join(_CONTACT, _CONTACT.c.id == _CALLBACK.c.contact_id).where(
            _CONTACT.c.purpose.not_in(closed)
        )
    due = (
        open_ones.where(
            _CALLBACK.c.status == CallbackStatus.WAITING,
            _CALLBACK.c.starts <= work.now,
            _CALLBACK.c.ends > work.now,
        )
        .order_by(_CALLBACK.c.starts, _CALLBACK.c.id)
        .limit(limit)
    )
    wished = await _found(work, due.where(_CALLBACK.c.wished == true()))
    return wished or await _found(work, due.where(_CALLBACK.c.wished == false()))


async def lapsed(work: Work, limit: int) -> list[Queued]:
    """Claims whose lease ran out, and promises whose time has passed."""
    claimed_too_long = (_CALLBACK.c.status == CallbackStatus.CLAIMED) & (_CALLBACK.c.lease_until <= work.now)
    waited_too_long = (_CALLBACK.c.status == CallbackStatus.WAITING) & (_CALLBACK.c.ends <= work.now)
    statement = select(_CALLBACK).where(or_(claimed_too_long, waited_too_long)).order_by(_CALLBACK.c.id).limit(limit)
    return await _found(work, statement)


async def add(work: Work, callbacks: Collection[Callback]) -> None:
    rows: list[Row] = [
        {
            "id": one.id,
            "contact_id": one.contact_id,
            "customer_id": one.customer_id,
            "contact_point_id": one.contact_point_id,
            "starts": one.starts,
            "ends": one.ends,
            "wished": one.wished,
            "status": one.status,
            "attempts": one.attempts,
            "note": seal(work, one.customer_id, one.note),
        }
        for one in callbacks
    ]
    await work.insert("callback", rows)


async def move(work: Work, moves: Sequence[tuple[str, datetime]]) -> None:
    """The calls that wait for these contacts may begin at these instants."""
    if moves:
        statement = (
            update(_CALLBACK)
            .where(_CALLBACK.c.contact_id == bindparam("_contact_id"), _CALLBACK.c.status == CallbackStatus.WAITING)
            .values(starts=bindparam("_starts"))
        )
        await work.run(statement, [{"_contact_id": c, "_starts": at} for c, at in moves])


async def cancel_of(work: Work, contact_ids: Collection[str]) -> None:
    """The calls that wait for these contacts are not made."""
    if contact_ids:
        await work.run(
            update(_CALLBACK)
            .where(_CALLBACK.c.contact_id.in_(contact_ids), _CALLBACK.c.status == CallbackStatus.WAITING)
            .values(status=CallbackStatus.CANCELLED)
        )


async def change(work: Work, row: Row) -> None:
    """Set columns of one callback by `id`."""
    await work.change("callback", [row])


def callback(row: Any, work: Work) -> Callback:
    """A callback from its row."""
    return Callback(
        id=row.id,
        contact_id=row.contact_id,
        customer_id=row.customer_id,
        contact_point_id=row.contact_point_id,
        starts=row.starts,
        ends=row.ends,
        status=CallbackStatus[row.status],
        agent=row.agent,
        attempts=row.attempts,
        note=unseal(work, row.customer_id, row.note),
        wished=row.wished,
    )


async def _found(work: Work, statement: Select[Any]) -> list[Queued]:
    rows = await work.all(statement)
    await work.open_keys(row.customer_id for row in rows if row.note is not None)
    return [Queued(callback(row, work), row.agent_id, row.attempt_id) for row in rows]
