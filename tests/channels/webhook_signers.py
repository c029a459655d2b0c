"""Each vendor's signature on a webhook, written from its documentation a second time, and what it says when."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from channels.base import Listener, Webhook
from channels.sms.aliyun_webhooks import AliyunListener
from channels.sms.http_webhooks import HttpListener
from channels.sms.twilio_webhooks import TwilioListener
from channels.sms.vonage_webhooks import VonageListener

NOW = datetime(2026, 3, 2, 4, 5, 6, 700_000, tzinfo=UTC)
REFERENCE = "0123456789abcdef0123456789abcdef"
NUMBER = "+8613900000000"

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "4f7a1c2b3d4e5f60718293a4b5c6d7e8"
SECRET = "a-signature-secret"
IN_ADDRESS = "f00d-F00D_f00d-F00D"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_standard_webhooks(
    body: bytes, *, secret: str = WHSEC, at: datetime = NOW, id: str = "msg_1", said_at: datetime | None = None
) -> Webhook:
    timestamp = int((said_at or at).timestamp())
    key = base64.b64decode(secret.partition("_")[2])
    mac = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
    return Webhook("POST", "https://gateway.example/webhooks/http", headers, body, at)


def by_twilio(
    body: bytes,
    *,
    secret: str = TOKEN,
    at: datetime = NOW,
    url: str = f"https://gateway.example/webhooks/twilio?reference={REFERENCE}",
) -> Webhook:
    """`body` is a form, in which each name comes once."""
    signed = url
    for pair in sorted(body.decode().split("&")) if body else []:
        name, _, value = pair.partition("=")
        signed += unquoted(name) + unquoted(value)
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": base64.b64encode(mac).decode(),
    }
    return Webhook("POST", url, headers, body, at)


def unquoted(text: str) -> str:
    return bytes_of(text.replace("+", " ")).decode("utf-8", "replace")


def bytes_of(text: str) -> bytes:
    first, *rest = text.encode().split(b"%")
    return first + b"".join(bytes.fromhex(part[:2].decode()) + part[2:] for part in rest)


def by_twilio_as_json(body: bytes, *, secret: str = TOKEN, at: datetime = NOW) -> Webhook:
    hashed = hashlib.sha256(body).hexdigest()
    webhook = by_twilio(
        b"",
        secret=secret,
        at=at,
        url=f"https://gateway.example/webhooks/twilio?reference={REFERENCE}&bodySHA256={hashed}",
    )
    return replace(webhook, body=body, headers={**webhook.headers, "content-type": "application/json"})


def by_vonage(
    body: bytes,
    *,
    secret: str = SECRET,
    at: datetime = NOW,
    said_at: datetime | None = None,
    header: dict[str, Any] | None = None,
    **claims: Any,
) -> Webhook:
    said = {
        "iat": int((said_at or at).timestamp()),
        "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": "a1b2c3d",
        **claims,
    }
    first = base64url(json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode())
    second = base64url(json.dumps(said).encode())
    mac = hmac.new(secret.encode(), f"{first}.{second}".encode(), hashlib.sha256).digest()
    headers = {"authorization": f"Bearer {first}.{second}.{base64url(mac)}", "content-type": "application/json"}
    return Webhook("POST", "https://gateway.example/webhooks/vonage", headers, body, at)


def by_aliyun(body: bytes, *, secret: str = IN_ADDRESS, at: datetime = NOW) -> Webhook:
    url = f"https://gateway.example/webhooks/aliyun?token={secret}"
    return Webhook("POST", url, {"content-type": "application/json"}, body, at)


@dataclass(frozen=True)
class Vendor:
    """A vendor that speaks: how it signs, and what it says."""

    listener: Callable[[], Listener]
    sign: Callable[..., Webhook]
    another_secret: str
    delivered: dict[str, Any]
    failed: dict[str, Any]
    reply: dict[str, Any]
    #: Where the text of a reply stands.
    text: str
    write: Callable[[dict[str, Any]], bytes] = lambda said: json.dumps(said).encode()
    has_time: bool = True
    signs: bool = True


def form(said: dict[str, Any]) -> bytes:
    return urlencode(said).encode()


_HTTP = {"type": "receipt", "reference": REFERENCE, "status": "delivered"}
_TWILIO = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER, "AccountSid": "AC1"}
_VONAGE = {
    "message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
    "to": "8613900000000",
    "from": "LENDER",
    "timestamp": "2026-03-02T04:05:00Z",
    "status": "delivered",
    "client_ref": REFERENCE,
    "channel": "sms",
}
_ALIYUN = {
    "phone_number": "13900000000",
    "send_time": "2026-03-02 12:00:00",
    "report_time": "2026-03-02 12:05:00",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "12345^0",
    "out_id": REFERENCE,
}
_TWILIO_REPLY = {"MessageSid": "SM2", "SmsStatus": "received", "From": NUMBER, "To": "+12125550123", "Body": "STOP"}

VENDORS: dict[str, Vendor] = {
    "http": Vendor(
        listener=lambda: HttpListener(WHSEC),
        sign=by_standard_webhooks,
        another_secret="whsec_" + base64.b64encode(b"another key of 24 bytes.").decode(),
        delivered=_HTTP,
        failed=_HTTP | {"status": "failed", "code": "no_such_number", "bad_address": True},
        reply={"type": "reply", "id": "in-1", "from": NUMBER, "text": "STOP"},
        text="text",
    ),
    "twilio": Vendor(
        listener=lambda: TwilioListener(TOKEN),
        sign=by_twilio,
        another_secret="another",
        delivered=_TWILIO,
        failed=_TWILIO | {"MessageStatus": "undelivered", "ErrorCode": "30005"},
        reply=_TWILIO_REPLY,
        text="Body",
        write=form,
        has_time=False,
    ),
    "twilio, JSON": Vendor(
        listener=lambda: TwilioListener(TOKEN),
        sign=by_twilio_as_json,
        another_secret="another",
        delivered=_TWILIO,
        failed=_TWILIO | {"MessageStatus": "failed", "ErrorCode": 21211},
        reply=_TWILIO_REPLY,
        text="Body",
        has_time=False,
    ),
    "vonage": Vendor(
        listener=lambda: VonageListener(SECRET),
        sign=by_vonage,
        another_secret="another",
        delivered=_VONAGE,
        failed=_VONAGE
        | {
            "status": "undeliverable",
            "error": {
                "type": "https://developer.vonage.com/api-errors/messages#1190",
                "title": 1190,
                "detail": f"Absent Subscriber Permanent {NUMBER}",
            },
        },
        reply={
            "channel": "sms",
            "message_uuid": "bbbbbbbb-bbbb-4ccc-8ddd-0123456789ab",
            "to": "12125550123",
            "from": NUMBER.removeprefix("+"),
            "timestamp": "2026-03-02T04:05:00Z",
            "text": "STOP",
            "sms": {"num_messages": "1", "keyword": "STOP"},
        },
        text="text",
    ),
    "aliyun": Vendor(
        listener=lambda: AliyunListener(IN_ADDRESS),
        sign=by_aliyun,
        another_secret="another-token-of-16-letters",
        delivered=_ALIYUN,
        failed=_ALIYUN | {"success": False, "err_code": "isv.MOBILE_NUMBER_ILLEGAL"},
        reply={
            "phone_number": "13900000000",
            "content": "STOP",
            "send_time": "2026-03-02 12:05:00",
            "dest_code": "1234",
            "sequence_id": 1234567890,
        },
        text="content",
        has_time=False,
        signs=False,
    ),
}

LATE = timedelta(minutes=5, seconds=1)
JUST_IN_TIME = timedelta(minutes=5)
