import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from channels.base import ChannelFailure, OutcomeUnknown, PermanentFailure, TemporaryFailure
from channels.local import Answer, Cut, LocalSmsProvider, serve
from channels.sms.exchange import FAILURES, failure_of, printable_code, retry_after
from channels.sms.http import HttpSms
from tests.channels.builders import AT_ONCE, SOON, a_text, failure

Vendor = tuple[LocalSmsProvider, str]


class Recorder:
    """An endpoint that keeps the requests it gets."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.bodies: list[object] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.requests.append(request)
        self.bodies.append(await request.json())
        await JSONResponse({"id": 7})(scope, receive, send)


@asynccontextmanager
async def a_mute_server() -> AsyncIterator[int]:
    """Takes connections and everything that comes, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_the_request_is_the_generic_body(client: httpx.AsyncClient) -> None:
    recorder = Recorder()
    async with serve(recorder) as url:
        provider = HttpSms(client, url + "send?country=cn", "LENDER")

        accepted = await provider.send(a_text(valid_for=timedelta(seconds=90.9)), timeout=SOON)

    assert accepted.provider_message_id == "7"
    assert recorder.bodies == [
        {
            "to": "+8613900000000",
            "from": "LENDER",
            "text": "您好，您的账单 1,234.56 元将于明天到期。",
            "reference": "attempt-1",
            "valid_for_seconds": 90,
        }
    ]
    assert str(recorder.requests[0].url).endswith("/send?country=cn")
    assert recorder.requests[0].headers["Idempotency-Key"] == "attempt-1"
    assert "Authorization" not in recorder.requests[0].headers


@pytest.mark.parametrize(
    ("userinfo", "authorization"),
    [
        ("ann:pa%40ss@", "Basic YW5uOnBhQHNz"),
        ("ann:@", "Basic YW5uOg=="),
        ("t0ken@", "Bearer t0ken"),
        ("", None),
    ],
)
async def test_secrets_in_the_url_become_a_header_and_nothing_else(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, userinfo: str, authorization: str | None
) -> None:
    recorder = Recorder()
    with caplog.at_level("DEBUG"):
        async with serve(recorder) as url:
            provider = HttpSms(client, url.replace("//", f"//{userinfo}"), "LENDER")

            await provider.send(a_text(), timeout=SOON)

    assert recorder.requests[0].headers.get("Authorization") == authorization
    assert "pa%40ss" not in caplog.text + repr(provider)
    assert "t0ken" not in caplog.text + repr(provider)


@pytest.mark.parametrize("url", ["ftp://u:hunter2@h/", "u:hunter2@h", "http://", "http://u:hunter2@h:port/", ""])
def test_a_url_that_cannot_work_is_refused_at_once_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="the SMS provider's URL") as raised:
        HttpSms(httpx.AsyncClient(verify=False), url, "LENDER")  # noqa: S501, nothing is sent

    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (Answer(503), TemporaryFailure, "503"),
        (Answer(429), TemporaryFailure, "429"),
        (Answer(408), TemporaryFailure, "408"),
        (Answer(425), TemporaryFailure, "425"),
        (Answer(400), PermanentFailure, "400"),
        (Answer(401), TemporaryFailure, "401"),
        (Answer(403), TemporaryFailure, "403"),
        (Answer(404), PermanentFailure, "404"),
        (Answer(422, '{"code": "no_credit"}'), PermanentFailure, "no_credit"),
        (Answer(400, '{"code": "+8613900000000"}'), PermanentFailure, "400"),
        (Answer(400, '{"code": 8613900000000}'), PermanentFailure, "400"),
        (Answer(500), OutcomeUnknown, "500"),
        (Answer(502), OutcomeUnknown, "502"),
        (Answer(504), OutcomeUnknown, "504"),
        (Answer(301, headers={"Location": "/"}), OutcomeUnknown, "301"),
        (Answer(307, headers={"Location": "/"}), OutcomeUnknown, "307"),
        (Answer(200, "OK"), OutcomeUnknown, "200"),
        (Answer(200, ""), OutcomeUnknown, "200"),
        (Answer(202, "[]"), OutcomeUnknown, "202"),
        (Answer(200, "[" * 100_000), OutcomeUnknown, "200"),
        (Answer(200, '{"id": null}'), OutcomeUnknown, "200"),
        (Answer(200, '{"id": ""}'), OutcomeUnknown, "200"),
        (Answer(200, '{"id": true}'), OutcomeUnknown, "200"),
        (Answer(200, "{}", {"Content-Encoding": "gzip"}), OutcomeUnknown, None),
        (Cut(taken=False), OutcomeUnknown, None),
    ],
)
async def test_an_answer_says_what_may_be_done_next(
    vendor: Vendor, client: httpx.AsyncClient, answer: Answer | Cut, kind: type[ChannelFailure], code: str | None
) -> None:
    server, url = vendor
    server.script.next(answer)

    error = await failure(HttpSms(client, url, "LENDER"), a_text())

    assert type(error) is kind
    assert error.code == code
    assert server.requests == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_NUMBER_ILLEGAL"),
        (30005, "30005"),
        ("MK:0001", "MK:0001"),
        ("MK:13900000000", None),
        ("8613900000000", None),
        ("+8613900000000", None),
        ("Ann Lee", None),
        (True, None),
        (None, None),
    ],
)
def test_a_code_is_shown_only_where_it_cannot_be_somebody(given: object, code: str | None) -> None:
    assert printable_code(given) == code


@pytest.mark.parametrize("status", [200, 201, 202, 299])
async def test_any_2xx_with_an_id_is_acceptance(vendor: Vendor, client: httpx.AsyncClient, status: int) -> None:
    server, url = vendor
    server.script.next(Answer(status, '{"id": "m-1"}'))

    accepted = await HttpSms(client, url, "LENDER").send(a_text(), timeout=SOON)

    assert accepted.provider_message_id == "m-1"


@pytest.mark.parametrize(("status", "bad"), [(400, True), (404, True), (422, True), (409, False), (410, False)])
async def test_a_bad_address_is_told_from_other_refusals(
    vendor: Vendor, client: httpx.AsyncClient, status: int, bad: bool
) -> None:
    server, url = vendor
    server.script.next(Answer(status, '{"code": "bad_address"}'))

    error = await failure(HttpSms(client, url, "LENDER"), a_text())

    assert isinstance(error, PermanentFailure)
    assert error.bad_address is bad


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta(0)),
        ("999999999", timedelta(days=1)),
        ("9" * 5000, None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("", None),
    ],
)
async def test_retry_after_is_honoured_in_seconds(
    vendor: Vendor, client: httpx.AsyncClient, header: str, wait: timedelta | None
) -> None:
    server, url = vendor
    server.script.next(Answer(503, headers={"Retry-After": header} if header.isascii() else {}))

    error = await failure(HttpSms(client, url, "LENDER"), a_text())

    assert isinstance(error, TemporaryFailure)
    assert error.retry_after == wait


@pytest.mark.parametrize(
    ("until", "now", "wait"),
    [
        ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:26:30 GMT", timedelta(seconds=90)),
        ("Wednesday, 21-Oct-26 07:28:00 GMT", "Wed, 21 Oct 2026 07:26:30 GMT", timedelta(seconds=90)),
        ("Wed, 21 Oct 2026 07:28:00 -0000", "Wed, 21 Oct 2026 07:26:30 GMT", timedelta(seconds=90)),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 08:00:00 GMT", timedelta(0)),
        ("Thu, 21 Oct 2027 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", timedelta(days=1)),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None, None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "yesterday", None),
        ("Wed, 99 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", "Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("soon", "Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after_as_a_date_is_counted_from_the_vendors_own_clock(
    until: str, now: str | None, wait: timedelta | None
) -> None:
    headers = {"Retry-After": until} | ({"Date": now} if now else {})

    assert retry_after(httpx.Response(503, headers=headers)) == wait


async def test_a_message_that_is_hardly_valid_any_more_is_not_sent(vendor: Vendor, client: httpx.AsyncClient) -> None:
    server, url = vendor

    error = await failure(HttpSms(client, url, "LENDER"), a_text(valid_for=timedelta(seconds=0.9)))

    assert isinstance(error, TemporaryFailure)
    assert server.requests == 0


async def test_a_closed_port_is_a_temporary_failure(client: httpx.AsyncClient) -> None:
    async with a_mute_server() as port:
        pass

    error = await failure(HttpSms(client, f"http://127.0.0.1:{port}/", "LENDER"), a_text())

    assert isinstance(error, TemporaryFailure)


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [
        ("https", TemporaryFailure),  # no handshake: nothing has left
        ("http", OutcomeUnknown),  # the request is gone, and nobody knows where
    ],
)
async def test_silence_is_judged_by_what_had_left(
    client: httpx.AsyncClient, scheme: str, kind: type[ChannelFailure]
) -> None:
    async with a_mute_server() as port:
        provider = HttpSms(client, f"{scheme}://127.0.0.1:{port}/", "LENDER")

        with pytest.raises(ChannelFailure) as raised:
            await provider.send(a_text(), timeout=AT_ONCE)

    assert type(raised.value) is kind


async def test_an_answer_that_drips_does_not_outlast_the_time_out(client: httpx.AsyncClient) -> None:
    hung_up = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Each byte comes in time for a reading time-out; the whole never ends.
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.05)
        hung_up.set()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        provider = HttpSms(client, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", "LENDER")

        with pytest.raises(OutcomeUnknown):
            await provider.send(a_text(), timeout=AT_ONCE)

        await hung_up.wait()


#: Every error of httpx. A new release with a new one fails the test below until somebody has judged it.
JUDGED: dict[str, type[ChannelFailure]] = {
    "HTTPError": OutcomeUnknown,
    "HTTPStatusError": OutcomeUnknown,
    "RequestError": OutcomeUnknown,
    "DecodingError": OutcomeUnknown,
    "TooManyRedirects": OutcomeUnknown,
    "TransportError": OutcomeUnknown,
    "TimeoutException": OutcomeUnknown,
    "ConnectTimeout": TemporaryFailure,
    "ReadTimeout": OutcomeUnknown,
    "WriteTimeout": OutcomeUnknown,
    "PoolTimeout": TemporaryFailure,
    "NetworkError": OutcomeUnknown,
    "ConnectError": TemporaryFailure,
    "ReadError": OutcomeUnknown,
    "WriteError": OutcomeUnknown,
    "CloseError": OutcomeUnknown,
    "ProtocolError": OutcomeUnknown,
    "LocalProtocolError": OutcomeUnknown,
    "RemoteProtocolError": OutcomeUnknown,
    "ProxyError": TemporaryFailure,
    "UnsupportedProtocol": TemporaryFailure,
    "InvalidURL": OutcomeUnknown,
    "CookieConflict": OutcomeUnknown,
    "StreamError": OutcomeUnknown,
    "StreamConsumed": OutcomeUnknown,
    "StreamClosed": OutcomeUnknown,
    "ResponseNotRead": OutcomeUnknown,
    "RequestNotRead": OutcomeUnknown,
}


def test_every_error_of_httpx_is_judged_and_caught() -> None:
    errors = {
        name: thing for name, thing in vars(httpx).items() if isinstance(thing, type) and issubclass(thing, Exception)
    }

    assert errors.keys() == JUDGED.keys()
    assert {name: type(failure_of(error.__new__(error))) for name, error in errors.items()} == JUDGED
    assert all(issubclass(error, FAILURES) for error in errors.values())
