"""`POST /webhooks/{provider}`: what is genuine is on disk before it is thanked for; everything else is turned away."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from starlette.applications import Starlette

from channels import standard_webhooks
from gateway import webhooks
from gateway.model import ContactStatus
from gateway.providers import doors
from gateway.settings import Settings
from gateway.store.work import table
from policies.facts import Channel
from tests.gateway.test_settings import _nothing_is_set  # noqa: F401 - a fixture for every test here
from tests.world import World, open_world

SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    from channels.sandbox import Sandbox  # noqa: PLC0415

    async with open_world(
        tmp_path, sms=[Sandbox(name="http")], sms_webhook_secret=SecretStr(SECRET), public_url="https://gateway.example"
    ) as world:
        yield world


@pytest.fixture
async def provider(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=[webhooks.route(world.gateway)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as client:
        yield client


async def _say(
    provider: httpx.AsyncClient, world: World, body: Any, *, secret: str = SECRET, age: timedelta = timedelta(0)
) -> int:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = standard_webhooks.sign(secret, "event-1", world.clock() - age, raw)
    return (await provider.post("/webhooks/http", content=raw, headers=headers)).status_code


async def _sent(world: World) -> tuple[Any, dict[str, str]]:
    answer = await world.request(await world.customer("TEST"), Channel.SMS)
    await world.deliver()
    [attempt] = await world.attempts(answer)
    return answer, {"type": "receipt", "reference": attempt.id, "status": "delivered"}


async def test_a_genuine_receipt_is_heard(world: World, provider: httpx.AsyncClient) -> None:
    answer, receipt = await _sent(world)

    status = await _say(provider, world, receipt)

    assert 200 <= status < 300
    assert (await world.now(answer)).status is ContactStatus.DELIVERED


async def test_of_a_list_what_can_be_read_is_heard(world: World, provider: httpx.AsyncClient) -> None:
    answer, receipt = await _sent(world)
    bad = receipt | {"status": "vanished"}
    stop = {"type": "reply", "id": "r-1", "from": "+8613900000000", "text": "STOP"}

    first = await _say(provider, world, [bad, stop, receipt])
    again = await _say(provider, world, [bad, stop, receipt])

    assert first == again == 400
    assert (await world.now(answer)).status is ContactStatus.DELIVERED
    async with world.gateway.database.read() as work:
        assert len(await work.all(select(table("reply")))) == 1


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"secret": "whsec_" + "AAAA" * 8}, 403),
        ({"age": timedelta(minutes=6)}, 403),
        ({"age": timedelta(minutes=-6)}, 403),
    ],
    ids=["forged", "replayed", "from the future"],
)
async def test_what_is_not_the_providers_or_too_old_changes_nothing(
    world: World, provider: httpx.AsyncClient, more: dict[str, Any], status: int
) -> None:
    answer, receipt = await _sent(world)

    assert await _say(provider, world, receipt, **more) == status
    assert (await world.now(answer)).status is ContactStatus.SENT


async def test_what_was_tampered_with_is_refused(world: World, provider: httpx.AsyncClient) -> None:
    answer, receipt = await _sent(world)
    headers = standard_webhooks.sign(SECRET, "event-1", world.clock(), orjson.dumps(receipt))

    tampered = await provider.post("/webhooks/http", json={**receipt, "status": "failed"}, headers=headers)

    assert tampered.status_code == 403
    assert (await world.now(answer)).status is ContactStatus.SENT


async def test_the_same_sent_again_is_thanked_for_and_changes_nothing(
    world: World, provider: httpx.AsyncClient
) -> None:
    answer, receipt = await _sent(world)

    statuses = {await _say(provider, world, receipt) for _ in range(3)}

    assert len(statuses) == 1
    assert [reach for reach, _ in await world.slots()] == ["DELIVERED"]
    assert (await world.now(answer)).status is ContactStatus.DELIVERED


async def test_a_reply_by_webhook_stops_the_texts(world: World, provider: httpx.AsyncClient) -> None:
    customer = await world.customer("CN")

    await _say(provider, world, {"type": "reply", "id": "m-1", "from": "+8613900000000", "text": "退订"})
    answer = await world.request(customer, Channel.SMS)

    assert answer.contact.status is ContactStatus.REFUSED


async def test_a_character_that_postgresql_takes_in_no_text_is_left_out(
    world: World, provider: httpx.AsyncClient
) -> None:
    await world.customer("CN")

    reply = {"type": "reply", "id": "m-1", "from": "+8613900000000", "text": "one\0two"}
    assert await _say(provider, world, reply) == 204

    async with world.gateway.database.read() as work:
        [row] = await work.all(table("reply").select())
        await work.open_keys([row.customer_id])
        assert work.open(row.customer_id, row.text) == "onetwo"


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"\xff", 400), (b"null", 400), (b"[" * 10_000, 400), (b" " * 2_000_000, 413)]
)
async def test_what_cannot_be_read_is_told_so(
    world: World, provider: httpx.AsyncClient, body: bytes, status: int
) -> None:
    assert await _say(provider, world, body) == status


async def test_a_provider_that_is_not_set_up_has_no_door(world: World, provider: httpx.AsyncClient) -> None:
    assert (await provider.post("/webhooks/twilio")).status_code == 404
    assert (await provider.get("/webhooks/http")).status_code == 405


def test_only_a_provider_with_a_secret_has_a_door() -> None:
    secret = SecretStr("s" * 32)
    every = doors(
        Settings(
            sms_webhook_secret=SecretStr(SECRET),
            twilio_auth_token=secret,
            vonage_signature_secret=secret,
            aliyun_webhook_token=secret,
        )
    )

    assert doors(Settings()) == {}
    assert set(every) >= {"http", "twilio", "vonage", "aliyun"}
    assert all(door.ear.providers == {name} for name, door in every.items() if door.ear.channel is Channel.SMS)
