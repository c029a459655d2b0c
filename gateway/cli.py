"""The command line: `gateway serve | worker | demo | migrate | import | campaign | keys | rules | words | audit |
vault | permissions | schema`, and what operators need."""

import asyncio
import os

import typer
import uvloop
from pydantic import ValidationError

from gateway import app as gateway_app
from gateway import (
    cli_audit,
    cli_campaign,
    cli_importing,
    cli_keys,
    cli_operating,
    cli_permissions,
    cli_vault,
    cli_words,
    logs,
)
from gateway.app import PortTaken
from gateway.cli_rules import rules
from gateway.masterkeys import BadMasterKey
from gateway.providers import BadProvider
from gateway.settings import Settings
from gateway.store import migrate
from gateway.store.database import BadUrl
from gateway.store.faults import is_unavailable
from gateway.store.vault import WrongMasterKey
from gateway.trusted import BadDocuments
from gateway.words import WordsError
from policies.fields import PackError
from policies.plans import BadPlans

cli = typer.Typer(help="One lawful door for every contact with a person who owes money.", no_args_is_help=True)
cli.add_typer(rules, name="rules")


def main() -> None:
    # The database, backups, exports, lists of bad rows: nobody else on the machine reads what people owe.
    os.umask(0o077)
    try:
        cli()
    except (
        BadUrl,
        gateway_app.OldSchema,
        PackError,
        BadPlans,
        WordsError,
        BadProvider,
        PortTaken,
        BadDocuments,
        BadMasterKey,
        WrongMasterKey,
    ) as error:
        typer.echo(f"gateway: {error}", err=True)
        raise SystemExit(2) from None
    except Exception as error:
        if not is_unavailable(error):
            typer.echo(f"gateway: something went wrong on our side ({logs.kind(error)})", err=True)
            for place in logs.places(error):
                typer.echo(f"  {place}", err=True)
            raise SystemExit(1) from None
        # Without its text, which may name the host and the user.
        message = f"GATEWAY_DATABASE_URL: the database cannot be reached or used ({type(error).__name__})"
        typer.echo(f"gateway: {message}", err=True)
        raise SystemExit(1) from None


def _settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        # Each by its own name, and without its value: a setting may be a secret.
        # What is wrong with several together has no name of its own, and says theirs.
        wrong = (
            ": ".join([*(f"GATEWAY_{name}".upper() for name in one["loc"][:1]), one["msg"]]) for one in error.errors()
        )
        raise typer.BadParameter("; ".join(wrong)) from None
    logs.set_up(settings.log_level)
    return settings


cli_operating.register(cli, _settings)
cli.add_typer(cli_vault.commands(_settings), name="vault")
cli_audit.register(cli, _settings)
cli_campaign.register(cli, _settings)
cli_keys.register(cli, _settings)
cli_importing.register(cli, _settings)
cli_permissions.register(cli)
cli.add_typer(cli_words.commands(_settings), name="words")


@cli.command("serve")
def serve_() -> None:
    """Listen on GATEWAY_HOST:GATEWAY_PORT, and deliver what falls due."""
    from gateway.server import serve  # noqa: PLC0415 - the API takes a moment to build that other commands do not need

    uvloop.run(serve(_settings()))


@cli.command()
def worker() -> None:
    """Deliver what falls due, without listening."""
    from gateway.server import work  # noqa: PLC0415 - as above

    uvloop.run(work(_settings()))


@cli.command()
def demo() -> None:
    """Everything on this machine: customers, bills, a local SMS provider and a local mail server."""
    from gateway.demo import run  # noqa: PLC0415 - the mail server is an extra that production does not install

    uvloop.run(run.demo(_settings()))


@cli.command("migrate")
def migrate_() -> None:
    """Bring the database's schema up to date."""

    async def run() -> None:
        async with gateway_app.open_database(_settings(), upgrade=True) as database:
            current = await migrate.is_current(database)
        typer.echo("the schema is up to date" if current else "the schema is not up to date")

    asyncio.run(run())


@cli.command()
def schema() -> None:
    """Print the GraphQL schema."""
    from gateway.api.schema import sdl  # noqa: PLC0415 - as above

    typer.echo(sdl(), nl=False)
