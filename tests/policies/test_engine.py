from datetime import date, datetime, timedelta

import pytest

from policies.decision import Allow, Defer, Outcome, Refuse
from policies.engine import decide, next_allowed
from policies.facts import (
    Account,
    Bill,
    Channel,
    Consent,
    ConsentStatus,
    Hold,
    HoldKind,
    LenderRole,
    Point,
    Purpose,
    Reach,
)
from policies.zones import TZ_VERSION
from tests.policies.making import (
    BOOKS,
    LONDON,
    NEW_YORK,
    book,
    code,
    facts,
    finding,
    hours,
    instant,
    opens,
    past,
    refused_by,
    rule,
)

NOON = instant("2026-11-23T12:00+00:00")
CAP = rule(
    "frequency",
    'limit = 1\nwindow = { type = "calendar_day" }\ncounts = "contacts"\nscope = "person"\nmedia = ["SMS"]',
    "t.cap",
)
DAY_AND_CAP = book(hours("08:00-21:00") + CAP)


def test_a_delay_that_runs_into_another_is_followed_to_its_end() -> None:
    """The cap frees at midnight, which is night; the night ends on Saturday, which is closed."""
    weekdays = book(hours("mon,tue,wed,thu,fri 08:00-21:00") + CAP)

    # 2026-11-27 is a Friday.
    when = opens(weekdays, "2026-11-27T12:00+00:00", history=(past("2026-11-27T11:00+00:00"),))

    assert when == instant("2026-11-30T08:00+00:00")


def test_the_findings_are_those_of_the_instant_asked_about_with_the_deciding_one_first() -> None:
    decision = decide(facts(history=(past("2026-11-23T07:30+00:00"),)), instant("2026-11-23T07:45+00:00"), DAY_AND_CAP)

    first, second = decision.findings
    assert isinstance(first.verdict, Defer)
    assert isinstance(second.verdict, Defer)
    assert (first.rule.id, first.verdict.until) == ("t.cap", instant("2026-11-24T00:00+00:00"))
    assert (second.rule.id, second.verdict.until) == ("t.hours", instant("2026-11-23T08:00+00:00"))
    assert decision.next_allowed_at == instant("2026-11-24T08:00+00:00")


def test_all_rules_answer_even_after_a_refusal_and_in_a_fixed_order() -> None:
    stop = Consent(ConsentStatus.WITHDRAWN, NOON - timedelta(days=1))
    known = facts(
        zones=("Asia/Shanghai",),
        consents=(stop,),
        holds=(Hold(HoldKind.DECEASED, NOON - timedelta(days=1)),),
        history=(past(NOON - timedelta(hours=1)),),
    )

    decision = decide(known, NOON, BOOKS["CN"])

    assert refused_by(decision) == ["cn.privacy.peace", "cn.hold.states", "house.hold.person"]
    assert decision.findings[0].rule.id == "cn.privacy.peace"
    assert isinstance(finding(decision, "house.sms_day").verdict, Defer)
    assert isinstance(finding(decision, "cn.hours.gbt45251").verdict, Allow)
    assert decision.next_allowed_at is None


def test_a_refusal_met_on_the_way_refuses_and_stands_first() -> None:
    stop = Consent(ConsentStatus.WITHDRAWN, instant("2026-11-24T06:00+00:00"))

    decision = decide(facts(consents=(stop,)), instant("2026-11-23T22:00+00:00"), BOOKS["UK"])

    assert decision.outcome is Outcome.REFUSE
    assert decision.next_allowed_at is None
    assert refused_by(decision) == ["uk.consent.conc"]
    assert isinstance(finding(decision, "uk.hours.conc").verdict, Defer)


def test_of_permissions_the_one_that_ends_first_stands_first() -> None:
    decision = decide(facts(expires_at=NOON + timedelta(days=60)), NOON, BOOKS["UK"])

    assert decision.outcome is Outcome.ALLOW
    assert decision.findings[0].rule.id == "uk.hours.conc"
    assert isinstance(decision.findings[0].verdict, Allow)
    assert decision.findings[0].verdict.closes == decision.closes_at
    assert [one.rule.id for one in decision.findings].count("uk.hours.conc") == 1


def test_rules_that_never_meet_refuse_with_a_reason() -> None:
    rulebook = book(hours("mon 08:00-09:00", name="t.monday") + hours("tue 08:00-09:00", name="t.tuesday"))

    decision = decide(facts(), NOON, rulebook)

    assert refused_by(decision) == ["core.horizon"]
    assert code(decision) == "never_opens"


@pytest.mark.parametrize(
    ("point", "expected"),
    [(None, "no_contact_point"), (Point("point", Channel.SMS, usable=False), "unusable_contact_point")],
)
def test_a_customer_who_cannot_be_reached_is_refused(point: Point | None, expected: str) -> None:
    decision = decide(facts(point=point), NOON, BOOKS["UK"])

    assert decision.outcome is Outcome.REFUSE
    assert code(decision) == expected


def test_without_a_known_zone_a_person_decides_and_no_clock_is_made_up() -> None:
    decision = decide(facts(zones=()), NOON, BOOKS["US"])

    assert refused_by(decision) == ["core.time_zone"]
    assert "us.hours.regf" not in {found.rule.id for found in decision.findings}


def test_a_country_with_one_legal_time_needs_no_zone_of_the_customer() -> None:
    assert decide(facts(zones=()), instant("2026-11-23T12:00+08:00"), BOOKS["CN"]).outcome is Outcome.ALLOW


def test_a_naive_instant_is_a_bug() -> None:
    with pytest.raises(ValueError, match="aware"):
        decide(facts(), datetime(2026, 11, 23), BOOKS["UK"])  # noqa: DTZ001 the subject of the test


def test_the_caller_bounds_the_contact_on_both_sides() -> None:
    wanted = {"not_before": NOON, "expires_at": NOON + timedelta(hours=2)}

    early = decide(facts(**wanted), NOON - timedelta(hours=1), BOOKS["UK"])
    within = decide(facts(**wanted), NOON, BOOKS["UK"])
    late = decide(facts(**wanted), NOON + timedelta(hours=2), BOOKS["UK"])

    assert early.next_allowed_at == NOON
    assert within.closes_at == NOON + timedelta(hours=2)
    assert refused_by(late) == ["core.wanted"]


def test_what_could_only_be_sent_after_it_is_wanted_is_refused() -> None:
    night = instant("2026-11-23T22:00+00:00")

    decision = decide(facts(expires_at=night + timedelta(hours=2)), night, BOOKS["UK"])

    assert decision.outcome is Outcome.REFUSE
    assert code(decision) == "no_longer_wanted"


def test_the_window_that_ends_first_closes_the_contact() -> None:
    rulebook = book(hours("08:00-21:00", name="t.law") + hours("08:00-18:00", name="t.house"))

    assert decide(facts(), NOON, rulebook).closes_at == instant("2026-11-23T18:00+00:00")


DATED = book(
    hours("08:00-21:00")
    + hours("10:00-21:00", name="t.old", more="effective_to = 2026-11-23")
    + hours("09:00-21:00", name="t.new", more="effective_from = 2026-11-24")
)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T08:30+00:00", "2026-11-23T10:00+00:00"),
        ("2026-11-24T08:30+00:00", "2026-11-24T09:00+00:00"),
        ("2026-11-23T22:00+00:00", "2026-11-24T09:00+00:00"),
    ],
)
def test_the_rules_in_force_on_the_local_date_apply(at: str, expected: str) -> None:
    assert opens(DATED, at) == instant(expected)


def test_a_rule_that_goes_out_of_force_holds_nothing_any_longer() -> None:
    ends = book(rule("overdue", "days = 30\neffective_to = 2026-11-25", "t.grace"))

    when = opens(ends, NOON, bill=Bill("bill", date(2026, 11, 20)), zones=(LONDON, NEW_YORK))

    # In New York the last day ends five hours later.
    assert when == instant("2026-11-26T00:00-05:00")


def test_a_rule_binds_whom_it_names_and_everybody_where_the_role_is_unknown() -> None:
    collectors = book(hours("10:00-12:00", more='bound = ["COLLECTOR"]'))

    def outcome(account: Account | None) -> Outcome:
        return decide(facts(account=account), NOON, collectors).outcome

    assert outcome(Account("loan", role=LenderRole.CREDITOR)) is Outcome.ALLOW
    assert outcome(Account("loan", role=LenderRole.COLLECTOR)) is Outcome.DEFER
    assert outcome(None) is Outcome.DEFER


def test_a_rule_for_another_channel_or_purpose_says_nothing() -> None:
    calls = book(hours("10:00-12:00", more='channels = ["CALLBACK"]\nexcept_purposes = ["PLAN_OFFER"]'))

    assert decide(facts(), NOON, calls).findings == ()
    assert decide(facts(channel=Channel.CALLBACK, purpose=Purpose.PLAN_OFFER), NOON, calls).findings == ()
    assert len(decide(facts(channel=Channel.CALLBACK), NOON, calls).findings) == 1


def test_a_decision_says_what_it_rests_on() -> None:
    decision = decide(facts(zones=(NEW_YORK, LONDON)), NOON, BOOKS["US"])

    assert decision.rulebook == f"US 2026-11-23 (tz {TZ_VERSION})"
    assert decision.zones == (NEW_YORK, LONDON)
    assert decision.decided_at == NOON
    assert decision.point == "point"


def test_the_next_allowed_instant_is_part_of_every_decision() -> None:
    night = instant("2026-11-23T22:00+00:00")

    assert next_allowed(facts(), night, BOOKS["UK"]).next_allowed_at == instant("2026-11-24T08:00+00:00")


def test_the_same_facts_give_the_same_decision() -> None:
    known = facts(history=(past(NOON, Reach.RESERVED),))

    assert decide(known, NOON, BOOKS["UK"]) == decide(known, NOON, BOOKS["UK"])


def test_a_bug_in_a_rule_is_an_exception_and_no_refusal() -> None:
    with pytest.raises(KeyError):
        decide(facts(zones=("Atlantis/Capital",)), NOON, BOOKS["UK"])


def test_a_refusal_carries_no_instant() -> None:
    decision = decide(facts(point=None), NOON, BOOKS["UK"])

    assert isinstance(decision.findings[0].verdict, Refuse)
    assert decision.closes_at is None
    assert decision.next_allowed_at is None
