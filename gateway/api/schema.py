"""The schema: put together, guarded, and printed."""

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from gateway.api import enums as _enums  # noqa: F401 - describes the enums before they are used
from gateway.api.context import Context
from gateway.api.errors import ApiError, Code
from gateway.api.mutations import Mutation
from gateway.api.permissions import may
from gateway.api.queries import Query
from gateway.api.scalars import SCALARS
from gateway.api.subscriptions import Subscription
from gateway.api.types.bill import Account, Bill
from gateway.api.types.callback import Callback
from gateway.api.types.contact import Attempt, Contact
from gateway.api.types.contact_point import ContactPoint
from gateway.api.types.customer import Customer
from gateway.api.types.record import Consent, Hold, OutsideContact, Promise

_NODES = (
    Customer,
    Account,
    Bill,
    Contact,
    Attempt,
    ContactPoint,
    Callback,
    Consent,
    Hold,
    Promise,
    OutsideContact,
)


def _build() -> strawberry.Schema:
    built = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=_NODES,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    core = built._schema
    for root in (core.query_type, core.mutation_type, core.subscription_type):
        assert root is not None
        for name, field in root.fields.items():
            _guard(name, field)
    return built


def _guard(name: str, field: GraphQLField) -> None:
    """Ask the table of permissions before the field does anything."""
    if field.subscribe is not None:
        field.subscribe = _guarded(name, field.subscribe)
    else:
        assert field.resolve is not None
        field.resolve = _guarded(name, field.resolve)


def _guarded(name: str, resolve: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(source: object, info: Any, **arguments: Any) -> Any:
        context: Context = info.context
        if not may(context.caller.role, name):
            raise ApiError(Code.FORBIDDEN, f"{context.caller.role} keys may not call {name}")
        return resolve(source, info, **arguments)

    return guarded


_SCHEMA = _build()

CORE: GraphQLSchema = _SCHEMA._schema
"""The schema as graphql-core executes it."""


def sdl() -> str:
    """The text of /schema.graphql."""
    return _SCHEMA.as_str() + "\n"
