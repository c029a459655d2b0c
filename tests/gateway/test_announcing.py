"""Changes reach the subscribers of every process: on PostgreSQL by LISTEN and NOTIFY, whatever the suite runs on."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from gateway.announcing import MOST_AT_ONCE, Announcer
from gateway.changes import Changes
from tests import databases


class Process:
    """One gateway process's share of it."""

    def __init__(self, address: str) -> None:
        self.changes = Changes()
        self.due = asyncio.Event()
        self.announcer = Announcer(address, self.changes, self.due)
        self.changes.elsewhere = self.announcer.say
        self.running = asyncio.create_task(self.announcer.run())

    async def stop(self) -> None:
        self.running.cancel()
        await asyncio.wait([self.running])


@pytest.fixture
def address(tmp_path: Path) -> str:
    return databases.server_url(tmp_path)


async def _listening(address: str, count: int) -> None:
    connection = await asyncpg.connect(address)
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    while await connection.fetchval(query) < count:  # noqa: ASYNC110 - the database tells nobody
        await asyncio.sleep(0.01)
    await connection.close()


async def test_a_change_here_is_told_there_and_here_once(address: str) -> None:
    here, there = Process(address), Process(address)
    async with here.changes.subscribe() as own, there.changes.subscribe() as other:
        await _listening(address, 2)

        here.changes.publish([("contact", "customer")])
        told = [await asyncio.wait_for(anext(own), 10), await asyncio.wait_for(anext(other), 10)]
        here.changes.publish([("second", "customer")])

        assert told == ["contact", "contact"]
        assert await asyncio.wait_for(anext(own), 10) == "second"
        assert await asyncio.wait_for(anext(other), 10) == "second"
        assert there.due.is_set()
        assert not here.due.is_set()
    await here.stop()
    await there.stop()


async def test_many_changes_at_once_are_all_told(address: str) -> None:
    here, there = Process(address), Process(address)
    many = [(f"{number:032x}", "c" * 32) for number in range(3 * MOST_AT_ONCE)]
    async with there.changes.subscribe() as other:
        await _listening(address, 2)

        here.changes.publish(many)

        heard = {await asyncio.wait_for(anext(other), 10) for _ in many}
    assert heard == {contact for contact, _ in many}
    await here.stop()
    await there.stop()


async def test_a_line_that_is_cut_is_taken_up_again(address: str) -> None:
    here, there = Process(address), Process(address)
    async with there.changes.subscribe() as other:
        await _listening(address, 2)
        connection = await asyncpg.connect(address)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
        await connection.close()
        await _listening(address, 2)

        here.changes.publish([("after", "customer")])

        assert await asyncio.wait_for(anext(other), 20) == "after"
    await here.stop()
    await there.stop()
