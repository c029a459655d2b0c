"""A single contact at the hour at which its customer has reacted before: only ever later, never past a rule."""

from collections.abc import AsyncIterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway import customers
from gateway.contact import Answer
from gateway.model import ContactStatus, Customer, OutsideResult
from gateway.requests import RecordOutsideContact, SetPreferences
from policies import record
from policies.decision import Outcome
from policies.facts import Channel, Initiator, Medium, WindowEffect, Wish
from tests.world import SERVICE, World, open_world

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def reacted(world: World, customer: Customer, *hours_ago: int) -> None:
    """They wrote elsewhere, so many hours before the world's noon in China."""
    for number, hours in enumerate(hours_ago):
        at = world.clock() - timedelta(hours=hours)
        wrote = RecordOutsideContact(
            customer.id, f"{customer.id}-{number}", "body", Medium.IM, OutsideResult.CONNECTED, Initiator.CUSTOMER, at
        )
        await customers.record_outside_contact(world.gateway, SERVICE, wrote)


async def asked(world: World, customer: Customer, **more: Any) -> Answer:
    return await world.request(customer, Channel.SMS, at_best_moment=True, **more)


def local(answer: Answer) -> tuple[date, int]:
    assert answer.contact.due_at is not None
    due = answer.contact.due_at.astimezone(CHINA)
    return due.date(), due.hour


async def test_who_answers_in_the_evening_is_written_to_in_the_evening_and_the_decision_says_so(world: World) -> None:
    customer = await world.customer()
    await reacted(world, customer, 18, 42)

    answer = await asked(world, customer)
    today = world.clock().astimezone(CHINA).date()

    assert local(answer) == (today, 18)
    [decision] = answer.decisions
    assert decision.outcome is Outcome.DEFER
    finding = record.findings_from_json(decision.findings)[0]
    assert finding.verdict.reason.code == "best_moment_ahead"
    assert await world.deliver() == 0
    world.wait(hours=7)
    assert await world.deliver() == 1


async def test_what_was_known_of_another_reference_of_the_person_counts(world: World) -> None:
    customer, other = await world.customer(), await world.customer()
    await customers.link(world.gateway, SERVICE, [customer.id, other.id])
    await reacted(world, other, 18, 42)

    assert local(await asked(world, customer))[1] == 18


@pytest.mark.parametrize("hours_ago", [(), (18,), (24, 48), (33, 57)])
async def test_without_a_habit_or_within_it_it_is_at_once(world: World, hours_ago: tuple[int, ...]) -> None:
    """Nothing heard, once heard, always at noon, always at three in the morning."""
    customer = await world.customer()
    await reacted(world, customer, *hours_ago)

    assert (await asked(world, customer)).contact.due_at == world.clock()


async def test_who_does_not_ask_for_it_does_not_wait(world: World) -> None:
    customer = await world.customer()
    await reacted(world, customer, 18, 42)

    assert (await world.request(customer, Channel.SMS)).contact.due_at == world.clock()


async def test_it_is_not_waited_for_beyond_the_end_of_the_contact(world: World) -> None:
    customer = await world.customer()
    await reacted(world, customer, 18, 42)

    answer = await asked(world, customer, expires_at=world.clock() + timedelta(hours=5))

    assert (answer.contact.status, answer.contact.due_at) == (ContactStatus.SCHEDULED, world.clock())


@pytest.mark.parametrize("is_closed_daily", [True, False])
async def test_an_hour_that_a_rule_closes_is_not_wished_for(world: World, is_closed_daily: bool) -> None:
    """Closed on every day: at once. Closed today only: tomorrow at that hour."""
    customer = await world.customer()
    await reacted(world, customer, 18, 42)
    today = world.clock().astimezone(CHINA).date()
    days = frozenset(range(7)) if is_closed_daily else frozenset([today.weekday()])
    never = Wish(WindowEffect.NEVER, time(17), time(20), days, frozenset(Channel))
    await customers.set_preferences(world.gateway, SERVICE, SetPreferences(customer.id, windows=(never,)))

    answer = await asked(world, customer)

    if is_closed_daily:
        assert answer.contact.due_at == world.clock()
    else:
        assert local(answer) == (today + timedelta(days=1), 18)


async def test_it_is_never_earlier_than_the_caller_wants_it(world: World) -> None:
    customer = await world.customer()
    await reacted(world, customer, 18, 42)
    wanted = world.clock() + timedelta(hours=8)

    answer = await asked(world, customer, not_before=wanted)

    assert local(answer) == (wanted.astimezone(CHINA).date() + timedelta(days=1), 18)
