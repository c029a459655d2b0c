"""Calls that the customer agreed to just now: 12 CFR 1006.14(b)(3)(i).

A call made with prior consent given directly, within seven consecutive days of it, is neither barred by the number of
calls nor counted in it; the day of the consent is the first. A general grant says nothing of the kind: the consent must
name the medium and the purpose ("yes, call me about that plan"), and a withdrawal ends it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from policies.decision import Allow, Defer, Reason, Verdict
from policies.facts import Consent, ConsentStatus, Facts, PastContact
from policies.fields import Fields
from policies.rule import Case
from policies.zones import day_start

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class PriorConsent:
    """For how many days a direct consent lifts a rule."""

    days: int

    @classmethod
    def read(cls, fields: Fields) -> "PriorConsent | None":
        return cls(fields.number("prior_consent_days")) if "prior_consent_days" in fields.values else None

    def spans(self, case: Case) -> list[Span]:
        """When the contact at hand is one that the customer agreed to."""
        if not case.facts.consents:
            return []
        return [
            (entry.at, self._ends(case, entry))
            for entry in case.facts.consents
            if entry.status is ConsentStatus.GRANTED and _is_direct(entry, case.facts)
        ]

    def lift(self, case: Case, at: datetime, check: Callable[[Case, datetime], Verdict | None]) -> Verdict | None:
        """What the rule says where no consent lifts it, and Allow where one does."""
        spans = self.spans(case)
        ends = max((end for start, end in spans if start <= at < end), default=None)
        if ends is not None:
            later = self.lift(case, ends, check)
            closes = later.closes if isinstance(later, Allow) else ends
            return Allow(Reason("prior_consent", {"days": self.days}), closes=closes)
        verdict = check(case, at)
        if isinstance(verdict, Defer):
            starts = [start for start, end in spans if at < start < min(end, verdict.until)]
            return replace(verdict, until=min(starts)) if starts else verdict
        return verdict

    def _ends(self, case: Case, grant: Consent) -> datetime:
        """On the first wall on which the days have passed, or with the next withdrawal."""
        passed = min(day_start(where, grant.at.astimezone(where).toordinal() + self.days) for where in case.zones)
        withdrawn = [
            entry.at
            for entry in case.facts.consents
            if entry.status is ConsentStatus.WITHDRAWN and entry.at >= grant.at and _may_end(entry, case.facts)
        ]
        return min([passed, *withdrawn])


def is_within(past: PastContact, facts: Facts, spans: list[Span]) -> bool:
    """Whether a past contact was one that the customer agreed to."""
    return past.purpose is facts.purpose and any(start <= past.at < end for start, end in spans)


def _is_direct(entry: Consent, facts: Facts) -> bool:
    named = entry.channel is facts.channel or (facts.point is not None and entry.point == facts.point.id)
    return named and entry.channel in (None, facts.channel) and entry.purpose is facts.purpose


def _may_end(entry: Consent, facts: Facts) -> bool:
    return entry.channel in (None, facts.channel) and entry.purpose in (None, facts.purpose)
