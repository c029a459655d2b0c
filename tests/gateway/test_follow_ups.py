"""Follow-ups: how it goes after a plan or a promise. One at a time, no demand, and never over an open complaint."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway import applications, campaigns, complaining, promises
from gateway.campaigns import Campaign, Page
from gateway.complaining import FileComplaint
from gateway.model import Bill, ContactStatus, Customer
from gateway.requests import RecordPromise, SubmitApplication
from gateway.store.campaigns import CampaignFilter
from policies.facts import Channel, Purpose
from policies.plans import Instalment
from tests.world import AGENT, SERVICE, World, open_world

PAY_BY = date(2026, 11, 26)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def run(world: World) -> Page:
    campaign = Campaign(SERVICE, CampaignFilter(), dry_run=False)
    return await campaigns.plan_page(world.gateway, campaign, after=None, limit=100)


async def daily(world: World, days: int) -> list[tuple[int, Purpose, str]]:
    """What is asked for on which day, and how it ended."""
    said = []
    for day in range(days):
        await promises.watch(world.gateway)
        made = [one.contact for one in (await run(world)).proposals]
        await world.deliver()
        for contact in made:
            assert contact is not None
            now = (await world.held(contact.id)).contact
            said.append((day, now.purpose, now.status.value))
        world.wait(days=1)
    return said


async def agreed(world: World, customer: Customer, bill: Bill) -> None:
    parts = tuple(
        Instalment(date(year, month, 20), Decimal("411.50")) for year, month in ((2026, 12), (2027, 1), (2027, 2))
    )
    wanted = SubmitApplication("form", "body", bill.id, parts, "I lost my job", currency="CNY")
    submitted = await applications.submit(world.gateway, AGENT, wanted)
    await applications.decide(world.gateway, AGENT, submitted.application.id, approve=True, reason="agreed")
    await world.deliver()


async def complain(world: World, customer: Customer, **more: Any) -> str:
    wanted = FileComplaint(customer.id, "complaint", "body", "You ring too often", **more)
    complaint, _ = await complaining.file(world.gateway, AGENT, wanted)
    return complaint.id


async def test_an_agreed_plan_is_followed_up_once_and_nothing_is_demanded(world: World) -> None:
    customer = await world.customer()
    bill = await world.bill(customer)
    await agreed(world, customer, bill)

    assert await daily(world, 25) == [
        (7, Purpose.FOLLOW_UP, ContactStatus.SENT),
        (23, Purpose.DUE_REMINDER, ContactStatus.SENT),  # the first instalment, before its day
    ]


async def test_the_reason_says_what_it_comes_after(world: World) -> None:
    customer = await world.customer()
    bill = await world.bill(customer)
    await agreed(world, customer, bill)
    world.wait(days=7)

    [proposal] = (await run(world)).proposals

    assert (proposal.bill.id, proposal.channels) == (bill.id, (Channel.SMS, Channel.EMAIL))
    assert proposal.step.reason.text() == "A plan was agreed 7 days ago: we ask how it goes."


async def test_nobody_asks_how_it_goes_while_a_complaint_is_open_about_whatever_debt(world: World) -> None:
    customer = await world.customer()
    bill = await world.bill(customer)
    other = await world.bill(customer, due_on=date(2027, 6, 1))
    await agreed(world, customer, bill)
    complaint = await complain(world, customer, account=other.account.reference)
    world.wait(days=8)

    during = await run(world)
    await complaining.settle(world.gateway, AGENT, complaint, "我们会减少联系。")
    await world.deliver()
    world.wait(days=6)
    after = await run(world)

    assert during.proposals == []
    assert [reason.values for one, reason in during.nothing if one.id == bill.id] == [{"hold": "COMPLAINT"}]
    assert [one.purpose for one in after.proposals] == [Purpose.FOLLOW_UP]


async def test_after_a_broken_promise_we_ask_first_and_notices_wait_for_it(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer)
    await promises.record(world.gateway, SERVICE, RecordPromise(customer.id, PAY_BY))

    # It named the world's day 2. The reminder, which was due from day 3 on, comes seven days after the question.
    assert await daily(world, 12) == [
        (4, Purpose.FOLLOW_UP, ContactStatus.SENT),
        (11, Purpose.OVERDUE_REMINDER, ContactStatus.SENT),
    ]


async def test_two_promises_are_not_two_questions(world: World) -> None:
    customer = await world.customer()
    for account in ("A-first", "A-second"):
        await world.bill(customer, account=account)
        promised = RecordPromise(customer.id, PAY_BY, account=account)
        await promises.record(world.gateway, SERVICE, promised)

    said = await daily(world, 13)

    assert [purpose for _, purpose, _ in said].count(Purpose.FOLLOW_UP) == 1


async def test_a_promise_of_long_ago_is_not_followed_up(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer)
    made_at = world.clock() - timedelta(days=40)
    promised = RecordPromise(customer.id, PAY_BY - timedelta(days=30), made_at=made_at)
    await promises.record(world.gateway, SERVICE, promised)
    await promises.watch(world.gateway)

    [proposal] = (await run(world)).proposals

    assert proposal.step.purpose is Purpose.OVERDUE_REMINDER
