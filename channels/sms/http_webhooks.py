"""What the generic SMS provider says later, signed by Standard Webhooks (`channels/standard_webhooks.py`).

One JSON object, or a list of them:

    {"type": "receipt", "reference", "status": "accepted" | "delivered" | "failed"}
                                        and "code", "bad_address": true, "at" where there is something to say
    {"type": "reply", "id", "from", "text"}                                    and "at" where it is known

`reference` is the one that went with the message; "from" is a number in full, +8613800000000; "at" is ISO 8601 with
its offset.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from channels import standard_webhooks
from channels.base import Arrival, Heard, Receipt, Reply, Thanks, Webhook, WebhookRefused, WebhookUnreadable
from channels.sms.exchange import message_id, printable_code
from channels.webhooks import (
    Fields,
    check_shape,
    each,
    instant,
    optional,
    receipt_id,
    reference_of,
    reply_id,
    reply_text,
    required,
    sender_of,
)

ARRIVALS = {"accepted": Arrival.ACCEPTED, "delivered": Arrival.DELIVERED, "failed": Arrival.FAILED}

_NUMBER = re.compile(r"\+[1-9][0-9]{4,14}", re.ASCII)
"""E.164. Without its country a number may be somebody else's, and a STOP would be nobody's."""


class HttpListener:
    """Hears the generic SMS provider. Without a secret nothing is believed. ValueError for what is no secret."""

    thanks = Thanks()

    def __init__(self, webhook_secret: str | None, *, name: str = "http") -> None:
        if webhook_secret is not None:
            standard_webhooks.key(webhook_secret)
        self.name = name
        self._secret = webhook_secret

    def hear(self, webhook: Webhook) -> Sequence[Heard]:
        """What it says, or `WebhookRefused`, or `WebhookUnreadable`."""
        check_shape(webhook)
        if self._secret is None:
            raise WebhookRefused("there is no secret to verify it with")
        standard_webhooks.verify(self._secret, webhook)
        return each(webhook.body, lambda fields: [_heard(fields)])


def _heard(fields: Fields) -> Heard:
    match fields.get("type"):
        case "receipt":
            return _receipt(fields)
        case "reply":
            return _reply(fields)
    raise WebhookUnreadable("its type is neither receipt nor reply")


def _receipt(fields: Fields) -> Receipt:
    if (reference := reference_of(fields.get("reference"))) is None:
        raise WebhookUnreadable("it has no reference")
    if (arrival := ARRIVALS.get(required(fields, "status"))) is None:
        raise WebhookUnreadable("its status is not one we know")
    bad_address = fields.get("bad_address", False)
    if not isinstance(bad_address, bool):
        raise WebhookUnreadable("its bad_address is neither true nor false")
    code = printable_code(fields.get("code"))
    return Receipt(
        id=receipt_id(reference, arrival, code),
        reference=reference,
        arrival=arrival,
        code=code,
        at=_at(fields),
        provider_message_id=message_id(fields.get("id")),
        bad_address=bad_address and arrival is Arrival.FAILED,
    )


def _reply(fields: Fields) -> Reply:
    text = reply_text(optional(fields, "text") or "")
    if not _NUMBER.fullmatch(sender := sender_of(fields, "from")):
        raise WebhookUnreadable("its from is no number with + and its country")
    return Reply(id=reply_id(fields.get("id")), sender=sender, text=text, at=_at(fields))


def _at(fields: Fields) -> datetime | None:
    text = optional(fields, "at")
    if (at := instant(text)) is None and text is not None:
        raise WebhookUnreadable("its at is no time with an offset")
    return at
