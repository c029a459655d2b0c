"""What can be followed. An event says only which contact changed; what is shown is read, and checked, anew."""

from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from gateway.api.asked import optional_asked_id
from gateway.api.context import Info
from gateway.api.errors import ApiError, Code
from gateway.api.ids import Kind
from gateway.api.types.contact import Contact
from gateway.changes import TooSlow
from gateway.store import contacts


@strawberry.type(description="What can be followed.")
class Subscription:
    @strawberry.subscription(
        description="A contact each time it changes, as it then is. Several changes at once may be told as one."
    )
    async def contact_changed(
        self,
        info: Info,
        customer_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only this customer's.")
        ] = strawberry.UNSET,
        contact_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only this contact.")
        ] = strawberry.UNSET,
    ) -> AsyncIterator[Contact]:
        context = info.context
        customer = optional_asked_id(customer_id, Kind.CUSTOMER, "customerId")
        contact = optional_asked_id(contact_id, Kind.CONTACT, "contactId")
        if contact is not None:
            wanted = await context.load.contact.load(contact)
            if wanted is None or not context.sees(wanted.customer_id):
                raise ApiError(Code.NOT_FOUND, "contactId: no such contact", field=("contactId",))
        if customer is not None:
            owner = await context.load.customer.load(customer)
            if owner is None or not context.sees(owner.id):
                raise ApiError(Code.NOT_FOUND, "customerId: no such customer", field=("customerId",))
        # Nobody holds a connection to the database while waiting.
        await context.snapshot.close()
        async with context.gateway.changes.subscribe(customer or context.only, contact) as changed:
            try:
                async for one in changed:
                    async with context.gateway.database.read() as work:
                        held = (await contacts.by_id(work, [one])).get(one)
                    if held is not None and context.sees(held.contact.customer_id):
                        yield Contact.of(held.contact)
            except TooSlow:
                message = "More changes than could be told. Subscribe again, and read what you missed."
                raise ApiError(Code.RATE_LIMITED, message) from None
