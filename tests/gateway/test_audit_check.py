"""The log in the database: what the gateway wrote holds together, and a row that somebody changed is found."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway import timeline
from gateway.audit import checking, checkpoints
from gateway.audit.chain import HOUSE
from gateway.audit.lines import Broken
from gateway.clock import StoppedClock
from gateway.erasing import erase
from gateway.model import OPERATOR
from gateway.store import acts, log
from gateway.store.database import Database
from gateway.store.tables import metadata
from gateway.worker import Worker
from tests import databases
from tests.gateway.lives import keep_house, live
from tests.world import COMPLIANCE, NOON_IN_CHINA, World, open_world

sqlite_only = pytest.mark.skipif("config.getoption('--database') != 'sqlite'", reason="changes a copied file")


async def _checked(world: World) -> checking.Checked:
    return await checking.check(world.gateway.database)


async def _broken(database: Database) -> Broken:
    with pytest.raises(Broken) as broken:
        await checking.check(database)
    return broken.value


async def test_a_busy_life_holds_together(world: World) -> None:
    customers = [await world.customer("CN"), await world.customer("US")]

    await live(world, *customers)
    await keep_house(world)
    before = await _checked(world)
    await checkpoints.make(world.gateway.database)
    after = await _checked(world)

    assert (before.checkpoints, after.checkpoints) == (0, 1)
    assert (after.chains, after.dropped) == (3, 0)
    async with world.gateway.database.read() as work:
        kinds = {row.kind for row in await work.all(text("SELECT DISTINCT kind FROM log_entry"))}
        whats = {str(row.what) for row in await work.all(text("SELECT DISTINCT what FROM act"))}
        theirs = text("SELECT DISTINCT what FROM act WHERE customer_id IS NOT NULL")
        told = {str(row.what) for row in await work.all(theirs)}
    assert told <= set(timeline.SENTENCES)
    assert kinds == set(log.RECORDS) - {"erasure"}
    assert whats == {
        "account.registered",
        "api_key.made",
        "application.decided",
        "application.ended",
        "application.submitted",
        "bill.changed",
        "bill.credited",
        "bill.registered",
        "callback.claimed",
        "callback.recorded",
        "caller.made",
        "caller.revoked",
        "complaint.settled",
        "contact.cancelled",
        "contact_point.added",
        "contact_point.changed",
        "customer.changed",
        "customer.registered",
        "hardship_signal.withdrawn",
        "hold.lifted",
        "pause.ended",
        "pause.placed",
        "promise.kept",
        "reply.settled",
    }


async def test_nothing_on_record_holds_together_too(world: World) -> None:
    assert await _checked(world) == checking.Checked(0, 0, 0, 0, 0)


async def test_a_checkpoint_is_made_only_when_something_has_grown(world: World) -> None:
    await world.customer()
    database = world.gateway.database

    first, again = await checkpoints.make(database), await checkpoints.make(database)
    await world.customer()
    second = await checkpoints.make(database)

    assert first is not None
    assert again is None
    assert second is not None
    assert (first.number, first.count, second.number, second.count) == (1, 1, 2, 1)


async def test_checkpoints_that_are_made_at_once_follow_each_other(world: World) -> None:
    for _ in range(10):
        customers = [await world.customer() for _ in range(3)]
        made = asyncio.gather(*(checkpoints.make(world.gateway.database) for _ in range(4)))
        await asyncio.gather(*(world.withdraw(customer) for customer in customers), made)
    await checkpoints.make(world.gateway.database)

    assert (await _checked(world)).chains == 30


async def test_a_worker_makes_a_checkpoint_when_the_last_one_is_an_hour_old(world: World) -> None:
    database = world.gateway.database
    await world.customer()
    numbers = []
    for minutes in (0, 59, 1):
        world.wait(minutes=minutes)
        await world.customer()
        await checkpoints.make_if_due(database, timedelta(hours=1))
        numbers.append((await _checked(world)).checkpoints)

    assert numbers == [1, 1, 2]


async def test_a_worker_that_starts_looks_whether_a_checkpoint_is_due(world: World) -> None:
    await world.customer()
    worker = Worker(world.gateway)

    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(20):
        while (await _checked(world)).checkpoints == 0:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
    worker.stop()
    await running


async def test_rows_that_were_dropped_are_missed_unless_the_house_says_so(world: World) -> None:
    customer = await world.customer()
    await world.withdraw(customer)
    world.wait(hours=1)
    async with world.gateway.database.write() as work:
        await work.run(text("DELETE FROM consent"))
    missed = await _broken(world.gateway.database)
    async with world.gateway.database.write() as work:
        await acts.dropped(work, OPERATOR, "consent", work.now)

    assert (missed.kind, missed.chain, missed.seq) == ("consent", customer.id, 4)
    assert (await _checked(world)).dropped == 1


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE decision SET outcome = 'ALLOW'", "its content is not the one that was recorded"),
        ("UPDATE attempt_event SET outcome = 'DELIVERED'", "its content is not the one that was recorded"),
        ("UPDATE hold SET lifted_at = NULL", "is not as it was left on record"),
        ("UPDATE application SET status = 'DECLINED'", "is not as it was left on record"),
        ("UPDATE application SET decided_by = 'somebody else'", "is not as it was left on record"),
        ("UPDATE customer SET reference = 'C' || reference", "is not as it was left on record"),
        ("UPDATE bill SET reference = 'B' || reference", "is not as it was left on record"),
        ("UPDATE contact_point SET address_index = 'of another' || id", "is not of its address"),
        ("UPDATE contact SET status = 'SENT' WHERE status = 'CANCELLED'", "is not as it was left on record"),
        ("UPDATE contact SET status = 'CANCELLED' WHERE status = 'SCHEDULED'", "is not as it was left on record"),
        ("UPDATE customer SET data_key = NULL", "is gone without an erasure on record"),
        ("UPDATE customer SET log_seq = log_seq - 1", "its head says that it ends with entry"),
        ("DELETE FROM consent", "no act of the house says that it was dropped"),
        ("DELETE FROM log_entry WHERE kind = 'hold'", "should stand here"),
        ("DELETE FROM checkpoint_head", "are not those that were signed"),
        ("UPDATE rule_text SET rule = '{}'", "is not the one that its key names"),
        ("DELETE FROM rule_text", "is missing"),
    ],
)
async def test_what_somebody_changes_in_the_database_is_found(world: World, statement: str, why: str) -> None:
    await live(world, await world.customer("CN"))
    await checkpoints.make(world.gateway.database)
    async with world.gateway.database.write() as work:
        assert await work.run(text(statement)) > 0

    assert why in str(await _broken(world.gateway.database))


# --- every column of every table --------------------------------------------------------------------------------------


def _columns() -> list[tuple[str, str]]:
    """Every column that a check looks at."""
    looked_at = [(kind, column) for kind in log.RECORDS for column in (*log.columns(kind), "seq")]
    looked_at += [
        (name, column)
        for name in (*log.STATES, "complaint", "hardship_signal", "hold", "reply")
        for column in log.state_columns(name)
    ]
    looked_at += [("attempt", name) for name in ("outcome", "finished_at", "provider_message_id", "detail")]
    looked_at += [("contact", "message")]
    chained = ("log_entry", "house", "checkpoint", "checkpoint_head")
    looked_at += [(name, one) for name in chained for one in log.names(name) if (name, one) != ("house", "id")]
    looked_at += [("customer", "log_seq"), ("customer", "log_hash"), ("rule_text", "rule")]
    return looked_at


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with two busy lives."""
    folder = tmp_path_factory.mktemp("kept")

    async def make() -> None:
        async with open_world(folder) as world:
            await live(world, await world.customer("CN"))
            await checkpoints.make(world.gateway.database)
            await keep_house(world)
            await live(world, await world.customer("US"))
            await erase(world.gateway, COMPLIANCE, (await world.customer("CN")).id, "asked")
            await checkpoints.make(world.gateway.database)

    asyncio.run(make())
    return folder / "gateway.db"


@asynccontextmanager
async def _copy(kept: Path, folder: Path) -> AsyncIterator[tuple[Database, sqlite3.Connection]]:
    file = folder / "copy.db"
    shutil.copy(kept, file)
    database = Database(f"sqlite:///{file}", StoppedClock(NOON_IN_CHINA), databases.vault())
    with closing(sqlite3.connect(file)) as connection:
        yield database, connection
    await database.close()


@sqlite_only
@pytest.mark.parametrize(("name", "column"), _columns(), ids=".".join)
async def test_no_column_can_be_changed(kept: Path, tmp_path: Path, name: str, column: str) -> None:
    async with _copy(kept, tmp_path) as (database, connection):
        rows = connection.execute(f"SELECT {column} FROM {name} ORDER BY {column} IS NULL").fetchall()
        before = rows[0][0]
        changed = connection.execute(
            f"UPDATE {name} SET {column} = ? WHERE {column} IS ?", (_other(name, column, before), before)
        )
        connection.commit()

        assert changed.rowcount > 0
        await _broken(database)


def _other(name: str, column: str, before: Any) -> Any:
    """Another value of the same kind. NULL becomes something."""
    kind = str(metadata.tables[name].c[column].type)
    match before:
        case int():
            return 1 - before if kind == "BOOLEAN" else before + 1000
        case None if kind == "DATETIME":
            return "2026-11-24 04:00:00.000001"
        case None:
            return 1 if kind in ("INTEGER", "BOOLEAN") else "another"
        case str() if kind == "DATETIME":
            return before[:-1] + ("1" if before[-1] == "0" else "0")
        case str() if kind == "DATE":
            return "2027-01-01"
        case str() if kind == "JSON":
            return '["another"]' if before.startswith("[") else '{"another": 1}'
    # Ids are made in their order and differ at their end: another first character makes none that is there.
    return ("1" if before[0] == "0" else "0") + before[1:]


@sqlite_only
@pytest.mark.parametrize("name", [*log.RECORDS, *log.STATES])
async def test_no_row_can_be_added_or_taken_away(kept: Path, tmp_path: Path, name: str) -> None:
    async with _copy(kept, tmp_path) as (database, connection):
        columns = log.names(name)
        taken = [f"'{'f' * 32}'" if one == "id" else _unique(name, one) for one in columns]
        connection.execute(f"INSERT INTO {name} SELECT {', '.join(taken)} FROM {name} LIMIT 1")
        connection.commit()
        added = await _broken(database)
        connection.execute(f"DELETE FROM {name} WHERE id = '{'f' * 32}'")
        connection.commit()
        await checking.check(database)
        connection.execute(f"DELETE FROM {name} WHERE id = (SELECT min(id) FROM {name})")
        connection.commit()

        # A customer's key opens nothing in another row.
        assert "f" * 32 in added.why or added.chain == "f" * 32 or "another's row" in added.why
        await _broken(database)


def _unique(name: str, column: str) -> str:
    """The column, or another value where two rows may not have the same."""
    target = metadata.tables[name]
    is_unique = target.c[column].unique or column in ("address_index", "reference", "reference_index", "fingerprint")
    return f"{column} || 'x'" if is_unique else column


@sqlite_only
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE customer SET time_zones = 'x'",
        "UPDATE contact SET channels = 'x'",
        "UPDATE bill SET due_on = 'soon'",
        "UPDATE attempt_event SET at = 'x'",
        "UPDATE attempt SET finished_at = 'x'",
    ],
)
async def test_what_cannot_be_read_any_more_is_a_finding(kept: Path, tmp_path: Path, statement: str) -> None:
    async with _copy(kept, tmp_path) as (database, connection):
        connection.execute(statement)
        connection.commit()

        assert "cannot be read" in (await _broken(database)).why


@sqlite_only
async def test_an_entry_of_nobody_is_found(kept: Path, tmp_path: Path) -> None:
    async with _copy(kept, tmp_path) as (database, connection):
        connection.execute(
            "INSERT INTO log_entry (customer_id, seq, kind, of_id, at, digest, hash) "
            "SELECT 'nobody', seq, kind, of_id, at, digest, hash FROM log_entry LIMIT 1"
        )
        connection.commit()

        assert (await _broken(database)).chain == "nobody"


@sqlite_only
async def test_who_cuts_off_the_end_of_a_chain_and_mends_its_head_is_found_by_the_checkpoint(
    kept: Path, tmp_path: Path
) -> None:
    async with _copy(kept, tmp_path) as (database, connection):
        connection.execute(f"DELETE FROM log_entry WHERE customer_id = '{HOUSE}' AND seq = 7")
        connection.execute("DELETE FROM act WHERE customer_id IS NULL AND seq = 7")
        connection.execute("UPDATE caller SET revoked_at = NULL")
        last = f"SELECT hash FROM log_entry WHERE customer_id = '{HOUSE}' AND seq = 6"
        connection.execute(f"UPDATE house SET log_seq = 6, log_hash = ({last})")
        connection.commit()

        assert "checkpoint 2 with 7" in (await _broken(database)).why
