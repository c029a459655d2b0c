"""uvicorn's two protocols, with bounds on what it leaves open: how long a peer may take, and how long a head may be.

a head           10 seconds from its first byte, or from the connection; 16 KiB; 100 fields
a whole request  30 seconds, so that a body cannot trickle
a reader         30 seconds without taking anything: then what waits for it is dropped
a pipeline       16 requests ahead of their answers

A request that arrives in one piece, as nearly all do, costs a comparison or two.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

HEAD_BYTES = 16_384
FIELDS = 100
PIPELINE = 16

_REFUSALS = {400: "Bad Request", 408: "Request Timeout", 414: "URI Too Long", 431: "Request Header Fields Too Large"}


class _TooMuch(Exception):
    """Ends the parsing; the status says why."""


class _DropsWhoDoesNotRead(asyncio.Protocol):
    """Goes before one of uvicorn's protocols: what waits for a peer that takes nothing is dropped."""

    reader_seconds = 30.0
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _reader: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader = self.loop.call_later(self.reader_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reader = stopped(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._reader = stopped(self._reader)
        super().connection_lost(exc)

    def drop_soon(self) -> None:
        """A connection that is closed goes when all is written; who does not read would keep it for ever."""
        self._reader = self._reader or self.loop.call_later(self.reader_seconds, self.transport.abort)


class PatientHttp(_DropsWhoDoesNotRead, HttpToolsProtocol):
    """HTTP/1.1 for peers that may be slow, or mean."""

    head_seconds = 10.0
    request_seconds = 30.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._arriving = False
        self._head_is_here = False
        self._head_bytes = 0
        self._status = 400
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._arm(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._head_is_here:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._arriving:
            if not self._head_is_here and self._head_bytes > HEAD_BYTES:
                self._refuse(431)
            elif self._deadline is None:
                self._arm(self.request_seconds if self._head_is_here else self.head_seconds)
        elif self._deadline is not None:
            self._arm(None)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._arriving = True
        self._head_is_here = False

    def on_headers_complete(self) -> None:
        self._head_is_here = True
        if self._head_bytes > HEAD_BYTES or len(self.headers) > FIELDS:
            # It may only be a large body that came along in one piece: look closely.
            head = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if head > HEAD_BYTES or len(self.headers) > FIELDS:
                self._status = 414 if len(self.url) > HEAD_BYTES else 431
                raise _TooMuch
        if len(self.pipeline) >= PIPELINE:
            raise _TooMuch
        self._head_bytes = 0
        if self._deadline is not None:
            self._arm(self.request_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._arriving = False
        self._head_is_here = False
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._arriving = False
        self._arm(None)
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """What could not be parsed, with the status that says why. The connection ends."""
        self._refuse(self._status)

    def _too_slow(self) -> None:
        self._deadline = None
        self._refuse(408)

    def _refuse(self, status: int) -> None:
        if self.transport.is_closing():
            return
        self._arriving = False
        self._arm(None)
        # Where an answer is on its way, a second one in the middle of it would help nobody.
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_refusal(status, self.server_state.default_headers))
        self.transport.close()
        self.drop_soon()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self.drop_soon()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self.drop_soon()

    def _arm(self, seconds: float | None) -> None:
        stopped(self._deadline)
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._too_slow)


class PatientWebSocket(_DropsWhoDoesNotRead, WebSocketsSansIOProtocol):
    """A WebSocket that is dropped when its peer does not read, or does not answer pings; closing waits for nobody."""

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self.drop_soon()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # what was written last would wait for a peer that is gone


def stopped(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """No timer any more."""
    if timer is not None:
        timer.cancel()
    return None


def _refusal(status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
    text = _REFUSALS[status]
    lines = [
        f"HTTP/1.1 {status} {text}".encode(),
        *(name + b": " + value for name, value in headers),
        b"content-type: text/plain; charset=utf-8",
        f"content-length: {len(text)}".encode(),
        b"connection: close",
        b"",
        text.encode(),
    ]
    return b"\r\n".join(lines)
