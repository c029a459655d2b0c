"""The sandbox's clock: moved, never back, and the same for everybody on the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from channels.sandbox import SandboxByAddress
from gateway import sandbox
from gateway.app import open_gateway
from gateway.clock import StoppedClock, VirtualClock
from gateway.core import Gateway
from gateway.model import Unacceptable, UserErrorCode
from gateway.worker import Worker
from policies.facts import Channel
from tests import databases
from tests.world import NOON_IN_CHINA, World

NOON = NOON_IN_CHINA
DAY = timedelta(days=1)


@asynccontextmanager
async def _open(folder: Path, *, is_sandbox: bool = True) -> AsyncIterator[Gateway]:
    """A gateway whose real time stands still at noon."""
    settings = databases.settings(folder, sandbox=is_sandbox, poll_seconds=0.01)
    async with open_gateway(settings, clock=VirtualClock(StoppedClock(NOON))) as gateway:
        yield gateway


async def test_the_clock_is_moved_and_the_worker_told(tmp_path: Path) -> None:
    async with _open(tmp_path) as gateway:
        now = await sandbox.advance_clock(gateway, NOON + DAY)

        assert now == gateway.clock() == NOON + DAY
        assert gateway.due.is_set()


async def test_the_clock_is_moved_again_from_where_it_is(tmp_path: Path) -> None:
    async with _open(tmp_path) as gateway:
        await sandbox.advance_clock(gateway, NOON + DAY)
        await sandbox.advance_clock(gateway, NOON + DAY)

        assert await sandbox.advance_clock(gateway, NOON + 2 * DAY) == NOON + 2 * DAY


async def test_the_clock_is_never_moved_back(tmp_path: Path) -> None:
    async with _open(tmp_path) as gateway:
        await sandbox.advance_clock(gateway, NOON + DAY)

        with pytest.raises(Unacceptable) as caught:
            await sandbox.advance_clock(gateway, NOON + DAY - timedelta(microseconds=1))

        assert [(error.code, error.field) for error in caught.value.errors] == [(UserErrorCode.INVALID, ("to",))]
        assert gateway.clock() == NOON + DAY


async def test_a_moved_clock_is_kept_over_a_restart(tmp_path: Path) -> None:
    async with _open(tmp_path) as gateway:
        await sandbox.advance_clock(gateway, NOON + DAY)

    async with _open(tmp_path) as gateway:
        assert gateway.clock() == NOON + DAY


async def test_a_second_gateway_sees_the_clock_move_while_it_runs(tmp_path: Path) -> None:
    async with _open(tmp_path) as here, _open(tmp_path) as there:
        worker = Worker(there)
        working = asyncio.create_task(worker.run())
        await sandbox.advance_clock(here, NOON + DAY)

        while there.clock() == NOON:  # noqa: ASYNC110 - it polls, and there is nothing to be told by
            await asyncio.sleep(0.001)
        worker.stop()
        await working

        assert there.clock() == NOON + DAY


async def test_who_has_not_heard_how_far_the_clock_was_moved_cannot_move_it_back(tmp_path: Path) -> None:
    async with _open(tmp_path) as here, _open(tmp_path) as there:
        await sandbox.advance_clock(here, NOON + 5 * DAY)

        with pytest.raises(Unacceptable, match="before the sandbox's present"):
            await sandbox.advance_clock(there, NOON + DAY)

        assert there.clock() == NOON + 5 * DAY
    async with _open(tmp_path) as afterwards:
        assert afterwards.clock() == NOON + 5 * DAY


async def test_without_the_flag_the_clock_cannot_be_moved(tmp_path: Path) -> None:
    async with _open(tmp_path, is_sandbox=False) as gateway:
        with pytest.raises(PermissionError):
            await sandbox.advance_clock(gateway, NOON + DAY)

        assert gateway.clock() == NOON


async def test_a_clock_that_is_not_virtual_cannot_be_moved(world: World) -> None:
    with pytest.raises(PermissionError):
        await sandbox.advance_clock(world.gateway, NOON + DAY)


async def test_the_flag_alone_gives_a_virtual_clock_and_channels_that_remember(tmp_path: Path) -> None:
    settings = databases.settings(tmp_path, sandbox=True)

    async with open_gateway(settings) as gateway:
        tomorrow = gateway.clock() + DAY
        now = await sandbox.advance_clock(gateway, tomorrow)

        assert tomorrow <= now
        assert isinstance(gateway.carriers[Channel.SMS].providers[0], SandboxByAddress)
        assert isinstance(gateway.carriers[Channel.EMAIL].providers[0], SandboxByAddress)
