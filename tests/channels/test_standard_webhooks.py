import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Webhook, WebhookRefused
from channels.standard_webhooks import key, sign, verify
from tests.channels.webhook_signers import NOW, WHSEC, by_standard_webhooks

BODY = b'{"test": 2432232314}'


def test_the_signature_is_that_of_the_specifications_own_libraries() -> None:
    """libraries/python/tests/test_webhooks.py, test_sign_function"""
    headers = sign(WHSEC, "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), BODY)

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(st.binary(), st.from_regex("[A-Za-z0-9_-]{1,100}", fullmatch=True), st.binary(min_size=24, max_size=64))
def test_what_we_sign_we_believe(body: bytes, id: str, secret: bytes) -> None:
    whsec = f"whsec_{base64.b64encode(secret).decode()}"

    verify(whsec, Webhook("POST", "", sign(whsec, id, NOW, body), body, NOW))


def test_one_of_several_signatures_is_enough_so_that_a_secret_can_be_changed() -> None:
    webhook = by_standard_webhooks(BODY)
    old = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
    several = f"{old} v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNV {webhook.headers['webhook-signature']} {old}"

    verify(WHSEC, replace(webhook, headers={**webhook.headers, "webhook-signature": several}))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ("webhook-signature", "v1,"),
        ("webhook-signature", ""),
        ("webhook-signature", "é"),
        ("webhook-id", "msg_2"),
        ("webhook-id", ""),
        ("webhook-timestamp", "hello"),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "٣"),
        ("webhook-timestamp", "9" * 5_000),
        ("webhook-timestamp", ""),
    ],
)
def test_a_header_that_was_changed_is_refused(header: str, value: str) -> None:
    webhook = by_standard_webhooks(BODY)

    with pytest.raises(WebhookRefused):
        verify(WHSEC, replace(webhook, headers={**webhook.headers, header: value}))


def test_the_signature_under_another_version_is_refused() -> None:
    webhook = by_standard_webhooks(BODY)
    renamed = webhook.headers["webhook-signature"].replace("v1,", "v2,")

    with pytest.raises(WebhookRefused):
        verify(WHSEC, replace(webhook, headers={**webhook.headers, "webhook-signature": renamed}))


def test_what_was_signed_cannot_be_cut_up_in_another_way() -> None:
    seconds = int(NOW.timestamp())
    webhook = by_standard_webhooks(f"{seconds}.{{}}".encode(), id="msg_1")
    # The same bytes were signed; only the borders moved.
    moved = {**webhook.headers, "webhook-id": f"msg_1.{seconds}", "webhook-timestamp": str(seconds)}

    with pytest.raises(WebhookRefused):
        verify(WHSEC, replace(webhook, headers=moved, body=b"{}"))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        WHSEC.removeprefix("whsec_"),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",
        "whsec_not base64 at all, hunter2!!!!!",
        "whsec_é",
        f"whsec_{base64.b64encode(b'x' * 23).decode()}",
        f"whsec_{base64.b64encode(b'x' * 65).decode()}",
        f"whsk_{base64.b64encode(b'x' * 32).decode()}",
    ],
)
def test_what_is_no_secret_is_said_at_once_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="a webhook secret is") as raised:
        key(secret)

    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("id", ["", "a.b", "a b", "a\nb", "é", "x" * 101])
def test_an_id_that_could_be_taken_for_something_else_is_not_signed(id: str) -> None:
    with pytest.raises(ValueError, match="id"):
        sign(WHSEC, id, NOW, b"")


def test_a_time_without_its_offset_is_not_signed() -> None:
    with pytest.raises(ValueError, match="offset"):
        sign(WHSEC, "msg_1", NOW.replace(tzinfo=None), b"")
