"""The rows of a file that is imported: CSV with a header, or JSON Lines, each on a line of its own.

CSV may put quotes around a field (RFC 4180), but not a line end into it: with one quote left open a row would swallow
those behind it, and a customer's name would hold other customers' numbers.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum, StrEnum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import orjson

from gateway.api.reading import Reader
from gateway.bulk import Outcome, ReadCustomer
from gateway.model import Unacceptable, UserErrorCode, problem
from gateway.requests import NewPoint, RegisterBill, RegisterCustomer
from policies.facts import BillStatus, Channel, LenderRole, Party, Place

E = TypeVar("E", bound=Enum)


class Kind(StrEnum):
    CUSTOMERS = "customers"
    BILLS = "bills"


class BadFile(ValueError):
    """Nothing of the file can be read. Its text holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it stands there. `end` is the byte behind it; `given` is what is wrong with it where it is no row."""

    number: int
    end: int
    given: Mapping[str, Any] | str


_POINTS = 20
_NUMBERED = {name: (name, *(f"{name}{number}" for number in range(2, _POINTS + 1))) for name in ("phone", "email")}
_COLUMNS = {
    Kind.CUSTOMERS: {"reference", "name", "locale", "jurisdiction", "time_zones", "party", "place", "shared"}.union(
        *_NUMBERED.values()
    ),
    Kind.BILLS: {"reference", "customer", "account", "product", "role", "amount_due", "currency", "due_on"}
    | {"status", "instalment", "amount_paid"},
}


def lines(path: Path, kind: Kind, position: int, number: int) -> Iterator[Line]:
    """Those behind that byte and that line. Raises `BadFile`."""
    with path.open("rb") as file:
        if path.suffix.lower() == ".csv":
            first = file.readline()
            header = _header(first, kind)
            read: Callable[[bytes], Mapping[str, Any] | str] = partial(_cells, header)
            if not position:
                position, number = len(first), 1
        else:
            read = partial(_object, kind)
        file.seek(position)
        for raw in file:
            number += 1
            position += len(raw)
            if raw.strip():
                yield Line(number, position, read(raw))


def _object(kind: Kind, raw: bytes) -> Mapping[str, Any] | str:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return "is not JSON"
    if not isinstance(found, dict):
        return "is no JSON object"
    # Not its name: that may be anything.
    return found if found.keys() <= _COLUMNS[kind] else f"has a field that is none of {_named(kind)}"


def _header(raw: bytes, kind: Kind) -> list[str]:
    try:
        header = next(csv.reader([_text(raw).removeprefix("\ufeff")], strict=True), [])
    except csv.Error:
        raise BadFile("its first line is no CSV; lines end in LF or CRLF") from None
    if "reference" not in header or not set(header) <= _COLUMNS[kind] or len(set(header)) < len(header):
        raise BadFile(f"its columns are some of {_named(kind)}")
    return header


def _cells(header: Sequence[str], raw: bytes) -> Mapping[str, Any] | str:
    try:
        [cells] = csv.reader([_text(raw)], strict=True)
    except csv.Error:
        return "is no CSV: a quote is not closed or stands within a field, or the line is too long"
    if len(cells) != len(header):
        return f"has {len(cells)} fields, and the first line {len(header)}"
    return dict(zip(header, cells, strict=True))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace").rstrip("\r\n")


def _named(kind: Kind) -> str:
    return ", ".join(sorted(_COLUMNS[kind]))


class Row:
    """Reads one row's values; what is empty is absent."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self.read = Reader()

    def text(self, name: str) -> str:
        return self.read.text(self.optional(name) or "", name)

    def optional(self, name: str) -> str | None:
        value = self._given.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool | int):
            return str(value).lower()
        if not isinstance(value, str):
            self.read.wrong("is not a text", name)
            return None
        if "\ufffd" in value:
            self.read.wrong("is not UTF-8", name)
        return self.read.text(value, name)

    def many(self, name: str) -> dict[str, str]:
        """By where each stands: in a JSON list (`phone.0`), or in columns with a number (`phone2`)."""
        value = self._given.get(name)
        if isinstance(value, list):
            if all(isinstance(one, str) for one in value):
                return {f"{name}.{index}": self.read.text(one, name, str(index)) for index, one in enumerate(value)}
            self.read.wrong("is not a list of texts", name)
            return {}
        columns = _NUMBERED.get(name, (name,))
        return {one: found for one in columns if one in self._given and (found := self.optional(one)) is not None}

    def one_of(self, name: str, choices: type[E]) -> E | None:
        value = self.optional(name)
        if value is None:
            return None
        if value in choices.__members__:
            return choices[value]
        self.read.wrong(f"is none of {', '.join(choices.__members__)}", name)
        return None

    def yes(self, name: str) -> bool | None:
        value = self.optional(name)
        if value is None:
            return None
        if value.lower() not in ("true", "false"):
            self.read.wrong("is neither true nor false", name)
        return value.lower() == "true"

    def amount(self, name: str, currency: str) -> Decimal:
        value = self.optional(name)
        return self.read.amount(value or "", currency, name)


def customer(given: Mapping[str, Any]) -> ReadCustomer:
    """Raises `Unacceptable`."""
    row = Row(given)
    party, place, shared = row.one_of("party", Party), row.one_of("place", Place), row.yes("shared")
    phones, mails = row.many("phone"), row.many("email")
    addresses = [(Channel.SMS, one) for one in phones.values()] + [(Channel.EMAIL, one) for one in mails.values()]
    if not 1 <= len(addresses) <= _POINTS:
        row.read.wrong(f"needs 1 to {_POINTS} phones and mail addresses", "phone")
    zones = [part.strip() for one in row.many("time_zones").values() for part in one.split(";") if part.strip()]
    wanted = RegisterCustomer(
        reference=row.text("reference"),
        locale=row.read.locale(row.text("locale"), "locale"),
        jurisdiction=row.read.jurisdiction(row.text("jurisdiction"), "jurisdiction"),
        points=tuple(NewPoint(channel, address, party, place, shared) for channel, address in addresses),
        name=row.optional("name"),
        time_zones=tuple(dict.fromkeys(row.read.time_zone(one, "time_zones") for one in zones)) or None,
    )
    row.read.finish()
    return _as_columns(ReadCustomer.of(wanted), [*phones, *mails])


def _as_columns(read: ReadCustomer, columns: Sequence[str]) -> ReadCustomer:
    """What is wrong with an address is said of its column: the file has no contact points."""
    if not isinstance(read.points, Unacceptable):
        return read
    errors = (replace(one, field=(columns[int(one.field[1])],)) for one in read.points.errors)
    return replace(read, points=Unacceptable(*errors))


def bill(given: Mapping[str, Any]) -> RegisterBill:
    """Its `customer_id` is the customer's reference. Raises `Unacceptable`."""
    row = Row(given)
    currency = row.read.currency(row.text("currency"), "currency")
    instalment = row.optional("instalment")
    if instalment is not None and not (instalment.isascii() and instalment.isdigit() and 0 < int(instalment) < 10**6):
        row.read.wrong("is a number from 1", "instalment")
        instalment = None
    due = row.amount("amount_due", currency)
    paid = row.amount("amount_paid", currency) if row.optional("amount_paid") else Decimal(0)
    if paid > due:
        row.read.wrong("is more than amount_due", "amount_paid")
    wanted = RegisterBill(
        reference=row.text("reference"),
        customer_id=row.text("customer"),
        account_reference=row.text("account"),
        amount_due=due,
        currency=currency,
        due_on=row.read.date(row.text("due_on"), "due_on"),
        status=row.one_of("status", BillStatus),
        product=row.optional("product"),
        role=row.one_of("role", LenderRole),
        instalment=int(instalment) if instalment else None,
        amount_paid=paid,
    )
    row.read.finish()
    return wanted


_COLUMN_OF: Mapping[tuple[str, ...], tuple[str, ...]] = {("amountDue",): ("amount_due",)}
"""The column behind a field of `registerBill` that is told of only where the bill is known."""


def as_columns(outcome: Outcome) -> Outcome:
    """What is wrong with a row as it was written, by its columns."""
    if not isinstance(outcome, Unacceptable):
        return outcome
    return Unacceptable(*(replace(one, field=_COLUMN_OF.get(one.field, one.field)) for one in outcome.errors))


Wanted = ReadCustomer | RegisterBill | Unacceptable

_READ: Mapping[Kind, Callable[[Mapping[str, Any]], ReadCustomer | RegisterBill]] = {
    Kind.CUSTOMERS: customer,
    Kind.BILLS: bill,
}


def wanted(line: Line, kind: Kind) -> Wanted:
    """What the row asks for, or what is wrong with it."""
    if isinstance(line.given, str):
        return problem(UserErrorCode.INVALID, line.given)
    try:
        return _READ[kind](line.given)
    except Unacceptable as wrong:
        return wrong
