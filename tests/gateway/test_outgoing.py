"""Posting to addresses that callers gave us: into the open internet, and only to the address that was looked at."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from channels.local import serve
from gateway.outgoing import NotAllowed, Poster, is_public
from tests.channels.certificate import contexts


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "8.8.8.8", "::ffff:8.8.8.8"])
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::", "2001:db8::1",
        "ff02::1", "no address", "168.63.129.16", "64:ff9b::a83f:8110", "100.100.100.200", "fd00:ec2::254", "fec0::1",
        "192.0.0.192", "192.88.99.1", "198.18.0.1", "240.0.0.1", "3fff::1", "5f00::1", "::7f00:1", "::ffff:0:7f00:1",
        "64:ff9b:1::a00:1", "2001:0:7f00:1::1", "2001:0:808:808::f7f7:f7f7", "2002:808:808::1", "ff0e::1",
    ],
)  # fmt: skip
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(address)


def _poster(*addresses: str, **more: Any) -> Poster:
    """A poster for which every name has these addresses."""

    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return Poster(httpx.AsyncClient(trust_env=False), resolve=resolve, **more)


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/", "ftp://receiver.example/", "https://", "https:///path", "receiver.example",
        "https://user@receiver.example/", "https://user:password@receiver.example/", "https://receiver.example/#part",
        "https://receiver.example:port/", "https://[::1/", "https://receiver.example/\n", "https://例子.example/",
        "https://receiver.example/#", "https://receiver.example:0/", "https://xn--0.example/",
        "https://xn--a.example/", "https://receiver.example/ path", "https://receiver.example:65536/",
        "https://receiver.example:99999999999999999999/", "https://receiver.example\\@evil.example/",
        "https://receiver.example:443@evil.example/", "https://ⓡeceiver.example/", "https://receiver。example/",
        "https://１２７.0.0.1/", "https://receiver.example/\r\nX-Evil: 1", "https://receiver.example/\x7f",
        "//receiver.example/",
        "https:receiver.example", "file:///etc/passwd", "gopher://receiver.example/", "https://[fe80::1%25eth0", "",
        "https://receiver.example/" + "a" * 2000,
    ],
)  # fmt: skip
async def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        await _poster("8.8.8.8").check(url)

    assert "password" not in str(caught.value) or "must hold no" in str(caught.value)


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["8.8.8.8", "fd00::1"], []])
async def test_a_name_with_any_address_inside_is_refused(addresses: list[str]) -> None:
    with pytest.raises(NotAllowed):
        await _poster(*addresses).check("https://receiver.example/")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "localhost",
        "LocalHost", "localhost.", "127.0.0.1.", "0", "0.0.0.0", "[::]", "0x7f000001", "017700000001",
        "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "%6c%6f%63alhost",
        "127.0.0.1%00.example", "127.0.0.1:22", "127.0.0.1:65535",
    ],
)  # fmt: skip
async def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    poster = Poster(httpx.AsyncClient(trust_env=False))

    with pytest.raises(NotAllowed):
        await poster.check(f"https://{host}/")
    await poster.close()


class Receiver:
    """A server that remembers what it is sent, and whom it was asked for as."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.app = Starlette(
            routes=[
                Route("/", self._take, methods=["POST"]),
                Route("/away", lambda _: RedirectResponse("/", 307), methods=["POST"]),
                Route("/much", lambda _: Response(b"x" * 10_000_000), methods=["POST"]),
            ]
        )

    async def _take(self, request: Request) -> Response:
        self.hosts.append(request.headers["host"])
        return Response(status_code=202, headers={"Retry-After": "7"})


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, int]]:
    one = Receiver()
    async with serve(one.app) as url:
        yield one, httpx.URL(url).port or 0


async def test_the_connection_goes_to_the_address_and_asks_for_the_name(receiver: tuple[Receiver, int]) -> None:
    server, port = receiver
    poster = _poster("127.0.0.1", allow_private=True)

    reply = await poster.post(f"http://receiver.example:{port}/", b"{}", {}, 5)

    assert (reply.status, reply.retry_after) == (202, "7")
    assert server.hosts == [f"receiver.example:{port}"]
    await poster.close()


async def test_a_redirect_is_not_followed_and_a_long_answer_not_read(receiver: tuple[Receiver, int]) -> None:
    server, port = receiver
    poster = _poster("127.0.0.1", allow_private=True)

    statuses = [
        (await poster.post(f"http://receiver.example:{port}/{path}", b"{}", {}, 5)).status for path in ("away", "much")
    ]

    assert statuses == [307, 200]
    assert server.hosts == []
    await poster.close()


async def test_a_name_that_changes_its_mind_is_looked_at_each_time() -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    poster = Poster(httpx.AsyncClient(trust_env=False), resolve=rebinding)
    await poster.check("https://receiver.example/")

    with pytest.raises(NotAllowed):
        await poster.post("https://receiver.example/", b"{}", {}, 5)
    await poster.close()


async def test_the_next_address_is_tried_where_the_first_takes_no_connection(receiver: tuple[Receiver, int]) -> None:
    server, port = receiver
    poster = _poster("::1", "127.0.0.1", allow_private=True)

    reply = await poster.post(f"http://receiver.example:{port}/", b"{}", {}, 5)
    with pytest.raises(httpx.ConnectError):
        await _poster("::1", "::1", allow_private=True).post(f"http://receiver.example:{port}/", b"{}", {}, 5)

    assert reply.status == 202
    assert len(server.hosts) == 1
    await poster.close()


async def test_an_answer_whose_body_never_ends_is_an_answer() -> None:
    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    poster = _poster("127.0.0.1", allow_private=True)
    async with serve(endless) as url:
        reply = await poster.post(url, b"{}", {}, 0.5)

    assert reply.status == 200
    await poster.close()


async def test_who_never_answers_is_waited_for_no_longer_than_was_said() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    poster = _poster("127.0.0.1", allow_private=True)
    async with serve(silent) as url:
        with pytest.raises((TimeoutError, httpx.ReadTimeout)):
            await poster.post(url, b"{}", {}, 0.2)
    await poster.close()


async def test_the_certificate_must_be_the_names_and_not_the_addresss(tmp_path_factory: pytest.TempPathFactory) -> None:
    server_side, client_side = contexts(tmp_path_factory.mktemp("tls"))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The line stays open as far as the server goes: a client that kept it would hand it to the next name.
        try:
            while True:
                await reader.readuntil(b"{}")
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_side)
    port = listener.sockets[0].getsockname()[1]

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    poster = Poster(httpx.AsyncClient(trust_env=False, verify=client_side), allow_private=True, resolve=resolve)
    right = await poster.post(f"https://localhost:{port}/", b"{}", {}, 5)
    with pytest.raises(httpx.ConnectError) as wrong:
        await poster.post(f"https://other.example:{port}/", b"{}", {}, 5)

    assert right.status == 204
    assert isinstance(wrong.value, httpx.ConnectError)
    assert isinstance(client_side, ssl.SSLContext)
    await poster.close()
    listener.close()
    await listener.wait_closed()
