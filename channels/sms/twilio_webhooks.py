"""What Twilio says later: what became of a message, and what people answer.

Signed by https://www.twilio.com/docs/usage/security#validating-requests:

    a form   X-Twilio-Signature = base64(HMAC-SHA1(token, address + each name and value, sorted by name))
    JSON     the same over the address alone, which holds the body's SHA-256 as `bodySHA256`

There is no time in it: what is said again cannot be told from what was overheard. It does no harm, because a receipt
said twice is one receipt.

Receipts: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status. `reference` in the address is
what `TwilioSms` had put there. Texts: https://www.twilio.com/docs/messaging/guides/webhook-request.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha1, sha256
from hmac import digest
from urllib.parse import SplitResult, urlsplit

from channels.base import Arrival, Heard, Receipt, Reply, Thanks, Webhook, WebhookRefused, WebhookUnreadable
from channels.sms.codes import spoils_address
from channels.sms.exchange import message_id, printable_code
from channels.sms.twilio import CODES
from channels.webhooks import (
    Fields,
    check_shape,
    each,
    optional,
    parameters,
    query,
    receipt_id,
    reference_of,
    reply_id,
    reply_text,
    required,
    same,
    sender_of,
)

#: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
ARRIVALS = {
    "accepted": Arrival.ACCEPTED,
    "scheduled": Arrival.ACCEPTED,
    "queued": Arrival.ACCEPTED,
    "sending": Arrival.ACCEPTED,
    "sent": Arrival.ACCEPTED,
    "delivered": Arrival.DELIVERED,
    "read": Arrival.DELIVERED,
    "undelivered": Arrival.FAILED,
    "failed": Arrival.FAILED,
    "canceled": Arrival.FAILED,
}

_DEFAULT_PORTS = {"http": 80, "https": 443}


class TwilioListener:
    """Hears Twilio. `auth_token` is the account's, and signs what Twilio says."""

    #: An empty TwiML document: there is nothing to answer the person with.
    thanks = Thanks(200, b"<Response/>", "text/xml")

    def __init__(self, auth_token: str, *, name: str = "twilio") -> None:
        if not auth_token:
            raise ValueError("without Twilio's auth token nobody can tell what is Twilio's")
        self.name = name
        self._key = auth_token.encode()

    def hear(self, webhook: Webhook) -> Sequence[Heard]:
        """What it says, or `WebhookRefused`, or `WebhookUnreadable`."""
        check_shape(webhook)
        hashes = [value for name, value in query(webhook.url) if name == "bodySHA256"]
        if hashes:
            self._check(webhook, [])
            if not same(hashes[0].lower(), sha256(webhook.body).hexdigest()):
                raise WebhookRefused("its body is not the one that was signed")
            return each(webhook.body, lambda fields: _heard(fields, webhook.url))
        form = parameters(webhook.body.decode("utf-8", "replace"))
        self._check(webhook, form)
        return _heard(dict(form), webhook.url)

    def _check(self, webhook: Webhook, form: Sequence[tuple[str, str]]) -> None:
        given = webhook.headers.get("x-twilio-signature", "")
        # Twilio names the port in what it signs, or not: https://github.com/twilio/twilio-python does as we do.
        if not any(same(given, self._signature(url, form)) for url in _spellings(webhook.url)):
            raise WebhookRefused("its signature is not of our token")

    def _signature(self, url: str, form: Iterable[tuple[str, str]]) -> str:
        # A name that comes twice is signed once with each of its values, in their order.
        signed = url + "".join(name + value for name, value in sorted(set(form)))
        return b64encode(digest(self._key, signed.encode("utf-8", "replace"), sha1)).decode()


def _spellings(url: str) -> list[str]:
    """The address as it came, with its port named, and without."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return [url]
    bare = parts.netloc.removesuffix(f":{parts.port}")
    return [url, *(_at(parts, netloc) for netloc in (bare, f"{bare}:{port}"))]


def _at(parts: SplitResult, netloc: str) -> str:
    return parts._replace(netloc=netloc).geturl()


def _heard(fields: Fields, url: str) -> list[Heard]:
    if "MessageStatus" in fields:
        return _receipt(fields, url)
    text = reply_text(optional(fields, "Body") or "")
    return [Reply(id=reply_id(fields.get("MessageSid")), sender=sender_of(fields, "From"), text=text)]


def _receipt(fields: Fields, url: str) -> list[Heard]:
    """None for a message whose address held no reference: somebody else's, of the same account."""
    status = required(fields, "MessageStatus")
    if (arrival := ARRIVALS.get(status)) is None:
        raise WebhookUnreadable("its status is not one we know")
    reference = reference_of(dict(query(url)).get("reference"))
    if reference is None:
        return []
    code = printable_code(fields.get("ErrorCode"))
    return [
        Receipt(
            id=receipt_id(reference, status, code),
            reference=reference,
            arrival=arrival,
            code=code,
            provider_message_id=message_id(fields.get("MessageSid")),
            bad_address=arrival is Arrival.FAILED and spoils_address(CODES, code),
        )
    ]
