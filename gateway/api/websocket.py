"""Subscriptions, and anything else, over WebSocket: the graphql-transport-ws protocol.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md

    connection_init   within 5 seconds; {"Authorization": "Bearer KEY"} here or as a header
    subscribe         an operation under an id of the client's; answered by next ..., then complete, or by error
    complete          ends it from the client's side
    ping              answered by pong

What is asked here is paid for from the same buckets as over HTTP: each message is a request. A page of another site is
kept out by its origin, a client that does not read is dropped by the server (gateway/patience.py). Who may no longer
come in is hung up on, however quiet the line is: when what they showed ends, or, where it was revoked, within a minute.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import OperationType
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.api.admission import RateLimited, client_address
from gateway.api.documents import Rejected
from gateway.api.errors import ApiError, Code, internal, presented
from gateway.api.execution import Answer, Engine, Request, rejection
from gateway.api.headers import Origins
from gateway.api.http import headers_of
from gateway.api.negotiation import language
from gateway.api.parameters import Unreadable, request_of
from gateway.callers import Admitted, admit
from gateway.core import Gateway
from gateway.model import Caller

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 5
LOOK_SECONDS = 60
"""So often it is asked whether a quiet line may go on."""

MOST_OPERATIONS = 100
"""At once, on one connection."""

MOST_STRANGERS = 50
"""Connections at once from one address that have not said yet who they are."""


class Closed(Exception):
    """The connection is to be closed, with the protocol's code for why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class GraphQLWebSocket:
    """The ASGI application behind ws /graphql."""

    def __init__(
        self, gateway: Gateway, engine: Engine, patience: float = INIT_SECONDS, look: float = LOOK_SECONDS
    ) -> None:
        self._gateway = gateway
        self._engine = engine
        self._patience = patience
        self._look = look
        self._origins = Origins(gateway.settings)
        self._lobby = Lobby(gateway)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if not self._origins.may_open_socket(headers_of(scope)):
            await socket.send_denial_response(PlainTextResponse("Pages of this site may not ask.", 403))
            return
        seat = self._lobby.seat(client_address(scope, self._gateway))
        if seat is None:
            await socket.send_denial_response(PlainTextResponse("Too many connections.", 503))
            return
        try:
            await self._serve(socket, seat)
        finally:
            self._lobby.leave(seat)

    async def _serve(self, socket: WebSocket, seat: "Seat") -> None:
        if PROTOCOL not in socket.scope["subprotocols"]:
            await socket.accept()
            await socket.close(4406, "Subprotocol not acceptable")
            return
        await socket.accept(PROTOCOL)
        connection = _Connection(self._gateway, self._engine, socket, self._lobby, seat, self._patience, self._look)
        try:
            await connection.serve()
        except Closed as closed:
            # A reason may have 123 bytes (RFC 6455, 5.5); one of ours may hold the client's own id.
            await socket.close(closed.code, closed.reason.encode()[:123].decode(errors="ignore"))
        except WebSocketDisconnect:
            pass
        except Exception as error:
            # The server would log it with its text, and that may hold a value.
            internal(error)
            await socket.close(1011, "Internal error")
        finally:
            await connection.end()


@dataclass(eq=False)
class Seat:
    """A connection that is counted: under its address, and under its caller once that is known."""

    address: str
    caller_id: str | None = None


class Lobby:
    """How many connections there are, of whom. Half of all that the process may have may be WebSockets."""

    def __init__(self, gateway: Gateway) -> None:
        self._most = gateway.settings.max_connections // 2
        self._most_of_caller = gateway.settings.sockets_per_caller
        self._seats = 0
        self._strangers: Counter[str] = Counter()
        self._callers: Counter[str] = Counter()

    def seat(self, address: str) -> Seat | None:
        if self._seats >= self._most or self._strangers[address] >= MOST_STRANGERS:
            return None
        self._seats += 1
        self._strangers[address] += 1
        return Seat(address)

    def known(self, seat: Seat, caller: Caller) -> bool:
        """Whether this caller may have one more."""
        if self._callers[caller.id] >= self._most_of_caller:
            return False
        _less(self._strangers, seat.address)
        self._callers[caller.id] += 1
        seat.caller_id = caller.id
        return True

    def leave(self, seat: Seat) -> None:
        self._seats -= 1
        if seat.caller_id is None:
            _less(self._strangers, seat.address)
        else:
            _less(self._callers, seat.caller_id)


def _less(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


@dataclass(eq=False)
class _Connection:
    gateway: Gateway
    engine: Engine
    socket: WebSocket
    lobby: Lobby
    seat: Seat
    patience: float
    look: float
    authorization: str | None = field(default=None, repr=False)
    caller: Caller = field(init=False)
    length: int = 0  #: of the last message
    operations: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def serve(self) -> None:
        try:
            async with asyncio.timeout(self.patience):
                first = await self._receive()
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None
        look_at = await self._begin(first)
        while True:
            try:
                async with asyncio.timeout_at(look_at):
                    message = await self._receive()
            except TimeoutError:
                look_at = await self._may_go_on()
                continue
            try:
                self.engine.admission.request(self.caller)
            except RateLimited as limited:
                if message["type"] != "subscribe":
                    raise Closed(4429, "Too many messages") from None
                await self._send({"id": _id(message), "type": "error", "payload": [presented(limited)]})
            else:
                await self._handle(message)

    async def end(self) -> None:
        """Let every operation clean up behind itself."""
        tasks = list(self.operations.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin(self, message: dict[str, Any]) -> float:
        if message["type"] != "connection_init":
            raise Closed(4401, "Unauthorized")
        parameters = message.get("payload") or {}
        if not isinstance(parameters, dict):
            raise Closed(4400, "Invalid connection_init payload")
        given = {name.lower(): value for name, value in parameters.items()}.get("authorization")
        self.authorization = given if isinstance(given, str) else self.socket.headers.get("authorization")
        try:
            caller = await self.engine.admission.caller(self.authorization, self.socket.scope)
        except RateLimited as limited:
            raise Closed(4429, limited.message) from None
        if caller is None:
            raise Closed(4403, "Forbidden")
        if not self.lobby.known(self.seat, caller):
            raise Closed(4429, "Too many connections")
        self.caller = caller
        look_at = await self._may_go_on()
        await self._send({"type": "connection_ack"})
        return look_at

    async def _handle(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                if task := self.operations.pop(_id(message), None):
                    task.cancel()
            case "connection_init":
                raise Closed(4429, "Too many initialisation requests")
            case _:
                raise Closed(4400, "Unknown message type")

    async def _subscribe(self, message: dict[str, Any]) -> None:
        id_ = _id(message)
        try:
            request = _request(message.get("payload"), self.length)
        except Rejected as rejected:
            await self._send({"id": id_, "type": "error", "payload": rejection(rejected).body["errors"]})
            return
        if id_ in self.operations:
            raise Closed(4409, f"Subscriber for {id_} already exists")
        if len(self.operations) >= MOST_OPERATIONS:
            limit = ApiError(Code.RATE_LIMITED, f"At most {MOST_OPERATIONS} operations at once on one connection.")
            await self._send({"id": id_, "type": "error", "payload": [presented(limit)]})
            return
        self.operations[id_] = asyncio.create_task(self._run(id_, request))

    async def _run(self, id_: str, request: Request) -> None:
        try:
            async with aclosing(self._answers(request)) as answers:
                async for answer in answers:
                    await self._send({"id": id_, "type": "next", "payload": answer.body})
            last: dict[str, Any] = {"id": id_, "type": "complete"}
        except Rejected as problem:
            last = {"id": id_, "type": "error", "payload": rejection(problem).body["errors"]}
        except WebSocketDisconnect:
            return
        except Exception as error:
            last = {"id": id_, "type": "error", "payload": [internal(error)]}
        # The id is free again before the client hears of it.
        self.operations.pop(id_, None)
        with suppress(WebSocketDisconnect):
            await self._send(last)

    async def _answers(self, request: Request) -> AsyncGenerator[Answer, None]:
        caller = await self._known_caller()
        spoken = language(self.socket.headers.get("accept-language"))
        operation = self.engine.operation(request, caller)
        if operation.type is not OperationType.SUBSCRIPTION:
            yield await self.engine.execute(operation, request, caller, spoken)
            return
        async with aclosing(self.engine.follow(operation, request, caller, spoken)) as answers:
            async for answer in answers:
                # A key that was revoked meanwhile sees nothing more.
                await self._known_caller()
                yield answer

    async def _may_go_on(self) -> float:
        """Until when nobody need look again, by the loop's time."""
        admitted = await self._admitted()
        if admitted is None:
            raise Closed(4403, "Forbidden")
        wait = self.look
        if admitted.ends_at is not None:
            left = (admitted.ends_at - self.gateway.real_time()).total_seconds()
            # An issuer's token is taken for a little longer than it says: its clock is not ours.
            wait = min(wait, max(left, 1))
        return asyncio.get_running_loop().time() + wait

    async def _known_caller(self) -> Caller:
        admitted = await self._admitted()
        if admitted is None:
            raise Rejected([ApiError(Code.UNAUTHENTICATED, "This key or token is no longer valid.")])
        return admitted.caller

    async def _admitted(self) -> Admitted | None:
        return await admit(self.gateway, self.authorization)

    async def _receive(self) -> dict[str, Any]:
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        text = message.get("text") or ""
        try:
            read = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Closed(4400, "Messages are JSON") from None
        if not isinstance(read, dict) or not isinstance(read.get("type"), str):
            raise Closed(4400, "Messages are objects with a type")
        self.length = len(text)
        return read

    async def _send(self, message: dict[str, Any]) -> None:
        await self.socket.send_text(orjson.dumps(message).decode())


def _id(message: dict[str, Any]) -> str:
    id_ = message.get("id")
    if not isinstance(id_, str) or not 1 <= len(id_) <= 100:
        raise Closed(4400, "An operation needs an id of 1 to 100 characters")
    return id_


def _request(payload: Any, length: int) -> Request:
    if not isinstance(payload, dict):
        raise Closed(4400, "subscribe needs a payload with a query")
    try:
        return request_of(payload, length)
    except Unreadable as unreadable:
        raise Closed(4400, str(unreadable)) from None
