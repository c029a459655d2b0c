"""Personal data: who sees it unmasked, and that it is on record before the answer leaves."""

from typing import Any

import pytest
from sqlalchemy import text

from gateway.model import Contact, Customer, Role
from policies.facts import Channel, Purpose
from tests.api.client import Api

CUSTOMER = """query ($id: ID!) { customer(by: {id: $id}) {
    name contactPoints { id masked address } contacts { nodes { id message } } } }"""


async def views(api: Api) -> list[tuple[str, str, str]]:
    """Who saw what of whom."""
    async with api.world.gateway.database.read() as work:
        rows = await work.all(text("SELECT caller, what, customer_id FROM view ORDER BY seq"))
        return [(row[0], row[1], row[2]) for row in rows]


async def texted(api: Api) -> tuple[Customer, Contact]:
    customer = await api.world.customer("CN")
    answer = await api.world.request(customer, Channel.SMS)
    await api.world.deliver()
    return customer, answer.contact


@pytest.mark.parametrize(
    ("role", "sees_address", "sees_message"),
    [
        (Role.CUSTOMER, True, True),
        (Role.SERVICE, False, False),
        (Role.AGENT, False, False),
        (Role.COMPLIANCE, True, True),
        (Role.ADMIN, True, True),
    ],
)
async def test_who_sees_an_address_and_a_message_is_on_record_for_it(
    api: Api, role: Role, sees_address: bool, sees_message: bool
) -> None:
    customer, _ = await texted(api)
    who: dict[str, Any] = {"customer": customer} if role is Role.CUSTOMER else {"role": role}

    shown = (await api.data(CUSTOMER, {"id": api.id(customer)}, **who))["customer"]

    assert shown["name"] == "Wang Fang"
    assert [point["masked"] for point in shown["contactPoints"]] == ["139****0000", "c***@mail.example"]
    assert all((point["address"] is not None) is sees_address for point in shown["contactPoints"])
    assert all((contact["message"] is not None) is sees_message for contact in shown["contacts"]["nodes"])
    assert await views(api) == [
        *[(role.lower(), "contactPoint.address", customer.id)] * (2 if sees_address else 0),
        *[(role.lower(), "contact.message", customer.id)] * (1 if sees_message else 0),
    ]


async def test_who_does_not_ask_for_them_is_not_on_record(api: Api) -> None:
    await texted(api)

    await api.data("{ contacts { nodes { id customer { contactPoints { masked } } } } }", role=Role.ADMIN)

    assert await views(api) == []


async def test_a_service_sees_the_message_it_asked_for(api: Api) -> None:
    customer = await api.world.customer("CN")
    request = """mutation ($id: ID!) { requestContact(input: {idempotencyKey: "k", customerId: $id, channels: [SMS],
        purpose: FOLLOW_UP}) { contact { id message } } }"""
    made = (await api.data(request, {"id": api.id(customer)}, name="shop"))["requestContact"]["contact"]
    await api.world.deliver()
    query = "query ($id: ID!) { contact(id: $id) { message } }"

    own = (await api.data(query, {"id": made["id"]}, name="shop"))["contact"]
    others = (await api.data(query, {"id": made["id"]}, name="other"))["contact"]

    assert made["message"] is None  # not rendered yet
    assert own["message"]
    assert others == {"message": None}


async def test_the_agent_who_is_to_ring_a_number_sees_it_and_no_other_agent_does(api: Api) -> None:
    customer = await api.world.customer("CN")
    await api.world.request(customer, Channel.CALLBACK, is_callback=True, not_before=api.world.clock())
    claim = """mutation { claimNextCallback(input: {idempotencyKey: "k"}) {
        callback { status contactPoint { masked address } } decision { outcome } userErrors { message } } }"""
    look = "query ($id: ID!) { customer(by: {id: $id}) { contactPoints { address } } }"
    variables = {"id": api.id(customer)}

    before = await api.data(look, variables, role=Role.AGENT, name="Li")
    claimed = (await api.data(claim, role=Role.AGENT, name="Li"))["claimNextCallback"]
    meanwhile = await api.data(look, variables, role=Role.AGENT, name="Wang")
    api.world.wait(hours=1)
    after = await api.data(look, variables, role=Role.AGENT, name="Li")

    nothing = {"customer": {"contactPoints": [{"address": None}, {"address": None}]}}
    assert claimed["decision"] == {"outcome": "ALLOW"}
    assert claimed["callback"]["contactPoint"] == {"masked": "139****0000", "address": "+8613900000000"}
    assert before == meanwhile == after == nothing
    assert await views(api) == [("Li", "contactPoint.address", customer.id)]


async def test_what_cannot_be_put_on_record_is_not_shown(api: Api) -> None:
    customer, _ = await texted(api)
    async with api.world.gateway.database.write() as work:
        await work.run(text("ALTER TABLE view RENAME TO no_view"))

    answer = await api.ask(CUSTOMER, {"id": api.id(customer)}, role=Role.ADMIN)

    assert "data" not in answer
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL"]


async def test_findings_never_hold_an_address(api: Api) -> None:
    customer = await api.world.customer("CN")
    await api.world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER)
    query = "{ contacts { nodes { decisions { findings { reason facts } } } } }"

    answer = await api.post(query, role=Role.ADMIN)

    assert "13900000000" not in answer.text
    assert "Wang" not in answer.text
