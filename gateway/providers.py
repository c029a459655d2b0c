"""Which provider carries which channel, from the settings. A provider of a new kind is registered here, in one line."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit

import httpx
import structlog

from channels.base import Accepted, Message, Provider, TemporaryFailure
from channels.email import SmtpEmail
from channels.sandbox import Sandbox
from channels.sms.http import HttpSms
from channels.sms.twilio import TwilioSms
from gateway import callbacks
from gateway.clock import Clock
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


def from_settings(
    settings: Settings, database: Database, clock: Clock, given: Mapping[Channel, Provider]
) -> dict[Channel, Provider]:
    """Those `given`, and for every other channel what the settings say."""
    return {
        Channel.SMS: given.get(Channel.SMS) or _sms(settings),
        Channel.EMAIL: given.get(Channel.EMAIL) or _email(settings, clock),
        Channel.CALLBACK: given.get(Channel.CALLBACK) or callbacks.channel(database),
    }


def _sms(settings: Settings) -> Provider:
    if settings.twilio_account_sid:
        return TwilioSms(
            httpx.AsyncClient(),
            settings.twilio_account_sid,
            settings.twilio_auth_token.get_secret_value(),
            settings.twilio_from,
            base_url=settings.twilio_base_url,
        )
    if settings.sms_url.get_secret_value():
        _check_http_url(settings.sms_url.get_secret_value())
        return HttpSms(httpx.AsyncClient(), settings.sms_url.get_secret_value(), settings.sms_sender)
    return _nothing(settings, "GATEWAY_SMS_URL")


def _email(settings: Settings, clock: Clock) -> Provider:
    if settings.smtp_url.get_secret_value():
        try:
            return SmtpEmail.from_url(settings.smtp_url.get_secret_value(), sender=settings.smtp_sender, date=clock)
        except ValueError as wrong:
            raise BadProvider(f"GATEWAY_SMTP_URL: {wrong}") from None
    return _nothing(settings, "GATEWAY_SMTP_URL")


def _check_http_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadProvider("GATEWAY_SMS_URL: must begin with http:// or https:// and name a host")


def _nothing(settings: Settings, setting: str) -> Provider:
    if settings.sandbox:
        return Sandbox()
    log.warning("no provider is configured", setting=setting)
    return NoProvider(setting)
