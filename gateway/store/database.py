"""Opening the database, and the transactions on it."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gateway.clock import Clock
from gateway.ids import Ids
from gateway.store.vault import Vault
from gateway.store.work import Work

BUSY_SECONDS = 30
"""How long a writer waits for another process on the same SQLite file."""


class Database:
    """Hands out transactions. Writing is one at a time on SQLite; readers see a snapshot and wait for nobody."""

    def __init__(self, url: str, clock: Clock, vault: Vault) -> None:
        self.url = url
        self.vault = vault
        self.is_embedded = make_url(url).get_backend_name() == "sqlite"
        self._clock = clock
        self._ids = Ids()
        self._writer = _engine(url, "BEGIN IMMEDIATE", connections=1)
        self._reader = _engine(url, "BEGIN", connections=4)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Work]:
        """A transaction that commits at the end, or leaves nothing behind."""
        async with self._writer.begin() as connection:
            work = Work(connection, self.vault, self._ids, self._clock())
            yield work
            await work.finish()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        """A snapshot to read from."""
        async with self._reader.connect() as connection:
            yield Work(connection, self.vault, self._ids, self._clock())

    async def close(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()

    async def run_sync(self, function: Any) -> Any:
        """Run `function(connection)` on a connection of its own: for migrations."""
        async with self._writer.connect() as connection:
            outcome = await connection.run_sync(function)
            await connection.commit()
            return outcome


def _engine(url: str, begin: str, *, connections: int) -> AsyncEngine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"GATEWAY_DATABASE_URL: {parsed.get_backend_name()} is not supported, use sqlite+aiosqlite")
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        parsed,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    _prepare_sqlite(engine.sync_engine, begin)
    return engine


def _prepare_sqlite(engine: Engine, begin: str) -> None:
    """Full durability, and transactions that begin when we say so.

    `BEGIN IMMEDIATE` takes the write lock before anything is read: without it, two processes read the same counts and
    both write (measured: caps overrun).
    """

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        # The driver's own idea of when to begin is switched off; SQLAlchemy's event below begins.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "temp_store=MEMORY",
            "cache_size=-32000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def is_busy(error: BaseException) -> bool:
    """Whether another process held the database for longer than we wait."""
    original = getattr(error, "orig", error)
    return isinstance(original, sqlite3.OperationalError) and "locked" in str(original)
