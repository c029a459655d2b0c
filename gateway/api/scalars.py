"""The schema's scalars. At the door they take any text, and `reading` says what is wrong with it.

Were the library to parse them, one naive time would fail all 500 items of a request before any of them is looked at;
read by us, it is a userError of its own item. Another type of JSON than text is still refused by the library.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

DateTimeText = NewType("DateTimeText", str)
"""What a caller wrote where a time belongs."""
DateText = NewType("DateText", str)
DecimalText = NewType("DecimalText", str)
LocalTimeText = NewType("LocalTimeText", str)
TimeZone = NewType("TimeZone", str)
Currency = NewType("Currency", str)
Locale = NewType("Locale", str)
Jurisdiction = NewType("Jurisdiction", str)


def _text(name: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not isinstance(value, str):
            raise GraphQLError(f"{name} is written as a string.")
        return value

    return parse


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _decimal(value: Decimal) -> str:
    return format(value, "f")


def _scalar(name: str, description: str, serialize: Callable[[Any], str] = str) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, serialize=serialize, parse_value=_text(name))


_DATE_TIME = _scalar(
    "DateTime",
    "An instant: RFC 3339 with an offset, 2026-03-02T08:00:00+08:00. One without an offset is refused. "
    "Answers are in UTC.",
    _instant,
)
_DATE = _scalar("Date", "A day of the calendar: 2026-03-02.", date.isoformat)
_DECIMAL = _scalar("Decimal", "A decimal number as text, so that no digit is lost: 1234.50.", _decimal)
_LOCAL_TIME = _scalar("LocalTime", "A time on the wall, without a zone: 18:30.")

SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: _DATE_TIME,
    DateTimeText: _DATE_TIME,
    date: _DATE,
    DateText: _DATE,
    Decimal: _DECIMAL,
    DecimalText: _DECIMAL,
    LocalTimeText: _LOCAL_TIME,
    TimeZone: _scalar("TimeZone", "The IANA name of a time zone: Asia/Shanghai."),
    Currency: _scalar("Currency", "An ISO 4217 code: CNY."),
    Locale: _scalar("Locale", "A BCP 47 tag: zh-Hans-CN."),
    Jurisdiction: _scalar("Jurisdiction", "A rulebook's code: CN, US, US-MA, US-NYC, UK, AU, IN, KR, JP ..."),
}
