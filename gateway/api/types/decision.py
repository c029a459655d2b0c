"""Decisions as they are shown, whether they were recorded or just made for a preview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import cast

import strawberry
from strawberry.scalars import JSON

from gateway.api.context import Info
from gateway.api.permissions import sees_all
from gateway.api.scalars import Jurisdiction, TimeZone
from gateway.api.types.hardship import Diversion
from gateway.model import StoredDecision
from policies import decision as policy
from policies.decision import Confidence, Defer, Outcome, RuleInfo
from policies.facts import Channel
from policies.hardship import Assessment
from policies.reasons import WITHHELD, say, speaks_of_others
from policies.record import findings_from_json


@strawberry.type(description="A rule of a rulebook, with where it comes from.")
class Rule:
    id: strawberry.ID = strawberry.field(description="As in the rulebook: us.hours.regf. No global id.")
    title: str = strawberry.field(description="What the rule is about, in the caller's language.")
    version: str = strawberry.field(description="The version of its rulebook.")
    jurisdiction: Jurisdiction = strawberry.field(description="The rulebook it stands in.")
    citation: str | None = strawberry.field(description="The law, or null for house policy.")
    source: str | None = strawberry.field(description="An address where it can be read.")
    confidence: Confidence = strawberry.field(description="How sure we are that the law says so.")
    effective_from: date | None = strawberry.field(description="The first day on which it is in force.")

    @classmethod
    def of(cls, rule: RuleInfo, language: str) -> Rule:
        return cls(
            id=strawberry.ID(rule.id),
            title=(rule.title_zh or rule.title) if language == "zh" else rule.title,
            version=rule.version,
            jurisdiction=Jurisdiction(rule.jurisdiction),
            citation=rule.citation,
            source=rule.source,
            confidence=rule.confidence,
            effective_from=rule.effective_from,
        )


@strawberry.type(description="What one rule says, whether or not it decided the outcome.")
class Finding:
    rule: Rule = strawberry.field(description="The rule that says it.")
    outcome: Outcome = strawberry.field(description="What it says.")
    until: datetime | None = strawberry.field(description="For DEFER: the first instant at which this rule allows.")
    reason: str = strawberry.field(description="A plain sentence in the caller's language.")
    facts: JSON = strawberry.field(description="What the rule looked at, masked.")

    @classmethod
    def of(cls, finding: policy.Finding, language: str, *, whole: bool) -> Finding:
        verdict = finding.verdict
        if not whole and speaks_of_others(verdict.facts):
            # How often another debtor was contacted about the debt is between them and us.
            return cls(
                rule=Rule.of(finding.rule, language),
                outcome=finding.outcome,
                until=verdict.until if isinstance(verdict, Defer) else None,
                reason=say(WITHHELD, language),
                facts=cast(JSON, {}),
            )
        return cls(
            rule=Rule.of(finding.rule, language),
            outcome=finding.outcome,
            until=verdict.until if isinstance(verdict, Defer) else None,
            reason=say(verdict.reason, language),
            facts=cast(JSON, {**verdict.reason.values, **verdict.facts}),
        )


@strawberry.type(description="What is left under one frequency cap at the moment of the decision.")
class Allowance:
    rule: Rule = strawberry.field(description="The rule that sets the cap.")
    limit: int = strawberry.field(description="How many the cap allows.")
    used: int = strawberry.field(description="How many count towards it.")
    remaining: int = strawberry.field(description="How many are left.")
    resets_at: datetime | None = strawberry.field(description="The first instant with one more.")

    @classmethod
    def of(cls, rule: RuleInfo, allowance: policy.Allowance, language: str) -> Allowance:
        return cls(
            rule=Rule.of(rule, language),
            limit=allowance.limit,
            used=allowance.used,
            remaining=allowance.remaining,
            resets_at=allowance.resets_at,
        )


@strawberry.type(description="All findings and the strictest of them, with the first allowed instant.")
class Decision:
    outcome: Outcome = strawberry.field(description="The strictest of the findings.")
    channel: Channel = strawberry.field(description="The channel that was asked about.")
    decided_at: datetime = strawberry.field(description="The instant that was asked about.")
    next_allowed_at: datetime | None = strawberry.field(
        description="`decidedAt` for ALLOW, the first allowed instant for DEFER, null for REFUSE."
    )
    time_zones: list[TimeZone] = strawberry.field(description="Every zone that was respected.")
    rulebook: str = strawberry.field(description="Code and version.")
    diversion: Diversion | None = strawberry.field(
        description="In a preview: why, in place of the notice that was asked about, the offer of an easier plan would "
        "be made, or (level CALL) a call about it. Null where there is no other; of a contact see its own `diversion`."
    )
    #: Put into words only when they are asked for.
    read_findings: strawberry.Private[Callable[[], Sequence[policy.Finding]]]
    language: strawberry.Private[str]

    @strawberry.field(description="Every rule that applied, in a fixed order, the deciding one first.")
    def findings(self, info: Info) -> list[Finding]:
        whole = sees_all(info.context.caller, "Finding.facts")
        return [Finding.of(finding, self.language, whole=whole) for finding in self.read_findings()]

    @strawberry.field(description="What is left under each frequency cap.")
    def allowances(self, info: Info) -> list[Allowance]:
        whole = sees_all(info.context.caller, "Decision.allowances")
        return [
            Allowance.of(finding.rule, finding.verdict.allowance, self.language)
            for finding in self.read_findings()
            if finding.verdict.allowance is not None and (whole or not speaks_of_others(finding.verdict.facts))
        ]

    @classmethod
    def recorded(cls, decision: StoredDecision, language: str) -> Decision:
        return cls(
            outcome=decision.outcome,
            channel=decision.channel,
            decided_at=decision.decided_at,
            next_allowed_at=decision.next_allowed_at,
            time_zones=[TimeZone(zone) for zone in decision.time_zones],
            rulebook=decision.rulebook,
            diversion=None,
            read_findings=lambda: findings_from_json(decision.findings),
            language=language,
        )

    @classmethod
    def made(cls, decision: policy.Decision, language: str, diversion: Assessment | None = None) -> Decision:
        return cls(
            outcome=decision.outcome,
            channel=decision.channel,
            decided_at=decision.decided_at,
            next_allowed_at=decision.next_allowed_at,
            time_zones=[TimeZone(zone) for zone in decision.zones],
            rulebook=decision.rulebook,
            diversion=Diversion.of(diversion, language) if diversion else None,
            read_findings=lambda: decision.findings,
            language=language,
        )


REACH = timedelta(days=60)
"""How far ahead a question about the next allowed contact looks."""


@strawberry.type(description="For one channel the first allowed instant within 60 days, or null and why.")
class NextAllowed:
    channel: Channel = strawberry.field(description="The channel.")
    at: datetime | None = strawberry.field(description="The first allowed instant.")
    decision: Decision = strawberry.field(description="The decision that says so.")

    @classmethod
    def of(cls, decision: policy.Decision, language: str) -> NextAllowed:
        opens = decision.next_allowed_at
        is_near = opens is not None and opens - decision.decided_at <= REACH
        return cls(channel=decision.channel, at=opens if is_near else None, decision=Decision.made(decision, language))
