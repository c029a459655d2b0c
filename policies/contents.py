"""What a message must say, by purpose, jurisdiction and product (contents.toml), and in which language."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from policies.facts import Channel, Purpose
from policies.folding import count_chinese, folded, only_words
from policies.tone import Kind, Problem

_FILE = Path(__file__).parent / "contents.toml"
_WORD = re.compile(r"[a-z]{2,}")

#: A text of fewer words than this may be a name or a code: it is in a language only if it is a sentence.
FEWEST_WORDS = 6

_LATIN = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
#: A word and a mark. A name may end in an initial.
_ENDED = re.compile(r"([A-Za-z]{4,})[.!?]\s*\Z")


@dataclass(frozen=True, slots=True)
class Required:
    """One fact: the names whose values must stand in the text, and what it may be said with, by language."""

    rule: str
    says: str
    purposes: frozenset[str]
    channels: frozenset[Channel]
    jurisdictions: frozenset[str]
    products: frozenset[str]
    names: tuple[str, ...]
    phrases: Mapping[str, re.Pattern[str]]
    citation: str

    def concerns(self, purpose: Purpose, channel: Channel, jurisdiction: str | None, product: str | None) -> bool:
        """Whether such a message must say it. A fact of some jurisdictions or products is no other's."""
        return (
            bool({"*", purpose} & self.purposes)
            and channel in self.channels
            and (not self.jurisdictions or (jurisdiction or "").partition("-")[0] in self.jurisdictions)
            and (not self.products or product in self.products)
        )

    def stands_in(self, text: str, language: str, values: Mapping[str, str]) -> bool:
        """Whether `text` says it: each value exactly as it is printed, and one of the phrases."""
        phrase = self.phrases.get(language)
        return all(values.get(name) and values[name] in text for name in self.names) and (
            phrase is None or phrase.search(text.casefold()) is not None
        )


def missing(
    text: str,
    purpose: Purpose,
    channel: Channel,
    language: str,
    jurisdiction: str | None,
    product: str | None,
    values: Mapping[str, str],
) -> Iterator[Problem]:
    """The facts that such a message must state and `text` does not."""
    for fact in required(purpose, channel, jurisdiction, product):
        if not fact.stands_in(text, language, values):
            suggestion = " and ".join(f"{{{{ {name} }}}}" for name in fact.names) or fact.says
            message = f"It does not say {fact.says}."
            yield Problem(f"content.{fact.rule}", Kind.MISSING_FACT, (), message, f"say {suggestion}", fact.citation)


def required(purpose: Purpose, channel: Channel, jurisdiction: str | None, product: str | None) -> tuple[Required, ...]:
    """What such a message must say."""
    return tuple(fact for fact in _facts() if fact.concerns(purpose, channel, jurisdiction, product))


def wrong_language(text: str, language: str) -> Problem | None:
    """English to a reader of Chinese, or the reverse. Addresses, names and numbers are in no language."""
    plain = folded(text).text
    chinese = count_chinese(plain)
    words = len(_WORD.findall(plain))
    if language == "zh":
        wrong = words > chinese and (words >= FEWEST_WORDS or (not chinese and _is_english(only_words(text))))
        message, suggestion = "It is not in Chinese, which the customer reads.", "请用中文书写。"
    else:
        wrong = chinese > words and (chinese >= FEWEST_WORDS or re.search(_sentences()["zh"], plain) is not None)
        message, suggestion = (
            "It is in Chinese, which the customer does not read.",
            "write it in the customer's language",
        )
    return Problem("language", Kind.WRONG_LANGUAGE, (), message, suggestion, None) if wrong else None


def _is_english(text: str) -> bool:
    """Whether it is a sentence, however short: `We checked.`, `Done.`, not `Harvest Corp.` or `Pay For You`."""
    words = [word.replace("'", "").replace("’", "") for word in _LATIN.findall(unicodedata.normalize("NFKC", text))]
    if len(words) == 1 and words[0].lower() in _sentences()["lone"]:
        return True
    begins = len(words) > 1 and words[1].islower()
    known = {word.lower() for place, word in enumerate(words) if word.islower() or (place == 0 and begins)}
    if not known.isdisjoint(_sentences()["en"]):
        return True
    ended = _ENDED.search(text)
    return (
        ended is not None and ended[1].lower() not in _sentences()["firms"] and (len(words) < 2 or ended[1].islower())
    )


@cache
def _sentences() -> Mapping[str, Any]:
    table: Mapping[str, Any] = tomllib.loads(_FILE.read_text(encoding="utf-8"))["sentences"]
    return {name: value if isinstance(value, str) else frozenset(value) for name, value in table.items()}


@cache
def _facts() -> tuple[Required, ...]:
    return tuple(
        Required(
            rule=one["id"],
            says=one["says"],
            purposes=frozenset(one["purposes"]),
            channels=frozenset(Channel[channel] for channel in one["channels"]),
            jurisdictions=frozenset(one.get("jurisdictions", ())),
            products=frozenset(one.get("products", ())),
            names=tuple(one.get("names", ())),
            phrases={language: re.compile(one[language]) for language in ("en", "zh") if language in one},
            citation=one["citation"],
        )
        for one in tomllib.loads(_FILE.read_text(encoding="utf-8"))["fact"]
    )
