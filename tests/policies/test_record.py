import json
from datetime import date, timedelta

import pytest

from policies.decision import Allow, Allowance, Confidence, Decision, Defer, Finding, Outcome, Reason, Refuse, RuleInfo
from policies.engine import decide
from policies.facts import Channel, Consent, ConsentStatus, Point
from policies.record import findings_from_json, findings_to_json
from tests.policies.making import BOOKS, facts, instant, past

NOON = instant("2026-11-23T12:00+00:00")
INFO = RuleInfo(
    "t.rule", "T", "1", "T", Confidence.VERIFIED, "Art. 1", "https://x.test", date(2026, 1, 1), date(2026, 12, 31), "测"
)
CAP = Allowance(3, 2, NOON)


@pytest.mark.parametrize(
    "verdict",
    [
        Allow(Reason("a")),
        Allow(Reason("a", {"n": 1, "zones": ["x", "y"], "b": True, "none": None}), {"seen": 2}, NOON, CAP, True),
        Defer(NOON + timedelta(microseconds=5), Reason("d", {"until": "x"}), {"seen": "y"}, Allowance(1, 1)),
        Refuse(Reason("r"), {"seen": False}, CAP),
    ],
)
def test_a_finding_is_read_back_as_it_was(verdict: Allow | Defer | Refuse) -> None:
    findings = (Finding(INFO, verdict),)
    decision = Decision(Outcome.ALLOW, Channel.SMS, None, NOON, NOON, None, (), "T 1", findings)

    stored = json.loads(json.dumps(findings_to_json(decision)))

    assert findings_from_json(stored) == findings


@pytest.mark.parametrize("jurisdiction", ["CN", "US", "UK"])
def test_whole_decisions_survive_the_journey(jurisdiction: str) -> None:
    known = facts(
        point=Point("point", Channel.SMS, shared=True),
        consents=(Consent(ConsentStatus.GRANTED, NOON - timedelta(days=1)),),
        history=(past(NOON - timedelta(hours=1)),),
    )

    decision = decide(known, NOON, BOOKS[jurisdiction])

    assert findings_from_json(json.loads(json.dumps(findings_to_json(decision)))) == decision.findings
