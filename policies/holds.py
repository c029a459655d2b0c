"""Holds: reasons why contact must stop or soften, placed on a person, a debt, a channel or one number.

Attorney (12 CFR 1006.6(b)(2)), death, dispute and want of capacity (GB/T 45251-2025), and as our own policy wherever
they only protect the customer: cease, bankruptcy, breathing space, hardship, a wrong number. The pack says which hold
stops which purposes. A hold with an end defers until then; one without refuses, because waiting does not help.

Some holds name who is contacted instead: the representative of who has one (12 CFR 1006.6(b)(2), RG 96), the guardian
of a minor, the executor of the dead. Their contact points are not on hold, and are used for nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from policies.decision import Allow, Reason, Refuse, Verdict
from policies.facts import Facts, Hold, HoldKind, Party
from policies.fields import Fields
from policies.rule import Case, Terms, defer

#: Who is contacted in the customer's place. A guardian is a representative.
STAND_INS: Mapping[HoldKind, Party] = {
    HoldKind.REPRESENTED: Party.REPRESENTATIVE,
    HoldKind.MINOR: Party.REPRESENTATIVE,
    HoldKind.DECEASED: Party.EXECUTOR,
}


@dataclass(frozen=True, slots=True, eq=False)
class Holds:
    terms: Terms
    kinds: frozenset[HoldKind]

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(terms, fields.choices("holds", HoldKind))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        if not case.facts.holds:
            return None
        point = case.facts.point
        party = point.party if point else None
        holds = [
            hold
            for hold in case.facts.holds
            if hold.kind in self.kinds
            and _concerns(hold, case.facts)
            and (party is None or STAND_INS.get(hold.kind) is not party)
        ]
        if not holds:
            return None
        until, last = at, None
        for hold in sorted(holds, key=lambda hold: hold.starts):
            if hold.starts > until or (hold.ends is not None and hold.ends <= until):
                continue
            if hold.ends is None:
                return Refuse(Reason("hold", {"hold": hold.kind.value}))
            until, last = hold.ends, hold
        if last is None:
            return Allow(
                Reason("hold_not_in_force"), closes=min((h.starts for h in holds if h.starts > at), default=None)
            )
        return defer(until, case.wall, "hold_until", {"hold": last.kind.value})


def stood_in(facts: Facts, at: datetime) -> list[Hold]:
    """The holds in force by which the party of the contact point stands in for the customer."""
    if facts.point is None or not facts.holds:
        return []
    return [
        hold
        for hold in facts.holds
        if STAND_INS.get(hold.kind) is facts.point.party
        and _concerns(hold, facts)
        and hold.starts <= at
        and (hold.ends is None or at < hold.ends)
    ]


def _concerns(hold: Hold, facts: Facts) -> bool:
    """A hold on a debt concerns a contact that names none: it may be about that debt."""
    return (
        (hold.ends is None or hold.starts < hold.ends)
        and hold.channel in (None, facts.channel)
        and (hold.point is None or (facts.point is not None and hold.point == facts.point.id))
        and (hold.account is None or facts.account is None or hold.account == facts.account.id)
    )
