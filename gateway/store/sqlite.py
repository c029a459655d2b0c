"""SQLite: one file, one writer at a time, readers that see a snapshot and wait for nobody.

What may wait (for another process's lock, for the disk) is done in a thread of its own. The statements of a writing
transaction in between only touch memory, and run where they are: a hop to a thread costs more than they do.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, CursorResult, Engine, Executable, create_engine, event

from gateway.store.many import Asked, Prepared
from gateway.store.session import JSON, Parameters, Session, Take

T = TypeVar("T")

BUSY_SECONDS = 30
"""How long a writer waits for another process on the same file."""

PURGE_SECONDS = 1
"""How long a purge waits for readers."""

READERS = 4


class SqliteSession:
    """A transaction on one connection. `hop` runs what may take long elsewhere; without it everything runs here."""

    def __init__(self, connection: Connection, hop: Callable[[Callable[[], Any]], Awaitable[Any]] | None) -> None:
        self._connection = connection
        self._hop = hop
        self.dialect = connection.dialect
        self.is_writing = hop is None
        self.is_alone = True

    async def execute(self, statement: Executable, parameters: Parameters, take: Take[T]) -> T:
        def do() -> T:
            return take(self._connection.execute(statement, parameters))

        return await self._run(do)

    async def fetch(self, asked: Asked, values: tuple[Any, ...]) -> Sequence[Any]:
        def do() -> Sequence[Any]:
            result: CursorResult[Any] = self._connection.exec_driver_sql(asked.sql, values)
            rows: Sequence[Any] = result.cursor.fetchall()
            return rows

        return await self._run(do)

    async def many(self, prepared: Prepared, rows: list[tuple[Any, ...]]) -> None:
        self._connection.exec_driver_sql(prepared.sql, rows)

    async def _run(self, do: Callable[[], T]) -> T:
        return do() if self._hop is None else await self._hop(do)


class SqliteEngine:
    """Transactions on one file."""

    is_embedded = True

    def __init__(self, url: URL) -> None:
        assert url.database is not None
        self.file = Path(url.database)
        self._writer = _engine(url, "BEGIN IMMEDIATE", connections=1)
        self._reader = _engine(url, "BEGIN", connections=READERS)
        self._writing = asyncio.Lock()
        self._reading = asyncio.Semaphore(READERS)
        self._threads = ThreadPoolExecutor(1, "writer")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        async with self._writing:
            held, is_open = ExitStack(), True
            try:
                connection = await self._wait_for(lambda: self._begin(held))
                yield SqliteSession(connection, None)
                await self._wait_for(lambda: self._commit(connection, held))
                is_open = False
            finally:
                # Rolls back what was not committed. One thread: it never overtakes a begin or a commit whose caller
                # went away.
                if is_open:
                    await self._wait_for(held.close)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Session]:
        """Its statements may be long, so each is run in a thread."""
        async with self._reading:
            with self._reader.connect() as connection:
                yield SqliteSession(connection, _in_thread)

    async def purge(self) -> None:
        """The log before the file holds pages as they were: it is written into the file and cut to nothing.

        Readers that are at work keep it a while longer; the next commit's checkpoint then overwrites it.
        """

        def run() -> None:
            connection: Any = self._writer.raw_connection()
            try:
                connection.execute(f"PRAGMA busy_timeout={PURGE_SECONDS * 1000}")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            finally:
                connection.close()

        async with self._writing:
            await self._wait_for(run)

    async def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()
        self._threads.shutdown()

    async def run_sync(self, function: Callable[[Connection], T]) -> T:
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
        hide_parameters=True,  # else an error's text holds the row
        **JSON,
    )
    _prepare(engine, begin)
    return engine


def _prepare(engine: Engine, begin: str) -> None:
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
            # What is overwritten or deleted is zeroed: a destroyed key must not be found in a free page.
            "secure_delete=FAST",
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
            if "locked" not in str(error) or time.monotonic() > patience:
                raise
        time.sleep(0.01)
