"""Telling subscribers that a contact changed; what they are told is only which contact it was.

To other processes it is told by `gateway/announcing.py`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MOST_PENDING = 100_000
"""Contacts that one subscriber has not yet been told of."""


class TooSlow(Exception):
    """A subscriber that is told less quickly than things change, for so long that we no longer remember for it."""


@dataclass(eq=False)
class _Subscriber:
    """What one subscriber has not yet been told. A contact that changes twice meanwhile is told once."""

    customer_id: str | None
    contact_id: str | None
    pending: OrderedDict[str, None] = field(default_factory=OrderedDict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    is_lost: bool = False

    def wants(self, contact_id: str, customer_id: str) -> bool:
        return self.customer_id in (None, customer_id) and self.contact_id in (None, contact_id)

    def tell(self, contact_id: str) -> None:
        if len(self.pending) >= MOST_PENDING:
            self.is_lost = True
            self.pending.clear()
        if not self.is_lost:
            self.pending[contact_id] = None
        self.woken.set()

    async def __aiter__(self) -> AsyncIterator[str]:
        while True:
            await self.woken.wait()
            if self.is_lost:
                raise TooSlow
            while self.pending:
                yield self.pending.popitem(last=False)[0]
            if not self.is_lost:
                self.woken.clear()


class Changes:
    """A subscriber that is slow holds back nobody: it is told of each contact's latest state."""

    def __init__(self) -> None:
        self._subscribers: set[_Subscriber] = set()
        #: Tells the other processes, where there may be any.
        self.elsewhere: Callable[[Iterable[tuple[str, str]]], None] | None = None

    def publish(self, contacts: Iterable[tuple[str, str]]) -> None:
        """`contacts`: pairs of contact id and customer id, after their change was committed."""
        if self.elsewhere is not None:
            contacts = list(contacts)
            self.elsewhere(contacts)
        self.publish_here(contacts)

    def publish_here(self, contacts: Iterable[tuple[str, str]]) -> None:
        """Only to the subscribers of this process."""
        if not self._subscribers:
            return
        for contact_id, customer_id in contacts:
            for subscriber in self._subscribers:
                if subscriber.wants(contact_id, customer_id):
                    subscriber.tell(contact_id)

    @asynccontextmanager
    async def subscribe(
        self, customer_id: str | None = None, contact_id: str | None = None
    ) -> AsyncIterator[AsyncIterator[str]]:
        subscriber = _Subscriber(customer_id, contact_id)
        self._subscribers.add(subscriber)
        try:
            yield aiter(subscriber)
        finally:
            self._subscribers.discard(subscriber)
