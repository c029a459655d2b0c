"""Vonage's side of the Messages API, as strict as Vonage: path, Basic authentication, JSON, ranges.

https://developer.vonage.com/en/api/messages; the bodies of refusals are those of Vonage's own clients' tests.
"""

import json
import re
from base64 import b64decode
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

KEY, SECRET = "abcd1234", "s3cret"

ERRORS = "https://developer.vonage.com/api-errors"

KNOWN = {"message_type", "channel", "to", "from", "text", "client_ref", "ttl", "webhook_url", "webhook_version", "sms"}


@dataclass
class Says:
    """An answer instead of "accepted"."""

    status: int
    #: The end of the error's address: a number of the Messages API, or a word of all of Vonage's.
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | str | None = None
    taken: bool = False
    #: No answer at all, until the client hangs up.
    silent: bool = False


class VonageVendor:
    """Remembers the messages it takes; `says` holds what it answers next."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.says: deque[Says] = deque()
        self._app = Starlette(routes=[Route("/v1/messages", self._create, methods=["POST"])])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _create(self, request: Request) -> Response:
        scheme, _, pair = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic" or b64decode(pair).decode() != f"{KEY}:{SECRET}":
            return _error(401, "unauthorized")
        if request.headers["Content-Type"] != "application/json":
            return _error(415, "unsupported-media-type")
        message = json.loads((await request.body()).decode())
        if self.says:
            return await self._say(request, self.says.popleft(), message)
        if wrong := _wrong(message):
            return _error(422, "1150", wrong=wrong, to=str(message.get("to")))
        return self._take(message)

    def _take(self, message: dict[str, Any]) -> Response:
        self.messages.append(message)
        return JSONResponse({"message_uuid": str(UUID(int=len(self.messages)))}, status_code=202)

    async def _say(self, request: Request, says: Says, message: dict[str, Any]) -> Response:
        if says.taken:
            self.messages.append(message)
        if says.silent:
            while (await request.receive())["type"] != "http.disconnect":
                pass
        if isinstance(says.body, str):
            return Response(says.body, says.status)
        if says.body is not None:
            return JSONResponse(says.body, says.status)
        return _error(says.status, says.code, to=message["to"], headers=says.headers)


def _wrong(message: dict[str, Any]) -> list[str]:
    """The names of the parameters that Vonage would not take."""
    patterns = {
        "message_type": "text",
        "channel": "sms",
        "to": "[1-9][0-9]{6,14}",
        "from": "[1-9][0-9]{6,14}|[A-Za-z][A-Za-z0-9 ]{2,10}",
        "text": "(?s:.{1,1000})",
        "client_ref": ".{0,100}",
        "webhook_url": "https?://.+",
        "webhook_version": "v0.1|v1",
    }
    needed = {"message_type", "channel", "to", "from", "text"}
    wrong = [name for name in message if name not in KNOWN] + [name for name in needed if name not in message]
    for name, pattern in patterns.items():
        if name in message and not (isinstance(message[name], str) and re.fullmatch(pattern, message[name])):
            wrong.append(name)
    if "ttl" in message and not (type(message["ttl"]) is int and 1 <= message["ttl"] <= 604_800):
        wrong.append("ttl")
    return wrong


def _error(
    status: int,
    code: str | None,
    *,
    to: str = "",
    wrong: list[str] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    page = f"{ERRORS}/messages#{code}" if (code or "").isdigit() else f"{ERRORS}#{code}"
    body = {
        "type": page if code else "about:blank",
        "title": "It did not work",
        # Vonage repeats what was asked for.
        "detail": f"no good: {to}",
        "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf",
        "invalid_parameters": [{"name": name, "reason": "invalid value"} for name in wrong or []],
    }
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")
