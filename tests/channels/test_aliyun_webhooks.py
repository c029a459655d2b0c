import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.base import Arrival, Heard, Receipt, Reply, WebhookRefused, WebhookUnreadable
from channels.sms.aliyun_webhooks import AliyunListener
from tests.channels.webhook_signers import IN_ADDRESS, REFERENCE, by_aliyun

#: The vendor's example, with our reference in it.
REPORT = {
    "phone_number": "13811110000",
    "send_time": "2017-01-01 00:00:00",
    "report_time": "2017-01-01 00:00:00",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "12345",
    "out_id": REFERENCE,
}
TEXT = {
    "phone_number": "13811110000",
    "content": "内容",
    "send_time": "2017-09-01 00:00:00",
    "dest_code": "1234",
    "sequence_id": "1234567890",
}


def hear(*said: dict[str, Any]) -> list[Heard]:
    return list(AliyunListener(IN_ADDRESS).hear(by_aliyun(json.dumps(said).encode())))


def test_the_vendors_example_of_a_report_is_read() -> None:
    [heard] = hear(REPORT)

    assert heard == Receipt(
        id=heard.id,
        reference=REFERENCE,
        arrival=Arrival.DELIVERED,
        code="DELIVERED",
        at=datetime(2016, 12, 31, 16, tzinfo=UTC),  # midnight in Beijing
        provider_message_id="12345",
    )


def test_the_vendors_example_of_a_text_is_read() -> None:
    assert hear(TEXT) == [
        Reply(id="1234567890", sender="+8613811110000", text="内容", at=datetime(2017, 8, 31, 16, tzinfo=UTC))
    ]


@pytest.mark.parametrize(
    ("said", "arrival", "bad_address"),
    [
        ({"success": False, "err_code": "MK:0001"}, Arrival.FAILED, False),
        ({"success": False, "err_code": "MOBILE_NOT_ON_SERVICE"}, Arrival.FAILED, False),
        ({"success": False, "err_code": "isv.MOBILE_NUMBER_ILLEGAL"}, Arrival.FAILED, True),
        ({"success": False, "err_code": None}, Arrival.FAILED, False),
        # Taken, and the carrier has not spoken yet.
        ({"success": False, "err_code": "REQUEST_SUCCESS"}, Arrival.ACCEPTED, False),
    ],
)
def test_a_report_of_failure_says_how_far_it_got(said: dict[str, Any], arrival: Arrival, bad_address: bool) -> None:
    [heard] = hear(REPORT | said)

    assert isinstance(heard, Receipt)
    assert heard.arrival is arrival
    assert heard.code == said["err_code"]
    assert heard.bad_address is bad_address


@pytest.mark.parametrize("number", ["13811110000", "8613811110000", "+8613811110000", "008613811110000"])
def test_a_sender_is_written_as_we_write_numbers(number: str) -> None:
    [heard] = hear(TEXT | {"phone_number": number})

    assert isinstance(heard, Reply)
    assert heard.sender == "+8613811110000"


@pytest.mark.parametrize("out_id", ["", None, "流水号"])
def test_reports_about_messages_of_others_do_not_hide_ours(out_id: str | None) -> None:
    heard = hear(REPORT | {"out_id": out_id}, REPORT, {name: v for name, v in REPORT.items() if name != "out_id"})

    assert [one.reference for one in heard if isinstance(one, Receipt)] == [REFERENCE]


@pytest.mark.parametrize("send_time", ["", "yesterday", "2017-99-01 00:00:00", "0001-01-01 00:00:00"])
def test_a_time_that_cannot_be_told_is_left_out(send_time: str) -> None:
    [heard] = hear(TEXT | {"send_time": send_time})

    assert isinstance(heard, Reply)
    assert heard.at is None


@pytest.mark.parametrize(
    "said",
    [REPORT | {"success": "true"}, REPORT | {"report_time": 7}, TEXT | {"sequence_id": None}, {"dest_code": "1"}],
)
def test_what_is_not_as_the_vendor_writes_it_is_unreadable(said: dict[str, Any]) -> None:
    with pytest.raises(WebhookUnreadable):
        hear(said)


@pytest.mark.parametrize(
    "url",
    [
        f"https://gateway.example/webhooks/aliyun?token={IN_ADDRESS}",
        f"https://gateway.example/webhooks/aliyun?x=1&token={IN_ADDRESS}",
        f"https://gateway.example/webhooks/aliyun/{IN_ADDRESS}",
        f"https://gateway.example/webhooks/aliyun/{IN_ADDRESS}?x=1",
    ],
)
def test_the_secret_may_stand_in_the_query_or_at_the_end_of_the_path(url: str) -> None:
    assert AliyunListener(IN_ADDRESS).hear(replace(by_aliyun(b"[]"), url=url)) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example/webhooks/aliyun",
        "https://gateway.example/webhooks/aliyun?token=",
        f"https://gateway.example/webhooks/aliyun?token={IN_ADDRESS}x",
        f"https://gateway.example/webhooks/aliyun?token={IN_ADDRESS[:-1]}",
        f"https://gateway.example/webhooks/aliyun?secret={IN_ADDRESS}",
        f"https://gateway.example/{IN_ADDRESS}/aliyun",
        f"https://gateway.example/webhooks/aliyun#{IN_ADDRESS}",
        f"https://gateway.example/webhooks/aliyun?{IN_ADDRESS}",
        "",
    ],
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(WebhookRefused):
        AliyunListener(IN_ADDRESS).hear(replace(by_aliyun(b"[]"), url=url))


@pytest.mark.parametrize("token", ["", "short", "has a blank in its 16", "x" * 15, "é" * 16, "a/b" * 6])
def test_a_token_that_can_be_guessed_or_cannot_be_in_an_address_is_refused_at_once(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        AliyunListener(token)


def test_the_vendor_is_thanked_in_its_own_words() -> None:
    thanks = AliyunListener(IN_ADDRESS).thanks

    assert (thanks.status, json.loads(thanks.body)) == (200, {"code": 0, "msg": "ok"})
    assert thanks.content_type == "application/json"
