"""Subscribing to events over the API."""

from typing import Any

import pytest

from gateway.api.ids import Kind, global_id
from gateway.model import Role
from tests.api.client import Api

PUBLIC = "https://8.8.8.8/events"

SUBSCRIBE = """mutation ($input: SubscribeEventsInput!) { subscribeEvents(input: $input) {
    subscription { id url kinds createdAt endedAt waiting givenUp lastAnswer } secret userErrors { code field } } }"""
END = """mutation ($id: ID!) { endEventSubscription(subscriptionId: $id) {
    subscription { id endedAt } userErrors { code field } } }"""
LIST = "{ eventSubscriptions { id url } }"


async def subscribe(api: Api, url: str = PUBLIC, **more: Any) -> dict[str, Any]:
    who = {name: more.pop(name) for name in ("role", "name") if name in more}
    answer: dict[str, Any] = (await api.data(SUBSCRIBE, {"input": {"url": url, **more}}, **who))["subscribeEvents"]
    return answer


async def test_the_secret_is_shown_once_and_the_subscription_is_listed_until_it_is_ended(api: Api) -> None:
    made = await subscribe(api, kinds=["contact.sent"])
    listed = await api.data(LIST)
    ended = (await api.data(END, {"id": made["subscription"]["id"]}))["endEventSubscription"]

    assert made["secret"].startswith("whsec_")
    assert made["subscription"] | {"id": "", "createdAt": ""} == {
        "id": "", "url": PUBLIC, "kinds": ["contact.sent"], "createdAt": "", "endedAt": None,
        "waiting": 0, "givenUp": 0, "lastAnswer": None,
    }  # fmt: skip
    assert listed == {"eventSubscriptions": [{"id": made["subscription"]["id"], "url": PUBLIC}]}
    assert ended["subscription"]["endedAt"]
    assert await api.data(LIST) == {"eventSubscriptions": []}


@pytest.mark.parametrize(
    ("input_", "field"),
    [
        ({"url": "http://8.8.8.8/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://2130706433/"}, "url"),
        ({"url": "https://[::ffff:a9fe:a9fe]/latest/meta-data"}, "url"),
        ({"url": "https://localhost/"}, "url"),
        ({"url": PUBLIC, "kinds": ["contact.exploded"]}, "kinds"),
    ],
)
async def test_what_cannot_be_told_is_a_user_error(api: Api, input_: dict[str, Any], field: str) -> None:
    answer = await subscribe(api, **input_)

    assert answer["subscription"] is None
    assert answer["secret"] is None
    assert answer["userErrors"] == [{"code": "INVALID", "field": [field]}]


async def test_a_caller_has_ten_at_most_and_another_has_ten_of_its_own(api: Api) -> None:
    for _ in range(10):
        assert (await subscribe(api))["userErrors"] == []

    assert (await subscribe(api))["userErrors"] == [{"code": "CONFLICT", "field": ["url"]}]
    assert (await subscribe(api, name="other"))["userErrors"] == []


async def test_a_subscription_is_its_callers_own_and_who_watches_over_them_sees_it(api: Api) -> None:
    made = (await subscribe(api))["subscription"]["id"]
    query = "query ($id: ID!) { node(id: $id) { id } }"

    assert await api.data(LIST, name="other") == {"eventSubscriptions": []}
    assert (await api.data(query, {"id": made}, name="other"))["node"] is None
    for id_ in (made, global_id(Kind.CONTACT, "0" * 32), "x"):
        ended = (await api.data(END, {"id": id_}, name="other"))["endEventSubscription"]
        assert ended == {"subscription": None, "userErrors": [{"code": "NOT_FOUND", "field": ["subscriptionId"]}]}
    for role in (Role.COMPLIANCE, Role.ADMIN):
        assert [one["id"] for one in (await api.data(LIST, role=role))["eventSubscriptions"]] == [made]
    assert (await api.data(END, {"id": made}, role=Role.ADMIN))["endEventSubscription"]["subscription"]["endedAt"]
