"""The clocks: the machine's, one that is moved and runs on, and one that stands still."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import StoppedClock, SystemClock, VirtualClock

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_machines_clock_is_aware_and_in_utc() -> None:
    clock = SystemClock()

    first, second = clock(), clock()

    assert first.tzinfo is UTC
    assert second >= first


def test_a_virtual_clock_shows_the_real_time_until_it_is_moved() -> None:
    assert VirtualClock(StoppedClock(NOON))() == NOON


def test_a_virtual_clock_runs_on_from_where_it_was_moved_to() -> None:
    real = StoppedClock(NOON)
    clock = VirtualClock(real)

    clock.advance(NOON + timedelta(days=1))
    real.advance(NOON + timedelta(seconds=5))
    after_a_while = clock()
    clock.advance(NOON + timedelta(days=2))

    assert after_a_while == NOON + timedelta(days=1, seconds=5)
    assert clock() == NOON + timedelta(days=2)


@pytest.mark.parametrize("clock", [VirtualClock(StoppedClock(NOON)), StoppedClock(NOON)])
def test_a_clock_never_goes_back(clock: VirtualClock | StoppedClock) -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(NOON - timedelta(microseconds=1))

    assert clock() == NOON


@pytest.mark.parametrize("clock", [VirtualClock(StoppedClock(NOON)), StoppedClock(NOON)])
def test_a_clock_may_be_moved_to_where_it_is(clock: VirtualClock | StoppedClock) -> None:
    clock.advance(NOON)

    assert clock() == NOON
