"""Direct prior consent against the seven calls and the cool-down of Reg F."""

from datetime import timedelta
from typing import Any

import pytest

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import (
    Account,
    Channel,
    Consent,
    ConsentStatus,
    LenderRole,
    Medium,
    PastContact,
    Point,
    Purpose,
    Reach,
)
from tests.policies.making import BOOKS, NEW_YORK, facts, finding, instant, past

NOON = instant("2026-11-23T12:00-05:00")
DAY = timedelta(days=1)
CALL = Channel.CALLBACK
OFFER = Purpose.PLAN_OFFER


def grant(days_ago: float, **changes: Any) -> Consent:
    scope: dict[str, Any] = {"channel": CALL, "purpose": OFFER} | changes
    return Consent(ConsentStatus.GRANTED, NOON - days_ago * DAY, **scope)


def call(days_ago: float, reach: Reach = Reach.ATTEMPTED, **changes: Any) -> PastContact:
    return past(NOON - days_ago * DAY, reach, **({"medium": Medium.VOICE, "purpose": OFFER} | changes))


def about(**changes: Any) -> Any:
    account = Account("loan", role=LenderRole.COLLECTOR)
    known: dict[str, Any] = {"channel": CALL, "point": Point("point", CALL), "zones": (NEW_YORK,), "purpose": OFFER}
    return facts(**(known | {"account": account} | changes))


SEVEN = tuple(call(2 + hours / 24) for hours in range(7))


@pytest.mark.parametrize(
    ("consents", "outcome"),
    [
        ((), Outcome.DEFER),
        ((grant(1),), Outcome.ALLOW),
        ((grant(6),), Outcome.ALLOW),
        ((grant(1, channel=None, point="point"),), Outcome.ALLOW),
        # A general grant is no agreement to this call.
        ((grant(1, purpose=None),), Outcome.DEFER),
        ((grant(1, channel=None),), Outcome.DEFER),
        ((grant(1, purpose=Purpose.FOLLOW_UP),), Outcome.DEFER),
        ((grant(1, channel=Channel.SMS),), Outcome.DEFER),
    ],
)
def test_a_call_that_the_customer_agreed_to_just_now_is_not_barred(
    consents: tuple[Consent, ...], outcome: Outcome
) -> None:
    decision = decide(about(history=SEVEN, consents=consents), NOON, BOOKS["US"])

    assert decision.outcome is outcome


def test_nor_is_it_silenced_by_a_conversation() -> None:
    talked = (call(1, Reach.CONVERSATION),)

    def outcome(*consents: Consent) -> Outcome:
        return decide(about(history=talked, consents=consents), NOON, BOOKS["US"]).outcome

    assert outcome() is Outcome.DEFER
    assert outcome(grant(0.5)) is Outcome.ALLOW
    # The day of the consent is the first of seven.
    assert outcome(grant(6)) is Outcome.ALLOW
    assert outcome(grant(7)) is Outcome.DEFER


def test_a_consent_that_was_withdrawn_lifts_nothing() -> None:
    gone = Consent(ConsentStatus.WITHDRAWN, NOON - DAY, channel=CALL)
    again = Consent(ConsentStatus.GRANTED, NOON - DAY / 2, channel=CALL)

    decision = decide(about(history=SEVEN, consents=(grant(1.5), gone, again)), NOON, BOOKS["US"])

    assert decision.outcome is Outcome.DEFER


def test_calls_that_were_agreed_to_are_not_counted() -> None:
    decision = decide(about(history=SEVEN, consents=(grant(9),)), NOON, BOOKS["US"])
    allowance = finding(decision, "us.freq.regf_7in7").verdict.allowance

    assert allowance is not None
    # The seven days were over the day before these calls.
    assert allowance.used == 7
    earlier = decide(about(history=SEVEN, consents=(grant(6),)), NOON + DAY, BOOKS["US"])
    counted = finding(earlier, "us.freq.regf_7in7").verdict.allowance
    assert counted is not None
    assert counted.used == 0


def test_the_consent_ends_the_call_that_only_it_allows() -> None:
    decision = decide(about(history=(call(0.1, Reach.CONVERSATION),), consents=(grant(6),)), NOON, BOOKS["US"])

    assert decision.outcome is Outcome.ALLOW
    # The seven days end at midnight, and the hours before them.
    assert decision.closes_at == instant("2026-11-23T21:00-05:00")


def test_a_consent_that_is_yet_to_come_opens_the_cap_when_it_comes() -> None:
    decision = decide(about(history=SEVEN, consents=(grant(-1),)), NOON, BOOKS["US"])

    assert decision.next_allowed_at == NOON + DAY
