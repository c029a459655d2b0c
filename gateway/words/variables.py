"""The caller's variables: checked, cleaned, and made ready to print.

The end of a name says what it is: `_amount` is money in the bill's currency, `_on` an ISO date, `_minutes` a whole
number of minutes, `_url` an address on the web. Anything else is a short text, a number or a yes or no.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from gateway.words.errors import BadName, BadVariable
from gateway.words.phrases import Phrases, printable_amount

#: What is known of every message.
ALWAYS = frozenset({"lender", "phone", "pay_url", "help_url"})
#: The names that we fill in ourselves. A caller cannot speak in the lender's name or change what a bill says.
BUILT_IN = ALWAYS | {
    *("name", "unsubscribe_url", "survey_url"),
    *("amount", "currency", "due_on", "days_overdue", "account"),
}
#: Those that are sentences, and are ended where a template goes on after them.
SENTENCES = frozenset({"answer", "next_step", "notice", "offer"})
MAX_LENGTH = 500

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
#: In ASCII and without a user: nobody reads `https://lender.example@evil.example`, or an а that is no a, as what it is.
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#](?:(?![\"'<>\\^`{|}])[!-~])*)?", re.ASCII)
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: They turn the direction of the text around, are not seen though they are there (and split a word that somebody looks
#: for, or carry another), or cannot be encoded at all. Joiners (200c, 200d) stay: Persian names and emoji need them.
_HARMFUL = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
#: Somebody's name is no advertisement: phones and mail programs make a link of each of these.
_LINK = re.compile(r"://|\S@\S|\w{2,}\.[^\W\d_]{2,}")


def clean(text: str) -> str:
    """One line without control characters: a value can begin no paragraph and no mail header."""
    return _BREAKS.sub(" ", _HARMFUL.sub("", text)).strip()


def name_of(text: str | None) -> str | None:
    """A customer's name as it may stand in a message. None: there is none, or it would be read as an address."""
    name = clean(text or "")
    return name if name and not _LINK.search(name) else None


def check_variables(variables: Mapping[str, object]) -> None:
    """Raise `BadVariable` for the first that could never be rendered. Worth calling before a contact is accepted."""
    for name, value in variables.items():
        _check(name, value)


def ready(
    variables: Mapping[str, object], phrases: Phrases, currency: str | None, unended: Collection[str] = ()
) -> dict[str, object]:
    """The variables as they will be read. Without a bill no currency is known: an `_amount` counts as not given.

    `unended`: those after which the template sets no mark of its own.
    """
    check_variables(variables)
    said = {
        name: phrases.sentence(clean(value))
        for name, value in variables.items()
        if name in unended and isinstance(value, str)
    }
    return {
        name: said.get(name) or _say(name, value, phrases, currency)
        for name, value in variables.items()
        if currency is not None or not name.endswith("_amount")
    }


def _check(name: str, value: object) -> None:
    if name in BUILT_IN:
        raise BadVariable(name, "is filled in by the gateway and cannot be given")
    if not _NAME.fullmatch(name):
        raise BadName(name, "has a name that is none: use small letters, digits and _")
    if isinstance(value, bool):
        return
    if not isinstance(value, str | int | float | Decimal):
        raise BadVariable(name, "must be a text, a number, true or false")
    if not _is_short(value):
        raise BadVariable(name, f"is longer than {MAX_LENGTH} characters")
    if not clean(str(value)):
        raise BadVariable(name, "is empty")
    _check_kind(name, clean(str(value)))


def _is_short(value: str | float | Decimal) -> bool:
    try:
        return len(str(value)) <= MAX_LENGTH
    except ValueError:  # Python refuses to write out integers of thousands of digits
        return False


def _check_kind(name: str, text: str) -> None:
    if name.endswith("_url") and not _URL.fullmatch(text):
        raise BadVariable(name, "must be an address that begins with https:// or http://, in ASCII and without a user")
    if name.endswith("_on"):
        _date(name, text)
    if name.endswith("_amount"):
        _amount(name, text)
    if name.endswith("_minutes"):
        _minutes(name, text)


def _say(name: str, value: object, phrases: Phrases, currency: str | None) -> object:
    if isinstance(value, bool):
        return value
    text = clean(str(value))
    if name.endswith("_on"):
        return phrases.day(_date(name, text))
    if name.endswith("_amount") and currency is not None:
        return phrases.money(_amount(name, text), currency)
    if name.endswith("_minutes"):
        return phrases.minutes(_minutes(name, text))
    return text


def _date(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadVariable(name, "must be a date like 2026-03-02") from None


def _amount(name: str, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise BadVariable(name, "must be an amount like 120.00") from None
    if not printable_amount(amount):
        raise BadVariable(name, "must be an amount like 120.00")
    return amount


def _minutes(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise BadVariable(name, "must be a whole number of minutes")
    return int(text)
