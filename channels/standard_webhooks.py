"""Webhooks signed by the Standard Webhooks specification, which many vendors and their libraries share.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

    webhook-id          the same however often it is said
    webhook-timestamp   when it is said this time, in seconds since 1970
    webhook-signature   "v1," + base64(HMAC-SHA256(key, id.timestamp.body)); several are separated by spaces
    the secret          "whsec_" + base64 of a key of 24 to 64 bytes

Only the symmetric scheme, `v1`. Both sides use this file: it signs our own events, and verifies those of the generic
SMS provider.
"""

import re
from base64 import b64decode, b64encode
from datetime import datetime
from hashlib import sha256
from hmac import digest

from channels.base import Webhook, WebhookRefused
from channels.webhooks import check_age, same

_PREFIX = "whsec_"


def key(secret: str) -> bytes:
    """The key in a secret. ValueError, which does not repeat it, for what is no secret of this specification."""
    try:
        found = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        found = b""
    if not secret.startswith(_PREFIX) or not 24 <= len(found) <= 64:
        raise ValueError(f"a webhook secret is {_PREFIX} and 24 to 64 bytes in base64")
    return found


def sign(secret: str, id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that go with `body`. `at` is when it is sent: each time it is repeated, another."""
    if not _is_id(id):
        raise ValueError("the id of a webhook is 1 to 100 printable characters without a dot")
    if at.tzinfo is None:
        raise ValueError("the time of a webhook must name its offset")
    timestamp = str(int(at.timestamp()))
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": _signature(key(secret), id, timestamp, body),
    }


def verify(secret: str, webhook: Webhook) -> None:
    """Return if `webhook` was signed with `secret` within five minutes of its arrival, else `WebhookRefused`."""
    said, timestamp, given = (webhook.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    # A dot in the id would let the end of one id pass for the time, and the time for the beginning of the body.
    if not _is_id(said) or not re.fullmatch("[0-9]{1,12}", timestamp):
        raise WebhookRefused("it is not signed by Standard Webhooks")
    expected = _signature(key(secret), said, timestamp, webhook.body)
    if not any(same(one, expected) for one in given.split(" ")):
        raise WebhookRefused("its signature is not of our secret")
    check_age(int(timestamp), webhook)


def _is_id(id: str) -> bool:
    return re.fullmatch("[!-~]{1,100}", id) is not None and "." not in id


def _signature(key: bytes, id: str, timestamp: str, body: bytes) -> str:
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + b64encode(digest(key, signed, sha256)).decode()
