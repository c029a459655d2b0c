from datetime import timedelta
from typing import Any

import pytest

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import Channel, Consent, ConsentStatus, Purpose
from tests.policies.making import BOOKS, book, code, facts, instant, refused_by, rule

NOON = instant("2026-11-23T12:00+00:00")
LEDGER = book(rule("consent", 'medium_only = ["LEGAL_NOTICE"]'))
OPT_IN = book(rule("consent", "requires_grant = true"))
SMS, EMAIL = Channel.SMS, Channel.EMAIL


def withdrawn(days_ago: float = 2, **scope: Any) -> Consent:
    return Consent(ConsentStatus.WITHDRAWN, NOON - timedelta(days=days_ago), **scope)


def granted(days_ago: float = 1, **scope: Any) -> Consent:
    return Consent(ConsentStatus.GRANTED, NOON - timedelta(days=days_ago), **scope)


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        ({}, True),
        ({"channel": SMS}, True),
        ({"channel": EMAIL}, False),
        ({"point": "point"}, True),
        ({"point": "other"}, False),
        ({"purpose": Purpose.OVERDUE_REMINDER}, True),
        ({"purpose": Purpose.MARKETING}, False),
        ({"channel": SMS, "point": "other"}, False),
    ],
)
def test_a_withdrawal_ends_what_it_names(scope: dict[str, Any], refused: bool) -> None:
    decision = decide(facts(consents=(withdrawn(**scope),)), NOON, LEDGER)

    assert (decision.outcome is Outcome.REFUSE) is refused


@pytest.mark.parametrize(
    ("stop", "grant", "lifted"),
    [
        ({}, {}, True),
        ({}, {"channel": SMS}, True),
        ({"channel": SMS}, {"channel": SMS}, True),
        ({"channel": SMS}, {}, False),
        ({"point": "point"}, {}, False),
        ({"point": "point"}, {"channel": SMS}, False),
        ({"point": "point"}, {"channel": SMS, "point": "point"}, True),
        ({"channel": SMS, "purpose": Purpose.OVERDUE_REMINDER}, {"channel": SMS}, False),
        ({}, {"channel": EMAIL}, False),
    ],
)
def test_only_a_grant_at_least_as_specific_lifts_a_withdrawal(
    stop: dict[str, Any], grant: dict[str, Any], lifted: bool
) -> None:
    decision = decide(facts(consents=(withdrawn(**stop), granted(**grant))), NOON, LEDGER)

    assert (decision.outcome is Outcome.ALLOW) is lifted


def test_a_grant_from_before_lifts_nothing() -> None:
    decision = decide(facts(consents=(granted(3), withdrawn(2))), NOON, LEDGER)

    assert code(decision) == "consent_withdrawn"


def test_a_withdrawal_of_tomorrow_leaves_today_and_ends_it() -> None:
    tomorrow = withdrawn(-1)

    decision = decide(facts(consents=(tomorrow,)), NOON, LEDGER)

    assert decision.outcome is Outcome.ALLOW
    assert decision.closes_at == tomorrow.at
    assert decide(facts(consents=(tomorrow,)), tomorrow.at, LEDGER).outcome is Outcome.REFUSE


@pytest.mark.parametrize(
    ("consents", "outcome"),
    [
        ((), Outcome.REFUSE),
        ((granted(),), Outcome.ALLOW),
        ((granted(channel=SMS, purpose=Purpose.MARKETING),), Outcome.ALLOW),
        ((granted(channel=EMAIL),), Outcome.REFUSE),
        ((granted(purpose=Purpose.DUE_REMINDER),), Outcome.REFUSE),
        ((granted(3), withdrawn(2, purpose=Purpose.MARKETING)), Outcome.REFUSE),
        ((granted(-1),), Outcome.REFUSE),
    ],
)
def test_what_needs_consent_needs_a_grant_that_stands(consents: tuple[Consent, ...], outcome: Outcome) -> None:
    decision = decide(facts(purpose=Purpose.MARKETING, consents=consents), NOON, OPT_IN)

    assert decision.outcome is outcome


@pytest.mark.parametrize(
    ("jurisdiction", "expected"),
    [("CN", "cn.consent.sms_commercial"), ("US", "us.consent.tcpa_prior"), ("UK", "uk.consent.pecr")],
)
def test_marketing_needs_consent_everywhere(jurisdiction: str, expected: str) -> None:
    decision = decide(facts(purpose=Purpose.MARKETING), NOON, BOOKS[jurisdiction])

    assert refused_by(decision) == [expected, "house.consent.marketing"]


@pytest.mark.parametrize(
    ("scope", "outcome"),
    [({}, Outcome.ALLOW), ({"purpose": Purpose.LEGAL_NOTICE}, Outcome.ALLOW), ({"channel": SMS}, Outcome.REFUSE)],
)
def test_a_legal_notice_cannot_be_opted_out_of_but_its_channel_can(scope: dict[str, Any], outcome: Outcome) -> None:
    decision = decide(facts(purpose=Purpose.LEGAL_NOTICE, consents=(withdrawn(**scope),)), NOON, LEDGER)

    assert decision.outcome is outcome


@pytest.mark.parametrize(
    ("purpose", "evidence", "outcome"),
    [
        (Purpose.OPT_OUT_CONFIRMATION, True, Outcome.ALLOW),
        (Purpose.OPT_OUT_CONFIRMATION, False, Outcome.REFUSE),
        (Purpose.SECURITY_CODE, True, Outcome.ALLOW),
        (Purpose.CUSTOMER_REPLY, True, Outcome.REFUSE),
        (Purpose.PAYMENT_RECEIPT, True, Outcome.REFUSE),
        (Purpose.PLAN_OFFER, True, Outcome.REFUSE),
    ],
)
@pytest.mark.parametrize("jurisdiction", ["CN", "US", "UK"])
def test_after_a_stop_only_its_confirmation_and_codes_asked_for_may_follow(
    jurisdiction: str, purpose: Purpose, evidence: bool, outcome: Outcome
) -> None:
    stop = withdrawn(1 / 1440, point="point")
    known = facts(purpose=purpose, evidence=evidence, consents=(stop,))

    assert decide(known, NOON, BOOKS[jurisdiction]).outcome is outcome


@pytest.mark.parametrize(
    ("jurisdiction", "citation"), [("CN", "Civil Code"), ("US", "12 CFR 1006.14(h)"), ("UK", "CONC 7.9.4R")]
)
def test_a_refusal_after_a_withdrawal_cites_the_law(jurisdiction: str, citation: str) -> None:
    decision = decide(facts(consents=(withdrawn(channel=SMS),)), NOON, BOOKS[jurisdiction])

    assert code(decision) == "consent_withdrawn"
    assert decision.findings[0].rule.citation is not None
    assert citation in decision.findings[0].rule.citation


ALL_TEXTS = book(rule("consent", 'channels = ["SMS"]\nrevoked_by = ["SMS", "CALLBACK"]'))


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        ((withdrawn(channel=SMS, purpose=Purpose.MARKETING),), Outcome.REFUSE),
        ((withdrawn(point="other", point_channel=SMS),), Outcome.REFUSE),
        ((withdrawn(channel=Channel.CALLBACK),), Outcome.REFUSE),
        ((withdrawn(point="other"),), Outcome.REFUSE),
        ((withdrawn(channel=Channel.EMAIL),), Outcome.ALLOW),
        ((withdrawn(point="mail", point_channel=Channel.EMAIL),), Outcome.ALLOW),
        # What ended everything is undone only where it is granted again.
        ((withdrawn(channel=SMS), granted(channel=SMS)), Outcome.ALLOW),
        ((withdrawn(channel=SMS), granted(point="point")), Outcome.ALLOW),
        ((withdrawn(channel=SMS), granted(point="other")), Outcome.REFUSE),
        ((withdrawn(channel=SMS), granted()), Outcome.REFUSE),
        ((granted(days_ago=3, channel=SMS), withdrawn(channel=SMS)), Outcome.REFUSE),
    ],
)
def test_where_one_stop_revokes_all_it_is_lifted_only_address_by_address(
    entries: tuple[Consent, ...], outcome: Outcome
) -> None:
    assert decide(facts(consents=entries), NOON, ALL_TEXTS).outcome is outcome
