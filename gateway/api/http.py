"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/, its SHOULDs included.

    POST  application/json     queries and mutations
    GET   ?query=...           queries only; a browser that asks for a page gets GraphiQL

A client that accepts application/graphql-response+json is told by the status what happened: 4xx where nothing ran.
One that accepts application/json gets 200 for every well-formed request. No form or plain text is taken, so no page of
another site can send one without asking first.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
from graphql import OperationType
from starlette.types import Receive, Scope, Send

from gateway.api.documents import Rejected
from gateway.api.errors import ApiError, Code, internal, presented
from gateway.api.execution import Answer, Engine, Request, rejection
from gateway.api.negotiation import GRAPHQL, HTML, JSON, best, is_json, language
from gateway.callers import authenticate
from gateway.core import Gateway

_PAGE = (Path(__file__).parent / "graphiql.html").read_bytes()

_TYPES = {kind: f"{kind}; charset=utf-8".encode() for kind in (JSON, GRAPHQL, HTML)}

_Headers = list[tuple[bytes, bytes]]


class HttpError(Exception):
    """A request that HTTP itself has a status for."""

    def __init__(
        self, status: int, message: str, *headers: tuple[bytes, bytes], code: Code = Code.BAD_USER_INPUT
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
        self.code = code


class GraphQLEndpoint:
    """The ASGI application behind /graphql."""

    def __init__(self, gateway: Gateway, engine: Engine) -> None:
        self._gateway = gateway
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        accept = headers.get(b"accept")
        kind = best(accept, (JSON, GRAPHQL))
        try:
            if _wants_page(scope, accept):
                await _respond(send, 200, HTML, _PAGE)
                return
            answer = await self._answer(scope, receive, headers, kind)
        except HttpError as error:
            problem = presented(ApiError(error.code, error.message))
            await _respond(send, error.status, kind or JSON, orjson.dumps({"errors": [problem]}), *error.headers)
            return
        except Exception as error:
            # The server would log it with its text, and that may hold a value.
            await _respond(send, 500, kind or JSON, orjson.dumps({"errors": [internal(error)]}))
            return
        assert kind is not None
        await _respond(send, answer.status if kind == GRAPHQL else 200, kind, _dumped(answer))

    async def _answer(self, scope: Scope, receive: Receive, headers: Mapping[bytes, str], kind: str | None) -> Answer:
        method = scope["method"]
        if method not in ("GET", "POST"):
            raise HttpError(405, "GraphQL is asked by POST or GET.", (b"allow", b"GET, POST"))
        if kind is None:
            raise HttpError(406, f"This can be answered as {GRAPHQL} or {JSON}.")
        caller = await authenticate(self._gateway, headers.get(b"authorization"))
        if caller is None:
            message = "A key is needed: Authorization: Bearer KEY."
            raise HttpError(401, message, (b"www-authenticate", b"Bearer"), code=Code.UNAUTHENTICATED)
        if method == "GET":
            request = _from_url(scope["query_string"])
        else:
            request = await self._from_body(receive, headers)
        try:
            operation = self._engine.operation(request)
            if operation.type is OperationType.SUBSCRIPTION:
                raise Rejected(
                    [ApiError(Code.BAD_USER_INPUT, "Subscriptions go over WebSocket: graphql-transport-ws.")]
                )
            if method == "GET" and operation.type is not OperationType.QUERY:
                raise HttpError(405, "By GET only queries are executed.", (b"allow", b"POST"))
            spoken = language(headers.get(b"accept-language"))
            return await self._engine.execute(operation, request, caller, spoken)
        except Rejected as problem:
            return rejection(problem)

    async def _from_body(self, receive: Receive, headers: Mapping[bytes, str]) -> Request:
        if not is_json(headers.get(b"content-type")):
            raise HttpError(415, "The body must be application/json in UTF-8.")
        if headers.get(b"content-encoding", "identity").lower() != "identity":
            raise HttpError(415, "The body must not be compressed.", (b"accept-encoding", b"identity"))
        body = await _read(receive, headers, self._gateway.settings.max_body_bytes)
        return _request(_json(body, "The body"))


async def _read(receive: Receive, headers: Mapping[bytes, str], most: int) -> bytes:
    """The body. What says that it is too large is not read."""
    too_large = HttpError(413, f"The body may have {most} bytes.")
    length = headers.get(b"content-length", "0")
    if not length.isdecimal() or int(length) > most:
        raise too_large
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HttpError(400, "The body ended early.")
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise too_large
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _from_url(query_string: bytes) -> Request:
    try:
        given = parse_qs(
            query_string.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=False,
            errors="strict",
            max_num_fields=20,
        )
    except ValueError:  # not UTF-8, or far too many
        raise HttpError(400, "The parameters cannot be read.") from None
    parameters: dict[str, Any] = {}
    for name in ("query", "operationName", "variables", "extensions"):
        values = given.get(name, [])
        if len(values) > 1:
            raise HttpError(400, f"{name}: given more than once.")
        if values and values[0]:
            is_object = name in ("variables", "extensions")
            parameters[name] = _json(values[0].encode(), name) if is_object else values[0]
    return _request(parameters)


def _json(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise HttpError(400, f"{what} is not JSON in UTF-8.") from None


def _request(parameters: Any) -> Request:
    if isinstance(parameters, list):
        raise HttpError(400, "One request at a time: the body must be an object, not a list.")
    if not isinstance(parameters, dict):
        raise HttpError(400, "The body must be an object with a query.")
    query = parameters.get("query")
    if not isinstance(query, str) or not query.strip():
        raise HttpError(400, "query: must be a string with a GraphQL document.")
    name = parameters.get("operationName")
    if not isinstance(name, str | None):
        raise HttpError(400, "operationName: must be a string.")
    variables = parameters.get("variables")
    if not isinstance(variables, dict | None):
        raise HttpError(400, "variables: must be an object.")
    if not isinstance(parameters.get("extensions"), dict | None):
        raise HttpError(400, "extensions: must be an object.")
    return Request(query, name or None, variables or {})


def _wants_page(scope: Scope, accept: str | None) -> bool:
    """Whether a browser asks for something to look at."""
    return scope["method"] == "GET" and accept is not None and best(accept, (JSON, GRAPHQL, HTML)) == HTML


def _headers(scope: Scope) -> dict[bytes, str]:
    """By their lower-case names. Where a list was sent in several, they are one."""
    headers: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def _dumped(answer: Answer) -> bytes:
    return orjson.dumps(answer.body)


async def _respond(send: Send, status: int, kind: str, body: bytes, *more: tuple[bytes, bytes]) -> None:
    headers: _Headers = [
        (b"content-type", _TYPES[kind]),
        (b"content-length", str(len(body)).encode()),
        # What is answered depends on the key, and much of it is personal.
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept, Accept-Language, Authorization"),
        (b"x-content-type-options", b"nosniff"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
