"""The schema is what the contract says, fully described, and the file in the repository is it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_ast_schema,
    is_specified_scalar_type,
    parse,
)

from gateway.api.schema import CORE, sdl

ROOT = Path(__file__).parents[2]

CONNECTIONS = """
type PageInfo { hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String, endCursor: String }
""" + "".join(
    f"type {name}Connection {{ edges: [{name}Edge!]!, pageInfo: PageInfo!, totalCount: Int! }}"
    f"type {name}Edge {{ cursor: String!, node: {name}! }}"
    for name in ("Contact", "Attempt", "Bill", "Callback")
)
"""What the contract says of them in words."""

CONTRACT: GraphQLSchema = build_ast_schema(
    parse((Path(__file__).parent / "CONTRACT.graphql").read_text(encoding="utf-8") + CONNECTIONS)
)


def own_types(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    return {
        name: type_
        for name, type_ in schema.type_map.items()
        if not name.startswith("__") and not is_specified_scalar_type(type_)
    }


def test_the_file_in_the_repository_is_the_schema() -> None:
    assert (ROOT / "schema.graphql").read_text(encoding="utf-8") == sdl(), "run: make schema"


def test_our_copy_of_the_contract_is_the_contract() -> None:
    shared = ROOT.parent / "shared" / "CONTRACT.graphql"
    ours = Path(__file__).parent / "CONTRACT.graphql"

    # A fresh clone has no neighbour: there the copy is the contract.
    assert not shared.exists() or shared.read_text(encoding="utf-8") == ours.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(own_types(CONTRACT)))
def test_the_schema_holds_what_the_contract_says_of(name: str) -> None:
    wanted, ours = CONTRACT.type_map[name], CORE.type_map.get(name)

    assert ours is not None
    assert type(ours).__mro__[1] is type(wanted) or type(ours) is type(wanted)
    assert missing(wanted, ours) == []


def missing(wanted: Any, ours: Any) -> list[str]:
    """What the contract has and we have not, or have otherwise."""
    if isinstance(wanted, GraphQLEnumType):
        return sorted(wanted.values.keys() - ours.values.keys())
    if isinstance(wanted, GraphQLInputObjectType):
        # An input of ours may have more, but nothing more that is needed.
        needed = [
            name for name, one in ours.fields.items() if str(one.type).endswith("!") and name not in wanted.fields
        ]
        differing = [
            name
            for name, one in wanted.fields.items()
            if name not in ours.fields or str(ours.fields[name].type) != str(one.type)
        ]
        defaults = [name for name, one in ours.fields.items() if one.default_value]
        return needed + differing + defaults + (["@oneOf"] if wanted.is_one_of and not ours.is_one_of else [])
    if isinstance(wanted, GraphQLObjectType | GraphQLInterfaceType):
        interfaces = {one.name for one in wanted.interfaces} - {one.name for one in ours.interfaces}
        return sorted(interfaces) + [
            f"{name}: {found}"
            for name, one in wanted.fields.items()
            for found in missing_of_field(one, ours.fields.get(name))
        ]
    return []


def missing_of_field(wanted: Any, ours: Any) -> list[str]:
    if ours is None:
        return ["is missing"]
    found = [] if str(ours.type) == str(wanted.type) else [f"{ours.type} is not {wanted.type}"]
    for name, argument in wanted.args.items():
        if name not in ours.args or str(ours.args[name].type) != str(argument.type):
            found.append(f"argument {name}")
    return found + [name for name, one in ours.args.items() if name not in wanted.args and str(one.type).endswith("!")]


def described() -> Iterator[tuple[str, str | None]]:
    for name, type_ in own_types(CORE).items():
        yield name, type_.description
        for member, value in (getattr(type_, "fields", None) or getattr(type_, "values", None) or {}).items():
            yield f"{name}.{member}", value.description
            for argument, one in getattr(value, "args", {}).items():
                yield f"{name}.{member}({argument}:)", one.description


def test_everything_has_a_description() -> None:
    assert [name for name, description in described() if not (description or "").strip()] == []


def test_root_mutation_fields_are_nullable() -> None:
    assert CORE.mutation_type is not None
    assert [name for name, one in CORE.mutation_type.fields.items() if str(one.type).endswith("!")] == []


def test_nothing_has_a_default() -> None:
    arguments = {
        f"{name}.{member}({argument})": one.default_value
        for name, type_ in own_types(CORE).items()
        for member, value in getattr(type_, "fields", {}).items()
        for argument, one in getattr(value, "args", {}).items()
    }

    assert {name for name, default in arguments.items() if default is None} == set()
