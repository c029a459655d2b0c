"""Twilio's side of the Messages API, as strict as Twilio: path, Basic authentication, form.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

from base64 import b64decode
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

ACCOUNT, TOKEN = "AC" + "0" * 32, "secret"


@dataclass
class Says:
    """An answer instead of "queued"."""

    status: int
    code: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | str | None = None
    taken: bool = False
    #: No answer at all, until the client hangs up.
    silent: bool = False


class TwilioVendor:
    """Remembers the forms it takes; `says` holds what it answers next."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.says: deque[Says] = deque()
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        self._app = Starlette(routes=[Route(path, self._create, methods=["POST"])])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _create(self, request: Request) -> Response:
        scheme, _, pair = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic" or b64decode(pair).decode() != f"{ACCOUNT}:{TOKEN}":
            return _error(401, 20003)
        if request.headers["Content-Type"] != "application/x-www-form-urlencoded":
            return _error(400, 21602)
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if self.says:
            return await self._say(request, self.says.popleft(), form)
        if not form.get("Body"):
            return _error(400, 21602)
        if not ("From" in form) ^ ("MessagingServiceSid" in form):
            return _error(400, 21603)
        if not 1 <= int(form.get("ValidityPeriod", "36000")) <= 36_000:
            return _error(400, 21624)
        return self._take(form)

    def _take(self, form: dict[str, str]) -> Response:
        self.forms.append(form)
        answer = {"sid": f"SM{len(self.forms):032}", "status": "queued", "error_code": None, "to": form["To"]}
        return JSONResponse(answer, status_code=201)

    async def _say(self, request: Request, says: Says, form: dict[str, str]) -> Response:
        if says.taken:
            self.forms.append(form)
        if says.silent:
            await _hang_up(request)
        if isinstance(says.body, str):
            return Response(says.body, says.status)
        if says.body is not None:
            return JSONResponse(says.body, says.status)
        # Twilio repeats the number in its message.
        return _error(says.status, says.code, to=form["To"], headers=says.headers)


async def _hang_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _error(status: int, code: int | None, *, to: str = "", headers: dict[str, str] | None = None) -> Response:
    body = {"code": code, "message": f"no good: {to}", "more_info": f"https://…/{code}", "status": status}
    return JSONResponse(body, status_code=status, headers=headers)
