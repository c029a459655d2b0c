import pytest

from channels.base import Reply
from channels.bounces import read
from channels.replies import text_of_html, without_history
from tests.channels.mails import a_letter


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("I paid.\n", "I paid."),
        ("I paid.\n\n> Dear Ann\n> your bill\n", "I paid."),
        ("I paid.\n\nOn Mon, 2 Mar 2026 at 09:00, Lender <n@lender.example> wrote:\n\n> Dear Ann", "I paid."),
        ("I paid.\n\nOn Mon, 2 Mar 2026 at 09:00, Example Lending <\nn@lender.example> wrote:\n> Dear", "I paid."),
        ("我还了。\n\n示例消费金融 <n@lender.example> 于2026年3月2日周一 16:00写道：\n\n> 您好", "我还了。"),
        ('我还了。\n在 2026-03-02 16:00:00，"示例" <n@lender.example> 写道：\n>您好', "我还了。"),
        ("Bezahlt.\n\nAm 02.03.2026 um 09:00 schrieb Lender <n@lender.example>:\n> Hallo", "Bezahlt."),
        ("Payé.\n\nLe lun. 2 mars 2026 à 09:00, Lender a écrit :\n> Bonjour", "Payé."),
        ("I paid.\n\n-----Original Message-----\nFrom: Lender\n\nDear Ann", "I paid."),
        ("我还了。\n\n------------------ 原始邮件 ------------------\n您好", "我还了。"),
        (
            "I paid.\n\n________________________________\nFrom: Lender <n@x>\nSent: Monday\nTo: Ann\n\nDear Ann",
            "I paid.",
        ),
        ("我还了。\n\n发件人: 示例 <n@x>\n发送时间: 2026年3月2日\n\n您好", "我还了。"),
        ("> Did you pay?\nYes.\n> When?\nOn Monday.\n", "Yes.\nOn Monday."),
        ("On Mon, Lender wrote:\n> Dear Ann\n\nI answer below.", "I answer below."),
        # Nothing that looks like history to be sure.
        ("From: my bank\nI paid.", "From: my bank\nI paid."),
        ("My husband wrote:\nwe paid.", "My husband wrote:\nwe paid."),
        ("a > b", "a > b"),
        (
            "-----Original Message-----\nFrom: Lender\nthat is all",
            "-----Original Message-----\nFrom: Lender\nthat is all",
        ),
        ("> only theirs", ""),
        ("", ""),
    ],
)
def test_what_was_answered_to_is_left_out(text: str, own: str) -> None:
    assert without_history(text) == own


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>I paid.</p><p>Ann</p>", "I paid.\nAnn"),
        ("I&nbsp;paid &amp; you&#8217;re wrong &lt;sic&gt;", "I paid & you’re wrong <sic>"),
        ("one<br>two<br/><br>three", "one\ntwo\n\nthree"),
        ("<b>bo</b>ld  \n\t text", "bold text"),
        ("<html><head><title>No</title><style>p {}</style></head><body>Yes</body></html>", "Yes"),
        ("<head><meta charset=utf-8><body>Yes", "Yes"),
        ("<script>if (a<b) {}</script>Yes<!-- <p>no</p> -->!", "Yes!"),
        (
            "<DIV>I paid.<BLOCKQUOTE>Dear Ann<br>your bill</BLOCKQUOTE>Ann</DIV>",
            "I paid.\n> Dear Ann\n> your bill\nAnn",
        ),
        ("<blockquote> </blockquote>mine", "mine"),
        ("</blockquote>mine", "mine"),
        ("3 < 4 <", "3 < 4 <"),
        ("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";"),
        ("<!-- never closed <p>x</p>", "<!-- never closed\nx"),
    ],
)
def test_html_is_read_as_lines_of_text(html: str, text: str) -> None:
    assert text_of_html(html) == text


def heard(raw: bytes) -> str | None:
    [*replies] = read(raw)
    assert all(isinstance(reply, Reply) for reply in replies)
    return getattr(replies[0], "text", None) if replies else None


def a_mail_of(*parts: tuple[str, bytes]) -> bytes:
    head = b'From: ann.lee@example.com\nContent-Type: multipart/mixed; boundary="b"\n\n'
    return head + b"".join(b"--b\n" + head.encode() + b"\n\n" + body + b"\n" for head, body in parts) + b"--b--\n"


def test_plain_text_is_read_before_html() -> None:
    raw = a_mail_of(("Content-Type: text/html", b"<p>html</p>"), ("Content-Type: text/plain", b"plain"))

    assert heard(raw) == "plain"


@pytest.mark.parametrize("plain", [b"", b"  \n", b"> theirs"])
def test_html_is_read_where_plain_text_says_nothing(plain: bytes) -> None:
    raw = a_mail_of(("Content-Type: text/plain", plain), ("Content-Type: text/html", b"<p>html</p>"))

    assert heard(raw) == "html"


def test_what_is_attached_is_not_what_was_written() -> None:
    raw = a_mail_of(
        ("Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt", b"attached"),
        ("Content-Type: message/rfc822", b"Content-Type: text/plain\n\nforwarded"),
    )

    assert heard(raw) is None


@pytest.mark.parametrize("kind", ["image/png", "text/calendar", "application/pdf"])
def test_a_mail_without_words_says_nothing(kind: str) -> None:
    assert heard(a_letter(Content_Type=kind)) is None


@pytest.mark.parametrize(
    ("charset", "encoded"),
    [
        ("utf-8", "我还了".encode()),
        ('"UTF-8"', "我还了".encode()),
        ("gb2312", "我還了".encode("gb18030")),  # a letter that GB 2312 has not
        ("gb18030", "我还了".encode("gb18030")),
        ("big5", "我還了".encode("big5")),
        ("utf-16", "我还了".encode("utf-16")),
        ("us-ascii", "我还了".encode()),
        ("x-unknown", "我还了".encode()),
        ("unicode_escape", b"\xe6\x88\x91\xe8\xbf\x98\xe4\xba\x86"),
    ],
)
def test_letters_are_read_as_their_charset_says(charset: str, encoded: bytes) -> None:
    head = f"From: ann.lee@example.com\nContent-Type: text/plain; charset={charset}\n".encode()

    text = heard(head + b"\n" + encoded)

    assert text in ("我还了", "我還了")


def test_a_reply_is_cut_at_two_thousand_characters_without_what_cannot_be_stored() -> None:
    text = heard(a_letter("a\0" * 5_000))

    assert text == "a" * 1_000
