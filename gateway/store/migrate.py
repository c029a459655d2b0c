"""Bringing the schema up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from gateway.store import partitions
from gateway.store.database import Database


async def upgrade(database: Database) -> None:
    """Run every migration that has not run yet, and make the months that come on a server."""

    def run(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if not database.is_embedded:
            partitions.ensure(connection, database.now())

    await database.run_sync(run)


async def look_ahead(database: Database) -> None:
    """Make the months that come, where a schema is up to date and the last look is a while ago."""
    if not database.is_embedded:
        await database.run_sync(lambda connection: partitions.ensure(connection, database.now()))


async def is_current(database: Database) -> bool:
    """Whether the schema is the one this code was written for."""

    def ask(connection: Connection) -> bool:
        head = ScriptDirectory.from_config(_config()).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == head

    return bool(await database.run_sync(ask))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
