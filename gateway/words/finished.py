"""The finished words, looked at as a whole: what no template and no value says may arise where they meet.

Looking takes longer than writing. So it is done once for all messages that read alike: those of the same words and the
same values, whatever the digits in them, the names and the addresses.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import unescape

from gateway.words.errors import Unsayable
from gateway.words.speech import BILL_FACTS, Speech, written
from gateway.words.values import Rendered
from policies.facts import Purpose
from policies.tone import Problem, forbidden

#: The customer's, the lender's, and what no words can hide in. They are read as in a template: as no words.
_NO_WORDS = frozenset({"name", "lender", "account"})

#: Printed by us: every digit in them is a number's.
_PRINTED = (*sorted(BILL_FACTS), "_amount", "_on", "_minutes")
_FIVES = str.maketrans("0123456789", "5" * 10)

#: A digit within a word is read as a letter (`l3gal`); any other as a number, and all numbers are alike.
_LETTER = r"[^\W\d_\u3400-\u9fff]"
_NUMBER = re.compile(rf"(?<!{_LETTER})\d+(?!{_LETTER})")

_UNSEEN = re.compile(r"<(style|script|head)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_WITHIN_A_LINE = re.compile(r"</?(?:a|b|i|u|em|strong|span|small|font|mark|sub|sup)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


def look_over(speech: Speech, purpose: Purpose, names: Mapping[str, object], *, read_by_others: bool) -> None:
    """Raise `Unsayable` for what may not be said in the words as they will be read: subject, text and HTML.

    `names` are the values as they are printed, own names in a caller's words hidden (`own_names.hidden`).
    """
    alike = tuple([reading(names[name]) if name in names else None for name, reading in _readings(speech)])
    if _is_sayable(speech, purpose, read_by_others, alike):
        return
    # Decided by its own numbers, and told with them.
    exact = {name: _mark(name) if _holds_no_words(name) else names[name] for name in speech.uses & names.keys()}
    if problems := _problems(speech, purpose, exact, read_by_others=read_by_others):
        raise Unsayable(problems)


def layout_problems(source: str) -> tuple[Problem, ...]:
    """What is wrong with the words of a layout, which stand in every mail, whoever reads it."""
    return tuple(forbidden(_as_read(source), None, discreet=True))


# Most messages of a day read alike.
@lru_cache(maxsize=8192)
def _is_sayable(speech: Speech, purpose: Purpose, read_by_others: bool, alike: tuple[object, ...]) -> bool:
    names = {name: value for (name, _), value in zip(_readings(speech), alike, strict=True) if value is not None}
    return not _problems(speech, purpose, names, read_by_others=read_by_others)


@lru_cache(maxsize=4096)
def _readings(speech: Speech) -> tuple[tuple[str, Callable[[object], object]], ...]:
    """The names in use, each with what makes values that read alike the same."""
    return tuple((name, _reading(name, speech.decides)) for name in sorted(speech.uses))


def _reading(name: str, decides: frozenset[str]) -> Callable[[object], object]:
    if _holds_no_words(name):
        mark = _mark(name)
        return lambda _: mark
    if name in decides:
        return lambda value: value
    return _printed if name.endswith(_PRINTED) else _said


def _holds_no_words(name: str) -> bool:
    return name in _NO_WORDS or name.endswith("_url")


def _mark(name: str) -> str:
    return f"{{{{ {name} }}}}"


def _printed(value: object) -> object:
    return str(value).translate(_FIVES)


def _said(value: object) -> object:
    return _NUMBER.sub(_fives, value) if isinstance(value, str) else value


def _fives(number: re.Match[str]) -> str:
    return "5" * len(number[0])


def _problems(
    speech: Speech, purpose: Purpose, names: Mapping[str, object], *, read_by_others: bool
) -> tuple[Problem, ...]:
    message = written(speech, names)
    # A subject shows on a locked screen.
    said = [*forbidden(message.subject or "", purpose, discreet=True)]
    for text in _texts(message):
        said += forbidden(text, purpose, discreet=read_by_others)
    return tuple(dict.fromkeys(said))


def _texts(message: Rendered) -> tuple[str, ...]:
    return (message.text,) if message.html is None else (message.text, _as_read(message.html))


def _as_read(html: str) -> str:
    """What somebody sees of it. A tag within a line parts no word."""
    seen = _WITHIN_A_LINE.sub("", _UNSEEN.sub("\n", html))
    return unescape(_TAG.sub("\n", seen))
