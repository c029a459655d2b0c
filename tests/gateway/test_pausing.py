"""Stopping: from the moment it returns no attempt opens that it concerns, and what waits keeps its place."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.sandbox import Sandbox
from gateway import callbacks, contact, pausing
from gateway.delivering import Dispatch
from gateway.model import ContactStatus, Unacceptable
from policies.facts import Channel, Purpose
from tests.world import AGENT, COMPLIANCE, World, open_world


async def _pause(world: World, **of: Any) -> str:
    return (await pausing.pause(world.gateway, COMPLIANCE, "an incident", **of)).id


@pytest.mark.parametrize(
    "of", [{}, {"purpose": Purpose.FOLLOW_UP}, {"channel": Channel.SMS}, {"provider": "sms"}], ids=str
)
async def test_what_is_stopped_waits_and_leaves_when_it_goes_on(world: World, of: dict[str, Any]) -> None:
    answer = await world.request(await world.customer("CN"), Channel.SMS)
    pause = await _pause(world, **of)

    stopped = await world.deliver()
    during = await world.now(answer)
    await pausing.resume(world.gateway, COMPLIANCE, pause, "over")
    await world.deliver()

    assert (stopped, during.status, await world.attempts(answer) != []) == (0, ContactStatus.SCHEDULED, True)
    assert (await world.now(answer)).status is ContactStatus.SENT


@pytest.mark.parametrize(
    "of", [{"purpose": Purpose.MARKETING}, {"channel": Channel.EMAIL}, {"provider": "email"}], ids=str
)
async def test_everything_else_goes_on(world: World, of: dict[str, Any]) -> None:
    answer = await world.request(await world.customer("CN"), Channel.SMS)
    await _pause(world, **of)

    await world.deliver()

    assert (await world.now(answer)).status is ContactStatus.SENT


async def test_of_two_providers_the_other_takes_over_from_one_that_is_stopped(tmp_path: Path) -> None:
    first, second = Sandbox(name="first"), Sandbox(name="second")
    async with open_world(tmp_path, sms=[first, second]) as world:
        await _pause(world, provider="first")
        await world.request(await world.customer("CN"), Channel.SMS)

        await world.deliver()

        assert (len(first.sent), len(second.sent)) == (0, 1)


async def test_what_is_accepted_during_a_pause_is_answered_as_ever_and_waits(world: World) -> None:
    await _pause(world)

    answer = await world.request(await world.customer("CN"), Channel.SMS)
    await world.deliver()

    assert answer.contact.due_at == world.clock()
    assert (await world.now(answer)).status is ContactStatus.SCHEDULED


async def test_what_waited_too_long_expires_even_while_it_is_stopped(world: World) -> None:
    answer = await world.request(await world.customer("CN"), Channel.SMS, expires_at=world.clock() + timedelta(hours=1))
    await _pause(world)

    world.wait(hours=1)
    await world.deliver()

    assert (await world.now(answer)).status is ContactStatus.EXPIRED


async def test_what_falls_due_on_another_channel_that_is_stopped_waits_for_that_channel(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS, Channel.EMAIL)
    await world.withdraw(customer, channel=Channel.SMS)
    await _pause(world, channel=Channel.EMAIL)

    for _ in range(3):
        await world.deliver()

    assert await world.attempts(answer) == []
    assert (await world.held(answer.contact.id)).channel is Channel.EMAIL


@pytest.mark.parametrize("of", [{}, {"purpose": Purpose.FOLLOW_UP}, {"channel": Channel.CALLBACK}], ids=str)
async def test_nobody_is_rung_while_calls_are_stopped(world: World, of: dict[str, Any]) -> None:
    await world.request(await world.customer("CN"), Channel.CALLBACK, is_callback=True, not_before=world.clock())
    pause = await _pause(world, **of)

    during, _ = await callbacks.claim(world.gateway, AGENT, "first")
    await pausing.resume(world.gateway, COMPLIANCE, pause, "over")
    after, _ = await callbacks.claim(world.gateway, AGENT, "second")

    assert (during, after is not None) == (None, True)


async def test_stopping_twice_is_stopping_once_and_so_is_going_on(world: World) -> None:
    first, second = await _pause(world, channel=Channel.SMS), await _pause(world, channel=Channel.SMS)

    ended = await pausing.resume(world.gateway, COMPLIANCE, first, "over")
    again = await pausing.resume(world.gateway, COMPLIANCE, first, "over again")

    assert first == second
    assert ended == again
    assert ended.resume_reason == "over"


async def test_a_pause_is_of_one_thing_or_of_everything_and_of_what_there_is(world: World) -> None:
    for of in ({"purpose": Purpose.MARKETING, "channel": Channel.SMS}, {"provider": "nobody"}):
        with pytest.raises(Unacceptable):
            await _pause(world, **of)
    with pytest.raises(Unacceptable):
        await pausing.resume(world.gateway, COMPLIANCE, "f" * 32, "over")


async def test_no_attempt_opens_on_another_process_once_the_pause_has_returned(tmp_path: Path) -> None:
    async with open_world(tmp_path) as one, open_world(tmp_path) as other:
        for _ in range(60):
            await one.request(await one.customer("TEST"), Channel.SMS)

        async def work() -> list[Dispatch]:
            return [d for _ in range(20) for d in await contact.open_due(other.gateway, 2)]

        working = asyncio.create_task(work())
        await asyncio.sleep(0.02)
        pause = await pausing.pause(one.gateway, COMPLIANCE, "now")
        async with one.gateway.database.read() as reading:
            from gateway.store.work import table  # noqa: PLC0415

            rows = await reading.all(table("attempt").select())
        await working
        async with one.gateway.database.read() as reading:
            afterwards = await reading.all(table("attempt").select())

        assert pause.is_of_everything
        assert len(afterwards) == len(rows)
