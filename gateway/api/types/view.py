"""Who looked at personal data, as the customer may know it."""

from __future__ import annotations

from datetime import datetime

import strawberry

from gateway.api.ids import Kind, global_id
from gateway.api.permissions import sees_all
from gateway.api.types.node import Node
from gateway.model import Caller, Role
from gateway.store.views import Seen


@strawberry.type(description="Who looked.")
class ViewedBy:
    role: Role = strawberry.field(description="What they were then.")
    name: str | None = strawberry.field(
        description="What they are called. Customers see the names of services and their own, not those of people."
    )

    @classmethod
    def of(cls, view: Seen, caller: Caller) -> ViewedBy:
        is_told = sees_all(caller, "ViewedBy.name") or view.role in (Role.SERVICE, Role.CUSTOMER)
        return cls(role=view.role, name=view.caller if is_told else None)


@strawberry.type(description="Somebody saw personal data unmasked.")
class View(Node):
    at: datetime = strawberry.field(description="When.")
    what: str = strawberry.field(description="What was seen: contactPoint.address, contact.message ...")
    seen: strawberry.ID | None = strawberry.field(
        description="The global id of what it was seen of; null for a message of the sandbox."
    )
    by: ViewedBy = strawberry.field(description="Who saw it.")
    reason: str | None = strawberry.field(
        description="Why, as they said; `callback ID` where they were to make that call; null where none was needed."
    )

    @classmethod
    def of(cls, view: Seen, caller: Caller) -> View:
        return cls(
            id=strawberry.ID(global_id(Kind.VIEW, view.id)),
            at=view.at,
            what=view.what,
            seen=_thing(view),
            by=ViewedBy.of(view, caller),
            reason=view.reason,
        )


def _thing(view: Seen) -> strawberry.ID | None:
    type_ = view.what.partition(".")[0]
    kind = f"{type_[0].upper()}{type_[1:]}"
    return strawberry.ID(global_id(Kind(kind), view.of_id)) if kind in set(Kind) else None
