"""A backup that was restored sends nothing again by itself.

The database counts how often something was taken up to be sent, and each machine keeps the highest count it has seen
in a small file of its own (`<database>.watermark`), on disk before anything of it leaves. A database whose count is
below that is older than what was sent. On PostgreSQL the cluster's identity and timeline tell as well; on SQLite a copy
that `gateway backup` made says that it is one, and a file without its watermark was moved or restored, and which of the
two cannot be told.

Then everything is paused, and what was due is UNCLEAR: it may have left in the time that was lost. A person settles it,
and resumes.
"""

import asyncio
import fcntl
import hashlib
import os
from pathlib import Path

import structlog
from sqlalchemy import make_url

from gateway.core import Gateway
from gateway.model import GATEWAY, Pause
from gateway.settings import Settings
from gateway.store import origin, pauses
from gateway.store.origin import Origin
from gateway.store.work import Work

log = structlog.get_logger(__name__)

REASON = "the database is older than what was sent: a backup was restored, or its watermark was lost"


class Restored(Exception):
    """The database went back in time under us. Nothing of the transaction at hand may happen."""


class Watermark:
    """The highest count that this machine has seen, in a file that several processes share."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seen = 0

    def read(self) -> int | None:
        """None: there is no file, or no count in it."""
        try:
            found = _count_in(self.file.read_bytes())
        except FileNotFoundError:
            return None
        self.seen = max(self.seen, found or 0)
        return None if found is None else self.seen

    async def raise_to(self, count: int) -> None:
        """On disk when this returns."""
        self.seen = max(self.seen, count)
        await asyncio.to_thread(self._write, count)

    def _write(self, count: int) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            found = _count_in(os.pread(descriptor, 32, 0))
            if found is None:
                os.ftruncate(descriptor, 0)
            # Another process may have seen more.
            if found is None or found < count:
                os.pwrite(descriptor, str(count).encode(), 0)
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _count_in(file: bytes) -> int | None:
    """A new file counts nothing yet."""
    try:
        return int(file or b"0")
    except ValueError:
        return None


def watermark(settings: Settings) -> Watermark:
    """Beside the file on SQLite, in the folder for state where the database is elsewhere."""
    if (file := settings.database_file()) is not None:
        return Watermark(file.with_name(f"{file.name}.watermark"))
    url = make_url(settings.database())
    name = hashlib.sha256(f"{url.host}:{url.port}/{url.database}".encode()).hexdigest()[:16]
    return Watermark(settings.state_folder / f"{name}.watermark")


async def look(gateway: Gateway) -> bool:
    """Before anything is sent: is this the database that we sent from? Whether it was restored."""
    seen = gateway.watermark.read()
    async with gateway.database.write() as work:
        await work.alone(pauses.SENDING)
        now, before = await origin.identity(work), await origin.read(work)
        if before is None:
            before = Origin(now, 0)
            await origin.keep(work, before)
        is_lost = seen is None and work.is_embedded and before.taken_up > 0
        is_restored = before.taken_up < (seen or 0) or before.identity != now or is_lost
        if is_restored:
            before = Origin(now, max(before.taken_up, seen or 0) + 1)
            await _stop(work, before)
    await gateway.watermark.raise_to(before.taken_up)
    return is_restored


async def declare(gateway: Gateway) -> None:
    """An operator says that a backup was restored, or our own count says so."""
    async with gateway.database.write() as work:
        await work.alone(pauses.SENDING)
        before = await origin.read(work)
        count = max(before.taken_up if before else 0, gateway.watermark.seen) + 1
        await _stop(work, Origin(await origin.identity(work), count))
    await gateway.watermark.raise_to(count)


async def taken_up(gateway: Gateway, work: Work) -> int:
    """Count that something is taken up, in its transaction. Raises `Restored` if the count was higher before."""
    count = await origin.count(work)
    if count <= gateway.watermark.seen and not work.is_embedded:
        raise Restored
    return count


async def _stop(work: Work, now: Origin) -> None:
    await origin.keep(work, now)
    # Its own, whoever else has stopped everything: theirs may be resumed without a thought of this.
    if not any(one.is_of_everything and one.paused_by == GATEWAY.name for one in await pauses.in_force(work)):
        pause = Pause(work.new_id(), None, None, None, REASON, work.now, GATEWAY.name)
        await pauses.add(work, pause, GATEWAY)
    doubtful = await origin.doubt_what_is_due(work)
    log.error("a backup was restored: sending is paused until somebody resumes it", unclear=doubtful)
