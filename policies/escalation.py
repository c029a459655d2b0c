"""Tiers in their order: no harsher message before the gentler ones arrived and were given their time. Our own policy.

A tier counts once a message of it was delivered or talked about with the customer, for the same bill, or for the same
debt where the bill is not on record. A message that a provider took, and of which nothing bad was heard in all these
days, counts as delivered: most mail servers never say more. What was only tried, or left on a machine, has warned
nobody.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from policies.decision import Allow, Detail, Reason, Refuse, Verdict
from policies.facts import Facts, Initiator, PastContact, Purpose, Reach
from policies.fields import Fields
from policies.rule import Case, Terms, defer
from policies.zones import day_start

_ARRIVED = frozenset({Reach.ACCEPTED, Reach.DELIVERED, Reach.CONVERSATION})


@dataclass(frozen=True, slots=True, eq=False)
class Escalation:
    terms: Terms
    #: Every one of these must have arrived, in this order of gentleness.
    after: tuple[Purpose, ...]
    days: int

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        after = fields.choices("after", Purpose)
        return cls(terms, tuple(purpose for purpose in Purpose if purpose in after), fields.number("days"))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        if not case.zones:
            return None
        until = at
        for tier in self.after:
            values: dict[str, Detail] = {"after": tier.value, "days": self.days}
            given = [self._passed(case, past) for past in case.facts.history if _is_of(past, tier, case.facts)]
            if not given:
                return Refuse(Reason("gentler_missing", values))
            until = max(until, min(given))
        if until > at:
            return defer(until, case.wall, "gentler_waits", values)
        return Allow(Reason("gentler_arrived", values))

    def _passed(self, case: Case, past: PastContact) -> datetime:
        """When the days after a contact have passed on every wall; the day of the contact is day 0."""
        return max(day_start(where, past.at.astimezone(where).toordinal() + self.days) for where in case.zones)


def _is_of(past: PastContact, tier: Purpose, facts: Facts) -> bool:
    if past.purpose is not tier or past.reach not in _ARRIVED or past.joint or past.initiator is Initiator.CUSTOMER:
        return False
    if facts.bill is not None and past.bill is not None:
        return facts.bill.id == past.bill
    return facts.account is None or facts.account.id in past.accounts
