"""Contacts made elsewhere: told once, and counted like our own."""

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway import customers
from gateway.model import (
    Customer,
    OutsideContact,
    OutsideResult,
    Unacceptable,
    UserErrorCode,
)
from gateway.requests import (
    NewPoint,
    RecordOutsideContact,
)
from gateway.store import customers as store
from policies.facts import (
    Channel,
    Initiator,
    Medium,
    Purpose,
)
from tests.world import AGENT, SERVICE, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOBILE = "+8613900000000"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One for all tests here: each makes its own customers, and the clock stands still at noon in China."""
    async with open_world(tmp_path_factory.mktemp("world")) as world:
        yield world


async def _problem(doing: Awaitable[object]) -> tuple[UserErrorCode, tuple[str, ...]]:
    """The one thing that is wrong: its code and its field."""
    with pytest.raises(Unacceptable) as caught:
        await doing
    [error] = caught.value.errors
    return error.code, error.field


def _outside(world: World, customer: Customer, reference: str, **more: Any) -> RecordOutsideContact:
    return RecordOutsideContact(
        customer_id=customer.id,
        reference=reference,
        fingerprint=more.pop("fingerprint", "body"),
        medium=more.pop("medium", Medium.VOICE),
        result=more.pop("result", OutsideResult.CONVERSATION),
        initiator=more.pop("initiator", Initiator.LENDER),
        at=more.pop("at", world.clock() - HOUR),
        **more,
    )


async def _record(world: World, customer: Customer, reference: str, **more: Any) -> OutsideContact:
    wanted = _outside(world, customer, reference, **more)
    return (await customers.record_outside_contact(world.gateway, SERVICE, wanted))[1]


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({}, True),
        ({"initiator": Initiator.AGENCY}, True),
        ({"medium": Medium.SMS, "result": OutsideResult.DELIVERED, "purpose": Purpose.OVERDUE_REMINDER}, True),
        ({"initiator": Initiator.CUSTOMER}, False),
        ({"result": OutsideResult.ATTEMPTED}, False),
        ({"medium": Medium.LETTER, "result": OutsideResult.DELIVERED}, False),
    ],
)
async def test_a_contact_made_elsewhere_counts_in_the_caps_like_our_own(
    world: World, more: dict[str, Any], counts: bool
) -> None:
    customer = await world.customer("TEST")  # three in 168 hours: one of them elsewhere, two ours
    await _record(world, customer, f"elsewhere {more}", **more)
    for _ in range(2):
        await world.request(customer, Channel.SMS)

    fourth = await world.request(customer, Channel.SMS)

    frees = world.clock() - HOUR + timedelta(hours=168)
    assert fourth.contact.due_at == (frees if counts else world.clock())


async def test_one_reference_of_a_caller_is_one_contact_and_counts_once(world: World) -> None:
    customer = await world.customer("TEST")
    wanted = _outside(world, customer, "once")

    answers = [await customers.record_outside_contact(world.gateway, SERVICE, wanted) for _ in range(3)]

    assert [replayed for _, _, replayed in answers] == [False, True, True]
    assert len({outside.id for _, outside, _ in answers}) == 1
    decision = await world.preview(customer, Channel.SMS)
    assert [finding.verdict.allowance.used for finding in decision.findings if finding.verdict.allowance] == [1]


async def test_a_reference_comes_again_with_the_same_body_or_not_at_all(world: World) -> None:
    customer = await world.customer("TEST")
    await _record(world, customer, "another body")
    again = _outside(world, customer, "another body", fingerprint="another")

    problem = await _problem(customers.record_outside_contact(world.gateway, SERVICE, again))

    assert problem == (UserErrorCode.CONFLICT, ("reference",))


async def test_two_callers_may_use_the_same_reference_for_different_contacts(world: World) -> None:
    customer = await world.customer("TEST")
    mine = await _record(world, customer, "ours")

    _, theirs, replayed = await customers.record_outside_contact(
        world.gateway, AGENT, _outside(world, customer, "ours", fingerprint="another")
    )

    assert not replayed
    assert theirs.id != mine.id


async def test_a_contact_made_elsewhere_does_not_lie_in_the_future(world: World) -> None:
    customer = await world.customer("TEST")

    problem = await _problem(_record(world, customer, "tomorrow", at=world.clock() + MINUTE))

    assert problem == (UserErrorCode.INVALID, ("at",))


async def test_a_contact_made_elsewhere_is_kept_with_its_debts_and_the_number_that_was_used(world: World) -> None:
    customer = await world.customer("CN", NewPoint(Channel.EMAIL, "wang@mail.example"), NewPoint(Channel.SMS, MOBILE))
    bill = await world.bill(customer)
    [_, mobile] = await world.points(customer)

    known = await _record(world, customer, "whole", accounts=(bill.account.reference,), address="139 0000 0000")
    unknown = await _record(world, customer, "stranger", address="+8613900000009")

    assert (known.account_ids, known.contact_point_id) == ((bill.account.id,), mobile.id)
    assert unknown.contact_point_id is None
    async with world.gateway.database.read() as work:
        assert await store.outside(work, [known.id]) == {known.id: known}


async def test_what_the_customer_began_may_be_answered_at_night(world: World) -> None:
    customer = await world.customer("US")  # 23:00 there
    asked = await _record(world, customer, "asked", initiator=Initiator.CUSTOMER, medium=Medium.SMS)
    told = await _record(world, customer, "told", medium=Medium.SMS)
    reply: dict[str, Any] = {"purpose": Purpose.CUSTOMER_REPLY, "variables": {"answer": "We will call you."}}

    answer = await world.request(customer, Channel.SMS, in_reply_to=asked.id, **reply)

    assert answer.contact.due_at == world.clock()
    problem = await _problem(world.request(customer, Channel.SMS, in_reply_to=told.id, **reply))
    assert problem == (UserErrorCode.NOT_FOUND, ("inReplyTo",))


async def test_what_the_customer_began_hours_ago_is_answered_in_the_morning(world: World) -> None:
    customer = await world.customer("US")  # 23:00 there
    asked = await _record(
        world,
        customer,
        "asked hours ago",
        initiator=Initiator.CUSTOMER,
        medium=Medium.SMS,
        at=world.clock() - timedelta(hours=2),
    )
    reply: dict[str, Any] = {"purpose": Purpose.CUSTOMER_REPLY, "variables": {"answer": "We will call you."}}

    answer = await world.request(customer, Channel.SMS, in_reply_to=asked.id, **reply)

    assert answer.contact.due_at == world.clock() + timedelta(hours=9)


async def test_an_answer_that_is_kept_up_until_the_customer_sleeps_waits_for_the_morning(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("US")  # 23:00 there
        asked = await _record(world, customer, "asked now", initiator=Initiator.CUSTOMER, medium=Medium.SMS)
        reply: dict[str, Any] = {"purpose": Purpose.CUSTOMER_REPLY, "variables": {"answer": "We will call you."}}
        answer = await world.request(customer, Channel.SMS, in_reply_to=asked.id, **reply)

        world.wait(hours=2)
        await world.deliver()

        assert (await world.now(answer)).due_at == world.clock() + timedelta(hours=7)
        assert world.sms.sent == []
