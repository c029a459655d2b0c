"""A provider that sends nothing and remembers everything: for the sandbox, and for tests of those who use us.

sandbox.answer_next(TemporaryFailure("busy"), Accepted("m-1"), Delay(timedelta(seconds=2)))
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from channels.base import Accepted, ChannelFailure, Message, OutcomeUnknown


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
