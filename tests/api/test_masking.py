"""Personal data: who sees it unmasked and why, on record before the answer leaves, and told to whose it is."""

from typing import Any

import pytest
from sqlalchemy import text

from channels import base
from gateway.api.ids import Kind, global_id
from gateway.core import Ear
from gateway.model import Contact, Customer, Role
from gateway.receiving import receive
from policies.facts import Channel, Purpose
from tests.api.client import Api
from tests.world import MOBILES

CUSTOMER = """query ($id: ID!, $reason: String) { customer(by: {id: $id}) {
    name(reason: $reason) maskedName
    contactPoints { id masked address(reason: $reason) }
    contacts { nodes { id message(reason: $reason) maskedMessage } } } }"""

VIEWS = """query ($id: ID!) { customer(by: {id: $id}) { views { totalCount nodes {
    at what seen by { role name } reason } } } }"""


async def views(api: Api) -> list[tuple[str, str, str | None]]:
    """Who saw what, and why."""
    async with api.world.gateway.database.read() as work:
        rows = await work.all(text("SELECT caller, what, reason, customer_id FROM view ORDER BY id"))
        await work.open_keys(row[3] for row in rows)
        return [(row[0], row[1], row[2] and work.open(row[3], row[2])) for row in rows]


async def texted(api: Api) -> tuple[Customer, Contact]:
    customer = await api.world.customer("CN")
    answer = await api.world.request(customer, Channel.SMS)
    await api.world.deliver()
    return customer, answer.contact


@pytest.mark.parametrize("role", [Role.COMPLIANCE, Role.ADMIN])
async def test_without_a_reason_there_is_null_beside_a_masked_text_and_with_one_a_view_on_record(
    api: Api, role: Role
) -> None:
    customer, _ = await texted(api)
    variables = {"id": api.id(customer)}

    masked = (await api.data(CUSTOMER, variables, role=role))["customer"]
    before = await views(api)
    shown = (await api.data(CUSTOMER, {**variables, "reason": "complaint 17"}, role=role))["customer"]

    assert (masked["name"], masked["maskedName"]) == (None, "W*** F***")
    assert [point["address"] for point in masked["contactPoints"]] == [None, None]
    assert [point["masked"] for point in masked["contactPoints"]] == ["139****0000", "c***@mail.example"]
    [contact] = masked["contacts"]["nodes"]
    assert contact["message"] is None
    assert before == []
    assert shown["name"] == "Wang Fang"
    assert shown["contactPoints"][0]["address"] == "+8613900000000"
    message = shown["contacts"]["nodes"][0]["message"]
    assert contact["maskedMessage"] == f"*** ({len(message)} characters)"
    assert sorted(await views(api)) == [
        (role.lower(), "contact.message", "complaint 17"),
        (role.lower(), "contactPoint.address", "complaint 17"),
        (role.lower(), "contactPoint.address", "complaint 17"),
        (role.lower(), "customer.name", "complaint 17"),
    ]


@pytest.mark.parametrize("role", [Role.SERVICE, Role.AGENT])
async def test_whose_role_does_not_see_an_address_or_a_message_gets_it_for_no_reason(api: Api, role: Role) -> None:
    customer, _ = await texted(api)

    shown = (await api.data(CUSTOMER, {"id": api.id(customer), "reason": "I ask"}, role=role))["customer"]

    assert [point["address"] for point in shown["contactPoints"]] == [None, None]
    assert [contact["message"] for contact in shown["contacts"]["nodes"]] == [None]
    assert {what for _, what, _ in await views(api)} <= {"customer.name"}


async def test_customers_see_what_is_their_own_without_a_reason(api: Api) -> None:
    customer, _ = await texted(api)

    shown = (await api.data(CUSTOMER, {"id": api.id(customer)}, customer=customer))["customer"]

    assert shown["name"] == "Wang Fang"
    assert shown["contactPoints"][0]["address"] == "+8613900000000"
    assert shown["contacts"]["nodes"][0]["message"]
    assert {reason for _, _, reason in await views(api)} == {None}


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\x00b"])
async def test_a_reason_that_is_none_is_bad_input(api: Api, reason: str) -> None:
    customer, _ = await texted(api)
    query = "query ($id: ID!, $reason: String) { customer(by: {id: $id}) { name(reason: $reason) } }"

    answer = await api.ask(query, {"id": api.id(customer), "reason": reason}, role=Role.ADMIN)

    [error] = answer["errors"]
    assert answer["data"] == {"customer": {"name": None}}
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": ["reason"]}
    assert await views(api) == []


async def test_who_does_not_ask_for_them_is_not_on_record(api: Api) -> None:
    await texted(api)

    await api.data("{ contacts { nodes { id customer { contactPoints { masked } } } } }", role=Role.ADMIN)

    assert await views(api) == []


async def test_a_service_sees_the_message_it_asked_for(api: Api) -> None:
    customer = await api.world.customer("CN")
    request = """mutation ($id: ID!) { requestContact(input: {idempotencyKey: "k", customerId: $id, channels: [SMS],
        purpose: FOLLOW_UP}) { contact { id message(reason: "a check") } } }"""
    made = (await api.data(request, {"id": api.id(customer)}, name="shop"))["requestContact"]["contact"]
    await api.world.deliver()
    query = 'query ($id: ID!) { contact(id: $id) { message(reason: "a check") } }'

    own = (await api.data(query, {"id": made["id"]}, name="shop"))["contact"]
    others = (await api.data(query, {"id": made["id"]}, name="other"))["contact"]

    assert made["message"] is None  # not rendered yet
    assert own["message"]
    assert others == {"message": None}


async def test_the_agent_who_is_to_ring_a_number_sees_it_and_no_other_agent_does(api: Api) -> None:
    customer = await api.world.customer("CN")
    await api.world.request(customer, Channel.CALLBACK, is_callback=True, not_before=api.world.clock())
    claim = """mutation { claimNextCallback(input: {idempotencyKey: "k"}) {
        callback { id contactPoint { masked address } customer { name } } userErrors { message } } }"""
    look = "query ($id: ID!) { customer(by: {id: $id}) { name contactPoints { address } } }"
    variables = {"id": api.id(customer)}

    before = await api.data(look, variables, role=Role.AGENT, name="Li")
    claimed = (await api.data(claim, role=Role.AGENT, name="Li"))["claimNextCallback"]["callback"]
    meanwhile = await api.data(look, variables, role=Role.AGENT, name="Wang")
    api.world.wait(hours=1)
    after = await api.data(look, variables, role=Role.AGENT, name="Li")

    nothing = {"customer": {"name": None, "contactPoints": [{"address": None}, {"address": None}]}}
    assert claimed["contactPoint"] == {"masked": "139****0000", "address": "+8613900000000"}
    assert claimed["customer"] == {"name": "Wang Fang"}
    assert before == meanwhile == after == nothing
    because = f"callback {claimed['id']}"
    assert sorted(await views(api)) == [("Li", "contactPoint.address", because), ("Li", "customer.name", because)]


async def test_what_a_stranger_wrote_is_on_record_too(api: Api) -> None:
    ear = Ear("mail", Channel.EMAIL, frozenset({"email"}))
    await receive(api.world.gateway, ear, [base.Reply("r", "stranger@mail.example", "Who are you?")])
    query = (
        """{ replies { nodes { text(reason: "to answer") sender(reason: "to answer") maskedText maskedSender } } }"""
    )

    shown = await api.data(query, role=Role.COMPLIANCE)

    assert shown["replies"]["nodes"] == [
        {
            "text": "Who are you?",
            "sender": "stranger@mail.example",
            "maskedText": "*** (12 characters)",
            "maskedSender": "s***@mail.example",
        }
    ]
    assert sorted(await views(api)) == [
        ("compliance", "reply.sender", "to answer"),
        ("compliance", "reply.text", "to answer"),
    ]


async def test_what_must_be_read_first_can_be_asked_for(api: Api) -> None:
    await texted(api)
    ear = Ear("sms", Channel.SMS, frozenset({"sms"}))
    for number, said in enumerate(["When is it due?", "I want to end my life"]):
        await receive(api.world.gateway, ear, [base.Reply(f"r{number}", MOBILES["CN"], said)])
    query = "query ($is: Boolean) { replies(status: OPEN, isUrgent: $is) { totalCount nodes { isUrgent } } }"

    urgent = await api.data(query, {"is": True}, role=Role.AGENT)
    other = await api.data(query, {"is": False}, role=Role.AGENT)
    every = await api.data(query, {"is": None}, role=Role.AGENT)

    assert urgent["replies"] == {"totalCount": 1, "nodes": [{"isUrgent": True}]}
    assert other["replies"] == {"totalCount": 1, "nodes": [{"isUrgent": False}]}
    assert every["replies"]["totalCount"] == 2


async def test_customers_see_that_somebody_looked_and_why_and_who_watches_over_it_sees_who(api: Api) -> None:
    customer, contact = await texted(api)
    look = 'query ($id: ID!) { contact(id: $id) { message(reason: "complaint 17") } }'
    await api.data(look, {"id": api.id(contact)}, role=Role.COMPLIANCE, name="Zhao Lei")
    id_ = {"id": api.id(customer)}

    theirs = (await api.data(VIEWS, id_, customer=customer))["customer"]["views"]
    watched = (await api.data(VIEWS, id_, role=Role.ADMIN))["customer"]["views"]
    others = await api.data(VIEWS, id_, role=Role.AGENT)

    [seen] = theirs["nodes"]
    assert theirs["totalCount"] == 1
    assert (seen["what"], seen["seen"], seen["reason"]) == ("contact.message", api.id(contact), "complaint 17")
    assert seen["by"] == {"role": "COMPLIANCE", "name": None}
    assert watched["nodes"][0]["by"] == {"role": "COMPLIANCE", "name": "Zhao Lei"}
    assert others == {"customer": {"views": None}}


async def test_a_view_is_a_node_of_its_customer_and_of_nobody_elses(api: Api) -> None:
    customer, contact = await texted(api)
    other = await api.world.customer("CN")
    look = 'query ($id: ID!) { contact(id: $id) { message(reason: "complaint 17") } }'
    await api.data(look, {"id": api.id(contact)}, role=Role.COMPLIANCE)
    async with api.world.gateway.database.read() as work:
        [row] = await work.all(text("SELECT id FROM view"))
    query = "query ($id: ID!) { node(id: $id) { ... on View { reason } } }"
    id_ = {"id": global_id(Kind.VIEW, row.id)}

    shown = {"node": {"reason": "complaint 17"}}
    assert await api.data(query, id_, customer=customer) == shown
    assert await api.data(query, id_, role=Role.COMPLIANCE) == shown
    for who in ({"customer": other}, {"role": Role.AGENT}, {"role": Role.SERVICE}):
        assert await api.data(query, id_, **who) == {"node": None}


async def test_that_a_stranger_was_read_is_a_node_of_compliance_only(api: Api) -> None:
    ear = Ear("mail", Channel.EMAIL, frozenset({"email"}))
    await receive(api.world.gateway, ear, [base.Reply("r", "stranger@mail.example", "Who are you?")])
    await api.data('{ replies { nodes { text(reason: "to answer") } } }', role=Role.COMPLIANCE)
    async with api.world.gateway.database.read() as work:
        [row] = await work.all(text("SELECT id FROM view"))
    query = "query ($id: ID!) { node(id: $id) { id } }"
    id_ = {"id": global_id(Kind.VIEW, row.id)}

    assert await api.data(query, id_, role=Role.COMPLIANCE) == {"node": id_}
    for role in (Role.SERVICE, Role.AGENT):
        assert await api.data(query, id_, role=role) == {"node": None}


async def test_what_cannot_be_put_on_record_is_not_shown(api: Api) -> None:
    customer, _ = await texted(api)
    async with api.world.gateway.database.write() as work:
        await work.run(text("ALTER TABLE view RENAME TO no_view"))

    answer = await api.ask(CUSTOMER, {"id": api.id(customer), "reason": "complaint 17"}, role=Role.ADMIN)

    assert "data" not in answer
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL"]


async def test_what_is_masked_needs_no_record(api: Api) -> None:
    customer, _ = await texted(api)
    async with api.world.gateway.database.write() as work:
        await work.run(text("ALTER TABLE view RENAME TO no_view"))

    shown: dict[str, Any] = await api.data(CUSTOMER, {"id": api.id(customer)}, role=Role.ADMIN)

    assert shown["customer"]["name"] is None


async def test_findings_never_hold_an_address(api: Api) -> None:
    customer = await api.world.customer("CN")
    await api.world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER)
    query = "{ contacts { nodes { decisions { findings { reason facts } } } } }"

    answer = await api.post(query, role=Role.ADMIN)

    assert "13900000000" not in answer.text
    assert "Wang" not in answer.text
