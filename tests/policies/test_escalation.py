from datetime import date, timedelta
from typing import Any

import pytest

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import Bill, Initiator, Medium, PastContact, Purpose, Reach
from tests.policies.making import LONDON, NEW_YORK, book, code, facts, instant, opens, past, rule

NOON = instant("2026-11-23T12:00+00:00")
P = Purpose
WARNING = book(rule("escalation", 'purposes = ["OVERDUE_WARNING"]\nafter = ["OVERDUE_REMINDER"]\ndays = 3'))
FINAL = book(
    rule("escalation", 'purposes = ["FINAL_NOTICE"]\nafter = ["OVERDUE_WARNING", "OVERDUE_REMINDER"]\ndays = 7')
)


def reminder(days_ago: float = 5, **changes: Any) -> PastContact:
    return past(NOON - timedelta(days=days_ago), **({"purpose": P.OVERDUE_REMINDER, "bill": "bill"} | changes))


def test_nothing_harsh_comes_first() -> None:
    decision = decide(facts(purpose=P.OVERDUE_WARNING), NOON, WARNING)

    assert decision.outcome is Outcome.REFUSE
    assert code(decision) == "gentler_missing"


@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [
        (5, NOON),
        # By local dates: three midnights must have passed, whatever the hour.
        (3, NOON),
        (2.49, instant("2026-11-24T00:00+00:00")),
        (2, instant("2026-11-24T00:00+00:00")),
        (0, instant("2026-11-26T00:00+00:00")),
    ],
)
def test_a_reminder_is_given_its_days(days_ago: float, expected: object) -> None:
    assert opens(WARNING, NOON, purpose=P.OVERDUE_WARNING, history=(reminder(days_ago),)) == expected


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({}, True),
        ({"reach": Reach.CONVERSATION, "medium": Medium.VOICE}, True),
        ({"medium": Medium.LETTER, "initiator": Initiator.AGENCY}, True),
        ({"bill": None}, True),
        ({"reach": Reach.ATTEMPTED}, False),
        ({"reach": Reach.CONNECTED, "medium": Medium.VOICE}, False),
        ({"reach": Reach.PENDING}, False),
        ({"reach": Reach.RESERVED}, False),
        ({"purpose": P.DUE_REMINDER}, False),
        ({"purpose": None}, False),
        ({"bill": "another"}, False),
        ({"bill": None, "accounts": frozenset({"another"})}, False),
        ({"bill": None, "accounts": frozenset()}, False),
        ({"initiator": Initiator.CUSTOMER}, False),
        ({"joint": True}, False),
    ],
)
def test_only_what_arrived_about_this_bill_has_warned_anybody(change: dict[str, Any], counts: bool) -> None:
    decision = decide(facts(purpose=P.OVERDUE_WARNING, history=(reminder(**change),)), NOON, WARNING)

    assert (decision.outcome is Outcome.ALLOW) is counts


def test_the_first_that_arrived_is_what_counts() -> None:
    history = (reminder(0), reminder(4))

    assert opens(WARNING, NOON, purpose=P.OVERDUE_WARNING, history=history) == NOON


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ((reminder(20), reminder(10, purpose=P.OVERDUE_WARNING)), NOON),
        ((reminder(20), reminder(4, purpose=P.OVERDUE_WARNING)), instant("2026-11-26T00:00+00:00")),
        ((reminder(20),), None),
        ((reminder(10, purpose=P.OVERDUE_WARNING),), None),
    ],
)
def test_a_final_notice_needs_both_gentler_tiers(history: tuple[PastContact, ...], expected: object) -> None:
    assert opens(FINAL, NOON, purpose=P.FINAL_NOTICE, history=history) == expected


def test_the_days_have_passed_only_when_they_have_on_every_wall() -> None:
    known: dict[str, Any] = {"purpose": P.OVERDUE_WARNING, "zones": (LONDON, NEW_YORK)}

    assert opens(WARNING, NOON, history=(reminder(2),), **known) == instant("2026-11-24T00:00-05:00")


def test_a_reminder_itself_waits_for_nothing() -> None:
    bill = Bill("bill", date(2026, 11, 1))

    assert decide(facts(bill=bill), NOON, WARNING).findings == ()
