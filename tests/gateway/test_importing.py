"""Files of customers and bills: the same rules and the same record as the API's, and nothing twice."""

import asyncio
import json
import multiprocessing
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Collection
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway import ahead, customers, importing, payments
from gateway.audit import checking
from gateway.importable import BadFile, Kind
from gateway.importing import BadList, Progress
from gateway.model import OPERATOR, ContactStatus
from gateway.requests import NewPoint, RecordPayment, RegisterBill, RegisterCustomer
from gateway.store import customers as store
from gateway.store.work import Work
from policies.facts import Channel, Place, Purpose
from tests.processes import environment
from tests.world import SERVICE, World, open_world

server_only = pytest.mark.skipif("config.getoption('--database') != 'postgresql'", reason="needs two who write at once")

COMMAND = str(Path(sys.executable).with_name("gateway"))

CUSTOMERS = """reference,name,locale,jurisdiction,time_zones,phone,phone2,email
C-a,王芳,zh-CN,CN,,13900000001,,wang@mail.example
C-b,"Li, Na",zh-CN,CN,Asia/Shanghai,+8613900000002,+8613900000003,
C-bad,Zhang,zh-CN,CN,,12,,
C-short,Zhang
C-a,,zh-CN,CN,,,,second@mail.example
"""

BILLS: list[dict[str, Any]] = [
    {"reference": "B-1", "customer": "C-a", "account": "A", "amount_due": "100.00", "currency": "CNY", "instalment": 1,
     "due_on": "2026-11-01", "product": "CREDIT_CARD"},
    {"reference": "B-2", "customer": "C-a", "account": "A", "amount_due": "100.00", "currency": "CNY", "instalment": 2,
     "due_on": "2026-12-01", "amount_paid": "40"},
    {"reference": "B-3", "customer": "C-none", "account": "A", "amount_due": "1", "currency": "CNY",
     "due_on": "2026-12-01"},
    {"reference": "B-4", "customer": "C-b", "account": "A", "amount_due": "0.001", "currency": "CNY",
     "due_on": "2026-12-01"},
]  # fmt: skip


def customers_file(folder: Path, content: str = CUSTOMERS) -> Path:
    path = folder / "customers.csv"
    path.write_text(content, encoding="utf-8")
    return path


def bills_file(folder: Path, rows: list[dict[str, Any]] = BILLS) -> Path:
    path = folder / "bills.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "no json\n", encoding="utf-8")
    return path


async def imported(world: World, path: Path, kind: Kind, **more: Any) -> Progress:
    rejects = path.with_suffix(".rejected")
    return [one async for one in importing.run(world.gateway, path, kind, rejects, **more)][-1]


async def numbers(world: World) -> dict[str, int]:
    async with world.gateway.database.read() as work:
        return {
            name: (await work.all(text(f"SELECT count(*) FROM {name}")))[0][0]
            for name in ("customer", "contact_point", "account", "bill", "act", "log_entry")
        }


def bad(path: Path) -> list[tuple[int, list[str]]]:
    listed = path.with_suffix(".rejected").read_text(encoding="utf-8").splitlines()
    return [(one["line"], [error["field"] for error in one["errors"]]) for one in map(json.loads, listed)]


@pytest.mark.parametrize("small", [ahead.SMALL, 0], ids=["read here", "read by another process"])
async def test_rows_become_customers_and_bills_and_bad_ones_are_listed_by_their_lines(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(ahead, "SMALL", small)
    first, second = customers_file(tmp_path), bills_file(tmp_path)

    people = (await imported(world, first, Kind.CUSTOMERS)).run
    owed = (await imported(world, second, Kind.BILLS)).run

    assert (people.added, people.changed, people.unchanged, people.rejected) == (2, 1, 0, 2)
    assert bad(first) == [(4, ["phone"]), (5, [""])]
    assert (owed.added, owed.rejected) == (2, 3)
    assert bad(second) == [(3, ["customer"]), (4, ["amount_due"]), (5, [""])]
    assert await numbers(world) == {
        "customer": 2, "contact_point": 5, "account": 1, "bill": 2, "act": 10, "log_entry": 10,
    }  # fmt: skip
    async with world.gateway.database.read() as work:
        rows = await work.all(text("SELECT reference, amount_paid, instalment, status FROM bill ORDER BY reference"))
    assert [tuple(row) for row in rows] == [("B-1", "0", 1, "OPEN"), ("B-2", "40", 2, "OPEN")]
    await checking.check(world.gateway.database)


async def test_a_bad_address_is_named_by_its_column(world: World, tmp_path: Path) -> None:
    columns = customers_file(tmp_path, HEADER + "\nC-1,,en,CN,Asia/Shanghai,+8613900000001,12,no mail\n")
    one = {"reference": "C-2", "locale": "en", "jurisdiction": "CN", "phone": ["+8613900000002", "12"], "email": ""}
    lists = tmp_path / "lists.jsonl"
    lists.write_text(json.dumps(one) + "\n", encoding="utf-8")

    await imported(world, columns, Kind.CUSTOMERS)
    await imported(world, lists, Kind.CUSTOMERS)

    assert bad(columns) == [(2, ["phone2", "email"])]
    assert bad(lists) == [(1, ["phone.1"])]


async def test_a_bad_currency_is_named_by_its_column_once(world: World, tmp_path: Path) -> None:
    path = bills_file(tmp_path, [BILLS[1] | {"currency": "XYZ"}])

    await imported(world, path, Kind.BILLS)

    assert bad(path)[0] == (1, ["currency"])


async def test_a_number_that_is_no_text_is_named_once(world: World, tmp_path: Path) -> None:
    await imported(world, customers_file(tmp_path), Kind.CUSTOMERS)
    path = bills_file(tmp_path, [BILLS[0] | {"amount_due": 12.5}])

    await imported(world, path, Kind.BILLS)

    assert bad(path)[0] == (1, ["amount_due"])


async def test_what_a_bill_may_not_be_is_named_by_its_column_too(world: World, tmp_path: Path) -> None:
    await imported(world, customers_file(tmp_path), Kind.CUSTOMERS)
    path = bills_file(tmp_path, [BILLS[0] | {"amount_due": "0"}])

    await imported(world, path, Kind.BILLS)

    assert bad(path)[0] == (1, ["amount_due"])


async def test_the_rows_that_are_counted_are_those_of_the_file_without_its_header(tmp_path: Path) -> None:
    path = customers_file(tmp_path, CUSTOMERS.replace("C-bad", "\nC-bad"))
    async with open_world(tmp_path):
        command = [COMMAND, "import", "--kind", "customers", "--json", str(path)]
        env = environment(tmp_path)
        done = await asyncio.create_subprocess_exec(*command, env=env, stdout=PIPE, stderr=PIPE)
        said, _ = await done.communicate()

    counted = json.loads(said)
    assert (counted["rows"], counted["added"], counted["changed"], counted["rejected"]) == (5, 2, 1, 2)
    assert "lines" not in counted


async def kept(world: World) -> dict[str, list[dict[str, Any]]]:
    """What is there, without what differs from one gateway to the next."""
    own = {
        "id",
        "customer_id",
        "account_id",
        "data_key",
        "log_hash",
        "log_seq",
        "seq",
        "of_id",
        "detail",
        "unsubscribe_token",
    }
    async with world.gateway.database.read() as work:
        found = {name: await work.all(text(f"SELECT * FROM {name}")) for name in ("account", "bill", "act")}
        people = await store.by_references(work, ["C-a", "C-b"])
        points = await store.points_of(work, [one.id for one in people.values()])
    rows = {name: [dict(row._mapping) for row in rows] for name, rows in found.items()}
    rows["customer"] = [asdict(one) for one in people.values()]
    rows["contact_point"] = [asdict(one) for one in points]
    shown = {
        name: [{key: value for key, value in row.items() if key not in own} for row in rows[name]] for name in rows
    }
    return {name: sorted(rows, key=repr) for name, rows in shown.items()}


async def test_what_becomes_of_a_row_is_what_the_api_makes_of_it(world: World, tmp_path: Path) -> None:
    content = HEADER + ",place,shared\nC-a,王芳,zh-CN,CN,,13900000001,,wang@mail.example,HOME,true\n"
    await imported(world, customers_file(tmp_path, content), Kind.CUSTOMERS)
    await imported(world, bills_file(tmp_path, BILLS[:2]), Kind.BILLS)

    (tmp_path / "other").mkdir()
    async with open_world(tmp_path / "other") as other:
        channels = ((Channel.SMS, "13900000001"), (Channel.EMAIL, "wang@mail.example"))
        points = tuple(NewPoint(channel, address, None, Place.HOME, True) for channel, address in channels)
        person = RegisterCustomer("C-a", "zh-CN", "CN", points, "王芳")
        customer = await customers.register(other.gateway, OPERATOR, person)
        first = RegisterBill(
            "B-1", customer.id, "A", Decimal("100.00"), "CNY", date(2026, 11, 1), product="CREDIT_CARD", instalment=1
        )
        second = RegisterBill(
            "B-2", customer.id, "A", Decimal("100.00"), "CNY", date(2026, 12, 1), amount_paid=Decimal(40), instalment=2
        )
        for bill in (first, second):
            await customers.register_bill(other.gateway, OPERATOR, bill)
        assert await kept(world) == await kept(other)


@server_only
@pytest.mark.parametrize("question", ["ids_by_references", "by_references"])
async def test_who_is_registered_by_somebody_else_meanwhile_is_brought_up_to_date(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    asked = getattr(store, question)
    point = NewPoint(Channel.SMS, "13900000009")
    somebody = RegisterCustomer("C-a", "en", "CN", (point,))

    async def ask(work: Work, references: Collection[str]) -> object:
        before = await asked(work, references)
        monkeypatch.undo()
        await customers.register(world.gateway, SERVICE, somebody)
        return before if question == "ids_by_references" else await asked(work, references)

    monkeypatch.setattr(store, question, ask)
    done = (await imported(world, customers_file(tmp_path), Kind.CUSTOMERS)).run

    assert (done.added, done.changed, done.rejected) == (1, 2, 2)
    async with world.gateway.database.read() as work:
        [found] = (await store.by_references(work, ["C-a"])).values()
        assert found.locale == "zh-CN"
        assert len(await store.points_of(work, [found.id])) == 4
    await checking.check(world.gateway.database)


HEADER, *_ = CUSTOMERS.splitlines()


async def test_a_quote_that_is_left_open_swallows_nobody(world: World, tmp_path: Path) -> None:
    rows = [
        'C-1,"half,zh-CN,CN,,13900000001,,',
        "C-2,Li,zh-CN,CN,,13900000002,,",
        'C-3,Wu",zh-CN,CN,,13900000003,,',
        'C-4,"Wu" Di,zh-CN,CN,,13900000004,,',
        "C-5,Xu,zh-CN,CN,,13900000005,,",
    ]
    path = customers_file(tmp_path, "\n".join([HEADER, *rows, '"']))

    await imported(world, path, Kind.CUSTOMERS)

    async with world.gateway.database.read() as work:
        references = [
            row.reference for row in await work.all(text("SELECT reference FROM customer ORDER BY reference"))
        ]
    assert references == ["C-2", "C-3", "C-5"]
    assert [number for number, _ in bad(path)] == [2, 5, 7]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_lines_end_as_they_do_on_either_system(world: World, tmp_path: Path, end: str) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(("\ufeff" + end.join([HEADER, "C-1,Li,zh-CN,CN,,13900000001,,", "", ",,"])).encode())

    done = (await imported(world, path, Kind.CUSTOMERS)).run

    assert (done.added, [number for number, _ in bad(path)]) == (1, [4])


async def test_lines_that_end_otherwise_are_no_crash(world: World, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(f"{HEADER}\rC-1,Li,zh-CN,CN,,13900000001,,\r".encode())

    with pytest.raises(BadFile, match="LF or CRLF"):
        await imported(world, path, Kind.CUSTOMERS)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("no json", "is not JSON"),
        ("[1]", "is no JSON object"),
        ('{"reference": "B", "secret": 1}', "has a field that is none of"),
        ('{"reference": "B", "amount_due": "1", "amount_paid": "2", "currency": "CNY"}', "is more than amount_due"),
    ],
)
async def test_what_is_wrong_with_a_row_is_said_in_its_own_words(
    world: World, tmp_path: Path, row: str, said: str
) -> None:
    path = tmp_path / "bills.jsonl"
    path.write_text(row + "\n")

    await imported(world, path, Kind.BILLS)

    listed = path.with_suffix(".rejected").read_text()
    assert said in listed
    assert "secret" not in listed


async def test_the_list_of_bad_rows_holds_nothing_that_they_say(world: World, tmp_path: Path) -> None:
    path = customers_file(tmp_path, CUSTOMERS.replace(",12,", ",secret,"))

    await imported(world, path, Kind.CUSTOMERS)

    listed = path.with_suffix(".rejected").read_text(encoding="utf-8")
    assert "secret" not in listed
    assert "Zhang" not in listed


async def test_importing_twice_changes_nothing_and_puts_nothing_on_record(world: World, tmp_path: Path) -> None:
    content = "".join(CUSTOMERS.splitlines(keepends=True)[:-1])
    first, second = customers_file(tmp_path, content), bills_file(tmp_path)
    for path, kind in ((first, Kind.CUSTOMERS), (second, Kind.BILLS)):
        await imported(world, path, kind)
    before = await numbers(world)

    again = [(await imported(world, path, kind)).run for path, kind in ((first, Kind.CUSTOMERS), (second, Kind.BILLS))]

    assert [(one.added, one.changed, one.unchanged) for one in again] == [(0, 0, 2), (0, 0, 2)]
    assert await numbers(world) == before


async def test_a_dry_run_looks_at_every_row_and_keeps_nothing(world: World, tmp_path: Path) -> None:
    done = (await imported(world, customers_file(tmp_path), Kind.CUSTOMERS, is_dry=True)).run

    assert (done.added, done.rejected) == (3, 2)
    assert (await numbers(world))["customer"] == 0
    assert not (tmp_path / "customers.rejected").exists()


async def test_an_import_that_is_broken_off_goes_on_where_it_was(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ROWS", 2)
    path = customers_file(tmp_path)
    going = importing.run(world.gateway, path, Kind.CUSTOMERS, path.with_suffix(".rejected"))
    await anext(going)
    stopped = (await anext(going)).run
    await going.aclose()

    began = [one.run async for one in importing.run(world.gateway, path, Kind.CUSTOMERS, path.with_suffix(".rejected"))]

    assert (stopped.line, began[0]) == (3, stopped)
    assert (began[-1].added, began[-1].changed, began[-1].rejected) == (2, 1, 2)
    assert len(bad(path)) == 2


async def test_a_bill_that_the_file_says_is_paid_is_not_asked_for(world: World, tmp_path: Path) -> None:
    customer = await world.customer(reference="C-1")
    bill = await world.bill(customer, reference="B-1", account="A")
    waits = await world.request(customer, Channel.SMS, bill_id=bill.id, purpose=Purpose.OVERDUE_REMINDER)
    row = {"reference": "B-1", "customer": "C-1", "account": "A", "amount_due": "1234.50", "currency": "CNY",
           "due_on": "2026-11-14", "status": "PAID"}  # fmt: skip

    await imported(world, bills_file(tmp_path, [row]), Kind.BILLS)

    assert (await world.now(waits)).status is ContactStatus.CANCELLED


async def test_nothing_absent_reopens_what_was_paid(world: World, tmp_path: Path) -> None:
    await world.customer(reference="C-1")
    row = {"reference": "B-1", "customer": "C-1", "account": "A", "amount_due": "10", "currency": "CNY",
           "due_on": "2026-11-14"}  # fmt: skip
    path = bills_file(tmp_path, [row])
    await imported(world, path, Kind.BILLS)
    paid = RecordPayment("P", "f", Decimal(10), "CNY", account="A")
    await payments.record(world.gateway, SERVICE, paid)

    again = (await imported(world, path, Kind.BILLS)).run

    assert (again.changed, again.unchanged) == (0, 1)


@pytest.mark.parametrize("small", [ahead.SMALL, 0], ids=["read here", "read by another process"])
async def test_a_file_of_which_nothing_can_be_read_says_so(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(ahead, "SMALL", small)

    with pytest.raises(BadFile, match="its columns are some of"):
        await imported(world, customers_file(tmp_path, "name,address\n"), Kind.CUSTOMERS)


async def test_an_import_whose_reader_is_killed_fails_and_goes_on_when_it_is_started_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "SMALL", 0)
    path = many_customers(tmp_path, 8000)
    going = importing.run(world.gateway, path, Kind.CUSTOMERS, path.with_suffix(".rejected"))
    await anext(going)
    await anext(going)
    for reader in multiprocessing.active_children():
        reader.kill()
    with pytest.raises(RuntimeError, match="ended by somebody else"):
        async for _ in going:
            pass

    again = (await imported(world, path, Kind.CUSTOMERS)).run

    assert again.added == 8000
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("link", [None, "symlink_to", "hardlink_to"])
async def test_the_list_of_bad_rows_never_overwrites_the_file_that_is_imported(
    world: World, tmp_path: Path, link: str | None
) -> None:
    path = customers_file(tmp_path)
    rejects = path if link is None else tmp_path / "rejects"
    if link:
        getattr(rejects, link)(path)

    with pytest.raises(BadList, match="is the file that is imported"):
        await anext(importing.run(world.gateway, path, Kind.CUSTOMERS, rejects))

    assert path.read_text(encoding="utf-8") == CUSTOMERS


@pytest.mark.parametrize("content", ["notes\n", "notes", '{"line": 3}\n', '["line", "errors"]\n', "\n"])
async def test_the_list_of_bad_rows_never_overwrites_another_file(world: World, tmp_path: Path, content: str) -> None:
    path, rejects = customers_file(tmp_path), tmp_path / "notes.txt"
    rejects.write_text(content)

    with pytest.raises(BadList, match="holds something else"):
        await anext(importing.run(world.gateway, path, Kind.CUSTOMERS, rejects))

    assert rejects.read_text() == content


@pytest.mark.parametrize("content", ["", '{"line":3,"errors":[]}\n{"li', '{"line":3,"err', '{"l'])
async def test_a_list_of_an_earlier_import_makes_room_for_the_next(world: World, tmp_path: Path, content: str) -> None:
    path = customers_file(tmp_path)
    path.with_suffix(".rejected").write_text(content)

    await imported(world, path, Kind.CUSTOMERS)

    assert [number for number, _ in bad(path)] == [4, 5]


async def test_a_list_that_was_taken_away_half_way_begins_anew(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ROWS", 1)
    path = bills_file(tmp_path)
    going = importing.run(world.gateway, path, Kind.BILLS, path.with_suffix(".rejected"))
    for _ in range(3):
        await anext(going)
    await going.aclose()
    path.with_suffix(".rejected").unlink()

    again = (await imported(world, path, Kind.BILLS)).run

    assert again.rejected == 5
    assert [number for number, _ in bad(path)] == [3, 4, 5]


async def test_a_list_at_a_wrong_place_is_a_mistake_in_the_command(world: World, tmp_path: Path) -> None:
    path = customers_file(tmp_path)
    command = [COMMAND, "import", "--kind", "customers", "--rejects", str(path), str(path)]
    env = environment(tmp_path, rulebooks=tmp_path / "rulebooks") | {"COLUMNS": "300"}

    refused = await asyncio.create_subprocess_exec(*command, env=env, stdout=PIPE, stderr=PIPE)
    _, shown = await refused.communicate()

    assert refused.returncode == 2
    assert b"is the file that is imported" in shown
    assert path.read_text(encoding="utf-8") == CUSTOMERS


async def _until_there_are(world: World, number: int) -> None:
    async with asyncio.timeout(60):
        while (await numbers(world))["customer"] < number:  # noqa: ASYNC110 - another process writes them
            await asyncio.sleep(0.05)


def many_customers(folder: Path, rows: int) -> Path:
    path = folder / "customers.jsonl"
    with path.open("w") as file:
        for number in range(rows):
            one = {"reference": f"C-{number}", "locale": "en", "jurisdiction": "CN", "time_zones": "Asia/Shanghai",
                   "email": f"c{number}@mail.example"}  # fmt: skip
            file.write(json.dumps(one) + "\n")
    return path


def started_by(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
async def test_killed_half_way_and_started_again_nothing_is_there_twice_and_nobody_is_left(
    tmp_path: Path, how: signal.Signals
) -> None:
    rows = 16_000  # so many that a slow look at it still comes before its end
    path = many_customers(tmp_path, rows)
    async with open_world(tmp_path) as world:
        env = environment(tmp_path, rulebooks=tmp_path / "rulebooks")
        command = [COMMAND, "import", "--kind", "customers", "--json", str(path)]
        killed = await asyncio.create_subprocess_exec(*command, env=env, stdout=PIPE, stderr=PIPE)
        await _until_there_are(world, 1)
        others = started_by(killed.pid)
        killed.send_signal(how)
        await killed.communicate()
        async with asyncio.timeout(60):
            while any(map(is_running, others)):  # noqa: ASYNC110 - they end by themselves
                await asyncio.sleep(0.05)
        had = (await numbers(world))["customer"]
        again = await asyncio.create_subprocess_exec(*command, env=env, stdout=PIPE, stderr=PIPE)
        said, shown = await again.communicate()

        assert others
        assert 0 < had < rows
        assert again.returncode == 0, shown
        assert json.loads(said)["added"] == rows
        assert b"where it was" in shown
        now = await numbers(world)
        assert (now["customer"], now["contact_point"], now["act"]) == (rows, rows, 2 * rows)
