"""What providers say later: heard once, harmless when late, repeated or out of order."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.base import Arrival, Complaint, OutcomeUnknown, Receipt, Reply, TemporaryFailure
from gateway import contact, ending
from gateway.contact import Answer
from gateway.core import Ear
from gateway.model import AttemptOutcome, ContactStatus
from gateway.receiving import receive
from gateway.requests import NewPoint
from gateway.store import customers as store
from gateway.store import replies
from policies.facts import Channel, ConsentStatus
from tests.world import MOBILES, NOON_IN_CHINA, SERVICE, World, open_world

SMS = Ear("sms", Channel.SMS, frozenset({"sms"}))
MAIL = Ear("mail", Channel.EMAIL, frozenset({"email"}))


def _receipt(reference: str, arrival: Arrival, id: str = "", **more: Any) -> Receipt:
    return Receipt(id or f"{reference}-{arrival}", reference, arrival, **more)


async def _sent(world: World, *channels: Channel) -> tuple[Answer, str]:
    """A contact that was handed over, and its attempt."""
    answer = await world.request(await world.customer("TEST"), *(channels or (Channel.SMS,)))
    await world.deliver()
    return answer, (await world.attempts(answer))[-1].id


async def test_what_arrived_is_delivered(world: World) -> None:
    answer, attempt = await _sent(world)

    new = await receive(world.gateway, SMS, [_receipt(attempt, Arrival.DELIVERED, code="delivered")])

    [now] = await world.attempts(answer)
    assert (new, now.outcome, now.provider_code) == (1, AttemptOutcome.DELIVERED, "delivered")
    assert (await world.now(answer)).status is ContactStatus.DELIVERED
    assert [reach for reach, _ in await world.slots()] == ["DELIVERED"]


async def test_the_same_said_twice_is_heard_once(world: World) -> None:
    answer, attempt = await _sent(world)
    receipt = _receipt(attempt, Arrival.DELIVERED)

    new = [await receive(world.gateway, SMS, [receipt, receipt]), await receive(world.gateway, SMS, [receipt])]

    assert new == [1, 0]
    assert len(await _events(world, answer)) == 2  # taken, delivered


async def test_another_reply_under_an_id_that_was_used_is_heard(world: World) -> None:
    customer = await world.customer("CN")
    said = Reply("1", "+8613900000001", "hello")

    new = [await receive(world.gateway, SMS, [one]) for one in (said, said, replace(said, text="STOP"))]
    theirs = replace(said, sender=MOBILES["CN"])
    new += [await receive(world.gateway, SMS, [one]) for one in (theirs, replace(theirs, text="STOP"), theirs)]

    assert new == [1, 0, 1, 1, 1, 0]
    async with world.gateway.database.read() as work:
        assert [one.text for one in await replies.of_customers(work, [customer.id])] == ["hello", "STOP"]


async def test_said_at_once_to_two_processes_it_is_heard_once(tmp_path: Path) -> None:
    async with open_world(tmp_path) as one, open_world(tmp_path) as other:
        answer, attempt = await _sent(one)
        receipt = _receipt(attempt, Arrival.DELIVERED)

        new = await asyncio.gather(*(receive(world.gateway, SMS, [receipt]) for world in (one, other) * 5))

        assert sum(new) == 1
        assert len(await _events(one, answer)) == 2


@pytest.mark.parametrize(
    "said",
    [
        [Arrival.DELIVERED, Arrival.ACCEPTED],
        [Arrival.DELIVERED, Arrival.FAILED],
        [Arrival.ACCEPTED, Arrival.DELIVERED],
        [Arrival.FAILED, Arrival.DELIVERED],
    ],
)
@pytest.mark.parametrize("together", [True, False])
async def test_in_whatever_order_it_is_said_what_arrived_stays_delivered(
    world: World, said: list[Arrival], together: bool
) -> None:
    answer, attempt = await _sent(world)
    receipts = [_receipt(attempt, arrival) for arrival in said]

    for some in [receipts] if together else [[one] for one in receipts]:
        await receive(world.gateway, SMS, some)

    assert (await world.now(answer)).status is ContactStatus.DELIVERED
    await world.deliver()
    assert len(await world.attempts(answer)) == 1


async def test_what_did_not_arrive_goes_the_next_way(world: World) -> None:
    answer, attempt = await _sent(world, Channel.SMS, Channel.EMAIL)

    await receive(world.gateway, SMS, [_receipt(attempt, Arrival.FAILED)])
    await world.deliver()

    assert [(one.channel, one.outcome) for one in await world.attempts(answer)] == [
        (Channel.SMS, AttemptOutcome.PERMANENT_FAILURE),
        (Channel.EMAIL, AttemptOutcome.ACCEPTED),
    ]
    assert (await world.now(answer)).status is ContactStatus.SENT


async def test_what_did_not_arrive_and_has_no_other_way_has_failed(world: World) -> None:
    answer, attempt = await _sent(world)

    await receive(world.gateway, SMS, [_receipt(attempt, Arrival.FAILED, bad_address=True)])

    assert (await world.now(answer)).status is ContactStatus.FAILED
    async with world.gateway.database.read() as work:
        points = await store.points_of(work, [answer.contact.customer_id])
    assert [point.usable for point in points] == [False, True]


async def test_a_wrong_number_sends_it_to_the_customers_other_one(world: World) -> None:
    points = (NewPoint(Channel.SMS, "+8613900000001"), NewPoint(Channel.SMS, "+8613900000002"))
    answer = await world.request(await world.customer("TEST", *points), Channel.SMS)
    await world.deliver()
    [first] = await world.attempts(answer)

    await receive(world.gateway, SMS, [_receipt(first.id, Arrival.FAILED, bad_address=True)])
    await world.deliver()

    assert [message.to for message in world.sms.sent] == ["+8613900000001", "+8613900000002"]


@pytest.mark.parametrize(
    ("arrival", "status"),
    [
        (Arrival.ACCEPTED, ContactStatus.SENT),
        (Arrival.DELIVERED, ContactStatus.DELIVERED),
        (Arrival.FAILED, ContactStatus.FAILED),
    ],
)
async def test_a_receipt_settles_what_was_unclear(world: World, arrival: Arrival, status: ContactStatus) -> None:
    world.sms.answer_next(OutcomeUnknown("cut"))
    answer, attempt = await _sent(world)

    await receive(world.gateway, SMS, [_receipt(attempt, arrival)])

    assert (await world.now(answer)).status is status


async def test_a_receipt_that_is_faster_than_the_answer_is_not_undone_by_it(world: World) -> None:
    answer = await world.request(await world.customer("TEST"), Channel.SMS)
    [dispatch] = await contact.open_due(world.gateway, 1)
    assert dispatch.attempt is not None

    await receive(world.gateway, SMS, [_receipt(dispatch.attempt.id, Arrival.DELIVERED)])
    await contact.send(world.gateway, dispatch)

    assert (await world.now(answer)).status is ContactStatus.DELIVERED
    assert [reach for reach, _ in await world.slots()] == ["DELIVERED"]


async def test_the_answer_to_an_earlier_attempt_does_not_settle_a_later_one(world: World) -> None:
    answer = await world.request(await world.customer("TEST"), Channel.SMS, Channel.EMAIL)
    [dispatch] = await contact.open_due(world.gateway, 1)
    assert dispatch.attempt is not None
    await receive(world.gateway, SMS, [_receipt(dispatch.attempt.id, Arrival.FAILED)])
    [second] = await contact.open_due(world.gateway, 1)

    await contact.send(world.gateway, dispatch)
    between = (await world.now(answer)).status
    await contact.send(world.gateway, second)

    assert (between, (await world.now(answer)).status) == (ContactStatus.SENDING, ContactStatus.SENT)


async def test_that_it_arrived_after_all_stops_the_next_way(world: World) -> None:
    answer, attempt = await _sent(world, Channel.SMS, Channel.EMAIL)
    await receive(world.gateway, SMS, [_receipt(attempt, Arrival.FAILED)])

    await receive(world.gateway, SMS, [_receipt(attempt, Arrival.DELIVERED)])
    await world.deliver()

    assert (await world.now(answer)).status is ContactStatus.DELIVERED
    assert world.email.sent == []


async def test_nobody_speaks_of_another_providers_attempt_or_of_none(world: World) -> None:
    answer, attempt = await _sent(world)

    await receive(world.gateway, MAIL, [_receipt(attempt, Arrival.DELIVERED)])
    await receive(world.gateway, SMS, [_receipt("f" * 32, Arrival.DELIVERED)])

    assert (await world.now(answer)).status is ContactStatus.SENT


async def test_a_provider_whose_clock_runs_ahead_tells_of_now(world: World) -> None:
    answer, attempt = await _sent(world)

    later = world.clock() + timedelta(days=1)
    await receive(world.gateway, SMS, [_receipt(attempt, Arrival.DELIVERED, at=later)])

    assert max(one.at for one in await _events(world, answer)) == world.clock()


async def test_a_receipt_for_what_was_tried_again_changes_nothing_of_the_contact(world: World) -> None:
    world.sms.answer_next(TemporaryFailure("busy"))
    answer, first = await _sent(world)
    world.wait(minutes=2)
    await world.deliver()

    await receive(world.gateway, SMS, [_receipt(first, Arrival.FAILED)])

    assert (await world.now(answer)).status is ContactStatus.SENT


async def test_who_reports_a_mail_as_unwanted_gets_no_more(world: World) -> None:
    answer, attempt = await _sent(world, Channel.EMAIL)

    await receive(world.gateway, MAIL, [Complaint("c-1", attempt)])

    async with world.gateway.database.read() as work:
        [entry] = await store.consents_of(work, [answer.contact.customer_id])
    assert (entry.status, entry.channel) == (ConsentStatus.WITHDRAWN, Channel.EMAIL)


async def test_a_person_may_say_otherwise_and_a_receipt_knows_better(world: World) -> None:
    world.sms.answer_next(OutcomeUnknown("cut"))
    answer, attempt = await _sent(world)
    await ending.settle(world.gateway, SERVICE, answer.contact.id, False, "nothing in the provider's list")

    await receive(world.gateway, SMS, [_receipt(attempt, Arrival.DELIVERED)])

    assert (await world.now(answer)).status is ContactStatus.DELIVERED
    assert world.clock() == NOON_IN_CHINA


async def _events(world: World, answer: Answer) -> list[Any]:
    from gateway.store import attempts  # noqa: PLC0415

    async with world.gateway.database.read() as work:
        [attempt] = await attempts.of_contact(work, answer.contact.id)
        return (await attempts.receipts(work, [attempt.id]))[attempt.id]
