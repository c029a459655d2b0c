"""`gateway permissions`: the tables of who may do what and who sees what, for people and for programs."""

import json
from collections.abc import Iterator
from textwrap import wrap
from typing import Annotated

import typer

from gateway.api.permissions import FIELDS, OWN_ONLY, PERMISSIONS, Cell, Row
from gateway.model import Role

_NAMES, _WORDS = 60, 15
"""How wide the columns are: of names, and of each role."""

_OPERATIONS = """\
Operations: who may call them. Everybody else is told FORBIDDEN. To a customer, what is another customer's does not
exist: null from a query, NOT_FOUND from a mutation. own: on what is the caller's own, or what it holds."""

_FIELDS = """\
Fields: own|another's, or one word for both.
  shown   at once
  reason  with a reason, which is on record and which the customer sees
  partly  without what it says of other people
  masked  null, beside a masked text where there is one
  hidden  the whole thing does not exist for this caller
Own is for CUSTOMER what is theirs, for SERVICE the contact it requested and the event subscription it made, for AGENT
and ADMIN what the callback is about that they hold."""


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("permissions")(permissions)


def permissions(as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False) -> None:
    """Print who may call which operation, and who sees which field, of their own and of another's."""
    typer.echo(json.dumps(_told(), indent=2) if as_json else "\n".join(lines()))


def lines() -> Iterator[str]:
    """Both tables, as people read them."""
    roles = "".join(role.ljust(_WORDS) for role in Role)
    yield _OPERATIONS
    yield ""
    yield f"{'':{_NAMES}}{roles}".rstrip()
    for operation in PERMISSIONS:
        yield f"{operation:{_NAMES}}{''.join(_called(operation, role).ljust(_WORDS) for role in Role)}".rstrip()
    yield ""
    yield _FIELDS
    yield ""
    yield f"{'':{_NAMES}}{roles}".rstrip()
    for type_, rows in _by_type().items():
        yield type_
        for row, names in rows:
            first, *more = wrap(", ".join(names), _NAMES - 4)
            yield f"  {first:{_NAMES - 2}}{''.join(_seen(row[role]).ljust(_WORDS) for role in Role)}".rstrip()
            yield from (f"  {rest}" for rest in more)


def _by_type() -> dict[str, list[tuple[Row, list[str]]]]:
    """The fields of each type, those together that the same people see."""
    types: dict[str, list[tuple[Row, list[str]]]] = {}
    for field, row in FIELDS.items():
        type_, _, name = field.partition(".")
        rows = types.setdefault(type_, [])
        same = next((names for other, names in rows if other == row), None)
        if same is None:
            rows.append((row, [name]))
        else:
            same.append(name)
    return types


def _called(operation: str, role: Role) -> str:
    if role not in PERMISSIONS[operation]:
        return "-"
    return "own" if role in OWN_ONLY.get(operation, ()) else "yes"


def _seen(cell: Cell) -> str:
    return cell.own if cell.own is cell.others else f"{cell.own}|{cell.others}"


def _told() -> dict[str, dict[str, dict[str, str]]]:
    return {
        "operations": {name: {role: _called(name, role) for role in Role} for name in PERMISSIONS},
        "fields": {name: {role: _seen(cell) for role, cell in row.items()} for name, row in FIELDS.items()},
    }
