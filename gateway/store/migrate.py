"""Bringing the schema up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from gateway.store.database import Database


async def upgrade(database: Database) -> None:
    """Run every migration that has not run yet."""

    def run(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    await database.run_sync(run)


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
