from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from channels.base import ChannelFailure, OutcomeUnknown, PermanentFailure, TemporaryFailure
from channels.sms.twilio import CODES, TwilioSms, failure_for
from tests.channels.builders import SOON, a_text, failure
from tests.channels.twilio_vendor import ACCOUNT, TOKEN, Says, TwilioVendor

Vendor = tuple[TwilioVendor, str]


def a_provider(client: httpx.AsyncClient, url: str, sender: str = "+12125550123", **options: str) -> TwilioSms:
    return TwilioSms(client, ACCOUNT, TOKEN, sender, base_url=url, **options)


async def test_the_request_is_twilios_form(twilio: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = twilio
    provider = a_provider(client, url, status_callback="https://lender.example/webhooks/twilio")

    accepted = await provider.send(a_text(text="a+b & ü 您好"), timeout=SOON)

    assert vendor.forms == [
        {
            "To": "+8613900000000",
            "From": "+12125550123",
            "Body": "a+b & ü 您好",
            # Twilio keeps no reference of ours; the address does.
            "StatusCallback": "https://lender.example/webhooks/twilio?reference=attempt-1",
        }
    ]
    assert accepted.provider_message_id == "SM00000000000000000000000000000001"
    assert accepted.provider_code == "queued"


async def test_the_reference_is_added_to_an_address_that_has_a_query(twilio: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = twilio
    provider = a_provider(client, url, status_callback="https://lender.example/hear?from=twilio")

    await provider.send(a_text(reference="a&b=c d"), timeout=SOON)

    assert vendor.forms[0]["StatusCallback"] == "https://lender.example/hear?from=twilio&reference=a%26b%3Dc%20d"


async def test_a_messaging_service_is_named_as_one(twilio: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = twilio

    await a_provider(client, url, "MG" + "1" * 32).send(a_text(), timeout=SOON)

    assert "From" not in vendor.forms[0]
    assert vendor.forms[0]["MessagingServiceSid"] == "MG" + "1" * 32


@pytest.mark.parametrize(
    ("valid_for", "sent"),
    [
        (None, None),
        (timedelta(seconds=1), "1"),
        (timedelta(seconds=90.9), "90"),
        (timedelta(hours=10), "36000"),
        (timedelta(days=3), "36000"),
    ],
)
async def test_the_validity_is_never_longer_than_ours_nor_than_twilio_takes(
    twilio: Vendor, client: httpx.AsyncClient, valid_for: timedelta | None, sent: str | None
) -> None:
    vendor, url = twilio

    await a_provider(client, url).send(a_text(valid_for=valid_for), timeout=SOON)

    assert vendor.forms[0].get("ValidityPeriod") == sent


async def test_a_wrong_token_is_our_fault_and_not_the_messages(twilio: Vendor, client: httpx.AsyncClient) -> None:
    _, url = twilio

    error = await failure(TwilioSms(client, ACCOUNT, "wrong", "+12125550123", base_url=url), a_text())

    assert isinstance(error, TemporaryFailure)
    assert error.code == "20003"


@pytest.mark.parametrize("code", CODES)
async def test_a_code_in_a_refusal_means_what_the_table_says(
    twilio: Vendor, client: httpx.AsyncClient, code: str
) -> None:
    vendor, url = twilio
    vendor.says.append(Says(400, int(code)))

    error = await failure(a_provider(client, url), a_text())

    expected = failure_for(code)
    assert type(error) is type(expected)
    assert vars(error) == vars(expected)


@pytest.mark.parametrize(
    ("code", "kind", "bad_address"),
    [
        ("21211", PermanentFailure, True),
        ("21610", PermanentFailure, False),  # stopped by the person: the number is theirs and good
        ("21614", PermanentFailure, True),
        ("30003", TemporaryFailure, None),
        ("20429", TemporaryFailure, None),
        ("63038", TemporaryFailure, None),
        ("30410", OutcomeUnknown, None),
        ("99999", OutcomeUnknown, None),
    ],
)
def test_the_codes_that_matter_most(code: str, kind: type[ChannelFailure], bad_address: bool | None) -> None:
    error = failure_for(code)

    assert type(error) is kind
    assert getattr(error, "bad_address", None) is bad_address


@pytest.mark.parametrize(
    ("says", "kind", "code"),
    [
        (Says(400, 99999), PermanentFailure, "99999"),
        (Says(400, None), PermanentFailure, "400"),
        (Says(500, 21211), OutcomeUnknown, "21211"),
        (Says(500, 20500), OutcomeUnknown, "20500"),
        (Says(503, 20503), TemporaryFailure, "20503"),
        (Says(429, None), TemporaryFailure, "429"),
        (Says(201, body={"sid": "SM1", "status": "failed", "error_code": 21610}), PermanentFailure, "21610"),
        (Says(201, body={"sid": "SM1", "status": "failed", "error_code": 12345}), OutcomeUnknown, "12345"),
        (Says(201, body={"status": "queued"}), OutcomeUnknown, "201"),
        (Says(201, body="<html>"), OutcomeUnknown, "201"),
    ],
)
async def test_other_answers_go_by_their_status(
    twilio: Vendor, client: httpx.AsyncClient, says: Says, kind: type[ChannelFailure], code: str
) -> None:
    vendor, url = twilio
    vendor.says.append(says)

    error = await failure(a_provider(client, url), a_text())

    assert type(error) is kind
    assert error.code == code


async def test_retry_after_is_honoured(twilio: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = twilio
    vendor.says.append(Says(429, 20429, headers={"Retry-After": "3"}))

    error = await failure(a_provider(client, url), a_text())

    assert isinstance(error, TemporaryFailure)
    assert error.retry_after == timedelta(seconds=3)


async def test_the_token_is_not_in_the_url(twilio: Vendor, client: httpx.AsyncClient) -> None:
    _, url = twilio
    provider = a_provider(client, url)

    assert TOKEN not in repr(vars(provider)["_url"])
    assert urlsplit(vars(provider)["_url"]).username is None
