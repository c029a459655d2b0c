"""Telling subscribers that a contact changed. In process; what they are told is only which contact it was."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(eq=False)
class _Subscriber:
    """What one subscriber has not yet been told. A contact that changes twice meanwhile is told once."""

    customer_id: str | None
    contact_id: str | None
    pending: OrderedDict[str, None] = field(default_factory=OrderedDict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, contact_id: str, customer_id: str) -> bool:
        return self.customer_id in (None, customer_id) and self.contact_id in (None, contact_id)

    async def __aiter__(self) -> AsyncIterator[str]:
        while True:
            await self.woken.wait()
            while self.pending:
                yield self.pending.popitem(last=False)[0]
            self.woken.clear()


class Changes:
    """A subscriber that is slow holds back nobody: it is told of each contact's latest state."""

    def __init__(self) -> None:
        self._subscribers: set[_Subscriber] = set()

    def publish(self, contacts: Iterable[tuple[str, str]]) -> None:
        """`contacts`: pairs of contact id and customer id, after their change was committed."""
        if not self._subscribers:
            return
        for contact_id, customer_id in contacts:
            for subscriber in self._subscribers:
                if subscriber.wants(contact_id, customer_id):
                    subscriber.pending[contact_id] = None
                    subscriber.woken.set()

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
