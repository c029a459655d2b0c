"""What no message may say, and why: threats, shame, hurry, inventions, borrowed authority, other people.

text -> folded (policies/folding.py) -> entries of tone_en.toml and tone_zh.toml that stand in it
     -> less what is excused: "we will not contact your family", 不会联系您的家人

"If you do not pay, we will sue" is not excused: what is denied must be what is said, and without a condition.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from policies.facts import Purpose
from policies.folding import Folded, as_characters, as_words, folded

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
    for lexicon, read in ((_english(), as_words(plain)), (_chinese(), as_characters(plain))):
        spared = _spared(lexicon, read)
        for entry in lexicon.entries:
            if purpose in entry.lawful_in or (entry.kind is Kind.DEBT_WORD and not discreet):
                continue
            words = tuple(dict.fromkeys(_said(lexicon, entry, read, spared)))
            if words:
                yield Problem(entry.rule, entry.kind, words, entry.why, entry.gentler, entry.citation)


def _said(lexicon: _Lexicon, entry: _Entry, read: Folded, spared: set[int]) -> Iterator[str]:
    for found in entry.pattern.finditer(read.text):
        denied = entry.negatable and lexicon.denied.search(read.text[max(0, found.start() - 60) : found.start()])
        if not denied and found.start() not in spared:
            yield read.verbatim(*found.span())


def _spared(lexicon: _Lexicon, read: Folded) -> set[int]:
    if lexicon.harmless is None:
        return set()
    return {place for found in lexicon.harmless.finditer(read.text) for place in range(*found.span())}


#: Not, and then what is denied; but nothing that turns it around, and no condition before it in the clause.
_NOT_EN = re.compile(
    r"(?:^|[.,;:!?\n])(?:(?!\b(?:if|unless|until|when|should)\b)[^.,;:!?\n])*"
    r"\b(?:not|never|no|without|nor|[a-z]+n['’]?t)\s+"
    r"(?:(?!(?:will|shall|we|you|then|but|pay|repay|respond|reply|ignore|delay|fail|avoid|settle|only|escape)\b)[\w’']+\s+){0,4}$"
)
_NOT_ZH = re.compile(
    r"(?:^|[，。；：！？,;:!?\n])(?:(?!如|若|要是|假如|再不|否则|除非|不还|不付)[^，。；：！？,;:!?\n])*"
    r"(?:不会|不得|绝不|决不|从不|并不|不需要|无需|不必|不用|不能|不可|没有|未曾|并非|禁止|不向|不联系|不影响|不提)"
    r"(?:(?![不就将便则还])[^，。；：！？,;:!?\n]){0,10}$"
)


@cache
def _english() -> _Lexicon:
    return _lexicon("tone_en.toml", _NOT_EN, words=True)


@cache
def _chinese() -> _Lexicon:
    return _lexicon("tone_zh.toml", _NOT_ZH, words=False)


def _lexicon(file: str, denied: re.Pattern[str], *, words: bool) -> _Lexicon:
    entries = tomllib.loads((_FOLDER / file).read_text(encoding="utf-8"))["entry"]
    harmless = "|".join(re.escape(one) for entry in entries for one in entry.get("except", ()))
    return _Lexicon(
        tuple(
            _Entry(
                rule=entry["id"],
                kind=Kind[entry["kind"]],
                pattern=_pattern(entry["patterns"], entry.get("symbols", ()), words=words),
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
        either = r"\b(?:" + either.replace(" ?", r"[\W_]*").replace(" ", r"[\W_]+") + r")\b"
    return re.compile("|".join([either, *map(re.escape, symbols)]))
