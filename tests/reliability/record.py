"""What the database says at the end, read as it stands, without the gateway's own functions."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from gateway.audit import checking
from gateway.audit.lines import Broken
from gateway.clock import SystemClock
from gateway.store.database import Database
from gateway.store.tables import metadata
from gateway.store.work import Work
from policies.facts import Reach
from tests import databases


@dataclass(frozen=True, slots=True)
class Record:
    """Rows by id, and what callers' keys made, by their blind indexes."""

    contacts: dict[str, Any]
    attempts: dict[str, Any]
    made: dict[str, str]
    index: Callable[[str], str] = str
    broken_log: str | None = None  #: the first thing in the log that does not hold together

    @property
    def statuses(self) -> Counter[str]:
        return Counter(row.status for row in self.contacts.values())

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(row.outcome for row in self.attempts.values())

    def attempts_of(self) -> dict[str, list[Any]]:
        """By contact, in the order of their numbers."""
        grouped: dict[str, list[Any]] = defaultdict(list)
        for row in sorted(self.attempts.values(), key=lambda one: int(one.number)):
            grouped[row.contact_id].append(row)
        return grouped


async def read(url: str) -> Record:
    contact, attempt = metadata.tables["contact"], metadata.tables["attempt"]
    key = metadata.tables["idempotency"]
    columns = [contact.c[name] for name in ("id", "customer_id", "status", "due_at", "created_at", "attempts")]
    tries = [attempt.c[name] for name in ("id", "contact_id", "number", "channel", "outcome", "started_at")]
    # First, and by itself: a server ends a transaction in which nothing happens while the log is looked at.
    broken_log = await _broken_log(url)
    async with _reading(url) as work:
        return Record(
            {row.id: row for row in await work.all(select(*columns))},
            {row.id: row for row in await work.all(select(*tries))},
            {row.key_index: row.made for row in await work.all(select(key.c.key_index, key.c.made))},
            work.index,
            broken_log,
        )


async def _broken_log(url: str) -> str | None:
    """What `gateway audit check` says of the same database."""
    database = Database(url, SystemClock(), databases.vault(), connections=2)
    try:
        await checking.check(database)
    except Broken as broken:
        return str(broken)
    finally:
        await database.close()
    return None


async def counted(url: str) -> dict[str, list[datetime]]:
    """When what fills caps happened, or is to happen, by customer. Known to have reached nobody: does not count."""
    slot = metadata.tables["slot"]
    statement = select(slot.c.customer_id, slot.c.at).where(slot.c.reach != Reach.ATTEMPTED)
    found: dict[str, list[datetime]] = defaultdict(list)
    async with _reading(url) as work:
        for row in await work.all(statement):
            found[row.customer_id].append(row.at)
    return found


async def settled(url: str, seconds: float, *, sleeping: bool = False) -> bool:
    """Wait until nothing is due, under way or open; False where that did not come about.

    `sleeping`: what is due later may stay as it is; else it is waited for, too.
    """
    contact, attempt = metadata.tables["contact"], metadata.tables["attempt"]
    now = SystemClock()
    try:
        async with asyncio.timeout(seconds):
            while True:
                waiting = select(func.count()).where(contact.c.status == "SCHEDULED")
                counts = [
                    waiting.where(contact.c.due_at <= now()) if sleeping else waiting,
                    select(func.count()).where(contact.c.status == "SENDING"),
                    select(func.count()).where(attempt.c.outcome == "OPEN"),
                ]
                async with _reading(url) as work:
                    if not any([(await work.one(one))[0] for one in counts]):
                        return True
                await asyncio.sleep(0.3)
    except TimeoutError:
        return False


@asynccontextmanager
async def _reading(url: str) -> AsyncIterator[Work]:
    """A transaction that reads, on a connection of its own."""
    database = Database(url, SystemClock(), databases.vault(), connections=2)
    try:
        async with database.read() as work:
            yield work
    finally:
        await database.close()
