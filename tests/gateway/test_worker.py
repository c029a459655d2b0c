"""The worker: delivers on its own, whatever fails around it, and leaves nothing in flight."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import text
from structlog.typing import EventDict

from channels.base import PermanentFailure
from channels.sandbox import Delay
from gateway.contact import Answer
from gateway.model import AttemptOutcome, ContactStatus
from gateway.worker import Worker
from policies.facts import Channel
from tests.world import World, open_world

MOMENT = Delay(timedelta(milliseconds=100))
AN_HOUR = 3600


@asynccontextmanager
async def _working(world: World) -> AsyncIterator[Worker]:
    worker = Worker(world.gateway)
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await running


async def _until(world: World, answer: Answer, status: ContactStatus) -> None:
    """Waits for the contact to get there: it is told of changes, and does not look at a clock."""
    async with asyncio.timeout(20), world.gateway.changes.subscribe(contact_id=answer.contact.id) as heard:
        while (await world.now(answer)).status is not status:
            await anext(heard)


async def _logged(logs: list[EventDict], event: str) -> None:
    async with asyncio.timeout(20):
        while not any(entry["event"] == event for entry in logs):  # noqa: ASYNC110 - a log tells nobody
            await asyncio.sleep(0.001)


async def _rename(world: World, table: str, to: str) -> None:
    async with world.gateway.database.write() as work:
        await work.run(text(f"ALTER TABLE {table} RENAME TO {to}"))


async def test_what_is_accepted_is_delivered_at_once_however_seldom_the_worker_looks(tmp_path: Path) -> None:
    async with open_world(tmp_path, poll_seconds=AN_HOUR) as world, _working(world):
        customer = await world.customer("CN")

        answer = await world.request(customer, Channel.SMS)
        await _until(world, answer, ContactStatus.SENT)

        assert len(world.sms.sent) == 1


async def test_the_next_channel_is_tried_at_once_however_seldom_the_worker_looks(tmp_path: Path) -> None:
    async with open_world(tmp_path, poll_seconds=AN_HOUR) as world, _working(world):
        for _ in range(10):
            world.sms.answer_next(PermanentFailure("blocked"))

            answer = await world.request(await world.customer("CN"), Channel.SMS, Channel.EMAIL)
            await _until(world, answer, ContactStatus.SENT)

        assert len(world.email.sent) == 10


async def test_what_falls_due_when_the_clock_jumps_is_found_by_looking(tmp_path: Path) -> None:
    async with open_world(tmp_path, poll_seconds=0.01) as world, _working(world):
        answer = await world.request(await world.customer("US"), Channel.SMS)
        assert answer.contact.status is ContactStatus.SCHEDULED

        world.clock.advance(datetime(2026, 11, 24, 13, tzinfo=UTC))
        await _until(world, answer, ContactStatus.SENT)


async def test_a_round_that_fails_is_logged_and_the_next_one_tries_again(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with open_world(tmp_path, poll_seconds=0.01) as world:
            answer = await world.request(await world.customer("CN"), Channel.SMS)
            await _rename(world, "attempt", "away")

            async with _working(world):
                await _logged(logs, "round failed")
                await _rename(world, "away", "attempt")
                await _until(world, answer, ContactStatus.SENT)

    failed = [entry for entry in logs if entry["event"] == "round failed"]
    assert all(
        entry.pop("error") in ("OperationalError", "ProgrammingError", "UndefinedTableError")
        and entry == {"event": "round failed", "log_level": "error"}
        for entry in failed
    )


async def test_an_outcome_that_cannot_be_recorded_leaves_the_contact_unclear(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with open_world(tmp_path, poll_seconds=0.01) as world, _working(world):
            world.sms.answer_next(MOMENT)
            answer = await world.request(await world.customer("CN"), Channel.SMS)
            await _until(world, answer, ContactStatus.SENDING)
            await _rename(world, "attempt_event", "away")
            await _logged(logs, "attempt not closed")
            await _rename(world, "away", "attempt_event")

            world.wait(seconds=90)
            await _until(world, answer, ContactStatus.UNCLEAR)

            assert [one.outcome for one in await world.attempts(answer)] == [AttemptOutcome.UNKNOWN]
            assert len(world.sms.sent) == 1


async def test_on_stop_what_is_in_flight_is_finished(world: World) -> None:
    world.sms.answer_next(MOMENT)
    async with _working(world) as worker:
        answer = await world.request(await world.customer("CN"), Channel.SMS)
        await _until(world, answer, ContactStatus.SENDING)
        worker.stop()

    assert (await world.now(answer)).status is ContactStatus.SENT
    assert world.gateway.in_flight == set()


async def test_on_stop_nothing_new_is_begun(tmp_path: Path) -> None:
    async with open_world(tmp_path, concurrent_sends=1) as world:
        world.sms.answer_next(MOMENT)
        async with _working(world) as worker:
            first = await world.request(await world.customer("CN"), Channel.SMS)
            second = await world.request(await world.customer("CN"), Channel.SMS)
            await _until(world, first, ContactStatus.SENDING)
            worker.stop()

        assert (await world.now(second)).status is ContactStatus.SCHEDULED


async def test_no_more_is_taken_up_than_there_is_room_for(tmp_path: Path) -> None:
    async with open_world(tmp_path, concurrent_sends=2) as world:
        world.sms.answer_next(*[Delay(timedelta(milliseconds=20))] * 7)
        answers = [await world.request(await world.customer("CN"), Channel.SMS) for _ in range(7)]
        in_flight = set()

        async with asyncio.timeout(20), world.gateway.changes.subscribe() as heard, _working(world):
            while len(world.sms.sent) < 7:
                await anext(heard)
                in_flight.add(len(world.gateway.in_flight))

        assert max(in_flight) == 2
        assert {(await world.now(answer)).status for answer in answers} == {ContactStatus.SENT}


async def test_a_worker_that_is_stopped_before_it_begins_takes_nothing_up(world: World) -> None:
    answer = await world.request(await world.customer("CN"), Channel.SMS)
    worker = Worker(world.gateway)

    worker.stop()
    await worker.run()

    assert (await world.now(answer)).status is ContactStatus.SCHEDULED


async def test_two_workers_on_one_gateway_send_everything_once(world: World) -> None:
    answers = [await world.request(await world.customer("CN"), Channel.SMS) for _ in range(20)]

    async with _working(world), _working(world):
        for answer in answers:
            await _until(world, answer, ContactStatus.SENT)

    references = [message.reference for message in world.sms.sent]
    assert len(references) == len(set(references)) == 20
