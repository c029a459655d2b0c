"""What browsers are told with every answer, and which sites' pages are let in."""

from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from gateway.api.headers import policy_of_page
from gateway.model import Role
from gateway.settings import Settings
from tests.api.client import Api, open_api

APP = "https://app.lender.example"
PREFLIGHT = {
    "Origin": APP,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type",
}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/graphql"),
        ("GET", "/graphql"),
        ("OPTIONS", "/graphql"),
        ("GET", "/health"),
        ("GET", "/ready"),
        ("GET", "/unsubscribe/unknown"),
        ("GET", "/survey/unknown"),
        ("POST", "/webhooks/unknown"),
        ("GET", "/nothing"),
        ("DELETE", "/health"),
    ],
)
async def test_every_answer_says_how_a_browser_should_treat_it(tmp_path: Path, method: str, path: str) -> None:
    async with open_api(tmp_path, public_url="https://contact.lender.example") as api:
        headers = (await api.http.request(method, path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert len(headers.get_list("content-security-policy")) == 1
    assert "server" not in headers


async def test_over_plain_http_nobody_is_told_to_come_by_https(api: Api) -> None:
    assert "strict-transport-security" not in (await api.http.get("/health")).headers


async def test_graphiql_loads_and_runs_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    async with open_api(tmp_path, graphiql=True) as api:
        page = await api.http.get("/graphql", headers={"Accept": "text/html"})

    rules = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert rules["script-src"].count(".js") == 3
    assert rules["script-src"].count("'sha256-") == 1
    assert "unsafe" not in rules["script-src"]


def test_a_script_that_is_changed_is_another_one() -> None:
    page = "<script>alert(1)</script>"

    # printf 'alert(1)' | openssl dgst -sha256 -binary | base64
    assert b"'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='" in policy_of_page(page)


async def ask(api: Api, **headers: str) -> httpx.Response:
    key = await api.key(Role.SERVICE)
    return await api.http.post(
        "/graphql", json={"query": "{ viewer { role } }"}, headers={"Authorization": f"Bearer {key}", **headers}
    )


async def test_by_default_no_site_is_let_in(api: Api) -> None:
    asked, preflight = await ask(api, Origin=APP), await api.http.options("/graphql", headers=PREFLIGHT)

    assert not [name for name in (*asked.headers, *preflight.headers) if name.startswith("access-control-")]
    assert preflight.status_code == 405


async def test_a_site_of_the_setting_is_let_in_and_its_browser_told_so(tmp_path: Path) -> None:
    async with open_api(tmp_path, cors_origins=f"{APP}, http://localhost:3000") as api:
        preflight = await api.http.options("/graphql", headers=PREFLIGHT)
        asked = await ask(api, Origin=APP)
        refused = await api.http.post("/graphql", headers={"Origin": APP})

    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight.headers["access-control-allow-origin"] == APP
    assert preflight.headers["access-control-allow-methods"] == "GET, POST"
    assert preflight.headers["access-control-allow-headers"] == "Authorization, Content-Type"
    assert preflight.headers["access-control-max-age"] == "600"
    for answer in (asked, refused):  # else the page could not read what is wrong
        assert answer.headers["access-control-allow-origin"] == APP
        assert "Origin" in answer.headers["vary"]
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        "https://app.lender.example.evil.example",
        "https://evil-app.lender.example",
        "https://sub.app.lender.example",
        "http://app.lender.example",
        "https://app.lender.example:8443",
        "HTTPS://APP.LENDER.EXAMPLE",
        "https://app.lender.example/",
    ],
)
async def test_another_site_is_not_let_in_however_alike_it_looks(tmp_path: Path, origin: str) -> None:
    async with open_api(tmp_path, cors_origins=APP) as api:
        asked = await ask(api, Origin=origin)
        preflight = await api.http.options("/graphql", headers={**PREFLIGHT, "Origin": origin})

    assert "access-control-allow-origin" not in asked.headers
    assert "access-control-allow-origin" not in preflight.headers
    assert preflight.status_code == 405
    assert "Origin" in asked.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["*", "null", "app.lender.example", APP + "/", "https://*.lender.example", APP.upper()]
)
def test_a_setting_that_no_browser_would_send_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="an origin is"):
        Settings(cors_origins=(origin,))


async def test_health_says_nothing_but_that_we_are_up(api: Api) -> None:
    assert (await api.http.get("/health")).json() == {"status": "up"}
    assert (await api.http.get("/ready")).json() == {"status": "ready"}
