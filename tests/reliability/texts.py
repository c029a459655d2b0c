"""The SMS provider in a process of its own, which writes down what it gets before it answers."""

import asyncio
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import uvloop

from channels.local import LocalSmsProvider
from channels.local.behaviour import Slow
from channels.local.sms import LocalSms
from gateway.clock import SystemClock
from tests.processes import free_port
from tests.reliability.fleet import begin, context

Seconds = tuple[float, float]
"""From, to: evenly spread between."""


@dataclass(frozen=True, slots=True)
class Text:
    """A message as it arrived at the provider. `reference` is the attempt's id."""

    reference: str
    at: datetime


@dataclass
class Texts:
    """The provider, and its record. It can be taken away and put back on the same port."""

    file: Path
    port: int
    slow: Seconds
    seed: int
    process: ForkServerProcess | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        arguments = (self.port, self.file, self.slow, self.seed)
        self.process = context.Process(target=_serve, args=arguments, name="provider")
        self.process.start()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None

    def arrived(self) -> list[Text]:
        """In order. The same reference twice is two of them."""
        if not self.file.exists():
            return []
        lines = [line.split() for line in self.file.read_text(encoding="ascii").splitlines()]
        return [Text(reference, datetime.fromtimestamp(int(at) / 1e6, UTC)) for reference, at in lines]


def _serve(port: int, file: Path, slow: Seconds, seed: int) -> None:
    begin(dict(os.environ), file.with_suffix(".log"))
    with suppress(KeyboardInterrupt):
        uvloop.run(_run(port, file, slow, random.Random(seed)))


async def _run(port: int, file: Path, slow: Seconds, chance: random.Random) -> None:
    record = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    clock = SystemClock()

    def write_down(sms: LocalSms) -> None:
        os.write(record, f"{sms.reference} {clock().timestamp() * 1e6:.0f}\n".encode())
        provider.script.always(Slow(timedelta(seconds=chance.uniform(*slow))))

    provider = LocalSmsProvider(on_message=write_down)
    provider.script.always(Slow(timedelta(seconds=slow[0])))
    async with provider.serve(port):
        await asyncio.Event().wait()


@contextmanager
def texts(folder: Path, slow: Seconds, seed: int) -> Iterator[Texts]:
    one = Texts(folder / "texts", free_port(), slow, seed)
    one.start()
    try:
        yield one
    finally:
        one.stop()
