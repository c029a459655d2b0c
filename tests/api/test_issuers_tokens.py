"""Tokens of an OpenID Connect issuer at the door of the API: the whole way, over HTTP and WebSocket."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.api.execution import Engine
from gateway.api.websocket import GraphQLWebSocket
from tests.api.client import Api, open_api
from tests.api.test_websocket import followers, line, served
from tests.issuer import LocalIssuer, answering, open_issuer
from tests.world import NOON_IN_CHINA

NOW = int(NOON_IN_CHINA.timestamp())
VIEWER = "{ viewer { role name customer { reference } } }"


@pytest.fixture
async def local() -> AsyncIterator[LocalIssuer]:
    async with open_issuer() as issuer:
        yield issuer


@pytest.fixture
async def api(local: LocalIssuer, tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path, **local.settings()) as api:
        yield api


async def test_an_agent_comes_in_with_their_name(api: Api, local: LocalIssuer) -> None:
    viewer = (await api.data(VIEWER, bearer=local.token()))["viewer"]

    assert viewer == {"role": "AGENT", "name": "Li Lei", "customer": None}


async def test_a_customer_comes_in_as_themselves(api: Api, local: LocalIssuer) -> None:
    await api.world.customer(reference="C-77")

    viewer = (await api.data(VIEWER, bearer=local.token(customer="C-77")))["viewer"]

    assert viewer == {"role": "CUSTOMER", "name": "customer", "customer": {"reference": "C-77"}}


async def test_every_token_that_opens_nothing_gets_the_same_answer(api: Api, local: LocalIssuer) -> None:
    bad = [
        local.token(exp=NOW - 60),
        local.token(aud="other"),
        local.token(kid="nobody"),
        local.token(signer="attacker"),
        local.token(customer="C-nobody"),
        local.token(roles=["strangers"]),
        "cgk_" + "x" * 43,
    ]

    answers = [await api.post(VIEWER, bearer=token) for token in bad]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer error="invalid_token"'}
    assert len({answer.content for answer in answers}) == 1


async def test_while_the_issuer_is_away_our_own_keys_open_and_new_tokens_do_not(api: Api, local: LocalIssuer) -> None:
    local.instead = {"/.well-known/openid-configuration": answering({}, "503 Service Unavailable")}

    ours = await api.post(VIEWER)
    theirs = await api.post(VIEWER, bearer=local.token())

    assert (ours.status_code, theirs.status_code) == (200, 401)


async def test_a_quiet_line_ends_with_its_token(api: Api, local: LocalIssuer) -> None:
    restless = GraphQLWebSocket(api.world.gateway, Engine(api.world.gateway), look=0.01)
    async with served(api, restless) as url, line(url) as one:
        await one.begin(local.token(exp=NOW + 100))
        await one.follow()
        await followers(api, 1)

        api.world.clock.advance(NOON_IN_CHINA + timedelta(seconds=160))  # the issuer's clock may be a minute off

        assert await one.closed() == (4403, "Forbidden")
