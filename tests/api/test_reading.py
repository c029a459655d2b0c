"""What callers write, and what is made of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from gateway.api.ids import Kind, global_id
from gateway.api.reading import Reader
from gateway.model import Unacceptable, UserErrorCode

INNER = "018f" + "0a" * 14

Read = Callable[[Reader], object]


def read(what: Read) -> object:
    reader = Reader()
    value = what(reader)
    reader.finish()
    return value


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02T08:00:00+08:00", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-02T08:00:00Z", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("2026-03-02t08:00:00z", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("2026-03-02 08:00:00.25-05:30", datetime(2026, 3, 2, 13, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-03-02T08:00:00.123456789Z", datetime(2026, 3, 2, 8, 0, 0, 123_456, tzinfo=UTC)),
        ("2028-02-29T23:59:59+00:00", datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_to_utc(text: str, instant: datetime) -> None:
    assert read(lambda reader: reader.instant(text, "at")) == instant


def test_a_date_an_hour_and_money_are_read() -> None:
    assert read(lambda reader: reader.date("2026-03-02", "dueOn")) == date(2026, 3, 2)
    assert read(lambda reader: reader.local_time("18:30", "start")) == time(18, 30)
    assert read(lambda reader: reader.money("1234.50", "CNY", "amount")) == (Decimal("1234.50"), "CNY")
    assert read(lambda reader: reader.money("0", "USD", "amount")) == (Decimal(0), "USD")
    assert read(lambda reader: reader.money("500.00", "JPY", "amount")) == (Decimal(500), "JPY")


@pytest.mark.parametrize("tag", ["zh-CN", "zh-Hans-CN", "en", "en-CN", "pt-BR", "sr-Latn-RS", "es-419", "de-CH-1996"])
def test_a_locale_is_kept_as_it_was_written(tag: str) -> None:
    assert read(lambda reader: reader.locale(tag, "locale")) == tag


def _bad() -> list[tuple[str, Read]]:
    instants = [
        "2026-03-02T08:00:00",  # naive
        "2026-03-02",
        "2026-02-30T08:00:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T23:59:60Z",
        "2026-03-02T08:00:00+25:00",
        "2026-W10-1T08:00:00Z",
        "20260302T080000Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "tomorrow",
        "",
        "２026-03-02T08:00:00Z",
        "2026-03-02T08:00:00Z\n",
    ]
    dates = ["2026-02-30", "2026-13-01", "02/03/2026", "2026-3-2", "0000-01-01", "", "20260302"]
    zones = ["Mars/Olympus", "asia/shanghai", "+08:00", "", "Factory", "../../etc/passwd", "UTC+8"]
    locales = ["", "english", "zz", "en-ZZZ", "en_US", "en-XX", "x" * 50, "en-" + "a-" * 50]
    jurisdictions = ["", "cn", "China", "US-", "US-ma", "US MA"]
    amounts = ["-1", "NaN", "Infinity", "1e3", "", "1,000", "1.234", "1" * 16, "+1", "0x10", "１", ".5", "1."]
    return [
        *((f"instant {text!r}", lambda reader, text=text: reader.instant(text, "field")) for text in instants),
        *((f"date {text!r}", lambda reader, text=text: reader.date(text, "field")) for text in dates),
        *((f"zone {text!r}", lambda reader, text=text: reader.time_zone(text, "field")) for text in zones),
        *((f"locale {text!r}", lambda reader, text=text: reader.locale(text, "field")) for text in locales),
        *((f"code {text!r}", lambda reader, text=text: reader.jurisdiction(text, "field")) for text in jurisdictions),
        *((f"amount {text!r}", lambda reader, text=text: reader.money(text, "CNY", "field")) for text in amounts),
        ("yen have no sen", lambda reader: reader.money("1.5", "JPY", "field")),
        *(
            (f"currency {text!r}", lambda reader, text=text: reader.money("1", text, "field"))
            for text in ["", "ABC", "cny", "¥"]
        ),
        *(
            (f"hour {text!r}", lambda reader, text=text: reader.local_time(text, "field"))
            for text in ["24:00", "8:00", "", "08:60", "noon"]
        ),
        *(
            (f"text {text[:5]!r}", lambda reader, text=text: reader.text(text, "field"))
            for text in ["", " ", "\t\n", "x" * 201, "a\x00b"]
        ),
        ("variables that are a list", lambda reader: reader.variables([1], "field")),
        ("variables that are text", lambda reader: reader.variables("x", "field")),
        ("variables that are too large", lambda reader: reader.variables({"a": "x" * 20_000}, "field")),
        ("variables that are too deep", lambda reader: reader.variables(_deep(400), "field")),
        ("variables with a huge number", lambda reader: reader.variables({"a": 2**70}, "field")),
    ]


def _deep(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(levels):
        inner = {"a": inner}
    return inner


@pytest.mark.parametrize(("bad"), [what for _, what in _bad()], ids=[name for name, _ in _bad()])
def test_what_is_bad_is_told_with_its_field_and_without_its_value(bad: Read) -> None:
    with pytest.raises(Unacceptable) as refused:
        read(bad)

    [error] = refused.value.errors
    assert error.code is UserErrorCode.INVALID
    assert error.field[0] == "field"
    assert "Olympus" not in error.message


def test_everything_that_is_wrong_is_told_at_once() -> None:
    reader = Reader()
    reader.instant("soon", "at")
    reader.text("", "source")
    reader.id("garbage", Kind.CUSTOMER, "customerId")

    with pytest.raises(Unacceptable) as refused:
        reader.finish()

    assert [error.field for error in refused.value.errors] == [("at",), ("source",), ("customerId",)]


def test_the_id_of_something_else_is_not_found() -> None:
    with pytest.raises(Unacceptable) as refused:
        read(lambda reader: reader.id(global_id(Kind.BILL, INNER), Kind.CUSTOMER, "customerId"))

    assert refused.value.errors[0].code is UserErrorCode.NOT_FOUND
