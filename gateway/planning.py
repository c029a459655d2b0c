"""From facts to a plan: which channel, which address, when. Decides nothing itself; the policies do."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.known import Known, Subject
from gateway.model import ContactPoint
from policies import moments
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


def plan_at_best(
    known: Known, rulebook: Rulebook, subject: Subject, channels: Collection[Channel], at: datetime, where: ZoneInfo
) -> tuple[Subject, Plan]:
    """The same, but for the hour of the day at which this customer has reacted before, and the subject with that wish.

    It waits no longer than `moments.PATIENCE`, and only for an instant at which the rules allow the contact: where
    there is none in that hour before the contact ends, nothing is wished for.
    """
    first = plan(known, rulebook, subject, channels, at)
    hour = moments.habit(known.reacted_at(subject.customer_id), where)
    if hour is None or first.chosen is None or first.chosen.next_allowed_at is None:
        return subject, first
    for wished in moments.ahead(first.chosen.next_allowed_at, hour, where, subject.contact_id or ""):
        waiting = replace(subject, not_before=wished, at_best_moment=True)
        found = plan(known, rulebook, waiting, channels, at)
        opens = found.chosen.next_allowed_at if found.chosen else None
        # A rule may move it on: out of that hour there is no reason to wait.
        if opens is not None and opens - wished < moments.HOUR and opens.astimezone(where).hour == hour:
            return waiting, found
    return subject, first


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
