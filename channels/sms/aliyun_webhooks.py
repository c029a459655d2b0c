"""What Alibaba Cloud's SMS service says later, by its "HTTP batch push".

    SmsReport   what became of messages   https://help.aliyun.com/zh/sms/developer-reference/smsreport-2
    SmsUp       what people answer        https://help.aliyun.com/zh/sms/developer-reference/smsup-http

The vendor signs neither. All that tells it from a stranger is a secret in the address that was given to it, as a query
`?token=...` or as the end of the path: serve this over HTTPS only, and keep the address out of the logs of proxies.
What is overheard can be changed and said again; a receipt can then move an attempt of which the reference is known.

Times are Beijing's. The vendor says it again after 1, 5 and 10 minutes, unless it is thanked in its own words.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from channels.base import Arrival, Heard, Receipt, Reply, Thanks, Webhook, WebhookRefused, WebhookUnreadable
from channels.sms.aliyun_codes import CODES
from channels.sms.codes import spoils_address
from channels.sms.exchange import message_id, printable_code
from channels.webhooks import (
    Fields,
    check_shape,
    each,
    optional,
    query,
    receipt_id,
    reference_of,
    reply_id,
    reply_text,
    same,
    sender_of,
)

#: China has one time zone and has not changed its clocks since 1991.
BEIJING = timezone(timedelta(hours=8))

#: Accepted, and the carrier has not said yet what became of it.
NOT_YET = "REQUEST_SUCCESS"


class AliyunListener:
    """Hears Alibaba Cloud. `token` is the secret in the address, of at least 16 letters, digits, `-` or `_`."""

    thanks = Thanks(200, b'{"code": 0, "msg": "ok"}', "application/json")

    def __init__(self, token: str, *, name: str = "aliyun") -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{16,}", token):
            raise ValueError("the token in the address has at least 16 letters, digits, - or _")
        self.name = name
        self._token = token

    def hear(self, webhook: Webhook) -> Sequence[Heard]:
        """What it says, or `WebhookRefused`, or `WebhookUnreadable`."""
        check_shape(webhook)
        given = [value for name, value in query(webhook.url) if name == "token"]
        path = webhook.url.partition("#")[0].partition("?")[0]
        if not any(same(one, self._token) for one in (*given, path.rpartition("/")[2])):
            raise WebhookRefused("the token in its address is not ours")
        return each(webhook.body, _heard)


def _heard(fields: Fields) -> list[Heard]:
    if "success" in fields:
        return _receipt(fields)
    if "content" in fields:
        return [_reply(fields)]
    raise WebhookUnreadable("it is neither a report nor a text")


def _receipt(fields: Fields) -> list[Heard]:
    """None for a message without a reference: somebody else's, of the same account."""
    success = fields["success"]
    if not isinstance(success, bool):
        raise WebhookUnreadable("its success is neither true nor false")
    if (reference := reference_of(fields.get("out_id"))) is None:
        return []
    code = printable_code(fields.get("err_code"))
    arrival = Arrival.DELIVERED if success else Arrival.ACCEPTED if code == NOT_YET else Arrival.FAILED
    return [
        Receipt(
            id=receipt_id(reference, arrival, code),
            reference=reference,
            arrival=arrival,
            code=code,
            at=_beijing(optional(fields, "report_time")),
            provider_message_id=message_id(fields.get("biz_id")),
            bad_address=arrival is Arrival.FAILED and spoils_address(CODES, code),
        )
    ]


def _reply(fields: Fields) -> Reply:
    return Reply(
        id=reply_id(fields.get("sequence_id")),
        sender=_international(sender_of(fields, "phone_number")),
        text=reply_text(optional(fields, "content") or ""),
        at=_beijing(optional(fields, "send_time")),
    )


def _international(number: str) -> str:
    """The vendor writes numbers without their country, or with it in one of several ways."""
    found = re.fullmatch(r"(?:\+|00)?(?:86)?(1[0-9]{10})", number)
    return f"+86{found[1]}" if found else number


def _beijing(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
        return (found if found.tzinfo else found.replace(tzinfo=BEIJING)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
