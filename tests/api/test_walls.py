"""Nobody sees another customer's data, whatever the query's shape; what may not be seen does not exist."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from channels import base
from gateway import applications, complaining, customers, promises, relief, surveying, views
from gateway.api.ids import Kind, global_id
from gateway.complaining import FileComplaint
from gateway.core import Ear
from gateway.model import Bill, Contact, Customer, OutsideResult, Role
from gateway.receiving import receive
from gateway.relief import RecordHardshipSignal
from gateway.requests import PlaceHold, RecordConsent, RecordOutsideContact, RecordPromise, SubmitApplication
from gateway.store import customers as store
from gateway.store import pages, replies
from gateway.store.pages import Window
from gateway.surveying import RecordSurveyAnswer, Said
from gateway.views import View
from policies.facts import Channel, ConsentStatus, HoldKind, Initiator, Medium, Purpose
from policies.hardship import SignalKind
from policies.plans import Instalment
from tests.api.client import Api
from tests.world import AGENT, COMPLIANCE, SERVICE

EAR = Ear("mail", Channel.EMAIL, frozenset({"email"}))

OF_CUSTOMERS = set(Kind) - {Kind.PAUSE, Kind.EVENT_SUBSCRIPTION}
"""What belongs to a customer. The rest is the lender's own."""


@dataclass
class Life:
    """A customer with something of every kind."""

    customer: Customer
    bill: Bill
    contact: Contact
    ids: dict[Kind, str]


async def live(api: Api, name: str) -> Life:
    world, gateway = api.world, api.world.gateway
    customer = await world.customer("CN", name=name)
    bill = await world.bill(customer)
    await customers.record_consent(gateway, SERVICE, RecordConsent(customer.id, ConsentStatus.GRANTED, "form"))
    _, outside, _ = await customers.record_outside_contact(
        gateway,
        SERVICE,
        RecordOutsideContact(
            customer.id, f"O-{name}", "f", Medium.VOICE, OutsideResult.CONVERSATION, Initiator.CUSTOMER, world.clock()
        ),
    )
    sent = await world.request(customer, Channel.SMS, bill_id=bill.id, purpose=Purpose.OVERDUE_REMINDER)
    await world.deliver()
    await world.request(customer, Channel.CALLBACK, is_callback=True, not_before=world.clock() + timedelta(hours=1))
    promise = RecordPromise(customer.id, date(2026, 12, 1), bill.account.reference)
    await promises.record(gateway, SERVICE, promise)
    hold, _ = await customers.place_hold(gateway, SERVICE, PlaceHold(customer.id, HoldKind.COMPLAINT))
    mail = next(one.address for one in await world.points(customer) if one.channel is Channel.EMAIL)
    await receive(gateway, EAR, [base.Reply(f"reply-{name}", mail, "What is this about?")])
    await views.record(gateway, COMPLIANCE, [View(customer.id, "customer.name", customer.id, "a complaint")])
    [attempt] = await world.attempts(sent)
    async with gateway.database.read() as work:
        [consent] = await store.consents_of(work, [customer.id])
        [promised] = await store.promises_of(work, [customer.id])
        point, _ = await store.points_of(work, [customer.id])
        [reply] = await replies.of_customers(work, [customer.id])
        [view] = (await pages.views_of_customers(work, [customer.id], Window(1)))[customer.id].items
        [callback] = (await pages.callbacks(work, pages.CallbackFilter(customer_id=customer.id), Window(1))).items
    ids = {
        Kind.CUSTOMER: customer.id,
        Kind.ACCOUNT: bill.account.id,
        Kind.BILL: bill.id,
        Kind.CONTACT: sent.contact.id,
        Kind.ATTEMPT: attempt.id,
        Kind.CONTACT_POINT: point.id,
        Kind.CALLBACK: callback.id,
        Kind.CONSENT: consent.id,
        Kind.HOLD: hold.id,
        Kind.PROMISE: promised.id,
        Kind.OUTSIDE_CONTACT: outside.id,
        Kind.REPLY: reply.id,
        Kind.VIEW: view.id,
    }
    return Life(customer, bill, await world.now(sent), {kind: global_id(kind, inner) for kind, inner in ids.items()})


async def _heard(api: Api, life: Life) -> dict[Kind, str]:
    """What a customer told us beside."""
    gateway, whose = api.world.gateway, life.customer.id
    parts = (Instalment(date(2026, 12, 10), life.bill.amount_due),)
    wanted = SubmitApplication(f"apply {whose}", "body", life.bill.id, parts, "ill")
    submitted = await applications.submit(gateway, AGENT, wanted)
    ill = RecordHardshipSignal(whose, f"told {whose}", "body", SignalKind.ILLNESS)
    signal, _, _ = await relief.record(gateway, AGENT, ill)
    complaint, _ = await complaining.file(gateway, AGENT, FileComplaint(whose, f"file {whose}", "body", "too often"))
    _, told, _ = await complaining.settle(gateway, AGENT, complaint.id, "抱歉")
    await api.world.deliver()
    assert told is not None
    said = RecordSurveyAnswer(told.id, f"said {whose}", "body", Said(4, "kind"))
    answer, _ = await surveying.record(gateway, AGENT, said)
    return {
        Kind.APPLICATION: global_id(Kind.APPLICATION, submitted.application.id),
        Kind.HARDSHIP_SIGNAL: global_id(Kind.HARDSHIP_SIGNAL, signal.id),
        Kind.COMPLAINT: global_id(Kind.COMPLAINT, complaint.id),
        Kind.SURVEY_ANSWER: global_id(Kind.SURVEY_ANSWER, answer.id),
    }


async def test_every_kind_of_thing_is_seen_by_its_customer_and_by_staff_and_by_no_other_customer(api: Api) -> None:
    mine, theirs = await live(api, "Wang Fang"), await live(api, "Li Na")
    for life in (mine, theirs):
        life.ids |= await _heard(api, life)
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    variables = {"ids": [*mine.ids.values(), *theirs.ids.values()]}
    of_mine = [{"__typename": kind.value, "id": id_} for kind, id_ in mine.ids.items()]
    of_theirs = [{"__typename": kind.value, "id": id_} for kind, id_ in theirs.ids.items()]

    assert set(mine.ids) == OF_CUSTOMERS
    assert (await api.data(query, variables, customer=mine.customer))["nodes"] == of_mine + [None] * len(OF_CUSTOMERS)
    assert (await api.data(query, variables, customer=theirs.customer))["nodes"] == [None] * len(
        OF_CUSTOMERS
    ) + of_theirs
    for role in (Role.COMPLIANCE, Role.ADMIN):
        assert (await api.data(query, variables, role=role))["nodes"] == of_mine + of_theirs
    for role in (Role.SERVICE, Role.AGENT):
        all_but_views = [None if one["__typename"] == Kind.VIEW else one for one in of_mine + of_theirs]
        assert (await api.data(query, variables, role=role))["nodes"] == all_but_views


async def test_what_is_another_customers_answers_like_what_does_not_exist(api: Api) -> None:
    mine, theirs = await live(api, "Wang Fang"), await live(api, "Li Na")
    nobody = "018f" + "0a" * 14
    query = """query ($customer: ID!, $reference: String!, $contact: ID!, $bill: ID!) {
        node(id: $contact) { id }
        byId: customer(by: {id: $customer}) { name }
        byReference: customer(by: {reference: $reference}) { name }
        contact(id: $contact) { id message }
        ofCustomer: contacts(filter: {customerId: $customer}) { totalCount nodes { id } edges { node { id } } }
        ofBill: contacts(filter: {billId: $bill}) { totalCount nodes { id } }
        callbacks(customerId: $customer) { totalCount nodes { id } }
    }"""
    other = {
        "customer": theirs.ids[Kind.CUSTOMER],
        "reference": theirs.customer.reference,
        "contact": theirs.ids[Kind.CONTACT],
        "bill": theirs.ids[Kind.BILL],
    }
    unknown = {
        "customer": global_id(Kind.CUSTOMER, nobody),
        "reference": "nobody",
        "contact": global_id(Kind.CONTACT, nobody),
        "bill": global_id(Kind.BILL, nobody),
    }

    seen = await api.ask(query, other, customer=mine.customer)

    assert seen == await api.ask(query, unknown, customer=mine.customer)
    assert seen == {
        "data": {
            "node": None,
            "byId": None,
            "byReference": None,
            "contact": None,
            "ofCustomer": {"totalCount": 0, "nodes": [], "edges": []},
            "ofBill": {"totalCount": 0, "nodes": []},
            "callbacks": {"totalCount": 0, "nodes": []},
        }
    }


async def test_lists_without_a_filter_hold_only_the_callers_own(api: Api) -> None:
    mine, theirs = await live(api, "Wang Fang"), await live(api, "Li Na")
    query = """{ contacts { totalCount nodes { customer { reference } bill { contacts { totalCount } } } }
        callbacks { totalCount nodes { customer { reference } contact { customer { reference } } } } }"""

    for life in (mine, theirs):
        answer = await api.data(query, customer=life.customer)

        assert answer["contacts"]["totalCount"] == 2
        assert answer["callbacks"]["totalCount"] == 1
        assert {one["customer"]["reference"] for one in answer["contacts"]["nodes"]} == {life.customer.reference}
        assert {one["customer"]["reference"] for one in answer["callbacks"]["nodes"]} == {life.customer.reference}
    assert (await api.data(query, role=Role.AGENT))["contacts"]["totalCount"] == 4


async def test_joint_debtors_share_a_debt_and_nothing_else(api: Api) -> None:
    one, other = await api.world.customer(), await api.world.customer()
    mine = await api.world.bill(one, account="JOINT")
    theirs = await api.world.bill(other, account="JOINT")
    await api.world.request(other, Channel.SMS, bill_id=theirs.id, purpose=Purpose.OVERDUE_REMINDER)
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Bill {
        reference account { reference } contacts { totalCount } } } }"""
    ids = [global_id(Kind.ACCOUNT, mine.account.id), api.id(mine), api.id(theirs)]

    account, bill, hidden = (await api.data(query, {"ids": ids}, customer=one))["nodes"]

    assert account == {"__typename": "Account"}
    assert bill["contacts"] == {"totalCount": 0}
    assert hidden is None


ASKED: dict[str, str] = {
    "previewContact": "query ($id: ID!) { previewContact(input: {customerId: $id, purpose: FOLLOW_UP, channel: SMS})"
    " { outcome } }",
    "nextAllowedContact": "query ($id: ID!) { nextAllowedContact(customerId: $id, purpose: FOLLOW_UP) { at } }",
}


@pytest.mark.parametrize("query", ASKED.values(), ids=ASKED)
async def test_a_question_about_another_customer_is_a_question_about_nobody(api: Api, query: str) -> None:
    mine, other = await api.world.customer(), await api.world.customer()
    nobody = global_id(Kind.CUSTOMER, "018f" + "0a" * 14)

    about_another = await api.error(query, {"id": api.id(other)}, customer=mine)

    assert about_another == await api.error(query, {"id": nobody}, customer=mine)
    assert about_another["extensions"]["code"] == "NOT_FOUND"
    assert "data" in await api.ask(query, {"id": api.id(mine)}, customer=mine)


DONE: dict[str, str] = {
    "recordConsent": 'recordConsent(input: {customerId: $id, status: WITHDRAWN, source: "app"})',
    "setPreferences": "setPreferences(input: {customerId: $id, channels: [EMAIL]})",
    "scheduleCallback": 'scheduleCallback(input: {customerId: $id, idempotencyKey: "k", purpose: FOLLOW_UP,'
    ' at: "2026-11-25T04:00:00Z"})',
}


@pytest.mark.parametrize("mutation", DONE.values(), ids=DONE)
async def test_a_customer_does_things_for_themselves_only(api: Api, mutation: str) -> None:
    mine, other = await api.world.customer(), await api.world.customer()
    query = f"mutation ($id: ID!) {{ done: {mutation} {{ userErrors {{ code field }} }} }}"
    nobody = global_id(Kind.CUSTOMER, "018f" + "0a" * 14)

    for_another = await api.data(query, {"id": api.id(other)}, customer=mine)
    for_nobody = await api.data(query, {"id": nobody}, customer=mine)
    for_myself = await api.data(query, {"id": api.id(mine)}, customer=mine)

    assert for_another == for_nobody == {"done": {"userErrors": [{"code": "NOT_FOUND", "field": ["customerId"]}]}}
    assert for_myself == {"done": {"userErrors": []}}


async def test_what_belongs_to_another_is_not_found_inside_ones_own_input(api: Api) -> None:
    mine, theirs = await live(api, "Wang Fang"), await live(api, "Li Na")
    consent = """mutation ($id: ID!, $point: ID!) { recordConsent(input: {customerId: $id, contactPointId: $point,
        status: WITHDRAWN, source: "app"}) { userErrors { code field } } }"""
    callback = """mutation ($id: ID!, $bill: ID!) { scheduleCallback(input: {customerId: $id, billId: $bill,
        idempotencyKey: "k", purpose: FOLLOW_UP, at: "2026-11-25T04:00:00Z"}) { userErrors { code field } } }"""
    me: dict[str, Any] = {"customer": mine.customer}
    id_ = mine.ids[Kind.CUSTOMER]

    of_point = await api.data(consent, {"id": id_, "point": theirs.ids[Kind.CONTACT_POINT]}, **me)
    of_bill = await api.data(callback, {"id": id_, "bill": theirs.ids[Kind.BILL]}, **me)

    assert of_point["recordConsent"]["userErrors"] == [{"code": "NOT_FOUND", "field": ["contactPointId"]}]
    assert of_bill["scheduleCallback"]["userErrors"] == [{"code": "NOT_FOUND", "field": ["billId"]}]


async def test_an_id_that_is_none_among_others_leaves_nothing_open_behind_it(api: Api) -> None:
    mine = await live(api, "Wang Fang")
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    for _ in range(20):  # more than there are connections to read with
        error = await api.error(query, {"ids": ["no id", *mine.ids.values()]}, role=Role.ADMIN)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"

    assert await api.data(query, {"ids": [mine.ids[Kind.CONTACT]]}, role=Role.ADMIN)
