"""Is paying hard for a customer? Signals, a score that is the sum of named reasons, and what follows from it.

signals (told, written, or seen in payments) -> those that count still -> points -> NONE, OFFER_PLAN, CALL

Nothing here is a guess of a model: each reason has a kind, a day, points and a sentence, and more signals never make
the score lower. Weights and thresholds are data: hardship.toml.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from policies.facts import Purpose
from policies.fields import Fields, PackError
from policies.folding import as_characters, folded

FILE = Path(__file__).parent / "hardship.toml"

HIGHEST = 100
"""What a score is cut off at."""

NOTICES = frozenset({Purpose.OVERDUE_REMINDER, Purpose.OVERDUE_WARNING, Purpose.FINAL_NOTICE})
"""What is not sent to who cannot pay. A reminder before the due date is a service, and stays."""

_SHRINKING = 3
"""So many payments in a row, each smaller than the last, are a sign."""


class SignalKind(StrEnum):
    JOB_LOSS = "JOB_LOSS"
    ILLNESS = "ILLNESS"
    FAMILY_LOSS = "FAMILY_LOSS"
    INCOME_FELL = "INCOME_FELL"
    SPENDING_CHANGED = "SPENDING_CHANGED"
    OTHER = "OTHER"
    WROTE_OF_HARDSHIP = "WROTE_OF_HARDSHIP"
    MISSED_THEN_PARTIAL = "MISSED_THEN_PARTIAL"
    SHRINKING_PAYMENTS = "SHRINKING_PAYMENTS"
    BROKEN_PROMISE = "BROKEN_PROMISE"


SEEN = frozenset({SignalKind.MISSED_THEN_PARTIAL, SignalKind.SHRINKING_PAYMENTS, SignalKind.BROKEN_PROMISE})
"""What payments show: found each time anew, never recorded."""


class HardshipLevel(StrEnum):
    """What is done instead of a notice; the mildest first."""

    NONE = "NONE"
    OFFER_PLAN = "OFFER_PLAN"
    CALL = "CALL"

    @property
    def rank(self) -> int:
        return list(HardshipLevel).index(self)


@dataclass(frozen=True, slots=True)
class Signal:
    kind: SignalKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """A signal that counts, with its points, until when, and what it says."""

    kind: SignalKind
    points: int
    at: datetime
    until: datetime
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """`score` is the sum of the reasons' points, at most `HIGHEST`. The weightiest reason comes first."""

    score: int = 0
    level: HardshipLevel = HardshipLevel.NONE
    reasons: tuple[Reason, ...] = ()


NOTHING = Assessment()


@dataclass(frozen=True, slots=True)
class Weight:
    points: int
    days: int
    most: int
    en: str
    zh: str
    words: frozenset[str]


def _plain(text: str) -> str:
    """As words are looked for: in any case, in whatever characters, with nothing between Chinese ones."""
    return as_characters(folded(text)).text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _occurs(word: str, plain: str) -> bool:
    """Chinese has no spaces between words; a Latin word stands by itself, or begins one where it ends in *."""
    if not word.isascii():
        return word in plain
    end = "" if word.endswith("*") else r"\b"
    return re.search(rf"\b{re.escape(word.removesuffix('*'))}{end}", plain, re.ASCII) is not None


@dataclass(frozen=True, slots=True)
class Scale:
    """What each kind of signal weighs, and from which score on something else is done than sending a notice."""

    version: str
    offer_plan: int
    call: int
    weights: Mapping[SignalKind, Weight]

    def level(self, score: int) -> HardshipLevel:
        if score >= self.call:
            return HardshipLevel.CALL
        return HardshipLevel.OFFER_PLAN if score >= self.offer_plan else HardshipLevel.NONE

    def kind_of(self, text: str) -> SignalKind:
        """What kind of hardship a customer's words are about, where they are known to be about one."""
        plain = _plain(text)
        for kind, weight in self.weights.items():
            if any(_occurs(word, plain) for word in weight.words):
                return kind
        return SignalKind.WROTE_OF_HARDSHIP


def load(file: Path = FILE) -> Scale:
    """Read strictly: every kind once, and thresholds that can be reached. Raises `PackError`."""
    try:
        fields = Fields(file.name, None, tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as wrong:
        raise PackError(file.name, None, None, f"cannot be read: {wrong}") from None
    offer_plan, call = fields.number("offer_plan"), fields.number("call")
    if not offer_plan < call <= HIGHEST:
        raise fields.error("call", f"must be more than offer_plan, and at most {HIGHEST}")
    weights: dict[SignalKind, Weight] = {}
    for row in fields.tables("signals"):
        kind = row.choice("kind", SignalKind)
        if kind in weights:
            raise row.error("kind", "stands here twice")
        weights[kind] = Weight(
            points=row.number("weight"),
            days=row.number("days"),
            most=row.number("most"),
            en=row.take("en", str),
            zh=row.take("zh", str),
            words=frozenset(map(_plain, row.words("words"))),
        )
        row.done()
    missing = [kind for kind in SignalKind if kind not in weights]
    if missing:
        raise fields.error("signals", f"says nothing of {', '.join(missing)}")
    scale = Scale(fields.take("version", str), offer_plan, call, weights)
    fields.done()
    return scale


def assess(signals: Iterable[Signal], now: datetime, zone: tzinfo, scale: Scale) -> Assessment:
    """The score of these signals at that instant. `zone`: by whose calendar the sentences name days."""
    counted: dict[SignalKind, list[Signal]] = defaultdict(list)
    for one in sorted(signals, key=lambda signal: signal.at, reverse=True):
        weight = scale.weights[one.kind]
        if now < one.at + timedelta(days=weight.days) and len(counted[one.kind]) < weight.most:
            counted[one.kind].append(one)
    reasons = [_reason(one, scale.weights[one.kind], zone) for same in counted.values() for one in same]
    reasons.sort(key=lambda reason: (-reason.points, reason.at, reason.kind))
    score = min(HIGHEST, sum(reason.points for reason in reasons))
    return Assessment(score, scale.level(score), tuple(reasons))


def _reason(signal: Signal, weight: Weight, zone: tzinfo) -> Reason:
    until = signal.at + timedelta(days=weight.days)
    day, last = signal.at.astimezone(zone).date(), until.astimezone(zone).date()
    return Reason(
        kind=signal.kind,
        points=weight.points,
        at=signal.at,
        until=until,
        en=f"{weight.en} ({day}): {weight.points} points until {last}.",
        zh=f"{weight.zh}（{day}）：计{weight.points}分，至{last}。",
    )


# What payments show.


@dataclass(frozen=True, slots=True)
class Owed:
    """A bill, with all of its amount, as it was when nothing had been paid."""

    id: str
    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Paid:
    """What one payment brought to one bill. Parts of one payment share its `reference`."""

    bill: str
    reference: str
    amount: Decimal
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise to pay. `is_broken`: the lender said so; else what was paid since tells."""

    made_at: datetime
    ends: datetime
    is_broken: bool = False


def seen(owed: Iterable[Owed], paid: Iterable[Paid], promised: Iterable[Promised], zone: tzinfo) -> list[Signal]:
    """The signals in payment behaviour. Days are the customer's."""
    payments = sorted(paid, key=lambda one: (one.at, one.reference))
    return [*_missed(owed, payments, zone), *_shrinking(payments), *_broken(promised, payments)]


def _missed(owed: Iterable[Owed], payments: Sequence[Paid], zone: tzinfo) -> Iterable[Signal]:
    """The due date passed, then something came, and it was not all. A bill says so once: the last time."""
    for bill in owed:
        total, last = Decimal(0), None
        for one in payments:
            if one.bill == bill.id:
                total += one.amount
                if one.at.astimezone(zone).date() > bill.due_on and total < bill.amount:
                    last = one.at
        if last is not None:
            yield Signal(SignalKind.MISSED_THEN_PARTIAL, last)


def _shrinking(payments: Sequence[Paid]) -> Iterable[Signal]:
    sums: dict[tuple[str, str], tuple[datetime, Decimal]] = {}
    for one in payments:
        at, before = sums.get((one.currency, one.reference), (one.at, Decimal(0)))
        sums[one.currency, one.reference] = (at, before + one.amount)
    by_currency: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    for (currency, _), payment in sums.items():
        by_currency[currency].append(payment)
    for row in by_currency.values():
        for end in range(_SHRINKING, len(row) + 1):
            run = [amount for _, amount in row[end - _SHRINKING : end]]
            if all(later < earlier for earlier, later in pairwise(run)):
                yield Signal(SignalKind.SHRINKING_PAYMENTS, row[end - 1][0])


def _broken(promised: Iterable[Promised], payments: Sequence[Paid]) -> Iterable[Signal]:
    for promise in promised:
        if promise.is_broken or not any(promise.made_at <= one.at for one in payments):
            yield Signal(SignalKind.BROKEN_PROMISE, promise.ends)
