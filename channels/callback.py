"""The callback queue as a channel: handing over puts a call in the queue; each ring by an agent is an attempt."""

import asyncio
from datetime import timedelta
from typing import ClassVar, Protocol

from channels.base import Accepted, Message, OutcomeUnknown


class Queue(Protocol):
    """Where agents find their calls."""

    async def put(self, reference: str, to: str) -> str:
        """Queue a call and give its id. The same reference twice is the same call."""
        ...


class CallbackQueue:
    """Puts calls in `queue`. What the queue raises passes through: it is ours, and knows `ChannelFailure`."""

    is_attempt: ClassVar[bool] = False

    def __init__(self, queue: Queue, *, name: str = "callback") -> None:
        self.name = name
        self._queue = queue
        self._closed = False

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        """Queue the call within `timeout`, or raise a `ChannelFailure`."""
        if self._closed:
            raise RuntimeError("this provider is closed")
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                return Accepted(provider_message_id=await self._queue.put(message.reference, message.to))
        except TimeoutError:
            failure = OutcomeUnknown("the queue gave no answer")
        raise failure

    async def close(self) -> None:
        """Sending afterwards is an error."""
        self._closed = True
