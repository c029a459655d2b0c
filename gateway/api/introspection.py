"""Who may ask the API what it can do. To all others `__schema` and `__type` are fields like any that do not exist."""

from typing import TYPE_CHECKING

from graphql import GraphQLSchema

from gateway.model import Role

if TYPE_CHECKING:
    from graphql import GraphQLField
    from graphql.type import GraphQLCompositeType

DEVELOPERS = frozenset({Role.SERVICE, Role.ADMIN})
"""Whose keys the people hold who write programs against the API."""


class _Veiled(GraphQLSchema):
    def get_field(self, parent_type: "GraphQLCompositeType", field_name: str) -> "GraphQLField | None":
        return None if field_name in ("__schema", "__type") else super().get_field(parent_type, field_name)


def veiled(schema: GraphQLSchema) -> GraphQLSchema:
    """The same schema, with the same types, for validating what is asked by those who may not look at it."""
    copy = _Veiled.__new__(_Veiled)
    copy.__dict__.update(schema.__dict__)
    return copy
