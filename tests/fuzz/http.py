"""Bytes on a line, and messages of the WebSocket: `python -m tests.fuzz.http --cases 5000`.

Requests over raw sockets: methods, paths, headers, bodies, encodings, lengths that are wrong and chunks that are none,
sent in pieces. A server that is up answers, or hangs up; never with a 5xx, never with what it was sent, never later.
"""

import asyncio
import json
import re
import socket
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from channels import standard_webhooks
from gateway.clock import SystemClock
from tests.fuzz.target import HANG_SECONDS, MAIL_SECRET, MARK, SECRET, Findings, Target, chosen, failures, target

PATIENCE_SECONDS = 0.2
"""So long a line on which nothing comes stays as it is."""

TOGETHER = 50

_DOORS = (
    "/graphql",
    "/webhooks/http",
    "/webhooks/mail",
    "/webhooks/none",
    "/unsubscribe/",
    "/survey/",
    "/health",
    "/ready",
    "/",
    "*",
)
_QUERIES = (
    "{ viewer { role } }",
    "{ __typename }",
    "{",
    "subscription { contactChanged { id } }",
    "query A { a } query B { b }",
    f'{{ contacts(first: "{MARK}") {{ totalCount }} }}',
    f"{{ customer(by: {{reference: {MARK}}}) {{ id }} }}",
    f'{{ viewer {{ role }} }} "{MARK}"',
)
_METHODS = ("GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PRI")
_NAMES = (
    "Accept", "Accept-Language", "Authorization", "Content-Type", "Content-Encoding", "Content-Length", "Host",
    "Expect", "Transfer-Encoding", "Connection", "Upgrade", "Range", "X-HTTP-Method-Override", "Cookie", "Origin", "TE",
    "webhook-id", "webhook-timestamp", "webhook-signature", "X-Forwarded-For",
)  # fmt: skip
_GOOD = (
    "application/json", "text/html", "application/graphql-response+json;q=0.1,*/*;q=1e999", "gzip", "identity",
    "chunked", "100-continue", "close", "keep-alive", "websocket", "0", "-1", "99999999999999999999", "9" * 5000, "²",
    "bytes=0-", "application/json; charset=utf-16", "multipart/form-data; boundary=x",
    "zh;q=nan,en;q=-inf", ",;=,\t;;q=",
)  # fmt: skip

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.just(MARK),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
_queries = st.sampled_from(_QUERIES) | st.text(max_size=40).map(lambda text: text + MARK)
_documents = st.fixed_dictionaries({"query": _queries}).map(lambda body: json.dumps(body).encode())
_graphql = st.fixed_dictionaries(
    {"query": _queries | _json},
    optional={"variables": _json, "operationName": _json, "extensions": _json},
).map(lambda body: json.dumps(body).encode())
_reply = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["receipt", "reply"]),
        "id": st.text(min_size=1, max_size=120) | _json,
        "from": st.sampled_from(["+8613900000000", "c0@mail.example", MARK]) | _json,
        "text": st.text(max_size=3000) | st.sampled_from(["STOP", "退订", "\0", "\ud800"]) | _json,
        "status": st.sampled_from(["accepted", "delivered", "failed"]) | _json,
        "reference": st.text("0123456789abcdef", min_size=32, max_size=32) | _json,
    },
    optional=dict.fromkeys(("code", "at", "bad_address"), _json),
).map(lambda body: json.dumps(body).encode())
_letter = st.tuples(
    st.sampled_from(
        ["c0@mail.example", "Li <c1@mail.example>", "MAILER-DAEMON@x.example", f"{MARK}@x.example", "<>", ""]
    ),
    st.lists(st.tuples(st.sampled_from(["Subject", "Content-Type", "Date", "Message-ID", "References"]), st.text())),
    st.text() | st.sampled_from(["STOP", "退订", "\0"]),
).map(lambda mail: _written(*mail))
_bodies = (
    st.binary(max_size=200)
    | _graphql
    | _reply
    | _letter
    | _json.map(lambda body: json.dumps(body).encode())
    | _graphql.map(lambda body: body.decode().encode("utf-16"))
    | _graphql.map(zlib.compress)
    | st.sampled_from(
        [b"", b"null", b"[" * 20_000, b'{"query":' * 5_000, b"\xef\xbb\xbf{}", b"{" + b" " * 70_000 + b"}"]
    )
)
_text = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40)


def _written(sender: str, fields: list[tuple[str, str]], text: str) -> bytes:
    head = "".join(f"{name}: {value}\n" for name, value in [("From", sender), *fields])
    return f"{head}\n{text}".encode("utf-8", "replace")


@st.composite
def sound(draw: st.DrawFn, keys: list[str]) -> bytes:
    """A request that comes as far as its body is read."""
    path, who, well_made = draw(
        st.sampled_from(
            [
                ("/graphql", f"Authorization: Bearer {draw(st.sampled_from(keys))}", _documents),
                ("/graphql", f"Authorization: Bearer {draw(st.sampled_from(keys))}", _graphql),
                ("/webhooks/mail", f"Authorization: Bearer {MAIL_SECRET}", _letter),
                ("/webhooks/http", "", _reply),
                ("/unsubscribe/x", "", _bodies),
                ("/survey/x", "", _bodies),
            ]
        )
    )
    body: bytes = draw(draw(st.sampled_from([well_made, well_made, _bodies])))
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}"]
    lines.append("Content-Type: application/json")
    lines += [who] if who else [f"{name}: {value}" for name, value in _signed(body).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@st.composite
def unsound(draw: st.DrawFn, keys: list[str]) -> bytes:
    """Anything in any place."""
    method, path = draw(st.sampled_from(_METHODS)), draw(st.sampled_from(_DOORS))
    if draw(st.booleans()):
        path += quote_from_bytes(draw(st.binary(max_size=30)), safe="/?&=%")
    if draw(st.booleans()):
        path += (
            f"?query={draw(st.sampled_from(_QUERIES))}{MARK}&variables={quote_from_bytes(draw(st.binary(max_size=20)))}"
        )
    body = draw(_bodies)
    headers = draw(st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(_GOOD) | _text), max_size=4))
    lines = [f"{method} {path} HTTP/{draw(st.sampled_from(['1.1', '1.1', '1.0', '2.0', '0.9']))}", "Host: x"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += draw(st.sampled_from([[], ["Content-Type: application/json"]]))
    lines += draw(st.sampled_from([[], [f"Authorization: Bearer {draw(st.sampled_from(keys))}"]]))
    match draw(st.sampled_from(["length", "chunked", "wrong length", "none", "no chunks"])):
        case "length":
            lines.append(f"Content-Length: {len(body)}")
        case "wrong length":
            lines.append(f"Content-Length: {len(body) + draw(st.integers(-5, 5))}")
        case "chunked":
            lines.append("Transfer-Encoding: chunked")
            size = draw(st.integers(1, 50))
            parts = [body[at : at + size] for at in range(0, len(body), size)][:200]
            body = b"".join(f"{len(part):x}".encode() + b"\r\n" + part + b"\r\n" for part in parts) + b"0\r\n\r\n"
        case "no chunks":
            lines.append("Transfer-Encoding: chunked")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def _signed(body: bytes) -> dict[str, str]:
    return standard_webhooks.sign(SECRET, "id", SystemClock()(), body)


def _examples(cases: int, seed_: int, strategy: "st.SearchStrategy[Any]", do: Callable[[Any], None]) -> None:
    """Do it with so many new examples, in small runs: those of one run resemble each other."""
    for first in range(0, cases, TOGETHER):

        @seed(seed_ * 1_000_000 + first)
        @settings(
            max_examples=min(TOGETHER, cases - first),
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(strategy)
        def run(example: Any) -> None:
            do(example)

        run()


def fuzz_lines(where: Target, cases: int, seed_: int = 0) -> Findings:
    """So many requests, each on a line of its own."""
    found = Findings()
    address = httpx.URL(where.url)

    def send(request: tuple[bytes, int]) -> None:
        raw, cut = request
        began = time.monotonic()
        try:
            with socket.create_connection((address.host, address.port or 80), timeout=HANG_SECONDS) as line:
                answer = _said(line, raw, cut % (len(raw) + 1))
        except TimeoutError:
            found.problems.append(f"no answer to {raw!r}")
            return
        found.timed(repr(raw), began)
        statuses = re.findall(rb"^HTTP/1\.1 (5\d\d)", answer, re.MULTILINE)
        if statuses or MARK.encode() in answer:
            found.problems.append(f"{answer!r} to {raw!r}")

    keys = list(where.keys.values())
    requests = sound(keys) | sound(keys) | unsound(keys) | st.binary(max_size=300)
    _examples(cases, seed_, st.tuples(requests, st.integers(0, 10_000)), send)
    return found


def _said(line: socket.socket, raw: bytes, cut: int) -> bytes:
    """What is answered to bytes that come in two pieces. Where nothing more comes, we say that we are done."""
    answer = b""
    try:
        line.sendall(raw[:cut])
        line.sendall(raw[cut:])
        line.settimeout(PATIENCE_SECONDS)
        with suppress(TimeoutError):
            while part := line.recv(65536):
                answer += part
            return answer
        line.settimeout(HANG_SECONDS)
        line.shutdown(socket.SHUT_WR)
        while part := line.recv(65536):
            answer += part
    except TimeoutError:
        raise
    except OSError:
        pass  # it hung up: that is an answer
    return answer


_messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["subscribe", "complete", "ping", "pong", "connection_init", "next"]) | _json},
    optional={
        "id": st.sampled_from(["1", "2", "编" * 100]) | _json,
        "payload": _graphql.map(json.loads) | _json,
    },
).map(json.dumps)
_talk = st.tuples(st.booleans(), st.lists(_messages | st.text(max_size=50) | st.binary(max_size=50), max_size=6))


def fuzz_websocket(where: Target, cases: int, seed_: int = 0) -> Findings:
    """So many conversations over WebSocket, some of them begun as the protocol says."""
    found = Findings()
    keys = list(where.keys.values())

    async def talk(begins_well: bool, said: list[str | bytes]) -> None:
        url = where.url.replace("http", "ws") + "/graphql"
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], open_timeout=HANG_SECONDS) as line:
            heard: list[str | bytes] = []
            hearing = asyncio.create_task(_hear(line, heard))
            try:
                if begins_well:
                    key = keys[found.cases % len(keys)]
                    await line.send(
                        json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {key}"}})
                    )
                for message in said:
                    await line.send(message)
                await line.ping()
            except ConnectionClosed:
                pass
            await line.close()
            await hearing
        if line.close_code in (1006, 1011) or any('"INTERNAL"' in str(one) for one in heard):
            found.problems.append(f"{line.close_code} {line.close_reason} {heard} after {said!r}")

    def one(example: tuple[bool, list[str | bytes]]) -> None:
        began = time.monotonic()
        try:
            asyncio.run(asyncio.wait_for(talk(*example), HANG_SECONDS))
        except TimeoutError:
            found.problems.append(f"no end to {example!r}")
        found.timed(repr(example), began)

    _examples(cases, seed_, _talk, one)
    return found


async def _hear(line: ClientConnection, heard: list[str | bytes]) -> None:
    try:
        while True:
            heard.append(await line.recv())
    except ConnectionClosed:
        pass


def main() -> int:
    given_ = chosen(__doc__, 5000)
    with tempfile.TemporaryDirectory() as folder, target(Path(folder)) as where:
        lines = fuzz_lines(where, given_.cases, given_.seed)
        talks = fuzz_websocket(where, given_.cases // 5, given_.seed)
        said = failures(where.log)
        is_up = httpx.get(f"{where.url}/ready").is_success
    print(f"HTTP: {lines}\nWebSocket: {talks}\nafterwards it is {'up' if is_up else 'down'}", *said, sep="\n")
    return 0 if is_up and not (lines.problems or lines.slow or talks.problems or talks.slow or said) else 1


if __name__ == "__main__":
    sys.exit(main())
