import re
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from channels.base import (
    Arrival,
    Complaint,
    Heard,
    Receipt,
    Reply,
    Webhook,
    WebhookRefused,
    WebhookUnreadable,
)
from channels.bounces import MailListener, read
from channels.mime import Letterhead
from tests.channels.builders import a_mail
from tests.channels.mails import NAMES, REFERENCE, a_letter, a_raw, a_status

FAILED, ACCEPTED, DELIVERED = Arrival.FAILED, Arrival.ACCEPTED, Arrival.DELIVERED
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def the_one(raw: bytes) -> Heard:
    [heard] = read(raw)
    return heard


def the_receipt(raw: bytes) -> Receipt:
    heard = the_one(raw)
    assert isinstance(heard, Receipt)
    return heard


@pytest.mark.parametrize(
    ("name", "arrival", "code", "bad_address", "at"),
    [
        ("postfix_user_unknown", FAILED, "550 5.1.1", True, AT.replace(second=5)),
        ("postfix_delayed", ACCEPTED, "4.4.1", False, AT.replace(hour=12, second=9)),
        ("microsoft365_not_found", FAILED, "550 5.1.10", True, AT.replace(second=7)),
        ("gmail_over_quota", FAILED, "552 5.2.2", False, AT.replace(second=5)),
        ("exim_report", FAILED, "550 5.1.1", True, AT.replace(second=4)),
        ("exim_plain", FAILED, "550 5.1.1", True, AT.replace(second=4)),
        ("qmail_plain", FAILED, "554 5.7.1", False, AT.replace(second=4)),
        ("ses_disabled", FAILED, "550 5.2.1", True, AT.replace(second=8)),
    ],
)
def test_a_bounce_says_what_became_of_our_mail(
    name: str, arrival: Arrival, code: str, bad_address: bool, at: datetime
) -> None:
    receipt = the_receipt(a_raw(name))

    assert receipt.reference == REFERENCE
    assert (receipt.arrival, receipt.code, receipt.bad_address) == (arrival, code, bad_address)
    assert receipt.at == at


def test_a_complaint_names_the_mail_that_was_unwanted() -> None:
    complaint = the_one(a_raw("yahoo_complaint"))

    assert isinstance(complaint, Complaint)
    assert complaint.reference == REFERENCE
    assert complaint.at == AT.replace(hour=10, minute=30)


@pytest.mark.parametrize("name", ["outlook_out_of_office", "unix_vacation", "read_receipt"])
def test_what_a_machine_answers_for_somebody_says_nothing(name: str) -> None:
    assert not read(a_raw(name))


@pytest.mark.parametrize(
    ("name", "sender", "text"),
    [
        (
            "reply_english",
            "ann.lee@example.com",
            "I paid this bill on 28 February – please check. The bank’s number is 4711.\n\n"
            "I dispute the fee of £5.\n\nAnn",
        ),
        (
            "reply_chinese_gb18030",
            "wang@qq.example",
            "您好，这笔钱我已经还了，请核实。\n另外请不要再打电话给我的单位。\n\n王小姐",
        ),
    ],
)
def test_a_person_who_answers_is_heard(name: str, sender: str, text: str) -> None:
    reply = the_one(a_raw(name))

    assert isinstance(reply, Reply)
    assert (reply.sender, reply.text) == (sender, text)
    assert "Ann" not in repr(reply)


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_says_the_same_on_every_system_and_every_time(name: str) -> None:
    raw = a_raw(name)

    assert list(read(raw)) == list(read(raw.replace(b"\n", b"\r\n")))


@pytest.mark.parametrize(
    ("recipient", "arrival"),
    [
        ("Action: failed\nStatus: 5.1.1", FAILED),
        ("Action: failed\nStatus: 4.4.7", FAILED),  # tried for days and given up
        ("Action: FAILED (bad destination)\nStatus: 5.1.1", FAILED),
        ("Action: delayed\nStatus: 4.4.1", ACCEPTED),
        ("Action: delivered\nStatus: 2.0.0", DELIVERED),
        ("Action: relayed\nStatus: 2.0.0", ACCEPTED),
        ("Action: expanded\nStatus: 2.0.0", ACCEPTED),
        ("Status: 5.1.1", FAILED),
        ("Status: 4.2.1", ACCEPTED),
        ("Status: 2.1.5", ACCEPTED),
    ],
)
def test_how_far_it_got_goes_by_the_action(recipient: str, arrival: Arrival) -> None:
    assert the_receipt(a_status(recipient)).arrival is arrival


@pytest.mark.parametrize(
    ("status", "diagnostic", "code", "bad_address"),
    [
        ("5.1.1", "smtp; 550 5.1.1 unknown", "550 5.1.1", True),
        ("5.1.1", "smtp;550-5.1.1 The email account", "550 5.1.1", True),
        ("5.1.1 (bad mailbox)", "", "5.1.1", True),
        ("5.0.0", "smtp; 550 5.1.1 unknown", "550 5.1.1", True),
        ("5.1.1", "smtp; 550 5.0.0 unknown", "550 5.1.1", True),
        ("5.1.0", "smtp; 550 #5.1.0 Address rejected", "550 5.1.0", True),
        ("5.2.1", "", "5.2.1", True),
        ("5.1.8", "smtp; 550 5.1.8 sender", "550 5.1.8", False),
        ("5.2.2", "smtp; 552 5.2.2 full", "552 5.2.2", False),
        ("5.7.1", "smtp; 550 5.7.1 spam", "550 5.7.1", False),
        # They disagree: the address may be as good as any.
        ("5.1.1", "smtp; 550 5.7.1 blocked", "550 5.7.1", False),
        # It may have been the answer to the text.
        ("5.0.0", "smtp; 550 no", "550 5.0.0", False),
        ("5.0.0", "smtp; 550", "550 5.0.0", False),
        ("5.4.7", "", "5.4.7", False),
        ("", "", None, False),
    ],
)
def test_an_address_is_bad_only_where_every_code_says_so(
    status: str, diagnostic: str, code: str | None, bad_address: bool
) -> None:
    receipt = the_receipt(a_status(f"Action: failed\nStatus: {status}\nDiagnostic-Code: {diagnostic}"))

    assert (receipt.code, receipt.bad_address) == (code, bad_address)


def test_an_address_is_not_bad_before_the_mail_has_failed() -> None:
    assert not the_receipt(a_status("Action: delayed\nStatus: 5.1.1")).bad_address


def test_each_recipient_has_a_receipt_of_its_own() -> None:
    one = "Final-Recipient: rfc822; ann@one.example\nAction: failed\nStatus: 5.1.1"
    two = "Final-Recipient: rfc822; ann@two.example\nAction: failed\nStatus: 5.7.1"

    receipts = read(a_status(f"{one}\n\n{two}"))

    assert len({receipt.id for receipt in receipts}) == 2
    assert [getattr(receipt, "bad_address", None) for receipt in receipts] == [True, False]


def test_a_report_under_another_id_is_another_receipt() -> None:
    raw = a_status("Action: failed\nStatus: 5.1.1")

    assert the_receipt(raw).id != the_receipt(raw.replace(b"report-1", b"report-2")).id


def test_without_an_id_of_its_own_a_report_goes_by_all_that_it_says() -> None:
    raw = re.sub(rb"Message-ID: <report.*\n", b"", a_status("Action: failed\nStatus: 5.1.1"))

    assert the_receipt(raw).id == the_receipt(raw).id
    assert the_receipt(raw).id != the_receipt(raw.replace(b"arrive", b"arrive!")).id


RETURNED = "--b\nContent-Type: {kind}\n\n{head}\n\nDear Ann\n--b--"


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"])
@pytest.mark.parametrize(
    "head",
    [
        "Message-ID: <attempt-1@lender.example>",
        "message-id:\n <attempt-1@lender.example>",
        "Message-ID: <made-up@relay.example>\nX-Contact-Reference: attempt-1",
    ],
)
def test_our_mail_is_known_by_what_comes_back_of_it(kind: str, head: str) -> None:
    raw = a_status("Action: failed", message="X-A: b").replace(b"--b--", RETURNED.format(kind=kind, head=head).encode())

    assert the_receipt(raw).reference == "attempt-1"


@pytest.mark.parametrize(
    "header",
    [
        "In-Reply-To: <attempt-1@lender.example>",
        "References: <other@example.com> <attempt-1@lender.example>",
        "In-Reply-To: <attempt-1@lender.example>\nReferences: <attempt-2@lender.example>",
    ],
)
def test_our_mail_is_known_by_what_the_report_answers_to(header: str) -> None:
    raw = header.encode() + b"\n" + a_status("Action: failed", message="X-A: b")

    assert the_receipt(raw).reference == "attempt-1"


@pytest.mark.parametrize("reference", ["attempt-1", "a+b=c/1", "50%25", "<a@b>", "x" * 100])
def test_a_reference_comes_back_as_it_left(reference: str) -> None:
    ours = Letterhead("notices@lender.example").write(a_mail(reference=reference))
    by_id = a_status("Action: failed", message=f"Original-Envelope-Id: {ours.envelope_id}")
    returned = RETURNED.format(kind="message/rfc822", head=ours.data.decode().partition("\r\n\r\n")[0])
    by_copy = a_status("Action: failed", message="X-A: b").replace(b"--b--", returned.encode())
    by_message_id = by_copy.replace(b"X-Contact-Reference", b"X-Taken-Away")

    assert {the_receipt(raw).reference for raw in (by_id, by_copy, by_message_id)} == {reference}


@pytest.mark.parametrize(
    "raw",
    [
        a_status("Action: failed", message="X-A: b"),
        a_status("Action: failed", message="Original-Envelope-Id: two words"),
        a_status("Final-Recipient: rfc822; ann@example.com"),
        a_status("Action: exploded"),
        a_status("\n\n".join(["Action: failed"] * 101)),
        a_status("Action: failed").replace(b"message/delivery-status", b"text/plain"),
        a_raw("yahoo_complaint").replace(b"Feedback-Type", b"X-Type"),
        a_raw("yahoo_complaint").replace(b"Message-ID", b"X-Id"),
        a_raw("exim_plain").replace(b"X-Failed-Recipients", b"X-Some"),
        a_raw("exim_plain").replace(b"Message-ID: <0199", b"X-Id: <0199"),
        a_raw("qmail_plain").replace(b"qmail-send", b"some"),
    ],
)
def test_a_report_that_does_not_say_what_of_whom_is_unreadable(raw: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        read(raw)


@pytest.mark.parametrize(
    ("kind", "heard"),
    [("abuse", 1), ("Abuse", 1), ("fraud", 1), ("not-spam", 0), ("other", 0), ("virus", 0), ("something-new", 0)],
)
def test_a_complaint_is_what_speaks_against_us(kind: str, heard: int) -> None:
    raw = a_raw("yahoo_complaint").replace(b"Feedback-Type: abuse", f"Feedback-Type: {kind}".encode())

    assert len(read(raw)) == heard


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner-email=ann@example.com"},
        {"Auto_Submitted": "Auto-Notified", "Return_Path": "<>"},
        {"Precedence": "bulk"},
        {"Precedence": "AUTO_REPLY"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<news.example.com>"},
        {"Subject": "Out of Office: your bill"},
        {"Subject": "自动回复：还款提醒"},
        {"Subject": "=?utf-8?B?6Ieq5Yqo5Zue5aSNOg==?= still"},
        {"Subject": "=?gb18030?Q?=D7=D4=B6=AF=BB=D8=B8=B4?="},
    ],
)
def test_automatic_mails_say_nothing(headers: dict[str, str]) -> None:
    assert not read(a_letter(**headers))


@pytest.mark.parametrize(
    "headers", [{}, {"Auto_Submitted": "no"}, {"Precedence": "normal"}, {"Subject": "Automatic payment failed"}]
)
def test_other_mails_are_from_people(headers: dict[str, str]) -> None:
    reply = the_one(a_letter(**headers))

    assert isinstance(reply, Reply)
    assert (reply.sender, reply.text) == ("ann.lee@example.com", "I have paid.")


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "MAILER-DAEMON@relay.example (Mail Delivery System)"},
        {"From": "Mail Delivery Subsystem <MAILER-DAEMON>"},
        {"From": "<postmaster@relay.example>", "Auto_Submitted": "auto-replied"},
        {"From": "<>"},
        {"From": ""},
        {"Return_Path": "<>"},
    ],
)
def test_a_mail_servers_own_words_are_nobodys_reply(headers: dict[str, str]) -> None:
    with pytest.raises(WebhookUnreadable):
        read(a_letter(**headers))


@pytest.mark.parametrize(
    ("written", "sender"),
    [
        ("ann.lee@example.com", "ann.lee@example.com"),
        ("ann.lee@example.com (Ann at work@example.com)", "ann.lee@example.com"),
        ('"boss@lender.example" <ann.lee@example.com>', "ann.lee@example.com"),
        ("=?utf-8?q?Ann?=\n <ann.lee@example.com>", "ann.lee@example.com"),
        ("安 <安@example.com>", "安@example.com"),
    ],
)
def test_the_sender_of_a_reply_is_the_address_it_is_from(written: str, sender: str) -> None:
    reply = the_one(a_letter(From=written))

    assert isinstance(reply, Reply)
    assert reply.sender == sender


def webhook(authorization: str | None, body: bytes = a_raw("reply_english"), method: str = "POST") -> Webhook:
    headers = {} if authorization is None else {"authorization": authorization}
    return Webhook(method, "https://gateway.example/webhooks/mail", headers, body, AT)


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    ["Bearer s3cret:ü", "bearer s3cret:ü", basic("mail:s3cret:ü"), basic(":s3cret:ü"), basic("postfix:s3cret:ü")],
)
def test_a_mail_is_heard_from_who_knows_the_secret(authorization: str) -> None:
    [heard] = MailListener("s3cret:ü").hear(webhook(authorization))

    assert isinstance(heard, Reply)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer s3cre",
        "Bearer s3cret2",
        "s3cret",
        "Digest s3cret",
        basic("s3cret"),
        basic("s3cret:x"),
        "Basic s3cret",
        "Basic ////",
        "Bearer \ud800",
    ],
)
def test_a_mail_from_anybody_else_is_refused(authorization: str | None) -> None:
    with pytest.raises(WebhookRefused):
        MailListener("s3cret").hear(webhook(authorization))


@pytest.mark.parametrize("secret", [None, ""])
@pytest.mark.parametrize("authorization", [None, "", "Bearer ", "Bearer None", basic(":")])
def test_without_a_secret_nobody_is_believed(secret: str | None, authorization: str | None) -> None:
    with pytest.raises(WebhookRefused):
        MailListener(secret).hear(webhook(authorization))


def test_what_is_no_post_is_unreadable() -> None:
    with pytest.raises(WebhookUnreadable):
        MailListener("s3cret").hear(webhook("Bearer s3cret", method="GET"))
