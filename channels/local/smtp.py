"""An SMTP server on this machine: remembers the mails it takes, misbehaves when told to. Needs aiosmtpd."""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from importlib.util import find_spec
from typing import Any, Literal
from urllib.parse import quote, unquote

from channels.local.behaviour import Accept, Cut, Refuse, Script, Slow

Behaviour = Accept | Refuse | Cut | Slow


@dataclass(frozen=True, slots=True)
class LocalMail:
    """A mail that arrived."""

    sender: str
    recipients: tuple[str, ...] = field(repr=False)
    message: EmailMessage = field(repr=False)
    raw: bytes = field(repr=False)

    @property
    def reference(self) -> str:
        """The local part of its Message-ID, which is what `SmtpEmail` makes of a message's reference."""
        return unquote(str(self.message["Message-ID"] or "").strip("<> ").rpartition("@")[0])

    @property
    def text(self) -> str:
        """Its text part, decoded."""
        part = self.message.get_body(("plain",))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


class LocalSmtpServer:
    """Takes mails on a port of this machine.

    `auth`: the one user and password it knows; without it, everybody may send. `security` needs `tls_context`.
    `script` says how the next mails are treated, `on_message` is called with each that is taken.
    """

    def __init__(
        self,
        *,
        auth: tuple[str, str] | None = None,
        security: Literal["none", "starttls", "tls"] = "none",
        tls_context: ssl.SSLContext | None = None,
        smtputf8: bool = True,
        on_message: Callable[[LocalMail], None] | None = None,
    ) -> None:
        self.messages: list[LocalMail] = []
        #: How often each reference was taken. Above one, somebody was written to twice.
        self.times: Counter[str] = Counter()
        #: How many connections came.
        self.connections = 0
        self.script: Script[Behaviour] = Script(Accept())
        self._auth = auth
        self._security = security
        self._tls_context = tls_context
        self._smtputf8 = smtputf8
        self._on_message = on_message
        self._sessions: list[Any] = []

    @asynccontextmanager
    async def serve(self, port: int = 0, *, host: str = "127.0.0.1") -> AsyncIterator[str]:
        """Serve until the block ends, and give the URL. Port 0 takes a free one."""
        _require_aiosmtpd()
        listener = await asyncio.get_running_loop().create_server(
            self._session, host, port, ssl=self._tls_context if self._security == "tls" else None
        )
        scheme = {"none": "smtp", "starttls": "smtp+starttls", "tls": "smtps"}[self._security]
        user = f"{quote(self._auth[0], safe='')}:{quote(self._auth[1], safe='')}@" if self._auth else ""
        try:
            yield f"{scheme}://{user}{host}:{listener.sockets[0].getsockname()[1]}"
        finally:
            listener.close()
            self.drop_connections()
            await listener.wait_closed()

    def drop_connections(self) -> None:
        """Close every connection, as servers do with idle ones."""
        for session in self._sessions:
            if session.transport is not None:
                session.transport.close()
        self._sessions.clear()

    def _session(self) -> Any:
        from aiosmtpd.smtp import SMTP  # noqa: PLC0415, an optional dependency

        session = SMTP(
            _Handler(self),
            hostname="localhost",
            enable_SMTPUTF8=self._smtputf8,
            tls_context=self._tls_context if self._security == "starttls" else None,
            require_starttls=self._security == "starttls",
            auth_require_tls=False,
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )
        self.connections += 1
        self._sessions.append(session)
        return session

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
        from aiosmtpd.smtp import AuthResult  # noqa: PLC0415, an optional dependency

        expected = tuple(part.encode() for part in self._auth or ())
        # Not handled: aiosmtpd says 235 or 535 itself.
        return AuthResult(success=(data.login, data.password) == expected, handled=False)

    def _remember(self, mail: LocalMail) -> None:
        self.messages.append(mail)
        self.times[mail.reference] += 1
        if self._on_message is not None:
            self._on_message(mail)


def _require_aiosmtpd() -> None:
    if find_spec("aiosmtpd") is None:
        raise RuntimeError("the local SMTP server needs aiosmtpd: pip install 'contact-gateway[demo]'")


class _Handler:
    """aiosmtpd's hooks. A mail's behaviour is used up by the step that ends it."""

    def __init__(self, server: LocalSmtpServer) -> None:
        self._server = server

    async def handle_MAIL(self, _: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if self._server._auth is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if reply := self._refusal("MAIL"):
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, session: Any, _: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if reply := self._refusal("RCPT"):
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, protocol: Any, _: Any, envelope: Any) -> str:  # noqa: N802
        behaviour = self._server.script.take()
        if isinstance(behaviour, Refuse):
            return behaviour.reply
        if not isinstance(behaviour, Cut) or behaviour.taken:
            self._server._remember(_mail(envelope))
        if isinstance(behaviour, Cut):
            protocol.transport.abort()
            await asyncio.Event().wait()
        if isinstance(behaviour, Slow):
            await asyncio.sleep(behaviour.by.total_seconds())
        return "250 2.0.0 OK"

    def _refusal(self, step: str) -> str | None:
        behaviour = self._server.script.peek()
        if isinstance(behaviour, Refuse) and behaviour.at == step:
            self._server.script.take()
            return behaviour.reply
        return None


def _mail(envelope: Any) -> LocalMail:
    message = message_from_bytes(envelope.content, policy=default)
    assert isinstance(message, EmailMessage)
    return LocalMail(envelope.mail_from, tuple(envelope.rcpt_tos), message, envelope.content)
