"""Ids: they sort by the time they were made, and tell it."""

import uuid
from datetime import UTC, datetime, timedelta

from gateway.ids import Ids

NOW = datetime(2026, 11, 24, 4, 0, 0, 123_000, tzinfo=UTC)


def test_an_id_is_a_uuid_of_version_7_in_32_hexadecimal_digits() -> None:
    made = Ids()(NOW)

    read = uuid.UUID(made)
    assert made == read.hex
    assert read.version == 7
    assert read.variant == uuid.RFC_4122


def test_an_id_carries_the_millisecond_it_was_made_in() -> None:
    made = Ids()(NOW)

    assert int(made[:12], 16) == int(NOW.timestamp() * 1000)


def test_ids_of_one_millisecond_differ_and_increase() -> None:
    ids = Ids()

    made = [ids(NOW) for _ in range(10_000)]

    assert made == sorted(set(made))
    assert {uuid.UUID(one).version for one in made} == {7}


def test_ids_increase_even_where_the_clock_goes_back() -> None:
    ids = Ids()

    before = ids(NOW)
    after = ids(NOW - timedelta(hours=1))

    assert after > before


def test_two_processes_make_different_ids_in_one_instant() -> None:
    here, there = Ids(), Ids()

    assert not {here(NOW) for _ in range(100)} & {there(NOW) for _ in range(100)}
