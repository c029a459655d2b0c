"""The ledger of consent: withdrawals end contact at once, and some purposes need a grant.

12 CFR 1006.14(h) and 47 CFR 64.1200(a)(10) (US), CONC 7.9.4R and PECR reg. 22 (UK), Civil Code Art. 1033 and MIIT
Order No. 74 Art. 21 (CN). A STOP to one number ends texts to that number, "stop calling" ends a channel, "leave me
alone" ends all. A withdrawal is lifted only by a later grant that is at least as specific: a STOP to one number is not
undone by a general grant in an import.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from policies.decision import Allow, Detail, Reason, Refuse, Verdict
from policies.facts import Channel, Consent, ConsentStatus, Facts, Purpose
from policies.fields import Fields
from policies.rule import Case, Terms

_NOT_WITHDRAWN = Allow(Reason("consent_not_withdrawn"))


@dataclass(frozen=True, slots=True, eq=False)
class ConsentLedger:
    terms: Terms
    requires_grant: bool
    #: Purposes that a customer cannot opt out of as such; the channel or the address can still be closed.
    medium_only: frozenset[Purpose] = frozenset()
    #: Whether a grant must name the channel or the address.
    per_medium: bool = False
    #: A withdrawal on any of these channels ends this one, whatever address and purpose it names.
    revoked_by: frozenset[Channel] = frozenset()

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(
            terms,
            fields.take("requires_grant", bool, False),
            fields.choices("medium_only", Purpose, frozenset()),
            fields.take("per_medium", bool, False),
            fields.choices("revoked_by", Channel, frozenset()),
        )

    def check(self, case: Case, at: datetime) -> Verdict | None:
        facts = case.facts
        if not facts.consents and not self.requires_grant:
            return _NOT_WITHDRAWN
        entries = [e for e in facts.consents if e.at <= at and (self.revoked_by or _matches(e, facts))]
        grants = [entry for entry in entries if self._grants(entry, facts)]
        closes = min((e.at for e in facts.consents if e.at > at and self._binds(e, facts)), default=None)
        for place, entry in enumerate(entries):
            if self._binds(entry, facts) and not any(self._lifts(e, entry, facts) for e in entries[place + 1 :]):
                return Refuse(Reason("consent_withdrawn", _scope(entry)))
        if not self.requires_grant:
            return Allow(Reason("consent_not_withdrawn"), closes=closes)
        if not grants:
            return Refuse(Reason("consent_missing", {"purpose": facts.purpose.value}))
        return Allow(Reason("consent_granted", _scope(grants[-1])), closes=closes)

    def _grants(self, entry: Consent, facts: Facts) -> bool:
        named = not self.per_medium or entry.channel is not None or entry.point is not None
        return entry.status is ConsentStatus.GRANTED and named and _matches(entry, facts)

    def _binds(self, entry: Consent, facts: Facts) -> bool:
        """Whether the entry withdraws this contact, unless a later grant lifts it."""
        if entry.status is not ConsentStatus.WITHDRAWN:
            return False
        if self.revoked_by:
            # Of an address whose channel is not known, the withdrawal may have come by one of these.
            came_by = entry.channel or entry.point_channel
            return came_by is None or came_by in self.revoked_by
        if not _matches(entry, facts):
            return False
        return facts.purpose not in self.medium_only or entry.channel is not None or entry.point is not None

    def _lifts(self, grant: Consent, withdrawal: Consent, facts: Facts) -> bool:
        if self.revoked_by:
            # What ended everything is undone for the address or the channel that is granted again.
            return self._grants(grant, facts) and (grant.channel is not None or grant.point is not None)
        return _lifts(grant, withdrawal)


def _matches(entry: Consent, facts: Facts) -> bool:
    return (
        entry.channel in (None, facts.channel)
        and entry.purpose in (None, facts.purpose)
        and (entry.point is None or (facts.point is not None and entry.point == facts.point.id))
    )


def _lifts(grant: Consent, withdrawal: Consent) -> bool:
    """Every field that the withdrawal narrows is narrowed to the same by the grant."""
    return (
        grant.status is ConsentStatus.GRANTED
        and withdrawal.channel in (None, grant.channel)
        and withdrawal.point in (None, grant.point)
        and withdrawal.purpose in (None, grant.purpose)
    )


def _scope(entry: Consent) -> dict[str, Detail]:
    return {
        "at": entry.at.isoformat(),
        "channel": entry.channel.value if entry.channel else None,
        "point": entry.point,
        "purpose": entry.purpose.value if entry.purpose else None,
    }
