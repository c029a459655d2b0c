"""The page behind `List-Unsubscribe`: it asks, it withdraws, and it tells strangers nothing."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from gateway import customers, unsubscribe
from gateway.addresses import masked
from gateway.model import ConsentEntry, ContactStatus, Customer
from gateway.requests import RecordConsent
from gateway.store import customers as store
from policies.facts import Channel, ConsentStatus
from tests.world import SERVICE, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One for all tests here: each has a customer of its own, and the clock is moved by days at noon."""
    async with open_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=[unsubscribe.route(world.gateway)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.example") as client:
        yield client


async def _mailed(world: World) -> tuple[Customer, str]:
    """A customer who got a mail, and the path of the link in it."""
    customer = await world.customer("CN")
    await world.request(customer, Channel.EMAIL)
    await world.deliver()
    message = world.email.sent[-1]
    assert message.unsubscribe_url is not None
    return customer, urlsplit(message.unsubscribe_url).path


async def _ledger(world: World, customer: Customer) -> list[ConsentEntry]:
    async with world.gateway.database.read() as work:
        return await store.consents_of(work, [customer.id])


async def test_opening_the_link_asks_and_changes_nothing(world: World, browser: httpx.AsyncClient) -> None:
    customer, path = await _mailed(world)

    page = await browser.get(path)

    assert page.status_code == 200
    assert '<form method="post">' in page.text
    assert await _ledger(world, customer) == []


async def test_one_click_withdraws_the_address_and_nothing_else(world: World, browser: httpx.AsyncClient) -> None:
    customer, path = await _mailed(world)
    [_, mail] = await world.points(customer)

    page = await browser.post(path, data={"List-Unsubscribe": "One-Click"})

    assert page.status_code == 200
    assert "<form" not in page.text
    [entry] = await _ledger(world, customer)
    assert (entry.status, entry.channel, entry.contact_point_id, entry.purpose, entry.source, entry.at) == (
        ConsentStatus.WITHDRAWN,
        Channel.EMAIL,
        mail.id,
        None,
        "one-click unsubscribe",
        world.clock(),
    )


async def test_after_it_no_mail_leaves_and_texts_still_do(world: World, browser: httpx.AsyncClient) -> None:
    customer, path = await _mailed(world)
    sent = len(world.email.sent)
    world.wait(days=1)
    queued = await world.request(customer, Channel.EMAIL)

    await browser.post(path)
    await world.deliver()
    later = await world.request(customer, Channel.EMAIL)
    text = await world.request(customer, Channel.SMS)

    assert len(world.email.sent) == sent
    assert (await world.now(queued)).status is ContactStatus.REFUSED
    assert later.contact.status is ContactStatus.REFUSED
    assert text.contact.status is ContactStatus.SCHEDULED


async def test_a_second_click_is_harmless(world: World, browser: httpx.AsyncClient) -> None:
    customer, path = await _mailed(world)

    first, second = await browser.post(path), await browser.post(path)

    assert (first.status_code, first.text) == (second.status_code, second.text)
    assert (await world.request(customer, Channel.EMAIL)).contact.status is ContactStatus.REFUSED


async def test_a_click_counts_again_after_the_customer_had_agreed_again(
    world: World, browser: httpx.AsyncClient
) -> None:
    customer, path = await _mailed(world)
    [_, mail] = await world.points(customer)
    await browser.post(path)
    world.wait(days=1)
    grant = RecordConsent(customer.id, ConsentStatus.GRANTED, "form", Channel.EMAIL, mail.id)
    await customers.record_consent(world.gateway, SERVICE, grant)
    agreed = await world.request(customer, Channel.EMAIL)
    world.wait(minutes=1)

    await browser.post(path)

    assert agreed.contact.status is ContactStatus.SCHEDULED
    assert (await world.request(customer, Channel.EMAIL)).contact.status is ContactStatus.REFUSED


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["unknown", "A" * 5000, "%00", "'; DROP TABLE consent"])
async def test_a_token_that_nobody_has_is_told_so_and_nothing_happens(
    world: World, browser: httpx.AsyncClient, method: str, token: str
) -> None:
    customer, _ = await _mailed(world)

    page = await browser.request(method, f"/unsubscribe/{token}")

    assert page.status_code == 404
    assert "not known" in page.text
    assert await _ledger(world, customer) == []


@pytest.mark.parametrize(("method", "known"), [("GET", True), ("POST", True), ("GET", False)])
async def test_every_answer_keeps_the_token_to_itself_and_runs_nothing(
    world: World, browser: httpx.AsyncClient, method: str, known: bool
) -> None:
    customer, path = await _mailed(world)
    [text, mail] = await world.points(customer)

    page = await browser.request(method, path if known else "/unsubscribe/unknown")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for secret in (
        mail.unsubscribe_token,
        mail.address,
        masked(mail.channel, mail.address),
        text.address,
        customer.id,
        "Wang Fang",
    ):
        assert secret not in page.text


async def test_only_a_click_withdraws_and_not_another_method(world: World, browser: httpx.AsyncClient) -> None:
    customer, path = await _mailed(world)

    answers = [await browser.request(method, path) for method in ("HEAD", "PUT", "DELETE")]

    assert [answer.status_code for answer in answers] == [200, 405, 405]
    assert await _ledger(world, customer) == []


async def test_every_contact_point_has_a_token_of_its_own_that_cannot_be_guessed(world: World) -> None:
    points = [point for _ in range(5) for point in await world.points(await world.customer("CN"))]

    tokens = {point.unsubscribe_token for point in points}

    assert len(tokens) == len(points) == 10
    assert min(map(len, tokens)) >= 22  # 128 bits
