from datetime import timedelta

import httpx
import pytest

from channels.base import ChannelFailure, OutcomeUnknown, PermanentFailure, TemporaryFailure
from channels.sms.vonage import CODES, VonageSms, failure_for
from tests.channels.builders import SOON, a_text, failure
from tests.channels.vonage_vendor import KEY, SECRET, Says, VonageVendor

Vendor = tuple[VonageVendor, str]


def a_provider(client: httpx.AsyncClient, url: str, sender: str = "LENDER", **options: str) -> VonageSms:
    return VonageSms(client, KEY, SECRET, sender, base_url=url, **options)


async def test_the_request_is_vonages_message(vonage: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = vonage
    provider = a_provider(client, url, status_url="https://lender.example/webhooks/vonage")

    accepted = await provider.send(a_text(text="a+b & ü 您好"), timeout=SOON)

    assert vendor.messages == [
        {
            "message_type": "text",
            "channel": "sms",
            "to": "8613900000000",
            "from": "LENDER",
            "text": "a+b & ü 您好",
            "client_ref": "attempt-1",
            "webhook_url": "https://lender.example/webhooks/vonage",
            "webhook_version": "v1",
        }
    ]
    assert accepted.provider_message_id == "00000000-0000-0000-0000-000000000001"
    assert accepted.provider_code == "202"


async def test_no_number_has_a_plus_and_no_address_is_named_where_there_is_none(
    vonage: Vendor, client: httpx.AsyncClient
) -> None:
    vendor, url = vonage

    await a_provider(client, url, "+12125550123").send(a_text(), timeout=SOON)

    assert vendor.messages[0]["from"] == "12125550123"
    assert "webhook_url" not in vendor.messages[0]


@pytest.mark.parametrize(
    ("valid_for", "sent"),
    [
        (None, None),
        (timedelta(seconds=1), 1),
        (timedelta(seconds=90.9), 90),
        (timedelta(hours=72), 259_200),
        (timedelta(days=30), 259_200),
    ],
)
async def test_the_validity_is_never_longer_than_ours_nor_than_vonage_tries(
    vonage: Vendor, client: httpx.AsyncClient, valid_for: timedelta | None, sent: int | None
) -> None:
    vendor, url = vonage

    await a_provider(client, url).send(a_text(valid_for=valid_for), timeout=SOON)

    assert vendor.messages[0].get("ttl") == sent


async def test_what_is_hardly_valid_any_more_is_not_sent(vonage: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = vonage

    error = await failure(a_provider(client, url), a_text(valid_for=timedelta(seconds=0.9)))

    assert isinstance(error, TemporaryFailure)
    assert not vendor.messages


async def test_a_wrong_secret_is_our_fault_and_not_the_messages(vonage: Vendor, client: httpx.AsyncClient) -> None:
    _, url = vonage

    error = await failure(VonageSms(client, KEY, "wrong", "LENDER", base_url=url), a_text())

    assert isinstance(error, TemporaryFailure)
    assert error.code == "unauthorized"


@pytest.mark.parametrize("changes", [{"text": ""}, {"text": "x" * 1_001}, {"to": "+1"}, {"reference": "x" * 101}])
async def test_what_vonage_does_not_take_is_refused_for_good(
    vonage: Vendor, client: httpx.AsyncClient, changes: dict[str, str]
) -> None:
    vendor, url = vonage

    error = await failure(a_provider(client, url), a_text(**changes))

    assert isinstance(error, PermanentFailure)
    assert error.code == "1150"
    assert not vendor.messages


@pytest.mark.parametrize("code", CODES)
async def test_a_code_in_a_refusal_means_what_the_table_says(
    vonage: Vendor, client: httpx.AsyncClient, code: str
) -> None:
    vendor, url = vonage
    vendor.says.append(Says(422, code))

    error = await failure(a_provider(client, url), a_text())

    expected = failure_for(code)
    assert type(error) is type(expected)
    assert vars(error) == vars(expected)


@pytest.mark.parametrize(
    ("code", "kind", "bad_address"),
    [
        ("1170", PermanentFailure, True),
        ("1190", PermanentFailure, True),
        ("1240", PermanentFailure, False),  # stopped by the person: the number is theirs and good
        ("1050", PermanentFailure, False),
        ("low-balance", TemporaryFailure, None),
        ("1180", TemporaryFailure, None),
        ("1320", OutcomeUnknown, None),
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
        (Says(422, "99999"), PermanentFailure, "99999"),
        (Says(400, None), PermanentFailure, "400"),
        (Says(422, "8613900000000"), PermanentFailure, "422"),
        (Says(402, "some-new-word"), TemporaryFailure, "some-new-word"),
        (Says(500, "1170"), OutcomeUnknown, "1170"),
        (Says(503, None), TemporaryFailure, "503"),
        (Says(202, body={}), OutcomeUnknown, "202"),
        (Says(202, body={"message_uuid": ""}), OutcomeUnknown, "202"),
        (Says(202, body="<html>"), OutcomeUnknown, "202"),
        (Says(422, body={"type": 7}), PermanentFailure, "422"),
    ],
)
async def test_other_answers_go_by_their_status(
    vonage: Vendor, client: httpx.AsyncClient, says: Says, kind: type[ChannelFailure], code: str
) -> None:
    vendor, url = vonage
    vendor.says.append(says)

    error = await failure(a_provider(client, url), a_text())

    assert type(error) is kind
    assert error.code == code


async def test_retry_after_is_honoured(vonage: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = vonage
    vendor.says.append(Says(429, "throttled", headers={"Retry-After": "3"}))

    error = await failure(a_provider(client, url), a_text())

    assert isinstance(error, TemporaryFailure)
    assert error.retry_after == timedelta(seconds=3)
