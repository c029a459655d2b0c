"""Every audit of the npm package graphql-http (1.23.1), by its id: MUSTs, SHOULDs and MAYs of GraphQL over HTTP.

The package's own runner says the same of `gateway serve`: see tests/api/graphql_http_audits.mjs.
"""

from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest

from gateway.model import Role
from tests.api.client import Api

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
TYPENAME = "{ __typename }"
TYPE = "query Type($name: String!) { __type(name: $name) { name } }"
UNKNOWN = "{ f31403dfe404bccbb0e835f2629c6a7 }"
COERCION = {"query": "query CoerceFailure($id: ID!) { __typename }", "variables": {"id": None}}
NO_OBJECTS: list[Any] = ["string", 0, False, ["array"]]
NO_STRINGS: list[Any] = [{"obj": "ect"}, 0, False, ["array"]]


@dataclass(frozen=True)
class Audit:
    id: str
    status: range = range(200, 201)
    body: Any = None  #: bytes as they are, else as JSON; None: by GET
    accept: str | None = None
    content_type: str | None = JSON
    parameters: dict[str, str] | None = None
    kind: str | None = None  #: of the answer
    errors: bool | None = None
    data: bool | None = None

    async def ask(self, api: Api) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await api.key(Role.SERVICE)}", "Accept": self.accept or ""}
        if self.parameters is not None:
            return await api.http.get("/graphql", params=self.parameters, headers=_given(headers))
        body = self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)
        headers["Content-Type"] = self.content_type or ""
        return await api.http.post("/graphql", content=body, headers=_given(headers))


def _given(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if value}


OK, BAD, BAD_OR_WORSE = range(200, 201), range(400, 401), range(400, 600)
CLIENT_ERROR = range(400, 500)


def each_way(graphql: str, json: str, **more: Any) -> list[Audit]:
    """The SHOULD for one media type and the MUST for the other."""
    return [Audit(graphql, accept=GRAPHQL, **more), Audit(json, accept=JSON, errors=False, **more)]


AUDITS = [
    Audit("22EB", body={"query": TYPENAME}, accept=GRAPHQL, kind=GRAPHQL),
    Audit("4655", body={"query": TYPENAME}, accept=JSON, kind=JSON),
    Audit("47DE", body={"query": TYPENAME}, accept="*/*", kind=JSON),
    Audit("80D8", body={"query": TYPENAME}, kind=JSON),
    Audit("82A3", body={"query": TYPENAME}),
    Audit("BF61", body={"query": '{ __type(name: "Run🏃Swim🏊") { name } }'}, content_type=f"{JSON}; charset=utf-8"),
    Audit("78D5", body={"query": TYPENAME}),
    Audit("2C94", body={"query": TYPENAME}),
    Audit("5A70", parameters={"query": TYPENAME}),
    Audit("9C48", CLIENT_ERROR, parameters={"query": "mutation { __typename }"}, accept=GRAPHQL),
    Audit("9ABE", CLIENT_ERROR, body={"query": TYPENAME}, content_type="text/plain;charset=UTF-8"),
    Audit("03D4", body={"query": TYPENAME}),
    Audit("A5BF", BAD, body=b""),
    Audit("423L", BAD, body={"notquery": TYPENAME}, accept=GRAPHQL),
    *(Audit(f"LKJ{n}", BAD, body={"query": invalid}) for n, invalid in enumerate(NO_STRINGS)),
    *each_way("34A2", "13EE", body={"query": TYPENAME}),
    *(
        Audit(f"6C0{n}", BAD, body={"operationName": invalid, "query": TYPENAME})
        for n, invalid in enumerate(NO_STRINGS)
    ),
    *each_way("8161", "B8B3", body={"operationName": "Query", "query": "query Query { __typename }"}),
    *(
        Audit(f"{id_}{n}", body={"query": TYPENAME, parameter: None}, accept=accept, errors=False)
        for n, parameter in enumerate(("variables", "operationName", "extensions"))
        for id_, accept in (("94B", GRAPHQL), ("022", JSON))
    ),
    *(Audit(f"476{n}", BAD, body={"query": TYPENAME, "variables": one}) for n, one in enumerate(NO_OBJECTS)),
    *each_way("2EA1", "28B9", body={"query": TYPE, "variables": {"name": "sometype"}}),
    *(
        Audit(id_, parameters={"query": TYPE, "variables": '{"name":"sometype"}'}, accept=accept, errors=False)
        for id_, accept in (("D6D5", GRAPHQL), ("6A70", JSON))
    ),
    *(Audit(f"58B{n}", BAD, body={"query": TYPENAME, "extensions": one}) for n, one in enumerate(NO_OBJECTS)),
    *each_way("428F", "1B7A", body={"query": TYPENAME, "extensions": {"some": "value"}}),
    Audit("B6DC", range(200, 600), body=b'{ "not a JSON', accept=JSON),
    Audit("BCF8", BAD, body=b'{ "not a JSON', accept=JSON),
    Audit("B7N8", BAD, body=b'{ "not a JSON', accept=GRAPHQL),
    Audit("8764", BAD_OR_WORSE, body={"qeury": TYPENAME}),
    Audit("3E3A", BAD, body={"qeury": TYPENAME}),
    Audit("572B", body={"query": "{"}, accept=JSON),
    Audit("FDE2", body={"query": UNKNOWN}, accept=JSON),
    Audit("7B9B", body=COERCION, accept=JSON),
    Audit("865D", BAD_OR_WORSE, body={"query": "{"}, accept=GRAPHQL),
    Audit("556A", BAD, body={"query": "{"}, accept=GRAPHQL),
    Audit("D586", BAD, body={"query": "{"}, accept=GRAPHQL, data=False),
    Audit("51FE", BAD_OR_WORSE, body={"query": UNKNOWN}, accept=GRAPHQL),
    Audit("74FF", BAD, body={"query": UNKNOWN}, accept=GRAPHQL),
    Audit("5E5B", BAD, body={"query": UNKNOWN}, accept=GRAPHQL, data=False),
    Audit("86EE", BAD, body=COERCION, accept=GRAPHQL),
]


@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.id)
async def test_the_audit_is_passed(api: Api, audit: Audit) -> None:
    response = await audit.ask(api)

    assert response.status_code in audit.status
    assert audit.kind is None or response.headers["content-type"].startswith(audit.kind)
    answer = orjson.loads(response.content.decode("utf-8"))
    assert audit.errors is None or ("errors" in answer) is audit.errors
    assert audit.data is None or ("data" in answer) is audit.data


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_bc58_who_may_not_ask_is_401_whatever_they_accept(api: Api, accept: str) -> None:
    response = await api.http.post("/graphql", json={"query": TYPENAME}, headers={"Accept": accept})

    assert response.status_code == 401
    assert response.headers["content-type"].startswith(accept)
