"""The command line: `gateway serve | worker | demo | migrate | keys | rules | schema`."""

import asyncio
import json
from typing import Annotated

import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from gateway import app as gateway_app
from gateway.app import PortTaken
from gateway.callers import create_key
from gateway.cli_rules import rules
from gateway.model import Role
from gateway.providers import BadProvider
from gateway.settings import Settings
from gateway.store import callers, customers, migrate
from gateway.store.database import BadUrl
from gateway.words import WordsError
from policies.facts import Purpose
from policies.fields import PackError

cli = typer.Typer(help="One lawful door for every contact with a person who owes money.", no_args_is_help=True)
keys = typer.Typer(help="API keys. A key is shown once and kept only as a hash.", no_args_is_help=True)
cli.add_typer(keys, name="keys")
cli.add_typer(rules, name="rules")


def main() -> None:
    try:
        cli()
    except (BadUrl, gateway_app.OldSchema, PackError, WordsError, BadProvider, PortTaken) as error:
        typer.echo(f"gateway: {error}", err=True)
        raise SystemExit(2) from None


def _settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        # Each by its own name, and without its value: a setting may be a secret.
        wrong = (f"GATEWAY_{one['loc'][0]}".upper() + f": {one['msg']}" for one in error.errors())
        raise typer.BadParameter("; ".join(wrong)) from None
    gateway_app.set_up_logs(settings.log_level)
    return settings


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


@keys.command("create")
def keys_create(
    role: Annotated[Role, typer.Option(help="What the caller is.")],
    name: Annotated[str, typer.Option(help="How the caller is named on what it asks for.")],
    customer: Annotated[str | None, typer.Option(help="The customer's reference, for a CUSTOMER key.")] = None,
    purpose: Annotated[
        list[Purpose] | None,
        typer.Option(help="A purpose that rules exempt and that this caller may use without further evidence."),
    ] = None,
) -> None:
    """Make a key and print it, alone, on standard output."""

    async def run() -> str:
        async with gateway_app.open_database(_settings()) as database:
            customer_id = None
            if customer is not None:
                async with database.read() as work:
                    found = await customers.by_reference(work, customer)
                if found is None:
                    raise typer.BadParameter("there is no customer of this reference", param_hint="--customer")
                customer_id = found.id
            return await create_key(database, role, name, customer_id=customer_id, purposes=frozenset(purpose or ()))

    if not name.strip():
        raise typer.BadParameter("a caller needs a name", param_hint="--name")
    if (role is Role.CUSTOMER) != (customer is not None):
        message = "a CUSTOMER key needs the customer's reference, and no other key takes one"
        raise typer.BadParameter(message, param_hint="--customer")
    typer.echo(asyncio.run(run()))


@keys.command("list")
def keys_list(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per caller.")] = False,
) -> None:
    """Every caller, oldest first."""

    async def run() -> list[dict[str, str]]:
        async with gateway_app.open_database(_settings()) as database, database.read() as work:
            return [
                {"id": caller.id, "role": caller.role, "name": caller.name, "valid": "yes" if valid else "revoked"}
                for caller, valid in await callers.every(work)
            ]

    found = asyncio.run(run())
    if as_json:
        for one in found:
            typer.echo(json.dumps(one))
        return
    table = Table("id", "role", "name", "valid")
    for one in found:
        table.add_row(*one.values())
    Console().print(table)


@keys.command("revoke")
def keys_revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `gateway keys list` shows it.")]) -> None:
    """Shut a caller out: within five seconds on every process."""

    async def run() -> bool:
        async with gateway_app.open_database(_settings()) as database, database.write() as work:
            return await callers.revoke(work, key_id)

    if not asyncio.run(run()):
        raise typer.BadParameter("there is no valid key of this id")
    typer.echo("revoked")
