"""What is another customer's answers like what does not exist: to the byte, wherever an id or a reference is given."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from gateway.api.ids import Kind, global_id
from gateway.api.schema import CORE
from gateway.model import Role
from tests.api.lives import Lives
from tests.api.test_websocket import STATUS, line, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = "018f" + "0a" * 14

PLACES: dict[str, tuple[Kind, str]] = {
    # queries
    "node id": (Kind.CONTACT, "node(id: $id) { id }"),
    "nodes ids": (Kind.CUSTOMER, "nodes(ids: [$id]) { id }"),
    "customer by.id": (Kind.CUSTOMER, "customer(by: {id: $id}) { id }"),
    "contact id": (Kind.CONTACT, "contact(id: $id) { id }"),
    "contacts filter.customerId": (Kind.CUSTOMER, "contacts(filter: {customerId: $id}) { totalCount nodes { id } }"),
    "contacts filter.billId": (Kind.BILL, "contacts(filter: {billId: $id}) { totalCount nodes { id } }"),
    "callbacks customerId": (Kind.CUSTOMER, "callbacks(customerId: $id) { totalCount nodes { id } }"),
    "replies customerId": (Kind.CUSTOMER, "replies(customerId: $id) { totalCount nodes { id } }"),
    "complaints customerId": (Kind.CUSTOMER, "complaints(customerId: $id) { totalCount nodes { id } }"),
    "survey contactId": (Kind.CONTACT, "survey(contactId: $id) { endsAt }"),
    "surveyAnswers customerId": (Kind.CUSTOMER, "surveyAnswers(customerId: $id) { totalCount nodes { id } }"),
    "contactPressure customerId": (Kind.CUSTOMER, "contactPressure(customerId: $id) { sentence }"),
    "previewContact input.customerId": (
        Kind.CUSTOMER,
        "previewContact(input: {customerId: $id, purpose: FOLLOW_UP, channel: SMS}) { outcome }",
    ),
    "previewContact input.billId": (
        Kind.BILL,
        'previewContact(input: {customerId: "%(customer)s", billId: $id, purpose: FOLLOW_UP, channel: SMS})'
        " { outcome }",
    ),
    "previewContact input.contactPointId": (
        Kind.CONTACT_POINT,
        'previewContact(input: {customerId: "%(customer)s", contactPointId: $id, purpose: FOLLOW_UP, channel: SMS})'
        " { outcome }",
    ),
    "previewMessage input.customerId": (
        Kind.CUSTOMER,
        "previewMessage(input: {customerId: $id, purpose: FOLLOW_UP, channel: SMS}) { text }",
    ),
    "previewMessage input.billId": (
        Kind.BILL,
        'previewMessage(input: {customerId: "%(customer)s", billId: $id, purpose: FOLLOW_UP, channel: SMS}) { text }',
    ),
    "nextAllowedContact customerId": (
        Kind.CUSTOMER,
        "nextAllowedContact(customerId: $id, purpose: FOLLOW_UP) { at }",
    ),
    "nextAllowedContact billId": (
        Kind.BILL,
        'nextAllowedContact(customerId: "%(customer)s", billId: $id, purpose: FOLLOW_UP) { at }',
    ),
    # mutations
    "registerBill input.customerId": (
        Kind.CUSTOMER,
        'registerBill(input: {customerId: $id, reference: "B-9", account: {reference: "A-9"}, dueOn: "2026-11-14",'
        ' amountDue: {amount: "1", currency: "CNY"}})',
    ),
    "recordPayment input.billId": (
        Kind.BILL,
        'recordPayment(input: {reference: "P-9", billId: $id, amount: {amount: "1", currency: "CNY"}})',
    ),
    "linkCustomers input.customerIds": (
        Kind.CUSTOMER,
        'linkCustomers(input: {customerIds: ["%(customer)s", $id]})',
    ),
    "markContactPoint input.contactPointId": (
        Kind.CONTACT_POINT,
        "markContactPoint(input: {contactPointId: $id, usable: true})",
    ),
    "planOptions billId": (Kind.BILL, "planOptions(billId: $id) { total { amount } }"),
    "repaymentApplications customerId": (
        Kind.CUSTOMER,
        "repaymentApplications(customerId: $id) { totalCount nodes { id } }",
    ),
    "submitRepaymentApplication input.billId": (
        Kind.BILL,
        'submitRepaymentApplication(input: {idempotencyKey: "k", billId: $id, reason: "ill",'
        ' instalments: [{dueOn: "2026-12-10", amount: {amount: "1.00", currency: "CNY"}}]})',
    ),
    "withdrawRepaymentApplication applicationId": (
        Kind.APPLICATION,
        "withdrawRepaymentApplication(applicationId: $id)",
    ),
    "decideRepaymentApplication input.applicationId": (
        Kind.APPLICATION,
        'decideRepaymentApplication(input: {applicationId: $id, approve: false, reason: "seen"})',
    ),
    "exportCustomer input.customerId": (
        Kind.CUSTOMER,
        'exportCustomer(input: {customerId: $id, reason: "asked"})',
    ),
    "eraseCustomer input.customerId": (Kind.CUSTOMER, 'eraseCustomer(input: {customerId: $id, reason: "asked"})'),
    "mintCustomerToken input.customerId": (Kind.CUSTOMER, "mintCustomerToken(input: {customerId: $id})"),
    "recordConsent input.customerId": (
        Kind.CUSTOMER,
        'recordConsent(input: {customerId: $id, status: GRANTED, source: "form"})',
    ),
    "recordConsent input.contactPointId": (
        Kind.CONTACT_POINT,
        'recordConsent(input: {customerId: "%(customer)s", contactPointId: $id, status: GRANTED, source: "form"})',
    ),
    "recordHardshipSignal input.customerId": (
        Kind.CUSTOMER,
        'recordHardshipSignal(input: {idempotencyKey: "k", customerId: $id, kind: OTHER})',
    ),
    "withdrawHardshipSignal input.signalId": (
        Kind.HARDSHIP_SIGNAL,
        'withdrawHardshipSignal(input: {signalId: $id, reason: "an error"})',
    ),
    "fileComplaint input.customerId": (
        Kind.CUSTOMER,
        'fileComplaint(input: {idempotencyKey: "k", customerId: $id, text: "too often"})',
    ),
    "fileComplaint input.contactId": (
        Kind.CONTACT,
        'fileComplaint(input: {idempotencyKey: "k", customerId: "%(customer)s", contactId: $id, text: "too often"})',
    ),
    "settleComplaint input.complaintId": (
        Kind.COMPLAINT,
        'settleComplaint(input: {complaintId: $id, answer: "sorry"})',
    ),
    "recordSurveyAnswer input.contactId": (
        Kind.CONTACT,
        'recordSurveyAnswer(input: {idempotencyKey: "k", contactId: $id, score: 5})',
    ),
    "setPreferences input.customerId": (
        Kind.CUSTOMER,
        "setPreferences(input: {customerId: $id, channels: [SMS]})",
    ),
    "recordOutsideContact input.customerId": (
        Kind.CUSTOMER,
        'recordOutsideContact(input: {customerId: $id, reference: "O-9", channel: VISIT, result: ATTEMPTED,'
        ' initiator: LENDER, at: "2026-11-24T03:00:00Z"})',
    ),
    "recordPromise input.customerId": (
        Kind.CUSTOMER,
        'recordPromise(input: {customerId: $id, account: "%(account)s", payBy: "2026-12-01"})',
    ),
    "withdrawPromise input.promiseId": (Kind.PROMISE, 'withdrawPromise(input: {promiseId: $id, reason: "an error"})'),
    "placeHold input.customerId": (Kind.CUSTOMER, "placeHold(input: {customerId: $id, kind: HARDSHIP})"),
    "placeHold input.contactPointId": (
        Kind.CONTACT_POINT,
        'placeHold(input: {customerId: "%(customer)s", contactPointId: $id, kind: HARDSHIP})',
    ),
    "liftHold input.holdId": (Kind.HOLD, 'liftHold(input: {holdId: $id, reason: "over"})'),
    "requestContact input.customerId": (
        Kind.CUSTOMER,
        'requestContact(input: {idempotencyKey: "k", customerId: $id, purpose: FOLLOW_UP})',
    ),
    "requestContact input.billId": (
        Kind.BILL,
        'requestContact(input: {idempotencyKey: "k", customerId: "%(customer)s", billId: $id, purpose: FOLLOW_UP})',
    ),
    "requestContact input.inReplyTo": (
        Kind.OUTSIDE_CONTACT,
        'requestContact(input: {idempotencyKey: "k", customerId: "%(customer)s", inReplyTo: $id,'
        " purpose: CUSTOMER_REPLY})",
    ),
    "requestContacts inputs.customerId": (
        Kind.CUSTOMER,
        'requestContacts(inputs: [{idempotencyKey: "k", customerId: $id, purpose: FOLLOW_UP}])',
    ),
    "requestContacts inputs.billId": (
        Kind.BILL,
        'requestContacts(inputs: [{idempotencyKey: "k", customerId: "%(customer)s", billId: $id, purpose: FOLLOW_UP}])',
    ),
    "requestContacts inputs.inReplyTo": (
        Kind.OUTSIDE_CONTACT,
        'requestContacts(inputs: [{idempotencyKey: "k", customerId: "%(customer)s", inReplyTo: $id,'
        " purpose: CUSTOMER_REPLY}])",
    ),
    "cancelContact input.contactId": (Kind.CONTACT, "cancelContact(input: {contactId: $id})"),
    "settleContact input.contactId": (
        Kind.CONTACT,
        'settleContact(input: {contactId: $id, delivered: true, reason: "seen"})',
    ),
    "scheduleCallback input.customerId": (
        Kind.CUSTOMER,
        'scheduleCallback(input: {idempotencyKey: "k", customerId: $id, purpose: FOLLOW_UP,'
        ' at: "2026-11-25T04:00:00Z"})',
    ),
    "scheduleCallback input.billId": (
        Kind.BILL,
        'scheduleCallback(input: {idempotencyKey: "k", customerId: "%(customer)s", billId: $id, purpose: FOLLOW_UP,'
        ' at: "2026-11-25T04:00:00Z"})',
    ),
    "scheduleCallback input.inReplyTo": (
        Kind.OUTSIDE_CONTACT,
        'scheduleCallback(input: {idempotencyKey: "k", customerId: "%(customer)s", inReplyTo: $id,'
        ' purpose: CUSTOMER_REPLY, at: "2026-11-25T04:00:00Z"})',
    ),
    "releaseCallback callbackId": (Kind.CALLBACK, "releaseCallback(callbackId: $id)"),
    "recordCall input.callbackId": (
        Kind.CALLBACK,
        'recordCall(input: {callbackId: $id, idempotencyKey: "k", result: BUSY})',
    ),
    "settleReply input.replyId": (Kind.REPLY, 'settleReply(input: {replyId: $id, note: "read"})'),
    "planContacts input.filter.customerId": (
        Kind.CUSTOMER,
        "planContacts(input: {dryRun: true, filter: {customerId: $id}})",
    ),
    "resumeSending input.pauseId": (Kind.PAUSE, 'resumeSending(input: {pauseId: $id, reason: "over"})'),
    "endEventSubscription subscriptionId": (Kind.EVENT_SUBSCRIPTION, "endEventSubscription(subscriptionId: $id)"),
}
"""Where an id can be given, and which: beside it stands what is the caller's own."""

REFERENCES: dict[str, str] = {
    "customer": "query ($it: String!) { customer(by: {reference: $it}) { id } }",
    "recordPromise": "mutation ($it: String!) { recordPromise(input: {customerId: %(customer)s, account: $it,"
    ' payBy: "2026-12-01"}) { userErrors { code message field } } }',
    "placeHold": "mutation ($it: String!) { placeHold(input: {customerId: %(customer)s, account: $it,"
    " kind: HARDSHIP}) { userErrors { code message field } } }",
    "recordOutsideContact": "mutation ($it: String!) { recordOutsideContact(input: {customerId: %(customer)s,"
    ' accounts: [$it], reference: "O-9", channel: VISIT, result: ATTEMPTED, initiator: LENDER,'
    ' at: "2026-11-24T03:00:00Z"}) { userErrors { code message field } } }',
    "recordCall": "mutation ($it: String!) { recordCall(input: {callbackId: %(callback)s, accounts: [$it],"
    ' idempotencyKey: "k", result: BUSY}) { userErrors { code message field } } }',
}
"""Where the lender's own reference can be given."""


def ids_of(root: GraphQLObjectType | None) -> Iterator[str]:
    """Every place in the arguments of these operations at which an id is given."""
    assert root is not None
    for name, field in root.fields.items():
        yield from (f"{name} {path}" for path in paths(field.args))


def paths(given: Mapping[str, Any]) -> Iterator[str]:
    for name, one in given.items():
        type_ = get_named_type(one.type)
        if type_.name == "ID":
            yield name
        elif isinstance(type_, GraphQLInputObjectType):
            yield from (f"{name}.{inner}" for inner in paths(type_.fields))


async def test_every_place_for_an_id_is_tried(lives: Lives) -> None:
    assert sorted(PLACES) == sorted([*ids_of(CORE.query_type), *ids_of(CORE.mutation_type)])


async def answers(lives: Lives, query: str, variables: list[dict[str, str]], role: Role) -> list[tuple[int, bytes]]:
    """Status and body, byte for byte."""
    responses = [await lives.api.post(query, one, **lives.mine.who(role)) for one in variables]
    return [(response.status_code, response.content) for response in responses]


def asking(lives: Lives, place: str) -> str:
    """The operation with the id as a variable, and beside it what is the caller's own."""
    _, text = PLACES[place]
    text %= {"customer": lives.mine.id(Kind.CUSTOMER), "account": lives.mine.account}
    if text.endswith("}"):
        return f"query ($id: ID!) {{ {text} }}"
    return f"mutation ($id: ID!) {{ {text} {{ userErrors {{ code message field }} }} }}"


@pytest.mark.parametrize("place", PLACES)
async def test_another_customers_id_answers_a_customer_like_one_that_is_nobodys(lives: Lives, place: str) -> None:
    kind, _ = PLACES[place]
    theirs = lives.pause if kind is Kind.PAUSE else lives.theirs.id(kind)
    ids = [{"id": theirs}, {"id": global_id(kind, NOBODY)}]

    another, nobody = await answers(lives, asking(lives, place), ids, Role.CUSTOMER)

    assert another == nobody


NESTED = [name for name, (_, text) in PLACES.items() if 'customerId: "%(customer)s"' in text]
"""Where what the id names has to be the customer's."""


@pytest.mark.parametrize("place", NESTED)
async def test_what_is_not_this_customers_answers_staff_like_what_is_nobodys(lives: Lives, place: str) -> None:
    kind, _ = PLACES[place]
    ids = [{"id": lives.theirs.id(kind)}, {"id": global_id(kind, NOBODY)}]

    another, nobody = await answers(lives, asking(lives, place), ids, Role.ADMIN)

    assert another == nobody
    assert b"NOT_FOUND" in another[1]


@pytest.mark.parametrize(("name", "kind"), [("contact", Kind.CONTACT), ("customer", Kind.CUSTOMER)])
async def test_what_cannot_be_followed_answers_like_what_is_nobodys(lives: Lives, name: str, kind: Kind) -> None:
    key = await lives.api.key(Role.CUSTOMER, lives.mine.customer)
    told = []

    async with served(lives.api) as url, line(url) as one:
        await one.begin(key)
        for id_ in (lives.theirs.id(kind), global_id(kind, NOBODY)):
            payload = {"query": STATUS, "variables": {name: id_}}
            await one.send(type="subscribe", id="1", payload=payload)
            told.append(await one.receive())

    another, nobody = told
    assert another == nobody
    assert another["payload"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("name", REFERENCES)
async def test_another_customers_reference_answers_like_one_that_is_nobodys(lives: Lives, name: str) -> None:
    [callback, *_] = lives.mine.in_hand[Role.ADMIN][Kind.CALLBACK]
    query = REFERENCES[name] % {"customer": f'"{lives.mine.id(Kind.CUSTOMER)}"', "callback": f'"{callback}"'}
    theirs = lives.theirs.customer.reference if name == "customer" else lives.theirs.account
    role = Role.CUSTOMER if name == "customer" else Role.ADMIN

    another, nobody = await answers(lives, query, [{"it": theirs}, {"it": "nobody's"}], role)

    assert another == nobody
    assert b"NOT_FOUND" in another[1] or another[1].startswith(b'{"data":{"customer":null}')
