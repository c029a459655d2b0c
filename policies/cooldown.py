"""Silence after a telephone conversation: Reg F, 12 CFR 1006.14(b)(2)(i)(B) and comment 14(b)(4)-1.

No call about a debt within seven consecutive days after a conversation about it, whoever started that conversation.
The day of the conversation is day 1 and the next call may be made on day 8, by local dates. A conversation about two
debts silences both; a voicemail silences none. A call that is under way may yet become a conversation, so it silences
until its result is known: two agents never ring at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from policies.decision import Allow, Reason, Verdict
from policies.facts import Initiator, Medium, Reach
from policies.fields import Fields
from policies.prior_consent import PriorConsent
from policies.rule import Case, Terms, defer
from policies.zones import day_start

_TALKED = frozenset({Reach.CONVERSATION, Reach.PENDING})


@dataclass(frozen=True, slots=True, eq=False)
class Cooldown:
    terms: Terms
    days: int
    media: frozenset[Medium]
    initiators: frozenset[Initiator]
    prior_consent: PriorConsent | None = None

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(
            terms,
            fields.number("days"),
            fields.choices("media", Medium),
            fields.choices("initiators", Initiator, frozenset(Initiator)),
            PriorConsent.read(fields),
        )

    def check(self, case: Case, at: datetime) -> Verdict | None:
        if not case.zones:
            return None
        return self.prior_consent.lift(case, at, self._check) if self.prior_consent else self._check(case, at)

    def _check(self, case: Case, at: datetime) -> Verdict | None:
        until, closes = at, None
        for talked, silent_until in sorted(self._silences(case)):
            # One that begins later counts only if we would still be waiting by then.
            if talked <= until:
                until = max(until, silent_until)
            elif closes is None:
                closes = talked
        if until == at:
            return Allow(Reason("no_recent_conversation", {"days": self.days}), closes=closes)
        return defer(until, case.wall, "cooling_down", {"days": self.days})

    def _silences(self, case: Case) -> Iterator[tuple[datetime, datetime]]:
        account = case.facts.account.id if case.facts.account else None
        for past in case.facts.history:
            # What was said to another debtor of the account is between them and us.
            if past.joint:
                continue
            if past.reach not in _TALKED or past.medium not in self.media or past.initiator not in self.initiators:
                continue
            # What was discussed in a conversation that names no debt is unknown: it may have been this one.
            if account and past.accounts and account not in past.accounts:
                continue
            ends = [day_start(zone, past.at.astimezone(zone).toordinal() + self.days) for zone in case.zones]
            yield past.at, max(ends)
