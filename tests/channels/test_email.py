import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import takewhile

import aiosmtplib
import pytest

from channels.base import ChannelFailure, OutcomeUnknown, PermanentFailure, TemporaryFailure
from channels.email import SmtpEmail
from channels.local import Cut, LocalSmtpServer, Refuse, Slow
from channels.smtp import FAILURES, failure_of
from tests.channels.builders import AT_ONCE, FOREVER, SOON, a_mail, failure
from tests.channels.stages import Tls

PostOffice = tuple[LocalSmtpServer, str]
SENDER = "Example Lending <notices@lender.example>"


@asynccontextmanager
async def a_provider(url: str, tls_context: ssl.SSLContext | None = None) -> AsyncIterator[SmtpEmail]:
    provider = SmtpEmail.from_url(url, sender=SENDER, tls_context=tls_context)
    try:
        yield provider
    finally:
        await provider.close()


async def test_a_mail_arrives_as_it_was_written(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url) as provider:
        accepted = await provider.send(
            a_mail(text="您好\n.\n..安\n", html="<p>您好</p>", subject="还款提醒"), timeout=SOON
        )

    (mail,) = server.messages
    assert mail.sender == "notices@lender.example"
    assert mail.recipients == ("ann.lee@example.com",)
    assert mail.message["Subject"] == "还款提醒"
    assert mail.text == "您好\n.\n..安\n"
    assert mail.reference == "attempt-1"
    assert accepted.provider_message_id == "attempt-1@lender.example"
    assert accepted.provider_code == "250 2.0.0"


async def test_lines_that_begin_with_a_dot_survive(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url) as provider:
        await provider.send(a_mail(text=".\n..\nthe end\n.hidden\n"), timeout=SOON)

    assert server.messages[0].text == ".\n..\nthe end\n.hidden\n"


async def test_a_connection_is_kept_between_mails(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url) as provider:
        for _ in range(5):
            await provider.send(a_mail(), timeout=SOON)

    assert server.connections == 1


async def test_a_connection_is_not_kept_longer_than_servers_like(post_office: PostOffice) -> None:
    server, url = post_office
    provider = SmtpEmail("127.0.0.1", int(url.rpartition(":")[2]), sender=SENDER, kept_for=timedelta(0))

    await provider.send(a_mail(), timeout=SOON)
    await asyncio.sleep(0.05)
    await provider.send(a_mail(), timeout=SOON)
    await provider.close()

    assert server.connections == 2


async def test_no_more_connections_are_opened_than_the_pool_holds(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url + "?pool=2") as provider:
        await asyncio.gather(*(provider.send(a_mail(reference=str(n)), timeout=SOON) for n in range(20)))

    assert server.connections == 2
    assert len(server.messages) == 20


async def test_who_finds_no_free_connection_in_time_may_come_again(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url + "?pool=1") as provider:
        server.script.next(Slow(FOREVER))
        blocking = asyncio.create_task(provider.send(a_mail(), timeout=SOON))
        await asyncio.sleep(0.1)

        with pytest.raises(TemporaryFailure):
            await provider.send(a_mail(reference="attempt-2"), timeout=AT_ONCE)

        blocking.cancel()
    assert server.times["attempt-2"] == 0


async def test_a_kept_connection_that_the_server_closed_is_replaced(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url) as provider:
        await provider.send(a_mail(), timeout=SOON)
        server.drop_connections()

        await provider.send(a_mail(reference="attempt-2"), timeout=SOON)

    assert server.connections == 2
    assert server.times == {"attempt-1": 1, "attempt-2": 1}


async def test_a_kept_connection_that_says_421_is_replaced(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url) as provider:
        await provider.send(a_mail(), timeout=SOON)
        server.script.next(Refuse("421 4.4.2 timeout exceeded", at="MAIL"))

        await provider.send(a_mail(reference="attempt-2"), timeout=SOON)

    assert server.connections == 2


async def test_a_fresh_connection_that_says_421_is_a_temporary_failure(post_office: PostOffice) -> None:
    server, url = post_office
    server.script.next(Refuse("421 4.3.2 come back later", at="MAIL"))
    async with a_provider(url) as provider:
        error = await failure(provider, a_mail())

    assert isinstance(error, TemporaryFailure)
    assert server.connections == 1


async def test_a_connection_that_dies_after_the_text_is_not_sent_on_again(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url) as provider:
        await provider.send(a_mail(), timeout=SOON)
        server.script.next(Cut())

        error = await failure(provider, a_mail(reference="attempt-2"))

    assert isinstance(error, OutcomeUnknown)
    assert server.times["attempt-2"] == 1
    assert server.connections == 1


@asynccontextmanager
async def a_server_that_dies(at: str, *, says: bytes = b"") -> AsyncIterator[str]:
    """Speaks SMTP until the step `at`, where it says `says` and hangs up."""
    steps = {
        "connect": b"220 hello\r\n",
        "EHLO": b"250 hello\r\n",
        "MAIL": b"250 ok\r\n",
        "RCPT": b"250 ok\r\n",
        "DATA": b"354 go on\r\n",
        "text": b"250 ok\r\n",
    }
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for step in takewhile(lambda step: step != at, steps):
            writer.write(steps[step])
            await reader.readuntil(b"\r\n.\r\n" if step == "DATA" else b"\r\n")
        writer.write(says)
        writer.close()
        gone.set()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await gone.wait()


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        ("connect", TemporaryFailure),
        ("EHLO", TemporaryFailure),
        ("MAIL", TemporaryFailure),
        ("RCPT", TemporaryFailure),
        ("DATA", TemporaryFailure),
        ("text", OutcomeUnknown),
    ],
)
async def test_a_line_that_drops_is_judged_by_what_had_left(at: str, kind: type[ChannelFailure]) -> None:
    async with a_server_that_dies(at) as url, a_provider(url) as provider:
        error = await failure(provider, a_mail())

    assert type(error) is kind


@pytest.mark.parametrize(
    ("at", "says", "kind"),
    [
        ("connect", b"421 too busy\r\n", TemporaryFailure),
        ("connect", b"554 go away\r\n", PermanentFailure),
        ("connect", b"HTTP/1.1 400 Bad Request\r\n", TemporaryFailure),
        ("DATA", b"452 disk full\r\n", TemporaryFailure),
        ("DATA", b"554 no\r\n", PermanentFailure),
        ("DATA", b"250 what?\r\n", TemporaryFailure),
        ("text", b"451 later\r\n", TemporaryFailure),
        ("text", b"552 too big\r\n", PermanentFailure),
        ("text", b"354 what?\r\n", OutcomeUnknown),
        ("text", b"gibberish\r\n", OutcomeUnknown),
    ],
)
async def test_a_last_word_counts_where_it_can_be_understood(at: str, says: bytes, kind: type[ChannelFailure]) -> None:
    async with a_server_that_dies(at, says=says) as url, a_provider(url) as provider:
        error = await failure(provider, a_mail())

    assert type(error) is kind


@pytest.mark.parametrize(
    ("refusal", "kind", "code", "bad_address"),
    [
        (Refuse("550 no such user here"), PermanentFailure, "550", True),
        (Refuse("551 user not local"), PermanentFailure, "551", True),
        (Refuse("553 mailbox name not allowed"), PermanentFailure, "553", True),
        (Refuse("550 5.1.1 unknown"), PermanentFailure, "550 5.1.1", True),
        (Refuse("556 5.1.10 null MX"), PermanentFailure, "556 5.1.10", True),
        (Refuse("550 5.2.1 mailbox disabled"), PermanentFailure, "550 5.2.1", True),
        # Policies: the address may be as good as any.
        (Refuse("550 5.7.1 relaying denied"), PermanentFailure, "550 5.7.1", False),
        (Refuse("550 5.1.8 sender's domain not found"), PermanentFailure, "550 5.1.8", False),
        (Refuse("552 mailbox full"), PermanentFailure, "552", False),
        (Refuse("554 no"), PermanentFailure, "554", False),
        (Refuse("550 no", at="MAIL"), PermanentFailure, "550", False),
        (Refuse("550 5.1.1 no", at="DATA"), PermanentFailure, "550 5.1.1", False),
        (Refuse("554 5.7.1 spam", at="DATA"), PermanentFailure, "554 5.7.1", False),
        (Refuse("450 4.2.0 greylisted"), TemporaryFailure, "450 4.2.0", None),
        (Refuse("451 later", at="MAIL"), TemporaryFailure, "451", None),
        (Refuse("452 4.3.1 disk full", at="DATA"), TemporaryFailure, "452 4.3.1", None),
    ],
)
async def test_a_refusal_says_what_may_be_done_next(
    post_office: PostOffice, refusal: Refuse, kind: type[ChannelFailure], code: str, bad_address: bool | None
) -> None:
    server, url = post_office
    server.script.next(refusal)
    async with a_provider(url) as provider:
        error = await failure(provider, a_mail())

    assert type(error) is kind
    assert error.code == code
    assert getattr(error, "bad_address", None) is bad_address
    assert not server.messages


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_mail_goes_over_tls_with_a_password(tls: Tls, security: str) -> None:
    ours, theirs = tls
    kinds = {"starttls": "starttls", "tls": "tls"}
    server = LocalSmtpServer(auth=("us", "p@ss/ü"), security=kinds[security], tls_context=ours)  # type: ignore[arg-type]
    async with server.serve() as url, a_provider(url, theirs) as provider:
        await provider.send(a_mail(), timeout=SOON)

    assert server.times == {"attempt-1": 1}


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_nobody_vouches_for_stops_the_mail(tls: Tls, security: str) -> None:
    server = LocalSmtpServer(security=security, tls_context=tls[0])  # type: ignore[arg-type]
    async with server.serve() as url, a_provider(url) as provider:
        error = await failure(provider, a_mail())

    assert isinstance(error, TemporaryFailure)
    assert not server.messages


async def test_without_starttls_nothing_is_sent_in_the_clear(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url + "?security=starttls") as provider:
        error = await failure(provider, a_mail())

    assert isinstance(error, TemporaryFailure)
    assert not server.messages


async def test_a_wrong_password_is_our_fault_and_is_not_repeated() -> None:
    server = LocalSmtpServer(auth=("us", "right"))
    async with server.serve() as url, a_provider(url.replace("right", "hunter2")) as provider:
        error = await failure(provider, a_mail())

    assert isinstance(error, TemporaryFailure)
    assert error.code is not None
    assert error.code.startswith("535")
    assert "hunter2" not in str(error) + repr(provider)


async def test_an_address_that_needs_smtputf8_gets_it(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url) as provider:
        await provider.send(a_mail(to="安@example.com"), timeout=SOON)

    assert server.messages[0].recipients == ("安@example.com",)
    assert server.messages[0].message["To"] == "安@example.com"


async def test_a_server_without_smtputf8_cannot_reach_such_an_address() -> None:
    server = LocalSmtpServer(smtputf8=False)
    async with server.serve() as url, a_provider(url) as provider:
        error = await failure(provider, a_mail(to="安@example.com"))
        await provider.send(a_mail(reference="attempt-2"), timeout=SOON)

    assert isinstance(error, PermanentFailure)
    assert not error.bad_address
    assert error.code is None  # the server was not even asked
    assert server.times == {"attempt-2": 1}


async def test_a_bad_address_never_reaches_the_server(post_office: PostOffice) -> None:
    server, url = post_office
    async with a_provider(url) as provider:
        error = await failure(provider, a_mail(to="ann@example.com>\r\nRCPT TO:<eve@example.com"))

    assert isinstance(error, PermanentFailure)
    assert error.bad_address
    assert server.connections == 0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 25, None, None, "none")),
        ("smtp://mail.example:2525", ("mail.example", 2525, None, None, "none")),
        ("smtp://me:p%40ss@127.0.0.1", ("127.0.0.1", 25, "me", "p@ss", "none")),
        ("smtps://me:p%40ss@mail.example", ("mail.example", 465, "me", "p@ss", "tls")),
        ("smtps://mail.example", ("mail.example", 465, None, None, "tls")),
        ("smtp+starttls://mail.example", ("mail.example", 587, None, None, "starttls")),
        ("smtp://mail.example?security=starttls", ("mail.example", 587, None, None, "starttls")),
        ("smtp://mail.example:25/?security=tls", ("mail.example", 25, None, None, "tls")),
    ],
)
def test_a_url_names_the_server(url: str, expected: tuple[object, ...]) -> None:
    state = vars(SmtpEmail.from_url(url, sender=SENDER))

    assert tuple(state[f"_{name}"] for name in ("host", "port", "username", "password", "security")) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://me:hunter2@mail.example",
        "smtp://me:hunter2@",
        "smtp://me:hunter2@mail.example:port",
        "smtp://me:hunter2@mail.example?security=maybe",
        "smtp://me:hunter2@mail.example?pool=many",
        "smtp://me:hunter2@mail.example?pool=0",
        "smtp://me:hunter2@mail.example?secrecy=tls",
        "smtps://me:hunter2@mail.example?deliver_by=soon",
    ],
)
def test_a_url_that_cannot_work_is_refused_at_once_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"SMTP URL|pool_size") as raised:
        SmtpEmail.from_url(url, sender=SENDER)

    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("host", ["mail.example", "10.0.0.5", "localhost.example", "[2001:db8::1]"])
def test_a_password_does_not_go_over_the_wire_in_clear(host: str) -> None:
    with pytest.raises(ValueError, match="in clear") as raised:
        SmtpEmail.from_url(f"smtp://me:hunter2@{host}", sender=SENDER)

    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://me:hunter2@localhost",
        "smtp://me:hunter2@127.0.0.2",
        "smtp://me:hunter2@[::1]",
        "smtps://me:hunter2@mail.example",
        "smtp://me:hunter2@mail.example?security=starttls",
        "smtp://mail.example",
    ],
)
def test_a_password_may_go_over_tls_or_stay_on_this_machine(url: str) -> None:
    assert SmtpEmail.from_url(url, sender=SENDER)


GONE, REFUSED = TemporaryFailure, PermanentFailure

#: Every error of aiosmtplib before and after the text was on its way. A new release with a new one fails the test
#: below until somebody has judged it.
JUDGED: dict[str, tuple[aiosmtplib.SMTPException, type[ChannelFailure], type[ChannelFailure]]] = {
    "SMTPException": (aiosmtplib.SMTPException("no STARTTLS"), GONE, OutcomeUnknown),
    "SMTPServerDisconnected": (aiosmtplib.SMTPServerDisconnected("gone"), GONE, OutcomeUnknown),
    "SMTPConnectError": (aiosmtplib.SMTPConnectError("no"), GONE, OutcomeUnknown),
    "SMTPTimeoutError": (aiosmtplib.SMTPTimeoutError("late"), GONE, OutcomeUnknown),
    "SMTPConnectTimeoutError": (aiosmtplib.SMTPConnectTimeoutError("late"), GONE, OutcomeUnknown),
    "SMTPReadTimeoutError": (aiosmtplib.SMTPReadTimeoutError("late"), GONE, OutcomeUnknown),
    "SMTPNotSupported": (aiosmtplib.SMTPNotSupported("SMTPUTF8"), REFUSED, REFUSED),
    "SMTPResponseException": (aiosmtplib.SMTPResponseException(-1, "gibberish"), GONE, OutcomeUnknown),
    "SMTPConnectResponseError": (aiosmtplib.SMTPConnectResponseError(554, "no"), REFUSED, REFUSED),
    "SMTPHeloError": (aiosmtplib.SMTPHeloError(501, "no"), REFUSED, REFUSED),
    "SMTPDataError": (aiosmtplib.SMTPDataError(451, "later"), GONE, GONE),
    "SMTPAuthenticationError": (aiosmtplib.SMTPAuthenticationError(535, "no"), GONE, GONE),
    "SMTPSenderRefused": (aiosmtplib.SMTPSenderRefused(550, "no", "n@lender.example"), REFUSED, REFUSED),
    "SMTPRecipientRefused": (aiosmtplib.SMTPRecipientRefused(550, "no", "ann@example.com"), REFUSED, REFUSED),
    "SMTPRecipientsRefused": (
        aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(550, "no", "ann@example.com")]),
        REFUSED,
        REFUSED,
    ),
}


def test_every_error_of_aiosmtplib_is_judged_and_caught() -> None:
    errors = {
        name: thing
        for name, thing in vars(aiosmtplib.errors).items()
        if isinstance(thing, type) and issubclass(thing, aiosmtplib.SMTPException)
    }

    assert errors.keys() == JUDGED.keys()
    for name, (error, before, after) in JUDGED.items():
        assert type(error) is errors[name]
        assert type(failure_of(error, on_its_way=False)) is before, name
        assert type(failure_of(error, on_its_way=True)) is after, name
    assert all(issubclass(error, FAILURES) for error in errors.values())


def test_all_recipients_refused_is_one_recipient_refused() -> None:
    error, *_ = JUDGED["SMTPRecipientsRefused"]

    judged = failure_of(error, on_its_way=False)

    assert isinstance(judged, PermanentFailure)
    assert judged.bad_address
