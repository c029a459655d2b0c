"""The best moment: a wish for later, never for earlier and never for long."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import engine, moments
from policies.facts import Channel, Facts, Point, Purpose
from policies.rulebook import load

CHINA = ZoneInfo("Asia/Shanghai")
BOOKS = load()

instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-02T{clock}:00+08:00")


@pytest.mark.parametrize(("hours", "habit"), [((), None), ((10,), None), ((10, 18, 18), 18), ((3, 3), None)])
def test_a_habit_is_more_than_one_reaction_by_day(hours: tuple[int, ...], habit: int | None) -> None:
    assert moments.habit([at(f"{hour:02}:15") for hour in hours], CHINA) == habit


def test_who_answers_in_the_evening_is_written_to_in_the_evening() -> None:
    found = moments.best([at("18:05"), at("18:40")], at("11:00"), CHINA, "key")

    assert found is not None
    assert at("18:00") <= found < at("19:00")


def test_by_day_it_is_at_once_and_at_night_the_morning() -> None:
    spread = {moments.best([], at("23:00"), CHINA, f"key {number}") for number in range(50)}

    assert moments.best([], at("11:00"), CHINA, "key") is None
    assert len(spread) > 40
    assert all(one and at("09:00") + timedelta(days=1) <= one < at("12:00") + timedelta(days=1) for one in spread)


@given(st.lists(instants, max_size=5), instants, st.sampled_from(sorted(BOOKS)), st.text(max_size=5))
def test_what_is_wished_for_is_decided_like_anything_else(
    reactions: list[datetime], now: datetime, code: str, key: str
) -> None:
    """The instant that comes of the wish is one at which the rules, asked without it, allow the contact."""
    wished = moments.best(reactions, now, CHINA, key)
    facts = Facts(code, Purpose.FOLLOW_UP, Channel.EMAIL, ("Asia/Shanghai",), Point("p", Channel.EMAIL, usable=True))
    assert wished is None or now < wished < now + timedelta(days=2)

    decided = engine.decide(
        Facts(code, Purpose.FOLLOW_UP, Channel.EMAIL, facts.zones, facts.point, not_before=wished), now, BOOKS[code]
    )

    if decided.next_allowed_at is not None:
        then = engine.decide(facts, decided.next_allowed_at, BOOKS[code])
        assert then.next_allowed_at == decided.next_allowed_at
