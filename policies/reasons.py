"""Reasons in words: every code has one complete sentence in English and one in Chinese.

A reason carries its instants in UTC with the zone to show them in, so the words are made where they are read.
"""

from collections.abc import Mapping
from datetime import date, datetime

from policies.decision import Detail, Reason
from policies.words import SENTENCES, WORDS
from policies.zones import zone

WITHHELD = Reason("shared_cap")
"""What one debtor is told where the true reason counts contacts to another debtor of the account."""


def speaks_of_others(facts: Mapping[str, Detail]) -> bool:
    """Whether what a finding looked at counts contacts to another debtor of the account."""
    return bool(facts.get("joint"))


def say(reason: Reason, language: str) -> str:
    """The reason as a sentence: in Chinese for any `zh` language, otherwise in English."""
    place = 1 if language.lower().startswith("zh") else 0
    # Codes and values of packs from before a change must still be readable.
    sentence = SENTENCES.get(reason.code, (reason.code, reason.code))[place]
    return sentence.format_map(
        {name: _word(name, value, reason.values, place) for name, value in reason.values.items()}
    )


def _word(name: str, value: Detail, values: Mapping[str, Detail], place: int) -> str:
    match name, value:
        case ("until", str()):
            return _instant(value, values.get("zone"), place)
        case ("at", str()):
            return _day(datetime.fromisoformat(value).date(), place)
        case ("pay_by" | "due_on", str()):
            return _day(date.fromisoformat(value), place)
    choices = WORDS.get(name, {})
    words = choices.get(value if isinstance(value, str) or value is None else str(value), choices.get("*"))
    return words[place].format_map(values) if words else str(value)


def _instant(text: str, where: Detail, place: int) -> str:
    wall = datetime.fromisoformat(text).astimezone(zone(str(where)))
    # Rules open on the minute; a rolling cap of hours may not.
    clock = f"{wall:%H:%M:%S}" if wall.second else f"{wall:%H:%M}"
    day = _day(wall.date(), place)
    return f"{day}{clock}（{where}）" if place else f"{day} {clock} ({where})"


def _day(day: date, place: int) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if place else day.isoformat()
