"""The rows of a file that is imported: CSV with a header, or JSON Lines, each with where it ends."""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, TypeVar

import orjson

from gateway.api.reading import Reader
from gateway.bulk import ReadCustomer
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
    """A row as it stands there. `end` is the byte behind it; `given` is None where it is no row."""

    number: int
    end: int
    given: Mapping[str, Any] | None


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
    read = _csv_lines if path.suffix.lower() == ".csv" else _json_lines
    yield from read(path, kind, position, number)


def _json_lines(path: Path, kind: Kind, position: int, number: int) -> Iterator[Line]:
    with path.open("rb") as file:
        file.seek(position)
        for raw in file:
            number += 1
            position += len(raw)
            if raw.strip():
                yield Line(number, position, _object(raw, kind))


def _object(raw: bytes, kind: Kind) -> Mapping[str, Any] | None:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and found.keys() <= _COLUMNS[kind] else None


def _csv_lines(path: Path, kind: Kind, position: int, number: int) -> Iterator[Line]:
    with path.open("rb") as file:
        at = _Counted(file)
        header = next(csv.reader(at.texts()), [])
        if "reference" not in header or not set(header) <= _COLUMNS[kind] or len(set(header)) < len(header):
            raise BadFile(f"its columns are some of {', '.join(sorted(_COLUMNS[kind]))}")
        if position:
            file.seek(position)
            at = _Counted(file, position, number)
        rows = csv.reader(at.texts())
        while True:
            try:
                cells = next(rows, None)
            except csv.Error:
                cells = ["", ""] * len(header)
            if cells is None:
                return
            if cells:
                given = dict(zip(header, cells, strict=True)) if len(cells) == len(header) else None
                yield Line(at.number, at.position, given)


class _Counted:
    """The lines of a file as texts, and how far they were read. A row in quotes may have several."""

    def __init__(self, file: Any, position: int = 0, number: int = 0) -> None:
        self._file = file
        self.position = position
        self.number = number

    def texts(self) -> Iterator[str]:
        # Not by iterating: the position has to be that of the line, not of what was read ahead.
        while raw := self._file.readline():
            text = raw.decode("utf-8", errors="replace")
            if not self.position:
                text = text.removeprefix("\ufeff")
            self.position += len(raw)
            self.number += 1
            yield text


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

    def many(self, name: str) -> list[str]:
        """A JSON list, or columns with a number; zones in one column are parted by `;`."""
        value = self._given.get(name)
        if isinstance(value, list):
            if all(isinstance(one, str) for one in value):
                return [self.read.text(one, name) for one in value]
            self.read.wrong("is not a list of texts", name)
            return []
        columns = _NUMBERED.get(name, (name,))
        return [found for one in columns if one in self._given and (found := self.optional(one)) is not None]

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
        return self.read.money(value or "", currency, name)[0]


def customer(given: Mapping[str, Any]) -> RegisterCustomer:
    """Raises `Unacceptable`."""
    row = Row(given)
    party, place, shared = row.one_of("party", Party), row.one_of("place", Place), row.yes("shared")
    addresses = [(Channel.SMS, one) for one in row.many("phone")] + [(Channel.EMAIL, one) for one in row.many("email")]
    if not 1 <= len(addresses) <= _POINTS:
        row.read.wrong(f"needs 1 to {_POINTS} phones and mail addresses", "phone")
    zones = [part.strip() for one in row.many("time_zones") for part in one.split(";") if part.strip()]
    wanted = RegisterCustomer(
        reference=row.text("reference"),
        locale=row.read.locale(row.text("locale"), "locale"),
        jurisdiction=row.read.jurisdiction(row.text("jurisdiction"), "jurisdiction"),
        points=tuple(NewPoint(channel, address, party, place, shared) for channel, address in addresses),
        name=row.optional("name"),
        time_zones=tuple(dict.fromkeys(row.read.time_zone(one, "time_zones") for one in zones)) or None,
    )
    row.read.finish()
    return wanted


def bill(given: Mapping[str, Any]) -> RegisterBill:
    """Its `customer_id` is the customer's reference. Raises `Unacceptable`."""
    row = Row(given)
    currency = row.text("currency")
    instalment = row.optional("instalment")
    if instalment is not None and not (instalment.isascii() and instalment.isdigit() and 0 < int(instalment) < 10**6):
        row.read.wrong("is a number from 1", "instalment")
        instalment = None
    wanted = RegisterBill(
        reference=row.text("reference"),
        customer_id=row.text("customer"),
        account_reference=row.text("account"),
        amount_due=row.amount("amount_due", currency),
        currency=currency,
        due_on=row.read.date(row.text("due_on"), "due_on"),
        status=row.one_of("status", BillStatus),
        product=row.optional("product"),
        role=row.one_of("role", LenderRole),
        instalment=int(instalment) if instalment else None,
        amount_paid=row.amount("amount_paid", currency) if row.optional("amount_paid") else Decimal(0),
    )
    row.read.finish()
    return wanted


Wanted = ReadCustomer | RegisterBill | Unacceptable

_READ: Mapping[Kind, Callable[[Mapping[str, Any]], ReadCustomer | RegisterBill]] = {
    Kind.CUSTOMERS: lambda given: ReadCustomer.of(customer(given)),
    Kind.BILLS: bill,
}


def wanted(line: Line, kind: Kind) -> Wanted:
    """What the row asks for, or what is wrong with it."""
    if line.given is None:
        message = f"is no row, or has other fields than {', '.join(sorted(_COLUMNS[kind]))}"
        return problem(UserErrorCode.INVALID, message)
    try:
        return _READ[kind](line.given)
    except Unacceptable as wrong:
        return wrong
