"""Money, dates and counts as they are said in one language: ready to print."""

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_timedelta
from babel.numbers import NumberPattern, parse_pattern

from policies.facts import Channel

#: The currency signs of the GSM alphabet. Any other would make a whole English SMS twice as long.
_SMS_SIGNS = frozenset("$£¥€")
_BEARABLE_DIGITS = 18
#: Quotes and brackets may close after the mark. A comma or a colon was meant.
_IS_ENDED = re.compile(r"""[.!?…,:;~。！？，：；、～][\s"'”’」』)）\]】》]*\Z""")
_ADDRESS_LAST = re.compile(r"(?:https?://|www\.|@)\S*\Z")


@dataclass(frozen=True)
class Phrases:
    """How a reader of `locale` writes amounts, days and dates."""

    locale: Locale
    channel: Channel
    _sign: NumberPattern
    _code: NumberPattern

    def money(self, amount: Decimal, currency: str) -> str:
        """The exact amount: never rounded, whatever the currency's usual digits are."""
        said = self._apply(self._sign, amount, currency)
        if self.channel is Channel.SMS and not all(char.isascii() or char in _SMS_SIGNS for char in said):
            return self._apply(self._code, amount, currency)
        return said

    def day(self, day: date) -> str:
        """The month is always a word or 月, so that nobody reads March as February."""
        return _day(day, "medium" if self.channel is Channel.SMS else "long", self.locale)

    def days(self, number: int) -> str:
        return _length(timedelta(days=number), "day", self.locale)

    def minutes(self, number: int) -> str:
        return _length(timedelta(minutes=number), "minute", self.locale)

    def sentence(self, text: str) -> str:
        """`text`, ended: what follows it would be read as part of it."""
        if _IS_ENDED.search(text):
            return text
        # Else the mark would be read as the address's.
        gap = " " if _ADDRESS_LAST.search(text) else ""
        return f"{text}{gap}{'。' if self.locale.language == 'zh' else '.'}"

    def _apply(self, pattern: NumberPattern, amount: Decimal, currency: str) -> str:
        said = pattern.apply(amount, self.locale, currency=currency, decimal_quantization=False)
        return _plain(said)


@lru_cache(maxsize=256)
def phrases(tag: str, language: str, channel: Channel) -> Phrases:
    """The customer's own region where it speaks `language` (en-GB writes 2 Mar), else the language's usual way."""
    locale = _locale(tag, language)
    return Phrases(locale, channel, locale.currency_formats["standard"], parse_pattern("¤¤\N{NO-BREAK SPACE}#,##0.00"))


def printable_amount(amount: Decimal) -> bool:
    """Whether writing it out is harmless: 1E+999999 is a valid Decimal with a million digits."""
    return amount.is_finite() and len(amount.as_tuple().digits) <= _BEARABLE_DIGITS >= abs(amount.adjusted())


def masked(account: str) -> str:
    """Enough to recognise one's own account, too little to be used by others."""
    shown = 4 if len(account) >= 8 else 2 if len(account) >= 4 else 0
    return "**" + account[len(account) - shown :]


def _locale(tag: str, language: str) -> Locale:
    try:
        locale = Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language)
    # All of Chinese is written in the simplified way, so its numbers and dates are too.
    return locale if locale.language == language != "zh" else Locale.parse(language)


# Many customers share a due date and a number of days, so both are worth remembering.
@lru_cache(maxsize=4096)
def _day(day: date, style: Literal["medium", "long"], locale: Locale) -> str:
    return _plain(format_date(day, style, locale))


@lru_cache(maxsize=4096)
def _length(length: timedelta, unit: Literal["day", "minute"], locale: Locale) -> str:
    """In this unit only: 40 days stay 40 days. (babel's `format_unit` knows no long units in Chinese.)"""
    return _plain(format_timedelta(length, granularity=unit, threshold=math.inf, locale=locale))


def _plain(said: str) -> str:
    """No-break spaces are outside the GSM alphabet, and mail clients break their lines well without them."""
    return said.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
