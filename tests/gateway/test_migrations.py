"""The schema: migrations lead to what the tables say, once, whoever else runs them at the same time."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from gateway.clock import SystemClock
from gateway.store import migrate
from gateway.store.database import Database
from gateway.store.tables import metadata
from tests import databases
from tests.processes import environment


def _open(folder: Path) -> Database:
    return Database(f"sqlite:///{folder}/gateway.db", SystemClock(), databases.vault())


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Database]:
    opened = _open(tmp_path)
    yield opened
    await opened.close()


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def test_an_empty_file_is_not_current_and_is_brought_up_to_date(empty: Database) -> None:
    before = await migrate.is_current(empty)

    await migrate.upgrade(empty)

    assert (before, await migrate.is_current(empty)) == (False, True)


async def test_the_migrations_lead_to_what_the_tables_say(empty: Database) -> None:
    await migrate.upgrade(empty)

    assert await empty.run_sync(_differences) == []


async def test_the_partial_indexes_are_partial(empty: Database) -> None:
    await migrate.upgrade(empty)

    async with empty.read() as work:
        rows = await work.all(text("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"))
    assert {row.name for row in rows} == {
        "ix_application_open",
        "ix_attempt_open",
        "ix_bill_in_place_of",
        "ix_contact_bill_id_id",
        "ix_contact_due",
        "ix_contact_in_reply_to",
        "ix_contact_lease",
        "ix_customer_person_id",
        "ix_event_due",
        "ix_event_given_up",
        "ix_event_order",
        "ix_pause_in_force",
        "ix_promise_open",
        "ix_reply_customer_id",
        "ix_reply_open",
        "ix_slot_account_id_at",
        "ix_slot_attempt_id",
    }


async def test_to_migrate_twice_is_to_migrate_once(empty: Database) -> None:
    await migrate.upgrade(empty)
    async with empty.write() as work:
        await work.insert("sandbox_clock", [{"id": 1, "ahead_microseconds": 5}])

    await migrate.upgrade(empty)

    async with empty.read() as work:
        assert (await work.one(text("SELECT ahead_microseconds FROM sandbox_clock")))[0] == 5


async def test_a_schema_of_another_time_is_not_current(empty: Database) -> None:
    await migrate.upgrade(empty)
    async with empty.write() as work:
        await work.run(text("UPDATE alembic_version SET version_num = 'another'"))

    assert not await migrate.is_current(empty)


async def test_a_migration_that_fails_leaves_nothing_behind(empty: Database) -> None:
    await empty.run_sync(lambda connection: connection.execute(text("CREATE TABLE contact (id INTEGER)")) and None)

    with pytest.raises(Exception, match="already exists"):
        await migrate.upgrade(empty)

    assert await empty.run_sync(lambda connection: inspect(connection).get_table_names()) == ["contact"]


async def test_two_that_migrate_at_once_wait_for_each_other(tmp_path: Path) -> None:
    some = [_open(tmp_path) for _ in range(4)]

    await asyncio.gather(*(migrate.upgrade(one) for one in some))

    assert [await migrate.is_current(one) for one in some] == [True] * 4
    for one in some:
        await one.close()


def test_processes_that_migrate_at_once_wait_for_each_other(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("gateway")), "migrate"]
    some = [
        subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]

    said = [one.communicate(timeout=60) for one in some]

    assert [(out, one.returncode) for (out, _), one in zip(said, some, strict=True)] == [
        ("the schema is up to date\n", 0)
    ] * 3
