"""What a caller is told when something goes wrong, and what nobody is."""

import logging
from typing import Any

import pytest
from graphql import GraphQLError, located_error
from structlog.testing import capture_logs

from gateway.api.documents import Documents, Rejected
from gateway.api.errors import (
    ApiError,
    Code,
    internal,
    presented,
    rejected,
    take_over_library_logs,
)
from gateway.api.schema import CORE
from gateway.model import Role, Unacceptable, UserError, UserErrorCode
from tests.api.client import Api

SECRET = "+49 30 1234567"

REGISTER = "mutation ($i: RegisterCustomerInput!) { registerCustomer(input: $i) { userErrors { code } } }"
NODE = "query ($id: ID!) { node(id: $id) { id } }"
GOOD = {
    "reference": "C",
    "locale": "en",
    "jurisdiction": "UK",
    "contactPoints": [{"channel": "SMS", "address": SECRET}],
}


def test_what_a_resolver_raises_is_masked_and_logged_without_its_text() -> None:
    def resolve() -> None:
        raise ValueError(f"could not parse {SECRET}")

    try:
        resolve()
    except ValueError as error:
        raised = located_error(error, None, ["contact", "customer"])

    with capture_logs() as logs:
        shown = presented(raised)

    [logged] = logs
    assert shown["extensions"]["code"] == "INTERNAL"
    assert shown["extensions"]["errorId"] == logged["error_id"]
    assert logged["exception"] == "builtins.ValueError"
    assert "resolve" in logged["at"][-1]
    assert SECRET not in str(shown) + str(logged)


def test_an_error_of_ours_is_told_as_it_is_with_its_place() -> None:
    error = located_error(ApiError(Code.NOT_FOUND, "no such thing", field=["id"]), None, ["node"])

    assert presented(error) == {
        "message": "no such thing",
        "path": ["node"],
        "extensions": {"code": "NOT_FOUND", "field": ["id"]},
    }


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (UserErrorCode.INVALID, "BAD_USER_INPUT"),
        (UserErrorCode.MISSING, "BAD_USER_INPUT"),
        (UserErrorCode.TOO_LATE, "BAD_USER_INPUT"),
        (UserErrorCode.NOT_FOUND, "NOT_FOUND"),
        (UserErrorCode.CONFLICT, "CONFLICT"),
    ],
)
def test_what_a_caller_can_mend_in_a_query_names_its_argument(code: UserErrorCode, told: str) -> None:
    error = located_error(Unacceptable(UserError(code, "is wrong", ("from",))), None, ["contacts"])

    assert presented(error)["message"] == "from: is wrong"
    assert presented(error)["extensions"] == {"code": told, "field": ["from"]}


def test_an_error_outside_of_any_field_is_masked_too() -> None:
    with capture_logs() as logs:
        shown = internal(RuntimeError(SECRET))

    assert shown["extensions"]["code"] == "INTERNAL"
    assert SECRET not in str(shown) + str(logs)


@pytest.mark.parametrize(
    "query",
    [
        f'{{ node(id: {{a: "{SECRET}"}}) {{ id }} }}',
        f'{{ node(id: "a" "{SECRET}") {{ id }} }}',
        f'{{ node(id: """a""" """{SECRET}""") {{ id }} }}',
        f'{{ node(id: "{SECRET}) {{ id }} }}',
        f'{{ contacts(first: "{SECRET}") {{ totalCount }} }}',
        f'{{ customer(by: {{id: "{SECRET}", reference: "b"}}) {{ id }} }}',
        f'{{ customer(by: {{phone: "{SECRET}"}}) {{ id }} }}',
        f'{{ contacts(filter: {{status: "{SECRET}"}}) {{ totalCount }} }}',
        f'{{ contacts(filter: {{from: ["{SECRET}"]}}) {{ totalCount }} }}',
        f'{{ node(id: "\\u{{49{SECRET}"}}") {{ id }} }}',
    ],
)
def test_a_query_that_is_wrong_is_not_repeated(query: str) -> None:
    with pytest.raises(Rejected) as refused:
        Documents(CORE).operation(query, None)

    for error in refused.value.errors:
        shown = rejected(error)
        assert shown["extensions"] == {"code": "BAD_USER_INPUT"}
        assert "1234567" not in str(shown)


@pytest.mark.parametrize(
    ("query", "variables", "place"),
    [
        (REGISTER, {"i": {**GOOD, "phone": SECRET}}, "'$i'"),
        (REGISTER, {"i": {**GOOD, "contactPoints": [{"channel": SECRET, "address": "x"}]}}, "contactPoints[0].channel"),
        (REGISTER, {"i": {**GOOD, "contactPoints": [{"channel": 5, "address": SECRET}]}}, "contactPoints[0].channel"),
        (REGISTER, {"i": {**GOOD, "contactPoints": [{"channel": "SMS", "address": [SECRET]}]}}, "[0].address"),
        (REGISTER, {"i": {**GOOD, "contactPoints": [SECRET]}}, "contactPoints[0]"),
        (REGISTER, {"i": {**GOOD, "locale": {"a": SECRET}}}, "locale"),
        (REGISTER, {"i": {"name": SECRET}}, "reference"),
        (REGISTER, {"i": SECRET}, "'$i'"),
        (REGISTER, {}, "'$i'"),
        (NODE, {"id": {"a": SECRET}}, "'$id'"),
        (NODE, {"id": None}, "'$id'"),
    ],
)
async def test_variables_that_are_wrong_are_told_by_their_place_and_not_repeated(
    api: Api, query: str, variables: dict[str, Any], place: str
) -> None:
    answer = await api.ask(query, variables)

    assert "data" not in answer
    for error in answer["errors"]:
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert place in answer["errors"][0]["message"]
    assert "1234567" not in str(answer)


async def test_a_failure_of_ours_is_internal_and_hides_nothing_else(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = await api.world.customer()
    await api.world.bill(customer)
    monkeypatch.setattr("gateway.api.types.bill.days_overdue", lambda *_: {}[SECRET])
    query = "query ($id: ID!) { customer(by: {id: $id}) { reference bills { nodes { daysOverdue } } } viewer { role } }"

    with capture_logs() as logs:
        answer = await api.ask(query, {"id": api.id(customer)})

    assert answer["data"] == {"customer": None, "viewer": {"role": "SERVICE"}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL"]
    assert [logged["exception"] for logged in logs] == ["builtins.KeyError"]


def test_what_libraries_log_loses_its_text() -> None:
    take_over_library_logs()

    with capture_logs() as logs:
        logging.getLogger("strawberry.execution").error("%s", SECRET, exc_info=GraphQLError(SECRET))
        logging.getLogger("graphql").warning(SECRET)

    assert [logged["logger"] for logged in logs] == ["strawberry.execution", "graphql"]
    assert SECRET not in str(logs)


async def test_no_query_reaches_a_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with capture_logs() as logs:
        await api.ask(f'{{ node(id: "{SECRET}") {{ id }} nothing }}', role=Role.ADMIN)
        await api.ask(f'{{ node(id: "{SECRET}") {{ id }} }}', role=Role.ADMIN)

    assert SECRET not in str(logs) + caplog.text
