"""What every provider promises, whatever carries its messages. Each stands opposite a real server."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import get_args

import pytest

from channels.base import ChannelFailure, Message, OutcomeUnknown, PermanentFailure, TemporaryFailure
from tests.channels.builders import AT_ONCE, SOON
from tests.channels.stages import STAGES, Ending, Stage, Tls

FAILURES: list[tuple[Ending, type[ChannelFailure]]] = [
    ("temporary", TemporaryFailure),
    ("permanent", PermanentFailure),
    ("unknown", OutcomeUnknown),
    ("silent", OutcomeUnknown),
]


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest, tls: Tls) -> AsyncIterator[Stage]:
    async with STAGES[request.param](tls) as stage:
        yield stage
        await stage.provider.close()


async def test_an_accepted_message_has_arrived_once_and_has_an_id(stage: Stage) -> None:
    accepted = await stage.provider.send(stage.message, timeout=SOON)

    assert accepted.provider_message_id
    assert stage.taken() == 1


@pytest.mark.parametrize(("ending", "failure"), FAILURES)
async def test_a_failure_says_what_may_be_done_next(
    stage: Stage, ending: Ending, failure: type[ChannelFailure]
) -> None:
    stage.next(ending)

    with pytest.raises(ChannelFailure) as raised:
        await stage.provider.send(stage.message, timeout=AT_ONCE if ending == "silent" else SOON)

    assert type(raised.value) is failure


@pytest.mark.parametrize("ending", ["temporary", "permanent"])
async def test_what_did_not_leave_has_not_arrived(stage: Stage, ending: Ending) -> None:
    stage.next(ending)

    with pytest.raises(ChannelFailure):
        await stage.provider.send(stage.message, timeout=SOON)

    assert stage.taken() == 0


async def test_what_may_have_left_is_never_sent_again_by_the_provider(stage: Stage) -> None:
    stage.next("unknown")

    with pytest.raises(OutcomeUnknown):
        await stage.provider.send(stage.message, timeout=SOON)

    assert stage.taken() == 1


@pytest.mark.parametrize("ending", get_args(Ending))
async def test_the_message_after_a_failure_gets_through(stage: Stage, ending: Ending) -> None:
    stage.next(ending)
    with pytest.raises(ChannelFailure):
        await stage.provider.send(stage.message, timeout=AT_ONCE if ending == "silent" else SOON)
    before = stage.taken()

    await stage.provider.send(replace(stage.message, reference="attempt-2"), timeout=SOON)

    assert stage.taken() == before + 1


@pytest.mark.parametrize("ending", get_args(Ending))
async def test_a_failure_names_nobody(stage: Stage, ending: Ending) -> None:
    stage.next(ending)

    with pytest.raises(ChannelFailure) as raised:
        await stage.provider.send(stage.message, timeout=AT_ONCE if ending == "silent" else SOON)

    error = raised.value
    printed = f"{error} {error!r} {error.args} {vars(error)} {''.join(traceback.format_exception(error))}"
    assert stage.message.to not in printed
    assert stage.message.text not in printed
    # A library's error behind ours prints addresses, in logs that follow the chain.
    assert error.__cause__ is None
    assert error.__context__ is None


async def test_many_at_once_arrive_once_each(stage: Stage) -> None:
    messages = [replace(stage.message, reference=f"attempt-{number}") for number in range(20)]

    accepted = await asyncio.gather(*(stage.provider.send(message, timeout=SOON) for message in messages))

    assert len({each.provider_message_id for each in accepted}) == 20
    assert stage.taken() == 20


async def test_a_cancelled_send_does_not_wedge_the_provider(stage: Stage) -> None:
    for _ in range(6):  # more than the connections it keeps
        stage.next("silent")
        sending = asyncio.create_task(stage.provider.send(stage.message, timeout=SOON))
        await asyncio.sleep(0.05)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    stage.relent()  # on a slow machine a message was called back before it had arrived

    assert await stage.provider.send(replace(stage.message, reference="attempt-2"), timeout=SOON)


async def test_sending_after_closing_is_a_bug_and_not_a_failure(stage: Stage) -> None:
    await stage.provider.close()

    with pytest.raises(RuntimeError):
        await stage.provider.send(stage.message, timeout=SOON)

    assert stage.taken() == 0


async def test_closing_twice_is_harmless(stage: Stage) -> None:
    await stage.provider.send(stage.message, timeout=SOON)

    await stage.provider.close()
    await stage.provider.close()


async def test_only_handing_over_to_the_callback_queue_is_no_attempt(stage: Stage) -> None:
    assert stage.provider.is_attempt is (stage.provider.name != "callback")


def test_a_message_does_not_print_itself() -> None:
    message = Message(
        "attempt-1",
        "+8613900000000",
        "欠款",
        "Overdue",
        "<p>Overdue</p>",
        None,
        "https://lender.example/u/1",
        "overdue_reminder/sms/zh",
        {"name": "王小姐"},
    )

    assert repr(message) == "Message(reference='attempt-1', valid_for=None, template='overdue_reminder/sms/zh')"
