from datetime import timedelta

import pytest

from channels.base import Accepted, OutcomeUnknown, PermanentFailure, TemporaryFailure
from channels.sandbox import Delay, Sandbox
from tests.channels.builders import AT_ONCE, FOREVER, SOON, a_text, failure


async def test_it_remembers_what_it_accepted() -> None:
    sandbox = Sandbox()

    await sandbox.send(a_text(), timeout=SOON)

    assert sandbox.sent == [a_text()]


async def test_answers_are_given_in_order_and_then_it_accepts_again() -> None:
    sandbox = Sandbox()
    busy, cut = TemporaryFailure("busy"), OutcomeUnknown("cut")
    sandbox.answer_next(busy, Accepted("m-1"), cut)

    assert await failure(sandbox, a_text(reference="1")) is busy
    assert await sandbox.send(a_text(reference="2"), timeout=SOON) == Accepted("m-1")
    assert await failure(sandbox, a_text(reference="3")) is cut
    assert await sandbox.send(a_text(reference="4"), timeout=SOON)


async def test_what_is_refused_is_not_among_what_was_sent_but_what_is_in_doubt_is() -> None:
    sandbox = Sandbox()
    sandbox.answer_next(TemporaryFailure("busy"), PermanentFailure("no"), OutcomeUnknown("cut"))

    for reference in ("busy", "no", "cut"):
        await failure(sandbox, a_text(reference=reference))

    assert [message.reference for message in sandbox.sent] == ["cut"]


async def test_a_delay_within_the_time_out_only_delays() -> None:
    sandbox = Sandbox()
    sandbox.answer_next(Delay(timedelta(milliseconds=1)), Delay(timedelta(milliseconds=1), then=PermanentFailure("no")))

    assert await sandbox.send(a_text(), timeout=SOON)
    assert isinstance(await failure(sandbox, a_text()), PermanentFailure)


async def test_a_delay_beyond_the_time_out_leaves_the_outcome_unknown() -> None:
    sandbox = Sandbox()
    sandbox.answer_next(Delay(FOREVER, then=PermanentFailure("never said")))

    with pytest.raises(OutcomeUnknown):
        await sandbox.send(a_text(), timeout=AT_ONCE)
