"""Findings as plain dicts, so that a decision can be stored and read back as it was.

On the path of every contact: no reflection, nothing that JSON does not know. Instants and dates are ISO strings.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from policies.decision import (
    Allow,
    Allowance,
    Confidence,
    Decision,
    Defer,
    Finding,
    Outcome,
    Reason,
    Refuse,
    RuleInfo,
    Verdict,
)

Json = dict[str, Any]


def findings_to_json(decision: Decision, rule: Callable[[RuleInfo], Any] | None = None) -> list[Json]:
    """The findings in their order. `rule` says what stands for a rule: by default all that `rule_to_json` writes."""
    name = rule or rule_to_json
    return [_finding(finding, name) for finding in decision.findings]


def findings_from_json(stored: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """What `findings_to_json` wrote."""
    return tuple(Finding(_read_rule(row["rule"]), _read_verdict(row)) for row in stored)


def _finding(finding: Finding, rule: Callable[[RuleInfo], Any]) -> Json:
    """What is empty is left out: most rules of most decisions just allow."""
    verdict = finding.verdict
    row: Json = {
        "rule": rule(finding.rule),
        "outcome": finding.outcome.value,
        "code": verdict.reason.code,
    }
    if verdict.reason.values:
        row["values"] = dict(verdict.reason.values)
    if verdict.facts:
        row["facts"] = dict(verdict.facts)
    if verdict.allowance is not None:
        row["allowance"] = _allowance(verdict.allowance)
    match verdict:
        case Allow():
            if verdict.closes is not None:
                row["closes"] = verdict.closes.isoformat()
            if verdict.discreet:
                row["discreet"] = True
        case Defer():
            row["until"] = verdict.until.isoformat()
        case Refuse():
            pass
    return row


def rule_to_json(info: RuleInfo) -> Json:
    """Where a rule comes from, as `findings_from_json` reads it."""
    return {
        "id": info.id,
        "title": info.title,
        "title_zh": info.title_zh,
        "version": info.version,
        "jurisdiction": info.jurisdiction,
        "confidence": info.confidence.value,
        "citation": info.citation,
        "source": info.source,
        "effective_from": info.effective_from.isoformat() if info.effective_from else None,
        "effective_to": info.effective_to.isoformat() if info.effective_to else None,
    }


def _allowance(allowance: Allowance) -> Json:
    return {
        "limit": allowance.limit,
        "used": allowance.used,
        "resets_at": allowance.resets_at.isoformat() if allowance.resets_at else None,
    }


def _read_rule(row: Mapping[str, Any]) -> RuleInfo:
    return RuleInfo(
        id=row["id"],
        title=row["title"],
        title_zh=row["title_zh"],
        version=row["version"],
        jurisdiction=row["jurisdiction"],
        confidence=Confidence(row["confidence"]),
        citation=row["citation"],
        source=row["source"],
        effective_from=date.fromisoformat(row["effective_from"]) if row["effective_from"] else None,
        effective_to=date.fromisoformat(row["effective_to"]) if row["effective_to"] else None,
    )


def _read_verdict(row: Mapping[str, Any]) -> Verdict:
    reason = Reason(row["code"], row.get("values", {}))
    facts = row.get("facts", {})
    allowance = _read_allowance(row.get("allowance"))
    match Outcome(row["outcome"]):
        case Outcome.ALLOW:
            return Allow(reason, facts, _instant(row.get("closes")), allowance, row.get("discreet", False))
        case Outcome.DEFER:
            return Defer(datetime.fromisoformat(row["until"]), reason, facts, allowance)
        case Outcome.REFUSE:
            return Refuse(reason, facts, allowance)


def _read_allowance(row: Mapping[str, Any] | None) -> Allowance | None:
    return Allowance(row["limit"], row["used"], _instant(row["resets_at"])) if row else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
