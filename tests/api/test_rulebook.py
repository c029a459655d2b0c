"""What the rulebook needs to know and can tell: links, addresses that are wrong, exemptions, how far ahead it looks."""

from datetime import timedelta

from gateway.model import Role
from policies.facts import Channel, Purpose
from tests.api.client import Api

LINK = "mutation ($ids: [ID!]!) { linkCustomers(input: {customerIds: $ids}) { customers { id } userErrors { field } } }"
MARK = """mutation ($id: ID!, $usable: Boolean!) {
    markContactPoint(input: {contactPointId: $id, usable: $usable}) { contactPoint { usable } userErrors { code } } }"""
NEXT = """query ($id: ID!) {
    nextAllowedContact(customerId: $id, purpose: FOLLOW_UP, channels: [SMS, EMAIL]) {
        channel at decision { outcome nextAllowedAt } } }"""


async def test_linked_references_are_told_and_one_alone_is_not_linked(api: Api) -> None:
    customers = [await api.world.customer("CN") for _ in range(2)]
    ids = [api.id(customer) for customer in customers]

    linked = await api.data(LINK, {"ids": ids}, role=Role.SERVICE)
    alone = await api.data(LINK, {"ids": ids[:1]}, role=Role.SERVICE)

    assert sorted(one["id"] for one in linked["linkCustomers"]["customers"]) == sorted(ids)
    assert alone["linkCustomers"] == {"customers": [], "userErrors": [{"field": ["customerIds"]}]}


async def test_an_address_that_is_marked_wrong_is_not_used_until_it_is_right_again(api: Api) -> None:
    customer = await api.world.customer("CN")
    [point, _] = await api.world.points(customer)

    await api.data(MARK, {"id": api.id(point), "usable": False}, role=Role.AGENT)
    refused = await api.world.request(customer, Channel.SMS)
    again = await api.data(MARK, {"id": api.id(point), "usable": True}, role=Role.AGENT)
    allowed = await api.world.request(customer, Channel.SMS)

    assert refused.contact.status == "REFUSED"
    assert again["markContactPoint"]["contactPoint"] == {"usable": True}
    assert allowed.contact.status == "SCHEDULED"


async def test_how_often_a_caller_used_an_exemption_can_be_asked(api: Api) -> None:
    customer = await api.world.customer("CN")
    trusted = api.world.trusted(Purpose.SECURITY_CODE)
    for _ in range(2):
        await api.world.request(
            customer, Channel.SMS, purpose=Purpose.SECURITY_CODE, variables={"code": "1"}, caller=trusted
        )
    await api.world.request(customer, Channel.SMS)

    told = await api.data("{ exemptions { caller purpose contacts answers } }", role=Role.COMPLIANCE)

    assert told["exemptions"] == [
        {"caller": "trusted", "purpose": "SECURITY_CODE", "contacts": 2, "answers": 0},
    ]


async def test_the_next_allowed_contact_is_looked_for_within_60_days(api: Api) -> None:
    customer = await api.world.customer("TEST")  # three contacts in seven days
    for _ in range(3 * 9):
        await api.world.request(customer, Channel.SMS)

    [sms, _] = (await api.data(NEXT, {"id": api.id(customer)}, role=Role.SERVICE))["nextAllowedContact"]

    assert sms["at"] is None
    assert sms["decision"]["nextAllowedAt"] == f"{api.world.clock() + timedelta(days=63):%Y-%m-%dT%H:%M:%S}Z"
