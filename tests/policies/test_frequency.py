"""Caps against a table, and against brute force: every period is looked at, and every instant is tried."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.decision import Allow, Allowance, Defer, Outcome
from policies.engine import decide
from policies.facts import Account, Channel, Initiator, Medium, PastContact, Point, Purpose, Reach
from policies.zones import zone
from tests.policies.making import BOOKS, LOS_ANGELES, NEW_YORK, book, code, facts, finding, instant, opens, past, rule

R = Reach
HOUR = timedelta(hours=1)


def cap(limit: int, window: str, counts: str = "attempts", scope: str = "person", more: str = "") -> str:
    return rule(
        "frequency",
        f'limit = {limit}\nwindow = {{ {window} }}\ncounts = "{counts}"\nscope = "{scope}"\nmedia = ["SMS"]\n{more}',
        "t.cap",
    )


DAY, THREE_DAYS = 'type = "calendar_day"', 'type = "rolling_days", days = 3'


def noon(day: int) -> datetime:
    return datetime(2026, 11, day, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "expected"),
    [(8, 8), (9, 9), (10, 13), (11, 13), (12, 13), (13, 13), (14, 14)],
)
def test_the_candidate_overflows_no_period_that_contains_it_also_with_slots_reserved_ahead(
    day: int, expected: int
) -> None:
    """The table in policies/frequency.py: two in three days, reserved on the 10th and the 12th."""
    reserved = (past(noon(10), R.RESERVED), past(noon(12), R.RESERVED))

    when = opens(book(cap(2, THREE_DAYS)), noon(day), history=reserved)

    assert when == (noon(day) if expected == day else datetime(2026, 11, expected, tzinfo=UTC))


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (DAY, "2026-11-24T00:00+00:00"),
        ('type = "iso_week"', "2026-11-30T00:00+00:00"),
        ('type = "calendar_month"', "2026-12-01T00:00+00:00"),
        ('type = "rolling_days", days = 7', "2026-11-30T00:00+00:00"),
        ('type = "rolling_hours", hours = 24', "2026-11-24T10:00+00:00"),
    ],
)
def test_a_full_period_frees_at_its_own_instant(window: str, expected: str) -> None:
    rulebook = book(cap(1, window))

    decision = decide(facts(history=(past("2026-11-23T10:00+00:00"),)), instant("2026-11-23T12:00+00:00"), rulebook)

    assert decision.next_allowed_at == instant(expected)
    assert code(decision) == "cap_full"
    assert decision.findings[0].verdict.allowance == Allowance(1, 1, instant(expected))


@pytest.mark.parametrize(
    ("window", "first", "last", "next_"),
    [
        ('type = "calendar_month"', "2026-10-01T00:00", "2026-10-31T23:59", "2026-11-01T00:00"),
        ('type = "iso_week"', "2026-11-23T00:00", "2026-11-29T23:59", "2026-11-30T00:00"),
        ('type = "rolling_days", days = 7', "2026-11-23T00:00", "2026-11-29T23:59", "2026-11-30T00:00"),
    ],
)
def test_the_first_contact_of_a_period_counts_to_its_last_minute(
    window: str, first: str, last: str, next_: str
) -> None:
    when = opens(book(cap(1, window)), f"{last}+00:00", history=(past(f"{first}+00:00"),))

    assert when == instant(f"{next_}+00:00")


def test_twenty_four_hours_later_to_the_second_is_free() -> None:
    rulebook = book(cap(1, 'type = "rolling_hours", hours = 24'))
    history = (past("2026-11-23T10:00+00:00"),)

    assert opens(rulebook, "2026-11-24T09:59:59+00:00", history=history) == instant("2026-11-24T10:00+00:00")
    assert opens(rulebook, "2026-11-24T10:00:00+00:00", history=history) == instant("2026-11-24T10:00+00:00")


FILLS = {
    "attempts": set(R),
    "contacts": {R.RESERVED, R.PENDING, R.ACCEPTED, R.DELIVERED, R.CONVERSATION},
    "connected": {R.RESERVED, R.PENDING, R.ACCEPTED, R.CONNECTED, R.CONVERSATION, R.DELIVERED},
    "conversations": {R.RESERVED, R.PENDING, R.ACCEPTED, R.CONVERSATION},
    "unanswered": {R.RESERVED, R.PENDING, R.ACCEPTED, R.ATTEMPTED},
}


@pytest.mark.parametrize("reach", list(R))
@pytest.mark.parametrize("counts", FILLS)
def test_a_cap_counts_what_it_says_and_whatever_may_still_become_that(counts: str, reach: Reach) -> None:
    history = (past(noon(23), reach),)

    decision = decide(facts(history=history), noon(23) + timedelta(hours=1), book(cap(1, DAY, counts)))

    assert (decision.outcome is Outcome.DEFER) is (reach in FILLS[counts])


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ({}, True),
        ({"medium": Medium.EMAIL}, False),
        ({"initiator": Initiator.AGENCY}, True),
        ({"initiator": Initiator.CUSTOMER}, False),
        ({"purpose": Purpose.DUE_REMINDER}, True),
        ({"purpose": Purpose.CUSTOMER_REPLY, "evidence": True}, False),
        # Whoever calls a reminder an answer, without evidence, fills the cap all the same.
        ({"purpose": Purpose.CUSTOMER_REPLY, "evidence": False}, True),
    ],
)
def test_who_began_it_and_what_for_decides_whether_it_counts(change: dict[str, Any], counted: bool) -> None:
    history = (past(noon(23), **change),)

    decision = decide(
        facts(history=history),
        noon(23) + timedelta(hours=1),
        book(cap(1, DAY, more='exempt_with_evidence = ["CUSTOMER_REPLY"]')),
    )

    assert (decision.outcome is Outcome.DEFER) is counted


@pytest.mark.parametrize(
    ("scope", "change", "counted"),
    [
        ("person", {"accounts": frozenset({"other"}), "point": "other"}, True),
        ("person", {"joint": True}, False),
        ("account", {"joint": True}, True),
        ("contact_point", {"joint": True}, False),
        ("account", {"accounts": frozenset({"other"})}, False),
        ("account", {"accounts": frozenset({"other", "loan"})}, True),
        ("account", {"accounts": frozenset()}, True),
        ("contact_point", {"point": "other"}, False),
        ("contact_point", {"point": "point"}, True),
        ("contact_point", {"point": None}, True),
    ],
)
def test_a_cap_is_per_person_or_debt_or_number_and_what_is_unknown_counts(
    scope: str, change: dict[str, Any], counted: bool
) -> None:
    history = (past(noon(23), **change),)

    decision = decide(facts(history=history), noon(23) + timedelta(hours=1), book(cap(1, DAY, scope=scope)))

    assert (decision.outcome is Outcome.DEFER) is counted


@pytest.mark.parametrize(("reach", "counted"), [(R.RESERVED, True), (R.DELIVERED, False), (R.PENDING, False)])
def test_what_has_not_happened_yet_counts_only_if_its_slot_is_reserved(reach: Reach, counted: bool) -> None:
    history = (past(noon(23) + timedelta(hours=5), reach),)

    decision = decide(facts(history=history), noon(23), book(cap(1, DAY)))

    assert (decision.outcome is Outcome.DEFER) is counted


def test_a_day_ends_only_when_it_has_ended_in_every_zone() -> None:
    history = (past("2026-11-23T23:30-05:00"),)

    when = opens(book(cap(1, DAY)), "2026-11-23T23:45-05:00", history=history, zones=(NEW_YORK, LOS_ANGELES))

    assert when == instant("2026-11-24T00:00-08:00")


def test_a_free_cap_says_what_is_left_and_when_one_more_comes_back() -> None:
    history = (past(noon(20)), past(noon(22)))

    decision = decide(facts(history=history), noon(22) + timedelta(hours=1), book(cap(3, THREE_DAYS)))

    allowance = finding(decision, "t.cap").verdict.allowance
    assert allowance == Allowance(3, 2, datetime(2026, 11, 23, tzinfo=UTC))
    assert allowance is not None
    assert allowance.remaining == 1


def test_a_free_cap_closes_before_a_slot_that_is_reserved_for_tomorrow() -> None:
    decision = decide(facts(history=(past(noon(24), R.RESERVED),)), noon(23), book(cap(1, DAY)))

    assert decision.outcome is Outcome.ALLOW
    assert decision.closes_at == datetime(2026, 11, 24, tzinfo=UTC)


def test_asked_about_the_past_a_cap_closes_where_the_next_contact_was_made() -> None:
    decision = decide(facts(history=(past(noon(23) + 5 * HOUR),)), noon(23), book(cap(1, DAY)))

    assert decision.outcome is Outcome.ALLOW
    assert decision.closes_at == noon(23) + 5 * HOUR


def test_china_allows_one_text_a_day_and_three_in_seven_days() -> None:
    monday, tuesday, thursday = (past(f"2026-11-{day}T09:00+08:00") for day in (23, 24, 26))

    def asked(history: tuple[PastContact, ...], at: str) -> datetime | None:
        return opens(BOOKS["CN"], at, history=history)

    assert asked((monday,), "2026-11-23T10:00+08:00") == instant("2026-11-24T08:00+08:00")
    assert asked((monday, tuesday), "2026-11-26T10:00+08:00") == instant("2026-11-26T10:00+08:00")
    assert asked((monday, tuesday, thursday), "2026-11-27T10:00+08:00") == instant("2026-11-30T08:00+08:00")


def test_a_text_that_never_left_does_not_use_the_cap_up() -> None:
    history = (past("2026-11-23T09:00+08:00", R.ATTEMPTED),)

    assert opens(BOOKS["CN"], "2026-11-23T10:00+08:00", history=history) == instant("2026-11-23T10:00+08:00")


CALL = {"channel": Channel.CALLBACK, "zones": ("Asia/Shanghai",)}


def ring(hour: int, reach: Reach, **changes: object) -> PastContact:
    return past(f"2026-11-23T{hour:02}:00+08:00", reach, **({"medium": Medium.VOICE} | changes))


def test_the_three_chinese_counters_are_separate() -> None:
    """REGULATIONS (c) 6: six unanswered dials to one number block that number, three conversations block all."""
    unanswered = tuple(ring(8 + n, R.ATTEMPTED) for n in range(6))
    talk = ring(15, R.CONVERSATION, point="other")
    more_talk = (ring(16, R.CONVERSATION, medium=Medium.AI_VOICE), ring(17, R.CONVERSATION, initiator=Initiator.AGENCY))
    other = Point("other", Channel.CALLBACK)
    now, tomorrow = instant("2026-11-23T18:00+08:00"), instant("2026-11-24T08:00+08:00")

    assert opens(BOOKS["CN"], now, history=(*unanswered, talk), **CALL) == tomorrow
    assert opens(BOOKS["CN"], now, history=(*unanswered, talk), point=other, **CALL) == now
    assert opens(BOOKS["CN"], now, history=(talk, *more_talk), point=other, **CALL) == tomorrow


def test_three_connected_calls_end_the_day_in_china_though_nobody_talked() -> None:
    history = tuple(ring(9 + n, R.CONNECTED) for n in range(3))

    decision = decide(facts(history=history, **CALL), instant("2026-11-23T18:00+08:00"), BOOKS["CN"])

    assert decision.findings[0].rule.id == "cn.freq.notice_voice"


def test_seven_calls_in_seven_days_about_one_debt_leave_another_debt_open() -> None:
    calls = tuple(past(noon(17 + n), R.ATTEMPTED, medium=Medium.VOICE) for n in range(7))
    at = instant("2026-11-23T15:00-05:00")
    asked = {"channel": Channel.CALLBACK, "zones": (NEW_YORK,), "history": calls}

    assert opens(BOOKS["US"], at, **asked) == instant("2026-11-24T08:00-05:00")
    assert opens(BOOKS["US"], at, account=Account("other"), **asked) == at


# Brute force: the same promise, said in the plainest way.


def overflows(times: list[datetime], candidate: datetime, limit: int, window: str, where: str) -> bool:
    """Whether some period that contains the candidate holds more than the limit."""
    local = [time.astimezone(zone(where)).date() for time in [*times, candidate]]
    here = local[-1]
    if "calendar_day" in window:
        return local.count(here) > limit
    if "iso_week" in window:
        return sum(day.isocalendar()[:2] == here.isocalendar()[:2] for day in local) > limit
    if "calendar_month" in window:
        return sum((day.year, day.month) == (here.year, here.month) for day in local) > limit
    if "rolling_days" in window:
        starts = [here - timedelta(days=back) for back in range(3)]
        return any(sum(start <= day < start + timedelta(days=3) for day in local) > limit for start in starts)
    length = timedelta(hours=30)
    # A period with most in it may be slid forward until it starts at something in it.
    begins = [time for time in [*times, candidate] if candidate - length < time <= candidate]
    return any(sum(begin <= time < begin + length for time in [*times, candidate]) > limit for begin in begins)


START = datetime(2026, 3, 26, tzinfo=UTC)
hours_after = st.integers(0, 24 * 12)


@settings(max_examples=150, deadline=None)
@given(
    events=st.lists(st.tuples(hours_after, st.sampled_from([R.RESERVED, R.DELIVERED])), max_size=12),
    asked=hours_after,
    limit=st.integers(1, 3),
    window=st.sampled_from(
        [DAY, THREE_DAYS, 'type = "iso_week"', 'type = "calendar_month"', 'type = "rolling_hours", hours = 30']
    ),
    where=st.sampled_from(["Europe/London", "Asia/Shanghai", "America/St_Johns"]),
)
def test_a_cap_frees_at_the_first_instant_that_brute_force_finds(
    events: list[tuple[int, Reach]], asked: int, limit: int, window: str, where: str
) -> None:
    history = tuple(past(START + hour * HOUR, reach) for hour, reach in events)
    at = START + asked * HOUR

    decision = decide(facts(history=history, zones=(where,)), at, book(cap(limit, window)))

    def full(instant_: datetime) -> bool:
        known = [event.at for event in history if event.reach is R.RESERVED or event.at <= instant_]
        return overflows(known, instant_, limit, window, where)

    # Half hours, because a local midnight in St. John's is one.
    expected = next(at + n * HOUR / 2 for n in count() if not full(at + n * HOUR / 2))
    assert decision.next_allowed_at == expected
    assert isinstance(decision.findings[0].verdict, Allow if expected == at else Defer)


@settings(max_examples=100, deadline=None)
@given(events=st.lists(hours_after, max_size=12), asked=hours_after, limit=st.integers(1, 3), days=st.integers(1, 7))
def test_more_history_never_allows_earlier_and_one_more_comes_back_when_it_says(
    events: list[int], asked: int, limit: int, days: int
) -> None:
    rulebook = book(cap(limit, f'type = "rolling_days", days = {days}'))
    history = tuple(past(START + hour * HOUR, R.RESERVED) for hour in events)
    at = START + asked * HOUR

    allowances = [decide(facts(history=history[:n]), at, rulebook) for n in range(len(history) + 1)]

    opened = [decision.next_allowed_at for decision in allowances]
    assert opened == sorted(when for when in opened if when is not None)
    allowance = finding(allowances[-1], "t.cap").verdict.allowance
    assert allowance is not None
    if allowance.resets_at is not None:
        before, then = (
            finding(decide(facts(history=history), when, rulebook), "t.cap").verdict.allowance
            for when in (allowance.resets_at - timedelta(seconds=1), allowance.resets_at)
        )
        assert before is not None
        assert then is not None
        assert before.remaining <= allowance.remaining < then.remaining


def test_a_cap_counts_a_month_by_the_local_calendar() -> None:
    history = (past("2026-11-30T23:30-05:00"),)
    rulebook = book(cap(1, 'type = "calendar_month"'))

    assert opens(rulebook, "2026-12-01T12:00+00:00", history=history, zones=(NEW_YORK,)) == instant(
        "2026-12-01T12:00+00:00"
    )
    assert opens(rulebook, "2026-12-01T12:00+00:00", history=history) == datetime.combine(
        date(2027, 1, 1), datetime.min.time(), UTC
    )


@pytest.mark.parametrize(
    ("purpose", "before", "expected"),
    [
        (Purpose.OVERDUE_REMINDER, Purpose.PLAN_OFFER, Defer),
        (Purpose.PLAN_OFFER, Purpose.OVERDUE_REMINDER, Defer),
        (Purpose.PLAN_OFFER, Purpose.FOLLOW_UP, Allow),
    ],
)
def test_a_text_about_the_debt_is_not_followed_by_a_mail_about_it_the_same_day(
    purpose: Purpose, before: Purpose, expected: type
) -> None:
    history = (past("2026-11-23T10:00+00:00", purpose=before, point="mobile"),)
    known = facts(purpose=purpose, channel=Channel.EMAIL, point=Point("mail", Channel.EMAIL), history=history)

    decision = decide(known, instant("2026-11-23T12:00+00:00"), BOOKS["UK"])

    assert isinstance(finding(decision, "house.demand_day").verdict, expected)
