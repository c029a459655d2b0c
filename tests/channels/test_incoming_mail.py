"""Whatever bytes come, a mail is read in an instant or is `WebhookUnreadable`."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import WebhookUnreadable
from channels.bounces import read
from channels.incoming import LARGEST_MAIL, parse
from tests.channels.mails import NAMES, a_letter, a_raw, a_status

#: Generous: on an idle machine the worst takes a fifth of it.
FEW_SECONDS = 20.0

HEAD = b"From: ann.lee@example.com\n"
PARTS = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"
HTML = HEAD + b"Content-Type: text/html; charset=utf-8\n\n"
LARGE = LARGEST_MAIL - 1_000


def nested(depth: int, inside: bytes = b"") -> bytes:
    levels = (b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level) for level in range(depth))
    return HEAD + b"".join(levels) + inside


MADE_TO_HURT: dict[str, Callable[[], bytes]] = {
    "too large": lambda: bytes(LARGEST_MAIL + 1),
    "zeros": lambda: bytes(LARGE),
    "line ends": lambda: b"\r\n" * (LARGE // 2),
    "headers": lambda: b"a:\n" * (LARGE // 3),
    "many headers": lambda: b"a:\n" * 170_000 + b"\nx",
    "a long header": lambda: HEAD + b"X: " + b"\n x" * 150_000,
    "parts": lambda: PARTS + b"--b\n\n" * (LARGE // 5 - 100),
    "parts with parameters": lambda: PARTS + (b"--b\nContent-Type: a/b" + b';a="' * 200 + b"\n\n") * 499,
    "a thousand levels": lambda: nested(1_000),
    "eight levels of line ends": lambda: nested(8, b"\n" * (LARGE - 1_000)),
    "eight levels of false boundaries": lambda: nested(8, b"\n--b7x" * (LARGE // 6 - 1_000)),
    "tags without end": lambda: HTML + b"<a" * (LARGE // 2 - 100),
    "a tag of one word": lambda: HTML + b"<" + b"a" * 250_000,
    "comments without end": lambda: HTML + b"<!--" * 65_000,
    "one letter per tag": lambda: HTML + b"a<b>" * 65_000,
    "a number of many digits": lambda: HTML + b"&#" + b"9" * 200_000 + b";",
    "quotations": lambda: a_letter("\n>\n" * 1_000_000),
    "headers of Outlook": lambda: a_letter("x\n" + "From: x\n" * 1_000_000),
    "blanks": lambda: a_letter("\n" * 1_000_000 + "x"),
    "base64 of nothing": lambda: HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"=" * (LARGE - 1_000),
    "encoded words": lambda: a_letter(Subject="=?utf-8?q?" * 10_000),
    "comments in the date": lambda: a_letter(Date="(" * 10_000),
    "angles": lambda: a_letter(From="<a" * 10_000),
    "recipients": lambda: a_status("Action: failed\n\n" * 15_000),
    "groups": lambda: a_status("a\n\n" * 85_000),
    "answers": lambda: a_status("Action: failed\nDiagnostic-Code: " + "550 " * 60_000),
    "ids": lambda: a_status("Action: failed", message="X: y\nReferences: " + "<a" * 50_000),
    "a bounce of ids": lambda: a_letter("Message-ID: <" * 20_000, From="mailer-daemon@x", X_Failed_Recipients="a"),
}


def read_or_refuse(raw: bytes) -> None:
    unreadable: WebhookUnreadable | None = None
    try:
        read(raw)
    except WebhookUnreadable as error:
        unreadable = error
    if unreadable is not None:
        # A library's error, as its context, would hold what was written.
        assert unreadable.__context__ is None
        assert "ann.lee" not in str(unreadable)


@pytest.mark.parametrize("name", MADE_TO_HURT)
def test_a_mail_that_is_made_to_hurt_is_dealt_with_at_once(name: str) -> None:
    raw = MADE_TO_HURT[name]()

    began = time.process_time()
    read_or_refuse(raw)

    assert time.process_time() - began < FEW_SECONDS


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_or_unreadable(raw: bytes) -> None:
    read_or_refuse(raw)


@given(st.sampled_from(NAMES), st.data())
@settings(max_examples=300, deadline=None)
def test_a_mail_that_was_damaged_is_read_or_unreadable(name: str, data: st.DataObject) -> None:
    raw = bytearray(a_raw(name))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw)))
        length = data.draw(st.integers(0, 40))
        raw[at : at + length] = data.draw(st.binary(max_size=10) | st.sampled_from(PIECES))

    read_or_refuse(bytes(raw))


#: What a reader goes by, put where it does not belong.
PIECES = [
    *(b"\n", b"\r\n\r\n", b"\n\n", b"--", b":", b";", b'"', b"<", b">", b"=?utf-8?b?", b"?=", b"\0", b"\xff\xfe"),
    *(b"Content-Type: multipart/report; boundary=\n", b"Content-Transfer-Encoding: base64\n", b"boundary=b;"),
    *(b"Content-Transfer-Encoding: quoted-printable\n", b"charset=utf-16", b"charset=idna", b"charset=\0", b"charset="),
    *(
        b"Date: Mon, 99 Foo 99999 99:99:99 +9999\n",
        b"Date: 1 Jan 0001 00:00 +2359\n",
        b"Date: \n",
        b"%ff%",
        b"&#x110000;",
    ),
]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n\n",
        b"no headers at all",
        b"\xff\xfe\0\0",
        nested(10),
        nested(5, b"\n" * (LARGE - 1_000)),
        PARTS + b"--b\n\n" * 501,
        a_letter("我还了").replace("我还了".encode(), "我还了".encode("gb18030")),
    ],
)
def test_what_is_no_mail_or_beyond_all_bounds_is_unreadable(raw: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        read(raw)


def bodies(raw: bytes) -> list[bytes]:
    return [part.body for part in parse(raw).walk() if not part.parts]


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b"before\n--b\n\none\n--b\n\ntwo\n--b--\nafter", [b"one", b"two"]),
        (b"--b\n\none\n--b\n\ncut off", [b"one", b"cut off"]),
        (b"--b  \n\none\n\n--b--  ", [b"one\n"]),
        (b"--b\n--b\n\n--b--", [b"", b""]),
        (b"--b\n\n--bc\n--b--c\n--b--", [b"--bc\n--b--c"]),
        (b"no part at all", [b"no part at all"]),
        (b"--b\n\nheadless\n--b\nX: y\n--b--", [b"headless", b""]),
    ],
)
def test_parts_stand_between_their_boundaries(body: bytes, parts: list[bytes]) -> None:
    assert bodies(PARTS + body) == parts


def test_parts_may_lie_in_parts() -> None:
    assert bodies(nested(3, b"\ndeep\n--b2--\n--b1\n\nless deep\n--b1--\n--b0--")) == [b"deep", b"less deep"]


@pytest.mark.parametrize(
    ("encoding", "body", "content"),
    [
        ("base64", b"SSBwYWlk\n", b"I paid"),
        ("BASE64", b"SSBw\n YWlk", b"I paid"),
        ("base64", b"SSBwYWlkIQ", b"I paid!"),
        ("base64", b"SSBwYWlkI", b"I paid"),
        ("base64", b"SSBw!!YWlk==", b"I paid"),
        ("quoted-printable", b"I=20pa=\nid =C2", b"I paid \xc2"),
        ("7bit", b"I paid", b"I paid"),
        ("x-unknown", b"I paid", b"I paid"),
    ],
)
def test_a_content_is_decoded_as_far_as_it_can_be(encoding: str, body: bytes, content: bytes) -> None:
    head = HEAD + f"Content-Transfer-Encoding: {encoding}\n\n".encode()

    assert parse(head + body).content() == content


def test_a_mail_does_not_print_itself() -> None:
    assert "ann" not in repr(parse(a_raw("reply_english"))).lower()
