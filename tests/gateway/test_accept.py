"""Acceptance: what a caller is told, and what is then on record."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway import contact
from gateway.model import ContactStatus, Unacceptable, UserErrorCode
from policies.decision import Outcome
from policies.facts import Channel, Purpose
from tests.world import World


async def test_a_contact_that_is_allowed_now_is_due_now(world: World) -> None:
    customer = await world.customer("CN")

    answer = await world.request(customer, Channel.SMS)

    assert answer.contact.status is ContactStatus.SCHEDULED
    assert answer.contact.due_at == world.clock()
    assert [decision.outcome for decision in answer.decisions] == [Outcome.ALLOW]


async def test_at_night_a_contact_waits_for_the_morning_of_the_customers_clock(world: World) -> None:
    customer = await world.customer("US")

    answer = await world.request(customer, Channel.SMS)

    assert answer.contact.status is ContactStatus.SCHEDULED
    assert answer.contact.due_at == datetime(2026, 11, 24, 13, tzinfo=UTC)  # 08:00 in New York
    assert answer.decisions[-1].outcome is Outcome.DEFER


async def test_a_withdrawal_refuses_and_names_its_rule(world: World) -> None:
    customer = await world.customer("US")
    await world.withdraw(customer)

    answer = await world.request(customer, Channel.SMS)

    assert answer.contact.status is ContactStatus.REFUSED
    assert answer.contact.due_at is None
    finding = answer.decisions[-1].findings[0]
    assert finding["outcome"] == "REFUSE"
    assert "consent" in str(finding["rule"])
    assert await world.slots() == []


async def test_above_the_cap_a_contact_waits_for_the_instant_the_cap_frees(world: World) -> None:
    customer = await world.customer("TEST")
    for _ in range(3):
        await world.request(customer, Channel.SMS)
        world.wait(hours=1)

    answer = await world.request(customer, Channel.SMS)

    assert answer.contact.due_at == world.clock() - timedelta(hours=3) + timedelta(hours=168)


async def test_two_requests_in_one_batch_see_each_other(world: World) -> None:
    customer = await world.customer("TEST")

    answers = await contact.accept(world.gateway, [world.wanted(customer, Channel.SMS) for _ in range(5)])

    due_now = [one for one in answers if isinstance(one, contact.Answer) and one.contact.due_at == world.clock()]
    assert len(due_now) == 3


async def test_the_first_channel_that_is_allowed_now_is_taken(world: World) -> None:
    customer = await world.customer("CN")
    await world.withdraw(customer, channel=Channel.SMS)

    answer = await world.request(customer, Channel.SMS, Channel.EMAIL)

    assert [decision.channel for decision in answer.decisions] == [Channel.SMS, Channel.EMAIL]
    assert answer.decisions[-1].outcome is Outcome.ALLOW
    assert (await world.held(answer.contact.id)).channel is Channel.EMAIL


async def test_one_key_makes_one_contact_however_often_and_however_concurrently_it_comes(world: World) -> None:
    customer = await world.customer("CN")

    answers = await asyncio.gather(*(world.request(customer, Channel.SMS, key="once") for _ in range(50)))

    assert len({answer.contact.id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 49


async def test_the_same_key_with_another_body_is_a_conflict(world: World) -> None:
    customer = await world.customer("CN")
    await world.request(customer, Channel.SMS, key="once")

    with pytest.raises(Unacceptable) as caught:
        await world.request(customer, Channel.SMS, key="once", fingerprint="another body")

    assert [error.code for error in caught.value.errors] == [UserErrorCode.CONFLICT]
    assert caught.value.errors[0].field == ("idempotencyKey",)


async def test_one_bad_request_fails_alone_and_not_its_batch(world: World) -> None:
    customer = await world.customer("CN")
    good = world.wanted(customer, Channel.SMS)
    bad = world.wanted(customer, Channel.SMS, bill_id="no such bill")

    answers = await contact.accept(world.gateway, [bad, good])

    assert isinstance(answers[0], Unacceptable)
    assert isinstance(answers[1], contact.Answer)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"bill_id": "f" * 32}, ("billId",)),
        ({"template": "no_such_template"}, ("template",)),
        ({"purpose": Purpose.SECURITY_CODE}, ("variables", "code")),
        ({"in_reply_to": "f" * 32}, ("inReplyTo",)),
        ({"expires_at": datetime(2026, 11, 24, 3, 59, tzinfo=UTC)}, ("expiresAt",)),
        ({"variables": {"list": [1]}}, ("variables", "list")),
    ],
)
async def test_bad_input_names_its_field_and_leaves_nothing_behind(
    world: World, more: dict[str, object], field: tuple[str, ...]
) -> None:
    customer = await world.customer("CN")

    with pytest.raises(Unacceptable) as caught:
        await world.request(customer, Channel.SMS, **more)

    assert [error.field for error in caught.value.errors] == [field]
    assert await world.slots() == []


async def test_a_contact_with_nowhere_to_go_is_refused(world: World) -> None:
    customer = await world.customer("CN")
    [sms, _] = await world.points(customer)
    await world.withdraw(customer, contact_point_id=sms.id)

    answer = await world.request(customer, Channel.SMS)

    assert answer.contact.status is ContactStatus.REFUSED


async def test_a_wished_time_is_kept_and_said(world: World) -> None:
    customer = await world.customer("CN")
    wished = world.clock() + timedelta(hours=2)

    answer = await world.request(customer, Channel.SMS, not_before=wished)

    assert answer.contact.due_at == wished
    assert answer.decisions[-1].outcome is Outcome.DEFER


async def test_a_wished_time_that_is_long_past_is_met(world: World) -> None:
    customer = await world.customer("CN")

    answer = await world.request(customer, Channel.SMS, not_before=world.clock() - timedelta(days=90))

    assert answer.contact.status is ContactStatus.SCHEDULED


async def test_what_could_only_leave_after_its_expiry_is_refused_at_once(world: World) -> None:
    customer = await world.customer("US")

    answer = await world.request(customer, Channel.SMS, expires_at=world.clock() + timedelta(hours=1))

    assert answer.contact.status is ContactStatus.REFUSED
    assert await world.slots() == []


async def test_what_is_accepted_survives_the_process(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS)

    held = await world.held(answer.contact.id)

    assert held.contact == answer.contact
