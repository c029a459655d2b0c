"""Which providers carry which channel, from the settings. A provider of a new kind is registered here."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from email.utils import parseaddr
from typing import ClassVar
from urllib.parse import urlsplit

import structlog

from channels.base import Accepted, Listener, Message, Provider, TemporaryFailure
from channels.bounces import MailListener
from channels.connections import client
from channels.dkim import Signer
from channels.email import SmtpEmail
from channels.sandbox import SandboxByAddress
from channels.sms.aliyun import AliyunSms, Registered
from channels.sms.aliyun_webhooks import AliyunListener
from channels.sms.http import HttpSms
from channels.sms.http_webhooks import HttpListener
from channels.sms.twilio import TwilioSms
from channels.sms.twilio_webhooks import TwilioListener
from channels.sms.vonage import VonageSms
from channels.sms.vonage_webhooks import VonageListener
from gateway import callbacks, sandbox
from gateway.carriers import Carrier, Carriers
from gateway.clock import Clock
from gateway.core import Door, Ear
from gateway.settings import Settings
from gateway.store.database import Database
from policies.facts import Channel

log = structlog.get_logger(__name__)


class BadProvider(ValueError):
    """A setting from which no provider can be made. Names the setting, and not its value."""


class NoProvider:
    """Stands where nothing is configured: contacts wait and say why, and go another way where they have one."""

    name = "none"
    is_attempt: ClassVar[bool] = True

    def __init__(self, setting: str) -> None:
        self._setting = setting

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        raise TemporaryFailure(f"no provider is configured: set {self._setting}")

    async def close(self) -> None:
        """Nothing is held."""


Given = Mapping[Channel, Provider | Sequence[Provider]]


def from_settings(
    settings: Settings, database: Database, clock: Clock, given: Given, elapsed: Callable[[], float] = time.monotonic
) -> dict[Channel, Carriers]:
    """Those `given`, and for every other channel what the settings say."""
    makers: dict[Channel, Callable[[], list[Carrier]]] = {
        Channel.SMS: lambda: _sms(settings, clock, database),
        Channel.EMAIL: lambda: _email(settings, clock, database),
        Channel.CALLBACK: lambda: [Carrier(callbacks.channel(database), rests=False)],
    }
    return {
        channel: Carriers(_as_carriers(given[channel]) if channel in given else make(), elapsed)
        for channel, make in makers.items()
    }


def _as_carriers(given: Provider | Sequence[Provider]) -> list[Carrier]:
    return [Carrier(one) for one in (given if isinstance(given, Sequence) else [given])]


def _sms(settings: Settings, clock: Clock, database: Database) -> list[Carrier]:
    """Every provider that is configured. The first goes first; the generic one last."""
    makers = (_aliyun(settings, clock), _twilio(settings), _vonage(settings), _generic(settings))
    found = [carrier for carrier in makers if carrier is not None]
    return found or [_nothing(settings, "GATEWAY_SMS_URL", Channel.SMS, database)]


def _aliyun(settings: Settings, clock: Clock) -> Carrier | None:
    if not settings.aliyun_access_key_id:
        return None
    provider = AliyunSms(
        client(),
        settings.aliyun_access_key_id,
        settings.aliyun_access_key_secret.get_secret_value(),
        settings.aliyun_sign_name,
        _registered(settings.aliyun_templates),
        clock=clock,
        nonce=lambda: secrets.token_hex(16),
        base_url=settings.aliyun_base_url,
    )
    return Carrier(provider, ("+86",))


def _registered(templates: str) -> dict[str, Registered]:
    """`overdue_reminder/sms/zh=SMS_123:name,amount;...`"""
    found: dict[str, Registered] = {}
    for one in filter(None, (part.strip() for part in templates.split(";"))):
        name, _, registered = one.partition("=")
        code, _, parameters = registered.partition(":")
        if not name.strip() or not code.strip():
            raise BadProvider("GATEWAY_ALIYUN_TEMPLATES: each is `template/sms/language=CODE:parameter,parameter`")
        names = tuple(filter(None, (parameter.strip() for parameter in parameters.split(","))))
        found[name.strip()] = Registered(code.strip(), names)
    return found


def _twilio(settings: Settings) -> Carrier | None:
    if not settings.twilio_account_sid:
        return None
    provider = TwilioSms(
        client(),
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value(),
        settings.twilio_from,
        base_url=settings.twilio_base_url,
        status_callback=_callback(settings, "twilio"),
    )
    return Carrier(provider)


def _vonage(settings: Settings) -> Carrier | None:
    if not settings.vonage_api_key:
        return None
    provider = VonageSms(
        client(),
        settings.vonage_api_key,
        settings.vonage_api_secret.get_secret_value(),
        settings.vonage_from,
        base_url=settings.vonage_base_url,
        status_url=_callback(settings, "vonage") if settings.vonage_signature_secret.get_secret_value() else None,
    )
    return Carrier(provider)


def _generic(settings: Settings) -> Carrier | None:
    url = settings.sms_url.get_secret_value()
    if not url:
        return None
    _check_http_url(url)
    return Carrier(HttpSms(client(), url, settings.sms_sender))


def _callback(settings: Settings, name: str) -> str | None:
    """Where a provider may tell us more: only where it can reach us."""
    return f"{settings.address()}/webhooks/{name}" if settings.public_url else None


MAIL = Ear("mail", Channel.EMAIL, frozenset({"smtp"}))
"""Whose words are heard in mails that come to us, by webhook or from a mailbox."""


def doors(settings: Settings) -> dict[str, Door]:
    """Where providers tell us what became of their messages, by the names of their addresses: `/webhooks/{name}`."""
    secret = {
        name: getattr(settings, setting).get_secret_value()
        for name, setting in (
            ("http", "sms_webhook_secret"),
            ("twilio", "twilio_auth_token"),
            ("vonage", "vonage_signature_secret"),
            ("aliyun", "aliyun_webhook_token"),
        )
    }
    makers: dict[str, Callable[[], Listener]] = {
        "http": lambda: HttpListener(secret["http"]),
        "twilio": lambda: TwilioListener(secret["twilio"]),
        "vonage": lambda: VonageListener(secret["vonage"]),
        "aliyun": lambda: AliyunListener(secret["aliyun"]),
    }
    found: dict[str, Door] = {}
    for name, make in makers.items():
        if secret[name]:
            try:
                found[name] = Door(make(), Ear(name, Channel.SMS, frozenset({name})))
            except ValueError as wrong:
                raise BadProvider(f"the webhooks of {name}: {wrong}") from None
    if mail := settings.mail_webhook_secret.get_secret_value():
        found[MAIL.name] = Door(MailListener(mail), MAIL)
    return found


def _email(settings: Settings, clock: Clock, database: Database) -> list[Carrier]:
    if settings.smtp_url.get_secret_value():
        try:
            smtp = SmtpEmail.from_url(
                settings.smtp_url.get_secret_value(),
                sender=settings.smtp_sender,
                date=clock,
                dkim=signer(settings, clock),
            )
        except ValueError as wrong:
            raise BadProvider(f"GATEWAY_SMTP_URL: {wrong}") from None
        return [Carrier(smtp)]
    return [_nothing(settings, "GATEWAY_SMTP_URL", Channel.EMAIL, database)]


def signer(settings: Settings, clock: Clock) -> Signer | None:
    if settings.dkim_key is None:
        return None
    try:
        pem = settings.dkim_key.read_bytes()
    except OSError:
        raise BadProvider("GATEWAY_DKIM_KEY: this file cannot be read") from None
    domain = settings.dkim_domain or parseaddr(settings.smtp_sender)[1].rpartition("@")[2]
    try:
        return Signer(domain, settings.dkim_selector, pem, clock)
    except ValueError as wrong:
        raise BadProvider(f"GATEWAY_DKIM_KEY: {wrong}") from None


def _check_http_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadProvider("GATEWAY_SMS_URL: must begin with http:// or https:// and name a host")


def _nothing(settings: Settings, setting: str, channel: Channel, database: Database) -> Carrier:
    if settings.sandbox:
        return Carrier(SandboxByAddress(sandbox.Inbox(database), name=sandbox.NAMES[channel]))
    log.warning("no provider is configured", setting=setting)
    return Carrier(NoProvider(setting), rests=False)
