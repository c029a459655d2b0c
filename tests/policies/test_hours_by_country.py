"""The hours of every country at their edges, on its own wall. The US, the UK and China stand in test_quiet_hours."""

from datetime import UTC, date, datetime, timedelta

import pytest

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import Bill, Channel, Place, Point, Purpose, WindowEffect, Wish
from policies.zones import zone
from tests.policies.making import BOOKS, facts, instant, opens

ZONES = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "BR-AL": "America/Maceio",
    "BR-AM": "America/Manaus",
    "BR-ES": "America/Sao_Paulo",
    "BR-RJ": "America/Sao_Paulo",
    "BR-SP": "America/Sao_Paulo",
    "ES": "Europe/Madrid",
    "EU": "Europe/Berlin",
    "GR": "Europe/Athens",
    "HK": "Asia/Hong_Kong",
    "IE": "Europe/Dublin",
    "IN": "Asia/Kolkata",
    "IT": "Europe/Rome",
    "JP": "Asia/Tokyo",
    "KR": "Asia/Seoul",
    "SG": "Asia/Singapore",
}
SECOND = timedelta(seconds=1)

# 2026-11-23 is a Monday, 28 a Saturday, 29 a Sunday.
DAYS = {"mon": 23, "wed": 25, "fri": 27, "sat": 28, "sun": 29}


def wall(code: str, text: str) -> datetime:
    """An instant such as "2026-11-23T08:00" on the wall of the country."""
    return datetime.fromisoformat(text).replace(tzinfo=zone(ZONES[code])).astimezone(UTC)


def is_open(code: str, at: datetime, channel: Channel) -> bool:
    known = facts(channel=channel, zones=(ZONES[code],), point=Point("point", channel, place=Place.MOBILE))
    return decide(known, at, BOOKS[code]).outcome is Outcome.ALLOW


@pytest.mark.parametrize(
    ("code", "day", "opening", "closing"),
    [
        ("AU", "mon", "07:30", "21:00"),
        ("AU", "sat", "09:00", "21:00"),
        ("AU", "sun", "09:00", "21:00"),
        ("BR", "fri", "08:00", "20:00"),
        ("BR", "sat", "08:00", "14:00"),
        ("BR-AL", "mon", "08:00", "20:00"),
        ("BR-AL", "sat", "08:00", "14:00"),
        ("BR-AM", "mon", "08:00", "19:00"),
        ("BR-ES", "mon", "08:00", "19:00"),
        ("BR-RJ", "mon", "09:00", "19:00"),
        ("BR-SP", "mon", "08:00", "20:00"),
        ("BR-SP", "sat", "08:00", "14:00"),
        ("ES", "sun", "09:00", "21:00"),
        ("EU", "sun", "08:00", "21:00"),
        ("GR", "mon", "09:00", "20:00"),
        ("GR", "fri", "09:00", "20:00"),
        ("HK", "sun", "08:00", "21:00"),
        ("IE", "sun", "08:00", "21:00"),
        ("IN", "sun", "08:00", "19:00"),
        ("IT", "fri", "08:30", "21:00"),
        ("IT", "sat", "08:30", "15:00"),
        ("JP", "sun", "08:00", "21:00"),
        ("KR", "sun", "08:00", "21:00"),
        ("SG", "sun", "08:00", "21:00"),
    ],
)
@pytest.mark.parametrize("channel", Channel)
def test_a_day_opens_and_closes_to_the_second(
    code: str, day: str, opening: str, closing: str, channel: Channel
) -> None:
    opens_, closes = (wall(code, f"2026-11-{DAYS[day]}T{clock}") for clock in (opening, closing))

    seen = [is_open(code, at, channel) for at in (opens_ - SECOND, opens_, closes - SECOND, closes)]

    assert seen == [False, True, True, False]


@pytest.mark.parametrize(
    ("code", "at", "expected"),
    [
        # Friday evening to Monday morning, where the weekend is closed.
        ("GR", "2026-11-27T20:00", "2026-11-30T09:00"),
        ("BR-RJ", "2026-11-27T19:00", "2026-11-30T09:00"),
        ("BR-AM", "2026-11-28T12:00", "2026-11-30T08:00"),
        ("BR-ES", "2026-11-29T12:00", "2026-11-30T08:00"),
        ("IT", "2026-11-28T15:00", "2026-11-30T08:30"),
        ("BR-SP", "2026-11-28T14:00", "2026-11-30T08:00"),
        # Holidays: the day is closed as a whole.
        ("AU", "2026-04-03T12:00", "2026-04-04T09:00"),
        ("AU", "2026-12-24T21:00", "2026-12-27T09:00"),
        ("AU", "2026-12-27T21:00", "2026-12-29T07:30"),
        ("GR", "2026-03-25T12:00", "2026-03-26T09:00"),
        ("GR", "2026-04-09T20:00", "2026-04-14T09:00"),
        ("IT", "2026-12-08T12:00", "2026-12-09T08:30"),
        ("BR", "2026-11-20T12:00", "2026-11-21T08:00"),
        ("BR", "2026-07-09T12:00", "2026-07-09T12:00"),
        ("BR-SP", "2026-07-09T12:00", "2026-07-10T08:00"),
        ("BR-RJ", "2026-04-23T12:00", "2026-04-24T09:00"),
        ("BR-AL", "2026-09-16T12:00", "2026-09-17T08:00"),
        ("BR-ES", "2026-04-13T12:00", "2026-04-14T08:00"),
        ("BR-AM", "2027-11-02T12:00", "2027-11-03T08:00"),
        # No holiday closes these.
        ("KR", "2026-02-17T12:00", "2026-02-17T12:00"),
        ("IE", "2026-12-25T12:00", "2026-12-25T12:00"),
        ("JP", "2026-01-01T12:00", "2026-01-01T12:00"),
    ],
)
def test_what_is_closed_opens_on_the_next_open_day(code: str, at: str, expected: str) -> None:
    found = opens(BOOKS[code], wall(code, at), zones=(ZONES[code],))

    assert found == wall(code, expected)


@pytest.mark.parametrize(
    ("where", "opening"),
    [
        # Summer time begins on 2026-10-04 in the south-east, and nowhere else.
        ("Australia/Sydney", "2026-10-04T09:00+11:00"),
        ("Australia/Adelaide", "2026-10-04T09:00+10:30"),
        ("Australia/Darwin", "2026-10-04T09:00+09:30"),
        ("Australia/Brisbane", "2026-10-04T09:00+10:00"),
        ("Australia/Perth", "2026-10-04T09:00+08:00"),
        ("Australia/Lord_Howe", "2026-10-04T09:00+11:00"),
    ],
)
def test_each_australian_state_opens_by_its_own_clock_when_clocks_change(where: str, opening: str) -> None:
    evening = datetime(2026, 10, 3, 22, tzinfo=zone(where)).astimezone(UTC)

    assert opens(BOOKS["AU"], evening, zones=(where,)) == instant(opening)


def test_a_customer_of_two_states_is_called_when_both_are_open() -> None:
    # A Monday: Perth opens at 07:30, three hours after Sydney.
    found = opens(BOOKS["AU"], "2026-11-23T06:00+11:00", zones=("Australia/Sydney", "Australia/Perth"))

    assert found == instant("2026-11-23T07:30+08:00")


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (23, "08:59:59", "2026-11-23T09:00"),
        (23, "16:59:59", "2026-11-23T16:59:59"),
        (23, "17:00", "2026-11-24T09:00"),
        (28, "12:00", "2026-11-30T09:00"),
    ],
)
def test_work_is_called_in_working_hours_in_australia(day: int, clock: str, expected: str) -> None:
    work = Point("point", Channel.CALLBACK, place=Place.WORK)

    found = opens(
        BOOKS["AU"], wall("AU", f"2026-11-{day}T{clock}"), channel=Channel.CALLBACK, point=work, zones=(ZONES["AU"],)
    )

    assert found == wall("AU", expected)


@pytest.mark.parametrize(
    ("code", "gives_way"), [("AU", True), ("JP", True), ("HK", True), ("KR", False), ("GR", False)]
)
def test_agreed_hours_open_the_evening_only_where_the_law_gives_way(code: str, gives_way: bool) -> None:
    evening = wall(code, "2026-11-23T21:30")
    agreed = (
        Wish(WindowEffect.ALSO_ALLOW, evening.time().replace(hour=21, minute=0), evening.time().replace(hour=22)),
    )
    known = facts(zones=(ZONES[code],), wishes=agreed)

    assert (decide(known, evening, BOOKS[code]).outcome is Outcome.ALLOW) is gives_way


@pytest.mark.parametrize(
    ("purpose", "channel", "clock", "allowed"),
    [
        (Purpose.OVERDUE_REMINDER, Channel.SMS, "18:59:59", True),
        (Purpose.OVERDUE_REMINDER, Channel.SMS, "19:00", False),
        (Purpose.DUE_REMINDER, Channel.SMS, "20:59:59", True),
        (Purpose.DUE_REMINDER, Channel.SMS, "21:00", False),
        (Purpose.DUE_REMINDER, Channel.CALLBACK, "19:00", False),
    ],
)
def test_india_lets_a_reminder_before_the_due_date_go_out_in_the_evening(
    purpose: Purpose, channel: Channel, clock: str, allowed: bool
) -> None:
    due_on = date(2026, 11, 26 if purpose is Purpose.DUE_REMINDER else 1)
    known = facts(purpose=purpose, channel=channel, point=Point("point", channel), bill=Bill("bill", due_on))

    decision = decide(known, wall("IN", f"2026-11-23T{clock}"), BOOKS["IN"])

    assert (decision.outcome is Outcome.ALLOW) is allowed


@pytest.mark.parametrize("code", sorted(ZONES))
@pytest.mark.parametrize("purpose", [Purpose.CUSTOMER_REPLY, Purpose.SECURITY_CODE, Purpose.PAYMENT_RECEIPT])
def test_who_waits_for_an_answer_may_have_it_at_night_if_there_is_evidence_that_it_is_one(
    code: str, purpose: Purpose
) -> None:
    night = wall(code, "2026-11-23T23:30")
    about = {"purpose": purpose, "zones": (ZONES[code],)}

    assert decide(facts(**about, evidence=True, awaited=True), night, BOOKS[code]).outcome is Outcome.ALLOW
    assert decide(facts(**about, evidence=True, awaited=False), night, BOOKS[code]).outcome is Outcome.DEFER
    assert decide(facts(**about, evidence=False, awaited=True), night, BOOKS[code]).outcome is Outcome.DEFER


@pytest.mark.parametrize("code", ["GR", "HK", "IN", "JP", "KR", "SG"])
def test_one_legal_zone_beats_where_the_customer_travels(code: str) -> None:
    decision = decide(facts(zones=("America/New_York",)), wall(code, "2026-11-23T12:00"), BOOKS[code])

    assert decision.zones == (ZONES[code],)
    assert decision.outcome is Outcome.ALLOW
