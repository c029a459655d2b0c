"""Tokens for customers' frontends."""

from __future__ import annotations

from datetime import datetime

import strawberry

from gateway.api.types.payloads import ERRORS, UserError


@strawberry.input(description="Whom a token is to speak for, how long, and for what.")
class MintCustomerTokenInput:
    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    ttl_seconds: int | None = strawberry.field(
        default=strawberry.UNSET, description="How long it lasts: 60 to 3600; default: 900."
    )
    scopes: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The operations it may be used for, of those that a CUSTOMER may use; default: all of them.",
    )


@strawberry.type(description="A token, for `Authorization: Bearer ...`, that opens what its customer may see and do.")
class MintCustomerTokenPayload:
    token: str | None = strawberry.field(default=None, description="Shown this once. It begins with `cgt_`.")
    expires_at: datetime | None = strawberry.field(
        default=None,
        description="When it ends, by the real clock, in the sandbox too. It ends earlier where its minter has no "
        "valid key any more.",
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
