"""The engine: every rule is asked, the strictest answer wins, and a delay is followed to the instant all rules allow.

A delay by one rule can run into another: a cap that frees at midnight runs into the night. So a deferral is followed to
its end: the rules are asked again at the furthest instant that any of them names, until all allow. Every rule names the
first instant at which it allows, so no instant in between was allowed, and the one found is the first.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from policies.core import horizon
from policies.decision import (
    Allow,
    Decision,
    Defer,
    Finding,
    Outcome,
    Reason,
    Refuse,
    Verdict,
)
from policies.facts import Facts
from policies.rule import About, Case, Rule
from policies.rulebook import Rulebook
from policies.week import HORIZON_DAYS
from policies.zones import day_start, zone

HORIZON = timedelta(days=HORIZON_DAYS)
_TICK = timedelta(microseconds=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
#: How long an answer stands that names no end: rules look ahead for one at least so far.
_STANDS = timedelta(days=7)


def decide(facts: Facts, at: datetime, rulebook: Rulebook) -> Decision:
    """May this contact be made at that instant? If not yet: when first. All rules run, even after a refusal."""
    if at.tzinfo is None:
        raise ValueError("a decision needs an aware instant")
    at = at.astimezone(UTC)
    zones = (rulebook.time_zone,) if rulebook.time_zone else facts.zones
    case = Case(facts, tuple([zone(name) for name in zones]))
    asking = _Asking(rulebook, case, About.of(facts, rulebook.products), at)

    findings = asking.findings(at)
    outcome = _strictest(findings)
    opens: datetime | None = at
    if outcome is Outcome.DEFER:
        opens, refusals = asking.follow(max([f.verdict.until for f in findings if isinstance(f.verdict, Defer)]))
        if opens is None:
            outcome = Outcome.REFUSE
            refused = {finding.rule.id for finding in refusals}
            findings = [*refusals, *(finding for finding in findings if finding.rule.id not in refused)]
    ordered = _deciding_first(findings, outcome)
    return Decision(
        outcome=outcome,
        channel=facts.channel,
        point=facts.point.id if facts.point else None,
        decided_at=at,
        next_allowed_at=None if outcome is Outcome.REFUSE else opens,
        closes_at=_closes(ordered[0]) if ordered else None,
        zones=zones,
        rulebook=rulebook.label,
        findings=ordered,
        discreet=_is_discreet(findings),
    )


def next_allowed(facts: Facts, start: datetime, rulebook: Rulebook) -> Decision:
    """The first allowed instant from `start` on is part of every decision."""
    return decide(facts, start, rulebook)


class _Asking:
    """The rules of one contact, asked about one instant after another."""

    __slots__ = ("about", "answers", "at", "case", "rulebook")

    def __init__(self, rulebook: Rulebook, case: Case, about: About, at: datetime) -> None:
        self.rulebook, self.case, self.about, self.at = rulebook, case, about, at
        self.answers: list[tuple[Rule, Verdict | None]] = []

    def findings(self, at: datetime) -> list[Finding]:
        """What the rules in force say, in their order."""
        self.answers = [(rule, self._ask(rule, at)) for rule in self._rules(at)]
        return [Finding(rule.terms.info, verdict) for rule, verdict in self.answers if verdict is not None]

    def follow(self, opens: datetime) -> tuple[datetime | None, list[Finding]]:
        """The first instant from `opens` on at which all rules allow; or None and what refuses on the way there.

        A rule is asked again only when its last answer no longer stands.
        """
        stands = {rule: _stands(verdict, self.at) for rule, verdict in self.answers}
        while opens - self.at <= HORIZON:
            moved = opens
            for rule in self._rules(opens):
                if rule in stands and stands[rule] > opens:
                    continue
                verdict = self._ask(rule, opens)
                if isinstance(verdict, Refuse):
                    return None, [found for found in self.findings(opens) if isinstance(found.verdict, Refuse)]
                if isinstance(verdict, Defer):
                    assert verdict.until > opens, "a deferral must lie ahead of the instant asked about"
                    moved = max(moved, verdict.until)
                stands[rule] = _stands(verdict, opens)
            if moved == opens:
                return opens, []
            opens = moved
        refusal = Refuse(Reason("never_opens", {"days": HORIZON_DAYS}))
        return None, [Finding(horizon(self.rulebook.code, self.rulebook.version), refusal)]

    def _rules(self, at: datetime) -> tuple[Rule, ...]:
        days = [at.astimezone(where).date() for where in self.case.zones] or [at.date()]
        return self.rulebook.about(self.about, min(days), max(days))

    def _ask(self, rule: Rule, at: datetime) -> Verdict | None:
        verdict = rule.check(self.case, at)
        last_day = rule.terms.info.effective_to
        if last_day is None or not isinstance(verdict, Defer) or not self.case.zones:
            return verdict
        # A rule that goes out of force holds nothing any longer.
        ends = max(day_start(where, last_day.toordinal() + 1) for where in self.case.zones)
        return replace(verdict, until=min(verdict.until, ends))


def _stands(verdict: Verdict | None, at: datetime) -> datetime:
    """Until when an answer is sure to be the same. What was deferred is allowed at that instant, and then unknown."""
    if isinstance(verdict, Defer):
        return verdict.until + _TICK
    if isinstance(verdict, Allow) and verdict.closes is not None:
        return verdict.closes
    return at + _STANDS


def _strictest(findings: list[Finding]) -> Outcome:
    strictest = Outcome.ALLOW
    for finding in findings:
        if isinstance(finding.verdict, Refuse):
            return Outcome.REFUSE
        if isinstance(finding.verdict, Defer):
            strictest = Outcome.DEFER
    return strictest


def _is_discreet(findings: list[Finding]) -> bool:
    return bool([f for f in findings if isinstance(f.verdict, Allow) and f.verdict.discreet])


def _deciding_first(findings: list[Finding], outcome: Outcome) -> tuple[Finding, ...]:
    """Of refusals the first; of deferrals the one that reaches furthest; of permissions the one that ends first."""
    if not findings:
        return ()
    if outcome is Outcome.ALLOW:
        first = min(findings, key=_end)
    elif outcome is Outcome.REFUSE:
        first = next(finding for finding in findings if isinstance(finding.verdict, Refuse))
    else:
        first = max((f for f in findings if isinstance(f.verdict, Defer)), key=_reach)
    return (first, *(finding for finding in findings if finding is not first))


def _closes(finding: Finding) -> datetime | None:
    return finding.verdict.closes if isinstance(finding.verdict, Allow) else None


def _end(finding: Finding) -> datetime:
    return _closes(finding) or _NEVER


def _reach(finding: Finding) -> datetime:
    assert isinstance(finding.verdict, Defer)
    return finding.verdict.until
