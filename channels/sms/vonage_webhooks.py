"""What Vonage's Messages API says later: what became of a message, and what people answer.

Signed by https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks: a JSON Web Token
(RFC 7519) in `Authorization: Bearer`, always HS256, with the account's signature secret, and in its claims

    iat             when it was signed, in seconds since 1970
    iss             "Vonage"
    payload_hash    the SHA-256 of the body, without which the token would go with any body

Vonage calls for the hash only over HTTP; here it is always checked. When Vonage cannot sign, it sends unsigned and says
it again for any answer that is no 2xx.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from hmac import digest

from channels.base import Arrival, Heard, Receipt, Reply, Thanks, Webhook, WebhookRefused, WebhookUnreadable
from channels.sms.codes import spoils_address
from channels.sms.exchange import message_id, printable_code
from channels.sms.vonage import CODES, code_in
from channels.webhooks import (
    Fields,
    check_age,
    check_shape,
    each,
    instant,
    optional,
    receipt_id,
    reference_of,
    reply_id,
    reply_text,
    required,
    same,
    sender_of,
)

#: https://developer.vonage.com/en/api/messages#message-status
ARRIVALS = {
    "submitted": Arrival.ACCEPTED,
    "delivered": Arrival.DELIVERED,
    "read": Arrival.DELIVERED,
    "rejected": Arrival.FAILED,
    "undeliverable": Arrival.FAILED,
}

_TOKEN = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)


class VonageListener:
    """Hears Vonage. `signature_secret` is the account's, and is not the API secret."""

    thanks = Thanks(status=200)

    def __init__(self, signature_secret: str, *, name: str = "vonage") -> None:
        if not signature_secret:
            raise ValueError("without Vonage's signature secret nobody can tell what is Vonage's")
        self.name = name
        self._key = signature_secret.encode()

    def hear(self, webhook: Webhook) -> Sequence[Heard]:
        """What it says, or `WebhookRefused`, or `WebhookUnreadable`."""
        check_shape(webhook)
        self._verify(webhook)
        return each(webhook.body, _heard)

    def _verify(self, webhook: Webhook) -> None:
        scheme, _, token = webhook.headers.get("authorization", "").partition(" ")
        parts = _TOKEN.fullmatch(token)
        if scheme.lower() != "bearer" or parts is None:
            raise WebhookRefused("it is not signed")
        header, claims, signature = parts.groups()
        # The token must not choose how it is checked: "none", and a public key taken for a secret, are old tricks.
        if _decoded(header).get("alg") != "HS256":
            raise WebhookRefused("it is not signed with HS256")
        expected = urlsafe_b64encode(digest(self._key, f"{header}.{claims}".encode(), sha256)).rstrip(b"=").decode()
        if not same(signature, expected):
            raise WebhookRefused("its signature is not of our secret")
        self._check(_decoded(claims), webhook)

    def _check(self, claims: Fields, webhook: Webhook) -> None:
        issued, hashed = claims.get("iat"), claims.get("payload_hash")
        if claims.get("iss") != "Vonage" or not isinstance(issued, int) or not isinstance(hashed, str):
            raise WebhookRefused("its token is not a webhook's")
        check_age(issued, webhook)
        if not same(hashed.lower(), sha256(webhook.body).hexdigest()):
            raise WebhookRefused("its body is not the one that was signed")


def _decoded(part: str) -> Fields:
    try:
        found = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _heard(fields: Fields) -> list[Heard]:
    if "status" in fields:
        return _receipt(fields)
    sender = sender_of(fields, "from")
    return [
        Reply(
            id=reply_id(fields.get("message_uuid")),
            sender=f"+{sender}" if sender.isdecimal() else sender,
            text=reply_text(optional(fields, "text") or ""),
            at=instant(optional(fields, "timestamp")),
        )
    ]


def _receipt(fields: Fields) -> list[Heard]:
    """None for a message without a reference: somebody else's, of the same account."""
    status = required(fields, "status")
    if (arrival := ARRIVALS.get(status)) is None:
        raise WebhookUnreadable("its status is not one we know")
    if (reference := reference_of(fields.get("client_ref"))) is None:
        return []
    code = _code(fields.get("error"))
    return [
        Receipt(
            id=receipt_id(reference, status, code),
            reference=reference,
            arrival=arrival,
            code=code,
            at=instant(optional(fields, "timestamp")),
            provider_message_id=message_id(fields.get("message_uuid")),
            bad_address=arrival is Arrival.FAILED and spoils_address(CODES, code),
        )
    ]


def _code(error: object) -> str | None:
    """The code is the title, as a text or a number, and stands at the end of the type too."""
    if not isinstance(error, dict):
        return None
    error = error.get("error", error)  # in Vonage's own examples it is wrapped once more
    if not isinstance(error, dict):
        return None
    title = printable_code(error.get("title"))
    return title if title in CODES else code_in(error) or title
