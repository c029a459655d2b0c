"""Changes reach the subscribers of every process: on PostgreSQL by LISTEN and NOTIFY, on SQLite within one process.

What goes through the database is only which contact changed. A notification that is lost (the line was cut, a process
died after its commit) is a change that nobody was told of live; the record has it.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Iterable

import asyncpg
import orjson
import structlog

from gateway.changes import Changes

log = structlog.get_logger(__name__)

CHANNEL = "contact_changed"
MOST_AT_ONCE = 80
"""A payload has less than 8000 bytes (PostgreSQL, NOTIFY); a contact and its customer have some 70."""

MOST_WAITING = 10_000
"""Beyond this the oldest are forgotten: the database is away, and who subscribes asks again."""

AGAIN_SECONDS = 1.0


class Announcer:
    """Sends what changed here, and publishes here what changed elsewhere. Never in anybody's way: it may be late."""

    def __init__(self, address: str, changes: Changes, due: asyncio.Event) -> None:
        self._address = address
        self._changes = changes
        self._due = due
        self._who = secrets.token_hex(4)
        self._waiting: dict[tuple[str, str], None] = {}
        self._woken = asyncio.Event()

    def say(self, contacts: Iterable[tuple[str, str]]) -> None:
        """Pairs of contact id and customer id."""
        for pair in contacts:
            self._waiting[pair] = None
        while len(self._waiting) > MOST_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled. A line that was cut is taken up again."""
        while True:
            try:
                await self._on_one_line()
            except Exception as error:
                # Whatever it is, live updates come back when the database does.
                log.warning("live updates are interrupted", error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _on_one_line(self) -> None:
        connection = await asyncpg.connect(self._address, timeout=10, command_timeout=10)
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(CHANNEL, self._hear)
            while not ended.is_set():
                # Not wait_for: on Python 3.11 it can swallow the cancellation that ends us.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_SECONDS):
                        await self._woken.wait()
                self._woken.clear()
                while self._waiting:
                    some = list(self._waiting)[:MOST_AT_ONCE]
                    payload = orjson.dumps([self._who, some]).decode()
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
                    for pair in some:
                        self._waiting.pop(pair, None)
        finally:
            with contextlib.suppress(Exception):
                await connection.close(timeout=2)

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        try:
            who, contacts = orjson.loads(str(payload))
            pairs = [(str(contact), str(customer)) for contact, customer in contacts]
        except ValueError:
            return
        if who != self._who:
            self._changes.publish_here(pairs)
            # What another process accepted may be due now.
            self._due.set()
