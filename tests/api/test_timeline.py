"""The record of a customer as one query tells it: every step explained, nothing personal, nobody else's."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.base import Reply
from gateway import callbacks, customers, ending, receiving, timeline
from gateway.core import Ear
from gateway.model import Customer, OutsideResult
from gateway.requests import PlaceHold, RecordConsent, RecordOutsideContact
from gateway.store import customers as store
from gateway.store import log
from gateway.store.timeline import Entry
from policies.facts import Channel, ConsentStatus, HoldKind, Initiator, Medium, Purpose
from policies.hardship import SEEN, SignalKind
from policies.replies import Meaning
from tests.api.client import Api
from tests.api.test_walls import live
from tests.world import AGENT, SERVICE

TIMELINE = """query ($id: ID!, $first: Int, $after: String, $last: Int) { customer(by: {id: $id}) {
    timeline(first: $first, after: $after, last: $last) {
        nodes { number at kind what why { reason rule { id } } contact { purpose } about }
        pageInfo { hasNextPage hasPreviousPage endCursor } totalCount } } }"""


async def told(api: Api, customer: Customer, *, language: str = "en", **more: Any) -> dict[str, Any]:
    variables = {"id": api.id(customer), "first": None if "last" in more else 100, **more}
    answer = await api.data(TIMELINE, variables, customer=customer, **{"Accept-Language": language})
    shown: dict[str, Any] = answer["customer"]["timeline"]
    return shown


async def test_each_step_of_a_contact_is_told_in_its_order_and_the_decision_says_why(api: Api) -> None:
    world = api.world
    customer = await world.customer()
    bill = await world.bill(customer)
    first = await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)
    await world.deliver()
    later = world.clock() + timedelta(days=1)
    second = await world.request(
        customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id, not_before=later
    )
    await ending.cancel(world.gateway, SERVICE, second.contact.id, "a mistake")

    steps = (await told(api, customer))["nodes"]

    assert [step["number"] for step in steps] == list(range(1, len(steps) + 1))
    whats = [step["what"] for step in steps]
    assert whats[0] == "The customer was registered."
    assert "A bill of 1234.50 CNY was registered, due on 2026-11-14." in whats
    asked = whats.index("A reminder of an overdue bill was asked for by billing.")
    assert whats[asked + 1] == "It was decided: allowed by text."
    assert steps[asked + 1]["why"]["reason"]
    assert steps[asked + 1]["contact"] == {"purpose": "OVERDUE_REMINDER"}
    assert steps[asked]["about"] == api.id(first.contact)
    assert "Try number 1 by text began." in whats
    assert "What became of the try by text: taken by the provider." in whats
    assert whats[-1] == "The contact was taken back before it left."
    assert (await told(api, customer, language="zh"))["nodes"][0]["what"] == "客户信息已登记。"


async def test_who_waits_for_the_best_moment_is_told_why(api: Api) -> None:
    world = api.world
    customer = await world.customer()
    for days in (1, 2):  # at six in the evening in China
        at = world.clock() + timedelta(hours=6, days=-days)
        wrote = RecordOutsideContact(
            customer.id, f"chat {days}", "body", Medium.IM, OutsideResult.CONNECTED, Initiator.CUSTOMER, at
        )
        await customers.record_outside_contact(world.gateway, SERVICE, wrote)
    wanted = {"idempotencyKey": "k", "customerId": api.id(customer), "purpose": "FOLLOW_UP", "channels": ["SMS"]}
    asked = """mutation ($input: RequestContactInput!) { requestContact(input: $input) {
        contact { dueAt } replayed userErrors { code field } } }"""

    made = await api.data(asked, {"input": {**wanted, "atBestMoment": True}})
    again = await api.data(asked, {"input": {**wanted, "atBestMoment": True}})
    without = await api.data(asked, {"input": wanted})

    assert "T10:" in made["requestContact"]["contact"]["dueAt"]
    assert again["requestContact"]["replayed"]
    assert without["requestContact"]["userErrors"] == [{"code": "CONFLICT", "field": ["idempotencyKey"]}]
    [decided] = [one for one in (await told(api, customer))["nodes"] if one["kind"] == "decision"]
    assert decided["why"]["reason"].startswith("At this time of day the customer has reacted before")


async def test_pages_follow_each_other_from_both_ends(api: Api) -> None:
    life = await live(api, "Wang Fang")
    whole = await told(api, life.customer)

    numbers, after = [], None
    while True:
        page = await told(api, life.customer, first=7, after=after)
        numbers += [step["number"] for step in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    newest = await told(api, life.customer, last=3)

    assert numbers == [step["number"] for step in whole["nodes"]]
    assert whole["totalCount"] == len(numbers)
    assert [step["number"] for step in newest["nodes"]] == numbers[-3:]
    assert newest["pageInfo"]["hasPreviousPage"]


async def test_no_sentence_has_a_gap_or_anything_personal(api: Api) -> None:
    life = await live(api, "Wang Fang")

    for language in ("en", "zh"):
        for step in (await told(api, life.customer, language=language))["nodes"]:
            assert step["kind"] in timeline.SENTENCES
            assert not re.search(r" - |（-）|\{|Wang|13900000000|What is this about", step["what"]), step


async def _told_of(api: Api, text: str) -> list[str]:
    """The record of a customer who wrote that."""
    customer = await api.world.customer()
    ear = Ear("sms", Channel.SMS, frozenset({"sms"}))
    await receiving.receive(api.world.gateway, ear, [Reply("their-id", "+8613900000000", text)])
    return [step["what"] for step in (await told(api, customer))["nodes"]]


async def test_what_the_customer_wrote_is_not_told_as_a_contact_elsewhere(api: Api) -> None:
    whats = await _told_of(api, "我失业了")

    assert "A message of the customer came in: a text." in whats
    assert "The customer wrote to us; it was taken to mean that paying is hard." in whats
    assert not any("elsewhere" in what for what in whats)


async def test_what_nobody_had_to_read_is_not_told_as_read_by_a_person(api: Api) -> None:
    whats = await _told_of(api, "退订")

    assert "What the customer wrote was acted on at once." in whats
    assert "A person has dealt with what the customer wrote." not in whats


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        *(("hardship_signal", {"kind": one.value}) for one in SignalKind if one not in SEEN),
        *(("hold", {"kind": one.value}) for one in HoldKind),
        *(("hold.lifted", {"kind": one.value}) for one in HoldKind),
        *(("account.registered", {"product": one}) for one in ("CONSUMER_LOAN", "CREDIT_CARD")),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_sentence_has_a_code_in_it(kind: str, values: dict[str, str], language: str) -> None:
    said = timeline.say(Entry(1, kind, "1", datetime(2026, 11, 24, tzinfo=UTC), values), language)

    assert not re.search(r"[A-Z]{3}|_|-", said)


async def test_a_hold_that_ends_is_told_by_what_it_was_for(api: Api) -> None:
    customer = await api.world.customer()
    for kind in (HoldKind.CEASE, HoldKind.HARDSHIP):
        hold, _ = await customers.place_hold(api.world.gateway, SERVICE, PlaceHold(customer.id, kind))
    await customers.lift_hold(api.world.gateway, SERVICE, hold.id, "better now")

    whats = [one["what"] for one in (await told(api, customer))["nodes"]]

    assert [one.rpartition(": ")[2] for one in whats[-2:]] == [whats[-2].rpartition(": ")[2]] * 2
    assert whats[-1].startswith("This does not stop contact any more: ")


def test_a_callers_name_stays_as_it_is() -> None:
    values = {"purpose": "FOLLOW_UP", "requested_by": "billing"}

    said = timeline.say(Entry(1, "contact", "1", datetime(2026, 11, 24, tzinfo=UTC), values), "zh")

    assert said.startswith("billing请求")


def test_every_recorded_table_has_its_sentence() -> None:
    assert set(log.RECORDS) - {"act", "view", "erasure"} <= timeline.SENTENCES.keys()
    assert set(Meaning) <= timeline._ITS["meaning"].keys()


def _said(kind: str, **values: object) -> str:
    return timeline.say(Entry(1, kind, "1", datetime(2026, 11, 24, tzinfo=UTC), values), "en")


def test_what_was_paid_before_a_bill_was_registered_is_told_and_money_has_one_form() -> None:
    bill = {"amount_due": "100", "currency": "CNY", "due_on": "2026-11-14"}

    said = [_said("bill.registered", **bill, amount_paid=paid) for paid in ("40.5", "0")]
    credited = _said("bill.credited", amount_paid="40", currency="JPY", status="OPEN")
    changed = _said("bill.changed", **bill, amount_paid="0", status="OPEN")

    assert said == [
        "A bill of 100.00 CNY was registered, due on 2026-11-14; 40.50 of it is paid.",
        "A bill of 100.00 CNY was registered, due on 2026-11-14.",
    ]
    assert credited == "40 of the bill is paid; it is open."
    assert changed == "The bill of 100.00 CNY, due on 2026-11-14, is open; 0.00 of it is paid."


async def test_a_consent_is_told_with_the_address_that_it_is_about(api: Api) -> None:
    customer = await api.world.customer()
    async with api.world.gateway.database.read() as work:
        [number, *_] = await store.points_of(work, [customer.id])
    for point in (number.id, None):
        said = RecordConsent(
            customer.id, ConsentStatus.WITHDRAWN, "letter", channel=Channel.SMS, contact_point_id=point
        )
        await customers.record_consent(api.world.gateway, SERVICE, said)

    whats = [one["what"] for one in (await told(api, customer))["nodes"]]

    assert whats[-2:] == [
        "Consent was withdrawn for text to 139****0000 and every purpose.",
        "Consent was withdrawn for text and every purpose.",
    ]


async def test_a_call_that_an_agent_gave_back_is_not_told_as_a_customer_not_reached(api: Api) -> None:
    world, customer = api.world, await api.world.customer("CN")
    await world.request(customer, Channel.CALLBACK, is_callback=True, not_before=world.clock())
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "k")
    assert claimed is not None
    await callbacks.release(world.gateway, AGENT, claimed.id, "lunch")

    whats = [one["what"] for one in (await told(api, customer))["nodes"]]

    assert "The agent gave the call back." in whats
    assert not any("not reached" in what for what in whats)


async def test_a_time_that_the_gateway_chose_is_not_told_as_the_callers_wish(api: Api) -> None:
    world, customer = api.world, await api.world.customer()
    await world.request(customer, Channel.SMS, not_before=world.clock() + timedelta(hours=1))

    [decided] = [one for one in (await told(api, customer))["nodes"] if one["kind"] == "decision"]

    # A campaign's spreading is a wish of the same kind, and nobody's but the gateway's.
    assert decided["why"]["reason"].startswith("This contact is planned for no earlier than ")


async def test_an_answer_that_leaves_at_night_says_why_the_hours_did_not_hold_it(api: Api) -> None:
    world, customer = api.world, await api.world.customer()
    world.clock.advance(datetime(2026, 11, 24, 15, 30, tzinfo=UTC))  # half past eleven in the evening in China
    wish: dict[str, Any] = {"purpose": Purpose.CUSTOMER_REPLY, "variables": {"answer": "已记录。"}}
    await world.request(customer, Channel.SMS, caller=world.trusted(Purpose.CUSTOMER_REPLY), **wish)

    [decided] = [one for one in (await told(api, customer))["nodes"] if one["kind"] == "decision"]

    assert decided["what"] == "It was decided: allowed by text."
    assert decided["why"]["reason"].startswith("The customer waits for this now")
