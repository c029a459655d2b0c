"""How fast files are imported, in how much memory and room, and that a kill half-way leaves nothing twice.

    python -m tests.benchmarks.importing --customers 20000 --bills-per 3 [--database postgresql] [--kill]

The files and the SQLite database are in a folder that is deleted at the end.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from gateway.clock import SystemClock
from gateway.store import migrate
from gateway.store.database import Database
from tests import databases
from tests.processes import environment

COMMAND = str(Path(sys.executable).with_name("gateway"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--bills-per", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kill", action="store_true", help="kill -9 each import half-way, and start it again")
    asked = parser.parse_args()
    databases.kind = asked.database
    with tempfile.TemporaryDirectory(prefix="gateway-import-") as folder:
        where = Path(folder)
        asyncio.run(_migrate(where))
        for kind, rows in (("customers", asked.customers), ("bills", asked.customers * asked.bills_per)):
            path = where / f"{kind}.jsonl"
            _make(path, kind, rows, asked.bills_per)
            _import(where, path, kind, rows, kill=asked.kill)
        asyncio.run(_verify(where, asked.customers, asked.customers * asked.bills_per))


def _make(path: Path, kind: str, rows: int, bills_per: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            one = _customer(number) if kind == "customers" else _bill(number, bills_per)
            file.write(json.dumps(one, ensure_ascii=False) + "\n")


def _customer(number: int) -> dict[str, object]:
    return {
        "reference": f"C-{number}",
        "name": "王芳",
        "locale": "zh-CN",
        "jurisdiction": "CN",
        "phone": f"+86139{number % 10**8:08}",
        "email": f"c{number}@mail.example",
    }


def _bill(number: int, bills_per: int) -> dict[str, object]:
    whose = number // bills_per
    return {
        "reference": f"B-{number}",
        "customer": f"C-{whose}",
        "account": f"A-{whose}",
        "amount_due": "1234.50",
        "currency": "CNY",
        "due_on": "2026-11-14",
        "instalment": number % bills_per + 1,
    }


def _import(where: Path, path: Path, kind: str, rows: int, *, kill: bool) -> None:
    command = [COMMAND, "import", "--kind", kind, "--json", str(path)]
    env = environment(where) | {"COLUMNS": "100"}
    began, was_killed = time.monotonic(), False
    if kill:
        first = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        table = "customer" if kind == "customers" else "bill"
        while first.poll() is None and asyncio.run(_line(where)) < rows // 2:
            time.sleep(0.5)
        was_killed = first.poll() is None
        first.kill()
        first.wait()
        had = asyncio.run(_counted(where, table))
        sys.stdout.write(f"{kind}: killed with {had} of {rows} there\n")
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    goes_on = "where it was" in done.stderr
    assert goes_on or not was_killed, done.stderr
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.stdout.write(f"{kind}: {rows} rows in {took:.1f} s, {rows / took:.0f} a second, peak {peak:.0f} MiB\n")
    sys.stdout.write(f"  {done.stdout.strip()}\n")
    sys.stdout.write(f"  the database has {asyncio.run(_size(where)) / 2**20:.0f} MiB\n")
    sys.stdout.flush()


async def _verify(where: Path, customers: int, bills: int) -> None:
    """Every row once, and one act for each."""
    found = {name: await _counted(where, name) for name in ("customer", "contact_point", "account", "bill", "act")}
    wanted = {"customer": customers, "contact_point": 2 * customers, "account": customers, "bill": bills}
    wanted["act"] = sum(wanted.values())
    assert found == wanted, (found, wanted)
    sys.stdout.write(f"nothing is there twice: {json.dumps(found)}\n")


async def _counted(where: Path, name: str) -> int:
    database = _open(where)
    try:
        async with database.read() as work:
            return int((await work.all(text(f"SELECT count(*) FROM {name}")))[0][0])
    finally:
        await database.close()


async def _line(where: Path) -> int:
    """How far the import has come."""
    database = _open(where)
    try:
        async with database.read() as work:
            return int((await work.all(text("SELECT coalesce(max(line), 0) FROM import_run")))[0][0])
    finally:
        await database.close()


async def _size(where: Path) -> int:
    """In bytes, its write-ahead log left out."""
    database = _open(where)
    statement = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    if databases.kind == "postgresql":
        statement = "SELECT pg_database_size(current_database())"
    try:
        async with database.read() as work:
            return int((await work.all(text(statement)))[0][0])
    finally:
        await database.close()


async def _migrate(where: Path) -> None:
    database = _open(where)
    await migrate.upgrade(database)
    await database.close()


def _open(where: Path) -> Database:
    return Database(databases.url(where), SystemClock(), databases.vault())


if __name__ == "__main__":
    main()
