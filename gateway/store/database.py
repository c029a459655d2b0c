"""Opening the database, and the transactions on it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

from sqlalchemy import URL, Connection, make_url, select
from sqlalchemy.exc import ArgumentError

from gateway.audit.chain import HOUSE
from gateway.clock import Clock
from gateway.ids import Ids
from gateway.store.dialects import EMBEDDED, SERVER
from gateway.store.many import to_insert
from gateway.store.postgres import PostgresEngine
from gateway.store.rules import RuleTexts
from gateway.store.session import Engine
from gateway.store.sqlite import SqliteEngine
from gateway.store.tables import HouseKeyRow, metadata
from gateway.store.vault import Vault
from gateway.store.work import Happening, Work

T = TypeVar("T")

_HOUSE_KEY = select(metadata.tables["house_key"].c.wrapped)

CONNECTIONS = 10
"""To a server, per process; SQLite needs no such number."""


Record = Callable[[Work, Collection[Happening]], Awaitable[None]]


class BadUrl(ValueError):
    """GATEWAY_DATABASE_URL names no database that we can use. Its text leaves the URL out: it may hold a password."""


class Database:
    """Hands out transactions."""

    def __init__(self, url: str, clock: Clock, vault: Vault, connections: int = CONNECTIONS) -> None:
        self.engine = _engine(_parsed(url), connections)
        self.vault = vault
        self._clock = clock
        self._ids = Ids()
        self._texts = RuleTexts()
        #: Writes down what callers are to be told of a transaction, before it commits.
        self.recorder: Record | None = None

    @property
    def is_embedded(self) -> bool:
        return self.engine.is_embedded

    def now(self) -> datetime:
        return self._clock()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Work]:
        """A transaction that commits at the end, or leaves nothing behind."""
        await self.open_vault()
        async with self.engine.write() as session:
            work = Work(session, self.vault, self._ids, self._clock, self._texts)
            yield work
            if work.happenings and self.recorder is not None:
                await self.recorder(work, work.happenings)
            await work.finish()
        work.committed()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        """A snapshot to read from."""
        await self.open_vault()
        async with self.engine.read() as session:
            yield Work(session, self.vault, self._ids, self._clock, self._texts)

    async def open_vault(self) -> None:
        """Once in a process. Whoever is first makes the house key. Raises `WrongMasterKey`."""
        if self.vault.is_open:
            return
        async with self.engine.read() as session:
            wrapped = await session.execute(_HOUSE_KEY, None, lambda result: result.scalar())
        if wrapped is None:
            async with self.engine.write() as session:
                row = {"id": 1, "wrapped": self.vault.new_key(HOUSE)}
                new = to_insert(str(HouseKeyRow.__tablename__), tuple(row), session.dialect, if_new=True)
                await session.many(new, new.parameters([row]))
                wrapped = await session.execute(_HOUSE_KEY, None, lambda result: result.scalar())
        self.vault.unlock(str(wrapped))

    async def is_usable(self) -> bool:
        """Whether it answers, and this process holds the master key it needs now: one may have taken over since."""
        await self.open_vault()
        async with self.engine.read() as session:
            wrapped = await session.execute(_HOUSE_KEY, None, lambda result: result.scalar())
        return self.vault.opens(str(wrapped))

    async def purge(self) -> None:
        """After keys were destroyed: they are gone from the files that are ours to clean."""
        await self.engine.purge()

    async def close(self) -> None:
        await self.engine.close()

    async def run_sync(self, function: Callable[[Connection], T]) -> T:
        """`function` in a transaction of its own: for migrations."""
        return await self.engine.run_sync(function)


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        raise BadUrl("GATEWAY_DATABASE_URL: is not a database URL, such as sqlite:///var/gateway.db") from None


def _engine(url: URL, connections: int) -> Engine:
    backend = url.get_backend_name()
    if backend in (SERVER, "postgres"):
        if not url.database:
            raise BadUrl("GATEWAY_DATABASE_URL: names no database")
        return PostgresEngine(url, connections)
    if backend != EMBEDDED:
        raise BadUrl(f"GATEWAY_DATABASE_URL: {backend} is not supported, use sqlite or postgresql")
    if url.database in (None, "", ":memory:"):
        raise BadUrl("GATEWAY_DATABASE_URL: names no file, and what is only in memory would be lost")
    return SqliteEngine(url)
