"""What the tests of channels have in common."""

from dataclasses import replace
from datetime import timedelta
from ssl import create_default_context
from typing import Any

import httpx

from channels.base import ChannelFailure, Message, Provider

_CONTEXT = create_default_context()  # loading the certificates takes longer than most tests

SOON = timedelta(seconds=10)
#: For sends that are meant to run out of time.
AT_ONCE = timedelta(seconds=0.4)
FOREVER = timedelta(minutes=5)

A_TEXT = Message(reference="attempt-1", to="+8613900000000", text="您好，您的账单 1,234.56 元将于明天到期。")
#: As carriers in China take it: a registered template and its values.
A_REGISTERED_TEXT = replace(
    A_TEXT, template="due_reminder/sms/zh", values={"name": "王小姐", "amount": "1,234.56 元", "due_on": "明天"}
)
A_MAIL = Message(
    reference="attempt-1",
    to="ann.lee@example.com",
    text="Dear Ann,\nyour bill of $123.45 is due tomorrow.\n",
    subject="Your bill",
)


def a_text(**changes: Any) -> Message:
    """A text that may be sent."""
    return replace(A_TEXT, **changes)


def a_mail(**changes: Any) -> Message:
    """A mail that may be sent."""
    return replace(A_MAIL, **changes)


async def failure(provider: Provider, message: Message) -> ChannelFailure:
    """The failure of sending `message`."""
    try:
        await provider.send(message, timeout=SOON)
    except ChannelFailure as error:
        return error
    raise AssertionError("it was accepted")


def an_http_client() -> httpx.AsyncClient:
    """A client as the gateway gives it to a provider, but for the proxies in the environment."""
    return httpx.AsyncClient(trust_env=False, verify=_CONTEXT)
