"""A mail as bytes, written by hand: the standard library's EmailMessage takes thirty times as long.

Message-ID, From, To, Subject, Auto-Submitted, List-Unsubscribe ... and DKIM-Signature before them
text/plain, or multipart/alternative of text/plain and text/html
a part is 7bit where it may be, base64 where not: no 8-bit bodies, no lines above 998, nothing for a relay to break
"""

import re
from base64 import encodebytes
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from hashlib import blake2b
from urllib.parse import quote

from channels.base import Message, PermanentFailure
from channels.dkim import Signer

#: Quoted local parts ("john doe"@...) and address literals (@[1.2.3.4]) are legal and in nobody's customer file;
#: leaving them out leaves out every way to smuggle a second recipient.
_ADDRESS = re.compile(r'(?P<local>[^\s\x00-\x1f\x7f<>()\[\],;:\\"@]+)@(?P<domain>[^\s\x00-\x1f\x7f<>()\[\],;:\\"@]+)')
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_URL = re.compile(r"https?://[!-;=?-~]+")

#: Repeats the reference: some relays (Amazon SES) put a Message-ID of their own in the place of ours.
REFERENCE_HEADER = "X-Contact-Reference"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail ready for the wire."""

    message_id: str
    sender: str
    to: str = field(repr=False)
    data: bytes = field(repr=False)
    #: The address cannot be written in ASCII: the server must know SMTPUTF8 (RFC 6531).
    needs_utf8: bool = False
    #: The message's reference, without any character that a header or SMTP gives a meaning to.
    envelope_id: str = ""
    #: How long a server may still try to deliver it; None: as long as it likes.
    valid_for: timedelta | None = None


class Letterhead:
    """What the mails of one sender have in common, encoded once. With `dkim` they are signed and always dated."""

    def __init__(self, sender: str, *, date: Callable[[], datetime] | None = None, dkim: Signer | None = None) -> None:
        name, address = parseaddr(sender)
        try:
            self._address, self._domain, needs_utf8 = _address(address)
        except PermanentFailure:
            raise ValueError("the sender of mails is not a mail address") from None
        if needs_utf8 or _CONTROL.search(sender):
            raise ValueError("the sender's address must be ASCII, without control characters")
        self._from = formataddr((name, self._address))
        # The signature covers the Date, or that there is none: a server that added one later would break it.
        self._date = date if date is not None or dkim is None else dkim.clock
        self._dkim = dkim

    def write(self, message: Message) -> Mail:
        """Write `message`, or refuse its address."""
        to, _, needs_utf8 = _address(message.to)
        # Quoted, so that no reference can break out of the header and no two become one.
        reference = quote(message.reference, safe="")
        message_id = f"{reference}@{self._domain}"
        headers = [
            f"Message-ID: <{message_id}>",
            f"From: {self._from}",
            f"To: <{to}>",
            f"{REFERENCE_HEADER}: {reference}",
            # RFC 3834: vacation responders keep quiet.
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ]
        if self._date is not None:
            headers.append(f"Date: {format_datetime(self._date())}")
        if message.subject is not None:
            headers.append(f"Subject: {_subject(message.subject)}")
        if message.unsubscribe_url is not None:
            headers += _unsubscribe(message.unsubscribe_url)
        data = "\r\n".join(headers).encode() + b"\r\n" + _body(message)
        if self._dkim is not None:
            data = self._dkim.sign(data) + data
        return Mail(message_id, self._address, to, data, needs_utf8, reference, message.valid_for)


def _address(address: str) -> tuple[str, str, bool]:
    """The address and its domain as they go over the wire, and whether that takes SMTPUTF8."""
    match = _ADDRESS.fullmatch(address)
    if match is None or len(address) > 254 or not address.isprintable():
        raise PermanentFailure("not a mail address", bad_address=True)
    local = match["local"]
    try:
        local.encode()
        domain = match["domain"].encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if _HOST.fullmatch(domain) is None:
        raise PermanentFailure("not a mail address", bad_address=True)
    return f"{local}@{domain}", domain, not local.isascii()


def _subject(subject: str) -> str:
    """On one line, and as encoded words (RFC 2047) where plain ASCII will not do."""
    line = _CONTROL.sub(" ", subject).strip()
    if line.isascii() and len(line) <= 900 and "=?" not in line:
        return line
    return Header(line.encode("utf-8", "replace"), "utf-8", header_name="Subject").encode(linesep="\r\n")


def _unsubscribe(url: str) -> list[str]:
    """RFC 8058: one click, no login. Both headers, or mail programs show no button."""
    if _URL.fullmatch(url) is None:
        raise PermanentFailure("the unsubscribe address is not a URL")
    return [f"List-Unsubscribe: <{url}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]


def _body(message: Message) -> bytes:
    text = _part("plain", message.text)
    if message.html is None:
        return text
    html = _part("html", message.html)
    # Nobody can write a mail that contains the hash of itself, so no part can contain the boundary.
    boundary = b"=_" + blake2b(text + html, digest_size=16).hexdigest().encode()
    return b"".join(
        (
            b'Content-Type: multipart/alternative; boundary="' + boundary + b'"\r\n\r\n',
            b"--" + boundary + b"\r\n" + text,
            # The line end before a boundary belongs to the boundary, not to the part (RFC 2046, 5.1.1).
            b"\r\n--" + boundary + b"\r\n" + html,
            b"\r\n--" + boundary + b"--\r\n",
        )
    )


def _part(subtype: str, content: str) -> bytes:
    content = _LINE_END.sub("\r\n", content)
    if not content.endswith("\r\n"):
        content += "\r\n"
    if content.isascii() and "\0" not in content and max(map(len, content.split("\r\n"))) <= 998:
        return f"Content-Type: text/{subtype}; charset=us-ascii\r\n\r\n{content}".encode()
    encoded = encodebytes(content.encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + encoded
