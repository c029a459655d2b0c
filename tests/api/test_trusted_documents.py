"""Operations that apps are built with: executed by their ids, and for customers no others."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.model import Role
from gateway.trusted import BadDocuments, load, sha256
from tests.api.client import Api, open_api

ROLE = "query Role { viewer { role } }"
CONSENT = """mutation Consent {
  recordConsent(input: {customerId: "x", status: GRANTED, source: "app"}) { userErrors { code } }
}"""
HASH = sha256(ROLE)
SIMPLE = {HASH: ROLE, "0f3d": CONSENT}
APOLLO: dict[str, Any] = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [
        {"id": HASH, "name": "Role", "type": "query", "body": ROLE},
        {"id": "0f3d", "name": "Consent", "type": "mutation", "body": CONSENT},
    ],
}


def file(folder: Path, content: Any) -> Path:
    made = folder / "documents.json"
    made.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return made


async def send(api: Api, role: Role = Role.CUSTOMER, **parameters: Any) -> httpx.Response:
    customer = await api.world.customer() if role is Role.CUSTOMER else None
    headers = {"Authorization": f"Bearer {await api.key(role, customer)}"}
    headers["Accept"] = "application/graphql-response+json"
    return await api.http.post("/graphql", json=parameters, headers=headers)


def apollo(hashed: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashed}}


@pytest.mark.parametrize("manifest", [SIMPLE, APOLLO], ids=["ids and texts", "Apollo's"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"documentId": f"sha256:{HASH}"},
        {"documentId": HASH},
        {"documentId": HASH, "operationName": "Role", "variables": {}},
        {"extensions": apollo(HASH)},
        {"query": ROLE},
        {"query": ROLE, "extensions": apollo(HASH)},
    ],
)
async def test_what_is_registered_is_executed_however_it_is_named(
    tmp_path: Path, manifest: Any, parameters: dict[str, Any]
) -> None:
    async with open_api(tmp_path, trusted_documents=file(tmp_path, manifest)) as api:
        response = await send(api, **parameters)

    assert response.json()["data"] == {"viewer": {"role": "CUSTOMER"}}


async def test_by_its_hash_a_document_is_found_under_any_id(tmp_path: Path) -> None:
    async with open_api(tmp_path, trusted_documents=file(tmp_path, SIMPLE)) as api:
        answers = [await send(api, documentId=id_) for id_ in ("0f3d", f"sha256:{sha256(CONSENT)}")]

    assert [one.json()["data"]["recordConsent"]["userErrors"] for one in answers] == [[{"code": "NOT_FOUND"}]] * 2


async def test_a_customer_executes_nothing_else_and_a_service_anything(tmp_path: Path) -> None:
    another = "{ viewer { name } }"
    async with open_api(tmp_path, trusted_documents=file(tmp_path, SIMPLE)) as api:
        of_customer, of_service = await send(api, query=another), await send(api, Role.SERVICE, query=another)
        almost = await send(api, query=ROLE + " ")

    assert of_customer.status_code == almost.status_code == 400
    assert of_customer.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    assert of_service.json()["data"] == {"viewer": {"name": "service"}}


@pytest.mark.parametrize(("roles", "codes"), [("", set()), ("CUSTOMER,SERVICE", {"FORBIDDEN"})])
async def test_who_is_bound_is_a_setting(tmp_path: Path, roles: str, codes: set[str]) -> None:
    settings = {"trusted_documents": file(tmp_path, SIMPLE), "trusted_document_roles": roles}
    async with open_api(tmp_path, **settings) as api:
        answers = [
            (await send(api, role, query="{ viewer { name } }")).json() for role in (Role.CUSTOMER, Role.SERVICE)
        ]

    assert {error["extensions"]["code"] for one in answers for error in one.get("errors", [])} == codes


@pytest.mark.parametrize("parameters", [{"documentId": "unknown"}, {"extensions": apollo("0" * 64)}])
@pytest.mark.parametrize("has_file", [True, False])
async def test_what_nobody_registered_is_not_found_and_stays_so(
    tmp_path: Path, parameters: dict[str, Any], has_file: bool
) -> None:
    async with open_api(tmp_path, trusted_documents=file(tmp_path, SIMPLE) if has_file else None) as api:
        response = await send(api, Role.SERVICE, **parameters)

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "NOT_FOUND"}


async def test_nothing_is_registered_by_sending_it(tmp_path: Path) -> None:
    another = "{ viewer { name } }"
    async with open_api(tmp_path) as api:
        sent = await send(api, Role.SERVICE, query=another, extensions=apollo(sha256(another)))
        asked = await send(api, Role.SERVICE, extensions=apollo(sha256(another)))

    assert "data" in sent.json()
    assert asked.json()["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


async def test_a_document_may_be_asked_for_by_get_and_a_mutation_may_not(tmp_path: Path) -> None:
    async with open_api(tmp_path, trusted_documents=file(tmp_path, SIMPLE)) as api:
        headers = {"Authorization": f"Bearer {await api.key(Role.SERVICE)}"}

        query = await api.http.get("/graphql", params={"documentId": f"sha256:{HASH}"}, headers=headers)
        mutation = await api.http.get("/graphql", params={"documentId": "0f3d"}, headers=headers)

    assert query.json()["data"] == {"viewer": {"role": "SERVICE"}}
    assert mutation.status_code == 405


@pytest.mark.parametrize(
    "parameters",
    [
        {"documentId": 1},
        {"documentId": ""},
        {"documentId": HASH, "query": ROLE},
        {"query": ROLE, "extensions": apollo("0" * 64)},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": HASH}}},
        {"extensions": {"persistedQuery": HASH}},
        {"extensions": {}},
    ],
)
async def test_what_names_no_document_is_bad_input(tmp_path: Path, parameters: dict[str, Any]) -> None:
    async with open_api(tmp_path, trusted_documents=file(tmp_path, SIMPLE)) as api:
        response = await send(api, Role.SERVICE, **parameters)

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ([ROLE], "must be an object"),
        ({}, "holds no operation"),
        ({"0f3d": 1}, "each operation a text"),
        ({"a b": ROLE}, "cannot be an id"),
        ({"x-own:1": ROLE}, "cannot be an id"),
        ({"0" * 64: ROLE}, "is not the SHA-256 of its text"),
        ({f"sha256:{'0' * 64}": ROLE}, "is not the SHA-256 of its text"),
        ({**APOLLO, "version": 2}, "only version 1"),
        ({**APOLLO, "operations": [*APOLLO["operations"], *APOLLO["operations"]]}, "given once"),
        ({**APOLLO, "operations": [ROLE]}, "each id must be a string"),
    ],
)
def test_a_file_that_cannot_be_trusted_says_why(tmp_path: Path, content: Any, says: str) -> None:
    with pytest.raises(BadDocuments, match=says):
        load(file(tmp_path, content))


@pytest.mark.parametrize("query", ["{ nothing }", "{", "{ __schema { types { name } } }"])
async def test_a_file_with_an_operation_that_cannot_be_executed_is_refused_at_the_start(
    tmp_path: Path, query: str
) -> None:
    with pytest.raises(BadDocuments, match="0f3d"):
        async with open_api(tmp_path, trusted_documents=file(tmp_path, {"0f3d": query})):
            pass


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadDocuments, match="missing"):
        load(tmp_path / "missing.json")
