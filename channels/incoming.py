"""A mail that arrived, taken apart within bounds: whatever bytes come, it is read at once, or `WebhookUnreadable`.

The standard library's parser knows no bounds: parts nested deeply enough take it to the end of the stack, and headers
made for it keep it busy for minutes.
"""

import re
from binascii import a2b_base64, a2b_qp
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from channels.base import WebhookUnreadable

#: The largest that Postfix takes, unless it is told otherwise.
LARGEST_MAIL = 10_240_000
#: How much is searched for the boundaries of parts: large parts may lie so deep, others deeper.
_MOST_SEARCHED = 3 * LARGEST_MAIL
#: All headers of all its parts together.
_LARGEST_HEADS = 512 * 1024
_MOST_PARTS = 500
_DEEPEST = 8
#: Of one header, and of one part's content, what is looked at.
_LONGEST_HEADER = 8_000
_LONGEST_CONTENT = 256 * 1024

_FIELD_END = re.compile(rb"\n(?![ \t])")
_MIME_TYPE = re.compile(r"\s*([\w.+-]+/[\w.+-]+)", re.ASCII)
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))', re.ASCII)
_END_OF_BOUNDARY = re.compile(rb"(--)?[ \t]*(?:\n|\Z)")
_ENCODED_WORD = re.compile(
    r"=\?([^?*\s]{1,40})(?:\*[^?]*)?\?([bq])\?([^?]*)\?=(?:\s+(?==\?))?", re.ASCII | re.IGNORECASE
)
#: Text and nothing else: Python also knows codecs by which a small text becomes a large one, or takes forever.
_CHARSET = re.compile(
    r"(us-)?ascii|utf-?(8|16|32)([bl]e)?|iso-?8859-\d{1,2}(-[ei])?|(windows-|cp-?)\d{3,4}|gb_?2312|gbk|gb18030|hz-gb-2312"
    r"|big5(-hkscs)?|euc-(jp|kr|cn)|shift[_-]jis|iso-2022-(jp|kr)|koi8-[ru]|ks_c_5601-1987|tis-620"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A mail, or a part of one. Headers are by lower-case name, the first of each name."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    kind: str = "text/plain"  #: as in Content-Type, in lower case
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    parts: tuple["Part", ...] = field(default=(), repr=False)

    def header(self, name: str) -> str:
        """The header as it was written, on one line; empty if there is none."""
        return self.headers.get(name, "")

    def walk(self) -> Iterator["Part"]:
        """It and all parts in it, in their order. A message that is attached is one part: nobody looks into it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def first(self, *kinds: str) -> "Part | None":
        """The first in it that is of one of `kinds`."""
        return next((part for part in self.walk() if part.kind in kinds and not part.parts), None)

    def content(self) -> bytes:
        """The body, decoded, as far as we look."""
        match self.header("content-transfer-encoding").strip().lower():
            case "base64":
                return _from_base64(self.body[: 2 * _LONGEST_CONTENT])[:_LONGEST_CONTENT]
            case "quoted-printable":
                return a2b_qp(self.body[: 3 * _LONGEST_CONTENT])[:_LONGEST_CONTENT]
        return self.body[:_LONGEST_CONTENT]

    def text(self) -> str:
        """The content as text, each line ending in one newline. `WebhookUnreadable`: in letters we do not know."""
        return _decoded(self.content(), self.parameters.get("charset", "")).replace("\r\n", "\n")


def parse(raw: bytes) -> Part:
    """The mail in `raw`, or `WebhookUnreadable`."""
    if len(raw) > LARGEST_MAIL:
        raise WebhookUnreadable("the mail is too large")
    mail = _Parser().part(raw.replace(b"\r\n", b"\n").lstrip(b"\n"), depth=0)
    if not mail.headers:
        raise WebhookUnreadable("it is no mail: it has no headers")
    return mail


def fields(head: bytes) -> dict[str, str]:
    """The header fields in `head`, each on one line: the first of each name. What is no field is left out."""
    found: dict[str, str] = {}
    for one in _FIELD_END.split(head):
        name, colon, value = one.partition(b":")
        if colon and re.fullmatch(rb"[!-9;-~]{1,100}[ \t]*", name):
            value = value[:_LONGEST_HEADER].replace(b"\n", b"").strip()
            found.setdefault(name.decode().strip().lower(), value.decode("utf-8", "replace"))
    return found


def instant(date: str) -> datetime | None:
    """The time in a header, in UTC. None: it cannot be told."""
    try:
        found = parsedate_to_datetime(date[:100])
        # "-0000" is UTC whose writer does not say where he is (RFC 5322, 3.3).
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def plain(header: str) -> str:
    """A header with its encoded words (RFC 2047) read. What cannot be read stays as it is."""
    return _ENCODED_WORD.sub(_word, header)


class _Parser:
    def __init__(self) -> None:
        self._parts = 0
        self._heads = 0
        self._boundaries = 0
        self._searched = 0

    def part(self, data: bytes, depth: int) -> Part:
        head, body = _split(data)
        self._parts += 1
        self._heads += len(head)
        if self._parts > _MOST_PARTS or depth > _DEEPEST:
            raise WebhookUnreadable("the mail has too many parts")
        if self._heads > _LARGEST_HEADS:
            raise WebhookUnreadable("the mail's headers are too large")
        headers = fields(head)
        kind, parameters = _content_type(headers.get("content-type", ""))
        boundary = parameters.get("boundary", "")
        if not kind.startswith("multipart/") or not boundary:
            return Part(headers, body, kind, parameters)
        parts = tuple(self.part(one, depth + 1) for one in self._between(body, boundary))
        return Part(headers, b"" if parts else body, kind, parameters, parts)

    def _between(self, body: bytes, boundary: str) -> list[bytes]:
        """What stands between the boundaries (RFC 2046, 5.1.1). Where the last is missing, all that is left."""
        self._searched += len(body)
        if self._searched > _MOST_SEARCHED:
            raise WebhookUnreadable("the mail's parts lie too deep")
        line = b"\n--" + boundary.encode()
        body = b"\n" + body
        found: list[bytes] = []
        begins: int | None = None
        at = body.find(line)
        while at >= 0:
            # A longer boundary may begin like this one.
            if rest := _END_OF_BOUNDARY.match(body, at + len(line)):
                if begins is not None:
                    found.append(body[begins:at])
                begins = rest.end()
                if rest[1]:
                    return found
            self._boundaries += 1
            if self._boundaries > 2 * _MOST_PARTS:
                raise WebhookUnreadable("the mail has too many parts")
            # From the line end after it, which is also the one before the next, if nothing stands between.
            at = body.find(line, at + len(line))
        return found if begins is None else [*found, body[begins:]]


def _split(data: bytes) -> tuple[bytes, bytes]:
    if data.startswith(b"\n"):
        return b"", data[1:]
    end = data.find(b"\n\n")
    return (data, b"") if end < 0 else (data[:end], data[end + 2 :])


def _content_type(header: str) -> tuple[str, dict[str, str]]:
    found = _MIME_TYPE.match(header)
    parameters: dict[str, str] = {}
    for match in _PARAMETER.finditer(header[:600]):
        value = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        parameters.setdefault(match[1].lower(), value)
    return (found[1].lower() if found else "text/plain"), parameters


def _from_base64(text: bytes) -> bytes:
    letters = re.sub(rb"[^A-Za-z0-9+/]+", b"", text)
    whole = letters[: len(letters) // 4 * 4 if len(letters) % 4 == 1 else None]
    return a2b_base64(whole + b"=" * (-len(whole) % 4))


def _decoded(content: bytes, charset: str) -> str:
    name = charset.strip().lower()
    if name in ("gb2312", "gb_2312", "gbk", "euc-cn"):
        name = "gb18030"  # which contains them, and is what is often meant
    if _CHARSET.fullmatch(name) and not name.endswith("ascii"):
        try:
            return content.decode(name, "replace")
        except LookupError:
            pass
    try:
        # What was cut off in the middle of a letter is cut off before it.
        return getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        pass
    # Out here, so that the text does not hang on the error as its context.
    raise WebhookUnreadable("the mail's text is in letters we do not know")


def _word(match: re.Match[str]) -> str:
    coded = match[3].encode()
    try:
        return _decoded(a2b_qp(coded, header=True) if match[2] in "qQ" else _from_base64(coded), match[1])
    except WebhookUnreadable:
        return match[0]
