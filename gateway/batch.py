"""Collecting concurrent calls into batches, without a timer.

Whatever arrives while one batch commits goes through together in the next. A single call is a batch of one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from gateway.store.faults import is_unavailable

T = TypeVar("T")
R = TypeVar("R")

SIZE = 64
"""Beyond this a bigger batch is no faster, and the last of it waits longer."""


class Batcher(Generic[T, R]):
    """Turns `handle(many) -> many` into a function of one. An answer that is an exception is raised."""

    def __init__(self, handle: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]]) -> None:
        self._handle = handle
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await future

    async def drain(self) -> None:
        """Wait until everything that was handed in is answered."""
        while self._running is not None:
            await asyncio.shield(self._running)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(SIZE, len(self._waiting)))]
                answers = await self._answers([item for item, _ in batch])
                for (_, future), answer in zip(batch, answers, strict=True):
                    if future.done():  # the caller went away; what was committed stays
                        continue
                    if isinstance(answer, Exception):
                        future.set_exception(answer)
                    else:
                        future.set_result(answer)
        finally:
            self._running = None

    async def _answers(self, items: Sequence[T]) -> Sequence[R | Exception]:
        try:
            return await self._handle(items)
        except Exception as error:
            if len(items) == 1 or is_unavailable(error):
                return [error] * len(items)
        # Nothing of the batch was committed. One of them broke it: the others go through without it.
        return [answer for item in items for answer in await self._answers([item])]
