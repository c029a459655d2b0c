"""What every listener promises, whoever speaks: it believes the vendor alone, and is never surprised."""

import json
import traceback
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Arrival, Heard, Receipt, Reply, Webhook, WebhookRefused, WebhookUnreadable
from channels.webhooks import LARGEST_BODY
from tests.channels.webhook_signers import (
    IN_ADDRESS,
    JUST_IN_TIME,
    LATE,
    NOW,
    NUMBER,
    REFERENCE,
    SECRET,
    TOKEN,
    VENDORS,
    WHSEC,
    Vendor,
)


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return VENDORS[request.param]


def hear(vendor: Vendor, said: Any, **options: Any) -> list[Heard]:
    return list(vendor.listener().hear(vendor.sign(vendor.write(said), **options)))


def one_receipt(vendor: Vendor, said: dict[str, Any]) -> Receipt:
    [heard] = hear(vendor, said)
    assert isinstance(heard, Receipt)
    return heard


def test_a_receipt_moves_the_attempt_that_it_names(vendor: Vendor) -> None:
    receipt = one_receipt(vendor, vendor.delivered)

    assert receipt.reference == REFERENCE
    assert receipt.arrival is Arrival.DELIVERED
    assert receipt.bad_address is False


def test_a_failure_says_why_and_whether_the_address_is_wrong(vendor: Vendor) -> None:
    receipt = one_receipt(vendor, vendor.failed)

    assert receipt.arrival is Arrival.FAILED
    assert receipt.code
    assert receipt.bad_address is True


def test_what_is_said_twice_is_one_receipt_and_what_is_said_anew_is_another(vendor: Vendor) -> None:
    ids = [one_receipt(vendor, said).id for said in (vendor.delivered, vendor.delivered, vendor.failed)]

    assert ids[0] == ids[1] != ids[2]


def test_a_reply_is_read_with_its_sender_as_we_write_numbers(vendor: Vendor) -> None:
    [heard] = hear(vendor, vendor.reply)

    assert isinstance(heard, Reply)
    assert (heard.sender, heard.text) == (NUMBER, "STOP")
    assert heard.id


def test_a_long_reply_is_cut(vendor: Vendor) -> None:
    [heard] = hear(vendor, vendor.reply | {vendor.text: "ab" * 2_000})

    assert isinstance(heard, Reply)
    assert heard.text == "ab" * 1_000


@pytest.mark.parametrize("text", ["", "拒收请回复R 😀", "a\0b"])
def test_whatever_somebody_writes_can_be_stored(vendor: Vendor, text: str) -> None:
    [heard] = hear(vendor, vendor.reply | {vendor.text: text})

    assert isinstance(heard, Reply)
    assert heard.text == text.replace("\0", "")


@pytest.mark.parametrize(
    "name", [name for name, vendor in VENDORS.items() if vendor.write is not VENDORS["twilio"].write]
)
def test_half_an_emoji_is_replaced(name: str) -> None:
    vendor = VENDORS[name]

    [heard] = hear(vendor, vendor.reply | {vendor.text: "STOP \ud83d"})

    assert isinstance(heard, Reply)
    assert heard.text == "STOP ?"


def test_what_is_signed_with_another_secret_is_refused(vendor: Vendor) -> None:
    with pytest.raises(WebhookRefused):
        hear(vendor, vendor.delivered, secret=vendor.another_secret)


def test_what_is_not_signed_is_refused(vendor: Vendor) -> None:
    webhook = vendor.sign(vendor.write(vendor.delivered))
    stripped = replace(webhook, headers={}, url=webhook.url.partition("?")[0])

    with pytest.raises(WebhookRefused):
        vendor.listener().hear(stripped)


@pytest.mark.parametrize("name", [name for name, vendor in VENDORS.items() if vendor.signs])
def test_a_body_that_was_changed_on_its_way_is_refused(name: str) -> None:
    vendor = VENDORS[name]
    genuine = vendor.sign(vendor.write(vendor.failed))

    with pytest.raises(WebhookRefused):
        vendor.listener().hear(replace(genuine, body=vendor.write(vendor.delivered)))


@pytest.mark.parametrize("name", [name for name, vendor in VENDORS.items() if vendor.has_time])
@pytest.mark.parametrize("sign", [1, -1])
def test_what_was_signed_long_before_it_came_or_after_is_refused(name: str, sign: int) -> None:
    vendor = VENDORS[name]

    assert hear(vendor, vendor.delivered, said_at=NOW.replace(microsecond=0) + sign * JUST_IN_TIME)
    with pytest.raises(WebhookRefused):
        hear(vendor, vendor.delivered, said_at=NOW.replace(microsecond=0) + sign * LATE)


def test_another_method_and_a_body_beyond_all_measure_are_not_looked_at(vendor: Vendor) -> None:
    genuine = vendor.sign(vendor.write(vendor.delivered))

    for odd in (replace(genuine, method="GET"), replace(genuine, body=b" " * (LARGEST_BODY + 1))):
        with pytest.raises(WebhookUnreadable):
            vendor.listener().hear(odd)


GARBAGE = [
    b"",
    b"null",
    b"7",
    b'"x"',
    b"[1]",
    b"[{}]",
    b"{}",
    b"\xff\xfe",
    b"{",
    b"[" * 200_000,
    b'{"a":' * 200_000,
    json.dumps({"type": "receipt"}).encode("utf-16"),
    b'{"status": "flown", "success": "yes", "MessageStatus": "flown", "type": "carrier pigeon"}',
]


@pytest.mark.parametrize("name", [name for name in VENDORS if name != "twilio"])
@pytest.mark.parametrize("body", GARBAGE)
def test_what_the_vendor_says_and_nobody_can_read_is_unreadable(name: str, body: bytes) -> None:
    vendor = VENDORS[name]

    with pytest.raises(WebhookUnreadable):
        vendor.listener().hear(vendor.sign(body))


@pytest.mark.parametrize("name", [name for name in VENDORS if name != "twilio"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_another_encoding_than_utf_8_is_unreadable(name: str, encoding: str) -> None:
    vendor = VENDORS[name]
    body = json.dumps(vendor.delivered).encode(encoding)

    with pytest.raises(WebhookUnreadable):
        vendor.listener().hear(vendor.sign(body))


@pytest.mark.parametrize(
    "body", [b"", b"x=1", b"MessageStatus=flown", b"MessageStatus=", b"From=%2B1", b"MessageSid=SM1"]
)
def test_a_form_that_nobody_can_read_is_unreadable(body: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        VENDORS["twilio"].listener().hear(VENDORS["twilio"].sign(body))


def test_an_error_names_nobody(vendor: Vendor) -> None:
    listener = vendor.listener()
    genuine = vendor.sign(vendor.write(vendor.reply))
    odd = [
        replace(genuine, headers={}, url="https://gateway.example/"),
        replace(genuine, body=genuine.body + b"&{"),
        vendor.sign(vendor.write(dict.fromkeys([*vendor.reply, *vendor.delivered], NUMBER))),
    ]

    for webhook in odd:
        with pytest.raises((WebhookRefused, WebhookUnreadable)) as raised:
            listener.hear(webhook)

        printed = f"{raised.value!r} {''.join(traceback.format_exception(raised.value))}"
        assert NUMBER.removeprefix("+") not in printed
        assert not any(secret in printed for secret in (WHSEC, TOKEN, SECRET, IN_ADDRESS))
        assert raised.value.__context__ is None


def test_a_webhook_does_not_print_itself(vendor: Vendor) -> None:
    genuine = vendor.sign(vendor.write(vendor.reply))

    assert NUMBER.removeprefix("+") not in repr(genuine)
    assert NUMBER not in repr(vendor.listener().hear(genuine))


def test_a_vendor_that_is_thanked_need_not_say_it_again(vendor: Vendor) -> None:
    thanks = vendor.listener().thanks

    assert 200 <= thanks.status < 300
    assert not (thanks.body and thanks.status == 204)


_TEXTS = st.text() | st.sampled_from(
    [NUMBER, REFERENCE, "receipt", "reply", "delivered", "failed", "Bearer a.b.c", "\ud800"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=10,
)
_NAMES = st.sampled_from(
    ["authorization", "webhook-id", "webhook-timestamp", "webhook-signature", "x-twilio-signature", "content-type"]
)


@pytest.mark.parametrize("name", VENDORS)
@settings(max_examples=100)
@given(
    method=st.sampled_from(["POST", "GET", ""]),
    url=_TEXTS | st.from_regex(r"https?://[^?]*(:[0-9a-z]*)?\?(bodySHA256|token|reference)=.*"),
    headers=st.dictionaries(_NAMES | _TEXTS, _TEXTS),
    body=st.binary(),
    at=st.datetimes(timezones=st.just(NOW.tzinfo)),
)
def test_a_stranger_is_refused_and_causes_nothing_else(
    name: str, method: str, url: str, headers: dict[str, str], body: bytes, at: Any
) -> None:
    with pytest.raises((WebhookRefused, WebhookUnreadable)):
        VENDORS[name].listener().hear(Webhook(method, url, headers, body, at))


@pytest.mark.parametrize("name", VENDORS)
@settings(max_examples=200)
@given(data=st.data())
def test_a_vendor_may_say_anything_and_causes_nothing_else(name: str, data: st.DataObject) -> None:
    vendor = VENDORS[name]
    like = data.draw(st.sampled_from([vendor.delivered, vendor.failed, vendor.reply]))
    odd = data.draw(st.dictionaries(st.sampled_from(sorted(like)), _JSON, min_size=1, max_size=3))
    gone = data.draw(st.sets(st.sampled_from(sorted(like)), max_size=2))
    said = {field: value for field, value in (like | odd).items() if field not in gone}
    body = (
        vendor.write({field: str(value).encode("utf-8", "replace") for field, value in said.items()})
        if (name == "twilio")
        else vendor.write(said)
    )

    try:
        heard = vendor.listener().hear(vendor.sign(body))
    except WebhookUnreadable:
        return

    for one in heard:
        assert 0 < len(one.id) <= 100
        if isinstance(one, Reply):
            assert 0 < len(one.sender) <= 320
            assert len(one.text) <= 2_000
            (one.text + one.sender).encode()
        if isinstance(one, Receipt):
            assert 0 < len(one.reference) <= 100
            assert one.at is None or one.at.utcoffset() == timedelta(0)
