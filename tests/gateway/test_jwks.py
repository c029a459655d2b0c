"""The issuer's keys: read when they are needed, not more often, and not believed for ever."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from gateway.jwks import (
    FRESH_SECONDS,
    LARGEST_ANSWER,
    MOST_KEYS,
    PAUSE_SECONDS,
    STALE_SECONDS,
    PublishedKeys,
    is_safe,
)
from tests.issuer import LocalIssuer, answering, jwk, open_issuer, private_key

CONFIGURATION = "/.well-known/openid-configuration"
ONCE = [CONFIGURATION, "/keys"]
"""What is asked when the keys are read."""


@dataclass
class Asking:
    """The keys of a local issuer, and seconds that pass when a test says so."""

    local: LocalIssuer
    keys: PublishedKeys
    seconds: float = 1000.0

    async def finds(self, kid: str = "first", algorithm: str = "RS256") -> bool:
        return await self.keys.find(kid, algorithm) is not None


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    async with open_issuer() as local:
        yield (one := _asking(local))
        await one.keys.close()


def _asking(local: LocalIssuer, url: str = "") -> Asking:
    client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
    one = Asking(local, PublishedKeys(client, local.url, url, lambda: one.seconds))
    return one


async def test_keys_are_read_once_and_remembered(asking: Asking) -> None:
    found = [await asking.finds() for _ in range(5)]
    asking.seconds += FRESH_SECONDS - 1
    found.append(await asking.finds())

    assert found == [True] * 6
    assert asking.local.asked == ONCE


async def test_where_the_address_is_set_the_configuration_is_not_asked() -> None:
    async with open_issuer() as local:
        asking = _asking(local, f"{local.url}/own")

        assert await asking.finds()
        assert local.asked == ["/own"]
        await asking.keys.close()


async def test_a_new_key_is_found_when_a_token_names_it(asking: Asking) -> None:
    await asking.finds()
    asking.local.publish("ES256", kid="second")
    asking.seconds += PAUSE_SECONDS

    assert await asking.finds("second", "ES256")
    assert await asking.finds()
    assert asking.local.asked == ONCE * 2


async def test_a_key_that_is_withdrawn_opens_nothing_once_the_keys_are_read_again(asking: Asking) -> None:
    before = await asking.finds()
    asking.local.withdraw("first")
    asking.seconds += FRESH_SECONDS - 1
    remembered = await asking.finds()
    asking.seconds += 1
    after = await asking.finds()

    assert (before, remembered, after) == (True, True, False)


async def test_a_flood_of_unknown_keys_is_no_flood_to_the_issuer(asking: Asking) -> None:
    found = [await asking.finds(f"unknown {number}") for number in range(100)]
    asking.seconds += PAUSE_SECONDS - 0.1
    found += [await asking.finds(f"unknown {number}") for number in range(100)]

    assert not any(found)
    assert asking.local.asked == ONCE


async def test_who_asks_at_the_same_time_waits_for_the_same_answer(asking: Asking) -> None:
    asking.local.ready = asyncio.Event()
    waiting = [asyncio.create_task(asking.finds()) for _ in range(20)]
    while not asking.local.asked:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.001)
    waiting[0].cancel()
    asking.local.ready.set()

    found = await asyncio.gather(*waiting[1:])

    assert found == [True] * 19
    assert asking.local.asked == ONCE


async def test_while_the_issuer_is_away_known_keys_go_on_for_an_hour(asking: Asking) -> None:
    await asking.finds()
    asking.local.instead = {CONFIGURATION: answering({}, "503 Service Unavailable")}

    asking.seconds += STALE_SECONDS - 1
    with capture_logs() as logs:
        within = [await asking.finds(), await asking.finds(), await asking.finds("unknown")]
    asking.seconds += 1
    beyond = await asking.finds()
    asking.local.instead = {}
    asking.seconds += PAUSE_SECONDS
    again = await asking.finds()

    assert within == [True, True, False]
    assert [one["why"] for one in logs] == ["it answered 503"]
    assert (beyond, again) == (False, True)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (CONFIGURATION, answering({}, "302 Found", "Location: /keys")),
        (CONFIGURATION, answering([])),
        (CONFIGURATION, answering(b"<html>")),
        ("/keys", answering({}, "302 Found", "Location: /other")),
        ("/keys", answering({}, "404 Not Found")),
        ("/keys", answering({})),
        ("/keys", answering({"keys": {}})),
        ("/keys", answering({"keys": [{}] * (MOST_KEYS + 1)})),
        ("/keys", answering(b"[" * 100_000)),
        ("/keys", answering(b" " * (LARGEST_ANSWER + 1) + b'{"keys": []}')),
        ("/keys", answering(b"\x1f\x8b\x08", "200 OK", "Content-Encoding: gzip")),
        ("/keys", b"nothing that is HTTP\r\n\r\n"),
        ("/keys", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
    ],
)
async def test_an_answer_that_cannot_be_used_changes_nothing(asking: Asking, path: str, answer: bytes) -> None:
    await asking.finds()
    asking.local.instead = {path: answer}
    asking.seconds += FRESH_SECONDS

    with capture_logs() as logs:
        assert await asking.finds()

    assert [one["event"] for one in logs] == ["the issuer's keys cannot be read"]
    assert "/other" not in asking.local.asked


@pytest.mark.parametrize("url", ["http://issuer.example/keys", "ftp://127.0.0.1/keys", "/keys", 7, None])
async def test_keys_are_read_only_where_nobody_on_the_way_can_change_them(asking: Asking, url: object) -> None:
    asking.local.instead = {CONFIGURATION: answering({"issuer": asking.local.url, "jwks_uri": url})}

    with capture_logs() as logs:
        found = await asking.finds()

    assert not found
    assert [one["why"] for one in logs] == ["its configuration names no https address of its keys"]


@pytest.mark.parametrize("issuer", ["https://other.test", "", None, 7])
async def test_a_configuration_of_another_issuer_is_not_believed(asking: Asking, issuer: object) -> None:
    told = {"issuer": issuer, "jwks_uri": f"{asking.local.url}/keys"}
    asking.local.instead = {CONFIGURATION: answering(told)}

    assert not await asking.finds()
    assert asking.local.asked == [CONFIGURATION]


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://issuer.example", True),
        ("https://issuer.example:8443/realm", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://issuer.example", False),
        ("http://localhost.example", False),
        ("http://127.0.0.1.example", False),
        ("http://0.0.0.0", False),
        ("http://10.0.0.1", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("issuer.example", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_what_is_read_is_read_safely(url: str, safe: bool) -> None:
    assert is_safe(url) is safe


def _public(algorithm: str = "RS256") -> dict[str, Any]:
    return jwk(algorithm, private_key(algorithm).public_key(), kid="it")


@pytest.mark.parametrize(
    ("published", "algorithm"),
    [
        (_public() | {"use": "enc"}, "RS256"),
        (_public() | {"key_ops": ["encrypt"]}, "RS256"),
        (_public() | {"alg": "RS512"}, "RS256"),
        (_public() | {"alg": "RSA-OAEP"}, "RS256"),
        (_public() | {"kid": 7}, "RS256"),
        (_public() | {"n": "x"}, "RS256"),
        (_public() | {"n": None}, "RS256"),
        (_public() | {"kty": ["RSA"]}, "RS256"),
        (_public() | {"kty": "oct", "k": "c2VjcmV0"}, "RS256"),
        ({"kty": "oct", "kid": "it", "k": "c2VjcmV0" * 8}, "HS256"),
        (jwk("RS256", private_key("RS256", bits=1024).public_key(), kid="it"), "RS256"),
        (jwk("RS256", private_key("RS256"), kid="it"), "RS256"),
        (_public("ES256"), "ES384"),
        (_public("ES256"), "RS256"),
        (_public("ES256") | {"crv": "secp256k1"}, "ES256"),
        (_public("ES256") | {"x": "AA"}, "ES256"),
        (_public("EdDSA") | {"crv": "Ed448"}, "EdDSA"),
        ("no key", "RS256"),
    ],
)
async def test_a_key_that_does_not_fit_is_left_out_and_the_others_are_not(
    asking: Asking, published: Any, algorithm: str
) -> None:
    asking.local.published.insert(0, published)

    assert not await asking.finds("it", algorithm)
    assert await asking.finds()
