"""What an operation carries through its execution: who asks, in which language, and what was seen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from strawberry import Info as StrawberryInfo

from gateway.api.loaders import Loaders
from gateway.api.snapshot import Snapshot
from gateway.core import Gateway
from gateway.model import Caller, Role
from gateway.store.pages import NOBODY
from gateway.views import View


@dataclass(slots=True)
class Context:
    gateway: Gateway
    caller: Caller
    language: str  #: "zh" or "en"
    snapshot: Snapshot = field(init=False)
    load: Loaders = field(init=False)
    #: Personal data that this operation shows unmasked. It is on record before the answer leaves.
    views: dict[View, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.snapshot = Snapshot(self.gateway.database)
        self.load = Loaders(self.gateway, self.snapshot)

    def sees(self, customer_id: str | None) -> bool:
        """Whether the caller may see what belongs to this customer. What they may not see does not exist.

        None: what a stranger wrote is nobody's, and for staff.
        """
        return self.caller.role is not Role.CUSTOMER or (
            customer_id is not None and self.caller.customer_id == customer_id
        )

    @property
    def only(self) -> str | None:
        """The one customer whose things the caller may list; None: all."""
        if self.caller.role is not Role.CUSTOMER:
            return None
        # A CUSTOMER key without a customer would be a mistake of ours. It sees nobody.
        return self.caller.customer_id or NOBODY

    def shows(self, view: View) -> None:
        """Note that personal data goes out unmasked."""
        self.views[view] = None

    async def renew(self) -> None:
        """See what was done meanwhile: the mutations of a request follow each other."""
        await self.snapshot.close()
        self.load = Loaders(self.gateway, self.snapshot)

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[None]:
        """Around a call into the core: it reads and writes for itself, and what is loaded afterwards is fresh."""
        async with self.snapshot.set_aside():
            yield
        self.load = Loaders(self.gateway, self.snapshot)


Info = StrawberryInfo[Context, None]
