"""The generic SMS provider: one JSON POST, for gateways of one's own and for vendors without an adapter.

    POST {"to", "from", "text", "reference"}      and "valid_for_seconds" where the message has a validity
    any 2xx with {"id": ...}                      accepted
    400, 404, 422 with {"code": "bad_address"}    the address is wrong
    Retry-After: seconds, or a date beside Date   honoured on 408, 425, 429 and 503

Every failure is sorted in `channels/sms/exchange.py`. What the provider says later is read in `http_webhooks.py`.
"""

from base64 import b64encode
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import unquote

import httpx

from channels.base import Accepted, Message, OutcomeUnknown
from channels.sms.exchange import fields, message_id, post, printable_code, refusal, whole_seconds

MAY_BE_THE_ADDRESS = frozenset({400, 404, 422})


class HttpSms:
    """Texts through any HTTP endpoint that takes the generic body.

    `user:password@` in the URL becomes Basic authentication, `token@` a bearer token; neither is part of the URL
    that is called or logged. The client belongs to the provider from here on and is closed with it.
    """

    is_attempt: ClassVar[bool] = True

    def __init__(self, client: httpx.AsyncClient, url: str, sender: str, *, name: str = "http") -> None:
        self.name = name
        self._client = client
        self._url, authorization = _without_secrets(url)
        self._headers = {"Authorization": authorization} if authorization else {}
        self._sender = sender

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        """Hand `message` over within `timeout`, or raise a `ChannelFailure`."""
        headers = {**self._headers, "Idempotency-Key": message.reference}
        response = await post(self._client, self._url, timeout=timeout, headers=headers, json=self._body(message))
        answer = fields(response)
        if not response.is_success:
            code = printable_code(answer.get("code"))
            bad_address = code == "bad_address" and response.status_code in MAY_BE_THE_ADDRESS
            raise refusal(response, code=code, bad_address=bad_address)
        if (accepted := message_id(answer.get("id"))) is None:
            raise OutcomeUnknown("the provider's answer has no id", code=str(response.status_code))
        return Accepted(provider_message_id=accepted, provider_code=str(response.status_code))

    async def close(self) -> None:
        """Give connections back. Sending afterwards is an error."""
        await self._client.aclose()

    def _body(self, message: Message) -> dict[str, Any]:
        body: dict[str, Any] = {
            "to": message.to,
            "from": self._sender,
            "text": message.text,
            "reference": message.reference,
        }
        if message.valid_for is not None:
            body["valid_for_seconds"] = whole_seconds(message.valid_for)
        return body


def _without_secrets(url: str) -> tuple[str, str | None]:
    """The URL without its userinfo, and the `Authorization` header that the userinfo stands for."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        # Without the library's error, which may print the password.
        raise ValueError("the SMS provider's URL cannot be read") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("the SMS provider's URL must begin with http:// or https:// and name a host")
    user, colon, password = parsed.userinfo.decode("ascii").partition(":")
    bare = str(parsed.copy_with(userinfo=b""))
    if colon:
        pair = f"{unquote(user)}:{unquote(password)}"
        return bare, f"Basic {b64encode(pair.encode()).decode()}"
    token = unquote(user)
    if not token:
        return bare, None
    if not token.isascii() or not token.isprintable():
        raise ValueError("the token in the SMS provider's URL has characters that no header may have")
    return bare, f"Bearer {token}"
