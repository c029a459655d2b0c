from __future__ import annotations

import strawberry

from gateway import model
from gateway.api.context import Context, Info
from gateway.api.ids import Kind, global_id
from gateway.api.types.node import Node
from gateway.model import Role
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

    @strawberry.field(
        description="The address itself. Null unless the caller may see it: the customer, compliance, admin, and the "
        "agent who is to ring it. Seeing it is logged."
    )
    async def address(self, info: Info) -> str | None:
        if not await _sees_address(info.context, self.point):
            return None
        info.context.shows(self.point.customer_id, "contactPoint.address", self.point.id)
        return self.point.address

    @classmethod
    def of(cls, point: model.ContactPoint) -> ContactPoint:
        return cls(
            id=strawberry.ID(global_id(Kind.CONTACT_POINT, point.id)),
            point=point,
            channel=point.channel,
            masked=point.masked,
            party=point.party,
            place=point.place,
            shared=point.shared,
            usable=point.usable,
        )


async def load_point(info: Info, point_id: str | None) -> ContactPoint | None:
    point = await info.context.load.point.load(point_id) if point_id else None
    return ContactPoint.of(point) if point else None


async def _sees_address(context: Context, point: model.ContactPoint) -> bool:
    match context.caller.role:
        case Role.COMPLIANCE | Role.ADMIN:
            return True
        case Role.CUSTOMER:
            return context.sees(point.customer_id)
        case Role.AGENT:
            return point.id in await context.load.points_claimed_by.load(context.caller.id)
        case Role.SERVICE:
            return False
