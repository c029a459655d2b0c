"""One mail through one SMTP connection, and what goes wrong on the way.

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

Where the server offers it, it is asked to report a failure under our reference (RFC 3461), without the text (RET=HDRS),
and not to deliver too late (RFC 2852). `channels/bounces.py` reads what comes of it.
"""

import re
from datetime import timedelta

import aiosmtplib

from channels.base import Accepted, ChannelFailure, OutcomeUnknown, PermanentFailure, TemporaryFailure
from channels.mime import Mail

#: All that aiosmtplib raises; a failed handshake comes as the OSError it is.
FAILURES = (aiosmtplib.SMTPException, OSError, TimeoutError)

_DOT = re.compile(rb"(?m)^\.")
_ENHANCED = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
#: RFC 3463: the recipient's address, but 5.1.7 and 5.1.8 are about the sender's; 5.2.1 is a mailbox switched off.
_BAD_ADDRESS = re.compile(r"5\.1\.(?![78]$)[0-9]+|5\.2\.1")


#: What RFC 3461 gives a client to say: an envelope id of so many characters, an address of so many.
_LONGEST_ENVID = 100
_LONGEST_ORCPT = 500
#: RFC 2852, 4: nine digits.
_LONGEST_BY = 999_999_999
#: RFC 3461, 4: what stands for itself in an xtext.
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")


class Transfer:
    """One mail on its way through one connection.

    `deliver_by`: a server that knows RFC 2852 is told how long it is valid.
    """

    def __init__(self, mail: Mail, seconds: float, *, deliver_by: bool = False) -> None:
        if deliver_by and mail.valid_for is not None and mail.valid_for < timedelta(seconds=1):
            raise TemporaryFailure("too little time was left to hand it over")
        self.mail = mail
        self.seconds = seconds
        self.deliver_by = deliver_by
        #: From the first byte of its text on, a silent server may have taken it.
        self.on_its_way = False

    async def begin(self, smtp: aiosmtplib.SMTP, *, timeout: float | None = None) -> None:
        """Tell the server who writes."""
        await _greet(smtp)
        options: list[str] = []
        if self.mail.needs_utf8:
            if not smtp.supports_extension("smtputf8"):
                raise aiosmtplib.SMTPNotSupported("SMTPUTF8")
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        if smtp.supports_extension("dsn"):
            options.append("RET=HDRS")
            if 0 < len(self.mail.envelope_id) <= _LONGEST_ENVID:
                options.append(f"ENVID={self.mail.envelope_id}")
        if self.deliver_by and self.mail.valid_for is not None and smtp.supports_extension("deliverby"):
            options.append(f"BY={_deliver_by(self.mail.valid_for, smtp.esmtp_extensions['deliverby'])};R")
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
        options = _reporting(self.mail) if smtp.supports_extension("dsn") else []
        await smtp.rcpt(self.mail.to, options=options, encoding=encoding)
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


async def _greet(smtp: aiosmtplib.SMTP) -> None:
    """Learn what the server offers, before it is used. One that knows no EHLO offers nothing."""
    if not smtp.is_ehlo_or_helo_needed:
        return
    try:
        await smtp.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not smtp.is_connected:
            raise
        await smtp.helo()


def _deliver_by(valid_for: timedelta, offered: str) -> int:
    """Seconds for BY (RFC 2852). A server may offer none below its own least: then that, rather than no end at all."""
    least = int(offered) if re.fullmatch("[0-9]{1,9}", offered.strip()) else 1
    return max(least, min(int(valid_for.total_seconds()), _LONGEST_BY))


def _reporting(mail: Mail) -> list[str]:
    """RFC 3461: report a failure and nothing else, and name the address as we wrote it, wherever it is forwarded to."""
    address = _NOT_XTEXT.sub(lambda odd: f"+{ord(odd[0]):02X}", mail.to)
    # One outside ASCII would take another alphabet (RFC 6533), and the envelope id says enough.
    if mail.needs_utf8 or len(address) > _LONGEST_ORCPT:
        return ["NOTIFY=FAILURE"]
    return ["NOTIFY=FAILURE", f"ORCPT=rfc822;{address}"]


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
    if error.code < 500 or isinstance(error, aiosmtplib.SMTPAuthenticationError):
        # Our own login is refused: a person mends that, and the mails meanwhile are not at fault.
        return TemporaryFailure(detail, code=code)
    bad_address = isinstance(error, aiosmtplib.SMTPRecipientRefused) and _is_bad_address(error)
    return PermanentFailure(detail, code=code, bad_address=bad_address)


def _is_bad_address(error: aiosmtplib.SMTPRecipientRefused) -> bool:
    """RFC 3463's code where the server gives one: "550 5.7.1" is a policy, and the address may be as good as any."""
    if match := _ENHANCED.match(error.message):
        return is_bad_address(match[1])
    return error.code in (550, 551, 553)


def is_bad_address(enhanced: str) -> bool:
    """Whether a code of RFC 3463, such as "5.1.1", says that the address itself is wrong."""
    return _BAD_ADDRESS.fullmatch(enhanced) is not None


def _code(code: int, message: str) -> str:
    match = _ENHANCED.match(message)
    return f"{code} {match[1]}" if match else str(code)
