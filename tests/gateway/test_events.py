"""Callers are told what happens: all of it, in order for each contact, signed, and again until they hear it."""

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from channels import base
from channels.local import serve
from gateway import callbacks, customers, ending, events
from gateway.callers import create_key
from gateway.clock import SystemClock
from gateway.core import Ear
from gateway.ids import global_id
from gateway.model import Caller, CallResult, ContactStatus, Role, Unacceptable
from gateway.outgoing import Poster
from gateway.receiving import receive
from gateway.requests import RecordCall, RecordConsent
from gateway.store import callers, contacts
from gateway.store import events as store
from gateway.store.events import EventStatus, EventSubscription
from gateway.store.work import table
from gateway.telling import Teller
from policies.facts import Channel, ConsentStatus
from tests.world import SERVICE, World, open_world


class Receiver:
    """A caller's server. `answers` are given to the next requests; then 204."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[Response] = []
        self.app = Starlette(routes=[Route("/", self._hear, methods=["POST"])])

    async def _hear(self, request: Request) -> Response:
        self.heard.append((dict(request.headers), await request.body()))
        return self.answers.pop(0) if self.answers else Response(status_code=204)

    @property
    def kinds(self) -> list[str]:
        return [orjson.loads(body)["type"] for _, body in self.heard]


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    one = Receiver()
    async with serve(one.app) as url:
        yield one, url


@asynccontextmanager
async def _teller(world: World) -> AsyncIterator[Teller]:
    poster = Poster(httpx.AsyncClient(trust_env=False), allow_private=True)
    yield Teller(world.gateway, poster)
    await poster.close()


async def _subscribe(world: World, url: str, *kinds: str, caller: Caller = SERVICE) -> EventSubscription:
    poster = Poster(httpx.AsyncClient(trust_env=False), allow_private=True)
    made = await events.subscribe(world.gateway, poster, caller, url, kinds)
    await poster.close()
    return made


async def _tell(world: World, rounds: int = 10) -> None:
    async with _teller(world) as teller:
        for _ in range(rounds):
            await teller.tell_due()


async def _statuses(world: World) -> list[str]:
    async with world.gateway.database.read() as work:
        return [row.status for row in await work.all(table("event").select().order_by(table("event").c.id))]


def _verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """By the words of the specification, and not by our own code."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in headers["webhook-signature"].split(" ")


async def test_a_contacts_life_is_told_in_order_signed_and_without_anything_personal(
    world: World, receiver: tuple[Receiver, str]
) -> None:
    server, url = receiver
    subscription = await _subscribe(world, url)
    answer = await world.request(await world.customer("TEST"), Channel.SMS, reference="run-7")
    await world.deliver()
    await receive(
        world.gateway,
        Ear("sms", Channel.SMS, frozenset({"sms"})),
        [base.Receipt("r", (await world.attempts(answer))[0].id, base.Arrival.DELIVERED)],
    )

    await _tell(world)

    assert server.kinds == ["contact.scheduled", "contact.sending", "contact.sent", "contact.delivered"]
    assert all(_verified(subscription.secret, *one) for one in server.heard)
    data = orjson.loads(server.heard[-1][1])["data"]
    assert data["contactId"] == global_id("Contact", answer.contact.id)
    assert (data["reference"], data["status"], data["channel"]) == ("run-7", "DELIVERED", "SMS")
    assert not any(word in body for _, body in server.heard for word in (b"13900000000", "王".encode(), b"Wang"))


async def test_the_next_event_of_a_contact_waits_for_the_one_before_and_others_do_not(
    world: World, receiver: tuple[Receiver, str]
) -> None:
    server, url = receiver
    await _subscribe(world, url, "contact.scheduled", "contact.sent")
    server.answers = [Response(status_code=500)]
    await world.request(await world.customer("TEST"), Channel.SMS)
    await world.deliver()
    await _tell(world)
    first = list(server.kinds)
    await world.request(await world.customer("TEST"), Channel.SMS)
    await _tell(world)

    world.wait(seconds=5)
    await _tell(world)

    assert first == ["contact.scheduled"]
    assert server.kinds == ["contact.scheduled", "contact.scheduled", "contact.scheduled", "contact.sent"]
    ids = [headers["webhook-id"] for headers, _ in server.heard]
    assert ids[0] == ids[2], "the same event keeps its id however often it is told"


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
async def test_what_was_not_heard_is_told_again_later_and_later(
    world: World, receiver: tuple[Receiver, str], status: int
) -> None:
    server, url = receiver
    await _subscribe(world, url, "contact.scheduled")
    server.answers = [Response(status_code=status)] * 3
    await world.request(await world.customer("TEST"), Channel.SMS)

    told = []
    for seconds in (0, 4, 1, 29, 1, 119, 1):
        world.wait(seconds=seconds)
        await _tell(world, 1)
        told.append(len(server.heard))

    assert told == [1, 1, 2, 2, 3, 3, 4]
    assert await _statuses(world) == [EventStatus.TOLD]


async def test_who_asks_for_time_is_given_it(world: World, receiver: tuple[Receiver, str]) -> None:
    server, url = receiver
    await _subscribe(world, url, "contact.scheduled")
    server.answers = [Response(status_code=429, headers={"Retry-After": "100"})]
    await world.request(await world.customer("TEST"), Channel.SMS)

    await _tell(world, 1)
    world.wait(seconds=99)
    await _tell(world, 1)
    early = len(server.heard)
    world.wait(seconds=1)
    await _tell(world, 1)

    assert (early, len(server.heard)) == (1, 2)


async def test_after_three_days_an_event_is_given_up_and_the_next_is_told(
    world: World, receiver: tuple[Receiver, str]
) -> None:
    server, url = receiver
    await _subscribe(world, url, "contact.scheduled", "contact.sent")
    server.answers = [Response(status_code=500)] * 13
    await world.request(await world.customer("TEST"), Channel.SMS)
    await world.deliver()

    for _ in range(4 * 24):
        await _tell(world, 1)
        world.wait(hours=1)

    assert (await _statuses(world))[0] == EventStatus.GIVEN_UP
    assert server.kinds[-1] == "contact.sent"


async def test_410_ends_the_subscription(world: World, receiver: tuple[Receiver, str]) -> None:
    server, url = receiver
    await _subscribe(world, url)
    server.answers = [Response(status_code=410)]
    await world.request(await world.customer("TEST"), Channel.SMS)

    await _tell(world)
    world.wait(minutes=1)
    await world.request(await world.customer("TEST"), Channel.SMS)
    await _tell(world)

    assert len(server.heard) == 1
    async with world.gateway.database.read() as work:
        assert await store.subscriptions(work) == []


async def test_what_is_rolled_back_is_not_told(world: World, receiver: tuple[Receiver, str]) -> None:
    _, url = receiver
    await _subscribe(world, url)
    customer = await world.customer("TEST")

    with pytest.raises(Unacceptable):
        await world.request(customer, Channel.SMS, bill_id="f" * 32)

    assert await _statuses(world) == []


async def test_what_was_written_down_goes_with_the_transaction_that_fails(
    world: World, receiver: tuple[Receiver, str]
) -> None:
    _, url = receiver
    await _subscribe(world, url, "contact.cancelled")
    answer = await world.request(await world.customer("TEST"), Channel.SMS)

    async def broken() -> None:
        async with world.gateway.database.write() as work:
            await contacts.change(work, [{"id": answer.contact.id, "status": ContactStatus.CANCELLED}])
            await world.gateway.recorder(work, work.happenings)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await broken()
    nothing = await _statuses(world)
    await ending.cancel(world.gateway, SERVICE, answer.contact.id, None)

    assert nothing == []
    assert await _statuses(world) == [EventStatus.WAITING]


async def test_a_receiver_that_never_answers_holds_up_no_other(tmp_path: Path, receiver: tuple[Receiver, str]) -> None:
    server, url = receiver

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async with open_world(tmp_path, poll_seconds=0.05) as world, _teller(world) as teller:
        async with serve(silent) as dead:
            await _subscribe(world, dead, "contact.scheduled")
            for _ in range(40):
                await world.request(await world.customer("TEST"), Channel.SMS)
            await _subscribe(world, url, "contact.scheduled")
            await world.request(await world.customer("TEST"), Channel.SMS)

            running = asyncio.create_task(teller.run())
            async with asyncio.timeout(8):  # and the silent one has ten seconds
                while not server.heard:  # noqa: ASYNC110 - a server tells nobody
                    await asyncio.sleep(0.01)
            teller.stop()
        await running


async def test_what_stands_behind_another_is_looked_at_once_and_brought_forward(
    world: World, receiver: tuple[Receiver, str]
) -> None:
    server, url = receiver
    subscription = await _subscribe(world, url, "contact.scheduled", "contact.sent")
    server.answers = [Response(status_code=500)]
    await world.request(await world.customer("TEST"), Channel.SMS)
    await world.deliver()
    await _tell(world, 1)

    async with world.gateway.database.write() as work:
        due, looked_at = await store.take_due(work, subscription.id, 10, timedelta(seconds=60))
        owed = await store.owed(work)
    world.wait(seconds=5)
    await _tell(world, 2)

    assert (due, looked_at, owed) == ([], 0, ([], []))
    assert server.kinds == ["contact.scheduled", "contact.scheduled", "contact.sent"]


async def test_what_was_taken_by_a_process_that_died_is_told_by_another_under_the_same_id(
    tmp_path: Path, receiver: tuple[Receiver, str]
) -> None:
    server, url = receiver
    async with open_world(tmp_path) as dying:
        subscription = await _subscribe(dying, url, "contact.scheduled")
        await dying.request(await dying.customer("TEST"), Channel.SMS)
        async with dying.gateway.database.write() as work:
            [taken], _ = await store.take_due(work, subscription.id, 10, timedelta(seconds=60))

    async with open_world(tmp_path) as world:
        await _tell(world)
        early = len(server.heard)
        world.wait(seconds=60)
        await _tell(world)

    assert early == 0
    assert [headers["webhook-id"] for headers, _ in server.heard] == [taken.id]


async def test_nothing_is_told_to_a_subscription_that_ended_whoever_writes_it_down(
    tmp_path: Path, receiver: tuple[Receiver, str]
) -> None:
    server, url = receiver
    async with open_world(tmp_path) as one, open_world(tmp_path) as other:
        subscription = await _subscribe(one, url, "contact.scheduled")
        customer = await other.customer("TEST")
        await other.request(customer, Channel.SMS)
        await events.end(one.gateway, SERVICE, subscription.id)

        await other.request(customer, Channel.SMS)  # it has not heard that nobody listens any more
        await _tell(one)

        assert server.heard == []
        assert await _statuses(one) == [EventStatus.GIVEN_UP] * 2


async def test_410_ends_the_subscription_at_once(world: World, receiver: tuple[Receiver, str]) -> None:
    server, url = receiver
    subscription = await _subscribe(world, url, "contact.scheduled")
    server.answers = [Response(status_code=410)]
    await world.request(await world.customer("TEST"), Channel.SMS)
    await _tell(world)
    await world.request(await world.customer("TEST"), Channel.SMS)
    await _tell(world)

    assert len(server.heard) == 1
    assert await _statuses(world) == [EventStatus.GIVEN_UP]
    async with world.gateway.database.read() as work:
        assert await store.last_answer(work, subscription.id) == "410"


@pytest.mark.parametrize("what", ["caller", "key"])
async def test_who_was_revoked_is_told_nothing_more(world: World, receiver: tuple[Receiver, str], what: str) -> None:
    server, url = receiver
    await create_key(world.gateway.database, Role.SERVICE, "gone")
    async with world.gateway.database.read() as work:
        [listed] = await callers.listed(work)
    await _subscribe(world, url, "contact.scheduled", caller=listed.caller)
    await world.request(await world.customer("TEST"), Channel.SMS)

    async with world.gateway.database.write() as work:
        await callers.revoke(work, listed.caller.id if what == "caller" else listed.keys[0].id)
    await _tell(world)
    world.wait(seconds=5)
    await world.request(await world.customer("TEST"), Channel.SMS)

    assert server.heard == []
    assert await _statuses(world) == [EventStatus.GIVEN_UP]


async def test_an_event_of_a_time_when_we_were_away_is_tried_more_than_once(
    world: World, receiver: tuple[Receiver, str]
) -> None:
    server, url = receiver
    await _subscribe(world, url, "contact.scheduled")
    server.answers = [Response(status_code=503)] * 4
    await world.request(await world.customer("TEST"), Channel.SMS)

    world.wait(days=7)
    for _ in range(60):
        await _tell(world, 1)
        world.wait(minutes=1)

    assert len(server.heard) == 5
    assert await _statuses(world) == [EventStatus.TOLD]


async def test_the_last_time_is_when_three_days_have_passed_and_then_the_next_is_told_at_once(
    world: World, receiver: tuple[Receiver, str]
) -> None:
    server, url = receiver
    await _subscribe(world, url, "contact.scheduled", "contact.sent")
    server.answers = [Response(status_code=500)] * 100
    await world.request(await world.customer("TEST"), Channel.SMS)
    await world.deliver()
    for _ in range(72):
        await _tell(world, 1)
        world.wait(hours=1)
    tried, waiting = len(server.heard), await _statuses(world)

    await _tell(world, 1)
    given_up, last = await _statuses(world), len(server.heard)
    await _tell(world, 1)

    assert waiting == [EventStatus.WAITING] * 2
    assert given_up == [EventStatus.GIVEN_UP, EventStatus.WAITING]
    assert (last, len(server.heard)) == (tried + 1, tried + 2)
    assert server.kinds[-1] == "contact.sent"


async def test_what_happens_in_two_steps_is_told_once(world: World, receiver: tuple[Receiver, str]) -> None:
    server, url = receiver
    await _subscribe(world, url, "contact.failed")
    await world.request(await world.customer("TEST"), Channel.CALLBACK, is_callback=True)
    await world.deliver()
    agent = Caller("a" * 32, Role.AGENT, "Li")
    callback, _ = await callbacks.claim(world.gateway, agent, "claim")
    assert callback is not None

    call = RecordCall(callback.id, "record", "f", CallResult.WRONG_NUMBER)
    await callbacks.record(world.gateway, agent, call)
    await _tell(world)

    assert server.kinds == ["contact.failed"]


async def test_a_callback_that_is_rung_twice_is_told_of_as_sent_once(
    world: World, receiver: tuple[Receiver, str]
) -> None:
    server, url = receiver
    await _subscribe(world, url, "contact.sent")
    await world.request(await world.customer("TEST"), Channel.CALLBACK, is_callback=True)
    await world.deliver()
    agent = Caller("a" * 32, Role.AGENT, "Li")

    for ring in ("one", "two"):
        callback, _ = await callbacks.claim(world.gateway, agent, ring)
        assert callback is not None
        await callbacks.release(world.gateway, agent, callback.id, "interrupted")
    await _tell(world)

    assert server.kinds == ["contact.sent"]


async def test_the_readmes_check_knows_what_is_ours(tmp_path: Path, receiver: tuple[Receiver, str]) -> None:
    server, url = receiver
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?is_genuine.*?)```", readme, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own example
    async with open_world(tmp_path, at=SystemClock()()) as world:
        subscription = await _subscribe(world, url, "contact.scheduled", "contact.refused")
        await world.request(await world.customer("TEST"), Channel.SMS)
        await _tell(world)
    [(headers, body)] = server.heard

    assert names["is_genuine"](subscription.secret, headers, body)
    assert not names["is_genuine"](subscription.secret, headers, body + b" ")
    assert not names["is_genuine"](subscription.secret, headers | {"webhook-timestamp": "1"}, body)


async def test_two_tellers_do_not_tell_twice(tmp_path: Path, receiver: tuple[Receiver, str]) -> None:
    server, url = receiver
    async with open_world(tmp_path) as one, open_world(tmp_path) as other:
        await _subscribe(one, url, "contact.scheduled")
        for _ in range(30):
            await one.request(await one.customer("TEST"), Channel.SMS)
        await asyncio.gather(_tell(one, 5), _tell(other, 5))

        assert len(server.heard) == len({headers["webhook-id"] for headers, _ in server.heard}) == 30


async def test_another_process_knows_of_a_subscription_within_five_seconds(
    tmp_path: Path, receiver: tuple[Receiver, str]
) -> None:
    _, url = receiver
    async with open_world(tmp_path) as one, open_world(tmp_path) as other:
        customer = await other.customer("TEST")
        await other.request(customer, Channel.SMS)  # it has looked, and there was nobody
        await _subscribe(one, url)

        other.wait(seconds=5)
        await other.request(customer, Channel.SMS)

        assert await _statuses(other) == [EventStatus.WAITING]


async def test_withdrawals_and_replies_are_told_too(world: World, receiver: tuple[Receiver, str]) -> None:
    server, url = receiver
    await _subscribe(world, url, "consent.withdrawn", "consent.granted", "reply.received")
    customer = await world.customer("CN")
    await customers.record_consent(world.gateway, SERVICE, RecordConsent(customer.id, ConsentStatus.GRANTED, "form"))
    await receive(
        world.gateway, Ear("sms", Channel.SMS, frozenset({"sms"})), [base.Reply("r", "+8613900000000", "退订")]
    )

    await _tell(world)

    assert server.kinds == ["consent.granted", "consent.withdrawn", "reply.received"]
    assert not any("退订".encode() in body for _, body in server.heard)


@pytest.mark.parametrize(("text", "urgent"), [("什么时候到期", False), ("活不下去了", True)])
async def test_a_reply_that_is_urgent_is_told_as_such(
    world: World, receiver: tuple[Receiver, str], text: str, urgent: bool
) -> None:
    server, url = receiver
    await _subscribe(world, url, "reply.received")
    await world.customer("CN")
    await receive(world.gateway, Ear("sms", Channel.SMS, frozenset({"sms"})), [base.Reply("r", "+8613900000000", text)])

    await _tell(world)

    [(_, body)] = server.heard
    assert orjson.loads(body)["data"]["urgent"] is urgent


async def test_a_subscription_is_its_callers_and_there_are_not_too_many(world: World) -> None:
    public: dict[str, Any] = {}

    async def resolve(host: str, port: int) -> list[str]:
        return ["8.8.8.8"]

    poster = Poster(httpx.AsyncClient(trust_env=False), resolve=resolve, **public)
    made = [await events.subscribe(world.gateway, poster, SERVICE, "https://receiver.example/", ()) for _ in range(10)]
    other = Caller("9" * 32, Role.SERVICE, "other")

    for wrong in (
        events.subscribe(world.gateway, poster, SERVICE, "https://receiver.example/", ()),
        events.subscribe(world.gateway, poster, other, "https://receiver.example/", ("contact.exploded",)),
        events.subscribe(world.gateway, poster, other, "http://receiver.example/", ()),
        events.end(world.gateway, other, made[0].id),
    ):
        with pytest.raises(Unacceptable):
            await wrong
    ended = await events.end(world.gateway, SERVICE, made[0].id)
    await poster.close()

    assert ended.ended_at == world.clock()


async def test_what_was_told_is_forgotten_after_a_month(world: World, receiver: tuple[Receiver, str]) -> None:
    _, url = receiver
    await _subscribe(world, url, "contact.scheduled")
    await world.request(await world.customer("TEST"), Channel.SMS)
    await _tell(world)

    world.wait(days=31)
    async with world.gateway.database.write() as work:
        dropped = await store.forget(work, work.now - timedelta(days=30))

    assert dropped == 1
