"""Making tokens for customers' frontends."""

from datetime import timedelta
from typing import Annotated

import strawberry

from gateway import minting
from gateway.api.context import Info
from gateway.api.errors import ApiError, Code
from gateway.api.ids import Kind
from gateway.api.permissions import scopes
from gateway.api.reading import Reader, is_given
from gateway.api.types.payloads import user_errors
from gateway.api.types.token import MintCustomerTokenInput, MintCustomerTokenPayload
from gateway.model import Role, Unacceptable

_SHORTEST, _LONGEST, _USUAL = 60, 3600, 900
"""Seconds."""


@strawberry.type(description="What can be done about tokens.")
class TokenMutations:
    @strawberry.mutation(
        description="Make a short-lived token for one customer's frontend. It ends with the key that asks for it."
    )
    async def mint_customer_token(
        self, info: Info, input: Annotated[MintCustomerTokenInput, strawberry.argument(description="For whom.")]
    ) -> MintCustomerTokenPayload | None:
        context = info.context
        try:
            read = Reader()
            customer_id = read.id(input.customer_id, Kind.CUSTOMER, "customerId")
            seconds = _seconds(read, input.ttl_seconds)
            wanted = _scopes(read, input.scopes)
            read.finish()
            minted = await minting.mint(
                context.gateway, context.caller, customer_id, timedelta(seconds=seconds), wanted
            )
        except Unacceptable as wrong:
            return MintCustomerTokenPayload(user_errors=user_errors(wrong.errors))
        except minting.NoKey:
            message = "only who comes in with an API key may make tokens: they end with the key"
            raise ApiError(Code.FORBIDDEN, message) from None
        return MintCustomerTokenPayload(token=minted.token, expires_at=minted.ends_at)


def _seconds(read: Reader, given: int | None) -> int:
    if not is_given(given):
        return _USUAL
    if not _SHORTEST <= given <= _LONGEST:
        read.wrong(f"must be {_SHORTEST} to {_LONGEST}", "ttlSeconds")
    return given


def _scopes(read: Reader, given: list[str] | None) -> frozenset[str]:
    if not is_given(given):
        return frozenset()
    if not given:
        # Without any it would be a token for everything.
        read.wrong("must not be empty: leave it out for all that a CUSTOMER may", "scopes")
    allowed = scopes(Role.CUSTOMER)
    for index, one in enumerate(given):
        if one not in allowed:
            read.wrong("is no operation that a CUSTOMER may use", "scopes", str(index))
    return frozenset(given)
