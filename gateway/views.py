"""Who saw personal data unmasked: on record before it leaves."""

from collections.abc import Collection
from dataclasses import dataclass

from gateway.core import Gateway
from gateway.model import Caller


@dataclass(frozen=True, slots=True)
class View:
    """`what` was seen ("contactPoint.address", "contact.message"), of the thing with that id."""

    customer_id: str
    what: str
    of_id: str


async def record(gateway: Gateway, caller: Caller, views: Collection[View]) -> None:
    async with gateway.database.write() as work:
        await work.lock({view.customer_id for view in views})
        await work.insert(
            "view",
            [
                {
                    "id": work.new_id(),
                    "customer_id": view.customer_id,
                    "seq": work.next_seq(view.customer_id),
                    "caller_id": caller.id,
                    "caller": caller.name,
                    "what": view.what,
                    "of_id": view.of_id,
                    "at": work.now,
                }
                for view in dict.fromkeys(views)
            ],
        )
