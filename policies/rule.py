"""What all rules have in common: whom they bind, what they apply to, and the question they are asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from policies.decision import Defer, Detail, Reason, RuleInfo, Verdict
from policies.facts import Channel, Facts, LenderKind, LenderRole, Medium, Place, Purpose
from policies.fields import Fields
from policies.zones import zone

_OTHER = "another product"
#: The media in which a channel answers.
SAME_MEDIUM = {
    Channel.SMS: frozenset({Medium.SMS}),
    Channel.EMAIL: frozenset({Medium.EMAIL}),
    Channel.CALLBACK: frozenset({Medium.VOICE, Medium.AI_VOICE}),
}


class About(NamedTuple):
    """The facts that decide which rules speak. They have few values, so what they choose can be kept."""

    channel: Channel
    purpose: Purpose
    role: LenderRole | None
    in_collection: bool
    product: str | None
    place: Place | None
    evidence: bool
    awaited: bool
    reply: bool
    lender: frozenset[LenderKind]

    @classmethod
    def of(cls, facts: Facts, products: frozenset[str]) -> "About":
        """Of all products that callers name, only those that some rule names are told apart."""
        account, point = facts.account, facts.point
        return cls(
            facts.channel,
            facts.purpose,
            account.role if account else None,
            account is None or account.in_collection_procedures,
            None if account is None else account.product if account.product in products else _OTHER,
            point.place if point else None,
            facts.evidence,
            facts.evidence and facts.awaited,
            facts.evidence and facts.awaited and _is_first_reply(facts),
            facts.lender,
        )


def _is_first_reply(facts: Facts) -> bool:
    """One answer, in the medium of the question. Where a key is the evidence, its caller vouches for that."""
    answers = facts.answers
    return answers is None or (answers.medium in SAME_MEDIUM[facts.channel] and not answers.answered)


@dataclass(frozen=True, slots=True)
class Terms:
    """Where a rule comes from and what it applies to, as its pack says."""

    info: RuleInfo
    kind: str
    strength: str = ""
    bound: frozenset[LenderRole] = frozenset(LenderRole)
    #: Kinds of lender that are bound; empty: every kind.
    binds: frozenset[LenderKind] = frozenset()
    #: Whether a creditor is bound only once the debt is in collection procedures.
    creditors_in_collection: bool = False
    products: frozenset[str] = frozenset()
    channels: frozenset[Channel] = frozenset(Channel)
    purposes: frozenset[Purpose] = frozenset(Purpose)
    #: Where the contact point reaches its party; empty: anywhere.
    at_places: frozenset[Place] = frozenset()
    exempt: frozenset[Purpose] = frozenset()
    exempt_with_evidence: frozenset[Purpose] = frozenset()
    #: The same, while the customer waits for it.
    exempt_while_awaited: frozenset[Purpose] = frozenset()
    #: The same, once and in the customer's medium.
    exempt_as_reply: frozenset[Purpose] = frozenset()
    note: str = ""

    def apply_to(self, about: About) -> bool:
        """Whether the rule speaks at all. What is not known (the debt, the kind of lender) lets it speak."""
        return (
            about.channel in self.channels
            and about.purpose in self.purposes
            and (about.role is None or about.role in self.bound)
            and not (self.binds and about.lender and self.binds.isdisjoint(about.lender))
            and (about.in_collection or not self.creditors_in_collection or about.role is not LenderRole.CREDITOR)
            and (about.product is None or not self.products or about.product in self.products)
            and (not self.at_places or about.place in self.at_places)
            and not self.exempts(about.purpose, about.evidence)
            and not (about.awaited and about.purpose in self.exempt_while_awaited)
            and not (about.reply and about.purpose in self.exempt_as_reply)
        )

    def exempts(self, purpose: Purpose, evidence: bool) -> bool:
        return purpose in self.exempt or (evidence and purpose in self.exempt_with_evidence)


@dataclass(slots=True)
class Case:
    """The facts of one contact with the zones to respect, while its rules are asked about one instant after another.

    `memo` keeps what a rule has worked out of the facts, by rule id, because a deferral asks every rule again.
    """

    facts: Facts
    zones: tuple[ZoneInfo, ...]
    memo: dict[Any, Any] = field(default_factory=dict)

    @property
    def wall(self) -> ZoneInfo:
        """Where a reason shows its instants. Without a zone the contact is refused, and nothing but this is UTC."""
        return self.zones[0] if self.zones else zone("UTC")


class Rule(Protocol):
    """A pure function of a case and an instant. It raises on a bug: nothing is refused because code is broken."""

    @property
    def terms(self) -> Terms: ...

    def check(self, case: Case, at: datetime) -> Verdict | None:
        """What the rule says at that instant; None where it has nothing to say (no such hold, no wish).

        The engine only asks about later and later instants, and relies on the answer: until a `Defer.until` the rule
        does not allow, there it does; an Allow stands until its `closes`; an Allow without, and None, for a week.
        """
        ...


def local(at: datetime, where: ZoneInfo) -> dict[str, Detail]:
    """An instant as a reason carries it: `policies.reasons` shows it on the wall of that zone."""
    return {"until": at.isoformat(), "zone": where.key}


def defer(until: datetime, where: ZoneInfo, code: str, values: Mapping[str, Detail] | None = None) -> Defer:
    """A deferral whose reason names the instant on the customer's wall."""
    return Defer(until, Reason(code, {**(values or {}), **local(until, where)}))


def override(fields: Fields, *known: str) -> frozenset[str]:
    """What a rule gives way to, out of what its kind knows to give way to."""
    words = fields.take("override", list, [])
    for word in words:
        if word not in known:
            raise fields.error("override", f"must hold some of {', '.join(known)}, not {word!r}")
    return frozenset(words)
