"""A short version of `python -m tests.reliability.flips`."""

from pathlib import Path

from tests.reliability.flips import flip, log_of


async def test_one_flipped_bit_anywhere_in_a_log_of_ten_thousand_entries_is_found(tmp_path: Path) -> None:
    file, key = await log_of(tmp_path, 10_000)

    outcome = flip(file, key, 300, seed=1)

    assert outcome.entries >= 10_000
    assert outcome.unseen == []
