"""Global ids: opaque to callers, `Type:inner` to us. Cursors: an inner id, or an instant and an inner id."""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum

from gateway.ids import global_id as global_id  # noqa: PLC0414 - ids are made here, too

_INNER = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PLACE = re.compile(r"([0-9a-f]{16})?[0-9a-f]{32}", re.ASCII)
_LONGEST = 100


class Kind(StrEnum):
    """What an id can name."""

    CUSTOMER = "Customer"
    ACCOUNT = "Account"
    BILL = "Bill"
    CONTACT = "Contact"
    ATTEMPT = "Attempt"
    CONTACT_POINT = "ContactPoint"
    CALLBACK = "Callback"
    CONSENT = "Consent"
    HOLD = "Hold"
    HARDSHIP_SIGNAL = "HardshipSignal"
    COMPLAINT = "Complaint"
    SURVEY_ANSWER = "SurveyAnswer"
    PROMISE = "Promise"
    APPLICATION = "RepaymentApplication"
    OUTSIDE_CONTACT = "OutsideContact"
    REPLY = "Reply"
    VIEW = "View"
    PAUSE = "Pause"
    EVENT_SUBSCRIPTION = "EventSubscription"


class NoId(ValueError):
    """Text that is no id of ours, or no cursor. Its message holds nothing of the text."""


def parse_id(text: str) -> tuple[Kind, str]:
    """What a global id names. Whether that exists is another question."""
    kind, _, inner = _decoded(text).partition(b":")
    try:
        return Kind(kind.decode()), _inner(inner.decode())
    except ValueError:  # NoId and UnicodeDecodeError are both
        raise NoId("this is not an id of this gateway") from None


def cursor(inner: str) -> str:
    """The place of an item in its list: its id, behind its instant where the list is ordered by that."""
    return urlsafe_b64encode(bytes.fromhex(inner)).rstrip(b"=").decode()


def parse_cursor(text: str) -> str:
    try:
        place = _decoded(text).hex()
    except NoId:
        place = ""
    if not _PLACE.fullmatch(place):
        raise NoId("this is not a cursor of this gateway")
    return place


def _decoded(text: str) -> bytes:
    if len(text) > _LONGEST:
        raise NoId("this is not an id of this gateway")
    bare = text.rstrip("=")
    try:
        decoded = urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        raise NoId("this is not an id of this gateway") from None
    # The decoder skips what it does not know: only what encodes back to the same text is an id.
    if urlsafe_b64encode(decoded).rstrip(b"=").decode() != bare:
        raise NoId("this is not an id of this gateway")
    return decoded


def _inner(text: str) -> str:
    if not _INNER.fullmatch(text):
        raise NoId("this is not an id of this gateway")
    return text
