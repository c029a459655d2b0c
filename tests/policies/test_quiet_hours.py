from datetime import time

import pytest

from policies.decision import Allow, Outcome
from policies.engine import decide
from policies.facts import Purpose, WindowEffect, Wish
from tests.policies.making import (
    BOOKS,
    LONDON,
    LOS_ANGELES,
    NEW_YORK,
    book,
    code,
    facts,
    finding,
    hours,
    instant,
    opens,
)

DAY = book(hours("08:00-21:00"))
NIGHT = book(hours("22:00-06:00"))


@pytest.mark.parametrize(
    ("clock", "outcome"),
    [
        ("07:59:59", Outcome.DEFER),
        ("08:00:00", Outcome.ALLOW),
        ("20:59:59", Outcome.ALLOW),
        ("21:00:00", Outcome.DEFER),
        ("03:00:00", Outcome.DEFER),
    ],
)
def test_the_opening_instant_is_open_and_the_closing_instant_is_closed(clock: str, outcome: Outcome) -> None:
    decision = decide(facts(), instant(f"2026-11-23T{clock}+00:00"), DAY)

    assert decision.outcome is outcome


@pytest.mark.parametrize(("clock", "outcome"), [("21:59:59", Outcome.ALLOW), ("22:00:00", Outcome.DEFER)])
def test_china_closes_at_ten_by_beijing_time_wherever_the_customer_is(clock: str, outcome: Outcome) -> None:
    decision = decide(facts(zones=("Asia/Urumqi",)), instant(f"2026-11-23T{clock}+08:00"), BOOKS["CN"])

    assert decision.outcome is outcome
    assert decision.zones == ("Asia/Shanghai",)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # 10:30 in New York is 07:30 in Los Angeles; 20:30 in Los Angeles is 23:30 in New York.
        ("2026-11-23T10:30-05:00", "2026-11-23T11:00-05:00"),
        ("2026-11-23T11:00-05:00", "2026-11-23T11:00-05:00"),
        ("2026-11-23T20:59-05:00", "2026-11-23T20:59-05:00"),
        ("2026-11-23T20:30-08:00", "2026-11-24T11:00-05:00"),
    ],
)
def test_every_zone_where_the_customer_may_be_must_be_open(at: str, expected: str) -> None:
    assert opens(BOOKS["US"], at, zones=(NEW_YORK, LOS_ANGELES)) == instant(expected)


@pytest.mark.parametrize(
    ("at", "expected"),
    [("2027-03-12T23:30-05:00", "2027-03-13T13:00+00:00"), ("2027-03-13T23:30-05:00", "2027-03-14T12:00+00:00")],
)
def test_the_morning_is_eight_on_the_wall_even_when_the_clocks_change_at_night(at: str, expected: str) -> None:
    assert opens(BOOKS["US"], at, zones=(NEW_YORK,)) == instant(expected)


def test_a_window_that_opens_inside_the_lost_hour_opens_at_the_jump() -> None:
    # 01:00 to 02:00 did not exist in London on that night.
    expected = instant("2026-03-29T02:00+01:00")

    assert opens(book(hours("01:30-05:00")), "2026-03-29T00:30+00:00") == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-25T01:10+01:00", "2026-10-25T01:30+01:00"),
        # The hour is lived twice: at the second 01:10 the wall shows a closed time again.
        ("2026-10-25T01:10+00:00", "2026-10-25T01:30+00:00"),
    ],
)
def test_in_the_hour_that_is_lived_twice_the_wall_decides_each_time(at: str, expected: str) -> None:
    assert opens(book(hours("01:30-05:00")), at) == instant(expected)


def test_a_window_closes_where_the_clock_goes_back_before_its_opening() -> None:
    decision = decide(facts(), instant("2026-10-25T01:45+01:00"), book(hours("01:30-05:00")))

    assert decision.closes_at == instant("2026-10-25T01:00+00:00")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T21:59:59", "2026-11-23T22:00"),
        ("2026-11-23T23:00", "2026-11-23T23:00"),
        ("2026-11-24T05:59:59", "2026-11-24T05:59:59"),
        ("2026-11-24T06:00", "2026-11-24T22:00"),
    ],
)
def test_a_window_may_run_over_midnight(at: str, expected: str) -> None:
    assert opens(NIGHT, f"{at}+00:00") == instant(f"{expected}+00:00")


def test_an_open_window_names_its_end_across_midnight() -> None:
    decision = decide(facts(), instant("2026-11-23T23:00+00:00"), NIGHT)

    assert decision.closes_at == instant("2026-11-24T06:00+00:00")


def test_the_window_that_closes_first_ends_the_contact() -> None:
    decision = decide(facts(zones=(NEW_YORK, LOS_ANGELES)), instant("2026-11-23T12:00-05:00"), DAY)

    assert decision.closes_at == instant("2026-11-23T21:00-05:00")


def test_a_week_without_a_night_has_no_closing() -> None:
    decision = decide(facts(), instant("2026-11-23T12:00+00:00"), book(hours("00:00-24:00")))

    assert decision.closes_at is None
    assert code(decision) == "hours_always_open"


def test_windows_may_differ_by_weekday_and_leave_a_day_out() -> None:
    weekdays = book(hours("mon,tue,wed,thu,fri 09:00-17:00", "sat 10:00-12:00"))

    # 2026-11-28 is a Saturday.
    assert opens(weekdays, "2026-11-28T11:59+00:00") == instant("2026-11-28T11:59+00:00")
    assert opens(weekdays, "2026-11-28T12:00+00:00") == instant("2026-11-30T09:00+00:00")


@pytest.mark.parametrize(("override", "expected"), [("agreed_hours", "22:00"), ("", "08:00")])
def test_agreed_hours_open_a_rule_only_where_it_gives_way(override: str, expected: str) -> None:
    rulebook = book(hours("08:00-21:00", more=f'override = ["{override}"]' if override else ""))
    agreed = Wish(WindowEffect.ALSO_ALLOW, time.fromisoformat("22:00"), time.fromisoformat("23:00"))

    when = opens(rulebook, "2026-11-23T21:30+00:00", wishes=(agreed,))

    assert when is not None
    assert f"{when:%H:%M}" == expected


def test_agreed_hours_end_with_their_validity() -> None:
    rulebook = book(hours("08:00-21:00", more='override = ["agreed_hours"]'))
    until = instant("2026-11-23T22:30+00:00")
    agreed = Wish(WindowEffect.ALSO_ALLOW, time.fromisoformat("22:00"), time.fromisoformat("23:00"), valid_until=until)

    decision = decide(facts(wishes=(agreed,)), instant("2026-11-23T22:15+00:00"), rulebook)

    assert decision.outcome is Outcome.ALLOW
    assert decision.closes_at == until


def test_agreed_hours_in_a_zone_of_their_own_are_read_there() -> None:
    rulebook = book(hours("08:00-21:00", more='override = ["agreed_hours"]'))
    agreed = Wish(WindowEffect.ALSO_ALLOW, time.fromisoformat("22:00"), time.fromisoformat("23:00"), zone="Asia/Tokyo")

    assert opens(rulebook, "2026-11-23T05:00+00:00", wishes=(agreed,)) == instant("2026-11-23T08:00+00:00")
    assert opens(rulebook, "2026-11-23T05:00+00:00", zones=(NEW_YORK,), wishes=(agreed,)) == instant(
        "2026-11-23T08:00-05:00"
    )
    assert opens(rulebook, "2026-11-23T22:30+09:00", zones=(LOS_ANGELES,), wishes=(agreed,)) == instant(
        "2026-11-23T22:30+09:00"
    )


@pytest.mark.parametrize(("evidence", "outcome"), [(True, Outcome.ALLOW), (False, Outcome.DEFER)])
@pytest.mark.parametrize("jurisdiction", ["CN", "US", "UK"])
@pytest.mark.parametrize("purpose", [Purpose.CUSTOMER_REPLY, Purpose.SECURITY_CODE])
def test_an_answer_may_be_given_at_night_if_there_is_evidence_that_it_is_one(
    purpose: Purpose, jurisdiction: str, evidence: bool, outcome: Outcome
) -> None:
    asked = facts(purpose=purpose, evidence=evidence, awaited=True, zones=("Asia/Shanghai",))

    decision = decide(asked, instant("2026-11-23T23:30+08:00"), BOOKS[jurisdiction])

    assert decision.outcome is outcome


@pytest.mark.parametrize("purpose", [Purpose.PLAN_OFFER, Purpose.FOLLOW_UP, Purpose.LEGAL_NOTICE])
def test_even_an_offer_of_help_waits_for_the_morning(purpose: Purpose) -> None:
    decision = decide(
        facts(purpose=purpose, evidence=True, awaited=True), instant("2026-11-23T23:30+00:00"), BOOKS["UK"]
    )

    assert decision.outcome is Outcome.DEFER


def test_an_allowed_hour_says_when_it_ends_and_on_whose_wall() -> None:
    decision = decide(facts(), instant("2026-11-23T12:00+00:00"), BOOKS["UK"])

    verdict = finding(decision, "uk.hours.conc").verdict
    assert isinstance(verdict, Allow)
    assert verdict.reason.values == {"until": "2026-11-23T21:00:00+00:00", "zone": LONDON}
