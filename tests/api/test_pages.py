"""Lists: pages by cursor, in both directions, and in a number of statements that does not grow with the page."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from gateway.api.ids import Kind, cursor, global_id
from gateway.model import Contact, Role
from policies.facts import Channel, Purpose
from tests.api.client import Api

LIST = """query ($first: Int, $after: String, $last: Int, $before: String) {
  contacts(first: $first, after: $after, last: $last, before: $before) {
    nodes { id } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""

EVERYTHING = """query ($first: Int) {
  contacts(first: $first) {
    nodes {
      id status
      customer { reference contactPoints { masked } }
      bill { reference daysOverdue account { reference } }
      decisions { outcome findings { reason } }
      attempts { nodes { number outcome contactPoint { masked } receipts { outcome } } }
    }
  }
}"""


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def some_contacts(api: Api, number: int) -> list[Contact]:
    """To as many customers, each about a bill, and sent."""
    made = []
    for _ in range(number):
        customer = await api.world.customer()
        bill = await api.world.bill(customer)
        answer = await api.world.request(customer, Channel.SMS, bill_id=bill.id, purpose=Purpose.OVERDUE_REMINDER)
        made.append(answer.contact)
    while await api.world.deliver():
        pass
    return made


async def test_a_page_of_fifty_takes_as_many_statements_as_a_page_of_five(api: Api) -> None:
    await some_contacts(api, 50)
    await api.data(EVERYTHING, {"first": 1})  # the key is known from here on

    with counted() as for_five:
        five = await api.data(EVERYTHING, {"first": 5})
    with counted() as for_fifty:
        fifty = await api.data(EVERYTHING, {"first": 50})

    assert (len(five["contacts"]["nodes"]), len(fifty["contacts"]["nodes"])) == (5, 50)
    assert all(node["attempts"]["nodes"][0]["receipts"] for node in fifty["contacts"]["nodes"])
    assert len(for_fifty) == len(for_five)
    assert len(for_fifty) <= 9  # one of them for the keys that open what is sealed


async def test_pages_forward_and_back_show_everything_once_and_in_order(api: Api) -> None:
    made = [api.id(contact) for contact in await some_contacts(api, 7)]

    forward = [page async for page in pages(api, "first", "after", "endCursor", "hasNextPage")]
    backward = [page async for page in pages(api, "last", "before", "startCursor", "hasPreviousPage")]

    assert [len(page) for page in forward] == [3, 3, 1]
    assert [id_ for page in forward for id_ in page] == made
    assert [id_ for page in reversed(backward) for id_ in page] == made


async def pages(api: Api, size: str, place: str, edge: str, more: str) -> Any:
    variables: dict[str, Any] = {size: 3}
    while True:
        page = (await api.data(LIST, variables))["contacts"]
        assert [one["node"]["id"] for one in page["edges"]] == [one["id"] for one in page["nodes"]]
        yield [one["id"] for one in page["nodes"]]
        if not page["pageInfo"][more]:
            return
        variables[place] = page["pageInfo"][edge]


async def test_between_two_cursors_there_is_what_lies_between(api: Api) -> None:
    made = await some_contacts(api, 5)

    page = await api.data(LIST, {"after": cursor(made[0].id), "before": cursor(made[4].id)})

    assert [one["id"] for one in page["contacts"]["nodes"]] == [api.id(contact) for contact in made[1:4]]


async def test_an_empty_list_is_a_page(api: Api) -> None:
    page = await api.data(LIST)

    assert page["contacts"] == {
        "nodes": [],
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"first": 0}, "first"),
        ({"first": -1}, "first"),
        ({"first": 101}, "first"),
        ({"first": 1000}, "first"),
        ({"last": 0}, "last"),
        ({"last": 101}, "last"),
        ({"first": 1, "last": 1}, "first"),
        ({"after": "garbage"}, "after"),
        ({"after": ""}, "after"),
        ({"before": "Q29udGFjdDox"}, "before"),
        ({"before": "客"}, "before"),
    ],
)
async def test_a_bad_page_is_bad_input_and_names_the_argument(api: Api, variables: dict[str, Any], named: str) -> None:
    error = await api.error(LIST, variables)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["field"][0] == named
    assert named in error["message"]


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { role } contacts(first: 0) { totalCount } }",
        "query ($id: ID!) { customer(by: {id: $id}) { bills(first: 0) { totalCount } } }",
        'query ($id: ID!) { customer(by: {id: $id}) { contacts(after: "x") { totalCount } } }',
        "{ callbacks(last: 1000) { totalCount } }",
    ],
)
async def test_a_bad_page_is_bad_input_in_every_list(api: Api, query: str) -> None:
    customer = await api.world.customer()

    error = await api.error(query, {"id": api.id(customer)} if "$id" in query else None)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_total_is_counted_only_when_it_is_asked_for(api: Api) -> None:
    await some_contacts(api, 3)
    await api.data("{ contacts { totalCount } }")

    with counted() as with_total:
        answer = await api.data("{ contacts(first: 1) { totalCount nodes { id } } }")
    with counted() as without:
        await api.data("{ contacts(first: 1) { nodes { id } } }")

    assert answer["contacts"]["totalCount"] == 3
    assert len(with_total) == len(without) + 1


async def test_nested_lists_have_their_own_pages_and_totals_in_one_statement_each(api: Api) -> None:
    customers = [await api.world.customer() for _ in range(3)]
    for number, customer in enumerate(customers):
        for _ in range(number + 1):
            bill = await api.world.bill(customer)
            await api.world.request(customer, Channel.SMS, bill_id=bill.id, purpose=Purpose.OVERDUE_REMINDER)
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer {
        bills(last: 2) {
          totalCount nodes { reference contacts { totalCount nodes { id } } } pageInfo { hasPreviousPage }
        }
        contacts(first: 2, purpose: OVERDUE_REMINDER) { totalCount nodes { id } pageInfo { hasNextPage } }
        none: contacts(purpose: MARKETING) { totalCount nodes { id } }
        paid: bills(status: PAID) { totalCount }
    } } }"""
    variables = {"ids": [api.id(customer) for customer in customers]}
    await api.data(query, variables)

    with counted() as statements:
        nodes = (await api.data(query, variables))["nodes"]

    assert [node["bills"]["totalCount"] for node in nodes] == [1, 2, 3]
    assert [len(node["bills"]["nodes"]) for node in nodes] == [1, 2, 2]
    assert [node["bills"]["pageInfo"]["hasPreviousPage"] for node in nodes] == [False, False, True]
    assert [node["contacts"]["totalCount"] for node in nodes] == [1, 2, 3]
    assert [node["contacts"]["pageInfo"]["hasNextPage"] for node in nodes] == [False, False, True]
    assert all(bill["contacts"]["totalCount"] == 1 for node in nodes for bill in node["bills"]["nodes"])
    assert all(node["none"] == {"totalCount": 0, "nodes": []} for node in nodes)
    assert all(node["paid"] == {"totalCount": 0} for node in nodes)
    assert len(statements) <= 12


async def test_filters_narrow_the_list(api: Api) -> None:
    first, second = await some_contacts(api, 2)
    customer = await api.world.customer()
    api.world.wait(hours=1)
    email = (await api.world.request(customer, Channel.EMAIL)).contact
    query = "query ($filter: ContactFilter) { contacts(filter: $filter) { nodes { id } } }"

    async def found(**which: Any) -> list[str]:
        return [one["id"] for one in (await api.data(query, {"filter": which}))["contacts"]["nodes"]]

    assert await found() == [api.id(first), api.id(second), api.id(email)]
    assert await found(channel="EMAIL") == [api.id(email)]
    assert await found(purpose="OVERDUE_REMINDER", channel="SMS") == [api.id(first), api.id(second)]
    assert await found(status="SCHEDULED") == [api.id(email)]
    assert await found(customerId=api.id(customer)) == [api.id(email)]
    assert await found(**{"from": email.created_at.isoformat()}) == [api.id(email)]
    assert await found(to=email.created_at.isoformat()) == [api.id(first), api.id(second)]


@pytest.mark.parametrize(
    ("which", "named"),
    [
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"to": "yesterday"}, "to"),
        ({"customerId": "garbage"}, "customerId"),
        ({"billId": "Q3VzdG9tZXI6MDFhMjBiYjVlNjAwN2EyYWE1OWY1NDEwNTAwMzAyOTU"}, "billId"),
    ],
)
async def test_a_bad_filter_is_bad_input_and_names_its_field(api: Api, which: dict[str, str], named: str) -> None:
    query = "query ($filter: ContactFilter) { contacts(filter: $filter) { nodes { id } } }"

    error = await api.error(query, {"filter": which}, role=Role.AGENT)

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": ["filter", named]}


async def test_many_queries_that_read_and_ask_at_once_do_not_wait_for_each_other_for_ever(api: Api) -> None:
    contacts = await some_contacts(api, 2)
    customer = global_id(Kind.CUSTOMER, contacts[0].customer_id)
    query = """query ($id: ID!) {
        contacts { totalCount nodes { customer { contacts { totalCount } } } }
        first: previewContact(input: {customerId: $id, purpose: FOLLOW_UP, channel: SMS}) { outcome }
        node(id: $id) { ... on Customer { bills { nodes { daysOverdue } } } }
        second: nextAllowedContact(customerId: $id, purpose: FOLLOW_UP) { at }
    }"""
    await api.key(Role.ADMIN)

    async with asyncio.timeout(30):
        answers = await asyncio.gather(*(api.data(query, {"id": customer}, role=Role.ADMIN) for _ in range(40)))

    assert all(answer == answers[0] for answer in answers)


CALLS = """query ($first: Int, $after: String, $last: Int, $before: String) {
  callbacks(status: WAITING, first: $first, after: $after, last: $last, before: $before) {
    nodes { id from } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def test_the_queue_of_calls_stands_in_the_order_of_their_times(api: Api) -> None:
    now, customer = api.world.clock(), await api.world.customer("CN")
    for hours in (3, 1, 2, 1):
        wished = now + timedelta(hours=hours)
        await api.world.request(customer, Channel.CALLBACK, is_callback=True, not_before=wished)

    whole = (await api.data(CALLS))["callbacks"]["nodes"]
    first = (await api.data(CALLS, {"first": 3}))["callbacks"]
    rest = (await api.data(CALLS, {"first": 3, "after": first["pageInfo"]["endCursor"]}))["callbacks"]
    last = (await api.data(CALLS, {"last": 1}))["callbacks"]
    back = (await api.data(CALLS, {"last": 3, "before": last["pageInfo"]["startCursor"]}))["callbacks"]
    elsewhere = (await api.data(CALLS, {"after": cursor("f" * 32)}))["callbacks"]

    assert [one["from"] for one in whole] == sorted(one["from"] for one in whole)
    assert len(whole) == 4
    assert first["nodes"] + rest["nodes"] == back["nodes"] + last["nodes"] == whole
    assert first["pageInfo"]["hasNextPage"]
    assert not rest["pageInfo"]["hasNextPage"]
    assert elsewhere["nodes"] == whole  # a cursor of another list holds no time: it lies before all of them
