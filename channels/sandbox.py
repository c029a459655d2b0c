"""Providers that send nothing: for tests of those who use us, and for the sandbox.

`Sandbox` remembers, and answers as it is told:

    sandbox.answer_next(TemporaryFailure("busy"), Accepted("m-1"), Delay(timedelta(seconds=2)))

`SandboxByAddress` puts what it is handed into an inbox, and the address says how it behaves:

    number ends in   mail has    behaviour
    0001             +slow       takes it, and answers after five seconds
    0002             +temporary  is busy: it did not leave
    0003             +permanent  does not know the address
    0004             +cut        takes it, and the line is cut before the answer
    0005             +late       takes it, and says an hour later that it arrived
    0006             +failed     takes it, and says a minute later that it did not arrive
    0007             +silent     takes it, and never says what became of it
    anything else                takes it, and says at once that it arrived
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Protocol

from channels.base import (
    Accepted,
    ChannelFailure,
    Message,
    OutcomeUnknown,
    PermanentFailure,
    TemporaryFailure,
)


@dataclass(frozen=True, slots=True)
class Delay:
    """Answer after `by`; past the time-out, the outcome is unknown."""

    by: timedelta
    then: Accepted | ChannelFailure | None = None


Answer = Accepted | ChannelFailure | Delay


class Sandbox:
    """Accepts every message, unless told otherwise with `answer_next`."""

    is_attempt: ClassVar[bool] = True

    def __init__(self, *, name: str = "sandbox") -> None:
        self.name = name
        #: What left: accepted, or of unknown outcome. A refused message did not leave.
        self.sent: list[Message] = []
        self._answers: deque[Answer] = deque()
        self._closed = False

    def answer_next(self, *answers: Answer) -> None:
        """Give these answers to the next messages, one each; then accept again."""
        self._answers.extend(answers)

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        """Remember `message`, or raise what was handed in."""
        if self._closed:
            raise RuntimeError("this provider is closed")
        answer = self._answers.popleft() if self._answers else None
        if isinstance(answer, Delay):
            await asyncio.sleep(min(answer.by, timeout).total_seconds())
            in_time = answer.by <= timeout
            answer = answer.then if in_time else OutcomeUnknown("the sandbox gave no answer in time")
        if not isinstance(answer, ChannelFailure) or isinstance(answer, OutcomeUnknown):
            self.sent.append(message)
        if isinstance(answer, ChannelFailure):
            raise answer
        return answer or Accepted(provider_message_id=f"sandbox-{len(self.sent)}", provider_code="sandbox")

    async def close(self) -> None:
        """Sending afterwards is an error."""
        self._closed = True


class Behaviour(StrEnum):
    """How the sandbox treats a message."""

    DELIVERED = "DELIVERED"
    SLOW = "SLOW"
    TEMPORARY = "TEMPORARY"
    PERMANENT = "PERMANENT"
    CUT = "CUT"
    LATE = "LATE"
    FAILED = "FAILED"
    SILENT = "SILENT"

    @property
    def receipt_after(self) -> timedelta | None:
        """How long after it was taken its receipt comes; None: none comes."""
        return _RECEIPT_AFTER.get(self)


_RECEIPT_AFTER = {
    Behaviour.DELIVERED: timedelta(0),
    Behaviour.SLOW: timedelta(0),
    Behaviour.LATE: timedelta(hours=1),
    Behaviour.FAILED: timedelta(minutes=1),
}

_BY_ENDING = {f"{number:04}": behaviour for number, behaviour in enumerate(Behaviour) if number}

SLOW = timedelta(seconds=5)


def behaviour_of(address: str) -> Behaviour:
    """As the address says it."""
    local, at, _ = address.rpartition("@")
    if at:
        word = local.rpartition("+")[2].upper()
        return Behaviour[word] if word in Behaviour.__members__ else Behaviour.DELIVERED
    return _BY_ENDING.get(address[-4:], Behaviour.DELIVERED)


class Inbox(Protocol):
    """Where the sandbox's messages can be looked at."""

    async def put(self, provider: str, message: Message, behaviour: Behaviour) -> str:
        """Keep it, and give its id."""
        ...


class SandboxByAddress:
    """A provider whose behaviour is chosen by the address. Nothing leaves the machine."""

    is_attempt: ClassVar[bool] = True

    def __init__(self, inbox: Inbox, *, name: str) -> None:
        self.name = name
        self._inbox = inbox

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        """Treat `message` as its address says."""
        behaviour = behaviour_of(message.to)
        match behaviour:
            case Behaviour.TEMPORARY:
                raise TemporaryFailure("the sandbox is busy", code="busy")
            case Behaviour.PERMANENT:
                raise PermanentFailure("the sandbox does not know this address", code="unknown", bad_address=True)
        id_ = await self._inbox.put(self.name, message, behaviour)
        if behaviour is Behaviour.SLOW:
            await asyncio.sleep(min(SLOW, timeout).total_seconds())
            if timeout < SLOW:
                raise OutcomeUnknown("the sandbox gave no answer in time")
        if behaviour is Behaviour.CUT:
            raise OutcomeUnknown("the sandbox cut the line")
        return Accepted(provider_message_id=id_, provider_code="sandbox")

    async def close(self) -> None:
        """Nothing is held."""
