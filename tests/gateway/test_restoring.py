"""A backup that was restored sends nothing again by itself."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway import ending, pausing, restoring
from gateway.model import ContactStatus
from gateway.store import pauses
from policies.facts import Channel
from tests import databases
from tests.world import COMPLIANCE, SERVICE, World, open_world

sqlite_only = pytest.mark.skipif("config.getoption('--database') != 'sqlite'", reason="copies a file")
server_only = pytest.mark.skipif("config.getoption('--database') != 'postgresql'", reason="needs a server")


async def _is_paused(world: World) -> bool:
    async with world.gateway.database.read() as work:
        return any(one.is_of_everything for one in await pauses.in_force(work))


def _backup(folder: Path) -> Path:
    """As `gateway backup` does it: a copy that is whole, whoever writes meanwhile."""
    copy = folder / "backup.db"
    with sqlite3.connect(folder / "gateway.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    return copy


def _restore(folder: Path, copy: Path) -> None:
    for name in ("gateway.db", "gateway.db-wal", "gateway.db-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(copy, folder / "gateway.db")


@sqlite_only
async def test_what_was_sent_after_the_backup_is_not_sent_again(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        await world.deliver()
        answer = await world.request(customer, Channel.SMS)
        later = await world.request(customer, Channel.SMS, not_before=world.clock().replace(hour=20))
        copy = _backup(tmp_path)
        await world.deliver()
        assert len(world.sms.sent) == 1
    _restore(tmp_path, copy)

    async with open_world(tmp_path) as world:
        for _ in range(3):
            await world.deliver()

        assert world.sms.sent == []
        assert await _is_paused(world)
        assert (await world.now(answer)).status is ContactStatus.UNCLEAR
        assert (await world.now(later)).status is ContactStatus.SCHEDULED


@sqlite_only
async def test_a_person_settles_what_is_doubtful_and_resumes_and_the_rest_goes_on(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        answer = await world.request(customer, Channel.SMS)
        later = await world.request(customer, Channel.SMS, not_before=world.clock().replace(hour=20))
        copy = _backup(tmp_path)
        await world.deliver()
    _restore(tmp_path, copy)

    async with open_world(tmp_path) as world:
        await ending.settle(world.gateway, SERVICE, answer.contact.id, True, "the provider shows it")
        async with world.gateway.database.read() as work:
            [pause] = await pauses.in_force(work)
        await pausing.resume(world.gateway, COMPLIANCE, pause.id, "all looked at")
        world.wait(hours=20)
        await world.deliver()

        assert (await world.now(answer)).status is ContactStatus.DELIVERED
        assert (await world.now(later)).status is ContactStatus.SENT
    # It was noticed once: the next start goes on as it was.
    async with open_world(tmp_path) as world:
        assert not await _is_paused(world)


@sqlite_only
@pytest.mark.parametrize("said", [b"", b"no count", b"\xff\xfe", b"-"])
async def test_a_watermark_that_holds_no_count_stops_no_start(tmp_path: Path, said: bytes) -> None:
    async with open_world(tmp_path) as world:
        await world.request(await world.customer("TEST"), Channel.SMS)
        await world.deliver()
    (tmp_path / "gateway.db.watermark").write_bytes(said)

    async with open_world(tmp_path) as world:
        is_paused = await _is_paused(world)
    counted = int((tmp_path / "gateway.db.watermark").read_bytes())
    async with open_world(tmp_path) as world:
        assert world.gateway.watermark.seen == counted

    assert is_paused == (said != b"")
    assert counted > 0


async def test_a_restart_and_a_crash_are_no_restore(tmp_path: Path) -> None:
    for _ in range(3):
        async with open_world(tmp_path) as world:
            await world.request(await world.customer("TEST"), Channel.SMS)
            await world.deliver()

            assert not await _is_paused(world)


@sqlite_only
async def test_a_file_without_its_watermark_waits_for_a_person(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.request(await world.customer("TEST"), Channel.SMS)
        await world.deliver()
    (tmp_path / "gateway.db.watermark").unlink()

    async with open_world(tmp_path) as world:
        assert await _is_paused(world)


async def test_what_counts_in_the_caps_still_does_after_a_restore(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        for _ in range(3):
            await world.request(customer, Channel.SMS)

        await restoring.declare(world.gateway)
        fourth = await world.request(customer, Channel.SMS)

        assert fourth.contact.due_at is not None
        assert fourth.contact.due_at > world.clock()


@server_only
async def test_a_server_that_went_back_in_time_under_us_is_noticed_at_the_next_claim(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customers = [await world.customer("TEST") for _ in range(3)]
        for customer in customers:
            await world.request(customer, Channel.SMS)
            await world.deliver()
        answer = await world.request(customers[0], Channel.SMS)
        async with world.gateway.database.write() as work:
            await work.run(text("UPDATE origin SET taken_up = 1"))

        await world.deliver()

        assert len(world.sms.sent) == 3
        assert await _is_paused(world)
        assert (await world.now(answer)).status is ContactStatus.UNCLEAR


@server_only
@pytest.mark.parametrize("change", ["identity = '1/2/3'", "taken_up = 0"])
async def test_a_server_with_another_identity_or_a_lower_count_is_noticed_at_the_start(
    tmp_path: Path, change: str
) -> None:
    async with open_world(tmp_path) as world:
        await world.request(await world.customer("TEST"), Channel.SMS)
        await world.deliver()
        async with world.gateway.database.write() as work:
            await work.run(text(f"UPDATE origin SET {change}"))

    async with open_world(tmp_path) as world:
        assert await _is_paused(world)
    assert databases.is_server()
