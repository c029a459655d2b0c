"""The seam between the gateway and whoever carries a message.

What may go wrong, sorted by what the sender may do next:

    ChannelFailure
     +-- TemporaryFailure    it did not leave: try again later
     +-- PermanentFailure    it did not leave and will not: give up on this channel
     +-- OutcomeUnknown      it may have left: never send it again blindly

A failure carries the provider's code and a short detail, and nothing personal: no address, no text. Adapters map
whatever their library raises to these three, and never let a library's error through, because those print addresses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
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
    #: The words by name and the values in them, as they are printed: for vendors that send only registered templates.
    template: str | None = None
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


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


# --- what providers say later -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request of a provider's to us, as it arrived. `url` is the whole address that the provider called."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)  #: by lower-case names
    body: bytes = field(repr=False)
    received_at: datetime


class WebhookRefused(Exception):
    """It is not the provider's, or is too old to be believed. Its text names nobody."""


class WebhookUnreadable(Exception):
    """It is the provider's, and we cannot read it. Its text names nobody. `heard` is what could be read beside it."""

    def __init__(self, message: str, heard: "Sequence[Heard]" = ()) -> None:
        super().__init__(message)
        self.heard = heard


class Arrival(StrEnum):
    """How far a message got, as a provider says it."""

    ACCEPTED = "ACCEPTED"  #: under way: the provider or the network took it
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"  #: it did not arrive, and will not


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider says later about an attempt. `id` is the same when the same is said twice."""

    id: str
    reference: str  #: the attempt's id, which went with the message
    arrival: Arrival
    code: str | None = None
    at: datetime | None = None  #: by the provider's clock
    provider_message_id: str | None = None
    bad_address: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A message from somebody to us. `id` is the same when it comes twice."""

    id: str
    sender: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """Who got a message told their mail provider that it was unwanted (RFC 5965). `reference` is the attempt's id."""

    id: str
    reference: str
    at: datetime | None = None


Heard = Receipt | Reply | Complaint


@dataclass(frozen=True, slots=True)
class Thanks:
    """What a provider wants to hear when we have what it told us."""

    status: int = 204
    body: bytes = b""
    content_type: str = "text/plain"


class Listener(Protocol):
    """The other half of a provider: reads what it says by webhook. Knows no clock, keeps nothing."""

    name: str

    def hear(self, webhook: Webhook) -> Sequence[Heard]:
        """What it says, or `WebhookRefused`, or `WebhookUnreadable`."""
        ...

    thanks: Thanks
