"""Several providers of one channel: who takes over, what waits, and at what pace they are asked."""

from datetime import timedelta
from pathlib import Path

import pytest

from channels.base import OutcomeUnknown, TemporaryFailure
from channels.sandbox import Sandbox
from gateway import contact
from gateway.delivering import OUTAGE
from gateway.model import AttemptOutcome, ContactStatus
from policies.facts import Channel
from tests.world import World, open_world

DOWN = TemporaryFailure("cannot be reached")


async def _outcomes(world: World, answer: contact.Answer) -> list[tuple[str, AttemptOutcome]]:
    return [(one.provider, one.outcome) for one in await world.attempts(answer)]


async def test_what_one_provider_could_not_take_goes_to_the_other_at_once(tmp_path: Path) -> None:
    first, second = Sandbox(name="first"), Sandbox(name="second")
    async with open_world(tmp_path, sms=[first, second]) as world:
        first.answer_next(DOWN)
        answer = await world.request(await world.customer("CN"), Channel.SMS)

        await world.deliver()
        await world.deliver()

        assert (await world.now(answer)).status is ContactStatus.SENT
        assert await _outcomes(world, answer) == [
            ("first", AttemptOutcome.TEMPORARY_FAILURE),
            ("second", AttemptOutcome.ACCEPTED),
        ]


async def test_where_both_fail_the_contact_waits_and_does_not_go_back_and_forth(tmp_path: Path) -> None:
    first, second = Sandbox(name="first"), Sandbox(name="second")
    async with open_world(tmp_path, sms=[first, second]) as world:
        first.answer_next(DOWN)
        second.answer_next(DOWN)
        answer = await world.request(await world.customer("CN"), Channel.SMS)

        for _ in range(5):
            await world.deliver()

        assert len(await world.attempts(answer)) == 2
        due_at = (await world.now(answer)).due_at
        assert due_at is not None
        assert due_at > world.clock()


async def test_an_unclear_text_goes_to_no_other_provider(tmp_path: Path) -> None:
    first, second = Sandbox(name="first"), Sandbox(name="second")
    async with open_world(tmp_path, sms=[first, second]) as world:
        first.answer_next(OutcomeUnknown("cut"))
        answer = await world.request(await world.customer("CN"), Channel.SMS)

        for _ in range(3):
            await world.deliver()

        assert (await world.now(answer)).status is ContactStatus.UNCLEAR
        assert second.sent == []


async def test_while_the_only_provider_is_down_contacts_wait_without_using_up_their_attempts(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        world.sms.answer_next(*[DOWN] * 5)
        answers = [await world.request(await world.customer("TEST"), Channel.SMS) for _ in range(30)]
        for _ in range(10):
            await contact.deliver(world.gateway, 1)

        world.wait(seconds=60)
        for _ in range(10):
            await world.deliver()

        tries = [len(await world.attempts(one)) for one in answers]
        assert sum(tries) <= len(answers) + 6
        world.wait(minutes=5)
        await world.deliver()
        assert {(await world.now(one)).status for one in answers} == {ContactStatus.SENT}


async def test_after_a_quarter_of_an_hour_of_silence_the_next_channel_is_taken(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        world.sms.answer_next(*[DOWN] * 100)
        customers = [await world.customer("TEST") for _ in range(8)]
        answers = [await world.request(one, Channel.SMS, Channel.EMAIL) for one in customers]
        only_texts = await world.request(await world.customer("TEST"), Channel.SMS)
        for _ in range(int(OUTAGE / timedelta(minutes=1)) + 60):
            await contact.deliver(world.gateway, 20)
            await contact.deliver(world.gateway, 20)
            world.wait(minutes=1)

        assert {(await world.now(one)).status for one in answers} == {ContactStatus.SENT}
        assert len(world.email.sent) == len(answers)
        # It has no other way, and waits for this one.
        assert (await world.now(only_texts)).status in (ContactStatus.SCHEDULED, ContactStatus.FAILED)


async def test_a_provider_is_handed_no_more_than_its_pace_whatever_waits(tmp_path: Path) -> None:
    async with open_world(tmp_path, pace={"sms": 5.0}) as world:
        for _ in range(12):
            await world.request(await world.customer("TEST"), Channel.SMS)

        taken = []
        for _ in range(4):
            dispatches = await contact.open_due(world.gateway, 64)
            taken.append([one.delay for one in dispatches])
            world.wait(seconds=1)

        fifth = timedelta(seconds=0.2)
        assert taken == [[number * fifth for number in range(5)]] * 2 + [[0 * fifth, fifth], []]


async def test_two_workers_share_one_pace(tmp_path: Path) -> None:
    async with open_world(tmp_path, pace={"sms": 5.0}) as one, open_world(tmp_path, pace={"sms": 5.0}) as other:
        for _ in range(12):
            await one.request(await one.customer("TEST"), Channel.SMS)

        taken = [await contact.open_due(world.gateway, 3) for world in (one, other, one, other)]

        assert [len(dispatches) for dispatches in taken] == [3, 2, 0, 0]


async def test_a_channel_without_room_holds_up_no_other(tmp_path: Path) -> None:
    async with open_world(tmp_path, pace={"sms": 1.0}) as world:
        for _ in range(5):
            await world.request(await world.customer("TEST"), Channel.SMS)
        mail = await world.request(await world.customer("TEST"), Channel.EMAIL)

        for _ in range(2):
            await world.deliver()

        assert (await world.now(mail)).status is ContactStatus.SENT


@pytest.mark.parametrize("given", ["sms=0", "sms=-1", "sms=fast", "=5"])
async def test_a_pace_that_is_none_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.settings import Settings  # noqa: PLC0415

    monkeypatch.setenv("GATEWAY_PACE", given)

    with pytest.raises(ValueError, match="pace"):
        Settings()
