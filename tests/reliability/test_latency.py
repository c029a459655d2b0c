"""A short version of `python -m tests.reliability.latency`."""

from pathlib import Path

import pytest

from tests.reliability.latency import measure

pytestmark = pytest.mark.processes


async def test_ninety_nine_of_a_hundred_messages_are_at_the_provider_two_seconds_after_they_may_leave(
    tmp_path: Path,
) -> None:
    one = await measure(tmp_path, 1, rate=20, seconds=5)

    assert [promise for promise in one.promises if promise.broken] == []
    assert len(one.waits) == 100
    assert one.late <= 1
