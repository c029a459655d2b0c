from __future__ import annotations

import strawberry

from gateway.api.context import Info
from gateway.api.permissions import may, scopes
from gateway.api.types.customer import Customer
from gateway.model import Caller, Role


@strawberry.type(description="Who is calling, and what they may do.")
class Viewer:
    customer_id: strawberry.Private[str | None]
    role: Role = strawberry.field(description="What the caller is.")
    name: str = strawberry.field(description="The name on what the caller asks for: the key's, or the token's.")
    scopes: list[str] = strawberry.field(description="The operations the caller may use.")

    @strawberry.field(description="The customer that a CUSTOMER's key or token is bound to.")
    async def customer(self, info: Info) -> Customer | None:
        customer = await info.context.load.customer.load(self.customer_id) if self.customer_id else None
        return Customer.of(customer) if customer else None

    @classmethod
    def of(cls, caller: Caller) -> Viewer:
        usable = [operation for operation in scopes(caller.role) if may(caller, operation)]
        return cls(customer_id=caller.customer_id, role=caller.role, name=caller.name, scopes=usable)
