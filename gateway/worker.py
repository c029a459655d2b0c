"""Delivers what falls due. Any number of workers may run, in one process or in many."""

import asyncio
import contextlib

import structlog

from gateway import callbacks, contact, ending, sandbox
from gateway.clock import VirtualClock
from gateway.core import Gateway

log = structlog.get_logger(__name__)


class Worker:
    """Polls the due times: a sleep until the next one would sleep through a clock that jumps."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._stopping = False
        self._sending: set[asyncio.Task[None]] = set()

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
        if gateway.settings.sandbox and isinstance(gateway.clock, VirtualClock):
            await sandbox.read_clock(gateway.database, gateway.clock)
        await ending.reclaim(gateway)
        await callbacks.lapse(gateway)
        room = gateway.settings.concurrent_sends - len(self._sending)
        if room <= 0:
            await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
            return 1
        dispatches = await contact.open_due(gateway, min(room, 64))
        for dispatch in dispatches:
            task = asyncio.create_task(contact.send(gateway, dispatch))
            self._sending.add(task)
            task.add_done_callback(self._sent)
        return len(dispatches)

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
