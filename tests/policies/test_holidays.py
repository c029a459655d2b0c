from datetime import date, time

import pytest

from policies.decision import Allow, Outcome
from policies.engine import decide
from policies.facts import WindowEffect, Wish
from policies.holidays import UncoveredYear, calendar, calendars
from policies.rulebook import PackError
from tests.policies.making import book, code, facts, finding, hours, instant, opens

SYDNEY, PERTH = "Australia/Sydney", "Australia/Perth"
CLOSED = 'holidays = "closed"\ncalendar = "AU"'
SHORT = 'holidays = [{ start = "10:00", end = "14:00" }]\ncalendar = "AU"'
DAY = book(hours("09:00-17:00", more=CLOSED))
HOLIDAYS_SHORT = book(hours("09:00-17:00", more=SHORT))


@pytest.mark.parametrize(
    ("code_", "day", "holiday"),
    [
        ("AU", "2026-04-03", True),  # Good Friday
        ("AU", "2026-04-07", False),
        ("AU", "2026-12-28", True),  # in lieu of Boxing Day, a Saturday
        ("AU", "2027-12-27", True),
        ("AU", "2026-06-08", False),  # the King's Birthday is no holiday of the whole nation
        ("GR", "2026-04-13", True),  # Orthodox Easter Monday
        ("GR", "2026-04-06", False),  # the other one
        ("GR", "2026-02-23", True),  # Clean Monday
        ("IT", "2026-06-02", True),
        ("IT", "2026-08-15", True),
        ("BR", "2026-11-20", True),
        ("BR", "2026-07-09", False),
        ("BR-SP", "2026-07-09", True),
        ("BR-RJ", "2026-04-23", True),
        ("BR-AL", "2026-09-16", True),
        ("BR-AM", "2026-09-05", True),
        ("BR-ES", "2026-04-13", True),
        ("CN", "2026-02-18", True),
    ],
)
def test_the_calendars_know_their_days(code_: str, day: str, holiday: bool) -> None:
    assert calendar(code_).is_holiday(date.fromisoformat(day)) is holiday


def test_every_calendar_covers_its_years_and_keeps_each_day_in_its_year() -> None:
    for code_ in calendars():
        known = calendar(code_)
        assert known.code == code_
        assert set(range(2025, 2027 if code_ == "CN" else 2029)) <= set(known.holidays)
        for year, days in known.holidays.items():
            assert {day.year for day in days} == {year}
            assert date(year, 1, 1) in days
            assert not days & known.workdays


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-02-13", True),
        ("2026-02-14", True),  # a Saturday that makes up for the Spring Festival
        ("2026-02-15", False),
        ("2026-02-20", False),  # a Friday that the Saturday made up for
        ("2026-09-20", True),
        ("2026-11-21", False),
    ],
)
def test_china_works_on_some_weekends_and_rests_on_some_weekdays(day: str, works: bool) -> None:
    assert calendar("CN").is_workday(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-12-24T16:59:59", "2026-12-24T16:59:59"),
        # Christmas, Boxing Day, a Sunday, and the Monday in lieu; this one has a Sunday that is open.
        ("2026-12-24T17:00", "2026-12-27T09:00"),
        ("2026-12-25T12:00", "2026-12-27T09:00"),
        ("2026-12-27T17:00", "2026-12-29T09:00"),
        ("2026-12-28T12:00", "2026-12-29T09:00"),
    ],
)
def test_a_holiday_is_closed_from_midnight_to_midnight(at: str, expected: str) -> None:
    assert opens(DAY, f"{at}+11:00", zones=(SYDNEY,)) == instant(f"{expected}+11:00")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-12-24T17:00", "2026-12-25T10:00"),
        ("2026-12-25T09:59:59", "2026-12-25T10:00"),
        ("2026-12-25T14:00", "2026-12-26T10:00"),
        ("2026-12-26T14:00", "2026-12-27T09:00"),
    ],
)
def test_a_holiday_may_have_hours_of_its_own(at: str, expected: str) -> None:
    assert opens(HOLIDAYS_SHORT, f"{at}+11:00", zones=(SYDNEY,)) == instant(f"{expected}+11:00")


def test_it_is_a_holiday_where_the_customer_is() -> None:
    # Already Christmas in Sydney, still the day before in Perth.
    at = instant("2026-12-25T00:30+11:00")
    open_all_day = book(hours("00:00-24:00", more=CLOSED))

    assert opens(open_all_day, at, zones=(SYDNEY,)) == instant("2026-12-27T00:00+11:00")
    assert opens(open_all_day, at, zones=(PERTH,)) == at


def test_hours_that_never_end_end_at_the_next_holiday() -> None:
    decision = decide(facts(zones=(PERTH,)), instant("2026-05-01T12:00+08:00"), book(hours("00:00-24:00", more=CLOSED)))

    assert decision.closes_at == instant("2026-12-25T00:00+08:00")


def test_a_night_before_a_holiday_ends_at_midnight() -> None:
    night = book(hours("22:00-06:00", more=CLOSED))

    decision = decide(facts(zones=(PERTH,)), instant("2026-12-24T23:00+08:00"), night)

    assert decision.closes_at == instant("2026-12-25T00:00+08:00")


@pytest.mark.parametrize("at", ["2024-12-31T12:00+00:00", "2031-01-01T12:00+00:00", "2040-06-06T12:00+00:00"])
def test_a_year_that_the_calendar_does_not_cover_fails_loudly(at: str) -> None:
    with pytest.raises(UncoveredYear, match="the calendar AU does not cover the year") as caught:
        decide(facts(), instant(at), DAY)

    assert (caught.value.calendar, caught.value.year) == ("AU", int(at[:4]))


def test_the_last_covered_evening_is_decided_and_its_night_is_not() -> None:
    decision = decide(facts(), instant("2030-12-31T16:00+00:00"), DAY)

    assert isinstance(finding(decision, "t.hours").verdict, Allow)
    assert decision.closes_at == instant("2030-12-31T17:00+00:00")
    with pytest.raises(UncoveredYear):
        decide(facts(), instant("2030-12-31T17:00+00:00"), DAY)


def test_a_zone_that_is_a_year_ahead_needs_that_year() -> None:
    with pytest.raises(UncoveredYear):
        decide(facts(zones=("Pacific/Kiritimati",)), instant("2030-12-31T12:00+00:00"), DAY)


def test_hours_agreed_with_the_customer_open_a_holiday_where_the_rule_gives_way() -> None:
    agreed = (Wish(WindowEffect.ALSO_ALLOW, start=time(11), end=time(12)),)
    yielding = book(hours("09:00-17:00", more=CLOSED + '\noverride = ["agreed_hours"]'))
    at = instant("2026-12-25T11:30+11:00")

    assert decide(facts(zones=(SYDNEY,), wishes=agreed), at, yielding).outcome is Outcome.ALLOW
    assert decide(facts(zones=(SYDNEY,), wishes=agreed), at, DAY).outcome is Outcome.DEFER


@pytest.mark.parametrize(
    ("more", "field", "problem"),
    [
        ('holidays = "closed"', "calendar", "is missing"),
        ('holidays = "closed"\ncalendar = "XX"', "calendar", "must be one of AU, BR"),
        ('calendar = "AU"', "calendar", "is not a field"),
        ('holidays = "shut"\ncalendar = "AU"', "holidays", 'must be "closed" or a list'),
        ('holidays = []\ncalendar = "AU"', "holidays", "must be a list of tables"),
        (
            'holidays = [{ days = ["mon"], start = "08:00", end = "09:00" }]\ncalendar = "AU"',
            "holidays[0].days",
            "whatever the weekday",
        ),
    ],
)
def test_a_mistake_about_holidays_does_not_load(more: str, field: str, problem: str) -> None:
    with pytest.raises(PackError) as caught:
        book(hours("09:00-17:00", more=more))

    assert caught.value.field == field
    assert problem in str(caught.value)


def test_a_calendar_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        calendar("XX")


def test_closed_hours_say_when_they_open_again() -> None:
    decision = decide(facts(zones=(SYDNEY,)), instant("2026-12-28T12:00+11:00"), DAY)

    assert code(decision) == "hours_closed"
