"""Caps: so many contacts in a period, per person, debt or number.

Adding the contact at an instant must overflow no period that contains the instant; with a rolling period these reach
into the future, where slots are reserved already. Worked example, 2 in 3 days, reserved on the 10th and the 12th:

    day      8    9   10   11   12   13   14
    fullest  1    1    2    2    2    1    1     e.g. the 9th lies in 9-11 with the 10th, and in 7-9 with none
    allowed  yes  yes  no   no   no   yes  yes

12 CFR 1006.14(b)(2)(i)(A) counts seven days by local dates; GB/T 45251-2025 and the CBA guide count calendar days. What
has not happened yet at the instant asked about does not count, unless its slot is reserved.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from policies.consent import ConsentLedger
from policies.counting import Counting
from policies.decision import Allow, Allowance, Defer, Detail, Reason, Verdict
from policies.facts import PastContact, Reach
from policies.fields import Fields
from policies.periods import Period
from policies.prior_consent import PriorConsent, is_within
from policies.rule import Case, Terms, local


@dataclass(frozen=True, slots=True, eq=False)
class Frequency:
    terms: Terms
    limit: int
    period: Period
    counting: Counting
    prior_consent: PriorConsent | None = None
    #: The cap holds only without this consent.
    unless: ConsentLedger | None = None
    #: What a reason says of the cap, and the answer where nothing counts.
    values: Mapping[str, Detail] = field(init=False)
    unused: Allow = field(init=False)

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(
            terms,
            fields.number("limit"),
            Period.read(fields.table("window")),
            Counting.read(fields, terms),
            PriorConsent.read(fields),
            ConsentLedger(terms, True, per_medium=True) if fields.take("unless_granted", bool, False) else None,
        )

    def __post_init__(self) -> None:
        values: dict[str, Detail] = {
            "limit": self.limit,
            "used": 0,
            "period": self.period.type.value,
            "length": self.period.length,
            "scope": self.counting.scope.value,
        }
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "unused", Allow(Reason("cap_free", values), allowance=Allowance(self.limit, 0)))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        if not case.zones:
            return None
        if self.unless is not None:
            consent = self.unless.check(case, at)
            if isinstance(consent, Allow):
                return consent
        if self.prior_consent is not None:
            return self.prior_consent.lift(case, at, self._check)
        return self._check(case, at)

    def _check(self, case: Case, at: datetime) -> Verdict | None:
        tallies: list[_Tally] | None = case.memo.get(self.terms.info.id)
        if tallies is None:
            tallies = case.memo[self.terms.info.id] = self._tallies(case, at)
        if not tallies:
            return self.unused
        used = max([tally.fullest(at) for tally in tallies])
        values = {**self.values, "used": used}
        facts: dict[str, Detail] = {"joint": True} if case.memo.get((self.terms.info.id, "joint")) else {}
        # Above the cap, one more is left only once it is below.
        resets = _first(tallies, at, min(used, self.limit) - 1) if used else None
        allowance = Allowance(self.limit, used, resets)
        if used < self.limit or resets is None:
            return Allow(Reason("cap_free", values), facts, self._closes(tallies, at), allowance)
        return Defer(resets, Reason("cap_full", values | local(resets, case.wall)), facts, allowance)

    def _tallies(self, case: Case, at: datetime) -> "list[_Tally]":
        # The engine only ever asks about later instants, so what is too old now stays so.
        counted = list(self.counting.counted(case.facts, at - self.period.reach))
        if self.prior_consent is not None and (spans := self.prior_consent.spans(case)):
            counted = [past for past in counted if not is_within(past, case.facts, spans)]
        if not counted:
            return []
        if any(past.joint for past in counted):
            # Whoever shows the finding to one debtor must know that it speaks of another.
            case.memo[self.terms.info.id, "joint"] = True
        return [_Tally(self.period, where, counted, at) for where in case.zones]

    def _closes(self, tallies: "list[_Tally]", at: datetime) -> datetime | None:
        """When waiting longer would run into a slot that is reserved for later."""
        changes = sorted({change for tally in tallies for change in tally.entering(at)})
        return next((c for c in changes if max(tally.fullest(c) for tally in tallies) >= self.limit), None)


class _Tally:
    """The numbers of what counts in one zone, in order."""

    __slots__ = ("fixed", "later", "period", "where")

    def __init__(self, period: Period, where: ZoneInfo, counted: list[PastContact], at: datetime) -> None:
        self.period, self.where = period, where
        self.fixed = sorted([period.number(past.at, where) for past in counted])
        # What is not reserved counts once it has happened; only later instants than `at` are asked about.
        later = [past.at for past in counted if past.at > at and past.reach is not Reach.RESERVED]
        self.later = sorted([(begun, period.number(begun, where)) for begun in later])

    def fullest(self, at: datetime) -> int:
        """How many the fullest period that contains the instant holds."""
        numbers, here, width = self._known(at), self.period.number(at, self.where), self.period.width
        fullest = bisect_left(numbers, here + width) - bisect_left(numbers, here)
        # A fuller one can only begin at something counted, less than a period before.
        place, last = bisect_right(numbers, here - width), bisect_left(numbers, here)
        while place < last:
            number = numbers[place]
            held = bisect_left(numbers, number + width, place) - place
            fullest = max(fullest, held)
            place = bisect_right(numbers, number, place)
        return fullest

    def leaving(self, at: datetime) -> Iterator[datetime]:
        """The instants after `at` at which something counted no longer shares a period with the instant."""
        here, width = self.period.number(at, self.where), self.period.width
        for number in sorted(set(self.fixed[bisect_right(self.fixed, here - width) :])):
            yield self.period.start(number + width, self.where)

    def entering(self, at: datetime) -> Iterator[datetime]:
        """The instants after `at` at which something counted begins to share a period with the instant."""
        here, width = self.period.number(at, self.where), self.period.width
        for number in sorted(set(self.fixed[bisect_left(self.fixed, here + width) :])):
            yield self.period.start(number - width + 1, self.where)
        yield from (begun for begun, _ in self.later if begun > at)

    def _known(self, at: datetime) -> list[int]:
        if not self.later or self.later[-1][0] <= at:
            return self.fixed
        known = list(self.fixed)
        for _, number in self.later[bisect_right(self.later, at, key=lambda event: event[0]) :]:
            known.remove(number)
        return known


def _first(tallies: list[_Tally], at: datetime, most: int) -> datetime:
    """The first instant after `at` at which no period is fuller than `most`.

    A period only gets emptier where something leaves it, and once everything has left, it is empty.
    """
    changes = sorted({change for tally in tallies for change in tally.leaving(at)})
    return next(c for c in changes if c > at and max(tally.fullest(c) for tally in tallies) <= most)
