"""Subscriptions, and anything else, over WebSocket: the graphql-transport-ws protocol.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md

    connection_init   within 5 seconds; {"Authorization": "Bearer KEY"} here or as a header
    subscribe         an operation under an id of the client's; answered by next ..., then complete, or by error
    complete          ends it from the client's side
    ping              answered by pong
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import OperationType
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.api.documents import Rejected
from gateway.api.errors import ApiError, Code, internal, presented
from gateway.api.execution import Answer, Engine, Request, rejection
from gateway.api.negotiation import language
from gateway.callers import authenticate
from gateway.core import Gateway
from gateway.model import Caller

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 5
MOST_OPERATIONS = 100
"""At once, on one connection."""


class Closed(Exception):
    """The connection is to be closed, with the protocol's code for why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class GraphQLWebSocket:
    """The ASGI application behind ws /graphql."""

    def __init__(self, gateway: Gateway, engine: Engine, patience: float = INIT_SECONDS) -> None:
        self._gateway = gateway
        self._engine = engine
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if PROTOCOL not in scope["subprotocols"]:
            await socket.accept()
            await socket.close(4406, "Subprotocol not acceptable")
            return
        await socket.accept(PROTOCOL)
        connection = _Connection(self._gateway, self._engine, socket, self._patience)
        try:
            await connection.serve()
        except Closed as closed:
            await socket.close(closed.code, closed.reason)
        except WebSocketDisconnect:
            pass
        except Exception as error:
            # The server would log it with its text, and that may hold a value.
            internal(error)
            await socket.close(1011, "Internal error")
        finally:
            await connection.end()


@dataclass(eq=False)
class _Connection:
    gateway: Gateway
    engine: Engine
    socket: WebSocket
    patience: float
    authorization: str | None = field(default=None, repr=False)
    operations: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def serve(self) -> None:
        try:
            async with asyncio.timeout(self.patience):
                first = await self._receive()
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None
        await self._begin(first)
        while True:
            await self._handle(await self._receive())

    async def end(self) -> None:
        """Let every operation clean up behind itself."""
        tasks = list(self.operations.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin(self, message: dict[str, Any]) -> None:
        if message["type"] != "connection_init":
            raise Closed(4401, "Unauthorized")
        parameters = message.get("payload") or {}
        if not isinstance(parameters, dict):
            raise Closed(4400, "Invalid connection_init payload")
        given = {name.lower(): value for name, value in parameters.items()}.get("authorization")
        self.authorization = given if isinstance(given, str) else self.socket.headers.get("authorization")
        if await self._caller() is None:
            raise Closed(4403, "Forbidden")
        await self._send({"type": "connection_ack"})

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
        request = _request(message.get("payload"))
        if id_ in self.operations:
            raise Closed(4409, f"Subscriber for {id_} already exists")
        if len(self.operations) >= MOST_OPERATIONS:
            problem = ApiError(Code.RATE_LIMITED, f"At most {MOST_OPERATIONS} operations at once on one connection.")
            await self._send({"id": id_, "type": "error", "payload": [presented(problem)]})
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
        operation = self.engine.operation(request)
        if operation.type is not OperationType.SUBSCRIPTION:
            yield await self.engine.execute(operation, request, caller, spoken)
            return
        async with aclosing(self.engine.follow(operation, request, caller, spoken)) as answers:
            async for answer in answers:
                # A key that was revoked meanwhile sees nothing more.
                await self._known_caller()
                yield answer

    async def _known_caller(self) -> Caller:
        caller = await self._caller()
        if caller is None:
            raise Rejected([ApiError(Code.UNAUTHENTICATED, "This key is no longer valid.")])
        return caller

    async def _caller(self) -> Caller | None:
        return await authenticate(self.gateway, self.authorization)

    async def _receive(self) -> dict[str, Any]:
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        try:
            read = orjson.loads(message.get("text") or b"")
        except orjson.JSONDecodeError:
            raise Closed(4400, "Messages are JSON") from None
        if not isinstance(read, dict) or not isinstance(read.get("type"), str):
            raise Closed(4400, "Messages are objects with a type")
        return read

    async def _send(self, message: dict[str, Any]) -> None:
        await self.socket.send_text(orjson.dumps(message).decode())


def _id(message: dict[str, Any]) -> str:
    id_ = message.get("id")
    if not isinstance(id_, str) or not 1 <= len(id_) <= 100:
        raise Closed(4400, "An operation needs an id of 1 to 100 characters")
    return id_


def _request(payload: Any) -> Request:
    match payload:
        case {"query": str(query)}:
            name, variables = payload.get("operationName"), payload.get("variables")
            if isinstance(name, str | None) and isinstance(variables, dict | None):
                return Request(query, name or None, variables or {})
    raise Closed(4400, "subscribe needs a payload with a query")
