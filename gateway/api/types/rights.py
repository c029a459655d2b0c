"""What customers may demand of us: what we hold, and to be forgotten."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from gateway.api.context import Info
from gateway.api.types.payloads import ERRORS, UserError
from gateway.store import erasures
from policies import retention


@strawberry.type(description="A customer who is to be forgotten, as far as the law lets us.")
class Erasure:
    requested_at: datetime = strawberry.field(description="When it was asked for. From then on nobody contacts them.")
    kept_until: datetime = strawberry.field(
        description="Until then the law keeps the record: it is stored, and nothing else is done with it."
    )
    period: str = strawberry.field(description="The rule that keeps it: see policies/retention.toml.")
    title: str = strawberry.field(description="What that rule says, in the caller's language.")
    citation: str | None = strawberry.field(description="The law, or null for house policy.")
    erased_at: datetime | None = strawberry.field(
        description="When the customer's key was destroyed: nothing personal comes back. Null while the record is kept."
    )

    @classmethod
    def of(cls, erasure: erasures.Erasure, info: Info) -> Erasure:
        period = retention.named(erasure.period)
        return cls(
            requested_at=erasure.requested_at,
            kept_until=erasure.kept_until,
            period=period.id,
            title=period.title_zh if info.context.language == "zh" else period.title,
            citation=period.citation,
            erased_at=erasure.erased_at,
        )


@strawberry.input(description="Whose record is to be given out.")
class ExportCustomerInput:
    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    reason: str | None = strawberry.field(
        default=strawberry.UNSET, description="Why: staff have to say so. It stays on record, and the customer sees it."
    )


@strawberry.type(description="Everything that is on record of the customer.")
class ExportCustomerPayload:
    export: JSON | None = strawberry.field(
        default=None, description="One list per table, oldest first, personal data in plain. Seeing it is logged."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.input(description="Who is to be forgotten.")
class EraseCustomerInput:
    customer_id: strawberry.ID = strawberry.field(description="The customer. Their bills must be settled.")
    reason: str = strawberry.field(description="Why. It stays on record.")


@strawberry.type(description="What came of it.")
class EraseCustomerPayload:
    erasure: Erasure | None = strawberry.field(default=None, description="Erased at once, or kept until when and why.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
