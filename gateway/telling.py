"""Tells subscribers what happened. Any number of tellers may run, in one process or in many.

Signed by Standard Webhooks; the id stays the same however often an event is told, so that who hears it twice (a crash
between telling and writing it down) can know it. Told again after 5 seconds, 30, 2 minutes, 10, an hour, 3, 6 and then
every 12, for three days; the next event of a contact waits for the one before it. A receiver that is slow or silent
holds up itself: it has few of the places, and one alone once it has not heard.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import httpx
import orjson
import structlog

from channels import standard_webhooks
from gateway.batch import Batcher
from gateway.core import Gateway
from gateway.outgoing import Poster, Reply
from gateway.store import events
from gateway.store.events import Event, EventSubscription
from gateway.store.work import Work

log = structlog.get_logger(__name__)

SECONDS = 10.0
"""How long a receiver may take."""

AT_ONCE = 16
AT_ONCE_TO_ONE = 8
"""To one receiver; to one that did not hear the last time: one."""

LEASE = timedelta(seconds=60)
KEPT = timedelta(days=30)
GIVEN_UP_AFTER = timedelta(days=3)
FEWEST_TRIES = 5
"""However old an event is: we may have been away for days ourselves."""

LONGEST_WAIT_ASKED = timedelta(hours=1)

_WAITS = [timedelta(seconds=s) for s in (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600)]

FORGET_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How telling ended. `answer` is the status, or what went wrong; of what the receiver wrote nothing is kept."""

    event: Event
    to: EventSubscription
    reply: Reply | None
    answer: str

    @property
    def is_heard(self) -> bool:
        return self.reply is not None and 200 <= self.reply.status < 300


class Teller:
    """Runs beside the worker."""

    def __init__(self, gateway: Gateway, poster: Poster) -> None:
        self._gateway = gateway
        self._poster = poster
        self._stopping = False
        self._woken = asyncio.Event()
        self._telling: set[asyncio.Task[None]] = set()
        self._busy: Counter[str] = Counter()
        #: When each subscription was last given a place, as a running number: the longest waiting goes first.
        self._served: dict[str, int] = {}
        self._deaf: set[str] = set()
        self._writing: Batcher[_Outcome, None] = Batcher(self._write)
        self._forgot_at = gateway.elapsed()

    async def run(self) -> None:
        """Tell until `stop`; then finish what is under way."""
        while not self._stopping:
            self._woken.clear()
            looked_at = 0
            try:
                looked_at = await self._round()
            except Exception as error:
                log.error("telling failed", error=type(error).__name__)
            if not looked_at and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._gateway.settings.poll_seconds):
                        await self._woken.wait()
        await asyncio.gather(*self._telling, return_exceptions=True)

    def stop(self) -> None:
        self._stopping = True
        self._woken.set()

    async def tell_due(self) -> int:
        """Tell what is due now, to its end. How much was looked at."""
        looked_at = await self._round()
        await asyncio.gather(*self._telling, return_exceptions=True)
        return looked_at

    async def _round(self) -> int:
        """Begin to tell as much as there is room for. How many events were looked at: none means that it may wait."""
        await self._forget()
        due, looked_at = await self._due()
        for event, to in due:
            task = asyncio.create_task(self._tell(event, to))
            self._telling.add(task)
            self._busy[to.id] += 1
            task.add_done_callback(lambda task, to=to: self._told(task, to))  # type: ignore[misc]
        return looked_at

    def _told(self, task: "asyncio.Task[None]", to: EventSubscription) -> None:
        self._telling.discard(task)
        self._busy[to.id] -= 1
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # It could not be written down: it is told again when its lease has passed.
            log.error("an event was told and not written down", error=type(error).__name__)

    async def _due(self) -> tuple[list[tuple[Event, EventSubscription]], int]:
        if len(self._telling) >= AT_ONCE:
            return [], 0
        async with self._gateway.database.read() as work:
            owed, over = await events.owed(work)
        owed = [one for one in owed if self._room(one) > 0]
        if not owed and not over:
            return [], 0
        async with self._gateway.database.write() as work:
            found, looked_at = await self._take(work, sorted(owed, key=lambda one: self._served.get(one, 0)))
            for one in over:
                await events.give_up(work, one)
            known = await events.by_id(work, {one.subscription_id for one in found})
        return [(one, known[one.subscription_id]) for one in found], looked_at + len(over)

    async def _take(self, work: Work, owed: Sequence[str]) -> tuple[list[Event], int]:
        found: list[Event] = []
        looked_at = 0
        for one in owed:
            room = min(self._room(one), AT_ONCE - len(self._telling) - len(found))
            if room <= 0:
                break
            taken, looked = await events.take_due(work, one, room, LEASE)
            self._served[one] = max(self._served.values(), default=0) + 1
            found += taken
            looked_at += looked
        return found, looked_at

    def _room(self, subscription_id: str) -> int:
        """How many more may be under way to this one."""
        return (1 if subscription_id in self._deaf else AT_ONCE_TO_ONE) - self._busy[subscription_id]

    async def _tell(self, event: Event, to: EventSubscription) -> None:
        reply: Reply | None = None
        try:
            body = orjson.dumps(event.body)
            headers = standard_webhooks.sign(to.secret, event.id, self._gateway.real_time(), body)
            reply = await self._poster.post(to.url, body, headers, SECONDS)
            answer = str(reply.status)
        except (ValueError, httpx.HTTPError, TimeoutError) as error:  # NotAllowed is a ValueError
            answer = type(error).__name__
        outcome = _Outcome(event, to, reply, answer)
        (self._deaf.discard if outcome.is_heard else self._deaf.add)(to.id)
        await self._writing(outcome)

    async def _write(self, outcomes: Sequence[_Outcome]) -> list[Exception | None]:
        async with self._gateway.database.write() as work:
            for one in outcomes:
                await _write_down(work, one)
        if any(_is_gone(one) for one in outcomes):
            self._gateway.recorder.forget()
        return [None] * len(outcomes)

    async def _forget(self) -> None:
        now = self._gateway.elapsed()
        if now - self._forgot_at >= FORGET_SECONDS:
            self._forgot_at = now
            is_more = True
            while is_more and not self._stopping:
                async with self._gateway.database.write() as work:
                    is_more = await events.forget(work, work.now - KEPT) > 0


async def _write_down(work: Work, one: _Outcome) -> None:
    event = one.event
    if one.is_heard:
        await events.told(work, event, one.answer)
        return
    if _is_gone(one):
        await events.end_subscription(work, one.to.id)
        await events.failed(work, event, one.answer, None)
        return
    last = event.at + GIVEN_UP_AFTER
    is_over = work.now >= last and event.tries + 1 >= FEWEST_TRIES
    again = work.now + _wait(event.tries, one.reply)
    if again > last > work.now:
        again = last  # a last time
    await events.failed(work, event, one.answer, None if is_over else again)
    if is_over:
        log.warning("an event was given up", event_id=event.id, subscription=one.to.id)


def _is_gone(one: _Outcome) -> bool:
    return one.reply is not None and one.reply.status == httpx.codes.GONE


def _wait(tries: int, reply: Reply | None) -> timedelta:
    wait = _WAITS[min(tries, len(_WAITS) - 1)]
    asked = reply.retry_after if reply else None
    if asked and asked.isascii() and asked.isdigit() and len(asked) < 7:
        wait = max(wait, min(timedelta(seconds=int(asked)), LONGEST_WAIT_ASKED))
    return wait
