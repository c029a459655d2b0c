import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from typing import Any

import httpx
import pytest

from channels.base import ChannelFailure, Message, OutcomeUnknown, PermanentFailure, TemporaryFailure
from channels.sms.aliyun import AliyunSms, Registered, failure_for
from channels.sms.aliyun_codes import CODES
from channels.sms.aliyun_signature import authorization, headers
from tests.channels.aliyun_vendor import KEY_ID, KEY_SECRET, NOW, SIGNATURE, AliyunVendor, Says
from tests.channels.builders import A_REGISTERED_TEXT, SOON, failure

Vendor = tuple[AliyunVendor, str]

TEMPLATES = {
    "due_reminder/sms/zh": Registered("SMS_1001", ("name", "amount")),
    "callback_offer/sms/zh": Registered("SMS_1002"),
    "overdue_reminder/sms/zh": Registered("SMS_9999", ("name",)),
}


def a_provider(
    client: httpx.AsyncClient,
    url: str,
    *,
    secret: str = KEY_SECRET,
    clock: Callable[[], datetime] = lambda: NOW,
    nonce: Callable[[], str] | None = None,
) -> AliyunSms:
    numbers = count()
    return AliyunSms(
        client,
        KEY_ID,
        secret,
        SIGNATURE,
        TEMPLATES,
        clock=clock,
        nonce=nonce or (lambda: f"nonce-{next(numbers)}"),
        base_url=url,
    )


def a_registered(**changes: Any) -> Message:
    return replace(A_REGISTERED_TEXT, **changes)


def test_the_signature_is_the_one_of_the_vendors_example() -> None:
    """https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature, with its fixed parameters."""
    signed = headers(
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        at=datetime(2023, 10, 26, 18, 22, 32, tzinfo=timezone(timedelta(hours=8))),
        nonce="3156853299f313e23d1673dc12e1703d",
        body=b"",
    )
    query = "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai"

    assert authorization("YourAccessKeyId", "YourAccessKeySecret", signed, query=query) == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


async def test_what_goes_out_is_a_registered_template_and_its_values(
    aliyun: Vendor, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    vendor, url = aliyun

    with caplog.at_level("DEBUG"):
        accepted = await a_provider(client, url).send(a_registered(reference="0123456789abcdef" * 2), timeout=SOON)

    [text] = vendor.texts
    assert json.loads(text.pop("TemplateParam")) == {"name": "王小姐", "amount": "1,234.56 元"}
    assert text == {
        "OutId": "0123456789abcdef" * 2,
        "PhoneNumbers": "13900000000",
        "SignName": SIGNATURE,
        "TemplateCode": "SMS_1001",
    }
    assert (accepted.provider_message_id, accepted.provider_code) == ("1^0", "OK")
    # Addresses are logged by libraries and proxies: the number is not in one.
    assert "13900000000" not in caplog.text


async def test_a_template_may_have_no_values(aliyun: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = aliyun

    await a_provider(client, url).send(a_registered(template="callback_offer/sms/zh"), timeout=SOON)

    assert vendor.texts[0]["TemplateParam"] == "{}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"template": None}, "no registered template"),
        ({"template": "due_reminder/sms/en"}, "no registered template"),
        ({"values": {"amount": "1"}}, "name"),
        ({"to": "+12125550123"}, "mainland China"),
        ({"to": "+85251234567"}, "mainland China"),
    ],
)
async def test_what_cannot_be_said_to_the_vendor_says_so_and_blames_no_address(
    aliyun: Vendor, client: httpx.AsyncClient, changes: dict[str, Any], said: str
) -> None:
    vendor, url = aliyun

    error = await failure(a_provider(client, url), a_registered(**changes))

    assert isinstance(error, PermanentFailure)
    assert said in error.detail
    assert error.bad_address is False
    assert not vendor.texts


@pytest.mark.parametrize(
    ("changes", "code", "bad_address"),
    [
        ({"to": "+8621000000"}, "isv.MOBILE_NUMBER_ILLEGAL", True),
        ({"template": "overdue_reminder/sms/zh"}, "isv.SMS_TEMPLATE_ILLEGAL", False),
        ({"values": {"name": "x" * 36, "amount": "1"}}, "isv.PARAM_LENGTH_LIMIT", False),
        ({"values": {"name": "https://lender.example", "amount": "1"}}, "isv.PARAM_NOT_SUPPORT_URL", False),
        ({"reference": "x" * 256}, "isv.INVALID_PARAMETERS", False),
    ],
)
async def test_what_the_vendor_does_not_take_is_refused_for_good(
    aliyun: Vendor, client: httpx.AsyncClient, changes: dict[str, Any], code: str, bad_address: bool
) -> None:
    _, url = aliyun

    error = await failure(a_provider(client, url), a_registered(**changes))

    assert isinstance(error, PermanentFailure)
    assert (error.code, error.bad_address) == (code, bad_address)


async def test_a_wrong_secret_and_a_wrong_clock_are_our_fault_and_not_the_messages(
    aliyun: Vendor, client: httpx.AsyncClient
) -> None:
    _, url = aliyun

    wrong = await failure(a_provider(client, url, secret="wrong"), a_registered())
    late = await failure(a_provider(client, url, clock=lambda: NOW + timedelta(minutes=16)), a_registered())

    assert [type(error) for error in (wrong, late)] == [TemporaryFailure, TemporaryFailure]
    assert [error.code for error in (wrong, late)] == ["SignatureDoesNotMatch", "InvalidTimeStamp.Expired"]


async def test_a_request_that_the_vendor_saw_before_may_have_left(aliyun: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = aliyun
    provider = a_provider(client, url, nonce=lambda: "always the same")
    await provider.send(a_registered(), timeout=SOON)

    error = await failure(provider, a_registered())

    assert isinstance(error, OutcomeUnknown)
    assert error.code == "SignatureNonceUsed"
    assert len(vendor.texts) == 1


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("code", CODES)
async def test_a_code_in_a_refusal_means_what_the_table_says(
    aliyun: Vendor, client: httpx.AsyncClient, code: str, status: int
) -> None:
    vendor, url = aliyun
    vendor.says.append(Says(status, code))

    error = await failure(a_provider(client, url), a_registered())

    expected = failure_for(code)
    assert type(error) is type(expected)
    assert vars(error) == vars(expected)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", TemporaryFailure),
        ("isv.AMOUNT_NOT_ENOUGH", TemporaryFailure),
        ("isv.CUSTOMER_REFUSED", PermanentFailure),
        ("isv.SMS_TEMPLATE_ILLEGAL", PermanentFailure),
        ("isp.SYSTEM_ERROR", OutcomeUnknown),
        ("isv.SOMETHING_NEW", OutcomeUnknown),
    ],
)
def test_the_codes_that_matter_most(code: str, kind: type[ChannelFailure]) -> None:
    assert type(failure_for(code)) is kind


@pytest.mark.parametrize(
    ("says", "kind", "code"),
    [
        (Says(400, "SomethingNew"), PermanentFailure, "SomethingNew"),
        (Says(403, "SomethingNew"), TemporaryFailure, "SomethingNew"),
        (Says(400, "13900000000"), PermanentFailure, "400"),
        (Says(500, "isv.MOBILE_NUMBER_ILLEGAL"), OutcomeUnknown, "isv.MOBILE_NUMBER_ILLEGAL"),
        (Says(503, "ServiceUnavailable"), TemporaryFailure, "ServiceUnavailable"),
        (Says(200, body={"Code": "OK"}), OutcomeUnknown, "200"),
        (Says(200, body={"BizId": "1"}), OutcomeUnknown, "200"),
        (Says(200, body={"Code": 7, "BizId": "1"}), OutcomeUnknown, "7"),
        (Says(200, body="<Error/>"), OutcomeUnknown, "200"),
    ],
)
async def test_other_answers_go_by_their_status(
    aliyun: Vendor, client: httpx.AsyncClient, says: Says, kind: type[ChannelFailure], code: str
) -> None:
    vendor, url = aliyun
    vendor.says.append(says)

    error = await failure(a_provider(client, url), a_registered())

    assert type(error) is kind
    assert error.code == code


async def test_retry_after_is_honoured(aliyun: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = aliyun
    vendor.says.append(Says(400, "Throttling.User", headers={"Retry-After": "3"}))

    error = await failure(a_provider(client, url), a_registered())

    assert isinstance(error, TemporaryFailure)
    assert error.retry_after == timedelta(seconds=3)


async def test_the_time_goes_out_in_utc(aliyun: Vendor, client: httpx.AsyncClient) -> None:
    vendor, url = aliyun
    beijing = NOW.astimezone(timezone(timedelta(hours=8)))

    await a_provider(client, url, clock=lambda: beijing).send(a_registered(), timeout=SOON)

    assert len(vendor.texts) == 1
    assert NOW.tzinfo is UTC
