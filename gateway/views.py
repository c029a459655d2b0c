"""Who saw personal data unmasked, and why: on record before it leaves, and shown to whose it is."""

from collections.abc import Collection
from dataclasses import dataclass, field

from gateway.core import Gateway
from gateway.model import Caller
from gateway.store import views
from gateway.store.views import Seen

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class View:
    """`what` was seen ("contactPoint.address", "contact.message"), of the thing with that id, for that reason.

    Without a customer where it is what a stranger wrote.
    """

    customer_id: str | None
    what: str
    of_id: str
    reason: str | None = field(default=None, repr=False)


async def record(gateway: Gateway, caller: Caller, seen: Collection[View]) -> None:
    async with gateway.database.write() as work:
        await work.lock({view.customer_id for view in seen if view.customer_id is not None})
        if any(view.customer_id is None for view in seen):
            await work.lock_house()
        await views.add(
            work,
            [
                Seen(
                    id=work.new_id(),
                    customer_id=view.customer_id,
                    caller_id=caller.id,
                    caller=caller.name,
                    role=caller.role,
                    what=view.what,
                    of_id=view.of_id,
                    reason=view.reason,
                    at=work.now,
                )
                for view in dict.fromkeys(seen)
            ],
        )
