"""Queries, parsed and checked once. Clients send the same few texts again and again with other variables."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)

from gateway.api.errors import ApiError, Code
from gateway.api.limits import CHARACTERS, COST, TOKENS, check_cost, check_size, cost

MOST_DOCUMENTS = 1000
LARGEST_REMEMBERED = 20_000
"""Characters. Longer texts are made by programs, each once."""

MOST_CHARACTERS = 2_000_000
MOST_ERRORS = 10


class Rejected(Exception):
    """The request cannot be executed. Nothing ran."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__("the request cannot be executed")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document. `largest` is its cost if every page were the largest; `varies`: it may be less."""

    document: DocumentNode
    node: OperationDefinitionNode
    largest: int
    varies: bool

    @property
    def type(self) -> OperationType:
        return self.node.operation

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None


Operations = Mapping[str | None, Operation]


class Documents:
    """The sound ones, by their text. What was rejected is not remembered."""

    def __init__(self, schema: GraphQLSchema, most: int = MOST_DOCUMENTS, *, hide_suggestions: bool = False) -> None:
        self._schema = schema
        self._most = most
        self._hide_suggestions = hide_suggestions
        self._remembered: OrderedDict[str, Operations] = OrderedDict()
        self._characters = 0

    @property
    def remembered(self) -> int:
        """How many texts are known."""
        return len(self._remembered)

    def operation(self, query: str, name: str | None) -> Operation:
        """The operation to execute. Raises `Rejected`."""
        return _chosen(self.operations(query), name)

    def operations(self, query: str) -> Operations:
        """All operations of a text. Raises `Rejected`."""
        operations = self._remembered.get(query)
        if operations is None:
            operations = self._read(query)
            self._remember(query, operations)
        else:
            self._remembered.move_to_end(query)
        return operations

    def points(self, operation: Operation, variables: Mapping[str, Any], most: float = COST) -> int:
        """What the operation costs with these variables. Raises `Rejected` where it is more than one may."""
        points = operation.largest
        if operation.varies:
            points, _ = cost(self._schema, operation.document, operation.node, variables)
        try:
            check_cost(points, min(most, COST))
        except ApiError as exceeded:
            raise Rejected([exceeded]) from None
        return points

    def _read(self, query: str) -> Operations:
        try:
            document = parse(query, max_lexical_tokens=TOKENS, max_comments=TOKENS, max_source_length=CHARACTERS)
            check_size(document)
            errors = validate(self._schema, document, max_errors=MOST_ERRORS, hide_suggestions=self._hide_suggestions)
        except GraphQLError as error:
            raise Rejected([error]) from None
        except RecursionError:
            raise Rejected([ApiError(Code.COST_EXCEEDED, "This query is nested too deeply.")]) from None
        if errors:
            raise Rejected(errors)
        return {
            operation.name: operation
            for operation in (
                Operation(document, node, *cost(self._schema, document, node, None))
                for node in document.definitions
                if isinstance(node, OperationDefinitionNode)
            )
        }

    def _remember(self, query: str, operations: Operations) -> None:
        if len(query) > LARGEST_REMEMBERED:
            return
        self._remembered[query] = operations
        self._characters += len(query)
        while len(self._remembered) > self._most or self._characters > MOST_CHARACTERS:
            forgotten, _ = self._remembered.popitem(last=False)
            self._characters -= len(forgotten)


def _chosen(operations: Operations, name: str | None) -> Operation:
    if name is None and len(operations) == 1:
        return next(iter(operations.values()))
    if name is not None and name in operations:
        return operations[name]
    message = (
        "operationName: no such operation in the query" if name else "operationName: the query has several operations"
    )
    if not operations:
        message = "query: holds no operation"
    raise Rejected([ApiError(Code.BAD_USER_INPUT, message)])
