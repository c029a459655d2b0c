"""What is asked of servers that offer more than SMTP, and what is never said to those that offer less."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from channels.base import ChannelFailure, Message, TemporaryFailure
from channels.email import SmtpEmail
from tests.channels.builders import SOON, a_mail, failure

SENDER = "notices@lender.example"


@asynccontextmanager
async def a_server_offering(
    *extensions: str, answers: dict[str, str] | None = None
) -> AsyncIterator[tuple[int, list[str]]]:
    """Takes every mail, and gives its port and the commands it hears. `answers` are to commands it refuses."""
    heard: list[str] = []
    refuses = answers or {}
    ehlo = "".join(f"250-{line}\r\n" for line in ("server.example", *extensions)) + "250 HELP\r\n"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"220 hello\r\n")
            while line := (await reader.readline()).decode("utf-8", "replace"):
                heard.append(line.removesuffix("\r\n"))
                verb = line.partition(" ")[0].strip().upper()
                writer.write(refuses.get(verb, ehlo if verb == "EHLO" else "250 2.0.0 ok\r\n").encode())
                if verb == "DATA":
                    await reader.readuntil(b"\r\n.\r\n")
                    writer.write(b"250 2.0.0 ok\r\n")
                if verb == "QUIT":
                    break
        finally:
            writer.close()
            left.release()

    left = asyncio.Semaphore(0)
    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heard
        if heard:
            await left.acquire()


@asynccontextmanager
async def conversation(
    *extensions: str, deliver_by: bool = False, answers: dict[str, str] | None = None
) -> AsyncIterator[tuple[SmtpEmail, list[str]]]:
    answers = {"DATA": "354 go on\r\n", "QUIT": "221 bye\r\n"} | (answers or {})
    async with a_server_offering(*extensions, answers=answers) as (port, heard):
        provider = SmtpEmail("127.0.0.1", port, sender=SENDER, deliver_by=deliver_by)
        yield provider, heard
        await provider.close()


async def envelope(message: Message, *extensions: str, deliver_by: bool = False) -> tuple[str, str]:
    """What is said of `message` in MAIL and in RCPT."""
    async with conversation(*extensions, deliver_by=deliver_by) as (provider, heard):
        await provider.send(message, timeout=SOON)
    [mail] = [line for line in heard if line.startswith("MAIL")]
    [rcpt] = [line for line in heard if line.startswith("RCPT")]
    return mail, rcpt


async def test_a_server_that_offers_nothing_is_asked_for_nothing() -> None:
    mail, rcpt = await envelope(a_mail(valid_for=timedelta(hours=1)), deliver_by=True)

    assert mail == "MAIL FROM:<notices@lender.example>"
    assert rcpt == "RCPT TO:<ann.lee@example.com>"


async def test_a_server_that_knows_dsn_reports_failures_under_our_reference_and_without_the_text() -> None:
    mail, rcpt = await envelope(a_mail(), "DSN")

    assert mail == "MAIL FROM:<notices@lender.example> RET=HDRS ENVID=attempt-1"
    assert rcpt == "RCPT TO:<ann.lee@example.com> NOTIFY=FAILURE ORCPT=rfc822;ann.lee@example.com"


async def test_it_is_asked_for_every_mail_on_a_kept_connection() -> None:
    async with conversation("DSN") as (provider, heard):
        for reference in ("attempt-1", "attempt-2"):
            await provider.send(a_mail(reference=reference), timeout=SOON)

    assert sum(line.startswith("EHLO") for line in heard) == 1
    assert [line[-15:] for line in heard if line.startswith("MAIL")] == ["ENVID=attempt-1", "ENVID=attempt-2"]


@pytest.mark.parametrize(
    ("reference", "envid"),
    [
        ("0199c0de-7a11-7000-8000-000000000001", " ENVID=0199c0de-7a11-7000-8000-000000000001"),
        ("a+b=c d", " ENVID=a%2Bb%3Dc%20d"),
        ("a\r\nRCPT TO:<eve@example.com>", " ENVID=a%0D%0ARCPT%20TO%3A%3Ceve%40example.com%3E"),
        ("x" * 100, " ENVID=" + "x" * 100),
        ("x" * 101, ""),
        ("", ""),
    ],
)
async def test_a_reference_is_an_envelope_id_where_it_is_short_enough(reference: str, envid: str) -> None:
    mail, _ = await envelope(a_mail(reference=reference), "DSN")

    assert mail == f"MAIL FROM:<notices@lender.example> RET=HDRS{envid}"


@pytest.mark.parametrize(
    ("address", "extensions", "options"),
    [
        ("ann+bills=x@example.com", ("DSN",), "NOTIFY=FAILURE ORCPT=rfc822;ann+2Bbills+3Dx@example.com"),
        ("安@example.com", ("DSN", "SMTPUTF8", "8BITMIME"), "NOTIFY=FAILURE"),
    ],
)
async def test_an_address_is_repeated_where_it_can_be_written(
    address: str, extensions: tuple[str, ...], options: str
) -> None:
    _, rcpt = await envelope(a_mail(to=address), *extensions)

    assert rcpt == f"RCPT TO:<{address}> {options}"


@pytest.mark.parametrize(
    ("offered", "valid_for", "by"),
    [
        ("DELIVERBY", timedelta(minutes=2), " BY=120;R"),
        ("DELIVERBY", timedelta(seconds=1.9), " BY=1;R"),
        ("DELIVERBY 60", timedelta(minutes=2), " BY=120;R"),
        ("DELIVERBY 240", timedelta(minutes=2), " BY=240;R"),
        ("DELIVERBY soon", timedelta(minutes=2), " BY=120;R"),
        ("DELIVERBY", timedelta(days=100_000), " BY=999999999;R"),
        ("DELIVERBY", None, ""),
        ("DSN", timedelta(minutes=2), " RET=HDRS ENVID=attempt-1"),
    ],
)
async def test_a_validity_is_told_to_a_server_that_can_keep_it(
    offered: str, valid_for: timedelta | None, by: str
) -> None:
    mail, _ = await envelope(a_mail(valid_for=valid_for), offered, deliver_by=True)

    assert mail == f"MAIL FROM:<notices@lender.example>{by}"


async def test_a_validity_is_not_told_unless_somebody_says_that_the_server_delivers_itself() -> None:
    mail, _ = await envelope(a_mail(valid_for=timedelta(minutes=2)), "DELIVERBY")

    assert mail == "MAIL FROM:<notices@lender.example>"


async def test_too_little_time_is_a_temporary_failure_and_nothing_is_said() -> None:
    async with conversation("DELIVERBY", deliver_by=True) as (provider, heard):
        error = await failure(provider, a_mail(valid_for=timedelta(seconds=0.9)))

    assert isinstance(error, TemporaryFailure)
    assert not heard


async def test_a_server_that_knows_no_ehlo_still_gets_its_mail() -> None:
    async with conversation(answers={"EHLO": "502 what?\r\n"}) as (provider, heard):
        await provider.send(a_mail(), timeout=SOON)

    assert [line.split()[0] for line in heard] == ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("extensions", "answers"),
    [
        (("AUTH PLAIN LOGIN",), {}),  # somebody in between took STARTTLS away
        (("AUTH PLAIN LOGIN", "STARTTLS"), {"STARTTLS": "454 4.7.0 not now\r\n"}),
        (("AUTH PLAIN LOGIN", "STARTTLS"), {"STARTTLS": "502 5.5.1 never\r\n"}),
        (("AUTH PLAIN LOGIN", "STARTTLS"), {"STARTTLS": "250 as you like\r\n"}),
        (("AUTH PLAIN LOGIN", "STARTTLS"), {"STARTTLS": "220 go on\r\n"}),  # and no TLS
    ],
)
async def test_neither_password_nor_mail_goes_to_a_server_that_does_no_tls(
    extensions: tuple[str, ...], answers: dict[str, str]
) -> None:
    async with a_server_offering(*extensions, answers=answers) as (port, heard):
        provider = SmtpEmail("127.0.0.1", port, sender=SENDER, username="us", password="hush", security="starttls")

        with pytest.raises(ChannelFailure):
            await provider.send(a_mail(), timeout=timedelta(seconds=2))
        await provider.close()

    assert not [line for line in heard if line.startswith(("AUTH", "MAIL", "RCPT"))]
