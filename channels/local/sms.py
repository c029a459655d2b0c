"""An SMS provider on this machine: takes the generic body, shows what arrived, misbehaves when told to.

POST /           {"to", "from", "text", "reference"}  ->  {"id"}
GET  /           a page to look at, newest first
GET  /messages   the same as JSON, in order
"""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from html import escape
from json import JSONDecodeError

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from channels import standard_webhooks
from channels.local.behaviour import Accept, Answer, Cut, Script, Slow

Behaviour = Accept | Answer | Cut | Slow


@dataclass(frozen=True, slots=True)
class LocalSms:
    """A text that arrived."""

    id: str
    reference: str
    sender: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    valid_for_seconds: int | None = None


class LocalSmsProvider:
    """An ASGI application; `serve` runs it on a port of this machine.

    `script` says how the next messages are treated, `on_message` is called with each that is taken.
    """

    def __init__(self, *, on_message: Callable[[LocalSms], None] | None = None) -> None:
        self.messages: list[LocalSms] = []
        #: How often each reference was taken. Above one, somebody was texted twice.
        self.times: Counter[str] = Counter()
        #: How many requests came, taken or not.
        self.requests = 0
        self.script: Script[Behaviour] = Script(Accept())
        self._on_message = on_message
        self._lines = _Lines()
        self._app = Starlette(
            routes=[
                Route("/", self._receive, methods=["POST"]),
                Route("/", self._page, methods=["GET"]),
                Route("/messages", self._list, methods=["GET"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def serve(self, port: int = 0, *, host: str = "127.0.0.1") -> AsyncIterator[str]:
        """Serve until the block ends, and give the URL. Port 0 takes a free one."""
        async with serve(self, port, host=host, lines=self._lines) as url:
            yield url

    async def _receive(self, request: Request) -> Response:
        self.requests += 1
        sms = await _read(request, id=f"local-{self.requests}")
        if sms is None:
            return JSONResponse({"code": "bad_request"}, status_code=400)
        match self.script.take():
            case Answer(status, body, headers, taken):
                if taken or 200 <= status < 300:
                    self._remember(sms)
                return Response(body, status, headers)
            case Cut(taken):
                if taken:
                    self._remember(sms)
                await self._lines.cut(request.scope)
            case Slow(by):
                self._remember(sms)
                await _wait(request, by)
            case Accept():
                self._remember(sms)
        return JSONResponse({"id": sms.id})

    def _remember(self, sms: LocalSms) -> None:
        self.messages.append(sms)
        self.times[sms.reference] += 1
        if self._on_message is not None:
            self._on_message(sms)

    async def _list(self, _: Request) -> Response:
        return JSONResponse([asdict(sms) for sms in self.messages])

    async def _page(self, _: Request) -> Response:
        rows = "".join(_row(sms, self.times[sms.reference]) for sms in reversed(self.messages))
        return HTMLResponse(_PAGE.format(count=len(self.messages), rows=rows or _NOTHING))


async def tell(
    client: httpx.AsyncClient, url: str, secret: str, *events: Mapping[str, object], id: str, at: datetime
) -> httpx.Response:
    """Say later what became of messages, or what somebody answered, as `channels/sms/http_webhooks.py` reads it.

    Signed by Standard Webhooks: `at` is now, `id` the same when it is said again.
    """
    body = json.dumps(events).encode()
    headers = {"Content-Type": "application/json", **standard_webhooks.sign(secret, id, at, body)}
    return await client.post(url, content=body, headers=headers)


async def _read(request: Request, *, id: str) -> LocalSms | None:
    try:
        body = await request.json()
        texts = {name: body[name] for name in ("reference", "from", "to", "text")}
        valid_for = body.get("valid_for_seconds")
    except (JSONDecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(valid_for, int | None):
        return None
    return LocalSms(id, texts["reference"], texts["from"], texts["to"], texts["text"], valid_for)


async def _wait(request: Request, time: timedelta) -> None:
    """Wait, or until the client has hung up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(time.total_seconds()):
            while (await request.receive())["type"] != "http.disconnect":
                pass


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Texts</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
article {{ border-left: 3px solid #9bc; padding: .2rem 1rem; margin: 1rem 0 }}
article p {{ white-space: pre-wrap; margin: .2rem 0 }} small {{ color: #666 }} .twice {{ border-color: #c33 }}
</style>
<h1>Texts</h1><p>{count} arrived here, newest first. Nothing left this machine.</p>
{rows}
</html>
"""
_NOTHING = "<p><small>Nothing yet.</small></p>"


def _row(sms: LocalSms, times: int) -> str:
    twice = f" · came {times} times" if times > 1 else ""
    return (
        f"<article{' class=twice' if times > 1 else ''}><small>to {escape(sms.to)} · from {escape(sms.sender)}"
        f" · {escape(sms.reference)}{twice}</small><p>{escape(sms.text)}</p></article>"
    )


class _Lines:
    """The open connections of a running server, so that one can be cut."""

    def __init__(self) -> None:
        self.server: uvicorn.Server | None = None

    async def cut(self, scope: Scope) -> None:
        """Drop the line of this request without a word."""
        if self.server is None:
            raise RuntimeError("a line can only be cut by a server started with serve()")
        for connection in self.server.server_state.connections:
            if connection.transport.get_extra_info("peername") == scope["client"]:
                connection.transport.abort()
        # So that the server hears of it before it is given an answer to write.
        await asyncio.sleep(0)


class _Server(uvicorn.Server):
    """Leaves the signals to the process it runs in, and stops at once: what is still asking is cut off."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stop = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=1)


@asynccontextmanager
async def serve(
    app: ASGIApp, port: int = 0, *, host: str = "127.0.0.1", lines: _Lines | None = None
) -> AsyncIterator[str]:
    """Serve any ASGI application in this event loop until the block ends, and give its URL."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", server_header=False, date_header=False)
    server = _Server(config)
    if lines is not None:
        lines.server = server
    # Bound and listening here: a client that comes before the server has started waits in the backlog.
    with socket.create_server((host, port)) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://{host}:{listener.getsockname()[1]}/"
        finally:
            server.stop.set()
            await running
