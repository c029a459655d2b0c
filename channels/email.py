"""E-mail over SMTP, on kept connections.

What aiosmtplib raises, and what it says about the mail. Its text goes on its way only after the server's 354:

    the server spoke
     +-- SMTPResponseException              4xx -> TemporaryFailure, 5xx -> PermanentFailure
     |    +-- SMTPRecipientRefused          5xx -> and perhaps a bad address
     |    +-- any other or unreadable code  as if the server had not spoken
     +-- SMTPRecipientsRefused              the same for each; it is not an SMTPResponseException
    the server cannot do it
     +-- SMTPNotSupported                   PermanentFailure
    the server did not speak                TemporaryFailure before its text was on its way, OutcomeUnknown after
     +-- SMTPServerDisconnected, SMTPTimeoutError, SMTPConnectError and their kin, OSError, TimeoutError
     +-- SMTPException itself               STARTTLS or AUTH is missing
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar, Literal, Self, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib

from channels.base import Accepted, ChannelFailure, Message, OutcomeUnknown, PermanentFailure, TemporaryFailure
from channels.mime import Letterhead, Mail

Security = Literal["none", "starttls", "tls"]

FAILURES = (aiosmtplib.SMTPException, OSError, TimeoutError)

DEFAULT_PORTS: dict[Security, int] = {"none": 25, "starttls": 587, "tls": 465}
SCHEMES: dict[str, Security] = {"smtp": "none", "smtp+starttls": "starttls", "smtps": "tls"}

#: Servers drop idle connections after 10 s (Gmail's relay) to 5 min (RFC 5321, 4.5.3.2.7); we go first.
KEPT_FOR = timedelta(seconds=30)

_DOT = re.compile(rb"(?m)^\.")
_ENHANCED = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
#: RFC 3463: the recipient's address, but 5.1.7 and 5.1.8 are about the sender's; 5.2.1 is a mailbox switched off.
_BAD_ADDRESS = re.compile(r"5\.1\.(?![78]$)[0-9]+|5\.2\.1")


class SmtpEmail:
    """Mails through one SMTP server.

    At most `pool_size` connections, each kept for `kept_for` after its last mail. `date` writes the Date header;
    without it the server does.
    """

    is_attempt: ClassVar[bool] = True

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        sender: str,
        username: str | None = None,
        password: str | None = None,
        security: Security = "none",
        pool_size: int = 4,
        kept_for: timedelta = KEPT_FOR,
        date: Callable[[], datetime] | None = None,
        tls_context: ssl.SSLContext | None = None,
        local_hostname: str | None = None,
        name: str = "smtp",
    ) -> None:
        if pool_size < 1:
            raise ValueError("pool_size must be at least 1")
        self.name = name
        self._host = host
        self._port = port or DEFAULT_PORTS[security]
        self._username = username
        self._password = password
        self._security = security
        self._tls_context = tls_context
        self._local_hostname = local_hostname
        self._kept_for = kept_for.total_seconds()
        self._letterhead = Letterhead(sender, date=date)
        self._turns = asyncio.Semaphore(pool_size)
        self._kept: dict[aiosmtplib.SMTP, asyncio.TimerHandle] = {}
        self._closed = False

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        sender: str,
        date: Callable[[], datetime] | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> Self:
        """From `smtp://user:password@host:port?security=starttls&pool=8`; `smtp+starttls://` and `smtps://` as well."""
        try:
            parts = urlsplit(url)
            port = parts.port
            options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
            pool_size = int(options.pop("pool", "4"))
        except ValueError:
            # Without the library's error, which may print the password.
            raise ValueError("the SMTP URL cannot be read") from None
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ValueError(f"the SMTP URL must name a host and begin with one of {', '.join(SCHEMES)}")
        security = cast(Security, options.pop("security", SCHEMES[parts.scheme]))
        if security not in DEFAULT_PORTS:
            raise ValueError(f"security in the SMTP URL must be one of {', '.join(DEFAULT_PORTS)}")
        if options:
            raise ValueError(f"the SMTP URL has options we do not know: {', '.join(sorted(options))}")
        return cls(
            parts.hostname,
            port,
            sender=sender,
            username=unquote(parts.username or "") or None,
            password=unquote(parts.password or "") or None,
            security=security,
            pool_size=pool_size,
            date=date,
            tls_context=tls_context,
        )

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        """Hand `message` over within `timeout`, or raise a `ChannelFailure`."""
        if self._closed:
            raise RuntimeError("this provider is closed")
        mail = self._letterhead.write(message)
        transfer = _Transfer(mail, timeout.total_seconds())
        try:
            async with asyncio.timeout(transfer.seconds):
                return await self._hand_over(transfer)
        except FAILURES as error:
            failure = failure_of(error, on_its_way=transfer.on_its_way)
        # Out here, so that the library's error, which prints the address, does not hang on ours as its context.
        raise failure

    async def close(self) -> None:
        """Give connections back. Sending afterwards is an error; what is in flight is finished."""
        self._closed = True
        while (smtp := self._take()) is not None:
            try:
                await smtp.quit(timeout=1)
            except FAILURES:
                smtp.close()

    async def _hand_over(self, transfer: "_Transfer") -> Accepted:
        async with self._turns:
            smtp = await self._begin(transfer)
            try:
                accepted = await transfer.finish(smtp)
            except BaseException:
                # Whatever it was, a fresh connection is cheaper than a doubtful one.
                smtp.close()
                raise
            self._keep(smtp)
            return accepted

    async def _begin(self, transfer: "_Transfer") -> aiosmtplib.SMTP:
        """A connection on which the server has taken our MAIL. A kept one that died meanwhile is replaced."""
        while (smtp := self._take()) is not None:
            if await transfer.begin_kept(smtp):
                return smtp
        smtp = await self._connect()
        try:
            await transfer.begin(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    async def _connect(self) -> aiosmtplib.SMTP:
        smtp = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            tls_context=self._tls_context,
            local_hostname=self._local_hostname,
            timeout=None,  # the whole hand-over has one
        )
        await smtp.connect()
        # Found once: it asks the resolver.
        self._local_hostname = smtp.local_hostname
        return smtp

    def _take(self) -> aiosmtplib.SMTP | None:
        """The connection used last, if it is still up."""
        while self._kept:
            smtp, timer = self._kept.popitem()
            timer.cancel()
            if smtp.is_connected:
                return smtp
        return None

    def _keep(self, smtp: aiosmtplib.SMTP) -> None:
        if self._closed:
            smtp.close()
            return
        self._kept[smtp] = asyncio.get_running_loop().call_later(self._kept_for, self._drop, smtp)

    def _drop(self, smtp: aiosmtplib.SMTP) -> None:
        self._kept.pop(smtp, None)
        smtp.close()


class _Transfer:
    """One mail on its way through one connection."""

    def __init__(self, mail: Mail, seconds: float) -> None:
        self.mail = mail
        self.seconds = seconds
        #: From the first byte of its text on, a silent server may have taken it.
        self.on_its_way = False

    async def begin(self, smtp: aiosmtplib.SMTP, *, timeout: float | None = None) -> None:
        """Tell the server who writes."""
        options: list[str] = []
        if self.mail.needs_utf8:
            if smtp.is_ehlo_or_helo_needed:
                await smtp.ehlo()
            if not smtp.supports_extension("smtputf8"):
                raise aiosmtplib.SMTPNotSupported("SMTPUTF8")
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        await smtp.mail(self.mail.sender, options=options, timeout=timeout)

    async def begin_kept(self, smtp: aiosmtplib.SMTP) -> bool:
        """The same on a kept connection; False if it turns out to be dead, which is no failure: nothing had left."""
        try:
            # A quarter: a connection that a firewall forgot is silent, and the rest is for a fresh one.
            await self.begin(smtp, timeout=self.seconds / 4)
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError):
            smtp.close()
            return False
        except aiosmtplib.SMTPSenderRefused as error:
            smtp.close()
            if error.code == aiosmtplib.SMTPStatus.domain_unavailable:  # 421: "closing, you were idle"
                return False
            raise
        except BaseException:
            smtp.close()
            raise
        return True

    async def finish(self, smtp: aiosmtplib.SMTP) -> Accepted:
        """Name the recipient and hand the text over."""
        encoding = "utf-8" if self.mail.needs_utf8 else "ascii"
        await smtp.rcpt(self.mail.to, encoding=encoding)
        # Not smtp.data(): it does not tell whether the line dropped before or after the text had left.
        ready = await smtp.execute_command(b"DATA")
        if ready.code != aiosmtplib.SMTPStatus.start_input:
            raise aiosmtplib.SMTPDataError(ready.code, ready.message)
        protocol = smtp.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("connection lost")
        self.on_its_way = True
        protocol.write(_DOT.sub(b"..", self.mail.data) + b".\r\n")
        reply = await protocol.read_response()
        if reply.code != aiosmtplib.SMTPStatus.completed:
            raise aiosmtplib.SMTPDataError(reply.code, reply.message)
        return Accepted(self.mail.message_id, _code(reply.code, reply.message))


def failure_of(error: Exception, *, on_its_way: bool) -> ChannelFailure:
    """What an error of aiosmtplib means for the mail. `on_its_way`: its text had begun to leave."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        return failure_of(error.recipients[0], on_its_way=on_its_way)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return PermanentFailure("the server lacks what this address needs")
    if isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= error.code <= 599:
        return _refusal(error)
    event = type(error).__name__
    if on_its_way:
        return OutcomeUnknown(f"the server gave no answer to the text ({event})")
    return TemporaryFailure(f"the server cannot be reached or used ({event})")


def _refusal(error: aiosmtplib.SMTPResponseException) -> ChannelFailure:
    code = _code(error.code, error.message)
    # Only the codes: servers like to repeat the address in their text.
    detail = f"the server answered {code}"
    if error.code < 500:
        return TemporaryFailure(detail, code=code)
    bad_address = isinstance(error, aiosmtplib.SMTPRecipientRefused) and _is_bad_address(error)
    return PermanentFailure(detail, code=code, bad_address=bad_address)


def _is_bad_address(error: aiosmtplib.SMTPRecipientRefused) -> bool:
    """RFC 3463's code where the server gives one: "550 5.7.1" is a policy, and the address may be as good as any."""
    if match := _ENHANCED.match(error.message):
        return _BAD_ADDRESS.fullmatch(match[1]) is not None
    return error.code in (550, 551, 553)


def _code(code: int, message: str) -> str:
    match = _ENHANCED.match(message)
    return f"{code} {match[1]}" if match else str(code)
