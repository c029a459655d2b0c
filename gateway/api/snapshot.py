"""One view of the database for one operation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from gateway.store.database import Database
from gateway.store.work import Work


class Over(Exception):
    """The operation is answered. What still reads for it was left behind when something beside it failed."""


class Snapshot:
    """Opened when something is first read, and read by one at a time: the fields of a query resolve side by side."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._work: Work | None = None
        self._is_over = False

    @property
    def is_open(self) -> bool:
        return self._work is not None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Work]:
        async with self._turn:
            if self._is_over:
                # It would be opened for nobody, and given back by nobody: a few such queries held every connection.
                raise Over
            if self._work is None:
                self._work = await self._opened.enter_async_context(self._database.read())
            yield self._work

    @asynccontextmanager
    async def set_aside(self) -> AsyncIterator[None]:
        """Give the connection back while something else reads or writes, and see afterwards what it did.

        Who held one connection while waiting for a second would wait for ever, once enough did.
        """
        async with self._turn:
            await self._close()
            yield

    async def close(self) -> None:
        """Give the connection back until something is read again."""
        async with self._turn:
            await self._close()

    async def end(self) -> None:
        """Close for good: a field that failed leaves others at work behind it, and they must open nothing again."""
        self._is_over = True
        await self.close()

    async def _close(self) -> None:
        if self._work is not None:
            self._work = None
            await self._opened.aclose()
