"""How often who may ask, and what it costs."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.api.admission import client_address
from gateway.api.buckets import Buckets
from gateway.api.execution import Engine
from gateway.model import Role
from tests.api.client import Api, open_api

GRAPHQL = "application/graphql-response+json"
ROLE = "{ viewer { role } }"
HISTORY = "query ($first: Int) { contacts(first: $first) { nodes { id } } }"


async def wrong(api: Api, address: str = "203.0.113.7", key: str = "wrong", **headers: str) -> httpx.Response:
    """A request from that address."""
    transport = httpx.ASGITransport(api.app, client=(address, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as http:
        return await http.post(
            "/graphql", json={"query": ROLE}, headers={"Authorization": f"Bearer {key}", "Accept": GRAPHQL, **headers}
        )


def test_a_bucket_gives_what_is_in_it_and_drips_full_again() -> None:
    bucket = Buckets(rate=2, seconds=5)

    taken = [bucket.take("a", 4, now=0) for _ in range(3)]
    later = bucket.take("a", 4, now=1)

    assert taken == [0, 0, 1.0]
    assert later == 0
    assert bucket.take("b", 10, now=1) == 0
    assert (bucket.left("a", 1), bucket.left("a", 100), bucket.left("unknown", 1)) == (0, 10, 10)


def test_who_waits_as_long_as_told_gets_it_whatever_the_rounding() -> None:
    bucket, now = Buckets(rate=3, seconds=10), 0.1

    for _ in range(1000):
        if wait := bucket.take("a", 7, now):
            now += wait
            assert bucket.take("a", 7, now) == 0


def test_what_is_owed_has_to_drip_in_first_and_is_bounded() -> None:
    bucket = Buckets(rate=1, seconds=10)

    for _ in range(1000):
        bucket.owe("a", 1, now=0)

    assert bucket.wait("a", 1, now=0) == 11
    assert bucket.wait("a", 1, now=11) == 0


def test_buckets_are_bounded_and_who_was_quiet_longest_is_forgotten() -> None:
    bucket = Buckets(rate=1, seconds=1, most=3)

    for whose in ("a", "b", "a", "c", "d"):
        bucket.owe(whose, 0.5, now=0)

    assert len(bucket) == 3
    assert (bucket.left("a", 0), bucket.left("b", 0), bucket.left("d", 0)) == (0, 1, 0.5)


async def test_who_asks_too_often_is_told_when_to_ask_again_and_nobody_else_is_held_up(tmp_path: Path) -> None:
    async with open_api(tmp_path, request_limits={Role.CUSTOMER: 1}) as api:
        mine, other = await api.world.customer(), await api.world.customer()

        answered = [await api.post(ROLE, customer=mine) for _ in range(12)]
        of_other = await api.post(ROLE, customer=other)
        api.world.wait(seconds=int(answered[-1].headers["retry-after"]))
        again = await api.post(ROLE, customer=mine)

    refused = answered[-1]
    assert [one.status_code for one in answered] == [200] * 10 + [429] * 2
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 1}
    assert (of_other.status_code, again.status_code) == (200, 200)


async def test_an_answer_says_what_it_cost_and_what_is_left(tmp_path: Path) -> None:
    async with open_api(tmp_path, cost_limits={Role.CUSTOMER: 10}) as api:
        customer = await api.world.customer()

        first, second = [(await api.post(ROLE, customer=customer)).json() for _ in range(2)]

    assert first["extensions"]["cost"] == {"requested": 2, "remaining": 98, "limit": 100, "perSecond": 10}
    assert second["extensions"]["cost"]["remaining"] == 96


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 429), ("application/json", 200)])
async def test_who_asks_for_too_much_waits_until_it_is_there(tmp_path: Path, accept: str, status: int) -> None:
    async with open_api(tmp_path, cost_limits={Role.CUSTOMER: 10}) as api:
        customer = await api.world.customer()
        asked: dict[str, Any] = {"variables": {"first": 40}, "customer": customer, "Accept": accept}
        await api.post(HISTORY, **asked)

        refused = await api.post(HISTORY, **asked)
        api.world.wait(seconds=refused.json()["errors"][0]["extensions"]["retryAfter"])
        again = await api.post(HISTORY, **asked)

    assert refused.status_code == status
    assert refused.headers.get("retry-after") == ("7" if accept == GRAPHQL else None)
    assert refused.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 7}
    assert "data" not in refused.json()
    assert "data" in again.json()


async def test_what_costs_more_than_a_full_bucket_holds_is_not_worth_waiting_for(tmp_path: Path) -> None:
    async with open_api(tmp_path, cost_limits={Role.CUSTOMER: 10}) as api:
        error = await api.error(HISTORY, {"first": 100}, customer=await api.world.customer())

    assert error["extensions"] == {"code": "COST_EXCEEDED"}


@pytest.mark.parametrize(
    ("query", "variables", "points"),
    [
        (ROLE, {}, 2),
        ("{ a: __typename }", {}, 1),
        (HISTORY, {"first": 10}, 1 + 10 * 2),
        (HISTORY, {"first": 100}, 1 + 100 * 2),
        (HISTORY, {}, 1 + 20 * 2),
        ("mutation ($i: RequestContactInput!) { requestContact(input: $i) { replayed } }", {"i": {}}, 1 + 10 + 1),
        (
            "mutation ($i: [RequestContactInput!]!) { requestContacts(inputs: $i) { replayed } }",
            {"i": [{}] * 500},
            1 + 500 * (10 + 1),
        ),
        ('{ nextAllowedContact(customerId: "x", purpose: FOLLOW_UP) { at } }', {}, 1 + 5 * (10 + 1)),
    ],
)
async def test_an_operation_costs_what_it_may_answer_and_what_it_does(
    api: Api, query: str, variables: dict[str, Any], points: int
) -> None:
    caller_key = await api.key(Role.SERVICE)
    engine = Engine(api.world.gateway)
    caller = await engine.admission.caller(f"Bearer {caller_key}", {"type": "http", "client": None, "headers": []})
    assert caller is not None

    operation = engine._for_developers.operation(query, None)

    assert engine._for_developers.points(operation, variables) == points


async def test_guessing_keys_ends_soon_and_whoever_shares_the_address_goes_on(tmp_path: Path) -> None:
    async with open_api(tmp_path, stranger_limit=1) as api:
        known = await api.key(Role.SERVICE)
        before = await wrong(api, key=known)

        guessed = [await wrong(api, key=f"guess-{number}") for number in range(12)]
        of_known, elsewhere = await wrong(api, key=known), await wrong(api, "203.0.113.8")
        api.world.wait(seconds=1)
        later = await wrong(api)

    assert [one.status_code for one in guessed] == [401] * 10 + [429] * 2
    assert guessed[-1].headers["retry-after"] == "1"
    assert guessed[-1].json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert (before.status_code, of_known.status_code) == (200, 200)
    assert (elsewhere.status_code, later.status_code) == (401, 401)


async def test_many_first_requests_of_a_new_key_at_once_are_all_answered(tmp_path: Path) -> None:
    async with open_api(tmp_path, stranger_limit=1) as api:
        await api.key(Role.SERVICE)

        answered = await asyncio.gather(*(api.post(ROLE) for _ in range(64)))

    assert {one.status_code for one in answered} == {200}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # anybody may write that
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.9, 198.51.100.1", "198.51.100.1"),  # the first was written by the client
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("2001:db8:1:2:3:4:5:6", None, "2001:0db8:0001:0002"),
        ("::ffff:203.0.113.7", None, "203.0.113.7"),
        ("::ffff:10.0.0.1", "2001:db8:1:2::9", "2001:0db8:0001:0002"),
    ],
)
async def test_an_address_is_taken_from_proxies_that_are_trusted_only(
    tmp_path: Path, peer: str, forwarded: str | None, address: str
) -> None:
    async with open_api(tmp_path, trusted_proxies="10.0.0.0/8") as api:
        headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]

        found = client_address({"type": "http", "client": (peer, 5000), "headers": headers}, api.world.gateway)

    assert found == address


async def test_a_search_from_one_household_is_a_search_from_one_address(tmp_path: Path) -> None:
    async with open_api(tmp_path, stranger_limit=1) as api:
        statuses = [(await wrong(api, f"2001:db8::{number:x}")).status_code for number in range(1, 13)]

    assert statuses == [401] * 10 + [429] * 2
