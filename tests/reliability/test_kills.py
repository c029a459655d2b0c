"""A short version of `python -m tests.reliability.kills`."""

from pathlib import Path

import pytest

from tests.reliability.kills import rounds

pytestmark = pytest.mark.processes


TRIES = 5
"""Whether a kill hits a message on its way is chance: with a slow provider nearly every try has one."""


async def test_killed_in_the_middle_of_everything_nothing_is_lost_and_nothing_sent_twice(tmp_path: Path) -> None:
    for seed in range(TRIES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        outcome = await rounds(folder, 8, seed=seed, customers=50, rate=20, provider_seconds=(0.1, 0.3))

        assert [promise for promise in outcome.promises() if promise.broken] == []
        if outcome.record.outcomes["UNKNOWN"] > 0:
            return
    pytest.fail("no kill hit a message on its way: nothing was shown")
