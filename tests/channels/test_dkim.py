from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Message
from channels.dkim import Signer
from channels.email import SmtpEmail
from channels.local import LocalSmtpServer
from channels.mime import Letterhead
from tests.channels.builders import SOON, a_mail
from tests.channels.dkim_verifier import a_key, pem, verifies

NOW = datetime(2024, 3, 2, 8, tzinfo=UTC)
SIGNERS = {kind: Signer("lender.example", "s1", pem(a_key(kind)), lambda: NOW) for kind in ("rsa", "ed25519")}
UNSUBSCRIBE = "https://lender.example/u/abc"


@pytest.fixture(params=SIGNERS)
def signer(request: pytest.FixtureRequest) -> Signer:
    return SIGNERS[request.param]


def written(signer: Signer, message: Message) -> bytes:
    return Letterhead("Example Lending <notices@lender.example>", dkim=signer).write(message).data


def holds(signer: Signer, mail: bytes) -> bool:
    return verifies(mail, dict([signer.record]))


def test_a_mail_of_ours_verifies(signer: Signer) -> None:
    assert holds(signer, written(signer, a_mail(html="<p>Dear Ann</p>", unsubscribe_url=UNSUBSCRIBE)))


def test_another_key_does_not_verify_it(signer: Signer) -> None:
    another = Signer(
        "lender.example", "s1", pem(a_key("ed25519" if signer is SIGNERS["ed25519"] else "rsa")), lambda: NOW
    )

    assert not holds(another, written(signer, a_mail()))


@pytest.mark.parametrize(
    "head",
    [
        b"From: n@lender.example\r\nSubject: one\r\n two\r\n\t  three  \r\n",
        b"FROM:n@lender.example\r\nsubject:   spaced   out\t\r\n",
        b"From: n@lender.example\r\nTo:\r\n a@example.com,\r\n b@example.com\r\nSubject:\r\n",
        "From: n@lender.example\r\nTo: <安@example.com>\r\nSubject: 还款提醒\r\n".encode(),
        b"From: n@lender.example\r\nTo: a@example.com\r\nTo: b@example.com\r\nReceived: x\r\n y\r\n",
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n\r\n",
        b"text\r\n",
        b"text\r\n\r\n\r\n",
        b".\r\n..\r\n.hidden\r\n",
        b"tabs\tand   spaces \t \r\n  indented\r\n \r\nend\r\n \r\n",
        "您好 \r\n".encode(),
        b"\r\n\r\nafter blank lines\r\n",
    ],
)
def test_any_shape_of_head_and_body_verifies(signer: Signer, head: bytes, body: bytes) -> None:
    mail = head + b"\r\n" + body

    assert holds(signer, signer.sign(mail) + mail)


@given(
    text=st.text(),
    subject=st.none() | st.text(),
    html=st.none() | st.text(),
    to=st.sampled_from(["ann@example.com", "安@example.com", "ann@例子.测试"]),
    reference=st.text(min_size=1, max_size=50),
    unsubscribe=st.sampled_from([None, UNSUBSCRIBE]),
    kind=st.sampled_from(sorted(SIGNERS)),
)
@settings(deadline=None)
def test_any_mail_we_write_verifies(
    text: str, subject: str | None, html: str | None, to: str, reference: str, unsubscribe: str | None, kind: str
) -> None:
    message = Message(reference.encode("utf-8", "replace").decode(), to, text, subject, html, None, unsubscribe)

    assert holds(SIGNERS[kind], written(SIGNERS[kind], message))


def test_everything_is_signed_that_a_reader_or_a_button_goes_by(signer: Signer) -> None:
    mail = message_from_bytes(written(signer, a_mail(text="您好", unsubscribe_url=UNSUBSCRIBE)))

    signed = "".join(tag for tag in mail["DKIM-Signature"].split(";") if tag.strip().startswith("h="))
    names = "".join(signed.split()).removeprefix("h=").split(":")
    assert names == [
        *("from", "from", "to", "to", "subject", "subject", "date", "date"),
        *("message-id", "mime-version", "content-type", "content-transfer-encoding"),
        *("list-unsubscribe", "list-unsubscribe-post", "auto-submitted"),
    ]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda mail: mail.replace(b"bill of $123.45", b"bill of $999.45"),
        lambda mail: mail.replace(b"Subject: Your bill", b"Subject: Your last bill"),
        lambda mail: mail.replace(b"Example Lending", b"Example Tending"),
        lambda mail: mail.replace(b"/u/abc", b"/u/abd"),
        lambda mail: mail.replace(b"One-Click", b"Two-Click"),
        lambda mail: mail.replace(b"us-ascii", b"utf-7"),
        lambda mail: mail.replace(b"2024 08", b"2025 08"),
        lambda mail: b"From: eve@example.com\r\n" + mail,
        lambda mail: b"To: eve@example.com\r\n" + mail,
        lambda mail: b"Subject: Pay to this account\r\n" + mail,
        lambda mail: b"Date: Mon, 02 Mar 2026 08:00:00 +0000\r\n" + mail,
        lambda mail: mail + b"P.S. Pay to this account.\r\n",
    ],
)
def test_what_is_changed_or_put_on_top_breaks_the_signature(signer: Signer, tamper: Callable[[bytes], bytes]) -> None:
    mail = written(signer, a_mail(unsubscribe_url=UNSUBSCRIBE))

    changed = tamper(mail)

    assert changed != mail
    assert not holds(signer, changed)


def test_a_header_put_where_we_wrote_none_breaks_the_signature(signer: Signer) -> None:
    assert not holds(signer, b"Subject: Pay to this account\r\n" + written(signer, a_mail(subject=None)))


@pytest.mark.parametrize(
    "relay",
    [
        lambda mail: b"Received: from gateway\r\n\tby relay; Mon, 2 Mar 2026 08:00:00 +0000\r\n" + mail,
        lambda mail: mail.replace(b"Subject: Your bill", b"subject:Your\r\n\t bill "),
        lambda mail: mail.replace(b"\r\nyour bill", b" \r\nyour  bill") + b"\r\n\r\n",
    ],
)
def test_what_relays_do_to_mails_does_not_break_it(signer: Signer, relay: Callable[[bytes], bytes]) -> None:
    mail = written(signer, a_mail())

    passed_on = relay(mail)

    assert passed_on != mail
    assert holds(signer, passed_on)


def test_a_signed_mail_is_always_dated(signer: Signer) -> None:
    """Else the server adds the date, and breaks the signature."""
    mail = message_from_bytes(written(signer, a_mail()))

    assert mail["Date"] == "Sat, 02 Mar 2024 08:00:00 +0000"
    assert f"t={int(NOW.timestamp())};" in mail["DKIM-Signature"]


def test_the_signature_is_on_short_lines_and_comes_first(signer: Signer) -> None:
    mail = written(signer, a_mail())

    assert mail.startswith(b"DKIM-Signature: v=1;")
    assert max(map(len, mail.partition(b"\r\nMessage-ID")[0].split(b"\r\n"))) <= 78


async def test_a_mail_verifies_as_it_arrives(signer: Signer, post_office: tuple[LocalSmtpServer, str]) -> None:
    server, url = post_office
    provider = SmtpEmail.from_url(url, sender="notices@lender.example", dkim=signer)

    await provider.send(a_mail(text=".\n..\n\nthe end\n\n\n", html="<p>您好</p>"), timeout=SOON)
    await provider.close()

    assert holds(signer, server.messages[0].raw)


def test_a_chinese_domain_is_signed_for_as_it_stands_in_the_dns() -> None:
    signer = Signer("例子.example", "s1", pem(a_key("ed25519")), lambda: NOW)

    assert signer.record[0] == "s1._domainkey.xn--fsqu00a.example"
    assert holds(signer, written(signer, a_mail()))


@pytest.mark.parametrize(
    "name", ["", "a b", "lender.example; x=1", "lender..example", "l\r\n", ".", "a" * 64 + "é", "-"]
)
def test_what_is_no_dns_name_is_refused_at_once(name: str) -> None:
    key = pem(a_key("ed25519"))

    with pytest.raises(ValueError, match="domain"):
        Signer(name, "s1", key, lambda: NOW)
    with pytest.raises(ValueError, match="selector"):
        Signer("lender.example", name, key, lambda: NOW)


def bad_keys() -> dict[str, bytes]:
    ec = generate_ec_key(SECP256R1())
    rsa = a_key("rsa")
    whole = pem(rsa)
    return {
        "empty": b"",
        "no PEM": b"hunter2",
        "cut": whole[: len(whole) // 2],
        "garbled": whole.replace(b"A", b"!"),
        "not base64": b"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
        "passphrase": rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2")),
        "elliptic": ec.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }


@pytest.mark.parametrize(("case", "key"), bad_keys().items())
def test_a_key_that_cannot_sign_is_refused_at_once_and_not_shown(case: str, key: bytes) -> None:
    with pytest.raises(ValueError, match="DKIM key") as raised:
        Signer("lender.example", "s1", key, lambda: NOW)

    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    assert not any(line and line in str(raised.value) for line in key.decode().splitlines())
