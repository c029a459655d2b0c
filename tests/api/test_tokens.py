"""Tokens for one customer's frontend: what they open, and how they end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from gateway import minting, tokens
from gateway.api.permissions import scopes
from gateway.callers import authenticate, create_key, rotate_key
from gateway.model import Caller, Customer, Role
from gateway.store import callers
from tests.api.client import Api
from tests.world import NOON_IN_CHINA

MINT = """mutation ($input: MintCustomerTokenInput!) {
    mintCustomerToken(input: $input) { token expiresAt userErrors { code field } } }"""


MINTING = frozenset({"mintCustomerToken"})


async def test_only_a_key_that_was_made_for_it_makes_tokens(api: Api) -> None:
    customer = await api.world.customer()
    plain = await create_key(api.world.gateway.database, Role.SERVICE, "billing")
    made_for_it = await create_key(api.world.gateway.database, Role.SERVICE, "frontend", scopes=MINTING)

    refused = await api.error(MINT, {"input": {"customerId": api.id(customer)}}, bearer=plain)
    minted = await mint(api, customer, bearer=made_for_it)

    assert refused["extensions"]["code"] == "FORBIDDEN"
    assert minted["token"]


async def mint(api: Api, customer: Customer, *, bearer: str = "", role: Role = Role.SERVICE, **more: Any) -> Any:
    given = {"customerId": api.id(customer), **more}
    return (await api.data(MINT, {"input": given}, role=role, bearer=bearer))["mintCustomerToken"]


async def opened(api: Api, token: str) -> Caller | None:
    """Once nobody remembers what it opened before."""
    api.world.wait(seconds=5)
    return await authenticate(api.world.gateway, f"Bearer {token}")


async def test_a_token_opens_what_is_its_customers_and_nothing_else(api: Api) -> None:
    mine, other = await api.world.customer(), await api.world.customer()
    token = (await mint(api, mine))["token"]

    both = "query ($mine: ID!, $other: ID!) { mine: node(id: $mine) { id } other: node(id: $other) { id } }"
    seen = await api.data(both, {"mine": api.id(mine), "other": api.id(other)}, bearer=token)
    forbidden = await api.error(
        'mutation { claimNextCallback(input: {idempotencyKey: "k"}) { callback { id } } }', bearer=token
    )

    assert seen == {"mine": {"id": api.id(mine)}, "other": None}
    assert forbidden["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(("given", "seconds"), [({}, 900), ({"ttlSeconds": 60}, 60), ({"ttlSeconds": 3600}, 3600)])
async def test_it_ends_when_it_says(api: Api, given: Any, seconds: int) -> None:
    minted = await mint(api, await api.world.customer(), **given)
    ends_at = datetime.fromisoformat(minted["expiresAt"])

    api.world.clock.advance(ends_at - timedelta(seconds=6))
    before = await opened(api, minted["token"])
    api.world.wait(seconds=1)  # it is not remembered beyond its end
    after = await authenticate(api.world.gateway, f"Bearer {minted['token']}")

    assert ends_at == NOON_IN_CHINA + timedelta(seconds=seconds)
    assert before is not None
    assert after is None


async def test_its_scopes_bind_it(api: Api) -> None:
    token = (await mint(api, await api.world.customer(), scopes=["viewer", "contacts"]))["token"]

    viewer = (await api.data("{ viewer { scopes } }", bearer=token))["viewer"]
    refused = await api.error('{ customer(by: {reference: "x"}) { id } }', bearer=token)

    assert viewer == {"scopes": ["viewer", "contacts"]}
    assert refused["extensions"]["code"] == "FORBIDDEN"


async def test_without_scopes_it_may_all_that_a_customer_may(api: Api) -> None:
    token = (await mint(api, await api.world.customer()))["token"]

    viewer = (await api.data("{ viewer { scopes } }", bearer=token))["viewer"]

    assert viewer == {"scopes": scopes(Role.CUSTOMER)}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"ttlSeconds": 59}, ["ttlSeconds"]),
        ({"ttlSeconds": 3601}, ["ttlSeconds"]),
        ({"ttlSeconds": -900}, ["ttlSeconds"]),
        ({"scopes": []}, ["scopes"]),
        ({"scopes": ["viewer", "requestContact"]}, ["scopes", "1"]),
        ({"scopes": ["mintCustomerToken"]}, ["scopes", "0"]),
        ({"scopes": ["everything"]}, ["scopes", "0"]),
    ],
)
async def test_what_cannot_be_granted_is_told_with_its_place(api: Api, given: Any, field: list[str]) -> None:
    minted = await mint(api, await api.world.customer(), **given)

    assert minted == {"token": None, "expiresAt": None, "userErrors": [{"code": "INVALID", "field": field}]}


@pytest.mark.parametrize("id_", ["x", "Q3VzdG9tZXI6MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA"])
async def test_for_nobody_there_is_no_token(api: Api, id_: str) -> None:
    minted = (await api.data(MINT, {"input": {"customerId": id_}}))["mintCustomerToken"]

    assert minted["token"] is None
    assert minted["userErrors"] == [{"code": "NOT_FOUND", "field": ["customerId"]}]


async def test_it_is_the_same_caller_each_time_for_a_minter_and_a_customer(api: Api) -> None:
    mine, other = await api.world.customer(), await api.world.customer()
    made = [
        (await mint(api, customer, role=role))["token"]
        for customer, role in [(mine, Role.SERVICE), (mine, Role.SERVICE), (other, Role.SERVICE), (mine, Role.ADMIN)]
    ]

    found = [await authenticate(api.world.gateway, f"Bearer {token}") for token in made]

    ids = [caller.id for caller in found if caller]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert {len(bytes.fromhex(one)) for one in ids} == {16}


@pytest.mark.parametrize("how", ["caller revoked", "key revoked", "key expired"])
async def test_it_is_gone_with_its_minters_key(api: Api, how: str) -> None:
    expires_at = NOON_IN_CHINA + timedelta(seconds=8) if how == "key expired" else None
    key = await create_key(api.world.gateway.database, Role.SERVICE, "frontend", scopes=MINTING, expires_at=expires_at)
    token = (await mint(api, await api.world.customer(), bearer=key))["token"]
    before = await opened(api, token)
    async with api.world.gateway.database.read() as work:
        [listed] = [one for one in await callers.listed(work) if one.caller.name == "frontend"]

    if how != "key expired":
        async with api.world.gateway.database.write() as work:
            await callers.revoke(work, listed.caller.id if how == "caller revoked" else listed.keys[0].id)

    assert before is not None
    assert await opened(api, token) is None


async def test_it_outlives_a_rotation_of_its_minters_key(api: Api) -> None:
    key = await create_key(api.world.gateway.database, Role.SERVICE, "frontend", scopes=MINTING)
    token = (await mint(api, await api.world.customer(), bearer=key))["token"]
    minter = await authenticate(api.world.gateway, f"Bearer {key}")
    assert minter is not None

    await rotate_key(api.world.gateway.database, minter.id, api.world.clock(), timedelta())

    assert await opened(api, key) is None
    assert await opened(api, token) is not None


async def test_who_came_without_a_key_of_ours_makes_no_token(api: Api) -> None:
    customer = await api.world.customer()
    stranger = Caller("d" * 32, Role.SERVICE, "of the issuer")

    with pytest.raises(minting.NoKey):
        await minting.mint(api.world.gateway, stranger, customer.id, timedelta(minutes=1), [])


async def test_a_token_makes_no_tokens(api: Api) -> None:
    customer = await api.world.customer()
    token = (await mint(api, customer))["token"]

    error = await api.error(MINT, {"input": {"customerId": api.id(customer)}}, bearer=token)

    assert error["extensions"]["code"] == "FORBIDDEN"


# --- the ways to make one that opens nothing ------------------------------------------------------------------------


def _claims(grant: tokens.Grant, **changed: Any) -> dict[str, Any]:
    claims = {
        "aud": "contact-gateway",
        "sub": grant.customer_id,
        "minter": grant.minter_id,
        "name": grant.minter,
        "scopes": [],
        "exp": int(grant.ends_at.timestamp()),
    }
    return claims | changed


KEY = b"k" * 32
GRANT = tokens.Grant("a" * 32, "frontend", "c" * 32, frozenset({"viewer"}), NOON_IN_CHINA + timedelta(minutes=1))


def _forged(key: bytes = KEY, algorithm: str = "HS256", typ: str | None = "customer+jwt", **changed: Any) -> str:
    return "cgt_" + jwt.encode(_claims(GRANT, **changed), key, algorithm=algorithm, headers={"typ": typ})


def test_what_is_signed_is_read_again() -> None:
    assert tokens.read(tokens.sign(GRANT, KEY), KEY, NOON_IN_CHINA) == GRANT
    assert tokens.read(_forged(), KEY, NOON_IN_CHINA) is not None


@pytest.mark.parametrize(
    "token",
    [
        _forged(b"x" * 32),
        _forged(b"k" * 64, "HS512"),
        "cgt_" + jwt.encode(_claims(GRANT), "", algorithm="none", headers={"typ": "customer+jwt"}),
        _forged(typ="JWT"),
        _forged(typ="at+jwt"),
        _forged(aud="https://gateway.test"),
        _forged(exp=int(NOON_IN_CHINA.timestamp())),
        tokens.sign(GRANT, KEY)[:-1],
        "cgt_" + "x" * 10_000,
        "cgt_",
        "cgt_..",
        "cgt_W1tbW1tb.W1tb.x",
    ],
)
def test_it_opens_nothing(token: str) -> None:
    assert tokens.read(token, KEY, NOON_IN_CHINA) is None


def test_it_ends_in_the_second_that_it_says() -> None:
    token = tokens.sign(GRANT, KEY)

    assert tokens.read(token, KEY, GRANT.ends_at - timedelta(microseconds=1)) == GRANT
    assert tokens.read(token, KEY, GRANT.ends_at.astimezone(UTC)) is None
