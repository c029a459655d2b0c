"""PostgreSQL: any number of processes, each row locked by who needs it.

SQLAlchemy writes the statements and keeps the connections; transactions begin and end by our own word on the driver,
and the path's prepared statements go to it straight: a greenlet switch for each costs as much as the statement.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, Connection, Executable
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from gateway.store.dialects import ALONE
from gateway.store.faults import is_unavailable
from gateway.store.many import Asked, Prepared
from gateway.store.session import JSON, Parameters, Session, Take

T = TypeVar("T")

SECONDS = 30
"""How long waiting for another transaction's lock may take: a machine that hangs is not waited for."""

MIGRATING = 0x6D696772
"""The key of the advisory lock under which migrations run."""

_SERVER_SETTINGS = {
    "application_name": "contact-gateway",
    "timezone": "UTC",
    "jit": "off",
    "statement_timeout": f"{2 * SECONDS}s",
    "lock_timeout": f"{SECONDS}s",
    # Nobody of ours waits in the middle of a transaction: a process that stands still gives its rows back.
    "idle_in_transaction_session_timeout": "10s",
}


class PostgresSession:
    """A transaction on one connection."""

    is_alone = False

    def __init__(self, connection: AsyncConnection, driver: "asyncpg.Connection[Any]", *, is_writing: bool) -> None:
        self._connection = connection
        self._driver = driver
        self.dialect = connection.dialect
        self.is_writing = is_writing

    async def execute(self, statement: Executable, parameters: Parameters, take: Take[T]) -> T:
        return take(await self._connection.execute(statement, parameters))

    async def fetch(self, asked: Asked, values: tuple[Any, ...]) -> Sequence[Any]:
        found: Sequence[Any] = await self._driver.fetch(asked.sql, *values)
        return found

    async def many(self, prepared: Prepared, rows: list[tuple[Any, ...]]) -> None:
        if len(rows) == 1:
            await self._driver.execute(prepared.sql, *rows[0])
        else:
            await self._driver.executemany(prepared.sql, rows)


class PostgresEngine:
    """Transactions on one database. Half of the connections are for writing, so that readers never starve writers."""

    is_embedded = False

    def __init__(self, url: URL, connections: int) -> None:
        half = max(1, connections // 2)
        self._url = url
        self._engine = create_async_engine(
            _for_driver(url),
            pool_size=2 * half,
            max_overflow=0,
            # The driver's transactions are ours: SQLAlchemy begins none.
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,  # else an error's text holds the row
            connect_args={"timeout": 10, "command_timeout": 2 * SECONDS, "server_settings": _SERVER_SETTINGS},
            **JSON,
        )
        self._writing = asyncio.Semaphore(half)
        self._reading = asyncio.Semaphore(half)

    def address(self) -> str:
        """For the driver alone, with its password: for a connection of one's own."""
        return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        async with self._writing, self._transaction("BEGIN") as (connection, driver):
            yield PostgresSession(connection, driver, is_writing=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Session]:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        async with self._reading, self._transaction(begin) as (connection, driver):
            yield PostgresSession(connection, driver, is_writing=False)

    async def run_sync(self, function: Callable[[Connection], T]) -> T:
        async with self._transaction("BEGIN") as (connection, driver):
            await driver.execute("SET LOCAL statement_timeout = 0")
            await driver.execute("SET LOCAL lock_timeout = 0")
            await connection.execute(ALONE, {"key": MIGRATING})
            return await connection.run_sync(function)

    async def purge(self) -> None:
        """A server keeps dead rows until it vacuums, and its log as long as it is archived: README, Security."""

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _transaction(self, begin: str) -> "AsyncIterator[tuple[AsyncConnection, asyncpg.Connection[Any]]]":
        connection, driver = await self._begun(begin)
        try:
            try:
                yield connection, driver
                await driver.execute("COMMIT")
            except BaseException:
                await asyncio.shield(_undo(connection, driver))
                raise
        finally:
            await asyncio.shield(connection.close())

    async def _begun(self, begin: str) -> "tuple[AsyncConnection, asyncpg.Connection[Any]]":
        """A connection in a transaction. Those that a restart of the server left dead are replaced."""
        for is_last in (False, True):
            connection = await self._engine.connect()
            try:
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None
                await driver.execute(begin)
            except BaseException as error:
                with suppress(Exception):
                    await connection.invalidate()
                await asyncio.shield(connection.close())
                if is_last or not is_unavailable(error):
                    raise
                # One was dead, so the others that lie idle are too.
                await self._engine.dispose(close=False)
            else:
                return connection, driver
        raise AssertionError("unreachable")


async def _undo(connection: AsyncConnection, driver: "asyncpg.Connection[Any]") -> None:
    """Roll back. A connection on which that fails is thrown away, and the server rolls back by itself."""
    try:
        await driver.execute("ROLLBACK", timeout=5)
    except Exception:
        with suppress(Exception):
            await connection.invalidate()


def _for_driver(url: URL) -> URL:
    """For asyncpg, whatever driver the URL names; `sslmode` is libpq's word for what asyncpg calls `ssl`."""
    query = dict(url.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return url.set(drivername="postgresql+asyncpg", query=query)
