"""Which provider carries which channel, from the settings."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from channels.base import Message, TemporaryFailure
from channels.callback import CallbackQueue
from channels.email import SmtpEmail
from channels.local import LocalSmsProvider
from channels.sandbox import Sandbox
from channels.sms.http import HttpSms
from channels.sms.twilio import TwilioSms
from gateway.clock import SystemClock
from gateway.providers import NoProvider, from_settings
from gateway.settings import Settings
from gateway.store.database import Database
from gateway.store.vault import PlainVault
from policies.facts import Channel
from tests.gateway.test_settings import _nothing_is_set  # noqa: F401 - a fixture for every test here

MESSAGE = Message("reference", "+8613900000000", "text")
PATIENCE = timedelta(seconds=5)

HTTP: dict[str, Any] = {"sms_url": SecretStr("http://sms.example")}
TWILIO: dict[str, Any] = {"twilio_account_sid": "AC1", "twilio_from": "+12125550123"}
SANDBOX: dict[str, Any] = {"sandbox": True}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/gateway.db", SystemClock(), PlainVault())
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("settings", "channel", "kind", "name"),
    [
        (HTTP, Channel.SMS, HttpSms, "http"),
        (TWILIO, Channel.SMS, TwilioSms, "twilio"),
        (HTTP | TWILIO, Channel.SMS, TwilioSms, "twilio"),
        ({"smtp_url": SecretStr("smtp://mail.example")}, Channel.EMAIL, SmtpEmail, "smtp"),
        ({}, Channel.CALLBACK, CallbackQueue, "callback"),
        (SANDBOX, Channel.SMS, Sandbox, "sandbox"),
        (SANDBOX, Channel.EMAIL, Sandbox, "sandbox"),
        (SANDBOX | HTTP, Channel.SMS, HttpSms, "http"),
        ({}, Channel.SMS, NoProvider, "none"),
        ({}, Channel.EMAIL, NoProvider, "none"),
    ],
)
async def test_the_settings_say_who_carries_a_channel(
    database: Database, settings: dict[str, Any], channel: Channel, kind: type, name: str
) -> None:
    providers = from_settings(Settings(**settings), database, SystemClock(), {})

    assert providers.keys() == set(Channel)
    assert type(providers[channel]) is kind
    assert providers[channel].name == name
    for provider in providers.values():
        await provider.close()


async def test_a_provider_that_is_given_goes_before_the_settings(database: Database) -> None:
    given = Sandbox(name="given")

    providers = from_settings(
        Settings(sms_url=SecretStr("http://sms.example")), database, SystemClock(), {Channel.SMS: given}
    )

    assert providers[Channel.SMS] is given


@pytest.mark.parametrize(
    ("channel", "setting"), [(Channel.SMS, "GATEWAY_SMS_URL"), (Channel.EMAIL, "GATEWAY_SMTP_URL")]
)
async def test_where_nothing_is_configured_a_contact_waits_and_its_attempt_names_the_setting(
    database: Database, channel: Channel, setting: str
) -> None:
    provider = from_settings(Settings(), database, SystemClock(), {})[channel]

    with pytest.raises(TemporaryFailure, match=setting):
        await provider.send(MESSAGE, timeout=PATIENCE)

    assert provider.is_attempt


async def test_a_text_leaves_through_the_provider_of_the_settings_under_its_sender(database: Database) -> None:
    vendor = LocalSmsProvider()
    async with vendor.serve() as url:
        provider = from_settings(Settings(sms_url=SecretStr(url), sms_sender="BANK"), database, SystemClock(), {})[
            Channel.SMS
        ]

        await provider.send(MESSAGE, timeout=PATIENCE)
        await provider.close()

    [text] = vendor.messages
    assert (text.to, text.sender, text.text, text.reference) == ("+8613900000000", "BANK", "text", "reference")
