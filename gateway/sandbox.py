"""The sandbox's clock: moved by `advanceClock`, kept in the database, the same in every process on it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from gateway.clock import VirtualClock
from gateway.core import Gateway
from gateway.model import Unacceptable, UserError, UserErrorCode
from gateway.store.database import Database
from gateway.store.work import table

_CLOCK = table("sandbox_clock")


async def advance_clock(gateway: Gateway, to: datetime) -> datetime:
    """Move the clock forward to `to`, at once: what fell due on the way is due then. The new present."""
    clock = gateway.clock
    if not gateway.settings.sandbox or not isinstance(clock, VirtualClock):
        raise PermissionError("the clock can be moved only in the sandbox")
    async with gateway.database.write() as work:
        # Another process may have moved it further than this one knows.
        row = await work.one(select(_CLOCK))
        clock.ahead = max(clock.ahead, _ahead(row))
        try:
            clock.advance(to)
        except ValueError:
            error = UserError(UserErrorCode.INVALID, "lies before the sandbox's present", ("to",))
            raise Unacceptable(error) from None
        moved = {"id": 1, "ahead_microseconds": clock.ahead // timedelta(microseconds=1)}
        await (work.change if row else work.insert)("sandbox_clock", [moved])
    gateway.due.set()
    return clock()


async def read_clock(database: Database, clock: VirtualClock) -> None:
    """Take over how far another process, or an earlier run, has moved the clock."""
    async with database.read() as work:
        row = await work.one(select(_CLOCK))
    clock.ahead = max(clock.ahead, _ahead(row))


def _ahead(row: Any) -> timedelta:
    return timedelta(microseconds=row.ahead_microseconds if row else 0)
