"""GraphQL over HTTP: what is answered to whom, with which status."""

import gzip
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from gateway.api.app import create_app
from gateway.api.execution import Engine
from gateway.api.http import GraphQLEndpoint
from gateway.app import open_gateway
from gateway.callers import create_key
from gateway.model import Role
from tests import databases
from tests.api.client import Api, open_api

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
VIEWER = "{ viewer { role } }"
GOOD = orjson.dumps({"query": VIEWER})


async def send(api: Api, body: bytes = GOOD, method: str = "POST", **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    key = await api.key(Role.SERVICE)
    merged = {"Authorization": f"Bearer {key}", "Content-Type": JSON, "Accept": GRAPHQL, **names}
    return await api.http.request(
        method, "/graphql", content=body, headers={name: value for name, value in merged.items() if value}
    )


def code(response: httpx.Response) -> str:
    [error] = response.json()["errors"]
    return str(error["extensions"]["code"])


def body_of(**parameters: Any) -> bytes:
    return orjson.dumps({"query": VIEWER, **parameters})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b'"x"',
        b"1",
        b"true",
        b"[]",
        b"{}",
        b"{",
        b"not json",
        b'{"query": "\xff"}',
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        b"[" * 100_000 + b"]" * 100_000,
        b'{"query":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
        b"[" + GOOD + b"]",
        gzip.compress(GOOD, mtime=0),
        b'{"query": NaN}',
        body_of(query=None),
        body_of(query=""),
        body_of(query=" "),
        body_of(query=1),
        body_of(query={"a": 1}),
        body_of(query=[VIEWER]),
        body_of(operationName=1),
        body_of(operationName=["Q"]),
        body_of(operationName="Missing"),
        body_of(variables="x"),
        body_of(variables=[1]),
        body_of(variables=1),
        body_of(extensions=[]),
        body_of(extensions="x"),
        body_of(query="{"),
        body_of(query="{ nothing }"),
        body_of(query="subscription { contactChanged { id } }"),
        body_of(query="query ($a: Int!) { contacts(first: $a) { totalCount } }"),
        body_of(query="query ($a: Int) { contacts(first: $a) { totalCount } }", variables={"a": "x"}),
        body_of(query="query A { viewer { role } } query B { viewer { role } }"),
        body_of(query="fragment F on Query { viewer { role } }"),
    ],
)
async def test_what_cannot_be_executed_is_400_and_bad_input(api: Api, body: bytes) -> None:
    response = await send(api, body)

    assert response.status_code == 400
    assert "data" not in response.json()
    assert {error["extensions"]["code"] for error in response.json()["errors"]} == {"BAD_USER_INPUT"}
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"


async def test_a_good_request_is_answered(api: Api) -> None:
    response = await send(api, body_of(operationName=None, variables=None, extensions={"a": 1}, more=1))

    assert response.status_code == 200
    assert response.json()["data"] == {"viewer": {"role": "SERVICE"}}


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (f"{JSON}; charset=utf-8", JSON),
        (GRAPHQL, GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        # urql, as it comes
        (f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),
        (f"{JSON};q=0, */*", GRAPHQL),
        ("text/html, */*;q=0.1", JSON),
    ],
)
async def test_the_answer_is_of_the_kind_that_was_asked_for(api: Api, accept: str, answered: str) -> None:
    response = await send(api, Accept=accept)

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("accept", ["text/html", "text/event-stream", "multipart/mixed", f"{JSON}; charset=latin-1"])
async def test_what_cannot_be_given_is_406(api: Api, accept: str) -> None:
    assert (await send(api, Accept=accept)).status_code == 406


async def test_to_application_json_a_well_formed_request_is_200_whatever_is_wrong_with_it(api: Api) -> None:
    for query in ("{", "{ nothing }", "query ($a: Int!) { contacts(first: $a) { totalCount } }"):
        response = await send(api, body_of(query=query), Accept=JSON)

        assert response.status_code == 200
        assert code(response) == "BAD_USER_INPUT"
        assert "data" not in response.json()


async def test_to_application_json_a_request_that_is_not_well_formed_is_400(api: Api) -> None:
    for body in (b"{", b"null", b"[]", body_of(variables="x")):
        assert (await send(api, body, Accept=JSON)).status_code == 400


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql"],
)
async def test_what_a_form_could_send_is_not_taken(api: Api, kind: str) -> None:
    assert (await send(api, Content_Type=kind)).status_code == 415


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ('Application/JSON; charset="UTF-8"', 200),
        ("application/json; charset=utf-16", 415),
    ],
)
async def test_json_is_utf_8(api: Api, kind: str, status: int) -> None:
    assert (await send(api, Content_Type=kind)).status_code == status


async def test_a_compressed_body_is_not_taken(api: Api) -> None:
    assert (await send(api, gzip.compress(GOOD), Content_Encoding="gzip")).status_code == 415


async def test_a_body_that_is_too_large_is_413_whether_it_says_so_or_not(api: Api) -> None:
    key = await api.key(Role.SERVICE)
    large = body_of(query="#" * api.world.gateway.settings.max_body_bytes)

    async def parts() -> AsyncIterator[bytes]:
        yield large[:1000]
        yield large[1000:]

    said = await send(api, large)
    unsaid = await api.http.post(
        "/graphql", content=parts(), headers={"Authorization": f"Bearer {key}", "Content-Type": JSON}
    )

    assert (said.status_code, unsaid.status_code) == (413, 413)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_405_and_told_which_there_are(api: Api, method: str) -> None:
    response = await send(api, method=method)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("key", "challenge"),
    [
        ("", "Bearer"),
        ("Bearer", "Bearer"),
        ("Bearer ", "Bearer"),
        ("Basic dXNlcjpwYXNz", "Bearer"),
        ("wrong", "Bearer"),
        ("Bearer wrong", 'Bearer error="invalid_token"'),
        ("Bearer 客", 'Bearer error="invalid_token"'),
        ("bearer cgk_wrong", 'Bearer error="invalid_token"'),
        ("Bearer cgt_a.b.c", 'Bearer error="invalid_token"'),
        ("Bearer a.b.c", 'Bearer error="invalid_token"'),
        ("Bearer " + "a" * 20_000, 'Bearer error="invalid_token"'),
    ],
)
async def test_without_a_key_nothing_is_answered(api: Api, key: str, challenge: str) -> None:
    headers = {b"Content-Type": JSON.encode(), b"Accept": JSON.encode(), b"Authorization": key.encode()}

    response = await api.http.post("/graphql", content=GOOD, headers=headers)

    assert response.status_code == 401
    assert code(response) == "UNAUTHENTICATED"
    assert response.headers["www-authenticate"] == challenge


async def get(api: Api, accept: str = GRAPHQL, **parameters: str) -> httpx.Response:
    key = await api.key(Role.SERVICE)
    headers = {"Authorization": f"Bearer {key}", "Accept": accept}
    return await api.http.get("/graphql", params=parameters, headers=headers)


async def test_a_query_may_come_by_get(api: Api) -> None:
    query = "query Q($is: Boolean!) { viewer { role name @include(if: $is) } }"

    response = await get(api, query=query, variables='{"is": false}', operationName="Q")

    assert response.json()["data"] == {"viewer": {"role": "SERVICE"}}


async def test_a_mutation_may_not(api: Api) -> None:
    response = await get(
        api, query='mutation { claimNextCallback(input: {idempotencyKey: "k"}) { userErrors { code } } }'
    )

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"query": ""},
        {"query": VIEWER, "variables": "{"},
        {"query": VIEWER, "variables": "[1]"},
        {"query": VIEWER, "extensions": "x"},
        {"query": VIEWER, "operationName": "Missing"},
        {f"x{n}": "1" for n in range(30)},
    ],
)
async def test_a_bad_get_is_400(api: Api, parameters: dict[str, str]) -> None:
    assert (await get(api, **parameters)).status_code == 400


async def test_a_get_that_is_not_utf_8_is_400(api: Api) -> None:
    key = await api.key(Role.SERVICE)

    response = await api.http.get(
        httpx.URL("http://gateway.test/graphql", query=b"query=%ff%fe"), headers={"Authorization": f"Bearer {key}"}
    )

    assert response.status_code == 400


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize("setting", ["graphiql", "sandbox"])
async def test_a_browser_is_shown_graphiql_where_it_is_wanted_and_needs_no_key_for_that(
    tmp_path: Path, setting: str
) -> None:
    async with open_api(tmp_path, **{setting: True}) as api:
        response = await api.http.get("/graphql", headers={"Accept": BROWSER})

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "graphiql" in response.text


async def test_elsewhere_a_browser_is_answered_like_any_other_client(api: Api) -> None:
    response = await api.http.get("/graphql", headers={"Accept": BROWSER})

    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert "graphiql" not in response.text


async def test_reasons_come_in_the_callers_language(api: Api) -> None:
    query = """query ($id: ID!) { previewContact(input: {customerId: $id, purpose: FOLLOW_UP, channel: SMS}) {
        findings { reason rule { title } } } }"""
    customer = await api.world.customer("CN")
    variables = {"id": api.id(customer)}

    chinese = await api.data(query, variables, **{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    english = await api.data(query, variables, **{"Accept-Language": "en-GB, zh;q=0.5"})
    other = await api.data(query, variables, **{"Accept-Language": "fr"})

    assert other == english
    assert all(has_chinese(finding["reason"]) for finding in chinese["previewContact"]["findings"])
    assert not any(has_chinese(finding["reason"]) for finding in english["previewContact"]["findings"])


def has_chinese(text: str) -> bool:
    return any("一" <= letter <= "鿿" for letter in text)


async def test_a_failure_before_anything_ran_is_told_without_its_text(api: Api) -> None:
    await api.key(Role.SERVICE)
    async with api.world.gateway.database.write() as work:
        await work.run(text("ALTER TABLE api_key RENAME TO gone"))

    with capture_logs() as logs:
        response = await send(api)

    assert (response.status_code, code(response)) == (500, "INTERNAL")
    assert "api_key" not in response.text + str(logs)
    assert logs[0]["exception"] in ("sqlalchemy.exc.OperationalError", "sqlalchemy.exc.ProgrammingError")


@pytest.mark.parametrize("levels", [100, 500, 1000])
async def test_variables_that_are_nested_deeply_are_bad_input(api: Api, levels: int) -> None:
    customer = await api.world.customer()
    given = {"idempotencyKey": "k", "customerId": api.id(customer), "purpose": "FOLLOW_UP", "variables": {"a": 0}}
    body = body_of(
        query="mutation ($i: RequestContactInput!) { requestContact(input: $i) { userErrors { code field } } }",
        variables={"i": given},
    ).replace(b'{"a":0}', b'{"a":' * levels + b"0" + b"}" * levels)

    answer = (await send(api, body)).json()

    if "data" in answer:
        assert answer["data"]["requestContact"]["userErrors"][0]["field"][0] == "variables"
    else:
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


async def test_the_sandboxs_clock_can_be_moved(tmp_path: Path) -> None:
    settings = databases.settings(tmp_path, sandbox=True)
    async with open_gateway(settings) as gateway:
        key = await create_key(gateway.database, Role.ADMIN, "admin")
        transport = httpx.ASGITransport(create_app(gateway))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as http:
            later = gateway.clock() + timedelta(days=1)
            query = "mutation ($to: DateTime!) { advanceClock(to: $to) { now userErrors { field } } }"

            async def move(to: str) -> Any:
                body = {"query": query, "variables": {"to": to}}
                response = await http.post("/graphql", json=body, headers={"Authorization": f"Bearer {key}"})
                return response.json()["data"]["advanceClock"]

            moved = await move(later.isoformat())
            back = await move("2020-01-01T00:00:00Z")

    assert datetime.fromisoformat(moved["now"]) >= later
    assert back == {"now": None, "userErrors": [{"field": ["to"]}]}


async def test_what_takes_too_long_is_told_so(api: Api) -> None:
    impatient = GraphQLEndpoint(api.world.gateway, Engine(api.world.gateway, time_limit=0.05))
    hold = 'mutation { placeHold(input: {customerId: "%s", kind: CEASE}) { hold { id } } }'
    customer = await api.world.customer()
    headers = {"Authorization": f"Bearer {await api.key(Role.SERVICE)}", "Accept": GRAPHQL}

    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(impatient), base_url="http://gateway.test") as http,
        api.world.gateway.database.write() as work,
    ):
        await work.lock([customer.id])  # whoever wants to write of this customer waits
        late = await http.post("/graphql", json={"query": hold % api.id(customer)}, headers=headers)
    done = await api.ask(hold % api.id(customer))

    assert (late.status_code, code(late)) == (504, "TIMEOUT")
    assert "data" in done


@pytest.mark.parametrize(("path", "said"), [("/health", "up"), ("/ready", "ready")])
async def test_health_and_readiness_need_no_key(api: Api, path: str, said: str) -> None:
    response = await api.http.get(path)

    assert response.status_code == 200
    assert response.json() == {"status": said}


async def test_a_gateway_without_its_database_is_up_but_not_ready(tmp_path: Path) -> None:
    if databases.is_server():
        pytest.skip("takes the file away; a server that is away: tests/reliability/test_outages.py")
    async with open_api(tmp_path) as api:
        await api.world.gateway.database.close()
        (tmp_path / "gateway.db").unlink()
        (tmp_path / "gateway.db").mkdir()

        assert (await api.http.get("/health")).status_code == 200
        assert (await api.http.get("/ready")).status_code == 503
