"""Holds, promises, and the state of the bill."""

from datetime import date, timedelta
from typing import Any

import pytest

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import (
    Account,
    Bill,
    BillStatus,
    Channel,
    Hold,
    HoldKind,
    Promise,
    PromiseStatus,
    Purpose,
)
from tests.policies.making import BOOKS, book, code, facts, instant, opens, refused_by, rule

NOON = instant("2026-11-23T12:00+00:00")
DAY = timedelta(days=1)
CEASE = book(rule("holds", 'holds = ["CEASE"]'))


def hold(kind: HoldKind = HoldKind.CEASE, starts: float = -1, ends: float | None = None, **scope: Any) -> Hold:
    return Hold(kind, NOON + starts * DAY, NOON + ends * DAY if ends is not None else None, **scope)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ((hold(),), None),
        ((hold(ends=2),), NOON + 2 * DAY),
        ((hold(starts=1),), NOON),
        ((hold(starts=-2, ends=-1),), NOON),
        # One hold runs into the next; one that has a gap before it does not matter.
        ((hold(ends=2), hold(starts=2, ends=3)), NOON + 3 * DAY),
        ((hold(ends=2), hold(starts=4, ends=5)), NOON + 2 * DAY),
        ((hold(ends=2), hold(starts=1)), None),
        ((hold(starts=1, ends=1),), NOON),
        ((hold(HoldKind.DISPUTE),), NOON),
    ],
)
def test_a_hold_refuses_for_good_or_defers_until_its_end(held: tuple[Hold, ...], expected: object) -> None:
    assert opens(CEASE, NOON, holds=held) == expected


def test_a_contact_before_a_hold_must_be_over_when_it_starts() -> None:
    assert decide(facts(holds=(hold(starts=1),)), NOON, CEASE).closes_at == NOON + DAY


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        ({"channel": Channel.SMS}, True),
        ({"channel": Channel.CALLBACK}, False),
        ({"point": "point"}, True),
        ({"point": "other"}, False),
        ({"account": "loan"}, True),
        ({"account": "other"}, False),
    ],
)
def test_a_hold_is_for_what_it_names(scope: dict[str, Any], refused: bool) -> None:
    assert (decide(facts(holds=(hold(**scope),)), NOON, CEASE).outcome is Outcome.REFUSE) is refused


def test_a_hold_on_a_debt_stops_a_contact_that_names_no_debt() -> None:
    decision = decide(facts(holds=(hold(account="loan"),), account=None), NOON, CEASE)

    assert decision.outcome is Outcome.REFUSE


P = Purpose


@pytest.mark.parametrize("jurisdiction", ["CN", "US", "UK"])
@pytest.mark.parametrize(
    ("kind", "stopped", "open_"),
    [
        (HoldKind.CEASE, {P.OVERDUE_REMINDER, P.PLAN_OFFER, P.FOLLOW_UP}, {P.CUSTOMER_REPLY, P.LEGAL_NOTICE}),
        (HoldKind.REPRESENTED, {P.OVERDUE_REMINDER, P.PLAN_OFFER}, {P.SECURITY_CODE}),
        (HoldKind.DISPUTE, {P.DUE_REMINDER, P.FINAL_NOTICE, P.PLAN_OFFER}, {P.PAYMENT_RECEIPT, P.FOLLOW_UP}),
        (HoldKind.BANKRUPTCY, {P.OVERDUE_REMINDER, P.PLAN_OFFER}, {P.PAYMENT_RECEIPT}),
        (HoldKind.BREATHING_SPACE, {P.OVERDUE_REMINDER, P.PLAN_OFFER}, {P.CUSTOMER_REPLY}),
        (HoldKind.DECEASED, {P.OVERDUE_REMINDER, P.PAYMENT_RECEIPT, P.CUSTOMER_REPLY}, set()),
        (HoldKind.MINOR, {P.OVERDUE_REMINDER, P.PLAN_OFFER}, set()),
        (HoldKind.WRONG_PERSON, {P.OVERDUE_REMINDER, P.SECURITY_CODE, P.CUSTOMER_REPLY}, set()),
        (HoldKind.HARDSHIP, {P.OVERDUE_WARNING, P.FINAL_NOTICE}, {P.OVERDUE_REMINDER, P.PLAN_OFFER}),
        (HoldKind.VULNERABLE, {P.OVERDUE_WARNING, P.FINAL_NOTICE}, {P.OVERDUE_REMINDER, P.PLAN_OFFER}),
        (HoldKind.COMPLAINT, {P.OVERDUE_REMINDER, P.FINAL_NOTICE, P.PLAN_OFFER}, {P.PAYMENT_RECEIPT, P.FOLLOW_UP}),
    ],
)
def test_each_hold_stops_what_it_should_and_leaves_the_rest(
    kind: HoldKind, stopped: set[Purpose], open_: set[Purpose], jurisdiction: str
) -> None:
    def outcome(purpose: Purpose) -> Outcome:
        known = facts(purpose=purpose, evidence=True, holds=(hold(kind),), zones=("Europe/London",))
        return decide(known, NOON, BOOKS[jurisdiction]).outcome

    assert {purpose for purpose in stopped if outcome(purpose) is not Outcome.REFUSE} == set()
    assert {purpose for purpose in open_ if outcome(purpose) is not Outcome.ALLOW} == set()


def test_an_attorney_is_a_refusal_with_its_citation_in_the_us() -> None:
    known = facts(holds=(hold(HoldKind.REPRESENTED),), zones=("America/New_York",))

    assert refused_by(decide(known, NOON + DAY / 6, BOOKS["US"])) == ["us.hold.attorney", "house.hold.cease"]


def promise(status: PromiseStatus = PromiseStatus.OPEN, **changes: Any) -> Promise:
    known: dict[str, Any] = {"pay_by": date(2026, 11, 25), "status": status, "made_at": NOON - DAY}
    return Promise(**(known | changes))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (promise(), instant("2026-11-26T08:00+00:00")),
        (promise(account="loan"), instant("2026-11-26T08:00+00:00")),
        (promise(account="other"), NOON),
        (promise(PromiseStatus.BROKEN), NOON),
        (promise(PromiseStatus.KEPT), NOON),
        (promise(PromiseStatus.WITHDRAWN), NOON),
        (promise(pay_by=date(2026, 11, 22)), NOON),
        (promise(pay_by=date(2026, 11, 23)), instant("2026-11-24T08:00+00:00")),
    ],
)
def test_no_demand_before_the_promised_day_has_passed(made: Promise, expected: object) -> None:
    assert opens(BOOKS["UK"], NOON, promises=(made,)) == expected


def test_a_yes_that_a_later_promise_ends_names_its_instant() -> None:
    made = promise(made_at=NOON + timedelta(hours=1))
    promises = book(rule("promises", ""))

    assert decide(facts(promises=(made,)), NOON, promises).closes_at == made.made_at


def test_a_promised_instalment_is_reminded_of_before_its_day() -> None:
    ahead = Bill("bill", date(2026, 11, 30))
    made = promise(pay_by=ahead.due_on)

    assert opens(BOOKS["UK"], NOON, promises=(made,), bill=ahead, purpose=P.DUE_REMINDER) == NOON
    assert opens(BOOKS["UK"], NOON, promises=(made,), bill=ahead, purpose=P.PLAN_OFFER) != NOON


def test_a_promise_holds_no_receipt() -> None:
    assert opens(BOOKS["UK"], NOON, promises=(promise(),), purpose=P.PAYMENT_RECEIPT) == NOON


@pytest.mark.parametrize("status", [BillStatus.PAID, BillStatus.WRITTEN_OFF, BillStatus.DISPUTED])
def test_a_bill_that_is_settled_or_disputed_is_not_demanded(status: BillStatus) -> None:
    bill = Bill("bill", date(2026, 11, 1), status)

    assert refused_by(decide(facts(bill=bill), NOON, BOOKS["UK"])) == ["house.bill_open"]
    assert opens(BOOKS["UK"], NOON, bill=bill, purpose=P.PAYMENT_RECEIPT) == NOON


@pytest.mark.parametrize(
    ("purpose", "due_on", "expected"),
    [
        (P.OVERDUE_REMINDER, date(2026, 11, 22), NOON),
        (P.OVERDUE_REMINDER, date(2026, 11, 23), instant("2026-11-24T08:00+00:00")),
        (P.OVERDUE_REMINDER, date(2026, 11, 30), instant("2026-12-01T08:00+00:00")),
        (P.DUE_REMINDER, date(2026, 11, 30), NOON),
        (P.DUE_REMINDER, date(2026, 12, 24), NOON),
        (P.DUE_REMINDER, date(2026, 12, 25), instant("2026-11-24T08:00+00:00")),
        (P.DUE_REMINDER, date(2027, 11, 23), instant("2027-10-23T08:00+01:00")),
        (P.PLAN_OFFER, date(2026, 11, 30), NOON),
    ],
)
def test_a_bill_is_spoken_of_as_it_is_on_the_day(purpose: Purpose, due_on: date, expected: object) -> None:
    assert opens(BOOKS["UK"], NOON, purpose=purpose, bill=Bill("bill", due_on)) == expected


@pytest.mark.parametrize(("due_on", "refused"), [(date(2026, 11, 23), False), (date(2026, 11, 22), True)])
def test_a_due_reminder_does_not_leave_once_the_day_has_passed(due_on: date, refused: bool) -> None:
    decision = decide(facts(purpose=P.DUE_REMINDER, bill=Bill("bill", due_on)), NOON, BOOKS["UK"])

    assert ("house.due_ahead" in refused_by(decision)) is refused


def test_a_due_reminder_is_true_until_the_first_wall_says_that_the_day_is_over() -> None:
    ahead = book(rule("due_ahead", "days = 31"))
    known = facts(zones=("Europe/London", "America/New_York"), bill=Bill("bill", date(2026, 11, 23)))

    assert decide(known, NOON, ahead).closes_at == instant("2026-11-24T00:00+00:00")
    assert refused_by(decide(known, instant("2026-11-24T00:00+00:00"), ahead)) == ["t.rule"]


def test_a_day_has_passed_only_when_it_has_on_every_wall() -> None:
    zones = ("Europe/London", "America/New_York")
    at = instant("2026-11-24T01:00+00:00")
    known: dict[str, Any] = {"zones": zones}
    overdue = book(rule("overdue", "days = 1") + rule("promises", "", "t.promise"))

    assert opens(overdue, at, bill=Bill("bill", date(2026, 11, 23)), **known) == instant("2026-11-24T00:00-05:00")
    assert opens(overdue, at, promises=(promise(pay_by=date(2026, 11, 23)),), **known) == instant(
        "2026-11-24T00:00-05:00"
    )


def test_a_rule_may_give_days_of_grace() -> None:
    grace = book(rule("overdue", "days = 11"))

    assert opens(grace, NOON, bill=Bill("bill", date(2026, 11, 20))) == instant("2026-12-01T00:00+00:00")


def test_a_contact_about_no_bill_is_not_about_its_state() -> None:
    decision = decide(facts(bill=None, account=Account("loan")), NOON, BOOKS["UK"])

    assert decision.outcome is Outcome.ALLOW
    assert "house.bill_open" not in {finding.rule.id for finding in decision.findings}
    assert code(decision) == "hours_open"
