"""Who may ask the API what it can do; `tests/api/attacks.py` has the ways in which others try."""

from pathlib import Path

import pytest
from graphql import build_client_schema, get_introspection_query

from gateway.model import Role
from tests.api.client import Api, open_api

SCHEMA = "{ __schema { queryType { name } } }"
WRONG = "{ viewr { role } }"


@pytest.mark.parametrize("role", [Role.SERVICE, Role.ADMIN])
async def test_tools_of_developers_get_the_whole_schema(api: Api, role: Role) -> None:
    answer = await api.data(get_introspection_query(), role=role)

    assert "contacts" in build_client_schema(answer).query_type.fields  # type: ignore[arg-type,union-attr]


@pytest.mark.parametrize("role", [Role.AGENT, Role.COMPLIANCE])
async def test_others_get_what_they_would_for_any_field_that_is_not_there(api: Api, role: Role) -> None:
    error = await api.error(SCHEMA, role=role)
    of_unknown = await api.error(SCHEMA.replace("__schema", "__shcema"), role=role)

    assert str(error).replace("__schema", "__shcema") == str(of_unknown)


async def test_what_a_developer_asked_before_opens_nothing_to_a_customer(api: Api) -> None:
    customer = await api.world.customer()
    await api.data(SCHEMA)

    error = await api.error(SCHEMA, customer=customer)

    assert error["message"] == "Cannot query field '__schema' on type 'Query'."


async def test_developers_are_told_what_they_may_have_meant_and_customers_are_not(api: Api) -> None:
    customer = await api.world.customer()

    to_service, to_customer = await api.error(WRONG), await api.error(WRONG, customer=customer)

    assert "Did you mean 'viewer'" in to_service["message"]
    assert to_customer["message"] == "Cannot query field 'viewr' on type 'Query'."


async def test_in_the_sandbox_everybody_may_look(tmp_path: Path) -> None:
    async with open_api(tmp_path, sandbox=True) as api:
        answer = await api.data(SCHEMA, customer=await api.world.customer())

    assert answer == {"__schema": {"queryType": {"name": "Query"}}}
