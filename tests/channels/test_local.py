import sys
from datetime import timedelta

import httpx
import pytest

from channels.base import Message, OutcomeUnknown, TemporaryFailure
from channels.email import SmtpEmail
from channels.local import Answer, Cut, LocalMail, LocalSms, LocalSmsProvider, LocalSmtpServer, Slow
from channels.sms.http import HttpSms
from tests.channels.builders import SOON, a_mail, a_text, failure

Vendor = tuple[LocalSmsProvider, str]


async def test_what_arrived_can_be_read_as_json_in_order(vendor: Vendor, client: httpx.AsyncClient) -> None:
    _, url = vendor
    provider = HttpSms(client, url, "LENDER")
    await provider.send(a_text(reference="first", valid_for=timedelta(minutes=1)), timeout=SOON)
    await provider.send(a_text(reference="second"), timeout=SOON)

    messages = (await client.get(url + "messages")).json()

    assert [message["reference"] for message in messages] == ["first", "second"]
    assert messages[0] == {
        "id": "local-1",
        "reference": "first",
        "sender": "LENDER",
        "to": "+8613900000000",
        "text": "您好，您的账单 1,234.56 元将于明天到期。",
        "valid_for_seconds": 60,
    }


async def test_the_page_shows_the_newest_first_and_runs_no_script(vendor: Vendor, client: httpx.AsyncClient) -> None:
    _, url = vendor
    provider = HttpSms(client, url, "LENDER")
    await provider.send(a_text(reference="older", text="<script>alert(1)</script>"), timeout=SOON)
    await provider.send(a_text(reference="<b>newer</b>", text="{0} %s 您好"), timeout=SOON)

    page = (await client.get(url)).text

    assert "<script>" not in page
    assert "<b>" not in page
    assert page.index("newer") < page.index("older")
    assert "{0} %s 您好" in page


async def test_the_page_shows_who_was_texted_twice(vendor: Vendor, client: httpx.AsyncClient) -> None:
    server, url = vendor
    provider = HttpSms(client, url, "LENDER")
    await provider.send(a_text(), timeout=SOON)
    await provider.send(a_text(), timeout=SOON)

    assert server.times == {"attempt-1": 2}
    assert "came 2 times" in (await client.get(url)).text


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'"x"', b"{}", b"\xff", b"[" * 100_000, b'{"to":1,"from":"","text":"","reference":""}'],
)
async def test_a_body_that_is_not_the_generic_one_is_refused(
    vendor: Vendor, client: httpx.AsyncClient, body: bytes
) -> None:
    server, url = vendor

    response = await client.post(url, content=body)

    assert response.status_code == 400
    assert not server.messages


async def test_a_behaviour_holds_for_one_message_or_until_further_notice(
    vendor: Vendor, client: httpx.AsyncClient
) -> None:
    server, url = vendor
    provider = HttpSms(client, url, "LENDER")
    server.script.always(Answer(503))
    server.script.next(Cut(taken=False))

    first = await failure(provider, a_text())
    second = await failure(provider, a_text())
    third = await failure(provider, a_text())

    assert [type(first), type(second), type(third)] == [OutcomeUnknown, TemporaryFailure, TemporaryFailure]
    assert server.requests == 3
    assert not server.messages


async def test_what_holds_always_takes_the_place_of_what_was_next(vendor: Vendor, client: httpx.AsyncClient) -> None:
    server, url = vendor
    server.script.next(Answer(500))
    server.script.always(Answer(503))

    assert isinstance(await failure(HttpSms(client, url, "LENDER"), a_text()), TemporaryFailure)


async def test_a_slow_answer_still_comes(vendor: Vendor, client: httpx.AsyncClient) -> None:
    server, url = vendor
    server.script.next(Slow(timedelta(milliseconds=20)))

    assert await HttpSms(client, url, "LENDER").send(a_text(), timeout=SOON)


async def test_a_caller_can_watch_what_arrives(client: httpx.AsyncClient) -> None:
    texts: list[LocalSms] = []
    mails: list[LocalMail] = []
    provider, server = LocalSmsProvider(on_message=texts.append), LocalSmtpServer(on_message=mails.append)
    async with provider.serve() as url, server.serve() as smtp_url:
        email = SmtpEmail.from_url(smtp_url, sender="n@lender.example")

        await HttpSms(client, url, "LENDER").send(a_text(), timeout=SOON)
        await email.send(a_mail(), timeout=SOON)
        await email.close()

    assert [text.text for text in texts] == [a_text().text]
    assert [mail.text for mail in mails] == [a_mail().text]


async def test_a_mail_twice_is_counted_twice(post_office: tuple[LocalSmtpServer, str]) -> None:
    server, url = post_office
    email = SmtpEmail.from_url(url, sender="n@lender.example")
    odd = Message("attempt/1 @", "ann@example.com", "hello")

    await email.send(odd, timeout=SOON)
    await email.send(odd, timeout=SOON)
    await email.close()

    assert server.times == {"attempt/1 @": 2}


async def test_nobody_writes_without_the_password() -> None:
    server = LocalSmtpServer(auth=("us", "right"))
    async with server.serve() as url:
        email = SmtpEmail.from_url(url.replace("us:right@", ""), sender="n@lender.example")

        error = await failure(email, a_mail())
        await email.close()

    assert error.code == "530 5.7.0"


async def test_without_aiosmtpd_the_smtp_server_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtpd", None)

    with pytest.raises(RuntimeError, match="pip install"):
        async with LocalSmtpServer().serve():
            pass
