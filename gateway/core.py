"""The gateway: everything that its functions need, in one value."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from channels.base import Provider
from gateway.changes import Changes
from gateway.clock import Clock
from gateway.settings import Settings
from gateway.store.database import Database
from gateway.words import Words
from policies.facts import Channel
from policies.rulebook import Rulebook

if TYPE_CHECKING:
    from gateway.batch import Batcher
    from gateway.callers import KnownCallers
    from gateway.contact import Answer
    from gateway.requests import RequestContact
    from gateway.settling import Closing


@dataclass(eq=False)
class Gateway:
    """Made by `gateway.app`; the clock, the database and the providers are real only there."""

    settings: Settings
    clock: Clock
    database: Database
    rulebooks: Mapping[str, Rulebook]
    words: Words
    providers: Mapping[Channel, Provider]
    changes: Changes = field(default_factory=Changes)
    #: Set when something may have fallen due in this process.
    due: asyncio.Event = field(default_factory=asyncio.Event)
    #: Attempts that this process is sending at this moment.
    in_flight: set[str] = field(default_factory=set)
    #: Seconds that only ever run on, for what must not jump with the clock.
    elapsed: Callable[[], float] = time.monotonic
    known_callers: "KnownCallers" = field(init=False)
    accepting: "Batcher[RequestContact, Answer]" = field(init=False)
    closing: "Batcher[Closing, None]" = field(init=False)

    def __post_init__(self) -> None:
        # The path needs the gateway, and the gateway its two batches: one of the two imports has to wait.
        from gateway import contact  # noqa: PLC0415
        from gateway.batch import Batcher  # noqa: PLC0415
        from gateway.callers import KnownCallers  # noqa: PLC0415

        self.known_callers = KnownCallers()
        self.accepting = Batcher(lambda requests: contact.accept(self, requests))
        self.closing = Batcher(lambda closings: contact.close(self, closings))
