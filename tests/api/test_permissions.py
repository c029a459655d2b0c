"""Every cell of the two tables of permissions, asked over the API: role by operation, role by field, own and another's.

`permissions.snap` is what `gateway permissions` prints: a change of a table shows there, and is read by a person.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from string import Template
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from gateway import applications, cli_permissions, complaining, events, pausing, promises, relief
from gateway.api import sight
from gateway.api.ids import Kind, global_id, parse_id
from gateway.api.permissions import FIELDS, OWN_ONLY, PERMISSIONS, Cell, Sight, is_guarded, is_personal, may, scopes
from gateway.api.schema import CORE
from gateway.callers import authenticate
from gateway.complaining import FileComplaint
from gateway.model import Caller, Role
from gateway.relief import RecordHardshipSignal
from gateway.requests import RecordPromise, SubmitApplication
from gateway.store import applications as application_rows
from gateway.store import pauses
from policies.facts import Channel, Purpose
from policies.hardship import SignalKind
from policies.plans import Instalment
from tests.api.client import Api
from tests.api.lives import RINGING, Life, Lives, claim
from tests.api.test_websocket import followers, line, served

asked = pytest.mark.asyncio(loop_scope="module")
"""Of a test that asks in the two lives."""

SNAPSHOT = Path(__file__).parent / "permissions.snap"

ROOTS = (CORE.query_type, CORE.mutation_type, CORE.subscription_type)

TYPES = {
    name: type_
    for name, type_ in CORE.type_map.items()
    if isinstance(type_, GraphQLObjectType) and type_ not in ROOTS and not name.startswith("__")
}

_NUMBERS = count(1)


def fields(root: GraphQLObjectType | None) -> list[str]:
    assert root is not None
    return list(root.fields)


# --- the tables themselves --------------------------------------------------------------------------------------------


def test_every_operation_stands_in_the_table_and_nothing_else_does() -> None:
    assert sorted(PERMISSIONS) == sorted(name for root in ROOTS for name in fields(root))


def test_every_field_stands_in_the_table_and_nothing_else_does() -> None:
    assert sorted(FIELDS) == sorted(f"{name}.{field}" for name, type_ in TYPES.items() for field in type_.fields)


def test_the_tables_are_those_that_somebody_has_read() -> None:
    printed = "\n".join(cli_permissions.lines()) + "\n"

    assert SNAPSHOT.read_text(encoding="utf-8") == printed, "run: gateway permissions > tests/api/permissions.snap"


def test_what_customers_may_do_is_little() -> None:
    mutations = set(fields(CORE.mutation_type))

    assert mutations & set(scopes(Role.CUSTOMER)) == {
        "recordConsent",
        "scheduleCallback",
        "setPreferences",
        "exportCustomer",
        "submitRepaymentApplication",
        "withdrawRepaymentApplication",
        "fileComplaint",
        "recordSurveyAnswer",
    }


def test_only_agents_and_admins_work_callbacks() -> None:
    for operation in ("claimNextCallback", "releaseCallback", "recordCall"):
        assert PERMISSIONS[operation] == {Role.AGENT, Role.ADMIN}


def test_an_admin_may_do_everything() -> None:
    assert scopes(Role.ADMIN) == list(PERMISSIONS)


def test_what_is_personal_takes_a_reason_and_has_a_masked_text_beside_it() -> None:
    for field in filter(is_personal, FIELDS):
        type_, name = field.split(".")
        masked = "masked" if field == "ContactPoint.address" else f"masked{name[0].upper()}{name[1:]}"

        assert "reason" in TYPES[type_].fields[name].args, field
        assert masked in TYPES[type_].fields, field


def test_no_staff_sees_what_is_personal_without_a_reason_but_who_is_to_ring() -> None:
    for field in filter(is_personal, FIELDS):
        for role, cell in FIELDS[field].items():
            if role is not Role.CUSTOMER:
                assert cell.others in (Sight.REASON, Sight.MASKED), field
                assert cell.own in (Sight.REASON, Sight.MASKED) or role in RINGING, field


def test_what_everybody_sees_costs_nothing_more() -> None:
    wrapped = {
        f"{name}.{field}"
        for name, type_ in TYPES.items()
        for field, one in type_.fields.items()
        if getattr(one.resolve, "__module__", "") == sight.__name__
    }

    assert wrapped == set(filter(is_guarded, FIELDS))
    assert not {field for field in wrapped if field.startswith("Contact.")} - {
        "Contact.message",
        "Contact.cancelReason",
    }


# --- fields -----------------------------------------------------------------------------------------------------------

PARTS: dict[str, tuple[Kind, str]] = {
    "ViewedBy": (Kind.VIEW, "by { %s }"),
    "Decision": (Kind.CONTACT, "decisions { %s }"),
    "Finding": (Kind.CONTACT, "decisions { findings { %s } }"),
    "Allowance": (Kind.CONTACT, "decisions { allowances { %s } }"),
    "Money": (Kind.BILL, "amountDue { %s }"),
    "Payment": (Kind.BILL, "payments { %s }"),
    "Diversion": (Kind.CONTACT, "diversion { %s }"),
    "Hardship": (Kind.CUSTOMER, "hardship { %s }"),
    "HardshipReason": (Kind.CUSTOMER, "hardship { reasons { %s } }"),
    "Receipt": (Kind.ATTEMPT, "receipts { %s }"),
    "PageInfo": (Kind.CUSTOMER, "contacts { pageInfo { %s } }"),
    "Instalment": (Kind.APPLICATION, "instalments { %s }"),
    "AttemptConnection": (Kind.CONTACT, "attempts { %s }"),
    "AttemptEdge": (Kind.CONTACT, "attempts { edges { %s } }"),
    "BillConnection": (Kind.CUSTOMER, "bills { %s }"),
    "BillEdge": (Kind.CUSTOMER, "bills { edges { %s } }"),
    "ContactConnection": (Kind.CUSTOMER, "contacts { %s }"),
    "ContactEdge": (Kind.CUSTOMER, "contacts { edges { %s } }"),
    "TimelineEntry": (Kind.CUSTOMER, "timeline(first: 100) { nodes { %s } }"),
    "TimelineEntryConnection": (Kind.CUSTOMER, "timeline { %s }"),
    "TimelineEntryEdge": (Kind.CUSTOMER, "timeline { edges { %s } }"),
    "ViewConnection": (Kind.CUSTOMER, "views { %s }"),
    "ViewEdge": (Kind.CUSTOMER, "views { edges { %s } }"),
}
"""Where the parts of a thing are found in it."""

ASKED: dict[str, str] = {
    "CallbackConnection": "callbacks(customerId: $id) { %s }",
    "CallbackEdge": "callbacks(customerId: $id) { edges { %s } }",
    "MessagePreview": 'checkWords(input: {text: "Pay or be sued", channel: SMS, locale: "en"}) { %s }',
    "WordProblem": 'checkWords(input: {text: "Pay or be sued", channel: SMS, locale: "en"}) { problems { %s } }',
    "PlanOption": "planOptions(billId: $open_bill) { %s }",
    "RepaymentApplicationConnection": "repaymentApplications(customerId: $id) { %s }",
    "RepaymentApplicationEdge": "repaymentApplications(customerId: $id) { edges { %s } }",
    "ComplaintConnection": "complaints(customerId: $id) { %s }",
    "ComplaintEdge": "complaints(customerId: $id) { edges { %s } }",
    "Survey": "survey(contactId: $surveyed) { %s }",
    "SurveyAnswerConnection": "surveyAnswers(customerId: $id) { %s }",
    "SurveyAnswerEdge": "surveyAnswers(customerId: $id) { edges { %s } }",
    "ContactPressure": "contactPressure(customerId: $id) { %s }",
    "PressurePeriod": "contactPressure(customerId: $id) { periods { %s } }",
    "ChannelCount": "contactPressure(customerId: $id) { periods { byChannel { %s } } }",
    "PurposeCount": "contactPressure(customerId: $id) { periods { byPurpose { %s } } }",
    "ReactionCount": "contactPressure(customerId: $id) { periods { reactions { %s } } }",
    "RequesterCount": "contactPressure(customerId: $id) { periods { byRequester { %s } } }",
    "ReplyConnection": "replies(customerId: $id) { %s }",
    "ReplyEdge": "replies(customerId: $id) { edges { %s } }",
    "NextAllowed": "nextAllowedContact(customerId: $id, purpose: FOLLOW_UP) { %s }",
    "ExemptionUse": "exemptions { %s }",
    "SandboxMessage": "sandboxInbox { %s }",
    "Viewer": "viewer { %s }",
    "Rule": "rules { %s }",
}
"""What only the root shows."""

NOWHERE = {
    "Account.lenderKinds",
    "Customer.erasure",
    "Decision.diversion",
    "EventSubscription.endedAt",
    "EventSubscription.lastAnswer",
    "MessagePreview.html",
    "MessagePreview.refusal",
    "MessagePreview.subject",
    "MessagePreview.templateVersion",
    "Pause.channel",
    "Pause.purpose",
}
"""What these two lives have nothing of: nobody sees it."""

ANSWERS = {name for name in TYPES if name.endswith("Payload")} | {"UserError", "ContactProposal", "PlanCount"}
"""What mutations answer with."""

ERASED = {"Erasure"}
"""What is shown of who is to be forgotten: tests/api/test_rights.py."""

SHOWN_TYPES = sorted(TYPES.keys() - ANSWERS - ERASED)


def selection(type_: str) -> str:
    """Every field of the type; where a reason can be given, also with one."""
    parts = ["here: __typename"]
    for name, field in TYPES[type_].fields.items():
        inner = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
        parts.append(f"{name}{inner}")
        if "reason" in field.args:
            parts.append(f'with_{name}: {name}(reason: "to see it"){inner}')
    return " ".join(parts)


def found(answer: Any) -> Iterator[dict[str, Any]]:
    """Every object of the type that was asked about."""
    if isinstance(answer, list):
        for one in answer:
            yield from found(one)
    elif isinstance(answer, dict):
        if "here" in answer:
            yield answer
        for one in answer.values():
            yield from found(one)


def in_hand(lives: Lives, role: Role, type_: str) -> list[str] | None:
    """What the role has to hold so that the table calls it its own; None: it is enough that it is the customer's."""
    held = lives.mine.in_hand.get(role, {}).get(Kind(type_)) if type_ in set(Kind) else None
    # Nobody holds a call that was called off: there is no other way to look at the reason.
    return held and [*held, lives.mine.cancelled]


def things(lives: Lives, role: Role, kind: Kind, *, own: bool) -> list[str]:
    if kind is Kind.PAUSE:
        return [lives.pause]
    if own:
        return lives.mine.things[kind]
    # The number to ring is the caller's own, and the same customer's mail address is not.
    more = [lives.mine.mail_point] if kind is Kind.CONTACT_POINT and role in RINGING else []
    return lives.theirs.things[kind] + more


async def looked_at(lives: Lives, type_: str, role: Role, *, own: bool) -> list[dict[str, Any]]:
    """Every object of the type that this role is shown."""
    kind, inner = PARTS.get(type_, (None, "%s"))
    if type_ in ASKED:
        life = lives.mine if own else lives.theirs
        ids = [life.id(Kind.CUSTOMER)]
        wanted = ASKED[type_] % selection(type_)
        wanted = wanted.replace("$open_bill", f'"{life.open_bill}"').replace("$surveyed", f'"{life.surveyed}"')
        query = f"query ($id: ID!) {{ {wanted} }}" if "$id" in wanted else f"{{ {wanted} }}"
    else:
        kind = kind or Kind(type_)
        ids = things(lives, role, kind, own=own)
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {inner % selection(type_)} }} }} }}"
    shown: list[dict[str, Any]] = []
    for id_ in ids:
        answer = await lives.api.ask(query, {"id": id_}, **lives.mine.who(role))
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert codes <= ({"FORBIDDEN", "NOT_FOUND"} if type_ in ASKED else set()), answer
        shown += found(answer.get("data"))
    return [one for one in shown if one["edges"]] if type_.endswith("Connection") else shown


def seen(objects: list[dict[str, Any]], name: str) -> Sight:
    """What the answer says of the field."""
    if not objects:
        return Sight.HIDDEN
    if any(one[name] not in (None, []) for one in objects):
        return Sight.SHOWN
    if any(one.get(f"with_{name}") not in (None, []) for one in objects):
        return Sight.REASON
    return Sight.MASKED


def expected(field: str, sight: Sight) -> Sight:
    if sight is Sight.HIDDEN:
        return sight
    if field in NOWHERE:
        return Sight.MASKED
    return Sight.SHOWN if sight is Sight.PARTLY else sight


def test_every_type_is_looked_at() -> None:
    kinds = {kind.value for kind in Kind}

    assert set(SHOWN_TYPES) == kinds | PARTS.keys() | ASKED.keys()


@asked
@pytest.mark.parametrize("type_", SHOWN_TYPES)
@pytest.mark.parametrize("own", [True, False], ids=["own", "another's"])
async def test_every_field_is_seen_by_whom_the_table_says(lives: Lives, type_: str, own: bool) -> None:
    for role in Role:
        objects = await looked_at(lives, type_, role, own=own)

        held = in_hand(lives, role, type_) if own else None
        for name in TYPES[type_].fields:
            field = f"{type_}.{name}"
            cell: Cell = FIELDS[field][role]
            wanted = expected(field, cell.own if own else cell.others)
            if field == "Viewer.customer" and role is not Role.CUSTOMER:
                wanted = Sight.MASKED  # only a CUSTOMER is one
            mattering = [one for one in objects if not is_guarded(field) or held is None or one["id"] in held]
            assert (field, role, seen(mattering, name)) == (field, role, wanted)


# --- what can be asked ------------------------------------------------------------------------------------------------

QUERIES: dict[str, str] = {
    "node": 'node(id: "$contact") { id }',
    "nodes": 'nodes(ids: ["$contact"]) { id }',
    "customer": 'customer(by: {id: "$customer"}) { id }',
    "contact": 'contact(id: "$contact") { id }',
    "contacts": 'contacts(filter: {customerId: "$customer"}) { nodes { id } }',
    "callbacks": 'callbacks(customerId: "$customer") { nodes { id } }',
    "replies": 'replies(customerId: "$customer") { nodes { id } }',
    "previewMessage": 'previewMessage(input: {customerId: "$customer", purpose: FOLLOW_UP, channel: SMS}) { text }',
    "planOptions": 'planOptions(billId: "$open_bill") { total { amount } }',
    "repaymentApplications": 'repaymentApplications(customerId: "$customer") { nodes { id } }',
    "complaints": 'complaints(customerId: "$customer") { nodes { id } }',
    "survey": 'survey(contactId: "$surveyed") { endsAt }',
    "surveyAnswers": 'surveyAnswers(customerId: "$customer") { nodes { id } }',
    "contactPressure": 'contactPressure(customerId: "$customer") { sentence }',
    "previewContact": 'previewContact(input: {customerId: "$customer", purpose: FOLLOW_UP, channel: SMS}) { outcome }',
    "nextAllowedContact": 'nextAllowedContact(customerId: "$customer", purpose: FOLLOW_UP) { at }',
}
"""Those about a customer."""

OF_NOBODY: dict[str, str] = {
    "viewer": "viewer { role }",
    "checkWords": 'checkWords(input: {text: "Hello", channel: SMS, locale: "en"}) { text }',
    "rules": "rules { id }",
    "exemptions": "exemptions { caller }",
    "pauses": "pauses(ended: true) { id }",
    "eventSubscriptions": "eventSubscriptions { id }",
    "sandboxInbox": "sandboxInbox { provider }",
}


def filled(text: str, life: Life, **more: str) -> str:
    """The text with the ids of this life in it."""
    ids = {"customer": life.id(Kind.CUSTOMER), "bill": life.id(Kind.BILL), "contact": life.id(Kind.CONTACT)} | {
        "point": life.id(Kind.CONTACT_POINT),
        "hold": life.id(Kind.HOLD),
        "open_bill": life.open_bill,
        "surveyed": life.surveyed,
        "unclear": life.unclear,
        "cancelled": life.cancelled,
        "reply": life.open_reply,
        "reference": life.customer.reference,
        "bill_reference": f"B-{life.customer.reference}",
        "account": life.account,
        "new": f"new {next(_NUMBERS)}",
    }
    return Template(text).substitute(ids | more)


def is_nothing(value: Any) -> bool:
    """What a query answers where nothing is."""
    return value is None or value in ([None], {"nodes": []})


def test_every_query_is_asked() -> None:
    assert sorted(QUERIES.keys() | OF_NOBODY.keys()) == sorted(fields(CORE.query_type))


@asked
@pytest.mark.parametrize("own", [True, False], ids=["own", "another's"])
@pytest.mark.parametrize("name", [*QUERIES, *OF_NOBODY])
async def test_every_query_is_answered_to_whom_the_table_says(lives: Lives, name: str, own: bool) -> None:
    query = "{ " + filled((QUERIES | OF_NOBODY)[name], lives.mine if own else lives.theirs) + " }"

    for role in Role:
        answer = await lives.api.ask(query, **lives.mine.who(role))
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]

        if role not in PERMISSIONS[name]:
            assert codes == ["FORBIDDEN"], role
        elif role is Role.CUSTOMER and not own and name in QUERIES:
            assert codes == ["NOT_FOUND"] if codes else is_nothing(answer["data"][name]), role
        else:
            assert codes == [], role
            assert answer["data"][name], role
            assert not is_nothing(answer["data"][name]), role


@asked
@pytest.mark.parametrize("own", [True, False], ids=["own", "another's"])
async def test_every_change_is_told_to_whom_the_table_says(lives: Lives, own: bool) -> None:
    world, life = lives.api.world, lives.mine if own else lives.theirs
    contact = life.id(Kind.CONTACT)

    assert PERMISSIONS["contactChanged"] == set(Role)
    for role in Role:
        async with served(lives.api) as url, line(url) as one:
            await one.begin(await lives.api.key(**key_of(lives.mine, role)))
            await one.follow(contact=contact)
            if role is Role.CUSTOMER and not own:
                told = await one.receive()
                assert [error["extensions"]["code"] for error in told["payload"]] == ["NOT_FOUND"]
                continue
            await followers(lives.api, 1)
            world.gateway.changes.publish([(parse_id(contact)[1], life.customer.id)])
            told = await one.receive()
        assert told["payload"]["data"]["contactChanged"]["id"] == contact
        await followers(lives.api, 0)


def key_of(life: Life, role: Role) -> dict[str, Any]:
    return {"role": role} | ({"customer": life.customer} if role is Role.CUSTOMER else {"name": life.names[role]})


# --- what can be done -------------------------------------------------------------------------------------------------

ACTS: dict[str, str] = {
    "registerCustomer": 'input: {reference: "$reference", locale: "en", jurisdiction: "TEST",'
    ' contactPoints: [{channel: EMAIL, address: "$reference@mail.example"}]}',
    "registerBill": 'input: {reference: "$bill_reference", customerId: "$customer", account: {reference: "$account"},'
    ' dueOn: "2026-11-14", amountDue: {amount: "1.00", currency: "CNY"}}',
    "recordPayment": 'input: {reference: "$new", account: "$account", amount: {amount: "0.01", currency: "CNY"},'
    ' at: "2026-11-24T03:00:00Z", sendReceipt: true}',
    "linkCustomers": 'input: {customerIds: ["$customer", "$customer"]}',
    "markContactPoint": 'input: {contactPointId: "$point", usable: true}',
    "recordConsent": 'input: {customerId: "$customer", status: GRANTED, source: "form"}',
    "setPreferences": 'input: {customerId: "$customer", channels: [SMS]}',
    "recordOutsideContact": 'input: {customerId: "$customer", reference: "$new", channel: VISIT, result: ATTEMPTED,'
    ' initiator: LENDER, at: "2026-11-24T03:00:00Z"}',
    "recordPromise": 'input: {customerId: "$customer", account: "$account", payBy: "2026-12-01"}',
    "withdrawPromise": 'input: {promiseId: "$promise", reason: "an error"}',
    "placeHold": 'input: {customerId: "$customer", kind: HARDSHIP}',
    "liftHold": 'input: {holdId: "$hold", reason: "over"}',
    "requestContact": 'input: {idempotencyKey: "$new", customerId: "$customer", purpose: FOLLOW_UP}',
    "requestContacts": 'inputs: [{idempotencyKey: "$new", customerId: "$customer", purpose: FOLLOW_UP}]',
    "planContacts": 'input: {dryRun: true, filter: {customerId: "$customer"}}',
    "cancelContact": 'input: {contactId: "$cancelled"}',
    "settleContact": 'input: {contactId: "$unclear", delivered: true, reason: "they said so"}',
    "scheduleCallback": 'input: {idempotencyKey: "$new", customerId: "$customer", purpose: FOLLOW_UP,'
    ' at: "2026-11-25T04:00:00Z"}',
    "claimNextCallback": 'input: {idempotencyKey: "$new"}',
    "releaseCallback": 'callbackId: "$callback"',
    "recordCall": 'input: {callbackId: "$callback", idempotencyKey: "$new", result: CONVERSATION}',
    "recordHardshipSignal": 'input: {idempotencyKey: "$new", customerId: "$customer", kind: OTHER}',
    "withdrawHardshipSignal": 'input: {signalId: "$signal", reason: "an error"}',
    "fileComplaint": 'input: {idempotencyKey: "$new", customerId: "$customer", text: "too often"}',
    "settleComplaint": 'input: {complaintId: "$complaint", answer: "OK"}',
    "recordSurveyAnswer": 'input: {idempotencyKey: "$new", contactId: "$unasked", score: 5}',
    "settleReply": 'input: {replyId: "$reply", note: "read"}',
    "submitRepaymentApplication": 'input: {idempotencyKey: "$new", billId: "$open_bill", reason: "ill",'
    ' instalments: [{dueOn: "2026-12-10", amount: {amount: "1234.50", currency: "CNY"}}]}',
    "withdrawRepaymentApplication": 'applicationId: "$application"',
    "decideRepaymentApplication": 'input: {applicationId: "$application", approve: false, reason: "looked at"}',
    "exportCustomer": 'input: {customerId: "$customer", reason: "asked by mail"}',
    "eraseCustomer": 'input: {customerId: "$customer", reason: "asked by mail"}',
    "mintCustomerToken": 'input: {customerId: "$customer"}',
    "pauseSending": 'input: {reason: "a test", purpose: MARKETING}',
    "resumeSending": 'input: {pauseId: "$pause", reason: "over"}',
    "subscribeEvents": 'input: {url: "https://8.8.8.8/events"}',
    "endEventSubscription": 'subscriptionId: "$subscription"',
    "advanceClock": 'to: "x"',
    "sandboxReply": 'input: {address: "stranger@mail.example", text: "Hello"}',
}
"""Each with an input that is good; the clock of a test does not move, and who owes is not erased."""

OF_A_CUSTOMER = {name for name, text in ACTS.items() if "$customer" in text}


def test_every_mutation_is_tried() -> None:
    assert sorted(ACTS) == sorted(fields(CORE.mutation_type))


async def made_ready(lives: Lives, name: str, life: Life, doer: Caller) -> dict[str, str]:
    """What an operation needs that can be used only once, for this caller to use."""
    api, gateway = lives.api, lives.api.world.gateway
    match name:
        case "claimNextCallback" | "releaseCallback" | "recordCall":
            await api.world.request(life.customer, Channel.CALLBACK, is_callback=True, not_before=api.world.clock())
            if name == "claimNextCallback":
                return {}
            return {"callback": global_id(Kind.CALLBACK, (await claim(api, doer)).id)}
        case "withdrawRepaymentApplication" | "decideRepaymentApplication":
            return {"application": await applied(lives, life, doer)}
        case "submitRepaymentApplication":
            await applied(lives, life, doer, then_withdrawn=True)
            return {}
        case "withdrawPromise":
            promised = RecordPromise(life.customer.id, date(2026, 12, 1) + timedelta(days=next(_NUMBERS)))
            _, promise, _ = await promises.record(gateway, doer, promised)
            return {"promise": global_id(Kind.PROMISE, promise.id)}
        case "withdrawHardshipSignal":
            new = RecordHardshipSignal(life.customer.id, f"new {next(_NUMBERS)}", "f", SignalKind.OTHER)
            signal, _, _ = await relief.record(gateway, doer, new)
            return {"signal": global_id(Kind.HARDSHIP_SIGNAL, signal.id)}
        case "settleComplaint":
            wanted = FileComplaint(life.customer.id, f"new {next(_NUMBERS)}", "f", "too often")
            complaint, _ = await complaining.file(gateway, doer, wanted)
            return {"complaint": global_id(Kind.COMPLAINT, complaint.id)}
        case "recordSurveyAnswer":
            asked_about = await api.world.request(life.customer, Channel.SMS)
            await api.world.deliver()
            return {"unasked": api.id(asked_about.contact)}
        case "resumeSending":
            pause = await pausing.pause(gateway, doer, "a test", purpose=Purpose.MARKETING, channel=None, provider=None)
            return {"pause": global_id(Kind.PAUSE, pause.id)}
        case "endEventSubscription":
            made = await events.subscribe(gateway, gateway.poster, doer, "https://8.8.8.8/events", ())
            return {"subscription": global_id(Kind.EVENT_SUBSCRIPTION, made.id)}
        case _:
            return {}


async def applied(lives: Lives, life: Life, doer: Caller, *, then_withdrawn: bool = False) -> str:
    """The only open application for the bill."""
    gateway, bill = lives.api.world.gateway, parse_id(life.open_bill)[1]
    async with gateway.database.read() as work:
        found = await application_rows.open_of_bill(work, bill)
    if found is None:
        parts = (Instalment(date(2026, 12, 10), Decimal("1234.50")),)
        wanted = SubmitApplication(f"apply {next(_NUMBERS)}", "body", bill, parts, "ill")
        found = (await applications.submit(gateway, doer, wanted)).application
    if then_withdrawn:
        await applications.withdraw(gateway, doer, found.id)
    return global_id(Kind.APPLICATION, found.id)


async def put_back(lives: Lives, doer: Caller) -> None:
    """What would be in the way of the next."""
    gateway = lives.api.world.gateway
    async with gateway.database.read() as work:
        paused = await pauses.in_force(work)
    for pause in paused:
        await pausing.resume(gateway, doer, pause.id, "over")


@asked
@pytest.mark.parametrize("own", [True, False], ids=["own", "another's"])
@pytest.mark.parametrize("name", ACTS)
async def test_every_mutation_is_done_for_whom_the_table_says(lives: Lives, name: str, own: bool) -> None:
    assert CORE.mutation_type is not None
    payload = get_named_type(CORE.mutation_type.fields[name].type).name
    life = lives.mine if own else lives.theirs
    for role in Role:
        # Keys of their own, which hold no calls of these lives: so that nothing here changes who sees what.
        who = {"customer": lives.mine.customer} if role is Role.CUSTOMER else {"role": role, "name": "doing"}
        caller = await authenticated(lives.api, **who)
        other = await authenticated(lives.api, role=Role.ADMIN, name="another")
        doer = caller if own and role not in (Role.CUSTOMER, Role.COMPLIANCE) else other
        more = await made_ready(lives, name, life, doer)
        text = filled(ACTS[name], life, **more)

        answer = await lives.api.ask(f"mutation {{ {name}({text}) {{ {selection(payload)} }} }}", **who)
        done = list(found(answer["data"]))
        await put_back(lives, other)

        if not may(caller, name):
            assert answer["data"] == {name: None}, role
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"], role
            continue
        assert "errors" not in answer, role
        [shown] = [one for one in done if one["here"] == payload]
        is_refused = not own and (role is Role.CUSTOMER or role in OWN_ONLY.get(name, ()))
        if name in ("advanceClock", "eraseCustomer"):
            assert shown["userErrors"], role
        elif is_refused:
            assert shown["userErrors"], role
            assert {name for name, value in shown.items() if value} == {"here", "userErrors"}, role
        else:
            assert shown["userErrors"] == [], role
            missing = {field for field, value in shown.items() if value is None}
            assert missing == set(), role


async def authenticated(api: Api, **who: Any) -> Caller:
    role = Role.CUSTOMER if "customer" in who else who.pop("role")
    caller = await authenticate(api.world.gateway, f"Bearer {await api.key(role, **who)}")
    assert caller is not None
    return caller


@asked
async def test_every_role_is_told_what_is_wrong_with_its_input(lives: Lives) -> None:
    consent = 'recordConsent(input: {customerId: "x", status: GRANTED, source: "form"})'
    marked = 'markContactPoint(input: {contactPointId: "x", usable: true})'

    for role in Role:
        mutation = consent if role is Role.CUSTOMER else marked
        query = f"mutation {{ {mutation} {{ userErrors {{ {selection('UserError')} }} }} }}"
        [told] = found(await lives.api.data(query, **lives.mine.who(role)))

        assert set(TYPES["UserError"].fields) <= {name for name, value in told.items() if value}, role


@asked
async def test_the_viewer_is_told_what_they_may_do(lives: Lives) -> None:
    query = "{ viewer { role name scopes customer { reference } } }"

    viewer = (await lives.api.data(query, customer=lives.mine.customer))["viewer"]

    assert viewer["role"] == "CUSTOMER"
    assert viewer["customer"] == {"reference": lives.mine.customer.reference}
    assert viewer["scopes"] == scopes(Role.CUSTOMER)
