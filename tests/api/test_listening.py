"""Hardship, complaints and contact pressure over the API."""

from datetime import timedelta
from pathlib import Path

from channels import base
from gateway.api.ids import Kind, global_id
from gateway.core import Ear
from gateway.model import Customer, Role
from gateway.receiving import receive
from policies.facts import Channel, Purpose
from tests.api.client import Api, open_api

PRESSURE = """query ($id: ID!) { contactPressure(customerId: $id) {
  sentence unansweredInARow lastContactAt
  periods { days attempts byChannel { channel count } byPurpose { purpose count } byRequester { name count }
            reactions { kind count } }
  allowed { channel decision { outcome allowances { limit used } } } } }"""


async def contacted(api: Api) -> tuple[str, Customer]:
    """Once 41 days ago and three times since; between the last two the customer wrote."""
    world = api.world
    customer = await world.customer("TEST", locale="en")
    bill = await world.bill(customer)
    for days in (0, 35, 5):
        world.wait(days=days)
        await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)
        await world.deliver()
    world.wait(days=1)
    mail = (await world.points(customer))[1].address
    await receive(world.gateway, Ear("mail", Channel.EMAIL, frozenset({"email"})), [base.Reply("1", mail, "START")])
    world.wait(hours=1)
    await world.request(customer, Channel.EMAIL, purpose=Purpose.FOLLOW_UP)
    await world.deliver()
    return global_id(Kind.CUSTOMER, customer.id), customer


async def test_contact_pressure_counts_what_was_done_and_how_it_was_answered(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        id_, customer = await contacted(api)

        found = (await api.data(PRESSURE, {"id": id_}, role=Role.AGENT))["contactPressure"]
        own = (await api.data(PRESSURE, {"id": id_}, customer=customer))["contactPressure"]

        short, long = found["periods"]
        assert (short["days"], short["attempts"], long["days"], long["attempts"]) == (30, 3, 90, 4)
        assert long["byPurpose"][0] == {"purpose": "OVERDUE_REMINDER", "count": 3}
        assert long["byRequester"] == [{"name": "billing", "count": 4}]
        assert own["periods"][1]["byRequester"] == [{"name": "lender", "count": 4}]
        assert short["reactions"] == [{"kind": "REPLY", "count": 1}]
        assert found["unansweredInARow"] == 1
        assert found["sentence"] == (
            "Contacted 3 times in 30 days and 4 in 90, last on 2027-01-04; 1 since the last reaction on 2027-01-04."
        )
        assert [one["channel"] for one in found["allowed"]] == ["SMS", "EMAIL", "CALLBACK"]
        assert found["allowed"][0]["decision"]["allowances"] == [{"limit": 3, "used": 3}]


async def test_who_was_never_contacted_has_no_pressure(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        customer = await api.world.customer("TEST")

        found = await api.data(
            "query ($id: ID!) { contactPressure(customerId: $id) { sentence lastContactAt } }",
            {"id": global_id(Kind.CUSTOMER, customer.id)},
            role=Role.AGENT,
        )

        assert found["contactPressure"] == {
            "sentence": "Nobody was in touch for 90 days.",
            "lastContactAt": None,
        }


async def test_a_signal_and_what_it_leads_to(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        world = api.world
        customer = await world.customer("TEST", locale="en")
        bill = await world.bill(customer)
        id_ = global_id(Kind.CUSTOMER, customer.id)
        await world.request(
            customer, Channel.SMS, bill_id=bill.id, purpose=Purpose.OVERDUE_REMINDER,
            not_before=world.clock() + timedelta(hours=1),
        )  # fmt: skip

        answer = await api.data(
            """mutation ($id: ID!) { recordHardshipSignal(input: {idempotencyKey: "1", customerId: $id, kind: JOB_LOSS,
               note: "by phone"}) { offers { purpose bill { reference } } userErrors { message } } }""",
            {"id": id_},
            role=Role.AGENT,
        )
        asked = await world.request(customer, Channel.EMAIL, bill_id=bill.id, purpose=Purpose.FINAL_NOTICE)
        seen = await api.data(
            """query ($id: ID!, $contact: ID!) {
                 customer(by: {id: $id}) { hardship { score level reasons { sentence points } signals { kind note } }
                   contacts(status: CANCELLED) { totalCount } }
                 contact(id: $contact) { purpose askedPurpose diversion { level reasons { sentence } }
                   decisions { diversion { level } } }
                 previewContact(input: {customerId: $id, purpose: FINAL_NOTICE, channel: SMS}) {
                   channel diversion { score level reasons { sentence } } } }""",
            {"id": id_, "contact": global_id(Kind.CONTACT, asked.contact.id)},
            customer=customer,
        )

        assert answer["recordHardshipSignal"] == {
            "offers": [{"purpose": "PLAN_OFFER", "bill": {"reference": bill.reference}}],
            "userErrors": [],
        }
        said = "Work was lost (2026-11-24): 50 points until 2027-05-23."
        assert seen["customer"] == {
            "hardship": {
                "score": 50,
                "level": "OFFER_PLAN",
                "reasons": [{"sentence": said, "points": 50}],
                "signals": [{"kind": "JOB_LOSS", "note": "by phone"}],
            },
            "contacts": {"totalCount": 1},
        }
        assert seen["contact"] == {
            "purpose": "PLAN_OFFER",
            "askedPurpose": "FINAL_NOTICE",
            "diversion": {"level": "OFFER_PLAN", "reasons": [{"sentence": said}]},
            "decisions": [{"diversion": None}],
        }
        assert seen["previewContact"] == {
            "channel": "SMS",
            "diversion": {"score": 50, "level": "OFFER_PLAN", "reasons": [{"sentence": said}]},
        }
