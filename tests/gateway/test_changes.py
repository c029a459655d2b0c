"""Telling subscribers what changed: each hears what it asked for, and only the latest of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.changes import Changes

EVERYTHING = [("c1", "wang"), ("c2", "wang"), ("c3", "smith")]
"""Contacts and whose they are."""


async def _told(heard: AsyncIterator[str], changes: Changes) -> list[str]:
    """What a subscriber has been told: everything before a change that it is sure to hear last."""
    return [await anext(heard) for _ in range(_pending(changes))]


def _pending(changes: Changes) -> int:
    [subscriber] = changes._subscribers
    return len(subscriber.pending)


@pytest.mark.parametrize(
    ("customer", "contact", "told"),
    [
        (None, None, ["c1", "c2", "c3"]),
        ("wang", None, ["c1", "c2"]),
        ("smith", None, ["c3"]),
        (None, "c2", ["c2"]),
        ("wang", "c2", ["c2"]),
        ("smith", "c2", []),  # the walls hold whatever is asked for
        ("nobody", None, []),
    ],
)
async def test_a_subscriber_hears_what_it_asked_for(customer: str | None, contact: str | None, told: list[str]) -> None:
    changes = Changes()

    async with changes.subscribe(customer, contact) as heard:
        changes.publish(EVERYTHING)

        assert await _told(heard, changes) == told


async def test_a_contact_that_changes_twice_before_it_is_heard_of_is_told_once() -> None:
    changes = Changes()

    async with changes.subscribe() as heard:
        changes.publish([("c1", "wang"), ("c2", "wang"), ("c1", "wang")])
        changes.publish([("c2", "wang")])

        assert await _told(heard, changes) == ["c1", "c2"]


async def test_a_contact_that_changes_again_after_it_was_told_is_told_again() -> None:
    changes = Changes()

    async with changes.subscribe() as heard:
        changes.publish([("c1", "wang")])
        first = await anext(heard)
        changes.publish([("c1", "wang")])
        second = await anext(heard)

    assert (first, second) == ("c1", "c1")


async def test_a_waiting_subscriber_is_woken() -> None:
    changes = Changes()

    async with changes.subscribe() as heard:
        waiting = asyncio.ensure_future(anext(heard))
        await asyncio.sleep(0)
        assert not waiting.done()
        changes.publish([("c1", "wang")])

        assert await waiting == "c1"


async def test_every_subscriber_is_told_and_none_waits_for_a_slow_one() -> None:
    changes = Changes()

    async with changes.subscribe() as slow, changes.subscribe() as quick:
        changes.publish([("c1", "wang")])
        assert await anext(quick) == "c1"
        changes.publish([("c2", "wang")])

        assert await anext(quick) == "c2"
        assert [await anext(slow), await anext(slow)] == ["c1", "c2"]


async def test_who_has_left_is_told_nothing_and_forgotten() -> None:
    changes = Changes()
    with pytest.raises(RuntimeError, match="hung up"):
        async with changes.subscribe():
            raise RuntimeError("hung up")

    changes.publish([("c1", "wang")])

    assert changes._subscribers == set()


async def test_what_happened_before_somebody_came_is_not_told() -> None:
    changes = Changes()
    changes.publish([("c1", "wang")])

    async with changes.subscribe() as heard:
        changes.publish([("c2", "wang")])

        assert await anext(heard) == "c2"
