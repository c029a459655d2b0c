"""Opening the database, and the transactions on it."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from gateway.clock import Clock
from gateway.ids import Ids
from gateway.store.rules import RuleTexts
from gateway.store.vault import Vault
from gateway.store.work import Work

T = TypeVar("T")

BUSY_SECONDS = 30
"""How long a writer waits for another process on the same SQLite file."""

READERS = 4


class BadUrl(ValueError):
    """GATEWAY_DATABASE_URL names no database that we can use. Its text leaves the URL out: it may hold a password."""


class Database:
    """Hands out transactions. Writing is one at a time on SQLite; readers see a snapshot and wait for nobody.

    What may wait (for another process's lock, for the disk) is done in a thread of its own. The statements of a writing
    transaction in between only touch memory, and run where they are: a hop to a thread costs more than they do.
    """

    def __init__(self, url: str, clock: Clock, vault: Vault) -> None:
        parsed = _parsed(url)
        self.is_embedded = parsed.get_backend_name() == "sqlite"
        if not self.is_embedded:
            raise BadUrl(f"GATEWAY_DATABASE_URL: {parsed.get_backend_name()} is not supported yet, use sqlite")
        if parsed.database in (None, "", ":memory:"):
            raise BadUrl("GATEWAY_DATABASE_URL: names no file, and what is only in memory would be lost")
        self.vault = vault
        self._clock = clock
        self._ids = Ids()
        self._texts = RuleTexts()
        self._writer = _engine(parsed, "BEGIN IMMEDIATE", connections=1)
        self._reader = _engine(parsed, "BEGIN", connections=READERS)
        self._writing = asyncio.Lock()
        self._reading = asyncio.Semaphore(READERS)
        self._threads = ThreadPoolExecutor(1, "writer")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Work]:
        """A transaction that commits at the end, or leaves nothing behind."""
        async with self._writing:
            held, is_open = ExitStack(), True
            try:
                connection = await self._wait_for(lambda: self._begin(held))
                work = Work(connection, self.vault, self._ids, self._clock(), self._texts)
                yield work
                await work.finish()
                await self._wait_for(lambda: self._commit(connection, held))
                is_open = False
                work.committed()
            finally:
                # Rolls back what was not committed. One thread: it never overtakes a begin or a commit whose caller
                # went away.
                if is_open:
                    await self._wait_for(held.close)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        """A snapshot to read from. Its statements may be long, so each is run in a thread."""
        async with self._reading:
            with self._reader.connect() as connection:
                yield Work(connection, self.vault, self._ids, self._clock(), self._texts, in_thread=_in_thread)

    async def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()
        self._threads.shutdown()

    async def run_sync(self, function: Callable[[Connection], T]) -> T:
        """`function` in a transaction of its own: for migrations."""

        def run() -> T:
            with self._writer.begin() as connection:
                return function(connection)

        async with self._writing:
            return await self._wait_for(run)

    def _begin(self, held: ExitStack) -> Connection:
        """What `held` closes is closed also where nobody waits for the connection any more."""
        connection = held.enter_context(self._writer.connect())
        connection.begin()
        return connection

    def _commit(self, connection: Connection, held: ExitStack) -> None:
        connection.commit()
        held.close()

    async def _wait_for(self, function: Callable[[], T]) -> T:
        return await _to_its_end(asyncio.get_running_loop().run_in_executor(self._threads, function))


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        raise BadUrl("GATEWAY_DATABASE_URL: is not a database URL, such as sqlite:///var/gateway.db") from None


async def _in_thread(function: Callable[[], T]) -> T:
    return await _to_its_end(asyncio.get_running_loop().run_in_executor(None, function))


async def _to_its_end(running: asyncio.Future[T]) -> T:
    """What a thread is doing with a connection ends before anybody else gets it, also where whoever waits is gone."""
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        raise


def _engine(url: URL, begin: str, *, connections: int) -> Engine:
    assert url.database is not None
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url.set(drivername="sqlite"),
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False},
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    _prepare_sqlite(engine, begin)
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
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-32000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        _use_wal(cursor)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """The first process on a new file switches it, and SQLite lets the others fail instead of waiting for that."""
    patience = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > patience:
                raise
        time.sleep(0.01)


def is_busy(error: BaseException) -> bool:
    """Whether another process held the database for longer than we wait."""
    original = getattr(error, "orig", error)
    return isinstance(original, sqlite3.OperationalError) and "locked" in str(original)
