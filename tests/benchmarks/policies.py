"""Decisions per second for each pack, with and without history, and the slowest rule.

    python -m tests.benchmarks.policies [PACK ...]

One thread, nothing but the policies. The history is a hard one: 200 past attempts within the last month, half of them
about the debt at hand. "Night" is a deferral that is followed to the morning.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

from policies.engine import decide
from policies.facts import (
    Account,
    Bill,
    Channel,
    Consent,
    ConsentStatus,
    Facts,
    LenderRole,
    Medium,
    PastContact,
    Point,
    Purpose,
    Reach,
)
from policies.rule import Case, Rule
from policies.rulebook import Rulebook, load

ROUNDS = 300
_ZONES = {"US": "America/New_York", "BR": "America/Sao_Paulo", "AU": "Australia/Sydney", "IN": "Asia/Kolkata"}


@dataclass(frozen=True)
class Situation:
    name: str
    channel: Channel
    hour: int
    attempts: int


SITUATIONS = (
    Situation("SMS, noon", Channel.SMS, 12, 0),
    Situation("SMS, night", Channel.SMS, 23, 0),
    Situation("SMS, 200", Channel.SMS, 12, 200),
    Situation("call, 200", Channel.CALLBACK, 12, 200),
    Situation("call night, 200", Channel.CALLBACK, 23, 200),
)


def main(codes: Iterable[str]) -> None:
    rulebooks = load()
    chosen = {code: rulebooks[code] for code in codes} or dict(rulebooks)
    print(f"{'median µs a decision':22}" + "".join(f"{situation.name:>17}" for situation in SITUATIONS))
    for code, rulebook in chosen.items():
        times = [_decision(rulebook, situation) for situation in SITUATIONS]
        print(f"{code:22}" + "".join(f"{time * 1e6:17.1f}" for time in times) + f"{1 / times[0]:14,.0f}/s at noon")
    for situation in (SITUATIONS[1], SITUATIONS[3]):
        found = {rule: time for book in chosen.values() for rule, time in _rules(book, situation).items()}
        slowest = sorted(found, key=lambda rule: found[rule], reverse=True)[:3]
        print(
            f"slowest rules, {situation.name}: " + ", ".join(f"{rule} {found[rule] * 1e6:.1f} µs" for rule in slowest)
        )


def _decision(rulebook: Rulebook, situation: Situation) -> float:
    facts, at = _facts(rulebook, situation)
    # Another instant every time: what is remembered of one is not measured.
    return _median(lambda place: decide(facts, at + timedelta(milliseconds=place), rulebook))


def _rules(rulebook: Rulebook, situation: Situation) -> Mapping[str, float]:
    """What one answer of each rule takes; what rules remember of a case is forgotten every time."""
    facts, at = _facts(rulebook, situation)
    zones = tuple(ZoneInfo(name) for name in ([rulebook.time_zone] if rulebook.time_zone else facts.zones))
    asked = {found.rule.id for found in decide(facts, at, rulebook).findings}

    def time(rule: Rule) -> float:
        return _median(lambda place: rule.check(Case(facts, zones), at + timedelta(milliseconds=place)))

    return {rule.terms.info.id: time(rule) for rule in rulebook.rules if rule.terms.info.id in asked}


def _facts(rulebook: Rulebook, situation: Situation) -> tuple[Facts, datetime]:
    where = rulebook.time_zone or _ZONES.get(rulebook.code[:2], "Europe/London")
    at = datetime(2026, 11, 24, situation.hour, tzinfo=ZoneInfo(where)).astimezone(UTC)
    media = (Medium.VOICE, Medium.SMS, Medium.EMAIL, Medium.VOICE)
    reaches = (Reach.ATTEMPTED, Reach.DELIVERED, Reach.DELIVERED, Reach.CONVERSATION)
    history = tuple(
        PastContact(
            at - timedelta(hours=3.6 * (place + 1)),
            media[place % 4],
            reaches[place % 4],
            purpose=Purpose.OVERDUE_REMINDER,
            accounts=frozenset({"loan" if place % 8 < 4 else "another"}),
            point="point",
        )
        for place in range(situation.attempts)
    )
    facts = Facts(
        jurisdiction=rulebook.code,
        purpose=Purpose.OVERDUE_REMINDER,
        channel=situation.channel,
        zones=(where,),
        point=Point("point", situation.channel),
        account=Account("loan", role=LenderRole.COLLECTOR, in_collection_procedures=True),
        bill=Bill("bill", at.date() - timedelta(days=30)),
        consents=(Consent(ConsentStatus.GRANTED, at - timedelta(days=200), channel=situation.channel),),
        history=history,
    )
    return facts, at


def _median(work: Callable[[int], object]) -> float:
    times = []
    for place in range(ROUNDS):
        start = perf_counter()
        work(place)
        times.append(perf_counter() - start)
    return median(times)


if __name__ == "__main__":
    main(sys.argv[1:])
