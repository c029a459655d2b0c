"""What is special on PostgreSQL: real concurrency, real locks, and servers that go away. Whatever the suite runs on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from gateway.clock import StoppedClock
from gateway.store import partitions
from gateway.store.database import Database
from gateway.store.faults import is_conflict, is_unavailable, repeated
from tests import databases
from tests.processes import free_port

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
ONE, TWO = "1" * 32, "2" * 32


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(databases.server_url(tmp_path), StoppedClock(NOW), databases.vault())
    async with opened.write() as work:
        for customer in (ONE, TWO):
            await work.run(
                text(
                    "INSERT INTO customer (id, reference, locale, time_zones, zones_stated, jurisdiction, "
                    "preferred_channels, windows, log_seq, log_hash, created_at) "
                    "VALUES (:id, :id, 'en', '[]', true, 'CN', '[]', '[]', 0, repeat('0', 64), now())"
                ),
                {"id": customer},
            )
    yield opened
    await opened.close()


async def _set(database: Database, seq: int) -> None:
    async with database.write() as work:
        await work.run(text("UPDATE customer SET log_seq = :seq WHERE id = :id"), {"seq": seq, "id": ONE})


async def _seq(database: Database) -> int:
    async with database.read() as work:
        return int((await work.one(text("SELECT log_seq FROM customer WHERE id = :id"), {"id": ONE})).log_seq)


async def test_an_error_in_the_middle_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as work:
            await work.run(text("UPDATE customer SET log_seq = 9"))
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await fail()

    assert await _seq(database) == 0


async def test_a_writer_that_is_cancelled_leaves_nothing_behind_and_the_connection_can_be_used(
    database: Database,
) -> None:
    async def write() -> None:
        async with database.write() as work:
            await work.run(text("UPDATE customer SET log_seq = 9"))
            await work.run(text("SELECT pg_sleep(30)"))

    for _ in range(12):  # more than there are connections
        writing = asyncio.create_task(write())
        await asyncio.sleep(0.02)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing

    await _set(database, 5)
    assert await _seq(database) == 5


async def test_who_counts_under_the_lock_counts_what_the_others_wrote(database: Database) -> None:
    async def count_up() -> None:
        async with database.write() as work:
            await work.lock([ONE, TWO])
            seen = {
                "caller_id": ONE,
                "caller": "Li",
                "role": "AGENT",
                "what": "customer.name",
                "of_id": ONE,
                "at": work.now,
            }
            seen["reason"] = None
            rows = [{"id": work.new_id(), "customer_id": customer, **seen} for customer in (ONE, TWO)]
            await work.insert("view", [work.logged("view", row) for row in rows])

    await asyncio.gather(*(count_up() for _ in range(100)))

    assert await _seq(database) == 100


async def test_who_does_not_wait_leaves_out_what_another_holds(database: Database) -> None:
    async with database.write() as holding:
        await holding.lock([ONE])
        async with database.write() as passing:
            await passing.lock_free([ONE, TWO])

            assert (passing.holds([ONE]), passing.holds([TWO])) == (False, True)


async def test_the_present_is_read_after_the_lock_was_waited_for(tmp_path: Path, database: Database) -> None:
    clock = StoppedClock(NOW)
    other = Database(databases.server_url(tmp_path), clock, databases.vault())
    later = datetime(2026, 11, 24, 5, tzinfo=UTC)

    async def wait() -> datetime:
        async with other.write() as work:
            await work.lock([ONE])
            return work.now

    async with database.write() as holding:
        await holding.lock([ONE])
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.1)
        clock.advance(later)

    assert await waiting == later
    await other.close()


async def test_a_reader_sees_one_snapshot_and_cannot_write(database: Database) -> None:
    async with database.read() as work:
        query = text("SELECT log_seq FROM customer WHERE id = :id")
        before = (await work.one(query, {"id": ONE})).log_seq
        await _set(database, 7)
        after = (await work.one(query, {"id": ONE})).log_seq
        with pytest.raises(Exception, match="read-only"):
            await work.run(text("UPDATE customer SET log_seq = 8"))

    assert (before, after, await _seq(database)) == (0, 0, 7)


async def test_after_the_server_cut_every_line_the_next_transaction_goes_through(
    tmp_path: Path, database: Database
) -> None:
    await asyncio.gather(*(_seq(database) for _ in range(10)))
    connection = await asyncpg.connect(databases.server_url(tmp_path))
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()

    await _set(database, 3)

    assert await _seq(database) == 3


async def test_a_line_that_is_cut_in_the_middle_is_called_unavailable(tmp_path: Path, database: Database) -> None:
    async def write() -> None:
        async with database.write() as work:
            await work.run(text("UPDATE customer SET log_seq = 9"))
            connection = await asyncpg.connect(databases.server_url(tmp_path))
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await connection.close()
            await work.run(text("UPDATE customer SET log_seq = 10"))

    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is asked
        await write()

    assert is_unavailable(caught.value)
    assert await _seq(database) == 0


async def test_a_server_that_is_not_there_is_called_unavailable() -> None:
    nowhere = Database(f"postgresql://postgres@127.0.0.1:{free_port()}/nothing", StoppedClock(NOW), databases.vault())

    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is asked
        await _seq(nowhere)

    assert is_unavailable(caught.value)
    await nowhere.close()


async def test_what_another_transaction_got_in_the_way_of_is_done_again(database: Database) -> None:
    tries = 0

    @repeated
    async def insert() -> int:
        nonlocal tries
        tries += 1
        async with database.write() as work:
            reference = "new" if tries > 2 else ONE
            await work.run(text("UPDATE customer SET reference = :r WHERE id = :id"), {"r": reference, "id": TWO})
        return tries

    assert await insert() == 3


async def test_only_what_can_be_done_again_is_called_a_conflict(database: Database) -> None:
    with pytest.raises(IntegrityError) as unique:
        async with database.write() as work:
            await work.run(text("UPDATE customer SET reference = 'same'"))
    with pytest.raises(IntegrityError) as missing:
        async with database.write() as work:
            await work.run(text("UPDATE customer SET locale = NULL"))

    assert (is_conflict(unique.value), is_conflict(missing.value)) == (True, False)


async def test_the_months_that_come_have_their_partitions(database: Database) -> None:
    await database.run_sync(lambda connection: partitions.ensure(connection, NOW))
    async with database.read() as work:
        names = {
            row[0]
            for row in await work.all(text("SELECT relid::text FROM pg_partition_tree('attempt') WHERE level = 1"))
        }

    assert {"attempt_default", "attempt_2026_11", "attempt_2026_12", "attempt_2027_01"} <= names


@pytest.mark.parametrize(
    ("instant", "name"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, 999000, tzinfo=UTC), "attempt_event_2026_11"),
        (datetime(2026, 12, 1, tzinfo=UTC), "attempt_event_2026_12"),
        (datetime(2099, 1, 1, tzinfo=UTC), "attempt_event_default"),
    ],
)
async def test_an_id_names_its_month_to_the_millisecond(database: Database, instant: datetime, name: str) -> None:
    await database.run_sync(lambda connection: partitions.ensure(connection, NOW))
    row = {
        "id": partitions.first_id(instant),
        "attempt_id": ONE,
        "customer_id": ONE,
        "seq": 1,
        "at": NOW,
        "received_at": NOW,
        "outcome": "OPEN",
    }

    async with database.write() as work:
        await work.insert("attempt_event", [row])
        found = await work.one(text("SELECT tableoid::regclass::text AS name FROM attempt_event"))

    assert found.name == name
