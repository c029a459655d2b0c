"""Live contacts over graphql-transport-ws, by a real server and a real client on this machine."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from gateway import callers, contact
from gateway.api.app import create_app
from gateway.api.execution import Engine
from gateway.api.ids import Kind, global_id
from gateway.api.websocket import GraphQLWebSocket
from gateway.model import Role
from gateway.store import callers as keys
from policies.facts import Channel
from tests.api.client import Api

CHANGED = (
    "subscription ($customer: ID, $contact: ID) { contactChanged(customerId: $customer, contactId: $contact) { %s } }"
)
STATUS = CHANGED % "id status"


@asynccontextmanager
async def served(api: Api, app: ASGIApp | None = None) -> AsyncIterator[str]:
    app = app or create_app(api.world.gateway)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, ws="websockets-sansio"))
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/graphql"
    finally:
        server.should_exit = True
        await serving
        listening.close()


@dataclass
class Line:
    """A connection, with the protocol's steps."""

    socket: ClientConnection

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            message: dict[str, Any] = json.loads(await self.socket.recv())
        return message

    async def begin(self, key: str) -> None:
        await self.send(type="connection_init", payload={"Authorization": f"Bearer {key}"})
        assert await self.receive() == {"type": "connection_ack"}

    async def follow(self, query: str = STATUS, id_: str = "1", **variables: str) -> None:
        """From when this returns, nothing is missed."""
        await self.send(type="subscribe", id=id_, payload={"query": query, "variables": variables})
        await self.send(type="ping")
        assert await self.receive() == {"type": "pong"}

    async def closed(self) -> tuple[int, str]:
        """The code and reason the server closed with."""
        with suppress(ConnectionClosed):
            async with asyncio.timeout(10):
                async for _ in self.socket:
                    pass
        assert self.socket.close_code is not None
        return self.socket.close_code, self.socket.close_reason or ""


@asynccontextmanager
async def line(url: str, *, protocol: str | None = "graphql-transport-ws", **options: Any) -> AsyncIterator[Line]:
    protocols = [Subprotocol(protocol)] if protocol else None
    async with connect(url, subprotocols=protocols, proxy=None, **options) as opened:
        yield Line(opened)


async def followers(api: Api, number: int) -> None:
    """Wait until that many follow: a subscription begins, and ends, a moment after it was asked for."""
    async with asyncio.timeout(10):
        while len(api.world.gateway.changes._subscribers) != number:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.001)


async def test_a_contact_is_followed_from_its_request_to_its_end(api: Api) -> None:
    customer = await api.world.customer("CN")
    async with served(api) as url, line(url) as one:
        await one.begin(await api.key(Role.SERVICE))
        await one.follow()
        await followers(api, 1)

        answer = await api.world.request(customer, Channel.SMS)
        first = await one.receive()
        await api.world.deliver()
        seen = [(await one.receive())["payload"]["data"]["contactChanged"]["status"]]
        while seen[-1] != "SENT":
            seen.append((await one.receive())["payload"]["data"]["contactChanged"]["status"])
        await one.send(type="complete", id="1")
        await followers(api, 0)

    id_ = global_id(Kind.CONTACT, answer.contact.id)
    assert (first["type"], first["id"]) == ("next", "1")
    assert first["payload"]["data"] == {"contactChanged": {"id": id_, "status": "SCHEDULED"}}


async def test_a_customer_is_told_of_their_own_contacts_only(api: Api) -> None:
    mine, other = await api.world.customer("CN"), await api.world.customer("CN")
    async with served(api) as url, line(url) as one:
        await one.begin(await api.key(Role.CUSTOMER, mine))
        await one.follow()
        await followers(api, 1)

        await api.world.request(other, Channel.SMS)
        answer = await api.world.request(mine, Channel.SMS)

        told = await one.receive()

    assert told["payload"]["data"]["contactChanged"]["id"] == global_id(Kind.CONTACT, answer.contact.id)


async def test_what_is_another_customers_cannot_be_followed(api: Api) -> None:
    mine, other = await api.world.customer("CN"), await api.world.customer("CN")
    theirs = (await api.world.request(other, Channel.SMS)).contact
    async with served(api) as url, line(url) as one:
        await one.begin(await api.key(Role.CUSTOMER, mine))
        for variables in ({"customer": api.id(other)}, {"contact": api.id(theirs)}):
            await one.send(type="subscribe", id="1", payload={"query": STATUS, "variables": variables})

            told = await one.receive()

            assert told["type"] == "error"
            assert told["payload"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_what_is_shown_live_is_on_record(api: Api) -> None:
    customer = await api.world.customer("CN")
    answer = await api.world.request(customer, Channel.SMS)
    async with served(api) as url, line(url) as one:
        await one.begin(await api.key(Role.ADMIN))
        await one.follow(
            CHANGED % 'message(reason: "a check") customer { contactPoints { masked } }', contact=api.id(answer.contact)
        )
        await followers(api, 1)

        await api.world.deliver()
        told = await one.receive()

    assert told["payload"]["data"]["contactChanged"]["message"]


async def test_a_key_that_is_revoked_meanwhile_sees_nothing_more(api: Api) -> None:
    customer = await api.world.customer("CN")
    key = await api.key(Role.SERVICE)
    async with served(api) as url, line(url) as one:
        await one.begin(key)
        await one.follow()
        await followers(api, 1)
        caller = await callers.authenticate(api.world.gateway, f"Bearer {key}")
        assert caller is not None
        async with api.world.gateway.database.write() as work:
            await keys.revoke(work, caller.id)
        api.world.gateway.known_callers = callers.KnownCallers()

        await contact.request(api.world.gateway, api.world.wanted(customer, Channel.SMS))
        told = await one.receive()

    assert told["type"] == "error"
    assert told["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_queries_and_what_is_wrong_with_them_go_over_the_same_line(api: Api) -> None:
    async with served(api) as url, line(url) as one:
        await one.begin(await api.key(Role.SERVICE))

        await one.send(type="subscribe", id="q", payload={"query": "{ viewer { role } }"})
        answers = [await one.receive(), await one.receive()]
        await one.send(type="subscribe", id="w", payload={"query": "{ nothing }"})
        wrong = await one.receive()
        await one.send(type="subscribe", id="f", payload={"query": 'mutation { advanceClock(to: "x") { now } }'})
        forbidden = await one.receive()

    assert (answers[0]["type"], answers[0]["id"]) == ("next", "q")
    assert answers[0]["payload"]["data"] == {"viewer": {"role": "SERVICE"}}
    assert answers[1] == {"type": "complete", "id": "q"}
    assert (wrong["type"], wrong["id"]) == ("error", "w")
    assert wrong["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert forbidden["payload"]["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no json", 4400),
        ("null", 4400),
        ("[]", 4400),
        ('"x"', 4400),
        ("{}", 4400),
        ('{"type": 1}', 4400),
        ('{"type": "unknown"}', 4400),
        ('{"type": "subscribe"}', 4400),
        ('{"type": "subscribe", "id": {}, "payload": {"query": "{ viewer { role } }"}}', 4400),
        ('{"type": "subscribe", "id": "", "payload": {"query": "{ viewer { role } }"}}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": {"query": 1}}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": null}', 4400),
        ('{"type": "complete"}', 4400),
        ('{"type": "connection_init"}', 4429),
    ],
)
async def test_what_is_no_message_of_the_protocol_closes_the_line(api: Api, text: str, code: int) -> None:
    async with served(api) as url, line(url) as one:
        await one.begin(await api.key(Role.SERVICE))

        await one.socket.send(text)

        assert (await one.closed())[0] == code


async def test_an_id_is_used_for_one_operation_at_a_time(api: Api) -> None:
    async with served(api) as url, line(url) as one:
        await one.begin(await api.key(Role.SERVICE))
        await one.follow()

        await one.send(type="subscribe", id="1", payload={"query": STATUS})

        assert await one.closed() == (4409, "Subscriber for 1 already exists")
        await followers(api, 0)


async def test_a_reason_for_closing_is_cut_to_what_the_protocol_takes(api: Api) -> None:
    async with served(api) as url, line(url) as one:
        await one.begin(await api.key(Role.SERVICE))
        await one.send(type="subscribe", id="编" * 100, payload={"query": STATUS})
        await followers(api, 1)

        await one.send(type="subscribe", id="编" * 100, payload={"query": STATUS})

        assert await one.closed() == (4409, "Subscriber for " + "编" * 36)
        await followers(api, 0)


async def test_without_a_key_the_line_is_closed(api: Api) -> None:
    async with served(api) as url:
        for payload in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": 1}):
            async with line(url) as one:
                await one.send(type="connection_init", payload=payload)

                assert await one.closed() == (4403, "Forbidden")


async def test_the_key_may_come_as_a_header(api: Api) -> None:
    key = await api.key(Role.SERVICE)
    async with served(api) as url, line(url, additional_headers={"Authorization": f"Bearer {key}"}) as one:
        await one.send(type="connection_init")

        assert await one.receive() == {"type": "connection_ack"}


async def test_before_the_beginning_nothing_is_answered(api: Api) -> None:
    async with served(api) as url, line(url) as one:
        await one.send(type="subscribe", id="1", payload={"query": "{ viewer { role } }"})

        assert await one.closed() == (4401, "Unauthorized")


async def test_who_says_nothing_is_hung_up_on(api: Api) -> None:
    gateway = api.world.gateway
    impatient = GraphQLWebSocket(gateway, Engine(gateway), patience=0.01)

    async with served(api, impatient) as url, line(url) as one:
        assert await one.closed() == (4408, "Connection initialisation timeout")


async def test_another_protocol_is_not_spoken(api: Api) -> None:
    async with served(api) as url:
        for protocol in (None, "graphql-ws"):
            async with line(url, protocol=protocol) as one:
                assert await one.closed() == (4406, "Subprotocol not acceptable")


def restless(api: Api) -> GraphQLWebSocket:
    """Looks all the time whether a quiet line may go on."""
    return GraphQLWebSocket(api.world.gateway, Engine(api.world.gateway), look=0.01)


async def test_a_quiet_line_is_hung_up_on_when_what_was_shown_ends(api: Api) -> None:
    ends_at = api.world.clock() + timedelta(minutes=5)
    key = await callers.create_key(api.world.gateway.database, Role.SERVICE, "short", expires_at=ends_at)
    async with served(api, restless(api)) as url, line(url) as one:
        await one.begin(key)
        await one.follow()
        await followers(api, 1)
        api.world.clock.advance(ends_at)

        assert await one.closed() == (4403, "Forbidden")
        await followers(api, 0)


async def test_a_quiet_line_is_hung_up_on_when_its_key_is_revoked(api: Api) -> None:
    key = await api.key(Role.SERVICE)
    async with served(api, restless(api)) as url, line(url) as one:
        await one.begin(key)
        await one.follow()
        caller = await callers.authenticate(api.world.gateway, f"Bearer {key}")
        assert caller is not None
        async with api.world.gateway.database.write() as work:
            await keys.revoke(work, caller.id)
        api.world.wait(seconds=callers.REMEMBERED_SECONDS)

        assert await one.closed() == (4403, "Forbidden")


async def test_a_line_that_may_go_on_loses_nothing_while_it_is_looked_at(api: Api) -> None:
    async with served(api, restless(api)) as url, line(url) as one:
        await one.begin(await api.key(Role.SERVICE))
        for _ in range(50):
            await one.send(type="ping")

            assert await one.receive() == {"type": "pong"}
            await asyncio.sleep(0.005)


async def test_a_customers_token_opens_a_line(api: Api) -> None:
    mine, other = await api.world.customer("CN"), await api.world.customer("CN")
    mint = "mutation ($id: ID!) { mintCustomerToken(input: {customerId: $id}) { token } }"
    token = (await api.data(mint, {"id": api.id(mine)}))["mintCustomerToken"]["token"]
    async with served(api) as url, line(url) as one:
        await one.begin(token)
        await one.follow()
        await followers(api, 1)

        await api.world.request(other, Channel.SMS)
        answer = await api.world.request(mine, Channel.SMS)

        told = await one.receive()

    assert told["payload"]["data"]["contactChanged"]["id"] == global_id(Kind.CONTACT, answer.contact.id)
