"""What no message may say, and why: threats, shame, hurry, inventions, borrowed authority, other people.

text -> folded (policies/folding.py) -> entries of tone_en.toml and tone_zh.toml that stand in it
     -> less what is denied: "we will not contact your family", 不会联系您的家人 (tone_denials.toml)
     -> less what is spared: 您可以向法院申请调解, "we are sorry that our agent called your mother" (tone_spared.toml)

"If you do not pay, we will sue" is not excused, nor "we will not hesitate to sue", nor "we will not sue if you pay":
what is denied must be what is said, and no bargain. So nothing in its sentence may make it depend or end, and between
a "not" and what it denies stand only words of a list (tone_denials.toml).
A good sentence that is refused costs its writer another word; a threat that passes costs somebody their sleep.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import Any

from policies.facts import Purpose
from policies.folding import CHINESE, Folded, as_characters, as_words, folded, spelled_out, with_leading_letters

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
    #: What of it may stand in a text without the script of its language: `$`, `qi su`.
    elsewhere: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Spared:
    says: re.Pattern[str]
    rules: frozenset[str]  #: what it is spared from
    unless: re.Pattern[str]  #: anywhere in its sentence
    purposes: frozenset[Purpose]  #: none: all

    def places(self, text: str, purpose: Purpose | None) -> Iterator[int]:
        if self.purposes and purpose not in self.purposes:
            return
        for found in self.says.finditer(text):
            if not self.unless.search(_sentence(text, *found.span())):
                yield from range(*found.span())


@dataclass(frozen=True, slots=True)
class _Lexicon:
    script: re.Pattern[str]  #: of the language: where it is not, most entries need not be looked for
    entries: tuple[_Entry, ...]
    harmless: re.Pattern[str] | None
    spared: tuple[_Spared, ...]
    denied: re.Pattern[str]
    bargains: re.Pattern[str]  #: anywhere in its sentence, nothing is denied


def forbidden(text: str, purpose: Purpose | None, *, discreet: bool) -> Iterator[Problem]:
    """Everything in `text` that may not be said, each with its words. Debt words only where others may read it."""
    plain = folded(text)
    words = as_words(plain)
    english = [one for one in (words, with_leading_letters(words)) if one is not None]
    glued = list(spelled_out(plain))
    for lexicon, readings in ((_english(), english), (_chinese(), [as_characters(plain)])):
        is_written = any(lexicon.script.search(read.text) for read in readings)
        spared = [cache(partial(_places_spared, lexicon, read, purpose)) for read in readings]
        for entry in lexicon.entries:
            if purpose in entry.lawful_in or (entry.kind is Kind.DEBT_WORD and not discreet):
                continue
            said = []
            if (pattern := entry.pattern if is_written else entry.elsewhere) is not None:
                pairs = zip(readings, spared, strict=True)
                said += [one for read, places in pairs for one in _said(lexicon, entry, pattern, read, places)]
            if entry.glued is not None:
                said += [one.verbatim(*found.span()) for one in glued for found in entry.glued.finditer(one.text)]
            if said:
                yield Problem(
                    entry.rule, entry.kind, tuple(dict.fromkeys(said)), entry.why, entry.gentler, entry.citation
                )


def _said(
    lexicon: _Lexicon, entry: _Entry, pattern: re.Pattern[str], read: Folded, spared: Callable[[str], set[int]]
) -> Iterator[str]:
    """`spared` is asked only when something is said: most texts say nothing that needs it."""
    for found in pattern.finditer(read.text):
        denied = entry.negatable and _is_denied(lexicon, read.text, *found.span())
        if not denied and found.start() not in spared(entry.rule):
            yield read.verbatim(*found.span())


def _is_denied(lexicon: _Lexicon, text: str, start: int, end: int) -> bool:
    return (
        lexicon.denied.search(text[max(0, start - 60) : start]) is not None
        and lexicon.bargains.search(_sentence(text, start, end)) is None
    )


def _places_spared(lexicon: _Lexicon, read: Folded, purpose: Purpose | None, rule: str) -> set[int]:
    found = lexicon.harmless.finditer(read.text) if lexicon.harmless else ()
    places = {place for one in found for place in range(*one.span())}
    for one in lexicon.spared:
        if rule in one.rules:
            places.update(one.places(read.text, purpose))
    return places


#: Not the point in 1,234.50, and no new line: what is filled in is read as one.
_SENTENCE_ENDS = re.compile(r"[.!?](?!\w)|。")


def _sentence(text: str, start: int, end: int) -> str:
    before = [found.end() for found in _SENTENCE_ENDS.finditer(text, 0, start)]
    after = _SENTENCE_ENDS.search(text, end)
    return text[before[-1] if before else 0 : after.start() if after else len(text)]


def _denials(language: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((_FOLDER / "tone_denials.toml").read_text(encoding="utf-8"))[language]
    return found


def _denial(language: str) -> re.Pattern[str]:
    """Where a text up to what is said ends in a denial of it, with no condition before it in the clause."""
    denials = _denials(language)
    ends, conditions = denials["ends"], "|".join(denials["conditions"])
    either = "|".join(f"{one['not']}(?:{'|'.join(one['between'])}){{0,{one['most']}}}" for one in denials["forms"])
    return re.compile(f"(?:^|[{ends}\n])(?:(?!{conditions})[^{ends}\n])*(?:{either})$")


def _mercies(language: str, *, words: bool) -> Iterator[_Spared]:
    data = tomllib.loads((_FOLDER / "tone_spared.toml").read_text(encoding="utf-8"))[language]
    for one in data["spared"]:
        says, unless = (
            _spaced_if(words, "|".join(texts).replace("@kin", data["kin"]))
            for texts in (one["says"], data["lists"][one["unless"]])
        )
        purposes = frozenset(Purpose[name] for name in one.get("purposes", ()))
        yield _Spared(re.compile(says), frozenset(one["rules"]), re.compile(unless), purposes)


@cache
def _english() -> _Lexicon:
    return _lexicon("en", words=True)


@cache
def _chinese() -> _Lexicon:
    return _lexicon("zh", words=False)


def _lexicon(language: str, *, words: bool) -> _Lexicon:
    entries = tomllib.loads((_FOLDER / f"tone_{language}.toml").read_text(encoding="utf-8"))["entry"]
    harmless = "|".join(_spaced_if(words, one) for entry in entries for one in entry.get("except", ()))
    return _Lexicon(
        re.compile("[a-z]{2}" if words else f"[{CHINESE}]"),
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
                elsewhere=_elsewhere(entry["patterns"], entry.get("symbols", ()), words=words),
            )
            for entry in entries
        ),
        re.compile(harmless) if harmless else None,
        tuple(_mercies(language, words=words)),
        _denial(language),
        re.compile(_spaced_if(words, "|".join(_denials(language)["bargains"]))),
    )


def _elsewhere(patterns: list[str], symbols: list[str], *, words: bool) -> re.Pattern[str] | None:
    r"""Signs, and Chinese in letters (pinyin). `\d` and `[a-z]` are no letters of a word."""
    lettered = [one for one in patterns if not words and re.search("[a-z]", re.sub(r"\\.|\[.*?\]", "", one))]
    return re.compile("|".join([*lettered, *map(re.escape, symbols)])) if lettered or symbols else None


def _pattern(patterns: list[str], symbols: list[str], *, words: bool) -> re.Pattern[str]:
    return re.compile("|".join([_spaced_if(words, "|".join(patterns)), *map(re.escape, symbols)]))


def _spaced_if(words: bool, pattern: str) -> str:
    """Of whole words, whatever parts them, where it is of words."""
    if not words:
        return pattern
    return r"\b(?:" + pattern.replace(" ?", r"[\W_]*").replace(" ", r"[\W_]+") + r")\b"
