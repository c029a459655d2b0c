"""One person under several references, and several debtors of one account."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway import customers
from gateway.model import ContactStatus, OutsideResult, Unacceptable, UserErrorCode
from gateway.requests import NewPoint, PlaceHold, RecordOutsideContact
from policies.facts import Channel, HoldKind, Initiator, Medium, Purpose
from tests.world import SERVICE, World


async def test_linked_references_share_the_cap_of_a_person(world: World) -> None:
    first, second, stranger = [await world.customer("TEST") for _ in range(3)]
    await customers.link(world.gateway, SERVICE, [first.id, second.id])
    for _ in range(2):
        await world.request(first, Channel.SMS)
    await world.request(second, Channel.SMS)

    fourth = await world.request(second, Channel.SMS)
    strangers = await world.request(stranger, Channel.SMS)

    assert fourth.contact.due_at == world.clock() + timedelta(hours=168)
    assert strangers.contact.due_at == world.clock()


async def test_a_withdrawal_under_one_reference_holds_for_the_other(world: World) -> None:
    first, second = await world.customer("CN"), await world.customer("CN")
    await customers.link(world.gateway, SERVICE, [first.id, second.id])
    [sms, _] = await world.points(first)
    await world.withdraw(first, contact_point_id=sms.id)  # the same number is registered under both

    answer = await world.request(second, Channel.SMS)

    assert answer.contact.status is ContactStatus.REFUSED


async def test_a_withdrawal_of_another_number_does_not(world: World) -> None:
    first = await world.customer("CN", NewPoint(Channel.SMS, "+8613900000007"))
    second = await world.customer("CN")
    await customers.link(world.gateway, SERVICE, [first.id, second.id])
    [sms] = await world.points(first)
    await world.withdraw(first, contact_point_id=sms.id)

    answer = await world.request(second, Channel.SMS)

    assert answer.contact.status is ContactStatus.SCHEDULED


async def test_a_hold_under_one_reference_holds_for_the_other(world: World) -> None:
    first, second = await world.customer("CN"), await world.customer("CN")
    await customers.link(world.gateway, SERVICE, [first.id, second.id])
    await customers.place_hold(world.gateway, SERVICE, PlaceHold(first.id, HoldKind.BANKRUPTCY))

    answer = await world.request(second, Channel.SMS, purpose=Purpose.PLAN_OFFER)

    assert answer.contact.status is ContactStatus.REFUSED


async def test_links_add_up(world: World) -> None:
    first, second, third = [await world.customer("TEST") for _ in range(3)]

    await customers.link(world.gateway, SERVICE, [first.id, second.id])
    found = await customers.link(world.gateway, SERVICE, [second.id, third.id])

    assert [customer.id for customer in found] == sorted([first.id, second.id, third.id])


async def test_an_unknown_reference_links_nobody(world: World) -> None:
    first = await world.customer("TEST")

    with pytest.raises(Unacceptable) as caught:
        await customers.link(world.gateway, SERVICE, [first.id, "f" * 32])

    assert [(error.code, error.field) for error in caught.value.errors] == [
        (UserErrorCode.NOT_FOUND, ("customerIds", "1"))
    ]


async def test_joint_debtors_share_the_caps_of_the_debt_and_no_others(world: World) -> None:
    """Reg F: seven calls in seven days per debt, whoever of the two is called."""
    world.clock.advance(datetime(2026, 11, 24, 16, tzinfo=UTC))  # 11:00 in New York
    first, second = await world.customer("US"), await world.customer("US")
    bills = [await world.bill(one, account="A-joint", due_on=date(2026, 10, 1)) for one in (first, second)]
    for day in range(7):
        call = RecordOutsideContact(
            first.id,
            f"call-{day}",
            "body",
            Medium.VOICE,
            OutsideResult.ATTEMPTED,
            Initiator.AGENCY,
            world.clock() - timedelta(hours=day + 1),
            accounts=("A-joint",),
        )
        await customers.record_outside_contact(world.gateway, SERVICE, call)

    mine = await world.preview(first, Channel.CALLBACK, bill_id=bills[0].id, purpose=Purpose.OVERDUE_REMINDER)
    theirs = await world.preview(second, Channel.CALLBACK, bill_id=bills[1].id, purpose=Purpose.OVERDUE_REMINDER)

    assert mine.outcome == "DEFER"
    assert theirs.outcome == "DEFER"
