"""Peers that are slow, or mean, are not waited for."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.patience import PatientHttp, PatientWebSocket

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
LARGE = 50_000_000


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body and answers `ok`; at /large with more than any buffer holds."""
    if scope["type"] == "websocket":
        await _flood(WebSocket(scope, receive, send))
        return
    while (await receive()).get("more_body"):
        pass
    body = b"x" * LARGE if scope["path"] == "/large" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _flood(opened: WebSocket) -> None:
    await opened.accept()
    for _ in range(LARGE // 100_000):
        await opened.send_text("x" * 100_000)


class ImpatientHttp(PatientHttp):
    head_seconds = request_seconds = reader_seconds = 0.05


class ImpatientWebSocket(PatientWebSocket):
    reader_seconds = 0.05


@asynccontextmanager
async def served(*, impatient: bool = False) -> AsyncIterator[tuple[int, uvicorn.Server, asyncio.Event]]:
    http, ws = (ImpatientHttp, ImpatientWebSocket) if impatient else (PatientHttp, PatientWebSocket)
    asked = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await echo(scope, receive, send)

    config = uvicorn.Config(app, http=http, ws=ws, timeout_keep_alive=1000, lifespan="off", log_config=None)
    server, listening = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield listening.getsockname()[1], server, asked
    finally:
        server.should_exit = True
        await running
        listening.close()


async def heard(port: int, *parts: bytes) -> bytes:
    """All that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


async def gone(server: uvicorn.Server, asked: asyncio.Event) -> None:
    """Wait until somebody asked, and the server holds no connection any more."""
    async with asyncio.timeout(10):
        await asked.wait()
        while server.server_state.connections:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"GET",),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: ",),
        (POST,),
        (POST, b"12345"),
        (POST + b"1",),
    ],
    ids=["nothing", "a method", "half a head", "no body", "half a body", "one byte"],
)
async def test_a_request_that_does_not_arrive_is_not_waited_for(parts: tuple[bytes, ...]) -> None:
    async with served(impatient=True) as (port, _, _):
        answer = await heard(port, *parts)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer


@pytest.mark.parametrize("begun", [b"GET", POST + b"1"])
async def test_neither_is_the_second_request_of_a_connection(begun: bytes) -> None:
    async with served(impatient=True) as (port, _, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        first = await reader.readuntil(b"ok")
        writer.write(begun)
        async with asyncio.timeout(10):
            second = await reader.read()
        writer.close()

    assert first.startswith(b"HTTP/1.1 200 ")
    assert second.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_trickles_has_no_more_time_than_one_that_does_not_come() -> None:
    async with served(impatient=True) as (port, _, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST.replace(b"10", b"1000"))
        async with asyncio.timeout(10):
            while not reader._buffer:  # type: ignore[attr-defined]
                writer.write(b"x")
                await asyncio.sleep(0.01)
            answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_connection_serves_one_request_after_the_other_however_they_are_cut() -> None:
    requests = GET + POST + b"1234567890" + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with served() as (port, _, _):
        at_once = await heard(port, requests)
        in_bytes = await heard(port, *(bytes([one]) for one in requests))

    assert at_once.count(b"HTTP/1.1 200 OK") == in_bytes.count(b"HTTP/1.1 200 OK") == 3


def head(number: int, size: int) -> bytes:
    fields = b"".join(b"X-%d: %s\r\n" % (one, b"x" * size) for one in range(number))
    return b"GET / HTTP/1.1\r\n" + fields + b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (head(1, 16_000), b"200"),
        (head(1, 17_000), b"431"),
        (head(17, 1000), b"431"),
        (head(99, 1), b"200"),
        (head(100, 1), b"431"),
        (GET.replace(b"/ ", b"/" + b"x" * 16_000 + b" ").replace(b"Host", b"Connection: close\r\nHost"), b"200"),
        (GET.replace(b"/ ", b"/" + b"x" * 17_000 + b" "), b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 17_000, b"431"),
        (b"GET /" + b"x" * 17_000, b"431"),
        (GET * 40, b"400"),
    ],
)
@pytest.mark.parametrize("cut", [1 << 20, 1000])
async def test_a_head_has_bounds_however_it_is_cut(request_: bytes, status: bytes, cut: int) -> None:
    parts = [request_[start : start + cut] for start in range(0, len(request_), cut)]
    async with served() as (port, _, _):
        answer = await heard(port, *parts)

    assert status in {line.split()[1] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")}


async def test_a_large_body_in_one_piece_is_no_large_head() -> None:
    request = POST.replace(b"10", b"60000").replace(b"Host", b"Connection: close\r\nHost") + b"x" * 60_000
    async with served() as (port, _, _):
        answer = await heard(port, request)

    assert answer.startswith(b"HTTP/1.1 200 ")


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.mark.parametrize("request_", [GET.replace(b"/ ", b"/large "), UPGRADE], ids=["an answer", "a socket"])
async def test_who_does_not_read_is_dropped(request_: bytes) -> None:
    async with served(impatient=True) as (port, server, asked):
        with socket.create_connection(("127.0.0.1", port)) as deaf:
            deaf.sendall(request_)

            await gone(server, asked)
