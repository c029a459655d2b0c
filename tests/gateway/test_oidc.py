"""Tokens of an OpenID Connect issuer: which open the door, and the ways to make one that must not."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from structlog.testing import capture_logs

from gateway.callers import admit, authenticate
from gateway.model import Role
from gateway.oidc import LONGEST_TOKEN, Identity, Issuer
from gateway.settings import Settings
from tests.issuer import AUDIENCE, LocalIssuer, jwk, open_issuer, private_key, signed
from tests.world import NOON_IN_CHINA, open_world

NOW = int(NOON_IN_CHINA.timestamp())
LEEWAY = 60


@pytest.fixture
async def local() -> AsyncIterator[LocalIssuer]:
    async with open_issuer() as issuer:
        yield issuer


async def identified(local: LocalIssuer, token: str, **settings: Any) -> Identity | None:
    issuer = Issuer.from_settings(Settings(**local.settings(**settings)), lambda: 0.0)
    assert issuer is not None
    try:
        return await issuer.identify(token, NOON_IN_CHINA)
    finally:
        await issuer.keys.close()


def segment(value: object) -> str:
    written = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(written).rstrip(b"=").decode()


ALL = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


@pytest.mark.parametrize("algorithm", ALL)
async def test_a_token_of_the_issuers_names_its_caller(local: LocalIssuer, algorithm: str) -> None:
    local.publish(algorithm, kid="second")

    found = await identified(local, local.token(algorithm, kid="second"))

    assert found is not None
    assert (found.role, found.name, found.reference) == (Role.AGENT, "Li Lei", None)
    assert found.ends_at == NOON_IN_CHINA + timedelta(seconds=600)


async def test_the_same_subject_is_the_same_caller_and_another_is_another(local: LocalIssuer) -> None:
    once = await identified(local, local.token())
    again = await identified(local, local.token(exp=NOW + 60, name="Li L.", roles="auditors"))
    other = await identified(local, local.token(sub="wang"))

    assert once is not None
    assert again is not None
    assert other is not None
    assert once.caller_id == again.caller_id != other.caller_id
    assert len(bytes.fromhex(once.caller_id)) == 16


# --- the ways to make a token that opens nothing --------------------------------------------------------------------


def _public_pem() -> bytes:
    return private_key("RS256").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _hand_made(local: LocalIssuer, header: object, sign: Callable[[bytes], bytes] = lambda _: b"x") -> str:
    text = f"{segment(header)}.{segment(local.claims())}"
    return f"{text}.{segment(sign(text.encode()))}"


def _hmac_of_the_public_key(local: LocalIssuer) -> str:
    # By hand: the library refuses to.
    header = {"alg": "HS256", "kid": "first", "typ": "JWT"}
    return _hand_made(local, header, lambda text: hmac.digest(_public_pem(), text, hashlib.sha256))


def _altered(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return f"{head}.{segment(claims | {'roles': ['auditors']})}.{signature}"


def _own_key(local: LocalIssuer, **headers: Any) -> str:
    """Signed by an attacker's key that the token brings with it."""
    return signed(local.claims(), private_key("RS256", "attacker"), "RS256", "own", **headers)


def _own_jwk() -> dict[str, Any]:
    return jwk("RS256", private_key("RS256", "attacker").public_key(), kid="own")


ATTACKS: dict[str, dict[str, Callable[[LocalIssuer], str]]] = {
    "its algorithm is not taken": {
        "no algorithm": lambda local: _hand_made(local, {"alg": "none", "kid": "first"}),
        "no algorithm, in capitals": lambda local: _hand_made(local, {"alg": "NONE", "kid": "first"}),
        "the public key as a secret": _hmac_of_the_public_key,
        "an algorithm that is no text": lambda local: _hand_made(local, {"alg": ["RS256"], "kid": "first"}),
        "without an algorithm": lambda local: _hand_made(local, {"kid": "first"}),
        "a curve that is not taken": lambda local: _hand_made(local, {"alg": "ES256K", "kid": "first"}),
    },
    "it is no signed token": {
        "no algorithm and no signature": lambda local: _hand_made(local, {"alg": "none"}).rpartition(".")[0] + ".",
        "signature cut off": lambda local: local.token().rpartition(".")[0],
        "huge": lambda local: local.token(padding="x" * LONGEST_TOKEN),
        "encrypted": lambda local: "a.b.c.d.e",
        "two parts": lambda local: "a.b",
        "empty parts": lambda local: "..",
        "junk": lambda local: "junk",
        "letters outside of the alphabet": lambda local: local.token() + "é",
        "a space": lambda local: local.token() + " " + local.token(),
        "base64 with its padding": lambda local: local.token() + "==",
    },
    "InvalidSignatureError": {
        "another's signature": lambda local: local.token(signer="attacker"),
        "claims altered afterwards": lambda local: _altered(local.token()),
        "signature of another token": lambda local: (
            local.token().rpartition(".")[0] + "." + local.token(sub="x").rpartition(".")[2]
        ),
        "a known name with its own key": lambda local: signed(
            local.claims(), private_key("RS256", "attacker"), "RS256", "first", jwk=_own_jwk()
        ),
    },
    "the issuer publishes no such key for this algorithm": {
        "unknown key": lambda local: local.token(kid="nobody"),
        "a key of another type": lambda local: local.token("ES256"),
        "an algorithm that the key is not for": lambda local: local.token("RS512", kid="only RS256"),
        "its own key in the header": lambda local: _own_key(local, jwk=_own_jwk()),
        "its own key at an address": lambda local: _own_key(local, jku=f"{local.url}/attacker"),
        "its own certificate at an address": lambda local: _own_key(local, x5u=f"{local.url}/attacker"),
        "its own certificate": lambda local: _own_key(local, x5c=[base64.b64encode(_public_pem()).decode()]),
    },
    "it names no key": {
        "no key named": lambda local: local.token(kid=None),
    },
    "its header cannot be read": {
        "a key that is no text": lambda local: _hand_made(local, {"alg": "RS256", "kid": 1}),
        "a demand that we do not know": lambda local: local.token(headers={"crit": ["exp"]}),
        "nested deeply": lambda local: f"{segment(b'[' * 5000)}.{segment(local.claims())}.x",
        "not UTF-8": lambda local: f"{segment(bytes([0xFF, 0xFE]))}.{segment(local.claims())}.x",
    },
    "it demands what we do not know": {
        "a demand that the library knows": lambda local: _hand_made(
            local, {"alg": "RS256", "kid": "first", "crit": ["b64"], "b64": True}
        ),
    },
    "it is of another type": {
        "a logout token by its type": lambda local: local.token(headers={"typ": "logout+jwt"}),
        "a security event by its type": lambda local: local.token(headers={"typ": "secevent+jwt"}),
        "a type that is no text": lambda local: local.token(headers={"typ": 1}),
    },
    "it is no access token for anybody who bears it: it has at_hash": {
        "an ID token": lambda local: local.token(at_hash="x"),
    },
    "it is no access token for anybody who bears it: it has nonce": {
        "an ID token with a nonce": lambda local: local.token(nonce="x"),
    },
    "it is no access token for anybody who bears it: it has events": {
        "a logout token": lambda local: local.token(events={}),
    },
    "it is no access token for anybody who bears it: it has cnf": {
        "bound to a key of the client's": lambda local: local.token(cnf={"jkt": "x"}),
    },
    "InvalidAudienceError": {
        "for another audience": lambda local: local.token(aud="https://other.test"),
        "for others": lambda local: local.token(aud=["a", "b"]),
        "for what is no text": lambda local: local.token(aud={AUDIENCE: 1}),
    },
    "MissingRequiredClaimError": {
        "for nobody": lambda local: local.token(without=("aud",)),
        "for an empty list": lambda local: local.token(aud=[]),
        "of no issuer": lambda local: local.token(without=("iss",)),
        "of nobody": lambda local: local.token(without=("sub",)),
        "without an end": lambda local: local.token(without=("exp",)),
    },
    "InvalidIssuerError": {
        "of another issuer": lambda local: local.token(iss="https://other.test"),
        "of an issuer with a slash more": lambda local: local.token(iss=local.url + "/"),
    },
    "its subject is no text that a database can keep": {
        "of an empty subject": lambda local: local.token(sub=""),
        "of a subject that cannot be kept": lambda local: local.token(sub="li\0"),
        "of half a character": lambda local: local.token(sub="\ud800"),
    },
    "it has expired": {
        "expired": lambda local: local.token(exp=NOW - LEEWAY),
        "expired long ago": lambda local: local.token(exp=0),
    },
    "exp is no time": {
        "an end that is text": lambda local: _signed_as_is(local, exp=str(NOW + 600)),
        "an end that is true": lambda local: _signed_as_is(local, exp=True),
        "an end that is no number": lambda local: _signed_as_is(local, exp=float("nan")),
        "an end without end": lambda local: _signed_as_is(local, exp=float("inf")),
        "an end that no float holds": lambda local: _signed_as_is(local, exp=10**400),
    },
    "nbf lies in the future": {
        "not yet": lambda local: local.token(nbf=NOW + LEEWAY + 1),
    },
    "iat lies in the future": {
        "from the future": lambda local: local.token(iat=NOW + LEEWAY + 1),
    },
    "nbf is no time": {
        "a beginning that is no time": lambda local: _signed_as_is(local, nbf=[]),
    },
    "DecodeError": {
        "claims nested deeply": lambda local: _signed_bytes(b'{"iss":' + b"[" * 2000 + b"]" * 2000 + b"}"),
        "claims that are a list": lambda local: _signed_bytes(b"[]"),
        "a number of five thousand digits": lambda local: _signed_bytes(b'{"exp":' + b"1" * 5000 + b"}"),
    },
}
"""By the reason for which it must be refused: else another mistake in it might hide that this one passes."""


def _signed_bytes(payload: bytes) -> str:
    return jwt.api_jws.encode(payload, private_key("RS256"), "RS256", headers={"kid": "first"})


def _signed_as_is(local: LocalIssuer, **claims: Any) -> str:
    """With claims that the library would not write."""
    return _signed_bytes(json.dumps(local.claims() | claims).encode())


@pytest.mark.parametrize(
    ("why", "make"),
    [pytest.param(why, make, id=name) for why, attacks in ATTACKS.items() for name, make in attacks.items()],
)
async def test_it_opens_nothing(local: LocalIssuer, why: str, make: Callable[[LocalIssuer], str]) -> None:
    local.publish("RS256", kid="only RS256", alg="RS256")

    with capture_logs() as logs:
        found = await identified(local, make(local))

    assert found is None
    assert [one["why"] for one in logs] == [why]
    assert "/attacker" not in local.asked
    assert await identified(local, local.token()) is not None


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - LEEWAY + 1},
        {"nbf": NOW + LEEWAY},
        {"iat": NOW + LEEWAY},
        {"exp": NOW + 0.5},
        {"exp": 1e18},
        {"aud": ["https://other.test", AUDIENCE]},
        {"roles": "agents"},
        {"roles": ["agents", "readers", 7, None]},
    ],
)
async def test_at_the_edge_it_still_opens(local: LocalIssuer, claims: dict[str, Any]) -> None:
    assert await identified(local, local.token(**claims)) is not None


@pytest.mark.parametrize("type_", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_an_access_token_may_call_itself_so(local: LocalIssuer, type_: str) -> None:
    assert await identified(local, local.token(headers={"typ": type_})) is not None


async def test_why_a_token_was_refused_is_logged_for_whoever_looks_and_the_token_is_not(local: LocalIssuer) -> None:
    token = local.token(aud="https://other.test", name="Li Lei")

    with capture_logs() as logs:
        await identified(local, token)

    assert [(one["log_level"], one["event"], one["why"]) for one in logs] == [
        ("debug", "token refused", "InvalidAudienceError")
    ]
    assert not any(part in str(logs) for part in (*token.split("."), "Li Lei"))


# --- who it names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"roles": ["auditors"]}, Role.COMPLIANCE),
        ({"roles": ["agents", "agents"]}, Role.AGENT),
        ({"roles": ["agents", "auditors"]}, None),
        ({"roles": ["strangers"]}, None),
        ({"roles": ["AGENT"]}, None),
        ({"roles": []}, None),
        ({"roles": {"agents": 1}}, None),
        ({"roles": None}, None),
        ({"without": ("roles",)}, None),
        ({"customer": "C-1"}, Role.CUSTOMER),
        ({"customer": "C-1", "without": ("roles",)}, Role.CUSTOMER),
        ({"customer": None}, None),
        ({"customer": []}, None),
        ({"customer": ""}, None),
        ({"customer": 7}, None),
        ({"customer": ["C-1", "C-2"]}, None),
        ({"customer": "C-1\0"}, None),
    ],
)
async def test_what_it_may_follows_from_its_claims(
    local: LocalIssuer, claims: dict[str, Any], role: Role | None
) -> None:
    found = await identified(local, local.token(**claims))

    assert (found.role if found else None) is role


@pytest.mark.parametrize(
    ("claim", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["auditors"]}}),
        ("https://lender.example/roles", {"https://lender.example/roles": ["auditors"]}),
        ("groups", {"groups": "auditors"}),
    ],
)
async def test_the_role_may_stand_in_another_claim(local: LocalIssuer, claim: str, claims: dict[str, Any]) -> None:
    found = await identified(local, local.token(**claims), oidc_role_claim=claim)

    assert found is not None
    assert found.role is Role.COMPLIANCE


@pytest.mark.parametrize(
    ("name", "shown"),
    [("王芳", "王芳"), (" Li\0\n", "Li"), ("x" * 500, "x" * 200), ("", None), (7, None), ("\ud800", None)],
)
async def test_a_name_is_cleaned_and_where_there_is_none_the_id_stands_for_it(
    local: LocalIssuer, name: object, shown: str | None
) -> None:
    found = await identified(local, local.token(name=name))

    assert found is not None
    assert found.name == (shown or found.caller_id)


async def test_a_customers_own_name_is_not_taken_over(local: LocalIssuer) -> None:
    found = await identified(local, local.token(customer="C-1", name="Wang Fang"))

    assert found is not None
    assert found.name == "customer"


# --- at the door ----------------------------------------------------------------------------------------------------


async def test_a_customers_token_opens_for_that_customer_alone(local: LocalIssuer, tmp_path: Path) -> None:
    async with open_world(tmp_path, **local.settings()) as world:
        customer = await world.customer(reference="C-77")

        found = await authenticate(world.gateway, f"Bearer {local.token(customer='C-77')}")
        nobody = await authenticate(world.gateway, f"Bearer {local.token(customer='C-78')}")

    assert found is not None
    assert (found.role, found.customer_id, found.scopes) == (Role.CUSTOMER, customer.id, frozenset())
    assert nobody is None


async def test_a_token_is_remembered_for_a_moment_and_never_beyond_its_end(local: LocalIssuer, tmp_path: Path) -> None:
    async with open_world(tmp_path, **local.settings(oidc_leeway_seconds=0)) as world:
        shown = f"Bearer {local.token(exp=NOW + 3)}"

        first = await admit(world.gateway, shown)
        world.wait(seconds=2.9)
        later = await admit(world.gateway, shown)
        world.wait(seconds=0.1)
        at_its_end = await admit(world.gateway, shown)

    assert first is not None
    assert first.ends_at == NOON_IN_CHINA + timedelta(seconds=3)
    assert later is first
    assert at_its_end is None


async def test_without_an_issuer_no_token_opens(local: LocalIssuer, tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        assert await authenticate(world.gateway, f"Bearer {local.token()}") is None
    assert local.asked == []
