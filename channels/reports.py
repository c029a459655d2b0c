"""Reports about a mail of ours: delivery status (RFC 3464), feedback (RFC 5965), and what qmail and Exim write instead.

A report knows our mail by our headers in the copy of it, by the envelope id that went with it, or by what it answers to
(`channels/mime.py`, `channels/smtp.py`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote

from channels.base import Arrival, Complaint, Heard, Receipt, WebhookUnreadable
from channels.incoming import Part, fields, instant
from channels.mime import REFERENCE_HEADER
from channels.smtp import is_bad_address
from channels.webhooks import reference_of

#: Makes the id of what a mail says: the same when the mail is read twice.
Once = Callable[[str], str]

#: RFC 3464, 2.3.3. Only the first and the last are the end of it.
ARRIVALS = {
    "failed": Arrival.FAILED,
    "delayed": Arrival.ACCEPTED,
    "relayed": Arrival.ACCEPTED,
    "expanded": Arrival.ACCEPTED,
    "delivered": Arrival.DELIVERED,
}
#: RFC 5965, 7.3. "not-spam", "virus" and "other" say nothing against the sender.
COMPLAINTS = frozenset(("abuse", "fraud"))

_MOST_RECIPIENTS = 100
_RETURNED = frozenset(
    ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers")
)
_STATUS = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
#: A server's answer in words: "smtp; 550-5.1.1 no such user", "550 #5.1.0 rejected".
_ANSWER = re.compile(r"\b([245][0-9]{2})(?:[ -]#?([245]\.[0-9]{1,3}\.[0-9]{1,3})\b|[ -]|$)")
_MESSAGE_ID = re.compile(r"<([^<>\s@]{1,300})@[^<>\s@]{1,255}>")


def receipts(mail: Part, status: Part, once: Once) -> list[Heard]:
    """What the part `status` of `mail` says of each recipient (RFC 3464)."""
    groups = [fields(group) for group in re.split(rb"\n[ \t]*\n", _lines(status))]
    recipients = [group for group in groups if "action" in group or "status" in group]
    if not 1 <= len(recipients) <= _MOST_RECIPIENTS:
        raise WebhookUnreadable("the report names no recipient, or too many")
    reference = _reference(mail, groups[0])
    return [_receipt(mail, reference, recipient, once) for recipient in recipients]


def _receipt(mail: Part, reference: str, recipient: Mapping[str, str], once: Once) -> Receipt:
    arrival = _arrival(recipient)
    code, bad_address = _code(recipient.get("status", ""), recipient.get("diagnostic-code", ""))
    who = recipient.get("final-recipient") or recipient.get("original-recipient", "")
    return Receipt(
        id=once(f"{reference} {arrival} {who}"),
        reference=reference,
        arrival=arrival,
        code=code,
        at=instant(recipient.get("last-attempt-date", "")) or instant(mail.header("date")),
        bad_address=bad_address and arrival is Arrival.FAILED,
    )


def _arrival(recipient: Mapping[str, str]) -> Arrival:
    action = re.match(r"\s*([a-z]*)", recipient.get("action", "").lower())
    if action and action[1] in ARRIVALS:
        return ARRIVALS[action[1]]
    match recipient.get("status", "").strip()[:1]:
        case "5":
            return Arrival.FAILED
        case "2" | "4":
            return Arrival.ACCEPTED
    raise WebhookUnreadable("the report does not say what happened")


def _code(status: str, diagnostic: str) -> tuple[str | None, bool]:
    """The code as `channels/smtp.py` writes it, and whether it says that the address is wrong.

    A reply code alone does not: nobody tells whether it was the answer to the address or to the text. Where two codes
    disagree, the address is given the benefit of the doubt.
    """
    answer = _ANSWER.search(diagnostic[:1_000])
    reply, detail = (answer[1], answer[2]) if answer else (None, None)
    stated = match[1] if (match := _STATUS.match(status)) else None
    enhanced = [code for code in (detail, stated) if code is not None]
    # "5.0.0" is what servers write that know no more than "5".
    telling = [code for code in enhanced if not code.endswith(".0.0")]
    code = " ".join(part for part in (reply, *(telling or enhanced)[:1]) if part is not None)
    return code or None, bool(telling) and all(map(is_bad_address, telling))


def complaints(mail: Part, feedback: Part, once: Once) -> list[Heard]:
    """What the part `feedback` of `mail` says: that somebody did not want it, or nothing (RFC 5965)."""
    said = fields(_lines(feedback))
    if "feedback-type" not in said:
        raise WebhookUnreadable("the report does not say what it is about")
    if said["feedback-type"].lower() not in COMPLAINTS:
        return []
    return [Complaint(id=once("complaint"), reference=_reference(mail, said), at=instant(mail.header("date")))]


def plain_bounce(mail: Part, once: Once) -> Receipt:
    """A mail server's own words, where they can be told: Exim names who failed in a header, qmail introduces itself.

    `WebhookUnreadable` for all others: a person must read them.
    """
    part = mail.first("text/plain")
    text = part.text() if part else ""
    failed = mail.header("x-failed-recipients")
    if not failed and not text.lstrip().startswith("Hi. This is the qmail-send program"):
        raise WebhookUnreadable("it is from a mail server, and no report")
    copies = "\n".join(re.findall(rf"(?im)^[ \t>]*((?:message-id|{REFERENCE_HEADER}):[^\n]{{1,1000}})", text)[:10])
    answer = re.search(r"\b5[0-9]{2}[ -]#?5\.[0-9]{1,3}\.[0-9]{1,3}\b[^\n]{0,100}", text)
    code, bad_address = _code("", answer[0] if answer else "")
    return Receipt(
        id=once("failed"),
        reference=_reference(mail, {}, copies.encode()),
        arrival=Arrival.FAILED,
        code=code,
        at=instant(mail.header("date")),
        bad_address=bad_address,
    )


def _reference(mail: Part, report: Mapping[str, str], copy: bytes | None = None) -> str:
    """The reference of our mail that a report is about. `copy`: the headers of our mail, where no part holds them."""
    for candidate in _candidates(mail, report, copy):
        # It was quoted when it left: see `channels/mime.py`.
        if (reference := reference_of(unquote(candidate))) is not None:
            return reference
    raise WebhookUnreadable("the report names no mail of ours")


def _candidates(mail: Part, report: Mapping[str, str], copy: bytes | None) -> Iterator[str]:
    if copy is None and (returned := mail.first(*_RETURNED)) is not None:
        copy = _lines(returned).partition(b"\n\n")[0]
    ours = fields(copy or b"")
    # First: a relay may have made up an envelope id or a Message-ID, and nobody else writes this.
    yield ours.get(REFERENCE_HEADER.lower(), "")
    yield report.get("original-envelope-id", "").strip("<> ")
    yield from _MESSAGE_ID.findall(ours.get("message-id", ""))[:1]
    yield from _MESSAGE_ID.findall(mail.header("in-reply-to"))[:1]
    yield from _MESSAGE_ID.findall(mail.header("references"))[-1:]


def _lines(part: Part) -> bytes:
    return part.content().replace(b"\r\n", b"\n").strip()
