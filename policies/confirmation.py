"""One confirmation of an opt-out, at once: 47 CFR 64.1200(a)(12).

A withdrawal may be confirmed by one message within five minutes; later, or a second time, it is a message to somebody
who asked for none.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from policies.decision import Allow, Detail, Reason, Refuse, Verdict
from policies.facts import Consent, ConsentStatus, Facts, Purpose
from policies.fields import Fields
from policies.rule import SAME_MEDIUM, Case, Terms


@dataclass(frozen=True, slots=True, eq=False)
class Confirmation:
    terms: Terms
    minutes: int

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(terms, fields.number("minutes"))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        withdrawals = [entry.at for entry in case.facts.consents if entry.at <= at and _withdraws(entry, case.facts)]
        if not withdrawals:
            return Refuse(Reason("nothing_to_confirm"))
        last, values = max(withdrawals), dict[str, Detail](minutes=self.minutes)
        if _is_confirmed(case.facts, last, at):
            return Refuse(Reason("confirmed_already"))
        closes = last + timedelta(minutes=self.minutes)
        if at >= closes:
            return Refuse(Reason("confirmation_late", values))
        return Allow(Reason("confirmation_due", values), closes=closes)


def _withdraws(entry: Consent, facts: Facts) -> bool:
    """Whether the customer opted out by this channel, or of it."""
    return (
        entry.status is ConsentStatus.WITHDRAWN
        and entry.channel in (None, facts.channel)
        and (entry.point is None or (facts.point is not None and entry.point == facts.point.id))
    )


def _is_confirmed(facts: Facts, since: datetime, at: datetime) -> bool:
    """A try that is known to have reached nobody has confirmed nothing, but it was the one that was allowed."""
    return any(
        past.purpose is Purpose.OPT_OUT_CONFIRMATION
        and since <= past.at <= at
        and not past.joint
        and past.medium in SAME_MEDIUM[facts.channel]
        for past in facts.history
    )
