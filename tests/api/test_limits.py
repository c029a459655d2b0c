"""How big a query may be, and that finding out is quick for any text."""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import get_introspection_query

from gateway.api.documents import Documents, Rejected
from gateway.api.limits import ALIASES, DEFINITIONS, DEPTH, DIRECTIVES, FIELDS
from gateway.api.schema import CORE

PAGE = """
query History($first: Int) {
  contacts(first: $first) {
    nodes {
      id purpose status dueAt
      customer { reference name timeZones }
      bill { reference amountDue { amount currency } account { reference } }
      decisions { outcome nextAllowedAt findings { reason rule { id citation } } }
      attempts { nodes { number provider outcome receipts { at outcome } } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


def refused(query: str, variables: Mapping[str, Any] | None = None) -> list[str]:
    """Codes of what is wrong with a query, none if it may be executed."""
    try:
        documents = Documents(CORE)
        documents.points(documents.operation(query, None), variables or {})
    except Rejected as rejected:
        return [str((error.extensions or {}).get("code", "BAD_USER_INPUT")) for error in rejected.errors]
    return []


def nested(levels: int) -> str:
    """A query of that many levels."""
    return "{ viewer" + " { customer { contacts { nodes" * levels + " { id }" + " } } }" * levels + " }"


@pytest.mark.parametrize("size", [1, 50, 100])
def test_a_page_of_a_history_with_all_there_is_to_it_is_no_trouble(size: int) -> None:
    assert refused(PAGE, {"first": size}) == []


def test_the_tools_introspection_is_no_trouble() -> None:
    assert refused(get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True)) == []


def fan_out(fragments: int) -> str:
    spread = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(fragments))
    return f"{{ ...F0 }} {spread} fragment F{fragments} on Query {{ viewer {{ name }} }}"


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { customer { contacts { nodes { customer { contacts { nodes { customer { contacts { nodes { customer"
        " { contacts { nodes { customer { id } } } } } } } } } } } } } } }",
        "{" + " ".join(f"a{n}: viewer {{ name }}" for n in range(ALIASES + 1)) + "}",
        "{ viewer { name " + "@include(if: true) " * (DIRECTIVES + 1) + "} }",
        "query Q " + "@skip(if: true) " * (DIRECTIVES + 1) + "{ viewer { name } }",
        "{ viewer {" + " name" * FIELDS + "} }",
        "{ viewer {" + " name" * 100 + "} }",
        " ".join(f"query Q{n} {{ viewer {{ name }} }}" for n in range(DEFINITIONS + 1)),
        fan_out(40),
        "{ contacts(first: 100) { nodes { customer { contacts(first: 100) { nodes { id status purpose dueAt createdAt"
        " attempts(first: 100) { nodes { id } } } } } } } }",
        "{" + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(9)) + "}",
        "{ ...F } fragment F on Query { viewer { customer { contacts { nodes { customer { ...C } } } } } }"
        " fragment C on Customer { contacts { nodes { customer { ...C } } } }",
    ],
    ids=[
        "deep",
        "aliases",
        "directives",
        "directives of the operation",
        "fields",
        "the same field",
        "operations",
        "fan-out",
        "pages",
        "introspection",
        "a circle of fragments",
    ],
)
def test_what_is_too_big_says_so(query: str) -> None:
    assert refused(query) == ["COST_EXCEEDED"]


def test_depth_counts_levels_through_fragments() -> None:
    at_the_edge = (
        "{ viewer { customer { contacts(first: 1) { nodes { customer { contacts(first: 1) { nodes {"
        " customer { ...Deep } } } } } } } } }"
    )
    deep = (
        "fragment Deep on Customer"
        " { contacts(first: 1) { nodes { customer { contacts(first: 1) { nodes { %s } } } } } }"
    )

    assert DEPTH == 15
    assert refused(f"{at_the_edge} {deep % 'customer { id }'}") == []
    assert refused(f"{at_the_edge} {deep % 'customer { bills(first: 1) { nodes { id } } }'}") == ["COST_EXCEEDED"]


def test_a_page_in_a_variable_costs_what_the_variable_says() -> None:
    query = """query ($outer: Int, $inner: Int) {
        contacts(first: $outer) { nodes { attempts(first: $inner) { nodes { id number receipts { at } } } } }
    }"""

    assert refused(query, {"outer": 100, "inner": 100}) == []
    within = query.replace("receipts { at }", "receipts { at outcome providerCode receivedAt }")
    assert refused(within, {"outer": 100, "inner": 100}) == ["COST_EXCEEDED"]
    assert refused(within, {"outer": 10, "inner": 100}) == []
    assert refused(within, {"outer": "ten", "inner": None}) == []  # coercion tells of those


@pytest.mark.parametrize(
    "query",
    [
        "",
        "{",
        "{ viewr { name } }",
        "query ($a: Nothing) { viewer { name } }",
        "{" * 10_000,
        "{ a" * 5000 + "}" * 5000,
        "{" + "a " * 200_000 + "}",
        "#x\n" * 200_000 + "{ viewer { name } }",
        "mutation { requestContact(input: { variables: " + "[" * 3000 + "]" * 3000 + " }) { replayed } }",
        '{ node(id: """' + "x" * 900_000 + '""") { id } }',
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        "type Query { a: Int }",
    ],
)
def test_what_cannot_be_a_query_is_told_as_bad_input(query: str) -> None:
    assert set(refused(query)) == {"BAD_USER_INPUT"}


def test_a_rejected_text_is_not_remembered_and_a_sound_one_is() -> None:
    documents = Documents(CORE)
    with pytest.raises(Rejected):
        documents.operation("{ nothing }", None)

    first = documents.operation("{ viewer { name } }", None)

    assert documents.operation("{ viewer { name } }", None) is first
    assert documents.remembered == 1


def test_what_is_remembered_is_bounded() -> None:
    documents = Documents(CORE, most=3)

    for number in range(10):
        documents.operation(f"query Q{number} {{ viewer {{ name }} }}", None)

    assert documents.remembered == 3


def test_the_operation_is_chosen_by_its_name() -> None:
    documents = Documents(CORE)
    query = "query A { viewer { name } } query B { viewer { role } }"

    assert documents.operation(query, "B").name == "B"
    for name in (None, "C"):
        with pytest.raises(Rejected):
            documents.operation(query, name)
