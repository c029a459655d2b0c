import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from channels.base import Arrival, Heard, Receipt, Reply, Webhook, WebhookRefused, WebhookUnreadable
from channels.local import serve, tell
from channels.sms.http_webhooks import HttpListener
from tests.channels.webhook_signers import NOW, NUMBER, REFERENCE, WHSEC, by_standard_webhooks

RECEIPT = {"type": "receipt", "reference": REFERENCE, "status": "delivered"}
REPLY = {"type": "reply", "id": "in-1", "from": NUMBER, "text": "STOP"}


def hear(*events: dict[str, Any]) -> list[Heard]:
    return list(HttpListener(WHSEC).hear(by_standard_webhooks(json.dumps(events).encode())))


@pytest.mark.parametrize(
    ("status", "arrival"),
    [("accepted", Arrival.ACCEPTED), ("delivered", Arrival.DELIVERED), ("failed", Arrival.FAILED)],
)
def test_a_receipt_is_read_with_all_it_says(status: str, arrival: Arrival) -> None:
    said = RECEIPT | {"status": status, "code": "E7", "at": "2026-03-02T05:05:00+01:00", "id": "m-1"}

    [heard] = hear(said)

    assert heard == Receipt(
        id=heard.id,
        reference=REFERENCE,
        arrival=arrival,
        code=None,  # a word or a number; what is both could be anything
        at=datetime(2026, 3, 2, 4, 5, tzinfo=UTC),
        provider_message_id="m-1",
    )


def test_several_events_come_in_their_order() -> None:
    heard = hear(RECEIPT | {"status": "accepted"}, REPLY, RECEIPT)

    assert [type(one) for one in heard] == [Receipt, Reply, Receipt]
    assert len({one.id for one in heard}) == 3


def test_only_a_failure_makes_an_address_bad() -> None:
    heard = hear(RECEIPT | {"bad_address": True}, RECEIPT | {"status": "failed", "bad_address": True})

    assert [one.bad_address for one in heard if isinstance(one, Receipt)] == [False, True]


def test_ids_that_cannot_be_stored_as_they_are_stay_apart() -> None:
    ids: list[object] = ["甲", "乙", "x" * 101, 7, "7"]

    heard = hear(*({**REPLY, "id": given} for given in ids))

    assert len({one.id for one in heard}) == 4  # 7 and "7" are one


@pytest.mark.parametrize(
    "said",
    [
        RECEIPT | {"reference": ""},
        RECEIPT | {"reference": None},
        RECEIPT | {"reference": "a b"},
        RECEIPT | {"reference": "x" * 101},
        RECEIPT | {"status": "opened"},
        RECEIPT | {"status": ["delivered"]},
        RECEIPT | {"bad_address": "yes"},
        RECEIPT | {"at": "2026-03-02T05:05:00"},
        RECEIPT | {"at": 1772424306},
        RECEIPT | {"at": "0001-01-01T00:00:00+23:59"},
        REPLY | {"id": None},
        REPLY | {"id": True},
        REPLY | {"id": ""},
        REPLY | {"from": ""},
        REPLY | {"from": 8613900000000},
        REPLY | {"from": "\0"},
        REPLY | {"from": "8613900000000"},
        REPLY | {"from": "13900000000"},
        REPLY | {"from": "bank"},
        REPLY | {"text": ["STOP"]},
        REPLY | {"type": "complaint"},
    ],
)
def test_an_event_with_a_fault_is_unreadable(said: dict[str, Any]) -> None:
    with pytest.raises(WebhookUnreadable):
        hear(said)


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(WebhookRefused):
        HttpListener(None).hear(by_standard_webhooks(json.dumps(RECEIPT).encode()))


def test_what_is_no_secret_is_said_when_the_listener_is_made() -> None:
    with pytest.raises(ValueError, match="a webhook secret"):
        HttpListener("hunter2")


async def test_the_provider_on_this_machine_says_what_the_listener_hears(client: httpx.AsyncClient) -> None:
    heard: list[Heard] = []
    listener = HttpListener(WHSEC)

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        webhook = Webhook(request.method, str(request.url), dict(request.headers), await request.body(), NOW)
        heard.extend(listener.hear(webhook))
        thanks = listener.thanks
        await Response(thanks.body, thanks.status)(scope, receive, send)

    async with serve(door) as url:
        response = await tell(client, url, WHSEC, RECEIPT, REPLY, id="msg_1", at=NOW)

    assert response.status_code == 204
    assert [type(one) for one in heard] == [Receipt, Reply]
