"""The page behind a survey's link, over HTTP: it asks, it records once, and it tells strangers nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text as statement

from gateway import survey_link
from gateway.contact import Answer
from gateway.erasing import erase
from gateway.model import Customer, SurveyAnswer
from gateway.requests import NewPoint
from gateway.store import survey_answers
from policies.facts import Channel, Purpose
from tests.api.serving import serving
from tests.world import COMPLIANCE, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORM = '<form method="post">'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One for all tests here: each has a customer of its own."""
    async with open_world(tmp_path_factory.mktemp("world"), worker=False) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(world.gateway) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


async def asked(world: World, locale: str = "en", *points: NewPoint) -> tuple[Customer, str, Answer]:
    """A customer who was asked by text, the path of the link in it, and the contact."""
    customer = await world.customer("TEST", *points, locale=locale)
    contact = await world.request(customer, Channel.SMS)
    await world.deliver()
    [link] = re.findall(r"http\S+/survey/\S+", world.sms.sent[-1].text)
    return customer, urlsplit(link).path, contact


async def answers(world: World, customer: Customer) -> list[SurveyAnswer]:
    async with world.gateway.database.read() as work:
        return (await survey_answers.of_customers(work, [customer.id])).get(customer.id, [])


async def test_opening_the_link_asks_and_records_nothing(world: World, browser: httpx.AsyncClient) -> None:
    customer, path, _ = await asked(world)

    page, head = await browser.get(path), await browser.head(path)

    assert (page.status_code, head.status_code) == (200, 200)
    assert FORM in page.text
    assert page.text.count('type="radio"') == 5
    assert "<script" not in page.text
    assert await answers(world, customer) == []


async def test_the_page_speaks_the_customers_language(world: World, browser: httpx.AsyncClient) -> None:
    _, path, _ = await asked(world, "zh-CN")

    page = await browser.get(path)

    assert '<html lang="zh">' in page.text
    assert "我们做得怎么样？" in page.text
    assert "How did we do" not in page.text


async def test_what_is_sent_is_on_record(world: World, browser: httpx.AsyncClient) -> None:
    customer, path, contact = await asked(world, "zh-CN")

    page = await browser.post(path, data={"score": "4", "text": " 很好\r\n谢谢 ", "call": "yes"})

    [answer] = await answers(world, customer)
    assert (page.status_code, FORM in page.text, "感谢您告诉我们。" in page.text) == (200, False, True)
    assert (answer.score, answer.text, answer.wants_call) == (4, "很好\n谢谢", True)
    assert (answer.contact_id, answer.recorded_by) == (contact.contact.id, "customer")
    assert answer.call_id is not None


async def test_a_score_alone_is_enough(world: World, browser: httpx.AsyncClient) -> None:
    customer, path, _ = await asked(world)

    await browser.post(path, data={"score": "1", "text": "  "})

    [answer] = await answers(world, customer)
    assert (answer.score, answer.text, answer.wants_call, answer.complaint_id) == (1, None, False, None)


async def test_who_answers_again_is_thanked_and_the_first_answer_stands(
    world: World, browser: httpx.AsyncClient
) -> None:
    customer, path, _ = await asked(world)
    await browser.post(path, data={"score": "5"})

    again = await browser.post(path, data={"score": "1", "text": "No!"})
    opened = await browser.get(path)

    assert again.status_code == opened.status_code == 200
    assert again.text == opened.text
    assert "Your first answer stands" in again.text
    assert [one.score for one in await answers(world, customer)] == [5]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"text=good",
        b"score=0",
        b"score=6",
        b"score=%2B5",
        b"score=five",
        b"score=5&text=%00",
        b"score=5&text=%FF",
        b"score=5&text=" + b"a" * 2001,
        b"score=5&text=" + b"a" * 40_000,
        b'{"score": 5}',
        "score=5&text=ü".encode(),
        b"score=5&" + b"&".join(b"a=b" for _ in range(9)),
    ],
)
async def test_what_no_form_of_ours_sends_is_asked_for_again(
    world: World, browser: httpx.AsyncClient, body: bytes
) -> None:
    customer, path, _ = await asked(world)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    page = await browser.post(path, content=body, headers=headers)

    assert page.status_code == 422
    assert FORM in page.text
    assert "Please choose one of the five answers" in page.text
    assert await answers(world, customer) == []


async def test_the_longest_text_in_the_widest_letters_is_taken(world: World, browser: httpx.AsyncClient) -> None:
    customer, path, _ = await asked(world)

    page = await browser.post(path, data={"score": "3", "text": "𠮷" * 2000})

    assert page.status_code == 200
    assert [one.text for one in await answers(world, customer)] == ["𠮷" * 2000]


async def test_the_link_ends_after_a_month(world: World, browser: httpx.AsyncClient) -> None:
    customer, path, _ = await asked(world)
    world.wait(days=30)

    opened, sent = await browser.get(path), await browser.post(path, data={"score": "5"})

    assert (opened.status_code, sent.status_code) == (410, 410)
    assert "has passed" in sent.text
    assert FORM not in opened.text
    assert await answers(world, customer) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["unknown", "A" * 22, "A" * 5000, "%00", "%C3%A9" * 22, "'; DROP TABLE contact"])
async def test_a_token_that_nobody_has_is_told_so(browser: httpx.AsyncClient, method: str, token: str) -> None:
    page = await browser.request(method, f"/survey/{token}", data={"score": "5"} if method == "POST" else None)

    assert page.status_code == 404
    assert "not known" in page.text
    assert "链接无效" in page.text


async def test_a_token_of_a_demand_is_like_one_that_nobody_has(world: World, browser: httpx.AsyncClient) -> None:
    customer = await world.customer("TEST", locale="en")
    bill = await world.bill(customer)
    demand = await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)
    await world.deliver()
    token = survey_link.token(world.gateway.database.vault, demand.contact.id)

    of_a_demand, unknown = await browser.get(f"/survey/{token}"), await browser.get("/survey/unknown")

    assert "/survey/" not in world.sms.sent[-1].text
    assert (of_a_demand.status_code, of_a_demand.text) == (404, unknown.text)


async def test_the_link_of_who_asked_to_be_forgotten_leads_nowhere(world: World, browser: httpx.AsyncClient) -> None:
    # An address that nobody else here has: it is not taken again.
    customer, path, _ = await asked(world, "en", NewPoint(Channel.SMS, "+447911123456"))
    await erase(world.gateway, COMPLIANCE, customer.id, "asked by mail")

    opened, sent = await browser.get(path), await browser.post(path, data={"score": "5"})

    assert (opened.status_code, sent.status_code) == (404, 404)
    assert await answers(world, customer) == []


async def test_every_page_keeps_what_it_knows_to_itself_and_runs_nothing(
    world: World, browser: httpx.AsyncClient
) -> None:
    customer, path, contact = await asked(world)
    [phone, mail] = await world.points(customer)

    pages = [
        await browser.get(path),
        await browser.post(path, data={"score": "9", "text": "my own words"}),
        await browser.post(path, data={"score": "3", "text": "my own words"}),
        await browser.get(path),
        await browser.get("/survey/unknown"),
    ]

    for page in pages:
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-robots-tag"] == "noindex"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "form-action 'self'" in page.headers["content-security-policy"]
        for secret in (
            path.rsplit("/", 1)[1], phone.address, mail.address, customer.id, contact.contact.id, "Wang Fang",
            customer.reference, "my own words",
        ):  # fmt: skip
            assert secret not in page.text


async def test_it_is_asked_with_get_and_answered_with_post_and_nothing_else(
    world: World, browser: httpx.AsyncClient
) -> None:
    customer, path, _ = await asked(world)

    refused = [await browser.request(method, path) for method in ("PUT", "DELETE", "PATCH")]

    assert [one.status_code for one in refused] == [405, 405, 405]
    assert await answers(world, customer) == []


async def test_two_answers_at_once_are_one(world: World, browser: httpx.AsyncClient) -> None:
    customer, path, _ = await asked(world)

    pages = await asyncio.gather(*(browser.post(path, data={"score": str(one)}) for one in (1, 2, 3, 4, 5)))

    assert [page.status_code for page in pages] == [200] * 5
    assert sum("Thank you for telling us" in page.text for page in pages) == 1
    assert len(await answers(world, customer)) == 1


async def test_an_agents_script_holds_no_link(world: World) -> None:
    customer = await world.customer("TEST", locale="en")
    call = await world.request(customer, Channel.CALLBACK)
    await world.deliver()

    script = (await world.now(call)).message

    assert script is not None
    assert "/survey/" not in script


async def test_where_the_database_is_away_the_page_says_so(world: World, browser: httpx.AsyncClient) -> None:
    _, path, _ = await asked(world)
    async with world.gateway.database.write() as work:
        await work.run(statement("ALTER TABLE survey_answer RENAME TO away"))

    try:
        page = await browser.get(path)
    finally:
        async with world.gateway.database.write() as work:
            await work.run(statement("ALTER TABLE away RENAME TO survey_answer"))

    assert page.status_code == 500
    assert "try again later" in page.text
    assert "survey_answer" not in page.text
