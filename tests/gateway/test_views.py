"""Who saw what unmasked is on record; and the record of each customer is numbered without a gap."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from channels.base import OutcomeUnknown, PermanentFailure, TemporaryFailure
from gateway import callbacks, contact, customers, ending, unsubscribe, views
from gateway.model import CallResult, Customer, OutsideResult, Unacceptable
from gateway.requests import PlaceHold, RecordCall, RecordConsent, RecordOutsideContact, RecordPromise
from gateway.store.tables import metadata
from gateway.views import View
from policies.facts import Channel, ConsentStatus, HoldKind, Initiator, Medium
from tests.world import AGENT, COMPLIANCE, SERVICE, World

NUMBERED = sorted(table.name for table in metadata.sorted_tables if "seq" in table.columns)
"""Every table whose rows are entries of a customer's record."""


async def _recorded(world: World) -> list[tuple[Any, ...]]:
    async with world.gateway.database.read() as work:
        rows = await work.all(text("SELECT customer_id, seq, caller_id, caller, what, of_id FROM view ORDER BY id"))
        return [tuple(row) for row in rows]


async def test_what_was_seen_and_by_whom_is_on_record_without_a_gap(world: World) -> None:
    wang, smith = await world.customer("CN"), await world.customer("US")
    await world.withdraw(wang)  # 1

    await views.record(
        world.gateway,
        AGENT,
        [View(wang.id, "contactPoint.address", "p1"), View(smith.id, "contactPoint.address", "p2")],
    )
    await views.record(world.gateway, COMPLIANCE, [View(wang.id, "contact.message", "c1")])
    await world.withdraw(wang)  # 4
    await views.record(world.gateway, COMPLIANCE, [View(wang.id, "contact.message", "c2")])

    assert await _recorded(world) == [
        (wang.id, 2, AGENT.id, "Li", "contactPoint.address", "p1"),
        (smith.id, 1, AGENT.id, "Li", "contactPoint.address", "p2"),
        (wang.id, 3, COMPLIANCE.id, "audit", "contact.message", "c1"),
        (wang.id, 5, COMPLIANCE.id, "audit", "contact.message", "c2"),
    ]


async def test_the_same_thing_seen_twice_in_one_answer_is_one_view(world: World) -> None:
    customer = await world.customer("CN")
    view = View(customer.id, "customer.name", customer.id)

    await views.record(world.gateway, AGENT, [view, view])
    await views.record(world.gateway, AGENT, [])

    assert [row[1] for row in await _recorded(world)] == [1]


def test_everything_that_is_on_record_of_a_customer_is_numbered() -> None:
    assert NUMBERED == ["attempt_event", "consent", "decision", "hold", "outside_contact", "promise", "view"]


async def test_the_record_of_a_busy_life_has_no_gap_and_no_number_twice(world: World) -> None:
    busy, quiet = await world.customer("CN"), await world.customer("CN")

    await asyncio.gather(_live(world, busy), _live(world, quiet), _fail(world, busy))

    for customer in (busy, quiet):
        entries = await _entries(world, customer)
        assert set(entries) == set(NUMBERED), "a busy life has an entry of every kind"
        numbers = sorted(seq for seqs in entries.values() for seq in seqs)
        assert numbers == list(range(1, len(numbers) + 1))
        assert await _last(world, customer) == len(numbers)
        for seqs in entries.values():
            assert seqs == sorted(seqs), "later entries have higher numbers"


async def _live(world: World, customer: Customer) -> None:
    """Something of everything that is recorded of a customer."""
    gateway, number = world.gateway, customer.reference
    world.sms.answer_next(TemporaryFailure("busy"), PermanentFailure("blocked"), OutcomeUnknown("cut"))
    for _ in range(3):
        await world.request(customer, Channel.SMS, Channel.EMAIL)
        await world.deliver()
    await contact.accept(gateway, [world.wanted(customer, Channel.SMS) for _ in range(3)])
    later = await world.request(customer, Channel.EMAIL, not_before=world.clock() + timedelta(hours=2))
    await ending.cancel(gateway, SERVICE, later.contact.id, None)
    times = {"not_before": world.clock(), "expires_at": world.clock() + timedelta(hours=4)}
    await world.request(customer, Channel.CALLBACK, is_callback=True, **times)
    await views.record(gateway, AGENT, [View(customer.id, "customer.name", customer.id)])
    outside = RecordOutsideContact(
        customer.id, number, "body", Medium.VOICE, OutsideResult.ATTEMPTED, Initiator.AGENCY, world.clock()
    )
    for _ in range(2):
        await customers.record_outside_contact(gateway, SERVICE, outside)
    await customers.record_promise(gateway, SERVICE, RecordPromise(customer.id, date(2026, 11, 30)))
    claimed, _ = await callbacks.claim(gateway, AGENT, f"claim {number}")
    if claimed is not None:
        await callbacks.record(gateway, AGENT, RecordCall(claimed.id, number, "body", CallResult.NO_ANSWER))
    hold = await customers.place_hold(gateway, SERVICE, PlaceHold(customer.id, HoldKind.COMPLAINT))
    await customers.lift_hold(gateway, SERVICE, hold.id, "answered")
    [_, mail] = await world.points(customer)
    await unsubscribe.withdraw(gateway, mail.unsubscribe_token)
    await customers.record_consent(gateway, SERVICE, RecordConsent(customer.id, ConsentStatus.GRANTED, "form"))


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
