"""What listeners have in common: bounds, types and constant-time comparison.

Nothing here raises anything but `WebhookRefused` and `WebhookUnreadable`, whatever bytes come, and no text of theirs
repeats a value.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import parse_qsl

from channels.base import Heard, Webhook, WebhookRefused, WebhookUnreadable

#: A vendor that collects receipts sends some hundred bytes for each.
LARGEST_BODY = 1_000_000

LONGEST_TEXT = 2_000

#: A phone number or a mail address, and no more.
LONGEST_SENDER = 320

#: How far the time in a signature may be from ours, either way.
TOLERANCE = timedelta(minutes=5)

Fields = Mapping[str, object]


def check_shape(webhook: Webhook) -> None:
    """Refuse to look at what no provider sends: another method than POST, or a body beyond all measure."""
    if webhook.method != "POST":
        raise WebhookUnreadable("it is no POST")
    if len(webhook.body) > LARGEST_BODY:
        raise WebhookUnreadable("its body is too large")


def check_age(seconds: int, webhook: Webhook) -> None:
    """Refuse what was signed at `seconds` since 1970, if that was not about when it came: it may be a replay."""
    if abs(int(webhook.received_at.timestamp()) - seconds) > TOLERANCE.total_seconds():
        raise WebhookRefused("it was not signed just now")


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))


def parameters(text: str) -> list[tuple[str, str]]:
    """The pairs of a form or a query, in their order. What is no UTF-8 is replaced; too many are none."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return []


def query(url: str) -> list[tuple[str, str]]:
    """The pairs behind the question mark."""
    return parameters(url.partition("#")[0].partition("?")[2])


def objects(body: bytes) -> list[Fields]:
    """The JSON object in `body`, or the objects in its list."""
    found = _json(body)
    listed = found if isinstance(found, list) else [found]
    read: list[Fields] = [one for one in listed if isinstance(one, dict)]
    if len(read) < len(listed):
        raise WebhookUnreadable("its body is neither an object nor a list of objects")
    return read


def each(body: bytes, read: Callable[[Fields], Iterable[Heard]]) -> list[Heard]:
    """What every object in `body` says. Where one cannot be read, the error has the others: no STOP is lost by it."""
    heard: list[Heard] = []
    wrong: str | None = None
    for number, fields in enumerate(objects(body)):
        try:
            heard += read(fields)
        except WebhookUnreadable as unreadable:
            wrong = wrong or f"entry {number}: {unreadable}"
    if wrong is not None:
        raise WebhookUnreadable(wrong, heard)
    return heard


def required(fields: Fields, name: str) -> str:
    """The text under `name`, which is not empty."""
    if (found := optional(fields, name)) is None:
        raise WebhookUnreadable(f"it has no {name}")
    return found


def optional(fields: Fields, name: str) -> str | None:
    """The text under `name`. None: there is none, or it is empty."""
    found = fields.get(name)
    if found is not None and not isinstance(found, str):
        raise WebhookUnreadable(f"its {name} is no text")
    return found or None


def reference_of(value: object) -> str | None:
    """The attempt's id that went with a message. None: none of ours did, and the message is somebody else's."""
    return value if isinstance(value, str) and re.fullmatch("[!-~]{1,100}", value) else None


def receipt_id(*facts: str | None) -> str:
    """An id for a receipt of a vendor that gives none: the same facts are the same receipt."""
    return sha256(json.dumps(facts).encode()).hexdigest()[:32]


def reply_id(value: object) -> str:
    """The vendor's id of what somebody wrote, or a digest of one that cannot be stored as it is."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise WebhookUnreadable("it has no id")
    given = str(value)
    return given if re.fullmatch("[!-~]{1,100}", given) else receipt_id(given)


def reply_text(text: str) -> str:
    """What somebody wrote, cut to what is kept, without the characters that no database takes."""
    return _storable(text[:LONGEST_TEXT])


def sender_of(fields: Fields, name: str) -> str:
    """Who wrote."""
    if not (found := _storable(required(fields, name)[:LONGEST_SENDER])):
        raise WebhookUnreadable(f"it has no {name}")
    return found


def instant(text: str | None) -> datetime | None:
    """A time with its offset, as ISO 8601 writes it, in UTC. None: it cannot be told."""
    try:
        found = datetime.fromisoformat(text or "")
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _json(body: bytes) -> object:
    try:
        # Decoded here: left alone, the library takes UTF-16 and UTF-32 too.
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        pass
    # Out here: the library's error holds the body.
    raise WebhookUnreadable("its body is no JSON")


def _storable(text: str) -> str:
    """Half of an emoji and the zero byte can be said in JSON and stored nowhere."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
