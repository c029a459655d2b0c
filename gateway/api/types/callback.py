from __future__ import annotations

from datetime import datetime

import strawberry

from gateway import masks, model
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.types.contact import Contact
from gateway.api.types.contact_point import ContactPoint, load_point
from gateway.api.types.customer import Customer
from gateway.api.types.node import Node
from gateway.api.types.personal import personal
from gateway.model import CallbackStatus


@strawberry.type(description="A promise to phone at a time, worked by an agent.")
class Callback(Node):
    callback: strawberry.Private[model.Callback]
    starts: datetime = strawberry.field(name="from", description="From when it may be rung.")
    until: datetime = strawberry.field(description="After this it is given up.")
    status: CallbackStatus = strawberry.field(description="How far it got.")
    agent: str | None = strawberry.field(
        description="The name of the agent who has claimed it. For staff; null to the customer."
    )
    attempts: int = strawberry.field(description="How often it was rung.")

    note = personal("Callback.note", "What was said when it was booked.", lambda self: self.callback.note)

    @strawberry.field(description="Whether there is a note, and how long it is. For staff; null to the customer.")
    def masked_note(self) -> str | None:
        return masks.words(self.callback.note) if self.callback.note is not None else None

    @strawberry.field(description="The contact it belongs to.")
    async def contact(self, info: Info) -> Contact:
        contact = await info.context.load.contact.load(self.callback.contact_id)
        assert contact is not None
        return Contact.of(contact)

    @strawberry.field(description="Who is to be rung.")
    async def customer(self, info: Info) -> Customer:
        customer = await info.context.load.customer.load(self.callback.customer_id)
        assert customer is not None
        return Customer.of(customer)

    @strawberry.field(description="The number to ring. Its `address` is shown to the agent who has claimed it.")
    async def contact_point(self, info: Info) -> ContactPoint | None:
        return await load_point(info, self.callback.contact_point_id)

    @classmethod
    def of(cls, callback: model.Callback) -> Callback:
        return cls(
            id=strawberry.ID(global_id(Kind.CALLBACK, callback.id)),
            callback=callback,
            starts=callback.starts,
            until=callback.ends,
            status=callback.status,
            agent=callback.agent,
            attempts=callback.attempts,
        )
