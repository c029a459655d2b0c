"""Whose a contact point is, and who else reads what arrives there.

Third parties never learn of a debt: GB/T 45251-2025 s. 5.3 (CN), 12 CFR 1006.6(d) (US), CONC 7.9.6R (UK). A place that
others share may be used with a message that does not speak of debt, unless the law closes it, as it closes work e-mail
in the US (12 CFR 1006.22(f)(3)).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from policies.decision import Allow, Reason, Refuse, Verdict
from policies.facts import MEDIUM_OF, ConsentStatus, Initiator, Party, Place
from policies.fields import Fields
from policies.holds import stood_in
from policies.rule import Case, Terms, override

#: The answers to ordinary contacts, made once.
_OWN = {party: Allow(Reason("own_contact_point", {"party": party.value})) for party in Party}
_PRIVATE = {place: Allow(Reason("place_private", {"place": place.value, "shared": False})) for place in Place}


@dataclass(frozen=True, slots=True, eq=False)
class ThirdParty:
    """Contact points of nobody but the listed parties, and of who stands in for the customer while a hold says so."""

    terms: Terms
    parties: frozenset[Party]

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(terms, fields.choices("parties", Party))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        point = case.facts.point
        if point is None:
            return None
        if point.party in self.parties:
            return _OWN[point.party]
        values = {"party": point.party.value}
        holds = stood_in(case.facts, at)
        if holds:
            ends = [hold.ends for hold in holds if hold.ends is not None]
            closes = max(ends) if len(ends) == len(holds) else None
            return Allow(Reason("stand_in", {**values, "hold": holds[0].kind.value}), closes=closes)
        return Refuse(Reason("third_party", values))


@dataclass(frozen=True, slots=True, eq=False)
class Discretion:
    """No word of debt at these places, and where others read along."""

    terms: Terms
    places: frozenset[Place]

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(terms, fields.choices("places", Place))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        point = case.facts.point
        if point is None:
            return None
        if point.shared or point.place in self.places:
            return Allow(Reason("place_discreet", {"place": point.place.value, "shared": point.shared}), discreet=True)
        return _PRIVATE[point.place]


@dataclass(frozen=True, slots=True, eq=False)
class ClosedPlace:
    """Not at these places, unless the customer opened the one at hand: by consent to it, by writing from it, or (in
    Greece) by giving no other."""

    terms: Terms
    places: frozenset[Place]
    override: frozenset[str]

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(
            terms, fields.choices("places", Place), override(fields, "granted_point", "used_by_customer", "sole_point")
        )

    def check(self, case: Case, at: datetime) -> Verdict | None:
        point = case.facts.point
        if point is None or point.place not in self.places:
            return None
        values = {"place": point.place.value}
        if (point.sole and "sole_point" in self.override) or self._opened(case, point.id, at):
            return Allow(Reason("place_opened", values))
        return Refuse(Reason("place_closed", values))

    def _opened(self, case: Case, point: str, at: datetime) -> bool:
        facts = case.facts
        if "granted_point" in self.override and any(
            entry.status is ConsentStatus.GRANTED and entry.point == point and entry.at <= at
            for entry in facts.consents
        ):
            return True
        return "used_by_customer" in self.override and any(
            past.initiator is Initiator.CUSTOMER
            and not past.joint
            and past.point == point
            and past.medium is MEDIUM_OF[facts.channel]
            and past.at <= at
            for past in facts.history
        )
