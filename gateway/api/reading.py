"""Reading what a caller wrote: one value at a time, and everything that is wrong is collected.

A reader's functions answer a stand-in where a value is bad, so that all of an input is looked at; `finish` raises
before anybody sees one. Messages never repeat the value: it may be an address.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from typing import TypeGuard, TypeVar
from zoneinfo import available_timezones

import orjson
import strawberry
from babel import Locale
from babel.numbers import get_currency_precision, list_currencies

from gateway.api.ids import Kind, NoId, parse_id
from gateway.model import Unacceptable, UserError, UserErrorCode
from gateway.words.variables import clean

T = TypeVar("T")

LONGEST_KEY = 200
LONGEST_NAME = 200
LONGEST_TEXT = 2000
LONGEST_LOCALE = 35
LARGEST_VARIABLES = 10_000
"""Bytes of JSON."""

_YEARS = range(1900, 2200)
_STAND_IN = datetime(2000, 1, 1, tzinfo=UTC)

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LOCAL_TIME = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,15})(?:\.(\d{1,15}))?", re.ASCII)
_JURISDICTION = re.compile(r"[A-Z]{2,16}(?:-[A-Z0-9]{1,8})*", re.ASCII)
_LOCALE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*(?:-[a-z0-9](?:-[a-z0-9]{2,8})+)*",  # variants and extensions
    re.ASCII | re.IGNORECASE,
)


class Reader:
    """`bad_id`: a mutation answers NOT_FOUND to what cannot be an id; a query says that it is none."""

    def __init__(self, bad_id: UserErrorCode = UserErrorCode.NOT_FOUND) -> None:
        self._bad_id = bad_id
        self._errors: list[UserError] = []

    def finish(self) -> None:
        """Raise what was found, if anything was."""
        if self._errors:
            raise Unacceptable(*self._errors)

    def wrong(self, message: str, *path: str, code: UserErrorCode = UserErrorCode.INVALID) -> None:
        """The first thing that is wrong with a field is enough."""
        if all(one.field != path for one in self._errors):
            self._errors.append(UserError(code, message, path))

    def text(self, value: str, *path: str, longest: int = LONGEST_NAME) -> str:
        """Not blank, not over-long, and nothing in it that a database cannot keep."""
        if not clean(value):
            self.wrong("must not be empty", *path)
        elif len(value) > longest:
            self.wrong(f"has more than {longest} characters", *path)
        elif "\x00" in value:
            self.wrong("holds a NUL character", *path)
        return value

    def optional_text(self, value: str | None, *path: str, longest: int = LONGEST_NAME) -> str | None:
        return self.text(value, *path, longest=longest) if is_given(value) else None

    def texts(self, values: Iterable[str] | None, *path: str) -> tuple[str, ...] | None:
        if not is_given(values):
            return None
        return tuple(self.text(value, *path, str(index)) for index, value in enumerate(values))

    def id(self, value: str, kind: Kind, *path: str) -> str:
        """The inner id. Whether that exists, the core says."""
        try:
            found, inner = parse_id(value)
        except NoId:
            self._no_id(kind, *path)
            return ""
        if found is not kind:
            self._no_id(kind, *path)
        return inner

    def optional_id(self, value: str | None, kind: Kind, *path: str) -> str | None:
        return self.id(value, kind, *path) if is_given(value) else None

    def _no_id(self, kind: Kind, *path: str) -> None:
        self.wrong(f"is not the id of a {kind}", *path, code=self._bad_id)

    def instant(self, value: str, *path: str) -> datetime:
        written = _INSTANT.fullmatch(value)
        if written is None:
            self.wrong("is not an RFC 3339 time such as 2026-03-02T08:00:00+08:00", *path)
        elif written[4] is None:
            self.wrong("needs an offset from UTC, such as +08:00 or Z: a time without one is ambiguous", *path)
        else:
            try:
                # Finer than microseconds is cut off.
                fraction = (written[3] or "")[:7]
                read = datetime.fromisoformat(f"{written[1]}T{written[2]}{fraction}{written[4].upper()}")
            except ValueError:
                self.wrong("is no time that exists", *path)
            else:
                if read.year in _YEARS:
                    return read.astimezone(UTC)
                self.wrong(f"must lie between {_YEARS[0]} and {_YEARS[-1]}", *path)
        return _STAND_IN

    def optional_instant(self, value: str | None, *path: str) -> datetime | None:
        return self.instant(value, *path) if is_given(value) else None

    def date(self, value: str, *path: str) -> date:
        if _DATE.fullmatch(value):
            try:
                read = date.fromisoformat(value)
            except ValueError:
                self.wrong("is no day that exists", *path)
            else:
                if read.year in _YEARS:
                    return read
                self.wrong(f"must lie between {_YEARS[0]} and {_YEARS[-1]}", *path)
        else:
            self.wrong("is not a date such as 2026-03-02", *path)
        return _STAND_IN.date()

    def local_time(self, value: str, *path: str) -> time:
        if _LOCAL_TIME.fullmatch(value):
            try:
                return time.fromisoformat(value)
            except ValueError:
                pass
        self.wrong("is not a time of day such as 18:30", *path)
        return time()

    def time_zone(self, value: str, *path: str) -> str:
        if value not in _zones():
            self.wrong("is not the IANA name of a time zone, such as Asia/Shanghai", *path)
        return value

    def locale(self, value: str, *path: str) -> str:
        if not _is_locale(value):
            self.wrong("is not a BCP 47 locale, such as zh-Hans-CN", *path)
        return value

    def jurisdiction(self, value: str, *path: str) -> str:
        if not _JURISDICTION.fullmatch(value):
            self.wrong("is not a jurisdiction's code, such as CN or US-MA", *path)
        return value

    def money(self, amount: str, currency: str, *path: str) -> tuple[Decimal, str]:
        known = self.currency(currency, *path, "currency")
        return self.amount(amount, known, *path, "amount"), known

    def currency(self, code: str, *path: str) -> str:
        if code not in _currencies():
            self.wrong("is not an ISO 4217 code, such as CNY", *path)
        return code

    def amount(self, amount: str, currency: str, *path: str) -> Decimal:
        written = _AMOUNT.fullmatch(amount)
        if written is None:
            self.wrong("is not an amount: digits, and a point if needed; at most 15 before it", *path)
            return Decimal()
        digits = get_currency_precision(currency)
        if len((written[2] or "").rstrip("0")) > digits:
            self.wrong(f"has more digits after the point than the currency, which has {digits}", *path)
        return Decimal(amount)

    def variables(self, value: object, *path: str) -> dict[str, object]:
        """An object that can be kept and compared."""
        if not is_given(value):
            return {}
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            self.wrong("must be an object", *path)
            return {}
        try:
            size = len(orjson.dumps(value))
        except TypeError:  # nested too deeply, or a number beyond 64 bits
            self.wrong("cannot be kept: it is nested too deeply, or holds a number that is too large", *path)
            return {}
        if size > LARGEST_VARIABLES:
            self.wrong(f"is larger than {LARGEST_VARIABLES} bytes", *path)
        return value


def is_given(value: T | None) -> TypeGuard[T]:
    """Whether the caller said anything. Null says nothing: what is absent stays as it was."""
    return value is not None and value is not strawberry.UNSET


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"Factory", "localtime", "posixrules"}


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@lru_cache(maxsize=1000)
def _is_locale(tag: str) -> bool:
    """Well formed, and of a language, script and region that exist, whether or not CLDR has a file for all three."""
    written = _LOCALE.fullmatch(tag) if len(tag) <= LONGEST_LOCALE else None
    if written is None:
        return False
    names = Locale("en")
    region = written["region"]
    script = written["script"]
    return (
        written["language"].lower() in names.languages
        and (script is None or script.title() in names.scripts)
        and (region is None or region.upper() in names.territories)
    )
