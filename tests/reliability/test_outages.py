"""Short versions of `python -m tests.reliability.outages`."""

from pathlib import Path

import pytest

from tests.reliability.outages import PLAYS, Lengths

pytestmark = pytest.mark.processes

SHORT = Lengths(down=3, slow=0.5, hangs=1, rate=10)


@pytest.mark.parametrize("name", ["provider-down", "provider-slow", "hang"])
async def test_after_an_outage_nothing_is_lost_and_nothing_was_sent_twice(name: str, tmp_path: Path) -> None:
    one, _, promises = await PLAYS[name](tmp_path, 1, SHORT)

    assert [promise for promise in (*promises, *one.promises()) if promise.broken] == []
    assert one.is_settled
