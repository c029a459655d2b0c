from datetime import timedelta
from typing import Any

import pytest

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import Channel, Consent, ConsentStatus, Medium, Purpose, Reach
from tests.policies.making import BOOKS, NEW_YORK, book, code, facts, instant, past, rule

AT = instant("2026-11-23T23:30-05:00")
MINUTE = timedelta(minutes=1)
ONCE = book(rule("confirmation", 'purposes = ["OPT_OUT_CONFIRMATION"]\nminutes = 5'))
CONFIRMING = Purpose.OPT_OUT_CONFIRMATION


def stop(minutes_ago: float = 1, **scope: Any) -> Consent:
    return Consent(ConsentStatus.WITHDRAWN, AT - minutes_ago * MINUTE, **scope)


@pytest.mark.parametrize(
    ("consents", "expected"),
    [
        ((stop(0),), "confirmation_due"),
        ((stop(4.99, point="point"),), "confirmation_due"),
        ((stop(5),), "confirmation_late"),
        ((stop(60), stop(1)), "confirmation_due"),
        ((stop(1, channel=Channel.EMAIL),), "nothing_to_confirm"),
        ((stop(1, point="another"),), "nothing_to_confirm"),
        ((stop(-1),), "nothing_to_confirm"),
        ((), "nothing_to_confirm"),
        ((Consent(ConsentStatus.GRANTED, AT),), "nothing_to_confirm"),
    ],
)
def test_an_opt_out_is_confirmed_at_once_or_not_at_all(consents: tuple[Consent, ...], expected: str) -> None:
    assert code(decide(facts(purpose=CONFIRMING, consents=consents), AT, ONCE)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "confirmed_already"),
        ({"reach": Reach.PENDING}, "confirmed_already"),
        ({"reach": Reach.ATTEMPTED}, "confirmed_already"),
        ({"medium": Medium.EMAIL}, "confirmation_due"),
        ({"purpose": Purpose.OVERDUE_REMINDER}, "confirmation_due"),
        ({"joint": True}, "confirmation_due"),
        # That one confirmed an opt-out before this one.
        ({"at": AT - 3 * MINUTE}, "confirmation_due"),
    ],
)
def test_one_confirmation_is_all(change: dict[str, Any], expected: str) -> None:
    known: dict[str, Any] = {"at": AT - MINUTE, "reach": Reach.DELIVERED, "purpose": CONFIRMING}
    history = (past(**(known | change)),)

    assert code(decide(facts(purpose=CONFIRMING, consents=(stop(2),), history=history), AT, ONCE)) == expected


def test_in_the_us_it_may_come_at_night_and_ends_with_its_minutes() -> None:
    known = facts(
        purpose=CONFIRMING, evidence=True, awaited=True, consents=(stop(2, point="point"),), zones=(NEW_YORK,)
    )

    decision = decide(known, AT, BOOKS["US"])

    assert decision.outcome is Outcome.ALLOW
    assert decision.closes_at == AT + 3 * MINUTE


def test_without_evidence_it_waits_for_the_morning_and_is_late_then() -> None:
    known = facts(purpose=CONFIRMING, consents=(stop(2, purpose=Purpose.MARKETING),), zones=(NEW_YORK,))

    decision = decide(known, AT, BOOKS["US"])

    assert decision.outcome is Outcome.REFUSE
    assert code(decision) == "confirmation_late"
