"""The schema: put together, guarded, and printed."""

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter

from gateway.api import enums as _enums  # noqa: F401 - describes the enums before they are used
from gateway.api.context import Context
from gateway.api.errors import ApiError, Code
from gateway.api.mutations import Mutation
from gateway.api.permissions import may
from gateway.api.queries import Query
from gateway.api.quick import build_quickly, resolve_quickly
from gateway.api.scalars import SCALARS
from gateway.api.sight import guard
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
    roots = (core.query_type, core.mutation_type, core.subscription_type)
    for type_ in core.type_map.values():
        definition: Any = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if isinstance(type_, GraphQLInputObjectType):
            # Strawberry checks @oneOf with a rule of its own; graphql-core knows it too, and also in variables.
            type_.is_one_of = definition.is_one_of
            build_quickly(definition, built.config.name_converter)
        elif isinstance(type_, GraphQLObjectType) and definition is not None:
            for name, field in type_.fields.items():
                resolve_quickly(field)
                if type_ not in roots:
                    guard(type_.name, name, field)
    for root, step in ((core.query_type, _look), (core.mutation_type, _act), (core.subscription_type, _look)):
        assert root is not None
        for name, field in root.fields.items():
            _guard(name, field, step)
    return built


def _guard(name: str, field: GraphQLField, step: Callable[..., Any]) -> None:
    """Ask the table of permissions before the field does anything."""

    def guarded(resolve: Callable[..., Any]) -> Callable[..., Any]:
        def checked(source: object, info: Any, **arguments: Any) -> Any:
            context: Context = info.context
            if not may(context.caller, name):
                raise ApiError(Code.FORBIDDEN, f"this {context.caller.role} may not call {name}")
            return step(context, lambda: resolve(source, info, **arguments))

        return checked

    if field.subscribe is not None:
        field.subscribe = guarded(field.subscribe)
    else:
        assert field.resolve is not None
        field.resolve = guarded(field.resolve)


def _look(context: Context, resolve: Callable[[], Any]) -> Any:
    return resolve()


def _act(context: Context, resolve: Callable[[], Any]) -> Any:
    """A mutation sees what those before it in the same request have done."""
    return _renewed(context, resolve) if context.snapshot.is_open else resolve()


async def _renewed(context: Context, resolve: Callable[[], Any]) -> Any:
    await context.renew()
    return await resolve()


_SCHEMA = _build()

CORE: GraphQLSchema = _SCHEMA._schema
"""The schema as graphql-core executes it."""


def sdl() -> str:
    """The text of /schema.graphql."""
    return _SCHEMA.as_str() + "\n"
