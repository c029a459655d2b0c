"""Batches: concurrent calls go through together, and what is wrong with one is the trouble of that one."""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from gateway.batch import SIZE, Batcher


@dataclass
class Handler:
    """Doubles numbers once the gate is open. A zero breaks its whole batch, a minus its own answer."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    batches: list[list[int]] = field(default_factory=list)

    async def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(items))
        self.begun.set()
        await self.gate.wait()
        if 0 in items:
            raise ZeroDivisionError("zero")
        return [ValueError("minus") if item < 0 else 2 * item for item in items]


async def _first_running(handler: Handler) -> tuple[Batcher[int, int], "asyncio.Task[int]"]:
    """A batcher that is busy with a batch of one, the number 1."""
    batcher: Batcher[int, int] = Batcher(handler)
    first = asyncio.create_task(batcher(1))
    await handler.begun.wait()
    return batcher, first


async def test_a_single_call_is_a_batch_of_one() -> None:
    handler = Handler()
    handler.gate.set()

    assert await Batcher(handler)(21) == 42

    assert handler.batches == [[21]]


async def test_what_comes_while_one_batch_runs_goes_through_together_in_the_next() -> None:
    handler = Handler()
    batcher, first = await _first_running(handler)
    others = [asyncio.create_task(batcher(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)

    handler.gate.set()

    assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
    assert handler.batches == [[1], [2, 3, 4]]


async def test_no_batch_is_larger_than_its_size_and_order_is_kept() -> None:
    handler = Handler()
    batcher, first = await _first_running(handler)
    others = [asyncio.create_task(batcher(number)) for number in range(2, 2 * SIZE + 12)]
    await asyncio.sleep(0)

    handler.gate.set()
    await asyncio.gather(first, *others)

    assert [len(batch) for batch in handler.batches] == [1, SIZE, SIZE, 10]
    assert [item for batch in handler.batches for item in batch] == list(range(1, 2 * SIZE + 12))


async def test_an_answer_that_is_an_exception_is_raised_to_its_own_caller() -> None:
    handler = Handler()
    batcher, first = await _first_running(handler)
    others = [asyncio.create_task(batcher(number)) for number in (2, -3, 4)]
    await asyncio.sleep(0)

    handler.gate.set()
    answers = await asyncio.gather(first, *others, return_exceptions=True)

    assert [str(answer) for answer in answers] == ["2", "4", "minus", "8"]
    assert handler.batches == [[1], [2, -3, 4]]


async def test_an_item_that_breaks_its_batch_fails_alone_and_the_others_go_through_without_it() -> None:
    handler = Handler()
    batcher, first = await _first_running(handler)
    others = [asyncio.create_task(batcher(number)) for number in (2, 0, 4)]
    await asyncio.sleep(0)

    handler.gate.set()
    answers = await asyncio.gather(first, *others, return_exceptions=True)

    assert [str(answer) for answer in answers] == ["2", "4", "zero", "8"]
    assert handler.batches == [[1], [2, 0, 4], [2], [0], [4]]


async def test_a_busy_database_is_not_asked_again_for_each_item() -> None:
    calls: list[int] = []

    async def busy(items: Sequence[int]) -> list[int | Exception]:
        calls.append(len(items))
        raise sqlite3.OperationalError("database is locked")

    batcher: Batcher[int, int] = Batcher(busy)
    answers = await asyncio.gather(*(batcher(number) for number in range(5)), return_exceptions=True)

    assert [type(answer) for answer in answers] == [sqlite3.OperationalError] * 5
    assert calls == [5]


async def test_a_caller_that_goes_away_takes_nobody_along() -> None:
    handler = Handler()
    batcher, first = await _first_running(handler)
    others = [asyncio.create_task(batcher(number)) for number in (2, 3, -4)]
    await asyncio.sleep(0)

    others[0].cancel()
    others[2].cancel()
    first.cancel()
    handler.gate.set()
    answers = await asyncio.gather(first, *others, return_exceptions=True)

    assert [type(answer) for answer in answers] == [
        asyncio.CancelledError,
        asyncio.CancelledError,
        int,
        asyncio.CancelledError,
    ]
    assert handler.batches == [[1], [2, 3, -4]]  # what was handed in is done, whoever waits for it


async def test_draining_waits_until_everything_is_answered() -> None:
    handler = Handler()
    batcher, first = await _first_running(handler)
    second = asyncio.create_task(batcher(2))
    await asyncio.sleep(0)

    draining = asyncio.create_task(batcher.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    handler.gate.set()
    await draining

    assert first.done()
    assert second.done()


async def test_draining_an_idle_batcher_is_over_at_once_and_it_still_works_afterwards() -> None:
    handler = Handler()
    handler.gate.set()
    batcher: Batcher[int, int] = Batcher(handler)

    await batcher.drain()

    assert await batcher(1) == 2
    await batcher.drain()
    assert await batcher(2) == 4


async def test_who_drains_and_goes_away_stops_nothing() -> None:
    handler = Handler()
    batcher, first = await _first_running(handler)
    draining = asyncio.create_task(batcher.drain())
    await asyncio.sleep(0)

    draining.cancel()
    await asyncio.wait([draining])
    handler.gate.set()

    assert await first == 2


async def test_after_a_failure_the_next_call_is_served() -> None:
    handler = Handler()
    handler.gate.set()
    batcher: Batcher[int, int] = Batcher(handler)
    with pytest.raises(ZeroDivisionError):
        await batcher(0)

    assert await batcher(1) == 2
