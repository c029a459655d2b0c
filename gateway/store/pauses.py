"""Who stopped sending, of what, and when it went on."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from gateway.model import Caller, Pause
from gateway.store import acts
from gateway.store.many import Question
from gateway.store.work import Work, seal, table, unseal
from policies.facts import Channel, Purpose

_PAUSE = table("pause")
_IN_FORCE = Question(select(_PAUSE).where(_PAUSE.c.resumed_at.is_(None)).order_by(_PAUSE.c.id))

SENDING = 0x73656E64
"""The key under which attempts are opened, and alone with which a pause is placed: it holds from its commit on."""


async def in_force(work: Work) -> list[Pause]:
    """Oldest first."""
    return [_pause(row, work) for row in await work.ask(_IN_FORCE, {})]


async def every(work: Work, limit: int) -> Sequence[Pause]:
    """The latest first."""
    return [_pause(row, work) for row in await work.all(select(_PAUSE).order_by(_PAUSE.c.id.desc()).limit(limit))]


async def by_id(work: Work, id: str) -> Pause | None:
    row = await work.one(select(_PAUSE).where(_PAUSE.c.id == id))
    return _pause(row, work) if row else None


async def add(work: Work, pause: Pause, by: Caller) -> None:
    row = {
        "id": pause.id,
        "purpose": pause.purpose,
        "channel": pause.channel,
        "provider": pause.provider,
        "reason": work.seal(None, pause.reason),
        "paused_at": pause.paused_at,
        "paused_by": pause.paused_by,
        "caller_id": by.id,
    }
    await work.insert("pause", [row])
    await acts.add(work, by, "pause.placed", pause.id, row, customer_id=None)


async def end(work: Work, pause: Pause, by: Caller) -> None:
    ended = {
        "resumed_at": pause.resumed_at,
        "resumed_by": pause.resumed_by,
        "resume_reason": seal(work, None, pause.resume_reason),
    }
    await work.change("pause", [{"id": pause.id, **ended}])
    await acts.add(work, by, "pause.ended", pause.id, ended, customer_id=None)


def _pause(row: Any, work: Work) -> Pause:
    return Pause(
        id=row.id,
        purpose=Purpose[row.purpose] if row.purpose else None,
        channel=Channel[row.channel] if row.channel else None,
        provider=row.provider,
        reason=work.open(None, row.reason),
        paused_at=row.paused_at,
        paused_by=row.paused_by,
        resumed_at=row.resumed_at,
        resumed_by=row.resumed_by,
        resume_reason=unseal(work, None, row.resume_reason),
    )
