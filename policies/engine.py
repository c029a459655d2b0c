"""The engine: every rule is asked, the strictest answer wins, and a delay is followed to the instant all rules allow.

A delay by one rule can run into another: a cap that frees at midnight runs into the night. So a deferral is followed to
its end: all rules are asked again at the furthest instant that any of them names, until all allow. Every rule names the
first instant at which it allows, so no instant in between was allowed, and the one found is the first.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import cycle

from policies.core import horizon
from policies.decision import (
    Allow,
    Decision,
    Defer,
    Finding,
    Outcome,
    Reason,
    Refuse,
    RuleInfo,
    Verdict,
)
from policies.facts import Facts
from policies.rule import Case, Rule
from policies.rulebook import Rulebook
from policies.week import HORIZON_DAYS
from policies.zones import day_start, zone

HORIZON = timedelta(days=HORIZON_DAYS)


def decide(facts: Facts, at: datetime, rulebook: Rulebook) -> Decision:
    """May this contact be made at that instant? If not yet: when first. All rules run, even after a refusal."""
    if at.tzinfo is None:
        raise ValueError("a decision needs an aware instant")
    at = at.astimezone(UTC)
    zones = (rulebook.time_zone,) if rulebook.time_zone else facts.zones
    case = Case(facts, tuple(zone(name) for name in zones))
    role = facts.account.role if facts.account else None
    rules = rulebook.about(facts.channel, facts.purpose, role, facts.evidence)

    findings = _ask(rules, case, at)
    outcome = _strictest(findings)
    opens: datetime | None = at
    if outcome is Outcome.DEFER:
        opens, refusals = _follow(rules, case, at, findings, rulebook)
        if opens is None:
            outcome = Outcome.REFUSE
            refused = {finding.rule.id for finding in refusals}
            findings = [*refusals, *(finding for finding in findings if finding.rule.id not in refused)]
    return Decision(
        outcome=outcome,
        channel=facts.channel,
        point=facts.point.id if facts.point else None,
        decided_at=at,
        next_allowed_at=None if outcome is Outcome.REFUSE else opens,
        closes_at=_closes(findings) if outcome is Outcome.ALLOW else None,
        zones=zones,
        rulebook=rulebook.label,
        findings=_deciding_first(findings, outcome),
        discreet=any(isinstance(f.verdict, Allow) and f.verdict.discreet for f in findings),
    )


def next_allowed(facts: Facts, start: datetime, rulebook: Rulebook) -> Decision:
    """The first allowed instant from `start` on is part of every decision."""
    return decide(facts, start, rulebook)


def _ask(rules: Iterable[Rule], case: Case, at: datetime) -> list[Finding]:
    """The findings of the rules in force, in their order."""
    first, last = _dates(case, at)
    return [
        Finding(rule.terms.info, verdict)
        for rule in rules
        if _in_force(rule.terms.info, first, last) and (verdict := _check(rule, case, at)) is not None
    ]


def _check(rule: Rule, case: Case, at: datetime) -> Verdict | None:
    verdict = rule.check(case, at)
    last_day = rule.terms.info.effective_to
    if last_day is None or not isinstance(verdict, Defer) or not case.zones:
        return verdict
    # A rule that goes out of force holds nothing any longer.
    ends = max(day_start(where, last_day.toordinal() + 1) for where in case.zones)
    return replace(verdict, until=min(verdict.until, ends))


def _dates(case: Case, at: datetime) -> tuple[date, date]:
    """The earliest and the latest date that the customer's walls show."""
    days = [at.astimezone(where).date() for where in case.zones]
    return (min(days), max(days)) if days else (at.date(), at.date())


def _in_force(info: RuleInfo, first: date, last: date) -> bool:
    """Whether the rule is in force on one of these dates: two zones may show two, and then it is."""
    return (info.effective_from is None or info.effective_from <= last) and (
        info.effective_to is None or first <= info.effective_to
    )


def _follow(
    rules: tuple[Rule, ...], case: Case, at: datetime, findings: list[Finding], rulebook: Rulebook
) -> tuple[datetime | None, list[Finding]]:
    """The first instant at which all rules allow; or None and what refuses on the way there."""
    opens = max(finding.verdict.until for finding in findings if isinstance(finding.verdict, Defer))
    # Rules are asked in a ring, and one that defers moves the instant for all: done when a whole round has allowed.
    allowed = 0
    dates = _dates(case, opens)
    for rule in cycle(rules):
        if opens - at > HORIZON:
            refusal = Refuse(Reason("never_opens", {"days": HORIZON_DAYS}))
            return None, [Finding(horizon(rulebook.code, rulebook.version), refusal)]
        verdict = _check(rule, case, opens) if _in_force(rule.terms.info, *dates) else None
        if isinstance(verdict, Refuse):
            return None, [finding for finding in _ask(rules, case, opens) if isinstance(finding.verdict, Refuse)]
        if isinstance(verdict, Defer):
            assert verdict.until > opens, "a deferral must lie ahead of the instant asked about"
            opens, allowed = verdict.until, 0
            dates = _dates(case, opens)
        allowed += 1
        if allowed == len(rules):
            break
    return opens, []


def _strictest(findings: list[Finding]) -> Outcome:
    strictest = Outcome.ALLOW
    for finding in findings:
        if isinstance(finding.verdict, Refuse):
            return Outcome.REFUSE
        if isinstance(finding.verdict, Defer):
            strictest = Outcome.DEFER
    return strictest


def _closes(findings: list[Finding]) -> datetime | None:
    closes = [f.verdict.closes for f in findings if isinstance(f.verdict, Allow) and f.verdict.closes is not None]
    return min(closes, default=None)


def _deciding_first(findings: list[Finding], outcome: Outcome) -> tuple[Finding, ...]:
    """Of those that say what was decided the first; of deferrals the one that reaches furthest."""
    if outcome is Outcome.ALLOW:
        return tuple(findings)
    if outcome is Outcome.REFUSE:
        first = next(finding for finding in findings if isinstance(finding.verdict, Refuse))
    else:
        first = max((f for f in findings if isinstance(f.verdict, Defer)), key=_reach)
    return (first, *(finding for finding in findings if finding is not first))


def _reach(finding: Finding) -> datetime:
    assert isinstance(finding.verdict, Defer)
    return finding.verdict.until
