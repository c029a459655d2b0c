"""Who saw what unmasked is on record; and the record of each customer is numbered without a gap."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from gateway import customers, views
from gateway.model import Customer, Role, Unacceptable
from gateway.requests import RecordConsent
from gateway.store import pages
from gateway.store import views as stored
from gateway.store.log import RECORDS
from gateway.store.pages import Window
from gateway.store.tables import metadata
from gateway.views import View
from policies.facts import Channel, ConsentStatus
from tests.gateway.lives import live
from tests.world import AGENT, COMPLIANCE, SERVICE, World

CHAINS = {"log_entry", "checkpoint_head"}
NUMBERED = sorted(table.name for table in metadata.sorted_tables if "seq" in table.columns and table.name not in CHAINS)
"""Every table whose rows are entries of a customer's record."""


async def _recorded(world: World) -> list[tuple[Any, ...]]:
    async with world.gateway.database.read() as work:
        rows = await work.all(text("SELECT customer_id, seq, caller_id, caller, what, of_id FROM view ORDER BY id"))
        return [tuple(row) for row in rows]


async def test_what_was_seen_and_by_whom_is_on_record_without_a_gap(world: World) -> None:
    wang, smith = await world.customer("CN"), await world.customer("US")  # 1 to 3: the customer, two contact points
    await world.withdraw(wang)  # 4

    await views.record(
        world.gateway,
        AGENT,
        [View(wang.id, "contactPoint.address", "p1"), View(smith.id, "contactPoint.address", "p2")],
    )
    await views.record(world.gateway, COMPLIANCE, [View(wang.id, "contact.message", "c1")])
    await world.withdraw(wang)  # 7
    await views.record(world.gateway, COMPLIANCE, [View(wang.id, "contact.message", "c2")])

    assert await _recorded(world) == [
        (wang.id, 5, AGENT.id, "Li", "contactPoint.address", "p1"),
        (smith.id, 4, AGENT.id, "Li", "contactPoint.address", "p2"),
        (wang.id, 6, COMPLIANCE.id, "audit", "contact.message", "c1"),
        (wang.id, 8, COMPLIANCE.id, "audit", "contact.message", "c2"),
    ]


async def test_the_reason_and_what_the_caller_was_are_kept_with_it(world: World) -> None:
    customer = await world.customer("CN")

    await views.record(
        world.gateway,
        AGENT,
        [View(customer.id, "reply.text", "r1", "to answer"), View(None, "reply.text", "r2", "who?")],
    )

    async with world.gateway.database.read() as work:
        [row] = (await pages.views_of_customers(work, [customer.id], Window(10)))[customer.id].items
        [stranger] = await work.all(text("SELECT id, seq FROM view WHERE customer_id IS NULL"))
        of_nobody = (await stored.by_id(work, [stranger.id]))[stranger.id]
    assert (row.role, row.caller, row.reason) == (Role.AGENT, "Li", "to answer")
    assert (of_nobody.customer_id, of_nobody.reason, stranger.seq) == (None, "who?", 1)
    assert "to answer" not in repr(row)


async def test_the_same_thing_seen_twice_in_one_answer_is_one_view(world: World) -> None:
    customer = await world.customer("CN")
    view = View(customer.id, "customer.name", customer.id)

    await views.record(world.gateway, AGENT, [view, view])
    await views.record(world.gateway, AGENT, [])

    assert [row[1] for row in await _recorded(world)] == [4]


def test_everything_that_is_numbered_is_in_the_log() -> None:
    assert tuple(NUMBERED) == RECORDS


async def test_the_record_of_a_busy_life_has_no_gap_and_no_number_twice(world: World) -> None:
    busy, quiet = await world.customer("CN"), await world.customer("CN")

    await asyncio.gather(live(world, busy, quiet), _fail(world, busy))

    for customer in (busy, quiet):
        entries = await _entries(world, customer)
        assert set(entries) == set(NUMBERED) - {"erasure"}, "a busy life has an entry of every kind but the last"
        numbers = sorted(seq for seqs in entries.values() for seq in seqs)
        assert numbers == list(range(1, len(numbers) + 1))
        assert await _last(world, customer) == len(numbers)
        for seqs in entries.values():
            assert seqs == sorted(seqs), "later entries have higher numbers"


async def _fail(world: World, customer: Customer) -> None:
    """What is refused as bad input takes no number."""
    tomorrow = world.clock() + timedelta(days=1)
    for _ in range(5):
        with pytest.raises(Unacceptable):
            await customers.record_consent(
                world.gateway, SERVICE, RecordConsent(customer.id, ConsentStatus.GRANTED, "form", at=tomorrow)
            )
        with pytest.raises(Unacceptable):
            await world.request(customer, Channel.SMS, bill_id="f" * 32)


async def _entries(world: World, customer: Customer) -> dict[str, list[int]]:
    """The numbers in each table, in the order in which they were written."""
    found: dict[str, list[int]] = {}
    async with world.gateway.database.read() as work:
        for name in NUMBERED:
            table = metadata.tables[name]
            statement = table.select().where(table.c.customer_id == customer.id).order_by(table.c.id)
            found[name] = [row.seq for row in await work.all(statement)]
    return {name: numbers for name, numbers in found.items() if numbers}


async def _last(world: World, customer: Customer) -> int:
    async with world.gateway.database.read() as work:
        row = await work.one(text("SELECT log_seq FROM customer WHERE id = :id"), {"id": customer.id})
        return int(row.log_seq)
