"""Which past contacts a cap counts. Laws count different things, so each rule says what it means."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from policies.facts import Facts, Initiator, Medium, PastContact, Purpose, Reach
from policies.fields import Fields
from policies.rule import Terms

_TAKEN = frozenset({Reach.RESERVED, Reach.PENDING, Reach.ACCEPTED})


class Counts(StrEnum):
    """What fills a cap. A reserved slot and a contact under way fill all of them."""

    ATTEMPTS = "attempts"
    CONTACTS = "contacts"
    CONNECTED = "connected"
    CONVERSATIONS = "conversations"
    UNANSWERED = "unanswered"


REACHES = {
    Counts.ATTEMPTS: frozenset(Reach),
    # Contact made: a delivered message or a conversation. A text that never left does not use the cap up.
    Counts.CONTACTS: _TAKEN | {Reach.DELIVERED, Reach.CONVERSATION},
    # A recording that was played to the end was connected too.
    Counts.CONNECTED: _TAKEN | {Reach.CONNECTED, Reach.CONVERSATION, Reach.DELIVERED},
    Counts.CONVERSATIONS: _TAKEN | {Reach.CONVERSATION},
    Counts.UNANSWERED: _TAKEN | {Reach.ATTEMPTED},
}


class Scope(StrEnum):
    PERSON = "person"
    ACCOUNT = "account"
    CONTACT_POINT = "contact_point"


@dataclass(frozen=True, slots=True)
class Counting:
    """The filter of one rule over the history."""

    reaches: frozenset[Reach]
    scope: Scope
    media: frozenset[Medium]
    initiators: frozenset[Initiator]
    purposes: frozenset[Purpose]
    terms: Terms

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(
            reaches=REACHES[fields.choice("counts", Counts)],
            scope=fields.choice("scope", Scope),
            media=fields.choices("media", Medium),
            initiators=fields.choices("initiators", Initiator, frozenset({Initiator.LENDER, Initiator.AGENCY})),
            purposes=fields.choices("counted_purposes", Purpose, terms.purposes),
            terms=terms,
        )

    def counted(self, facts: Facts, since: datetime) -> Iterator[PastContact]:
        """What fills the cap; `since` leaves out what is too old to matter before anything else is looked at."""
        if not facts.history:
            return
        places = self.terms.at_places
        account = facts.account.id if facts.account else None
        point = facts.point.id if facts.point else None
        for past in facts.history:
            if past.at < since:
                continue
            if past.medium not in self.media or past.reach not in self.reaches or past.initiator not in self.initiators:
                continue
            # A purpose, account, place or number that nobody wrote down may be the one at hand, so it counts.
            if past.purpose is not None and not self._counts(past.purpose, past.evidence):
                continue
            if places and past.place is not None and past.place not in places:
                continue
            if past.joint and self.scope is not Scope.ACCOUNT:
                continue
            if self.scope is Scope.ACCOUNT and account and past.accounts and account not in past.accounts:
                continue
            if self.scope is Scope.CONTACT_POINT and past.point is not None and past.point != point:
                continue
            yield past

    def _counts(self, purpose: Purpose, evidence: bool) -> bool:
        return purpose in self.purposes and not self.terms.exempts(purpose, evidence)
