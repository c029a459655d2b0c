from __future__ import annotations

import strawberry

from gateway import model
from gateway.addresses import masked
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.types.node import Node
from gateway.api.types.personal import personal
from policies.facts import Channel, Party, Place


@strawberry.type(description="A phone number or a mail address of a customer.")
class ContactPoint(Node):
    point: strawberry.Private[model.ContactPoint]
    channel: Channel = strawberry.field(
        description="SMS for a number that takes texts; CALLBACK for any number; EMAIL for a mail address."
    )
    masked: str = strawberry.field(description="What everybody may see: 138****0000, z***@example.com.")
    party: Party = strawberry.field(description="Whose it is.")
    place: Place = strawberry.field(description="Where it reaches them.")
    shared: bool = strawberry.field(description="Others read it too: no debt words.")
    usable: bool = strawberry.field(description="False once bounced, reassigned or reported wrong.")

    address = personal("ContactPoint.address", "The address itself.", lambda self: self.point.address)

    @classmethod
    def of(cls, point: model.ContactPoint) -> ContactPoint:
        return cls(
            id=strawberry.ID(global_id(Kind.CONTACT_POINT, point.id)),
            point=point,
            channel=point.channel,
            masked=masked(point.channel, point.address),
            party=point.party,
            place=point.place,
            shared=point.shared,
            usable=point.usable,
        )


async def load_point(info: Info, point_id: str | None) -> ContactPoint | None:
    point = await info.context.load.point.load(point_id) if point_id else None
    return ContactPoint.of(point) if point else None
