"""A short version of `python -m tests.reliability.races`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policies.facts import Channel
from tests.reliability.races import WINDOW, overruns, race
from tests.world import open_world

FIRST = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.processes
async def test_of_racing_requests_over_four_processes_no_more_are_allowed_than_the_caps_and_no_fewer(
    tmp_path: Path,
) -> None:
    outcome = await race(tmp_path, 400, seed=1, processes=4, caps=20, callers=64)

    assert [one for one in outcome.promises() if one.broken] == []


async def test_what_was_promised_for_now_leaves_now_although_the_next_window_is_full_too(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        promised = [await world.request(customer, Channel.SMS) for _ in range(5)]
        world.wait(milliseconds=15)

        await world.deliver()

        assert [(await world.now(one)).status for one in promised[:3]] == ["SENT"] * 3


@pytest.mark.parametrize(
    ("apart", "limit", "windows"),
    [
        ((WINDOW,), 1, 0),
        ((WINDOW - timedelta(microseconds=1),), 1, 1),
        ((timedelta(0), timedelta(0)), 3, 0),
        ((timedelta(0), timedelta(0)), 2, 1),
        ((timedelta(0), WINDOW, timedelta(0)), 2, 0),
    ],
)
def test_a_window_that_is_too_full_is_found(apart: tuple[timedelta, ...], limit: int, windows: int) -> None:
    instants = [FIRST]
    for one in apart:
        instants.append(instants[-1] + one)

    assert overruns(instants, limit) == windows
