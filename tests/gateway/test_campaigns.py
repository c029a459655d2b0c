"""Campaigns: the next step for each bill, once, and nobody is flooded."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway import campaigns, customers, promises, relief
from gateway.app import open_gateway
from gateway.campaigns import Campaign, Page
from gateway.clock import StoppedClock
from gateway.model import OPERATOR, ContactStatus, Unacceptable
from gateway.relief import RecordHardshipSignal
from gateway.requests import PlaceHold, RecordPromise
from gateway.store.campaigns import CampaignFilter
from gateway.store.tables import metadata
from policies.decision import Outcome
from policies.facts import BillStatus, Channel, HoldKind, Purpose
from policies.hardship import SignalKind
from tests import databases
from tests.world import SERVICE, World, open_world

DAY_10 = date(2026, 11, 14)
"""Ten days before the world's noon."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def run(world: World, *, send: bool = False, limit: int = 100, **which: Any) -> Page:
    campaign = Campaign(SERVICE, CampaignFilter(**which), dry_run=not send)
    return await campaigns.plan_page(world.gateway, campaign, after=None, limit=limit)


async def rows(world: World) -> dict[str, int]:
    async with world.gateway.database.read() as work:
        counted = {}
        for table in metadata.sorted_tables:
            found = await work.one(text(f'SELECT count(*) FROM "{table.name}"'))
            counted[table.name] = int(found[0])
    return counted


async def test_a_dry_run_proposes_and_writes_nothing(world: World) -> None:
    await world.bill(await world.customer(), due_on=DAY_10)
    before = await rows(world)

    page = await run(world)

    [proposal] = page.proposals
    assert (proposal.step.purpose, proposal.step.number) == (Purpose.OVERDUE_REMINDER, 1)
    assert proposal.outcome is Outcome.ALLOW
    assert proposal.contact is None
    assert await rows(world) == before


async def test_what_is_sent_is_asked_for_once(world: World) -> None:
    bill = await world.bill(await world.customer(), due_on=DAY_10)

    first, second = await run(world, send=True), await run(world, send=True)

    [made] = first.proposals
    assert made.contact is not None
    assert (made.contact.bill_id, made.contact.status) == (bill.id, ContactStatus.SCHEDULED)
    assert second.proposals == []
    assert second.by_reason == {"under_way": 1}
    assert (await rows(world))["contact"] == 1


async def test_racing_campaigns_of_different_callers_make_nothing_twice(world: World, tmp_path: Path) -> None:
    for _ in range(12):
        await world.bill(await world.customer(), due_on=DAY_10)
    settings = databases.settings(tmp_path, rulebooks=tmp_path / "rulebooks")
    async with open_gateway(settings, clock=StoppedClock(world.clock())) as other:
        racing = [
            campaigns.plan_page(gateway, Campaign(caller, CampaignFilter(), dry_run=False), after=None, limit=50)
            for gateway, caller in ((world.gateway, SERVICE), (other, OPERATOR)) * 3
        ]
        pages = await asyncio.gather(*racing)

    assert sum(len(page.proposals) for page in pages) == 12
    assert (await rows(world))["contact"] == 12


async def test_several_bills_are_one_contact_about_the_oldest(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer, due_on=DAY_10)
    oldest = await world.bill(customer, due_on=DAY_10 - timedelta(days=2))

    page = await run(world, send=True)
    await world.deliver()
    world.wait(days=1)
    later = await run(world, send=True)

    assert [one.bill.id for one in page.proposals] == [oldest.id]
    assert page.by_reason == {"another_bill": 1}
    assert later.proposals == []
    assert later.by_reason == {"pause": 2}


async def test_a_silent_life_is_graded_and_ends_with_one_call(world: World) -> None:
    await world.bill(await world.customer(), due_on=date(2026, 11, 26))
    said = []
    for _ in range(90):
        page = await run(world, send=True)
        said += [
            ((world.clock().date() - date(2026, 11, 26)).days, one.step.purpose, one.contact and one.contact.channels)
            for one in page.proposals
        ]
        await world.deliver()
        world.wait(days=1)

    assert said == [
        (-2, Purpose.DUE_REMINDER, (Channel.SMS, Channel.EMAIL)),
        (5, Purpose.OVERDUE_REMINDER, (Channel.SMS, Channel.EMAIL)),
        (16, Purpose.OVERDUE_REMINDER, (Channel.SMS, Channel.EMAIL)),
        (30, Purpose.OVERDUE_WARNING, (Channel.SMS, Channel.EMAIL)),
        (44, Purpose.PLAN_OFFER, (Channel.CALLBACK,)),
    ]


async def test_holds_and_promises_stop_it_and_say_so(world: World) -> None:
    held, promised = await world.customer(), await world.customer()
    for customer in (held, promised):
        await world.bill(customer, due_on=DAY_10)
    await customers.place_hold(world.gateway, SERVICE, PlaceHold(held.id, HoldKind.COMPLAINT))
    await promises.record(world.gateway, SERVICE, RecordPromise(promised.id, date(2026, 12, 1)))

    page = await run(world, send=True)

    assert page.proposals == []
    assert page.by_reason == {"hold": 1, "promise": 1}


async def test_a_promised_instalment_is_reminded_of_before_its_day(world: World) -> None:
    customer = await world.customer()
    ahead = await world.bill(customer, due_on=world.clock().date() + timedelta(days=2))
    await promises.record(world.gateway, SERVICE, RecordPromise(customer.id, ahead.due_on, ahead.account.reference))

    page = await run(world, send=True)
    await world.deliver()

    assert [one.step.purpose for one in page.proposals] == [Purpose.DUE_REMINDER]
    assert len(world.sms.sent) == 1


async def test_a_disputed_bill_is_not_asked_for(world: World) -> None:
    await world.bill(await world.customer(), due_on=DAY_10, status=BillStatus.DISPUTED)

    page = await run(world, send=True)

    assert page.proposals == []
    assert [reason.text() for _, reason in page.nothing] == ["There is nothing to ask for: the bill is DISPUTED."]


async def test_what_the_rules_refuse_is_not_asked_for(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer, due_on=DAY_10)
    await world.withdraw(customer)

    page = await run(world, send=True)

    assert page.proposals == []
    assert [reason.values for _, reason in page.nothing] == [{"rule": "cn.privacy.peace"}]


async def test_filters_and_pages(world: World) -> None:
    for product in ("CREDIT_CARD", "CONSUMER_LOAN", "CONSUMER_LOAN"):
        await world.bill(await world.customer(), due_on=DAY_10, product=product)
    campaign = Campaign(SERVICE, CampaignFilter(product="CONSUMER_LOAN"), dry_run=True)

    first = await campaigns.plan_page(world.gateway, campaign, after=None, limit=1)
    second = await campaigns.plan_page(world.gateway, campaign, after=first.last, limit=1)

    assert first.has_next
    assert not second.has_next
    assert first.proposals[0].bill.id != second.proposals[0].bill.id
    assert not (await run(world, days_from=11)).proposals
    assert not (await run(world, days_to=9)).proposals
    assert len((await run(world, days_from=10, days_to=10)).proposals) == 3
    with pytest.raises(Unacceptable):
        await run(world, jurisdiction="NOWHERE")


async def test_at_night_it_is_wished_for_in_the_morning_and_not_all_at_once(world: World) -> None:
    world.wait(hours=11)  # 23:00 in Shanghai
    for _ in range(8):
        await world.bill(await world.customer(), due_on=DAY_10)

    page = await run(world, send=True)

    due = {one.contact.due_at for one in page.proposals if one.contact and one.contact.due_at}
    assert len(due) == 8
    morning = datetime(2026, 11, 25, 1, tzinfo=UTC)  # 09:00 in Shanghai
    assert all(morning <= at < morning + timedelta(hours=3) for at in due), due


async def test_where_paying_is_hard_the_step_is_the_offer_of_a_plan(world: World) -> None:
    customer = await world.customer()
    # Said before there was a bill: nothing was offered then.
    told = RecordHardshipSignal(customer.id, "told", "body", SignalKind.JOB_LOSS)
    await relief.record(world.gateway, SERVICE, told)
    await world.bill(customer, due_on=DAY_10)

    shown, sent, again = await run(world), await run(world, send=True), await run(world, send=True)

    [proposal], [made] = shown.proposals, sent.proposals
    assert (proposal.step.purpose, proposal.purpose) == (Purpose.OVERDUE_REMINDER, Purpose.PLAN_OFFER)
    assert made.contact is not None
    assert (made.contact.purpose, made.contact.asked_purpose) == (Purpose.PLAN_OFFER, Purpose.OVERDUE_REMINDER)
    assert again.proposals == []
