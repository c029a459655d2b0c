"""The command line of campaigns."""

import json
from datetime import timedelta
from pathlib import Path

from gateway.clock import SystemClock
from tests.processes import environment, run
from tests.world import open_world


async def test_a_campaign_is_shown_and_then_sent_once(tmp_path: Path) -> None:
    today = SystemClock()()
    async with open_world(tmp_path, at=today) as world:
        await world.bill(await world.customer(), due_on=today.date() - timedelta(days=10))
    env = environment(tmp_path)

    shown = json.loads(run(["campaign", "--dry-run", "--json"], env))
    sent, again = [json.loads(run(["campaign", "--send", "--name", "weekly", "--json"], env)) for _ in range(2)]

    assert shown == {"dryRun": True, "steps": {"OVERDUE_REMINDER": 1}, "nothing": {}}
    assert sent == {"dryRun": False, "steps": {"OVERDUE_REMINDER": 1}, "nothing": {}}
    assert again == {"dryRun": False, "steps": {}, "nothing": {"under_way": 1}}


def test_cadences_are_checked(tmp_path: Path) -> None:
    assert "cn.credit_card (CN, CREDIT_CARD)" in run(["cadence"], environment(tmp_path))
