"""Alibaba Cloud's SMS service (Dysms), for numbers of mainland China.

https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms. Carriers there send registered
templates only: what goes out is the name of one and its values, never our text. What the codes mean stands in
`aliyun_codes.py`. There is no validity and no idempotency: a text that the vendor has, it sends when it can, and twice
if told twice.

The parameters go in the body as a form, as the vendor's own client for Node sends them: addresses end up in the logs
of proxies and libraries, and a phone number must not.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import quote, urlencode

import httpx

from channels.base import Accepted, ChannelFailure, Message, OutcomeUnknown, PermanentFailure
from channels.sms.aliyun_codes import CODES
from channels.sms.aliyun_signature import authorization, headers
from channels.sms.codes import failure, refused
from channels.sms.exchange import fields, message_id, post, printable_code

VERSION = "2017-05-25"


@dataclass(frozen=True, slots=True)
class Registered:
    """A template as it was registered with the vendor: its code, and which of our values it prints."""

    code: str
    parameters: tuple[str, ...] = ()


class AliyunSms:
    """Texts through Alibaba Cloud.

    `templates` says which registered template stands for which of ours, by its whole name: `overdue_reminder/sms/zh`.
    The vendor wants the time, and a `nonce` that never comes twice. The client belongs to the provider from here on.
    """

    is_attempt: ClassVar[bool] = True

    def __init__(
        self,
        client: httpx.AsyncClient,
        access_key_id: str,
        access_key_secret: str,
        sign_name: str,
        templates: Mapping[str, Registered],
        *,
        clock: Callable[[], datetime],
        nonce: Callable[[], str],
        base_url: str = "https://dysmsapi.aliyuncs.com",
        name: str = "aliyun",
    ) -> None:
        self.name = name
        self._client = client
        self._url = f"{base_url.rstrip('/')}/"
        self._host = httpx.URL(self._url).netloc.decode("ascii")
        self._key_id = access_key_id
        self._secret = access_key_secret
        self._sign_name = sign_name
        self._templates = dict(templates)
        self._clock = clock
        self._nonce = nonce

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        """Hand `message` over within `timeout`, or raise a `ChannelFailure`."""
        body = self._form(message)
        response = await post(self._client, self._url, timeout=timeout, headers=self._headers(body), content=body)
        answer = fields(response)
        code = printable_code(answer.get("Code"))
        if not response.is_success:
            raise refused(CODES, response, code)
        # Most refusals come in a 200.
        if code is not None and code != "OK":
            raise failure_for(code)
        if code is None or (accepted := message_id(answer.get("BizId"))) is None:
            raise OutcomeUnknown("the answer has no code or no id", code=str(response.status_code))
        return Accepted(provider_message_id=accepted, provider_code=code)

    async def close(self) -> None:
        """Give connections back. Sending afterwards is an error."""
        await self._client.aclose()

    def _form(self, message: Message) -> bytes:
        registered = self._templates.get(message.template or "")
        if registered is None:
            raise PermanentFailure("no registered template stands for this message")
        form = {
            "OutId": message.reference,
            "PhoneNumbers": national(message.to),
            "SignName": self._sign_name,
            "TemplateCode": registered.code,
            "TemplateParam": _values(registered, message.values),
        }
        return urlencode(form, quote_via=quote).encode()

    def _headers(self, body: bytes) -> dict[str, str]:
        signed = headers(
            host=self._host, action="SendSms", version=VERSION, at=self._clock(), nonce=self._nonce(), body=body
        )
        signed["content-type"] = "application/x-www-form-urlencoded"
        return {
            **signed,
            "accept": "application/json",
            "authorization": authorization(self._key_id, self._secret, signed),
        }


def national(number: str) -> str:
    """A Chinese number as the vendor takes it, of eleven digits. Others are no fault of the address, nor for here."""
    if (found := re.fullmatch(r"\+86([0-9]{5,11})", number)) is None:
        raise PermanentFailure("this provider texts numbers of mainland China only")
    return found[1]


def _values(registered: Registered, values: Mapping[str, str]) -> str:
    missing = [name for name in registered.parameters if name not in values]
    if missing:
        raise PermanentFailure(f"the registered template needs what the message lacks: {', '.join(missing)}")
    return json.dumps({name: values[name] for name in registered.parameters}, ensure_ascii=False)


def failure_for(code: str) -> ChannelFailure:
    """What a code of the vendor's says; one we do not know leaves the outcome open."""
    return failure(CODES, code)
