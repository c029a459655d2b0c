"""What a message must say, by purpose, jurisdiction and product (contents.toml), and in which language."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from policies.facts import Channel, Purpose
from policies.folding import folded, is_chinese
from policies.tone import Kind, Problem

_FILE = Path(__file__).parent / "contents.toml"
_WORD = re.compile(r"[a-z]{2,}")

#: A text of fewer words than this may be a name or a code: it is in no language.
FEWEST_WORDS = 6


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
    """English to a reader of Chinese, or the reverse. Addresses, names to fill in and short texts are no language."""
    plain = folded(text).text
    chinese = sum(map(is_chinese, plain))
    words = len(_WORD.findall(plain))
    if language == "zh":
        wrong = words >= FEWEST_WORDS and words > chinese
        message, suggestion = "It is not in Chinese, which the customer reads.", "请用中文书写。"
    else:
        wrong = chinese >= FEWEST_WORDS and chinese > words
        message, suggestion = (
            "It is in Chinese, which the customer does not read.",
            "write it in the customer's language",
        )
    return Problem("language", Kind.WRONG_LANGUAGE, (), message, suggestion, None) if wrong else None


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
