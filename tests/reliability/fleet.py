"""Gateway processes that start in a moment, so that many can be killed: forked from one that is warm.

Apart from the import and the templates they do what `gateway serve` and `gateway worker` do, and each can be killed
like any process.
"""

import asyncio
import ctypes
import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import uvloop

from gateway import logs
from gateway.app import lender, open_gateway
from gateway.server import listen
from gateway.settings import Settings
from gateway.words import Words
from gateway.worker import Worker
from tests.processes import free_port

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["gateway.server", "tests.reliability.warm"])

SECONDS_TO_STOP = 30
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


@cache
def words() -> Words:
    """Compiled once, before the fork: it takes longer than all the rest of a start."""
    return Words.load(lender=lender(Settings()))


def begin(env: Mapping[str, str], log: Path) -> None:
    """What a forked process does first: its own environment, its own log, and it does not outlive us."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    os.environ.clear()
    os.environ.update(env)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 2)


def _live(command: str, env: Mapping[str, str], log: Path, up: Connection) -> None:
    begin(env, log)
    settings = Settings()
    logs.set_up(settings.log_level)
    uvloop.run(_serve_or_work(command, settings, lambda: up.send_bytes(b"up")))


async def _serve_or_work(command: str, settings: Settings, ready: Callable[[], None]) -> None:
    """As `gateway.server` does it, but for the words."""
    async with open_gateway(settings, words=words()) as gateway:
        if command == "serve":
            await listen(gateway, ready)
            return
        worker = Worker(gateway)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, worker.stop)
        ready()
        await worker.run()


@dataclass
class Member:
    """One place in the fleet: a process after another, on the same port."""

    command: str  #: serve, or worker
    port: int
    process: ForkServerProcess
    _up: Connection
    _was_up: bool = False

    @property
    def is_up(self) -> bool:
        """Whether it has begun to work."""
        self._was_up = self._was_up or self._up.poll()
        return self._was_up

    def send(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)


@dataclass
class Fleet:
    """Processes on one database."""

    env: Mapping[str, str]
    log: Path
    members: list[Member] = field(default_factory=list)
    started: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def ports(self) -> list[int]:
        """Where somebody listens, or will again."""
        return [one.port for one in self.members if one.command == "serve"]

    def add(self, command: str) -> Member:
        port = free_port()
        member = Member(command, port, *self._start(command, port))
        self.members.append(member)
        return member

    def kill(self, member: Member) -> None:
        """As a power cut would: nothing is finished, nothing is flushed."""
        member.process.kill()
        member.process.join()
        member.process.close()

    def revive(self, member: Member) -> None:
        self.members[self.members.index(member)] = Member(
            member.command, member.port, *self._start(member.command, member.port)
        )

    def stop(self) -> list[int | None]:
        """As an operator would. The exit status of each; one that does not stop in time is killed."""
        for member in self.members:
            member.process.terminate()
        for member in self.members:
            member.process.join(SECONDS_TO_STOP)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()
        statuses = [member.process.exitcode for member in self.members]
        self.members.clear()
        return statuses

    async def up(self, seconds: float = 30) -> None:
        """Until everybody works."""
        async with asyncio.timeout(seconds):
            while not all(one.is_up for one in self.members):  # noqa: ASYNC110 - a pipe, and not of this loop
                await asyncio.sleep(0.02)

    def _start(self, command: str, port: int) -> tuple[ForkServerProcess, Connection]:
        env = {**self.env, "GATEWAY_PORT": str(port)}
        ours, theirs = context.Pipe(duplex=False)
        name = f"{command}-{next(self.started)}"
        process = context.Process(target=_live, args=(command, env, self.log, theirs), name=name)
        process.start()
        theirs.close()
        return process, ours


@contextmanager
def fleet(env: Mapping[str, str], log: Path, commands: Sequence[str]) -> Iterator[Fleet]:
    """Whatever happens, nobody outlives the block."""
    one = Fleet(env, log)
    try:
        for command in commands:
            one.add(command)
        yield one
    finally:
        one.stop()
