"""What no message may say, and why: threats, shame, hurry, inventions, borrowed authority, other people.

text -> folded (policies/folding.py) -> entries of tone_en.toml and tone_zh.toml that stand in it
     -> less what is excused: "we will not contact your family", 不会联系您的家人

"If you do not pay, we will sue" is not excused, nor "we will not hesitate to sue": what is denied must be what is
said, and without a condition. So between a "not" and what it denies stand only words of a list (tone_denials.toml).
A good sentence that is refused costs its writer another word; a threat that passes costs somebody their sleep.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from policies.facts import Purpose
from policies.folding import Folded, as_characters, as_words, folded, spelled_out, with_leading_letters

_FOLDER = Path(__file__).parent


class Kind(StrEnum):
    """What is wrong with the words of a message."""

    THREAT = "THREAT"
    SHAME = "SHAME"
    URGENCY_TRICK = "URGENCY_TRICK"
    INVENTED_CONSEQUENCE = "INVENTED_CONSEQUENCE"
    IMPERSONATED_AUTHORITY = "IMPERSONATED_AUTHORITY"
    THIRD_PARTY = "THIRD_PARTY"
    DEBT_WORD = "DEBT_WORD"  #: where others may read it
    MISSING_FACT = "MISSING_FACT"
    WRONG_LANGUAGE = "WRONG_LANGUAGE"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `words` stand in the text as they are given here; none where something is missing."""

    rule: str
    kind: Kind
    words: tuple[str, ...]
    message: str
    suggestion: str
    citation: str | None

    def __str__(self) -> str:
        said = ", ".join(f'"{word}"' for word in self.words)
        cited = f" ({self.citation})" if self.citation else ""
        return f"{self.rule}: {f'{said}: ' if said else ''}{self.message} Better: {self.suggestion}{cited}"


@dataclass(frozen=True, slots=True)
class _Entry:
    rule: str
    kind: Kind
    pattern: re.Pattern[str]
    glued: re.Pattern[str] | None  #: the same for words that are written letter by letter, without their edges
    why: str
    gentler: str
    citation: str | None
    lawful_in: frozenset[Purpose]
    negatable: bool


@dataclass(frozen=True, slots=True)
class _Lexicon:
    entries: tuple[_Entry, ...]
    harmless: re.Pattern[str] | None
    denied: re.Pattern[str]


def forbidden(text: str, purpose: Purpose | None, *, discreet: bool) -> Iterator[Problem]:
    """Everything in `text` that may not be said, each with its words. Debt words only where others may read it."""
    plain = folded(text)
    words = as_words(plain)
    english = [one for one in (words, with_leading_letters(words)) if one is not None]
    glued = list(spelled_out(plain))
    for lexicon, readings in ((_english(), english), (_chinese(), [as_characters(plain)])):
        spared = [_spared(lexicon, read) for read in readings]
        for entry in lexicon.entries:
            if purpose in entry.lawful_in or (entry.kind is Kind.DEBT_WORD and not discreet):
                continue
            pairs = zip(readings, spared, strict=True)
            said = [one for read, harmless in pairs for one in _said(lexicon, entry, read, harmless)]
            if entry.glued is not None:
                said += [one.verbatim(*found.span()) for one in glued for found in entry.glued.finditer(one.text)]
            if said:
                yield Problem(
                    entry.rule, entry.kind, tuple(dict.fromkeys(said)), entry.why, entry.gentler, entry.citation
                )


def _said(lexicon: _Lexicon, entry: _Entry, read: Folded, spared: set[int]) -> Iterator[str]:
    for found in entry.pattern.finditer(read.text):
        denied = entry.negatable and lexicon.denied.search(read.text[max(0, found.start() - 60) : found.start()])
        if not denied and found.start() not in spared:
            yield read.verbatim(*found.span())


def _spared(lexicon: _Lexicon, read: Folded) -> set[int]:
    if lexicon.harmless is None:
        return set()
    return {place for found in lexicon.harmless.finditer(read.text) for place in range(*found.span())}


def _denial(language: str) -> re.Pattern[str]:
    """Where a text up to what is said ends in a denial of it, with no condition before it in the clause."""
    denials = tomllib.loads((_FOLDER / "tone_denials.toml").read_text(encoding="utf-8"))[language]
    ends, conditions = denials["ends"], "|".join(denials["conditions"])
    either = "|".join(f"{one['not']}(?:{'|'.join(one['between'])}){{0,{one['most']}}}" for one in denials["forms"])
    return re.compile(f"(?:^|[{ends}\n])(?:(?!{conditions})[^{ends}\n])*(?:{either})$")


@cache
def _english() -> _Lexicon:
    return _lexicon("tone_en.toml", _denial("en"), words=True)


@cache
def _chinese() -> _Lexicon:
    return _lexicon("tone_zh.toml", _denial("zh"), words=False)


def _lexicon(file: str, denied: re.Pattern[str], *, words: bool) -> _Lexicon:
    entries = tomllib.loads((_FOLDER / file).read_text(encoding="utf-8"))["entry"]
    harmless = "|".join(_spaced(one) if words else one for entry in entries for one in entry.get("except", ()))
    return _Lexicon(
        tuple(
            _Entry(
                rule=entry["id"],
                kind=Kind[entry["kind"]],
                pattern=_pattern(entry["patterns"], entry.get("symbols", ()), words=words),
                glued=re.compile("|".join(entry["patterns"]).replace(" ?", "").replace(" ", "")) if words else None,
                why=entry["why"],
                gentler=entry["gentler"],
                citation=entry.get("citation"),
                lawful_in=frozenset(Purpose[one] for one in entry.get("lawful_in", ())),
                negatable=entry.get("negatable", True),
            )
            for entry in entries
        ),
        re.compile(harmless) if harmless else None,
        denied,
    )


def _pattern(patterns: list[str], symbols: list[str], *, words: bool) -> re.Pattern[str]:
    either = "|".join(patterns)
    if words:
        either = _spaced(either)
    return re.compile("|".join([either, *map(re.escape, symbols)]))


def _spaced(pattern: str) -> str:
    """Of whole words, whatever parts them."""
    return r"\b(?:" + pattern.replace(" ?", r"[\W_]*").replace(" ", r"[\W_]+") + r")\b"
