"""The sandbox's clock: moved by `advanceClock`, kept in the database, the same in every process on it."""

from datetime import datetime, timedelta

from sqlalchemy import select

from gateway.clock import VirtualClock
from gateway.core import Gateway
from gateway.model import Unacceptable, UserError, UserErrorCode
from gateway.store.database import Database
from gateway.store.work import Work, table

_CLOCK = table("sandbox_clock")


async def advance_clock(gateway: Gateway, to: datetime) -> datetime:
    """Move the clock forward to `to`, and let what falls due on the way be delivered. The new present."""
    clock = gateway.clock
    if not gateway.settings.sandbox or not isinstance(clock, VirtualClock):
        raise PermissionError("the clock can be moved only in the sandbox")
    if to < clock():
        raise Unacceptable(UserError(UserErrorCode.INVALID, "lies before the sandbox's present", ("to",)))
    clock.advance(to)
    async with gateway.database.write() as work:
        ahead = clock.ahead // timedelta(microseconds=1)
        if await work.one(select(_CLOCK)) is None:
            await work.insert("sandbox_clock", [{"id": 1, "ahead_microseconds": ahead}])
        else:
            await work.change("sandbox_clock", [{"id": 1, "ahead_microseconds": ahead}])
    gateway.due.set()
    return clock()


async def read_clock(database: Database, clock: VirtualClock) -> None:
    """Take over how far another process, or an earlier run, has moved the clock."""
    async with database.read() as work:
        ahead = await _ahead(work)
    clock.ahead = max(clock.ahead, ahead)


async def _ahead(work: Work) -> timedelta:
    row = await work.one(select(_CLOCK.c.ahead_microseconds))
    return timedelta(microseconds=row[0] if row else 0)
