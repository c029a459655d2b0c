"""`gateway keys`: callers and their keys. A key is shown once and kept only as a hash."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from gateway.api.permissions import scopes
from gateway.callers import CannotRotate, create_key, rotate_key
from gateway.cli_database import customer_id, with_database
from gateway.clock import SystemClock
from gateway.model import Role
from gateway.printing import cell, show
from gateway.settings import Settings
from gateway.store import callers
from gateway.store.callers import Listed
from gateway.store.database import Database
from policies.facts import Purpose

keys = typer.Typer(help="API keys. A key is shown once and kept only as a hash.", no_args_is_help=True)


def register(cli: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Add the commands to the command line. `settings` reads them, or ends the command with what is wrong."""
    now = SystemClock()

    @keys.command()
    def create(
        role: Annotated[Role, typer.Option(help="What the caller is.")],
        name: Annotated[str, typer.Option(help="How the caller is named on what it asks for.")],
        customer: Annotated[str | None, typer.Option(help="The customer's reference, for a CUSTOMER key.")] = None,
        purpose: Annotated[
            list[Purpose] | None,
            typer.Option(help="A purpose that rules exempt and that this caller may use without further evidence."),
        ] = None,
        scope: Annotated[
            list[str] | None,
            typer.Option(metavar="OPERATION", help="An operation that it may use. Without any: all that its role may."),
        ] = None,
        expires_in: Annotated[
            float | None, typer.Option(metavar="DAYS", help="After how many days it ends. Default: never.")
        ] = None,
    ) -> None:
        """Make a caller and its key, and print the key, alone, on standard output."""
        _check_name(name)
        _check_scopes(role, scope or ())
        expires_at = None if expires_in is None else now() + timedelta(days=_length(expires_in, "--expires-in"))
        if (role is Role.CUSTOMER) != (customer is not None):
            message = "a CUSTOMER key needs the customer's reference, and no other key takes one"
            raise typer.BadParameter(message, param_hint="--customer")

        async def made(database: Database) -> str:
            return await create_key(
                database,
                role,
                name,
                customer_id=None if customer is None else await customer_id(database, customer),
                purposes=frozenset(purpose or ()),
                scopes=frozenset(scope or ()),
                expires_at=expires_at,
            )

        typer.echo(with_database(settings(), made))

    @keys.command()
    def rotate(
        caller_id: Annotated[str, typer.Argument(metavar="CALLER_ID", help="As `gateway keys list` shows it.")],
        overlap: Annotated[float, typer.Option(metavar="HOURS", help="How long the old key still opens.")] = 24,
    ) -> None:
        """Make another key for a caller, that lasts as long as its last one did, and print it, alone."""
        hours = timedelta(hours=_length(overlap, "--overlap", least=0))
        try:
            typer.echo(with_database(settings(), lambda database: rotate_key(database, caller_id, now(), hours)))
        except CannotRotate as why:
            raise typer.BadParameter(str(why)) from None

    @keys.command("list")
    def list_(
        as_json: Annotated[bool, typer.Option("--json", help="One JSON line per caller, with its keys.")] = False,
    ) -> None:
        """Every caller, oldest first."""

        async def listed(database: Database) -> list[Listed]:
            async with database.read() as work:
                return await callers.listed(work)

        found = with_database(settings(), listed)
        if as_json:
            for one in found:
                typer.echo(json.dumps(_told(one, now())))
        else:
            _show(found, now())

    @keys.command()
    def revoke(
        id_: Annotated[str, typer.Argument(metavar="ID", help="A caller's, or one key's: `gateway keys list --json`.")],
    ) -> None:
        """Shut a caller out, or one of its keys: within five seconds on every process."""

        async def revoked(database: Database) -> bool:
            async with database.write() as work:
                return await callers.revoke(work, id_)

        if not with_database(settings(), revoked):
            raise typer.BadParameter("there is no valid caller or key of this id")
        typer.echo("revoked")

    cli.add_typer(keys, name="keys")


def _check_name(name: str) -> None:
    if not name.strip():
        raise typer.BadParameter("a caller needs a name", param_hint="--name")


def _check_scopes(role: Role, given: Sequence[str]) -> None:
    for operation in given:
        if operation not in scopes(role):
            raise typer.BadParameter(f"{role} may use no operation of the name {operation}", param_hint="--scope")


def _length(given: float, option: str, *, least: float = 1 / 86_400) -> float:
    # Written so that what is no number is refused, too.
    if not least <= given <= 36_500:
        raise typer.BadParameter("this is too short or too long", param_hint=option)
    return given


def _told(one: Listed, now: datetime) -> dict[str, Any]:
    return {
        "id": one.caller.id,
        "role": one.caller.role,
        "name": one.caller.name,
        "scopes": sorted(one.caller.scopes),
        "valid": _valid(one, now),
        "keys": [
            {
                "id": key.id,
                "valid": key in one.valid_keys(now),
                "created_at": _time(key.created_at),
                "expires_at": _time(key.expires_at),
                "revoked_at": _time(key.revoked_at),
                "last_used_at": _time(key.last_used_at),
            }
            for key in one.keys
        ],
    }


def _show(found: Sequence[Listed], now: datetime) -> None:
    table = Table(
        Column("id", no_wrap=True),
        "role",
        "name",
        "scopes",
        "valid",
        "valid keys",
        Column("expires (UTC)", no_wrap=True),
        Column("last used (UTC)", no_wrap=True),
    )
    for one in found:
        valid = one.valid_keys(now)
        used = [key.last_used_at for key in one.keys if key.last_used_at]
        ends = None if not valid or any(key.expires_at is None for key in valid) else max(map(_end, valid))
        table.add_row(
            one.caller.id,
            one.caller.role,
            cell(one.caller.name),
            ", ".join(sorted(one.caller.scopes)) or "all of its role",
            _valid(one, now),
            str(len(valid)),
            _short(ends),
            _short(max(used, default=None)),
        )
    show(table)


def _end(key: callers.Key) -> datetime:
    assert key.expires_at is not None
    return key.expires_at


def _valid(one: Listed, now: datetime) -> str:
    if one.valid_keys(now):
        return "yes"
    return "revoked" if one.is_revoked or one.keys[-1].revoked_at else "expired"


def _time(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds") if instant else None


def _short(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else ""
