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
from channels.sandbox import Sandbox, SandboxByAddress
from channels.sms.http import HttpSms
from channels.sms.twilio import TwilioSms
from gateway.clock import SystemClock
from gateway.providers import NoProvider, from_settings
from gateway.settings import Settings
from gateway.store.database import Database
from policies.facts import Channel
from tests import databases
from tests.gateway.test_settings import _nothing_is_set  # noqa: F401 - a fixture for every test here

MESSAGE = Message("reference", "+8613900000000", "text")
PATIENCE = timedelta(seconds=5)

HTTP: dict[str, Any] = {"sms_url": SecretStr("http://sms.example")}
TWILIO: dict[str, Any] = {"twilio_account_sid": "AC1", "twilio_from": "+12125550123"}
SANDBOX: dict[str, Any] = {"sandbox": True}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(databases.url(tmp_path), SystemClock(), databases.vault())
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("settings", "channel", "wanted"),
    [
        (HTTP, Channel.SMS, {"http": HttpSms}),
        (TWILIO, Channel.SMS, {"twilio": TwilioSms}),
        (HTTP | TWILIO, Channel.SMS, {"twilio": TwilioSms, "http": HttpSms}),
        ({"smtp_url": SecretStr("smtp://mail.example")}, Channel.EMAIL, {"smtp": SmtpEmail}),
        ({}, Channel.CALLBACK, {"callback": CallbackQueue}),
        (SANDBOX, Channel.SMS, {"sandbox": SandboxByAddress}),
        (SANDBOX, Channel.EMAIL, {"sandbox-mail": SandboxByAddress}),
        (SANDBOX | HTTP, Channel.SMS, {"http": HttpSms}),
        ({}, Channel.SMS, {"none": NoProvider}),
        ({}, Channel.EMAIL, {"none": NoProvider}),
    ],
)
async def test_the_settings_say_who_carries_a_channel_and_in_which_order(
    database: Database, settings: dict[str, Any], channel: Channel, wanted: dict[str, type]
) -> None:
    carriers = from_settings(Settings(**settings), database, SystemClock(), {})

    assert carriers.keys() == set(Channel)
    assert [(one.name, type(one)) for one in carriers[channel].providers] == list(wanted.items())
    for one in carriers.values():
        for provider in one.providers:
            await provider.close()


async def test_a_provider_that_is_given_goes_before_the_settings(database: Database) -> None:
    given = Sandbox(name="given")

    carriers = from_settings(
        Settings(sms_url=SecretStr("http://sms.example")), database, SystemClock(), {Channel.SMS: given}
    )

    assert carriers[Channel.SMS].providers == [given]


@pytest.mark.parametrize(
    ("channel", "setting"), [(Channel.SMS, "GATEWAY_SMS_URL"), (Channel.EMAIL, "GATEWAY_SMTP_URL")]
)
async def test_where_nothing_is_configured_a_contact_waits_and_its_attempt_names_the_setting(
    database: Database, channel: Channel, setting: str
) -> None:
    provider = from_settings(Settings(), database, SystemClock(), {})[channel].providers[0]

    with pytest.raises(TemporaryFailure, match=setting):
        await provider.send(MESSAGE, timeout=PATIENCE)

    assert provider.is_attempt


async def test_a_text_leaves_through_the_provider_of_the_settings_under_its_sender(database: Database) -> None:
    vendor = LocalSmsProvider()
    async with vendor.serve() as url:
        settings = Settings(sms_url=SecretStr(url), sms_sender="BANK")
        [provider] = from_settings(settings, database, SystemClock(), {})[Channel.SMS].providers

        await provider.send(MESSAGE, timeout=PATIENCE)
        await provider.close()

    [text] = vendor.messages
    assert (text.to, text.sender, text.text, text.reference) == ("+8613900000000", "BANK", "text", "reference")
