"""Transactions on the database: all or nothing, one writer at a time, and snapshots to read from."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from gateway.clock import StoppedClock
from gateway.store import migrate
from gateway.store.database import Database
from gateway.store.faults import is_unavailable
from gateway.store.sqlite import READERS, SqliteEngine
from gateway.store.work import Work
from tests import databases

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)


def _open(folder: Path) -> Database:
    return Database(f"sqlite:///{folder}/gateway.db", StoppedClock(NOW), databases.unlocked_vault())


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A file with one table of numbers."""
    opened = _open(tmp_path)
    async with opened.write() as work:
        await work.run(text("CREATE TABLE number (value INTEGER PRIMARY KEY)"))
    yield opened
    await opened.close()


async def _add(work: Work, value: int) -> None:
    await work.run(text("INSERT INTO number VALUES (:value)"), {"value": value})


async def _numbers(work: Work) -> list[int]:
    return [row.value for row in await work.all(text("SELECT value FROM number ORDER BY value"))]


async def _kept(database: Database) -> list[int]:
    async with database.read() as work:
        return await _numbers(work)


async def _add_alone(database: Database, *values: int) -> None:
    async with database.write() as work:
        for value in values:
            await _add(work, value)


async def test_what_was_written_is_there_afterwards(database: Database) -> None:
    await _add_alone(database, 1)

    assert await _kept(database) == [1]


async def test_an_error_in_the_middle_leaves_nothing_behind_and_the_next_writer_is_served(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as work:
            await _add(work, 1)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await fail()

    await _add_alone(database, 2)
    assert await _kept(database) == [2]


async def test_a_statement_that_fails_undoes_those_before_it(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await _add_alone(database, 1, 1)

    assert await _kept(database) == []


async def test_a_writer_that_is_cancelled_in_the_middle_leaves_nothing_behind(database: Database) -> None:
    in_the_middle = asyncio.Event()

    async def write() -> None:
        async with database.write() as work:
            await _add(work, 1)
            in_the_middle.set()
            await asyncio.Event().wait()

    writing = asyncio.create_task(write())
    await in_the_middle.wait()
    await _cancelled(writing)

    await _add_alone(database, 2)
    assert await _kept(database) == [2]


async def test_a_writer_that_is_cancelled_while_it_waits_for_its_turn_takes_no_turn(database: Database) -> None:
    async with database.write() as work:
        waiting = asyncio.create_task(_add_alone(database, 1))
        await asyncio.sleep(0)
        await _cancelled(waiting)
        await _add(work, 2)

    await _add_alone(database, 3)
    assert await _kept(database) == [2, 3]


async def test_a_writer_that_is_cancelled_while_another_process_writes_does_not_keep_the_lock(
    database: Database, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(_add_alone(database, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    other.execute("COMMIT")
    await asyncio.wait([waiting])

    other.execute("BEGIN IMMEDIATE")
    other.execute("COMMIT")
    other.close()
    await _add_alone(database, 2)
    assert await _kept(database) == [2]


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_writers_of_two_processes_never_overlap(database: Database, tmp_path: Path) -> None:
    other = _open(tmp_path)

    async def count_up(one: Database) -> None:
        for _ in range(20):
            async with one.write() as work:
                highest = max(await _numbers(work), default=0)
                await asyncio.sleep(0)
                await _add(work, highest + 1)

    await asyncio.gather(count_up(database), count_up(database), count_up(other), count_up(other))
    await other.close()

    assert await _kept(database) == list(range(1, 81))


async def test_a_reader_sees_a_snapshot_and_waits_for_no_writer(database: Database) -> None:
    await _add_alone(database, 1)

    async with database.read() as work:
        before = await _numbers(work)
        async with database.write() as writing:
            await _add(writing, 2)
            while_writing = await _numbers(work)
        after = await _numbers(work)

    assert before == while_writing == after == [1]
    assert await _kept(database) == [1, 2]


async def test_more_readers_than_connections_take_turns(database: Database) -> None:
    await _add_alone(database, 1)

    assert await asyncio.gather(*(_kept(database) for _ in range(5 * READERS))) == [[1]] * 5 * READERS


async def test_a_reader_that_goes_away_holds_up_nobody_and_its_connection_is_given_back_unused(
    database: Database,
) -> None:
    go_on, begun, heard = threading.Event(), threading.Event(), list[bool]()

    def wait_for_us() -> None:
        begun.set()
        heard.append(go_on.wait(5))

    assert isinstance(database.engine, SqliteEngine)

    @event.listens_for(database.engine._reader, "connect")
    def teach(connection: Any, _record: object) -> None:
        connection.create_function("wait_for_us", 0, wait_for_us)

    async def read() -> None:
        async with database.read() as work:
            await work.all(text("SELECT wait_for_us()"))

    reading = asyncio.create_task(read())
    await asyncio.to_thread(begun.wait)
    reading.cancel()
    await asyncio.sleep(0)
    still_there = not reading.done()
    go_on.set()
    await asyncio.wait([reading])

    assert still_there
    assert reading.cancelled()
    assert heard == [True]
    assert await asyncio.gather(*(_kept(database) for _ in range(READERS))) == [[]] * READERS


async def test_a_new_file_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("CREATE TABLE number (value INTEGER PRIMARY KEY)")
    other.execute("BEGIN IMMEDIATE")
    database = _open(tmp_path)

    adding = asyncio.create_task(_add_alone(database, 1))
    await asyncio.wait([adding], timeout=0.1)
    other.execute("INSERT INTO number VALUES (0)")
    other.execute("COMMIT")
    other.close()
    await adding

    assert await _kept(database) == [0, 1]
    await database.close()


async def test_a_transaction_carries_one_instant(tmp_path: Path) -> None:
    clock = StoppedClock(NOW)
    database = Database(f"sqlite:///{tmp_path}/gateway.db", clock, databases.unlocked_vault())

    async with database.write() as work:
        clock.advance(datetime(2027, 1, 1, tzinfo=UTC))
        assert work.now == NOW

    await database.close()


async def test_what_is_committed_is_on_the_disk_before_the_writer_is_told(database: Database) -> None:
    async with database.write() as work:
        settings = {
            name: (await work.one(text(f"PRAGMA {name}")))[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://gateway:secret@db.example", "names no database"),
        ("mysql://gateway:secret@db.example/gateway", "mysql is not supported, use sqlite or postgresql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("no url, with a secret", "not a database URL"),
    ],
)
def test_a_database_that_we_cannot_use_is_refused_by_name_and_without_its_password(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^GATEWAY_DATABASE_URL: .*{said}") as caught:
        Database(url, StoppedClock(NOW), databases.unlocked_vault())

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"])
async def test_sqlite_is_sqlite_whatever_the_driver_and_its_folder_is_made(tmp_path: Path, driver: str) -> None:
    database = Database(f"{driver}:///{tmp_path}/a/b/gateway.db", StoppedClock(NOW), databases.unlocked_vault())

    await migrate.upgrade(database)

    assert await migrate.is_current(database)
    assert (tmp_path / "a/b/gateway.db").exists()
    await database.close()


@pytest.mark.parametrize(
    ("error", "busy"),
    [
        (sqlite3.OperationalError("database is locked"), True),
        (sqlite3.OperationalError("no such table: number"), False),
        (sqlite3.IntegrityError("locked"), False),
        (ValueError("database is locked"), False),
    ],
)
def test_only_a_lock_that_another_holds_is_called_busy(error: Exception, busy: bool) -> None:
    assert is_unavailable(error) is busy
