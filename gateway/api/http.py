"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/, its SHOULDs included.

    POST  application/json     queries and mutations
    GET   ?query=...           queries only; a browser that asks for a page gets GraphiQL

A client that accepts application/graphql-response+json is told by the status what happened: 4xx where nothing ran.
One that accepts application/json gets 200 for every well-formed request. No form or plain text is taken, so no page of
another site can send one without asking first.

Who asks too often is told so before the request is read: 429 to both, as 401 is. Who asks for too much is told because
of what the request says, and then the draft leaves 200 alone to application/json.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
from graphql import OperationType
from starlette.types import Receive, Scope, Send

from gateway.api.admission import RateLimited
from gateway.api.documents import Rejected
from gateway.api.errors import ApiError, Code, internal, presented, status_of
from gateway.api.execution import Answer, Engine, Request, rejection
from gateway.api.headers import Headers, Origins, of_every_answer, policy_of_page
from gateway.api.negotiation import GRAPHQL, HTML, JSON, best, is_json, language
from gateway.api.parameters import Unreadable, request_of
from gateway.core import Gateway

_PAGE = (Path(__file__).parent / "graphiql.html").read_bytes()
_POLICY = policy_of_page(_PAGE.decode())

_TYPES = {kind: f"{kind}; charset=utf-8".encode() for kind in (JSON, GRAPHQL, HTML)}


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
        self._admission = engine.admission
        self._origins = Origins(gateway.settings)
        self._has_page = gateway.settings.sandbox or gateway.settings.graphiql
        always = [header for header in of_every_answer(gateway.settings) if header[0] != b"content-security-policy"]
        self._of_page = [*always, (b"content-security-policy", _POLICY)]
        self._of_answer = [*of_every_answer(gateway.settings), (b"vary", b"Accept, Accept-Language, Authorization")]
        self._of_kind = {kind: [*self._of_answer, _type_of(kind)] for kind in (JSON, GRAPHQL)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        if scope["method"] == "OPTIONS" and (allowed := self._origins.of_preflight(headers)) is not None:
            await _respond(send, 204, b"", [*self._of_answer, *allowed])
            return
        accept = headers.get(b"accept")
        if self._has_page and _wants_page(scope, accept):
            await _respond(send, 200, _PAGE, [*self._of_page, _type_of(HTML)])
            return
        kind = best(accept, (JSON, GRAPHQL))
        status, body, more = await self._told(scope, receive, headers, kind)
        said = self._of_kind[kind or JSON] + self._origins.of_answer(headers.get(b"origin")) + more
        await _respond(send, status, orjson.dumps(body), said)

    async def _told(
        self, scope: Scope, receive: Receive, headers: Mapping[bytes, str], kind: str | None
    ) -> tuple[int, dict[str, Any], Headers]:
        """Status, body, and headers of this answer only."""
        try:
            answer = await self._answer(scope, receive, headers, kind)
        except HttpError as error:
            return error.status, {"errors": [presented(ApiError(error.code, error.message))]}, list(error.headers)
        except RateLimited as limited:
            return 429, {"errors": [presented(limited)]}, _retry_after(limited.retry_after)
        except Exception as error:
            # The server would log it with its text, and that may hold a value.
            return status_of(error), {"errors": [internal(error)]}, []
        return (
            (answer.status, answer.body, _retry_after(answer.retry_after))
            if kind == GRAPHQL
            else (200, answer.body, [])
        )

    async def _answer(self, scope: Scope, receive: Receive, headers: Mapping[bytes, str], kind: str | None) -> Answer:
        method = scope["method"]
        if method not in ("GET", "POST"):
            raise HttpError(405, "GraphQL is asked by POST or GET.", (b"allow", b"GET, POST"))
        if kind is None:
            raise HttpError(406, f"This can be answered as {GRAPHQL} or {JSON}.")
        caller = await self._admission.caller(headers.get(b"authorization"), scope)
        if caller is None:
            raise _unauthenticated(headers.get(b"authorization"))
        self._admission.request(caller)
        try:
            request = _from_url(scope["query_string"]) if method == "GET" else await self._from_body(receive, headers)
            operation = self._engine.operation(request, caller)
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
        return _request(_json(body, "The body"), len(body))


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
    for name in ("query", "documentId", "operationName", "variables", "extensions"):
        values = given.get(name, [])
        if len(values) > 1:
            raise HttpError(400, f"{name}: given more than once.")
        if values and values[0]:
            is_object = name in ("variables", "extensions")
            parameters[name] = _json(values[0].encode(), name) if is_object else values[0]
    return _request(parameters, len(query_string))


def _json(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise HttpError(400, f"{what} is not JSON in UTF-8.") from None


def _request(parameters: Any, length: int) -> Request:
    if isinstance(parameters, list):
        raise HttpError(400, "One request at a time: the body must be an object, not a list.")
    if not isinstance(parameters, dict):
        raise HttpError(400, "The body must be an object with a query.")
    try:
        return request_of(parameters, length)
    except Unreadable as unreadable:
        raise HttpError(400, str(unreadable)) from None


def _unauthenticated(authorization: str | None) -> HttpError:
    """RFC 6750, 3: who showed nothing is told what to show; who did, that it opens nothing, and not why."""
    scheme, _, shown = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not shown.strip():
        message, challenge = "A key or token is needed: Authorization: Bearer KEY.", b"Bearer"
    else:
        message, challenge = "This key or token is not valid.", b'Bearer error="invalid_token"'
    return HttpError(401, message, (b"www-authenticate", challenge), code=Code.UNAUTHENTICATED)


def _wants_page(scope: Scope, accept: str | None) -> bool:
    """Whether a browser asks for something to look at."""
    return scope["method"] == "GET" and accept is not None and best(accept, (JSON, GRAPHQL, HTML)) == HTML


def headers_of(scope: Scope) -> dict[bytes, str]:
    """By their lower-case names. Where a list was sent in several, they are one."""
    headers: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def _type_of(kind: str) -> tuple[bytes, bytes]:
    return b"content-type", _TYPES[kind]


def _retry_after(seconds: int | None) -> Headers:
    return [] if seconds is None else [(b"retry-after", str(seconds).encode())]


async def _respond(send: Send, status: int, body: bytes, headers: Headers) -> None:
    if status != 204:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
