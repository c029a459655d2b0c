"""From facts to a plan: which channel, which address, when. Decides nothing itself; the policies do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.known import Known, Subject
from gateway.model import ContactPoint
from policies.decision import Decision, Outcome
from policies.engine import decide
from policies.facts import Channel
from policies.rulebook import Rulebook

DEFAULT_CHANNELS = (Channel.SMS, Channel.EMAIL, Channel.CALLBACK)


@dataclass(frozen=True, slots=True)
class Plan:
    """One decision per channel looked at, and the one that is followed: None if all refuse."""

    decisions: tuple[Decision, ...]
    chosen: Decision | None


def plan(known: Known, rulebook: Rulebook, subject: Subject, channels: Iterable[Channel], at: datetime) -> Plan:
    """The first channel, in the caller's order, that is allowed now; if none is, the one that opens first."""
    decisions: list[Decision] = []
    for channel in channels:
        decision = of_channel(known, rulebook, subject, channel, at)
        decisions.append(decision)
        if decision.outcome is Outcome.ALLOW:
            return Plan(tuple(decisions), decision)
    return Plan(tuple(decisions), _earliest(decisions))


def of_channel(known: Known, rulebook: Rulebook, subject: Subject, channel: Channel, at: datetime) -> Decision:
    """The decision for the contact point of a channel that would be used."""
    decisions: list[Decision] = []
    points: list[ContactPoint | None] = list(known.candidates(subject.customer_id, channel))
    for point in points or [None]:
        decision = decide(known.facts(subject, channel, point), at, rulebook)
        if decision.outcome is Outcome.ALLOW:
            return decision
        decisions.append(decision)
    return _earliest(decisions) or decisions[0]


def _earliest(decisions: list[Decision]) -> Decision | None:
    """The one that opens first; of equals the first."""
    opening = [decision for decision in decisions if decision.next_allowed_at is not None]
    return min(opening, key=_opens, default=None)


def _opens(decision: Decision) -> datetime:
    assert decision.next_allowed_at is not None
    return decision.next_allowed_at
