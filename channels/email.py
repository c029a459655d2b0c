"""E-mail over SMTP, on kept connections.

What may go wrong, and what it says about the mail, is drawn in `channels/smtp.py`.

`security` is never less than what was asked for: a server that offers no STARTTLS gets no mail. A password goes over
TLS or stays on this machine.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import ClassVar, Literal, Self, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib

from channels.base import Accepted, Message
from channels.dkim import Signer
from channels.mime import Letterhead
from channels.smtp import FAILURES, Transfer, failure_of

Security = Literal["none", "starttls", "tls"]

DEFAULT_PORTS: dict[Security, int] = {"none": 25, "starttls": 587, "tls": 465}
SCHEMES: dict[str, Security] = {"smtp": "none", "smtp+starttls": "starttls", "smtps": "tls"}

#: Servers may drop an idle connection after 5 minutes (RFC 5321, 4.5.3.2.7), firewalls sooner; we go first.
KEPT_FOR = timedelta(seconds=30)


class SmtpEmail:
    """Mails through one SMTP server.

    At most `pool_size` connections, each kept for `kept_for` after its last mail. `date` writes the Date header;
    without it the server does. `dkim` signs the mails. ValueError for a password that would go over the wire in clear.

    `deliver_by` tells servers that know RFC 2852 how long a mail is valid. Say yes only if yours delivers into
    mailboxes itself: one that relays must return the mail at once when the next server does not know RFC 2852, and few
    do.
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
        dkim: Signer | None = None,
        deliver_by: bool = False,
        tls_context: ssl.SSLContext | None = None,
        local_hostname: str | None = None,
        name: str = "smtp",
    ) -> None:
        if pool_size < 1:
            raise ValueError("pool_size must be at least 1")
        if username is not None and security == "none" and not _is_this_machine(host):
            raise ValueError("the password would go over the wire in clear: use starttls or tls")
        self.name = name
        self._host = host
        self._port = port or DEFAULT_PORTS[security]
        self._username = username
        self._password = password
        self._security = security
        self._tls_context = tls_context
        self._local_hostname = local_hostname
        self._kept_for = kept_for.total_seconds()
        self._letterhead = Letterhead(sender, date=date, dkim=dkim)
        self._deliver_by = deliver_by
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
        dkim: Signer | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> Self:
        """From `smtp://user:password@host:port?security=starttls&pool=8`; `smtp+starttls://` and `smtps://` as well.

        `deliver_by=yes` or `no` is an option too.
        """
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
        deliver_by = options.pop("deliver_by", "no")
        if deliver_by not in ("yes", "no"):
            raise ValueError("deliver_by in the SMTP URL must be yes or no")
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
            dkim=dkim,
            deliver_by=deliver_by == "yes",
            tls_context=tls_context,
        )

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        """Hand `message` over within `timeout`, or raise a `ChannelFailure`."""
        if self._closed:
            raise RuntimeError("this provider is closed")
        mail = self._letterhead.write(message)
        transfer = Transfer(mail, timeout.total_seconds(), deliver_by=self._deliver_by)
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

    async def _hand_over(self, transfer: Transfer) -> Accepted:
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

    async def _begin(self, transfer: Transfer) -> aiosmtplib.SMTP:
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


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
