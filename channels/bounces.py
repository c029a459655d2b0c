"""Mails that come to us, and what they mean.

    a report: delivery status (RFC 3464)   Receipt for each recipient that it names
    a report: feedback (RFC 5965)          Complaint for abuse and fraud, nothing for other kinds
    another report, such as "was read"     nothing
    from a mail server, no report          Receipt where qmail or Exim say that it failed, else WebhookUnreadable
    automatic (RFC 3834), from a list      nothing
    anything else                          Reply with what its writer wrote, nothing if that is no text

Nobody vouches for a mail: a report can be made up by who knows the reference, the sender of a reply by anybody.
"""

import re
from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256

from channels.base import Heard, Reply, Thanks, Webhook, WebhookRefused, WebhookUnreadable
from channels.incoming import Part, instant, parse, plain
from channels.replies import written
from channels.reports import Once, complaints, plain_bounce, receipts
from channels.webhooks import LONGEST_SENDER, receipt_id, reply_text, same

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@]{1,64}@[^\s<>()\[\],;:\\\"@]{1,255}")
_SERVERS = frozenset(("mailer-daemon", "postmaster", "mail-daemon", "maildaemon"))
_AUTOMATIC_SUBJECT = re.compile(
    r"\s*\W?(auto(matic)?[ -]?(reply|response)|out of (the )?office|自动回复|自動回覆|自动答复|abwesenheitsnotiz"
    r"|réponse automatique|respuesta automática)",
    re.IGNORECASE,
)


def read(raw: bytes) -> Sequence[Heard]:
    """What the mail means, or `WebhookUnreadable`."""
    mail = parse(raw)
    once = _once(mail, raw)
    if status := mail.first("message/delivery-status", "message/global-delivery-status"):
        return receipts(mail, status, once)
    if feedback := mail.first("message/feedback-report"):
        return complaints(mail, feedback, once)
    if mail.kind == "multipart/report":
        if mail.parameters.get("report-type", "").lower() in ("delivery-status", "feedback-report"):
            raise WebhookUnreadable("the report has not the part that it is about")
        return ()
    if _is_a_servers(mail):
        return [plain_bounce(mail, once)]
    if _is_automatic(mail):
        return ()
    return _replies(mail, once)


class MailListener:
    """Hears mails that a mail server's pipe posts as they are, with a secret as Bearer token or as Basic password.

    Without a secret nothing is believed.
    """

    thanks = Thanks()

    def __init__(self, secret: str | None, *, name: str = "mail") -> None:
        self.name = name
        self._secret = secret

    def hear(self, webhook: Webhook) -> Sequence[Heard]:
        """What it says, or `WebhookRefused`, or `WebhookUnreadable`."""
        if webhook.method != "POST":
            raise WebhookUnreadable("it is no POST")
        if not self._secret:
            raise WebhookRefused("there is no secret to verify it with")
        if not same(_given(webhook.headers.get("authorization", "")), self._secret):
            raise WebhookRefused("its secret is not ours")
        return read(webhook.body)


def _is_a_servers(mail: Part) -> bool:
    local, _, _ = _sender(mail).lower().partition("@")
    if local in _SERVERS or "@" not in _sender(mail):
        return True
    # The null sender is also what RFC 3834 asks of an automatic answer.
    return mail.header("return-path").strip() == "<>" and not _is_automatic(mail)


def _is_automatic(mail: Part) -> bool:
    submitted = mail.header("auto-submitted").partition(";")[0].strip().lower()
    return (
        submitted not in ("", "no")
        or mail.header("precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply")
        or any(name in mail.headers for name in ("list-id", "x-autoreply", "x-autorespond"))
        or _AUTOMATIC_SUBJECT.match(plain(mail.header("subject")[:500])) is not None
    )


def _replies(mail: Part, once: Once) -> list[Heard]:
    text = reply_text(written(mail))
    if not text:
        return []
    return [Reply(id=once("reply"), sender=_sender(mail), text=text, at=instant(mail.header("date")))]


def _sender(mail: Part) -> str:
    """The address in From. Empty: there is none."""
    written_as = mail.header("from")[:1_000]
    # In angle brackets where there are any: the name before them may look like an address too.
    address = _ADDRESS.search(written_as, max(0, written_as.rfind("<")))
    return address[0][:LONGEST_SENDER] if address else ""


def _once(mail: Part, raw: bytes) -> Once:
    """Ids for what the mail says: the same when it is read twice, from whatever mailbox."""
    named = mail.header("message-id") or sha256(raw.replace(b"\r\n", b"\n").strip()).hexdigest()
    return lambda what: receipt_id(named, what)


def _given(authorization: str) -> str:
    """The secret in the header. Empty: there is none."""
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(rest.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
