"""The gateway: everything that its functions need, in one value."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from channels.base import Listener
from gateway.carriers import Carriers
from gateway.changes import Changes
from gateway.clock import Clock, VirtualClock
from gateway.settings import Settings
from gateway.store.database import Database
from gateway.words import Words
from policies.facts import Channel
from policies.hardship import Scale
from policies.plans import Offer
from policies.rulebook import Rulebook

if TYPE_CHECKING:
    from gateway.batch import Batcher
    from gateway.callers import KnownCallers, Uses
    from gateway.contact import Answer
    from gateway.events import Recorder
    from gateway.oidc import Issuer
    from gateway.outgoing import Poster
    from gateway.requests import RequestContact
    from gateway.restoring import Watermark
    from gateway.settling import Closing


@dataclass(frozen=True, slots=True)
class Ear:
    """Whose words are heard at one door: the listener's name, and the providers whose attempts it may speak of."""

    name: str
    channel: Channel
    providers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Door:
    """Where a provider tells us what became of its messages: `/webhooks/{name}`."""

    listener: Listener
    ear: Ear


@dataclass(eq=False)
class Gateway:
    """Made by `gateway.app`; the clock, the database and the providers are real only there."""

    settings: Settings
    clock: Clock
    database: Database
    rulebooks: Mapping[str, Rulebook]
    hardship: Scale
    plans: Sequence[Offer]
    words: Words
    carriers: Mapping[Channel, Carriers]
    doors: Mapping[str, Door]
    watermark: "Watermark"
    poster: "Poster"
    #: Whose tokens open the doors, beside our own keys and tokens; None: nobody's.
    issuer: "Issuer | None" = None
    changes: Changes = field(default_factory=Changes)
    #: Set when something may have fallen due in this process.
    due: asyncio.Event = field(default_factory=asyncio.Event)
    #: Attempts that this process is sending at this moment.
    in_flight: set[str] = field(default_factory=set)
    #: Seconds that only ever run on, for what must not jump with the clock.
    elapsed: Callable[[], float] = time.monotonic
    known_callers: "KnownCallers" = field(init=False)
    uses: "Uses" = field(init=False)
    recorder: "Recorder" = field(init=False)
    accepting: "Batcher[RequestContact, Answer]" = field(init=False)
    closing: "Batcher[Closing, None]" = field(init=False)

    def real_time(self) -> datetime:
        """The time that others share with us: signatures are of now, however far the sandbox's clock was moved."""
        return self.clock.real() if isinstance(self.clock, VirtualClock) else self.clock()

    def __post_init__(self) -> None:
        # The path needs the gateway, and the gateway its two batches: one of the two imports has to wait.
        from gateway import contact  # noqa: PLC0415
        from gateway.batch import Batcher  # noqa: PLC0415
        from gateway.callers import KnownCallers, Uses  # noqa: PLC0415
        from gateway.events import Recorder  # noqa: PLC0415

        self.known_callers = KnownCallers()
        self.uses = Uses(self.database)
        self.recorder = self.database.recorder = Recorder(self.elapsed)
        self.accepting = Batcher(lambda requests: contact.accept(self, requests))
        self.closing = Batcher(lambda closings: contact.close(self, closings))
