"""Delivers what falls due. Any number of workers may run, in one process or in many."""

import asyncio
import contextlib
from datetime import timedelta

import structlog

from gateway import callbacks, contact, ending, erasing, promises, sandbox
from gateway.audit import checkpoints
from gateway.batch import SIZE
from gateway.clock import VirtualClock
from gateway.core import Gateway
from gateway.store import migrate

log = structlog.get_logger(__name__)

LOOK_AHEAD_SECONDS = 86_400

LOOKS_PER_CHECKPOINT = 10


class Worker:
    """Polls the due times: a sleep until the next one would sleep through a clock that jumps."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._stopping = False
        self._sending: set[asyncio.Task[None]] = set()
        self._looked_ahead: float | None = None
        self._checkpoints_at: float | None = None
        self._chores_at = 0.0
        self._is_busy = False  #: the last round found something, so the next one need not look first

    async def run(self) -> None:
        """Work until `stop`; then finish what is in flight. A failing round is logged and the next one tries again."""
        while not self._stopping:
            # Before looking, not after: what is set meanwhile may have come too late for this round.
            self._gateway.due.clear()
            try:
                took = await self._round()
            except Exception as error:
                # The text of a database error can hold values.
                log.error("round failed", error=type(error).__name__)
                took = 0
            if not took:
                await self._wait()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def stop(self) -> None:
        self._stopping = True
        self._gateway.due.set()

    async def _round(self) -> int:
        """How many contacts were taken up. Only as many as there is room for in flight."""
        gateway = self._gateway
        await self._chores()
        most = gateway.settings.concurrent_sends
        while most - len(self._sending) < min(most / 2, SIZE):
            # Not for every one that leaves: a transaction for many costs little more than one for one.
            await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
        if self._stopping:
            return 0
        room = most - len(self._sending)
        dispatches = await contact.open_due(gateway, min(room, SIZE), look_first=not self._is_busy)
        self._is_busy = bool(dispatches)
        for dispatch in dispatches:
            task = asyncio.create_task(contact.send(gateway, dispatch))
            self._sending.add(task)
            task.add_done_callback(self._sent)
        return len(dispatches)

    async def _chores(self) -> None:
        """What has to be seen to now and then, however much there is to send."""
        gateway, now = self._gateway, asyncio.get_running_loop().time()
        if now < self._chores_at:
            return
        self._chores_at = now + gateway.settings.poll_seconds
        if gateway.settings.sandbox and isinstance(gateway.clock, VirtualClock):
            await sandbox.read_clock(gateway.database, gateway.clock)
            await sandbox.tell_receipts(gateway)
        await self._look_ahead()
        await self._checkpoint()
        await ending.reclaim(gateway)
        await callbacks.lapse(gateway)
        await promises.watch(gateway)

    async def _look_ahead(self) -> None:
        """Once a day: the months that come are there before they begin, and what need not be kept goes."""
        now = self._gateway.elapsed()
        if self._looked_ahead is None or now - self._looked_ahead > LOOK_AHEAD_SECONDS:
            self._looked_ahead = now
            await migrate.look_ahead(self._gateway.database)
            await erasing.tidy(self._gateway)

    async def _checkpoint(self) -> None:
        """By the clock of the last one, whoever made it; looked at more often than that, for others stop too."""
        now, every = self._gateway.elapsed(), timedelta(minutes=self._gateway.settings.checkpoint_minutes)
        if self._checkpoints_at is None or now >= self._checkpoints_at:
            self._checkpoints_at = now + every.total_seconds() / LOOKS_PER_CHECKPOINT
            await checkpoints.make_if_due(self._gateway.database, every)

    def _sent(self, task: "asyncio.Task[None]") -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # It could not be recorded. The attempt stays open, and becomes UNKNOWN when its lease has passed.
            log.error("attempt not closed", error=type(error).__name__)

    async def _wait(self) -> None:
        """Until something may be due: this process accepted something, or it is time to look."""
        if self._stopping:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._gateway.due.wait(), self._gateway.settings.poll_seconds)
