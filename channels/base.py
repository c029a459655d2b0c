"""The seam between the gateway and whoever carries a message.

What may go wrong, sorted by what the sender may do next:

    ChannelFailure
     +-- TemporaryFailure    it did not leave: try again later
     +-- PermanentFailure    it did not leave and will not: give up on this channel
     +-- OutcomeUnknown      it may have left: never send it again blindly

A failure carries the provider's code and a short detail, and nothing personal: no address, no text. Adapters map
whatever their library raises to these three, and never let a library's error through, because those print addresses.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Protocol


class ChannelFailure(Exception):
    """A message could not be handed over. `code` is the provider's own, `detail` says more without naming anybody."""

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code


class TemporaryFailure(ChannelFailure):
    """It did not leave. `retry_after` is how long the provider asks us to wait, where it says so."""

    def __init__(self, detail: str, *, code: str | None = None, retry_after: timedelta | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class PermanentFailure(ChannelFailure):
    """It did not leave and will not. `bad_address`: the address itself is wrong and should not be used again."""

    def __init__(self, detail: str, *, code: str | None = None, bad_address: bool = False) -> None:
        super().__init__(detail, code=code)
        self.bad_address = bad_address


class OutcomeUnknown(ChannelFailure):
    """The line dropped or the answer cannot be read: it may or may not have left."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is handed to a provider. `reference` is the attempt's id; what is personal does not print itself."""

    reference: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    #: How long the provider may still deliver it; None: as long as it likes.
    valid_for: timedelta | None = None
    #: RFC 8058 one-click address, for e-mail.
    unsubscribe_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it. `provider_message_id` is what its receipts will call it."""

    provider_message_id: str | None = None
    provider_code: str | None = None


class Provider(Protocol):
    """Carries messages of one channel."""

    #: As it is written on the attempt: "http", "twilio", "smtp" ...
    name: str
    #: Whether handing over is itself an attempt. False for the callback queue: there, each ring is one.
    is_attempt: ClassVar[bool]

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        """Hand `message` over within `timeout`, or raise a `ChannelFailure`."""
        ...

    async def close(self) -> None:
        """Give connections back. Sending afterwards is an error."""
        ...
