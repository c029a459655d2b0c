"""How big a query may be. Looked at before anything that takes more than linear time.

A fragment is measured once, however often it is spread: a fan-out of fragments, each twice in the next, is as quick to
measure as it is to write. What comes out is how big the query is when it is written out in full.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

from gateway.api.connections import DEFAULT_PAGE, LARGEST_PAGE
from gateway.api.errors import ApiError, Code

DEPTH = 15
ALIASES = 30
DIRECTIVES = 30
FIELDS = 500
DEFINITIONS = 50
REPEATS = 2000
"""Pairs of fields that are merged into one. Validation compares each pair."""

COST = 100_000
"""Points: of values in the answer, roughly, and of what is done for them."""

WORK = 10
"""Points of what is done for one item, where it is more than reading: a mutation, or asking all rules."""

_WORKS = frozenset({"previewContact", "nextAllowedContact", "contactPressure"})
"""Queries that ask all rules."""

MOST_VALUES = 25_000
"""In variables. `requestContacts` with 500 full items has half as many."""

TOKENS = 5000
CHARACTERS = 100_000
"""Of the text. Beyond these it is not even parsed."""

_LIST = 5
"""What a list without a stated size is taken to hold."""

_INTROSPECTION = {"__schema": COST // 8, "__type": COST // 50}


@dataclass(frozen=True, slots=True)
class Size:
    """Of a selection written out in full."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def beside(self, other: "Size") -> "Size":
        return Size(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
        )


_NOTHING = Size()


def check_size(document: DocumentNode) -> None:
    """Raise COST_EXCEEDED for a document that is too deep, too long or too much repeated."""
    if len(document.definitions) > DEFINITIONS:
        raise _exceeded(f"{len(document.definitions)} operations and fragments", DEFINITIONS)
    fragments = _fragments(document)
    measure = _Measure(fragments)
    repeats = 0
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            size = measure.selection(definition.selection_set)
            for what, number, allowed in (
                ("levels", size.depth, DEPTH),
                ("fields", size.fields, FIELDS),
                ("aliases", size.aliases, ALIASES),
                ("directives", size.directives + len(definition.directives or ()), DIRECTIVES),
            ):
                if number > allowed:
                    raise _exceeded(f"{_said(number)} {what}", allowed)
            repeats += _repeats([definition.selection_set], fragments)
    if repeats > REPEATS:
        raise _exceeded(f"{repeats} pairs of fields that say the same", REPEATS)


class _Measure:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._measured: dict[str, Size] = {}

    def selection(self, selections: SelectionSetNode | None) -> Size:
        total = _NOTHING
        for one in selections.selections if selections else ():
            directives = Size(directives=len(one.directives or ()))
            match one:
                case FieldNode():
                    inner = self.selection(one.selection_set)
                    # Introspection is deep by nature, and graphql-core bounds it where it could explode.
                    depth = 1 if one.name.value in _INTROSPECTION else inner.depth + 1
                    size = Size(depth, inner.fields + 1, inner.aliases + bool(one.alias), inner.directives)
                case InlineFragmentNode():
                    size = self.selection(one.selection_set)
                case FragmentSpreadNode():
                    size = self._fragment(one.name.value)
                case _:
                    size = _NOTHING
            total = total.beside(size).beside(directives)
        return total

    def _fragment(self, name: str) -> Size:
        if name not in self._measured:
            # Validation tells of a fragment that is unknown or spreads itself; here such a one counts for nothing.
            self._measured[name] = _NOTHING
            if name in self._fragments:
                self._measured[name] = self.selection(self._fragments[name].selection_set)
        return self._measured[name]


def _repeats(selections: Sequence[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """How many pairs of fields stand for the same place in the answer. Only for what is known to be small."""
    same: dict[str, list[FieldNode]] = {}
    spread: set[str] = set()
    waiting = [one for selection in selections for one in selection.selections]
    while waiting:
        match one := waiting.pop():
            case FieldNode():
                same.setdefault((one.alias or one.name).value, []).append(one)
            case InlineFragmentNode():
                waiting.extend(one.selection_set.selections)
            case FragmentSpreadNode() if one.name.value in fragments and one.name.value not in spread:
                spread.add(one.name.value)
                waiting.extend(fragments[one.name.value].selection_set.selections)
    return sum(
        len(fields) * (len(fields) - 1) // 2
        + _repeats([field.selection_set for field in fields if field.selection_set], fragments)
        for fields in same.values()
    )


def check_values(given: Mapping[str, Any], length: int) -> None:
    """Raise COST_EXCEEDED for variables that hold far too much. `length` of what they were read from, in bytes."""
    if length < 2 * MOST_VALUES:
        return  # a value and what divides it from the next take two bytes
    count = 0
    waiting: list[Any] = [given]
    while waiting:
        match waiting.pop():
            case dict() as inner:
                waiting.extend(inner.values())
                count += len(inner)
            case list() as items:
                waiting.extend(items)
                count += len(items)
        if count > MOST_VALUES:
            raise ApiError(Code.COST_EXCEEDED, f"variables: hold more than {MOST_VALUES} values")


def cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
) -> tuple[int, bool]:
    """What an operation costs, in points, and whether that varies with its variables.

    Without `variables`, every page and every list in them is taken to be the largest.
    """
    root = {
        OperationType.QUERY: schema.query_type,
        OperationType.MUTATION: schema.mutation_type,
        OperationType.SUBSCRIPTION: schema.subscription_type,
    }[operation.operation]
    counting = _Cost(schema, document, variables)
    return counting.selection(operation.selection_set, root), counting.varies


def check_cost(number: int, allowed: float) -> None:
    if number > allowed:
        raise ApiError(
            Code.COST_EXCEEDED,
            f"This query costs {_said(number)} points; {allowed:.0f} are allowed. Ask for smaller pages.",
        )


class _Cost:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any] | None) -> None:
        self._schema = schema
        self._fragments = _fragments(document)
        self._variables = variables
        self._counted: dict[str, int] = {}
        self.varies = False

    def selection(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None) -> int:
        total = 0
        for one in selections.selections if selections else ():
            match one:
                case FieldNode():
                    total += self._field(one, parent)
                case InlineFragmentNode():
                    condition = one.type_condition
                    narrowed = self._schema.get_type(condition.name.value) if condition else parent
                    total += self.selection(one.selection_set, narrowed)
                case FragmentSpreadNode():
                    total += self._fragment(one.name.value)
        return total

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> int:
        name = node.name.value
        if name in _INTROSPECTION:
            return _INTROSPECTION[name]
        field: GraphQLField | None = getattr(parent, "fields", {}).get(name)
        if field is None:
            return 1
        inner = self.selection(node.selection_set, get_named_type(field.type))
        if name in _WORKS or (parent is not None and parent is self._schema.mutation_type):
            inner += WORK
        return 1 + inner * self._length(node, field)

    def _length(self, node: FieldNode, field: GraphQLField) -> int:
        """How many times the selection of a field is answered."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        if "first" in field.args:
            sizes = [self._number(given[name]) for name in ("first", "last") if name in given]
            return max(sizes, default=DEFAULT_PAGE)
        if not is_list_type(get_nullable_type(field.type)) or is_leaf_type(get_named_type(field.type)):
            return 1
        if node.name.value in ("edges", "nodes") and "ids" not in field.args:
            return 1  # counted at the connection
        for name, argument in field.args.items():
            if is_list_type(get_nullable_type(argument.type)) and name in given:
                return self._items(given[name])
        return _LIST

    def _number(self, value: ValueNode) -> int:
        self.varies |= isinstance(value, VariableNode)
        match value:
            case IntValueNode():
                return min(max(int(value.value), 0), LARGEST_PAGE)
            case VariableNode() if self._variables is not None:
                given = self._variables.get(value.name.value)
                return min(max(given, 0), LARGEST_PAGE) if isinstance(given, int) else DEFAULT_PAGE
            case _:
                return LARGEST_PAGE

    def _items(self, value: ValueNode) -> int:
        self.varies |= isinstance(value, VariableNode)
        match value:
            case ListValueNode():
                return len(value.values)
            case VariableNode() if self._variables is not None:
                given = self._variables.get(value.name.value)
                return len(given) if isinstance(given, list) else 1
            case VariableNode():
                return LARGEST_PAGE
            case _:
                return 1

    def _fragment(self, name: str) -> int:
        if name not in self._counted:
            self._counted[name] = 0
            if name in self._fragments:
                fragment = self._fragments[name]
                parent = self._schema.get_type(fragment.type_condition.name.value)
                self._counted[name] = self.selection(fragment.selection_set, parent)
        return self._counted[name]


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}


def _exceeded(found: str, allowed: int) -> ApiError:
    return ApiError(Code.COST_EXCEEDED, f"This query has {found}; {allowed} are allowed.")


def _said(number: int) -> str:
    """A fan-out of fragments reaches numbers with a hundred digits."""
    return str(number) if number < 1_000_000_000 else "more than a billion"
