"""What a WebSocket may not do: be opened by a strange page, be one of too many, flood, or cost more than over HTTP."""

from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from gateway.api.websocket import MOST_STRANGERS, Lobby
from gateway.changes import MOST_PENDING, Changes, TooSlow
from gateway.model import Role
from gateway.trusted import sha256
from tests.api.client import Api, open_api
from tests.api.test_websocket import STATUS, Line, followers, line, served
from tests.world import SERVICE

APP = "https://app.lender.example"
OURS = "https://contact.lender.example"
ROLE = "{ viewer { role } }"


async def begin(api: Api, one: Line, role: Role = Role.SERVICE) -> None:
    customer = await api.world.customer() if role is Role.CUSTOMER else None
    await one.begin(await api.key(role, customer))


async def ask(one: Line, payload: Any, id_: str = "1") -> dict[str, Any]:
    """The first answer to an operation."""
    await one.send(type="subscribe", id=id_, payload=payload)
    return await one.receive()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{APP}.evil.example", "http://127.0.0.1"])
async def test_a_page_of_another_site_opens_no_socket(tmp_path: Path, origin: str) -> None:
    async with open_api(tmp_path, cors_origins=APP, public_url=OURS) as api, served(api) as url:
        with pytest.raises(InvalidStatus) as refused:
            async with line(url, origin=origin):
                pass

    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", [None, APP, OURS, "host"])
async def test_programs_and_pages_that_are_let_in_do(tmp_path: Path, origin: str | None) -> None:
    async with open_api(tmp_path, cors_origins=APP, public_url=OURS) as api, served(api) as url:
        host = url.removesuffix("/graphql").replace("ws://", "http://")
        async with line(url, origin=host if origin == "host" else origin) as one:
            await begin(api, one)


async def test_a_caller_has_only_so_many_sockets_and_gets_another_when_one_is_closed(tmp_path: Path) -> None:
    async with open_api(tmp_path, sockets_per_caller=2) as api, served(api) as url:
        key = await api.key(Role.SERVICE)
        async with line(url) as one:
            await one.begin(key)
            async with line(url) as another:
                await another.begin(key)
                async with line(url) as third:
                    await third.send(type="connection_init", payload={"Authorization": f"Bearer {key}"})
                    refused = await third.closed()
            async with line(url) as fourth:
                await fourth.begin(key)

    assert refused == (4429, "Too many connections")


async def test_from_one_address_only_so_many_may_say_nothing_yet(api: Api) -> None:
    lobby = Lobby(api.world.gateway)

    seats = [lobby.seat("203.0.113.7") for _ in range(MOST_STRANGERS)]
    refused, elsewhere = lobby.seat("203.0.113.7"), lobby.seat("203.0.113.8")
    assert seats[0] is not None
    assert lobby.known(seats[0], SERVICE)
    after = lobby.seat("203.0.113.7")

    assert None not in seats
    assert refused is None
    assert elsewhere is not None
    assert after is not None


async def test_half_of_the_connections_are_left_to_http(tmp_path: Path) -> None:
    async with open_api(tmp_path, max_connections=10) as api, served(api) as url:
        lobby = Lobby(api.world.gateway)
        seats = [lobby.seat(f"203.0.113.{number}") for number in range(6)]
        assert seats[0] is not None
        lobby.leave(seats[0])
        again = lobby.seat("203.0.113.9")
        async with line(url) as one:
            await begin(api, one)

    assert [seat is None for seat in seats] == [False] * 5 + [True]
    assert again is not None


async def test_messages_are_requests_and_who_floods_is_cut_off(tmp_path: Path) -> None:
    async with open_api(tmp_path, request_limits={Role.CUSTOMER: 1}) as api, served(api) as url, line(url) as one:
        await begin(api, one, Role.CUSTOMER)
        for _ in range(11):
            await one.send(type="ping")

        assert await one.closed() == (4429, "Too many messages")


async def test_who_subscribes_too_often_is_told_when_to_ask_again(tmp_path: Path) -> None:
    async with open_api(tmp_path, request_limits={Role.CUSTOMER: 1}) as api, served(api) as url, line(url) as one:
        await begin(api, one, Role.CUSTOMER)
        for _ in range(10):
            await one.send(type="pong")

        told = await ask(one, {"query": ROLE})

    assert told["type"] == "error"
    assert told["payload"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 1}


async def test_operations_pay_from_the_bucket_that_http_pays_from(tmp_path: Path) -> None:
    query = "query ($first: Int) { contacts(first: $first) { nodes { id } } }"
    async with open_api(tmp_path, cost_limits={Role.CUSTOMER: 10}) as api, served(api) as url, line(url) as one:
        await begin(api, one, Role.CUSTOMER)

        answer = await ask(one, {"query": query, "variables": {"first": 40}})
        await one.receive()
        refused = await ask(one, {"query": query, "variables": {"first": 40}})
        too_much = await ask(one, {"query": query, "variables": {"first": 100}})

    assert answer["payload"]["extensions"]["cost"]["remaining"] == 19
    assert refused["payload"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 7}
    assert too_much["payload"][0]["extensions"] == {"code": "COST_EXCEEDED"}


async def test_guesses_at_keys_count_as_they_do_over_http(tmp_path: Path) -> None:
    async with open_api(tmp_path, stranger_limit=0.1) as api, served(api) as url:
        ends = []
        for _ in range(2):
            async with line(url) as one:
                await one.send(type="connection_init", payload={"Authorization": "Bearer wrong"})
                ends.append((await one.closed())[0])

    assert ends == [4403, 4429]


async def test_variables_that_hold_far_too_much_are_refused_and_the_line_stays(api: Api) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    async with served(api) as url, line(url) as one:
        await begin(api, one)

        refused = await ask(one, {"query": query, "variables": {"ids": [1] * 100_000}})
        after = await ask(one, {"query": ROLE}, "2")

    assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "COST_EXCEEDED")
    assert after["payload"]["data"] == {"viewer": {"role": "SERVICE"}}


async def test_customers_look_around_no_more_than_over_http(api: Api) -> None:
    async with served(api) as url, line(url) as one:
        await begin(api, one, Role.CUSTOMER)

        told = await ask(one, {"query": "{ __schema { queryType { name } } }"})

    assert told["payload"][0]["message"] == "Cannot query field '__schema' on type 'Query'."


async def test_a_trusted_subscription_is_followed_by_its_id_and_another_is_not(tmp_path: Path) -> None:
    documents = tmp_path / "documents.json"
    documents.write_text(f'{{"followed": "{STATUS}"}}', encoding="utf-8")
    async with open_api(tmp_path, trusted_documents=documents) as api, served(api) as url, line(url) as one:
        await begin(api, one, Role.CUSTOMER)

        refused = await ask(one, {"query": "subscription { contactChanged { id } }"})
        await one.send(type="subscribe", id="2", payload={"documentId": f"sha256:{sha256(STATUS)}"})
        await one.send(type="subscribe", id="3", payload={"documentId": "followed"})
        await one.send(type="ping")
        pong = await one.receive()

    assert refused["payload"][0]["extensions"] == {"code": "FORBIDDEN"}
    assert pong == {"type": "pong"}


async def test_a_follower_that_was_left_behind_is_told_to_subscribe_again(api: Api) -> None:
    async with served(api) as url, line(url) as one:
        await begin(api, one)
        await one.follow()
        await followers(api, 1)

        api.world.gateway.changes.publish((f"contact-{number}", "customer") for number in range(MOST_PENDING + 10))
        told = await one.receive()

    assert (told["type"], told["payload"][0]["extensions"]) == ("error", {"code": "RATE_LIMITED"})


async def test_who_follows_too_slowly_holds_no_memory() -> None:
    changes = Changes()
    async with changes.subscribe() as told:
        changes.publish((f"contact-{number}", "customer") for number in range(MOST_PENDING + 10))
        [subscriber] = changes._subscribers

        with pytest.raises(TooSlow):
            await anext(told)

    assert not subscriber.pending
