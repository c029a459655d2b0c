"""What people wrote to us."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from gateway import masks, model
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.types.contact_point import ContactPoint, load_point
from gateway.api.types.node import Node
from gateway.api.types.payloads import ERRORS, UserError
from gateway.api.types.personal import personal
from gateway.model import ReplyStatus
from policies.facts import Channel
from policies.replies import Meaning

if TYPE_CHECKING:
    from gateway.api.types.customer import Customer


@strawberry.type(description="What somebody wrote to us by text or mail.")
class Reply(Node):
    reply: strawberry.Private[model.Reply]
    channel: Channel = strawberry.field(description="How it came.")
    meaning: Meaning = strawberry.field(description="What it was taken to mean, by fixed words.")
    is_urgent: bool = strawberry.field(
        description="Whether it speaks of suicide or self-harm, by fixed words: a person looks first."
    )
    status: ReplyStatus = strawberry.field(description="Whether a person still has to look at it.")
    at: datetime = strawberry.field(description="When it was written, by whoever brought it.")
    received_at: datetime = strawberry.field(description="When we heard of it.")
    settled_at: datetime | None = strawberry.field(description="When a person had dealt with it.")
    settled_by: str | None = strawberry.field(description="Who had. For staff; null to the customer.")

    @strawberry.field(description="Who wrote it; null where nobody is known under the address it came from.")
    async def customer(self, info: Info) -> Annotated[Customer, strawberry.lazy("gateway.api.types.customer")] | None:
        from gateway.api.types.customer import Customer  # noqa: PLC0415 - customers and replies show each other

        if self.reply.customer_id is None:
            return None
        found = await info.context.load.customer.load(self.reply.customer_id)
        return Customer.of(found) if found is not None else None

    @strawberry.field(description="Where it came from.")
    async def contact_point(self, info: Info) -> ContactPoint | None:
        return await load_point(info, self.reply.contact_point_id)

    text = personal("Reply.text", "What was written.", lambda self: self.reply.text)
    sender = personal("Reply.sender", "The address it came from.", lambda self: self.reply.sender)

    @strawberry.field(description="How long the text is.")
    def masked_text(self) -> str:
        return masks.words(self.reply.text)

    @strawberry.field(description="What everybody may see of the address: 139****0000.")
    def masked_sender(self) -> str:
        return masks.address(self.reply.sender)

    @classmethod
    def of(cls, reply: model.Reply) -> Reply:
        return cls(
            id=strawberry.ID(global_id(Kind.REPLY, reply.id)),
            reply=reply,
            channel=reply.channel,
            meaning=reply.meaning,
            is_urgent=reply.is_urgent,
            status=reply.status,
            at=reply.at,
            received_at=reply.received_at,
            settled_at=reply.settled_at,
            settled_by=reply.settled_by,
        )


@strawberry.type(description="The reply as it is now.")
class SettleReplyPayload:
    reply: Reply | None = strawberry.field(default=None, description="The reply.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.input(description="A reply that a person has read and dealt with.")
class SettleReplyInput:
    reply_id: strawberry.ID = strawberry.field(description="The reply.")
    note: str = strawberry.field(description="What was done about it.")
