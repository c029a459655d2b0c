from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Message, PermanentFailure
from channels.mime import Letterhead
from tests.channels.builders import a_mail

LENDER = Letterhead("Example Lending <notices@lender.example>")


def parsed(message: Message, letterhead: Letterhead = LENDER) -> EmailMessage:
    """The mail as a mail program reads it."""
    mail = message_from_bytes(letterhead.write(message).data, policy=default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def content(mail: EmailMessage, kind: str) -> str:
    """The text of a part, decoded; every text ends with a line end here."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_mail_has_its_headers() -> None:
    mail = parsed(a_mail(unsubscribe_url="https://lender.example/u/abc?x=1"))

    assert dict(mail.items()) == {
        "Message-ID": "<attempt-1@lender.example>",
        "From": "Example Lending <notices@lender.example>",
        "To": "ann.lee@example.com",
        "X-Contact-Reference": "attempt-1",
        "Subject": "Your bill",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "List-Unsubscribe": "<https://lender.example/u/abc?x=1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Content-Type": 'text/plain; charset="us-ascii"',
    }


def test_a_mail_without_an_unsubscribe_address_offers_none() -> None:
    assert not [name for name in parsed(a_mail()) if name.startswith("List-")]


def test_html_is_the_second_choice_of_an_alternative() -> None:
    mail = parsed(a_mail(text="您好\n--\n", html="<p>您好</p>"))

    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert content(mail, "plain") == "您好\n--\n"
    assert content(mail, "html") == "<p>您好</p>\n"


@pytest.mark.parametrize("part", ["text", "html"])
def test_no_part_can_end_itself_with_the_boundary(part: str) -> None:
    known = parsed(a_mail(html="<p>Hello</p>")).get_boundary()

    mail = parsed(a_mail(**{"html": "<p>Hello</p>", part: f"--{known}--\n--{known}\n"}))

    assert content(mail, "plain" if part == "text" else "html") == f"--{known}--\n--{known}\n"


def test_the_date_is_the_callers() -> None:
    letterhead = Letterhead("n@lender.example", date=lambda: datetime(2026, 3, 2, 8, tzinfo=UTC))

    assert parsed(a_mail(), letterhead)["Date"] == "Mon, 02 Mar 2026 08:00:00 +0000"


@pytest.mark.parametrize("sender", ["", "Lender", "a@b@c", "n@lender.example\r\nBcc: x@y", "名@lender.example", "n@-"])
def test_a_sender_that_is_no_address_is_refused_at_once(sender: str) -> None:
    with pytest.raises(ValueError, match="sender"):
        Letterhead(sender)


def test_a_chinese_sender_and_an_international_domain_are_encoded() -> None:
    mail = parsed(a_mail(), Letterhead("示例消费金融 <notices@例子.example>"))

    assert mail["From"] == "示例消费金融 <notices@xn--fsqu00a.example>"
    assert mail["Message-ID"] == "<attempt-1@xn--fsqu00a.example>"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@@example.com",
        "ann@example.com\r\nBcc: eve@example.com",
        "ann@example.com\nX: y",
        "ann@example.com\r",
        "ann@example.com, eve@example.com",
        "ann@example.com;eve@example.com",
        "Ann <ann@example.com>",
        "<ann@example.com>",
        "ann lee@example.com",
        "ann@exam ple.com",
        "ann@example.com ",
        "ann\x00@example.com",
        "ann\u2028@example.com",
        "ann\ud800@example.com",
        "ann\x9b@example.com",
        "an\u200bn@example.com",
        "ann\u202e@example.com",
        "ann@example..com",
        "ann@.example.com",
        "ann@[127.0.0.1]",
        "ann@" + "a" * 64 + ".com",
        "a" * 250 + "@example.com",
    ],
)
def test_what_is_not_one_plain_address_is_a_bad_address(address: str) -> None:
    with pytest.raises(PermanentFailure) as raised:
        LENDER.write(a_mail(to=address))

    assert raised.value.bad_address
    assert "example" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "on_the_wire", "needs_utf8"),
    [
        ("ann+bills@example.com", "ann+bills@example.com", False),
        ("o'neil@example.co.uk", "o'neil@example.co.uk", False),
        ("ann@例子.测试", "ann@xn--fsqu00a.xn--0zwm56d", False),
        ("安@example.com", "安@example.com", True),
        ("安@例子.测试", "安@xn--fsqu00a.xn--0zwm56d", True),
    ],
)
def test_an_address_takes_smtputf8_only_where_nothing_else_will_do(
    address: str, on_the_wire: str, needs_utf8: bool
) -> None:
    mail = LENDER.write(a_mail(to=address))

    assert mail.to == on_the_wire
    assert mail.needs_utf8 is needs_utf8
    assert mail.data.isascii() is not needs_utf8


@pytest.mark.parametrize(
    ("subject", "read"),
    [
        ("Your bill", "Your bill"),
        ("还款提醒", "还款提醒"),
        ("还款提醒：" * 40, "还款提醒：" * 40),
        ("Ünïcödé", "Ünïcödé"),
        ("Bill\r\nBcc: eve@example.com", "Bill Bcc: eve@example.com"),
        ("Bill\nX-Evil: 1\r", "Bill X-Evil: 1"),
        ("=?utf-8?q?spoof?=", "=?utf-8?q?spoof?="),
        ("", ""),
    ],
)
def test_a_subject_is_read_as_it_was_written_on_one_line(subject: str, read: str) -> None:
    mail = parsed(a_mail(subject=subject))

    assert mail["Subject"] == read
    assert "Bcc" not in mail
    assert "X-Evil" not in mail


def test_an_unsubscribe_address_cannot_end_its_header() -> None:
    with pytest.raises(PermanentFailure):
        LENDER.write(a_mail(unsubscribe_url="https://lender.example/\r\nBcc: eve@example.com"))


def test_a_reference_cannot_break_out_of_the_message_id() -> None:
    mail = parsed(a_mail(reference="a>\r\nBcc: eve@example.com"))

    assert mail["Message-ID"] == "<a%3E%0D%0ABcc%3A%20eve%40example.com@lender.example>"


@pytest.mark.parametrize("text", ["x" * 998, "x" * 999, "x" * 5000, "您" * 5000, "a\rb", "\0", ".\n..\n"])
def test_no_line_is_longer_than_mail_allows_and_every_line_ends_properly(text: str) -> None:
    data = LENDER.write(a_mail(text=text, html=text, subject="还款" * 300)).data

    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert lines[-1] == b""


@given(st.text(), st.text(), st.none() | st.text())
def test_any_text_arrives_as_it_was_written(text: str, subject: str, html: str | None) -> None:
    mail = parsed(a_mail(text=text, subject=subject, html=html))

    assert content(mail, "plain") == as_lines(text)
    if html is not None:
        assert content(mail, "html") == as_lines(html)
    assert mail["Bcc"] is None


def as_lines(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines if lines.endswith("\n") else lines + "\n"
