"""What rules say, and what follows from it: values that can be printed, stored and compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from policies.facts import Channel

Detail = str | int | bool | None | list[str]
"""What a finding may show of the facts: masked already, and ready for JSON."""


class Outcome(StrEnum):
    """Ordered by strictness: `strictest` compares by this order."""

    ALLOW = "ALLOW"
    DEFER = "DEFER"
    REFUSE = "REFUSE"


class Confidence(StrEnum):
    """How sure we are that the law says so; HOUSE is the lender's own policy."""

    VERIFIED = "VERIFIED"
    SECONDARY = "SECONDARY"
    CONTESTED = "CONTESTED"
    HOUSE = "HOUSE"


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence before it is put into a language: `policies.reasons.say` does that."""

    code: str
    values: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left under one cap if the contact is not made. `resets_at` is the first instant with one more."""

    limit: int
    used: int
    resets_at: datetime | None = None

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class Allow:
    """Yes. `closes` is the instant at which the clock turns this into a no, where it does."""

    reason: Reason
    facts: Mapping[str, Detail] = field(default_factory=dict)
    closes: datetime | None = None
    allowance: Allowance | None = None
    #: Others may read it: the message must not speak of debt.
    discreet: bool = False


@dataclass(frozen=True, slots=True)
class Defer:
    """Not yet. `until` is the first instant, at or after the one asked about, at which this rule alone would allow."""

    until: datetime
    reason: Reason
    facts: Mapping[str, Detail] = field(default_factory=dict)
    allowance: Allowance | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """No, and waiting does not help."""

    reason: Reason
    facts: Mapping[str, Detail] = field(default_factory=dict)
    allowance: Allowance | None = None


Verdict = Allow | Defer | Refuse


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """Where a rule comes from. `source` is an address where it can be read; `citation` is None for house policy."""

    id: str
    title: str
    version: str
    jurisdiction: str
    confidence: Confidence
    citation: str | None = None
    source: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    title_zh: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says, whether or not it decided the outcome."""

    rule: RuleInfo
    verdict: Verdict

    @property
    def outcome(self) -> Outcome:
        match self.verdict:
            case Allow():
                return Outcome.ALLOW
            case Defer():
                return Outcome.DEFER
            case Refuse():
                return Outcome.REFUSE


@dataclass(frozen=True, slots=True)
class Decision:
    """All findings and the strictest of them, with the first instant at which every rule allows."""

    outcome: Outcome
    channel: Channel
    point: str | None
    decided_at: datetime
    next_allowed_at: datetime | None  #: `decided_at` for ALLOW, None for REFUSE
    closes_at: datetime | None  #: for ALLOW: when the open window ends; None where no clock ends it
    zones: tuple[str, ...]  #: every zone that was respected
    rulebook: str  #: code and version, with the version of the zone data
    findings: tuple[Finding, ...]  #: the deciding one first, the others in the rulebook's order
    discreet: bool = False  #: the message must not speak of debt
