import pytest
from graphql import GraphQLObjectType

from gateway.api.permissions import PERMISSIONS, scopes
from gateway.api.schema import CORE
from gateway.model import Role
from tests.api.client import Api

ROOTS = (CORE.query_type, CORE.mutation_type, CORE.subscription_type)


def fields(root: GraphQLObjectType | None) -> list[str]:
    assert root is not None
    return list(root.fields)


def test_every_root_field_stands_in_the_table_and_nothing_else_does() -> None:
    assert sorted(PERMISSIONS) == sorted(name for root in ROOTS for name in fields(root))


def test_what_customers_may_do_is_little() -> None:
    mutations = set(fields(CORE.mutation_type))

    assert mutations & set(scopes(Role.CUSTOMER)) == {"recordConsent", "scheduleCallback", "setPreferences"}


def test_only_agents_and_admins_work_callbacks() -> None:
    for operation in ("claimNextCallback", "releaseCallback", "recordCall"):
        assert PERMISSIONS[operation] == {Role.AGENT, Role.ADMIN}


def test_an_admin_may_do_everything() -> None:
    assert scopes(Role.ADMIN) == list(PERMISSIONS)


MUTATIONS = {
    "registerCustomer": 'input: {reference: "C", locale: "en", jurisdiction: "UK", contactPoints: []}',
    "registerBill": 'input: {reference: "B", customerId: "x", account: {reference: "A"}, dueOn: "x",'
    ' amountDue: {amount: "1", currency: "GBP"}}',
    "markContactPoint": 'input: {contactPointId: "x", usable: false}',
    "linkCustomers": 'input: {customerIds: ["x"]}',
    "recordConsent": 'input: {customerId: "x", status: GRANTED, source: "form"}',
    "requestContact": 'input: {idempotencyKey: "k", customerId: "x", purpose: FOLLOW_UP}',
    "requestContacts": 'inputs: [{idempotencyKey: "k", customerId: "x", purpose: FOLLOW_UP}]',
    "cancelContact": 'input: {contactId: "x"}',
    "settleContact": 'input: {contactId: "x", delivered: true, reason: "seen"}',
    "scheduleCallback": 'input: {idempotencyKey: "k", customerId: "x", purpose: FOLLOW_UP, at: "x"}',
    "claimNextCallback": 'input: {idempotencyKey: ""}',
    "releaseCallback": 'callbackId: "x"',
    "recordCall": 'input: {callbackId: "x", idempotencyKey: "k", result: BUSY}',
    "recordOutsideContact": 'input: {customerId: "x", reference: "r", channel: VISIT, result: ATTEMPTED,'
    ' initiator: LENDER, at: "x"}',
    "placeHold": 'input: {customerId: "x", kind: CEASE}',
    "liftHold": 'input: {holdId: "x", reason: "r"}',
    "recordPromise": 'input: {customerId: "x", account: "A", payBy: "x"}',
    "setPreferences": 'input: {customerId: "x"}',
    "advanceClock": 'to: "x"',
}
"""Each with an input that is bad, so that nothing comes of it."""


def test_every_mutation_is_tried() -> None:
    assert sorted(MUTATIONS) == sorted(fields(CORE.mutation_type))


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name != "advanceClock"])
async def test_who_may_not_call_a_mutation_is_told_so_and_who_may_gets_an_answer(api: Api, name: str) -> None:
    customer = await api.world.customer()
    query = f"mutation {{ {name}({MUTATIONS[name]}) {{ userErrors {{ code field message }} }} }}"

    for role in Role:
        who = {"customer": customer} if role is Role.CUSTOMER else {"role": role}
        answer = await api.ask(query, **who)

        if role in PERMISSIONS[name]:
            [errors] = [
                payload["userErrors"]
                for payload in (answer["data"][name] if name == "requestContacts" else [answer["data"][name]])
            ]
            assert errors, role
            assert all(error["field"] for error in errors)
        else:
            assert answer["data"] == {name: None}
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
            assert answer["errors"][0]["path"] == [name]


async def test_the_viewer_is_told_what_they_may_do(api: Api) -> None:
    customer = await api.world.customer()

    viewer = (await api.data("{ viewer { role name scopes customer { reference } } }", customer=customer))["viewer"]

    assert viewer["role"] == "CUSTOMER"
    assert viewer["customer"] == {"reference": customer.reference}
    assert viewer["scopes"] == scopes(Role.CUSTOMER)
