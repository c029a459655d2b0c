"""The queue of calls, from a wished time to an agent's word."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway import callbacks
from gateway.contact import Answer
from gateway.model import AttemptOutcome, CallbackStatus, CallResult, ContactStatus, Unacceptable, UserErrorCode
from gateway.requests import NewPoint, RecordCall
from gateway.store import callbacks as store
from gateway.store import customers
from policies.facts import Channel, HoldKind, Purpose
from tests.world import AGENT, OTHER_AGENT, World

MORNING = datetime(2026, 11, 25, 1, tzinfo=UTC)
"""09:00 in Shanghai, the next day."""


async def _scheduled(world: World, at: datetime | None = None, until: datetime | None = None) -> Answer:
    customer = await world.customer("CN")
    at = at or world.clock()
    return await world.request(
        customer, Channel.CALLBACK, not_before=at, expires_at=until or at + timedelta(hours=4), is_callback=True
    )


def _call(callback_id: str, result: CallResult, key: str = "call-1", **more: object) -> RecordCall:
    return RecordCall(callback_id, key, str(result), result, **more)  # type: ignore[arg-type]


async def test_words_of_despair_in_an_agents_note_are_held_for_a_person(world: World) -> None:
    scheduled = await _scheduled(world, MORNING)
    world.clock.advance(MORNING)
    callback, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert callback is not None

    await callbacks.record(world.gateway, AGENT, _call(callback.id, CallResult.CONVERSATION, note="客户说不想活了"))

    async with world.gateway.database.read() as work:
        kinds = {one.kind for one in await customers.holds_of(work, [scheduled.contact.customer_id])}
    assert kinds == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}


async def test_a_call_is_offered_from_its_wished_time_on(world: World) -> None:
    await _scheduled(world, MORNING)

    assert await callbacks.claim(world.gateway, AGENT, "k1") == (None, None)
    world.clock.advance(MORNING)
    callback, decision = await callbacks.claim(world.gateway, AGENT, "k1")

    assert callback is not None
    assert callback.status is CallbackStatus.CLAIMED
    assert callback.agent == "Li"
    assert decision is not None


async def test_a_call_booked_without_variables_has_a_script_of_its_own(world: World) -> None:
    customer = await world.customer("CN")
    booked = {"not_before": MORNING, "expires_at": MORNING + timedelta(hours=4), "is_callback": True}

    answer = await world.request(customer, Channel.CALLBACK, purpose=Purpose.CUSTOMER_REPLY, **booked)

    assert answer.contact.template == "callback"


async def test_a_claim_opens_the_attempt_and_the_same_key_gives_the_same_claim(world: World) -> None:
    answer = await _scheduled(world)

    first, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    again, _ = await callbacks.claim(world.gateway, AGENT, "k1")

    assert first is not None
    assert again is not None
    assert first.id == again.id
    [attempt] = await world.attempts(answer)
    assert attempt.outcome is AttemptOutcome.OPEN
    assert attempt.provider == "agent"


async def test_one_call_is_held_by_one_agent(world: World) -> None:
    await _scheduled(world)

    mine, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    theirs, _ = await callbacks.claim(world.gateway, OTHER_AGENT, "k1")

    assert mine is not None
    assert theirs is None
    with pytest.raises(Unacceptable) as caught:
        await callbacks.record(world.gateway, OTHER_AGENT, _call(mine.id, CallResult.CONVERSATION))
    assert caught.value.errors[0].code is UserErrorCode.CONFLICT


@pytest.mark.parametrize("result", [CallResult.CONVERSATION, CallResult.REFUSED])
async def test_who_was_reached_is_not_called_again(world: World, result: CallResult) -> None:
    answer = await _scheduled(world)
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert claimed is not None

    callback, contact = await callbacks.record(world.gateway, AGENT, _call(claimed.id, result))

    assert callback.status is CallbackStatus.REACHED
    assert contact.status is ContactStatus.DELIVERED
    assert [one.outcome for one in await world.attempts(answer)] == [AttemptOutcome.DELIVERED]
    assert [reach for reach, _ in await world.slots()] == ["CONVERSATION"]


async def test_the_same_word_twice_is_one_word(world: World) -> None:
    answer = await _scheduled(world)
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert claimed is not None

    await callbacks.record(world.gateway, AGENT, _call(claimed.id, CallResult.NO_ANSWER))
    callback, _ = await callbacks.record(world.gateway, AGENT, _call(claimed.id, CallResult.NO_ANSWER))

    assert callback.status is CallbackStatus.WAITING
    assert len(await world.attempts(answer)) == 1


async def test_no_answer_is_rung_again_later_and_at_last_given_up(world: World) -> None:
    until = world.clock() + timedelta(hours=9)
    answer = await _scheduled(world, until=until)

    for ring in range(3):
        claimed, _ = await callbacks.claim(world.gateway, AGENT, f"k{ring}")
        assert claimed is not None
        await callbacks.record(world.gateway, AGENT, _call(claimed.id, CallResult.NO_ANSWER, key=f"c{ring}"))
        assert await callbacks.claim(world.gateway, AGENT, f"early{ring}") == (None, None)
        world.wait(hours=2)

    assert (await world.now(answer)).status is ContactStatus.FAILED
    assert [one.number for one in await world.attempts(answer)] == [1, 2, 3]


async def test_the_customer_may_name_another_time(world: World) -> None:
    await _scheduled(world)
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert claimed is not None

    call = _call(claimed.id, CallResult.BUSY, call_again_at=MORNING)
    callback, _ = await callbacks.record(world.gateway, AGENT, call)

    assert callback.status is CallbackStatus.WAITING
    assert callback.starts == MORNING
    assert callback.ends > MORNING


LATE = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)
"""22:30 in Shanghai, the next day."""


async def test_a_call_rings_late_only_at_the_very_time_for_which_the_customer_asked(world: World) -> None:
    customer = await world.customer("CN")
    hour = timedelta(hours=1)
    wish: dict[str, Any] = {"purpose": Purpose.CUSTOMER_REPLY, "variables": {"answer": "我们会给您回电。"}}
    wish |= {"caller": world.trusted(Purpose.CUSTOMER_REPLY), "is_callback": True}
    await world.request(customer, Channel.CALLBACK, not_before=LATE, expires_at=LATE + timedelta(days=2), **wish)
    world.clock.advance(LATE)
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert claimed is not None
    await callbacks.record(world.gateway, AGENT, _call(claimed.id, CallResult.BUSY, call_again_at=LATE + hour))
    world.clock.advance(LATE + hour)
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k2")
    assert claimed is not None

    await callbacks.record(world.gateway, AGENT, _call(claimed.id, CallResult.NO_ANSWER, key="call-2"))
    world.wait(hours=2)

    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k3")
    assert claimed is None


async def test_a_wrong_number_is_not_rung_again(world: World) -> None:
    answer = await _scheduled(world)
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert claimed is not None

    await callbacks.record(world.gateway, AGENT, _call(claimed.id, CallResult.WRONG_NUMBER))

    customer_id = (await world.now(answer)).customer_id
    async with world.gateway.database.read() as work:
        from gateway.store import customers  # noqa: PLC0415

        points = await customers.points_of(work, [customer_id])
    assert [point.usable for point in points if point.channel is Channel.SMS] == [False]
    assert (await world.now(answer)).status is ContactStatus.FAILED


async def test_a_call_given_back_is_offered_to_the_next_agent(world: World) -> None:
    await _scheduled(world)
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert claimed is not None

    released, _ = await callbacks.release(world.gateway, AGENT, claimed.id, "my shift ends")
    theirs, _ = await callbacks.claim(world.gateway, OTHER_AGENT, "k1")

    assert released.status is CallbackStatus.WAITING
    assert theirs is not None
    assert theirs.attempts == 2


async def test_a_lease_that_runs_out_offers_the_call_again_and_the_ring_stays_unknown(world: World) -> None:
    answer = await _scheduled(world)
    await callbacks.claim(world.gateway, AGENT, "k1")
    world.wait(minutes=15)

    assert await callbacks.lapse(world.gateway) == 1
    theirs, _ = await callbacks.claim(world.gateway, OTHER_AGENT, "k1")

    assert theirs is not None
    assert [one.outcome for one in await world.attempts(answer)] == [AttemptOutcome.UNKNOWN, AttemptOutcome.OPEN]


async def test_a_promise_nobody_kept_ends_and_says_so(world: World) -> None:
    answer = await _scheduled(world)
    world.wait(hours=4)

    await callbacks.lapse(world.gateway)

    assert (await world.now(answer)).status is ContactStatus.EXPIRED
    async with world.gateway.database.read() as work:
        queued = await store.of_contact(work, answer.contact.id)
    assert queued is not None
    assert queued.callback.status is CallbackStatus.EXPIRED  # not NOT_REACHED: nobody rang
    assert await world.slots() == []


async def test_the_rules_are_asked_again_when_the_call_is_claimed(world: World) -> None:
    answer = await _scheduled(world)
    customer_id = answer.contact.customer_id
    async with world.gateway.database.read() as work:
        from gateway.store import customers  # noqa: PLC0415

        customer = (await customers.by_id(work, [customer_id]))[customer_id]
    await world.withdraw(customer)

    assert await callbacks.claim(world.gateway, AGENT, "k1") == (None, None)

    assert (await world.now(answer)).status is ContactStatus.REFUSED


async def test_a_requested_contact_by_callback_stands_in_the_queue_once_it_is_due(world: World) -> None:
    customer = await world.customer("CN", NewPoint(Channel.CALLBACK, "+861065529988"))
    answer = await world.request(customer, Channel.CALLBACK)

    await world.deliver()

    assert (await world.now(answer)).status is ContactStatus.SENT
    assert await world.attempts(answer) == []
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert claimed is not None
    assert claimed.contact_id == answer.contact.id


async def test_each_ring_counts_in_the_caps(world: World) -> None:
    customer = await world.customer("TEST")
    until = world.clock() + timedelta(days=5)
    for _ in range(3):
        await world.request(customer, Channel.SMS)
    await world.deliver()
    answer = await world.request(
        customer, Channel.CALLBACK, not_before=world.clock(), expires_at=until, is_callback=True
    )

    assert answer.contact.status is ContactStatus.REFUSED  # the cap frees only after the promise has passed


async def test_what_was_said_when_booking_and_what_the_agent_noted_are_kept(world: World) -> None:
    customer = await world.customer("CN")
    until = world.clock() + timedelta(hours=4)
    booked = {"not_before": world.clock(), "expires_at": until, "is_callback": True, "note": "hard of hearing"}
    answer = await world.request(customer, Channel.CALLBACK, purpose=Purpose.CUSTOMER_REPLY, **booked)

    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert claimed is not None
    await callbacks.record(world.gateway, AGENT, _call(claimed.id, CallResult.CONVERSATION, note="will pay on Friday"))

    assert claimed.note == "hard of hearing"
    assert [attempt.note for attempt in await world.attempts(answer)] == ["will pay on Friday"]


async def test_a_call_that_is_given_up_gives_way_to_the_next_channel(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.CALLBACK, Channel.EMAIL)
    await world.deliver()
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert claimed is not None

    callback, contact = await callbacks.record(world.gateway, AGENT, _call(claimed.id, CallResult.WRONG_NUMBER))
    await world.deliver()

    assert (callback.status, contact.status) == (CallbackStatus.NOT_REACHED, ContactStatus.SCHEDULED)
    assert len(world.email.sent) == 1
    assert [one.channel for one in await world.attempts(answer)] == [Channel.CALLBACK, Channel.EMAIL]


async def test_what_is_due_first_is_rung_first_and_a_wished_time_goes_before_the_backlog(world: World) -> None:
    start, hour = world.clock(), timedelta(hours=1)
    customer = await world.customer("CN")
    await world.request(customer, Channel.CALLBACK, expires_at=start + timedelta(days=1))
    await world.deliver()
    second = await _scheduled(world, start + 2 * hour)
    first = await _scheduled(world, start + hour)
    world.clock.advance(start + 2 * hour)

    claims = [(await callbacks.claim(world.gateway, AGENT, f"k{number}"))[0] for number in range(3)]

    assert [one.contact_id for one in claims if one][:2] == [first.contact.id, second.contact.id]
    assert [one.wished for one in claims if one] == [True, True, False]


async def test_a_call_back_at_a_time_that_the_customer_named_is_a_wished_one(world: World) -> None:
    customer = await world.customer("CN")
    await world.request(customer, Channel.CALLBACK)
    await world.deliver()
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k1")
    assert claimed is not None

    call = _call(claimed.id, CallResult.BUSY, call_again_at=MORNING)
    callback, _ = await callbacks.record(world.gateway, AGENT, call)

    assert (claimed.wished, callback.wished) == (False, True)
