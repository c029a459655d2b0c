"""Alibaba Cloud's side of SendSms, as strict as Alibaba Cloud: signature V3, nonce, time, template and values.

https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms
"""

import hashlib
import hmac
import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

KEY_ID, KEY_SECRET, SIGNATURE = "LTAI0000", "s3cret", "示例金融"
#: The vendor's clock.
NOW = datetime(2026, 3, 2, 4, 5, 6, tzinfo=UTC)

#: The registered templates, and the values that each prints.
TEMPLATES = {"SMS_1001": {"name", "amount"}, "SMS_1002": set[str]()}


@dataclass
class Says:
    """An answer instead of "OK"."""

    status: int
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | str | None = None
    taken: bool = False
    #: No answer at all, until the client hangs up.
    silent: bool = False


class AliyunVendor:
    """Remembers the requests it takes; `says` holds what it answers next."""

    def __init__(self) -> None:
        self.texts: list[dict[str, str]] = []
        self.says: deque[Says] = deque()
        self._nonces: set[str] = set()
        self._app = Starlette(routes=[Route("/", self._call, methods=["POST"])])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _call(self, request: Request) -> Response:
        body = await request.body()
        if refused := self._unsigned(request, body):
            return _answer(*refused)
        if request.headers["x-acs-version"] != "2017-05-25":
            return _answer(400, "InvalidVersion")
        if request.headers["x-acs-action"] != "SendSms":
            return _answer(404, "InvalidAction.NotFound")
        if "json" not in request.headers.get("Accept", ""):
            return Response("<Error/>", media_type="text/xml")
        form = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True))
        if self.says:
            return await self._say(request, self.says.popleft(), form)
        if wrong := _wrong(form):
            return _answer(200, wrong, form["PhoneNumbers"])
        return self._take(form)

    def _unsigned(self, request: Request, body: bytes) -> tuple[int, str] | None:
        """What the gateway before the service refuses."""
        headers = request.headers
        given = re.fullmatch(
            "ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})",
            headers.get("Authorization", ""),
        )
        if given is None:
            return 400, "IncompleteSignature"
        if given[1] != KEY_ID:
            return 404, "InvalidAccessKeyId.NotFound"
        names = given[2].split(";")
        must = {name for name in headers if name.startswith("x-acs-")} | {"host", "content-type"}
        if names != sorted(names) or not must <= set(names):
            return 400, "IncompleteSignature"
        if hashlib.sha256(body).hexdigest() != headers["x-acs-content-sha256"]:
            return 400, "SignatureDoesNotMatch"
        canonical = "POST\n/\n" + request.url.query + "\n"
        for name in names:
            canonical += f"{name}:{headers[name].strip()}\n"
        canonical += f"\n{given[2]}\n{headers['x-acs-content-sha256']}"
        to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        if hmac.new(KEY_SECRET.encode(), to_sign.encode(), hashlib.sha256).hexdigest() != given[3]:
            return 400, "SignatureDoesNotMatch"
        at = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(NOW - at) > timedelta(minutes=15):
            return 400, "InvalidTimeStamp.Expired"
        if headers["x-acs-signature-nonce"] in self._nonces:
            return 400, "SignatureNonceUsed"
        self._nonces.add(headers["x-acs-signature-nonce"])
        return None

    def _take(self, form: dict[str, str]) -> Response:
        self.texts.append(form)
        return JSONResponse({"Code": "OK", "Message": "OK", "RequestId": "F655A8D5", "BizId": f"{len(self.texts)}^0"})

    async def _say(self, request: Request, says: Says, form: dict[str, str]) -> Response:
        if says.taken:
            self.texts.append(form)
        if says.silent:
            while (await request.receive())["type"] != "http.disconnect":
                pass
        if isinstance(says.body, str):
            return Response(says.body, says.status)
        if says.body is not None:
            return JSONResponse(says.body, says.status)
        return _answer(says.status, says.code, form["PhoneNumbers"], says.headers)


def _wrong(form: dict[str, str]) -> str | None:
    """The code with which the service refuses."""
    if not re.fullmatch(r"(\+86|0086|86|\+)?1[3-9][0-9]{9}", form.get("PhoneNumbers", "")):
        return "isv.MOBILE_NUMBER_ILLEGAL"
    if form.get("SignName") != SIGNATURE:
        return "isv.SMS_SIGNATURE_ILLEGAL"
    if form.get("TemplateCode") not in TEMPLATES:
        return "isv.SMS_TEMPLATE_ILLEGAL"
    if len(form.get("OutId", "")) >= 256:
        return "isv.INVALID_PARAMETERS"
    try:
        values = json.loads(form.get("TemplateParam", "{}"))
    except ValueError:
        return "isv.INVALID_JSON_PARAM"
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        return "isv.INVALID_JSON_PARAM"
    if not TEMPLATES[form["TemplateCode"]] <= values.keys():
        return "isv.TEMPLATE_MISSING_PARAMETERS"
    if any(len(value) > 35 for value in values.values()):
        return "isv.PARAM_LENGTH_LIMIT"
    if any("://" in value for value in values.values()):
        return "isv.PARAM_NOT_SUPPORT_URL"
    return None


def _answer(status: int, code: str | None, to: str = "", headers: dict[str, str] | None = None) -> Response:
    # The vendor repeats the number in its message.
    body = {"Code": code, "Message": f"失败 {to}", "RequestId": "F655A8D5"}
    return JSONResponse(body, status_code=status, headers=headers)
