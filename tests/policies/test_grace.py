from datetime import date

import pytest

from policies.decision import Allow, Outcome
from policies.engine import decide
from policies.facts import Bill, BillStatus, Channel, Place, Point, Purpose
from tests.policies.making import LONDON, NEW_YORK, book, code, facts, finding, instant, opens, rule

GRACE = book(rule("grace", 'days = 10\nexcept_purposes = ["PAYMENT_RECEIPT"]'))
WORK = book(rule("closed_place", 'places = ["WORK"]\noverride = ["sole_point"]'))
DUE = Bill("bill", date(2026, 11, 1))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-31T12:00", "2026-10-31T12:00"),
        ("2026-11-01T23:59:59", "2026-11-01T23:59:59"),
        ("2026-11-02T00:00", "2026-11-12T00:00"),
        ("2026-11-11T23:59:59", "2026-11-12T00:00"),
        ("2026-11-12T00:00", "2026-11-12T00:00"),
    ],
)
def test_the_first_ten_overdue_days_are_silent(at: str, expected: str) -> None:
    assert opens(GRACE, f"{at}+00:00", bill=DUE, purpose=Purpose.DUE_REMINDER) == instant(f"{expected}+00:00")


def test_a_reminder_before_the_due_date_does_not_wait_into_the_silence() -> None:
    decision = decide(facts(bill=DUE), instant("2026-10-31T12:00+00:00"), GRACE)

    assert decision.closes_at == instant("2026-11-02T00:00+00:00")


def test_the_days_are_over_when_they_are_on_every_wall() -> None:
    at, zones = "2026-11-05T12:00+00:00", (LONDON, NEW_YORK)

    assert opens(GRACE, at, bill=DUE, zones=zones) == instant("2026-11-12T00:00-05:00")


def test_nothing_is_silent_about_a_bill_that_is_paid_or_a_purpose_that_is_not_named() -> None:
    at = instant("2026-11-05T12:00+00:00")

    assert decide(facts(bill=Bill("bill", DUE.due_on, BillStatus.PAID)), at, GRACE).outcome is Outcome.ALLOW
    assert decide(facts(bill=None), at, GRACE).outcome is Outcome.ALLOW
    assert decide(facts(bill=DUE, purpose=Purpose.PAYMENT_RECEIPT), at, GRACE).outcome is Outcome.ALLOW


def test_the_silence_is_told_with_its_end() -> None:
    decision = decide(facts(bill=DUE), instant("2026-11-05T12:00+00:00"), GRACE)

    assert code(decision) == "grace"
    assert decision.next_allowed_at == instant("2026-11-12T00:00+00:00")


@pytest.mark.parametrize(("sole", "outcome"), [(True, Outcome.ALLOW), (False, Outcome.REFUSE)])
def test_a_number_at_work_is_used_only_where_the_customer_gave_no_other(sole: bool, outcome: Outcome) -> None:
    point = Point("point", Channel.CALLBACK, place=Place.WORK, sole=sole)

    decision = decide(facts(channel=Channel.CALLBACK, point=point), instant("2026-11-05T12:00+00:00"), WORK)

    assert decision.outcome is outcome


def test_after_the_silence_the_rule_says_that_it_is_over() -> None:
    decision = decide(facts(bill=DUE), instant("2026-11-12T12:00+00:00"), GRACE)

    assert isinstance(finding(decision, "t.rule").verdict, Allow)
    assert finding(decision, "t.rule").verdict.reason.code == "grace_over"
