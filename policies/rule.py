"""What all rules have in common: whom they bind, what they apply to, and the question they are asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from policies.decision import Defer, Detail, Reason, RuleInfo, Verdict
from policies.facts import Channel, Facts, LenderRole, Purpose
from policies.fields import Fields
from policies.zones import zone


@dataclass(frozen=True, slots=True)
class Terms:
    """Where a rule comes from and what it applies to, as its pack says."""

    info: RuleInfo
    kind: str
    strength: str
    bound: frozenset[LenderRole]
    channels: frozenset[Channel]
    purposes: frozenset[Purpose]
    exempt: frozenset[Purpose]
    exempt_with_evidence: frozenset[Purpose]
    note: str

    def apply_to(self, channel: Channel, purpose: Purpose, role: LenderRole | None, evidence: bool) -> bool:
        """Whether the rule speaks at all. Without a debt at hand we may be either role, so the rule does."""
        return (
            channel in self.channels
            and (role is None or role in self.bound)
            and purpose in self.purposes
            and not self.exempts(purpose, evidence)
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
    memo: dict[str, Any] = field(default_factory=dict)

    @property
    def wall(self) -> ZoneInfo:
        """Where a reason shows its instants. Without a zone the contact is refused, and nothing but this is UTC."""
        return self.zones[0] if self.zones else zone("UTC")


class Rule(Protocol):
    """A pure function of a case and an instant. It raises on a bug: nothing is refused because code is broken."""

    @property
    def terms(self) -> Terms: ...

    def check(self, case: Case, at: datetime) -> Verdict | None:
        """What the rule says at that instant; None where it has nothing to say (no such hold, no wish)."""
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
