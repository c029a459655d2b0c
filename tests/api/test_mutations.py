"""What can be done, and what is told of bad input: the field, and nothing half done."""

import asyncio
from typing import Any

import pytest

from gateway.api.ids import Kind, global_id
from gateway.model import Customer, Role
from policies.facts import Channel
from tests.api.client import Api

ERRORS = "userErrors { code field message }"

REGISTER = f"""mutation ($input: RegisterCustomerInput!) {{ registerCustomer(input: $input) {{
    customer {{ id reference name locale timeZones jurisdiction contactPoints {{ masked party place shared usable }} }}
    {ERRORS} }} }}"""

BILL = f"""mutation ($input: RegisterBillInput!) {{ registerBill(input: $input) {{
    bill {{ id reference amountDue {{ amount currency }} dueOn daysOverdue status
        account {{ reference product role inCollectionProcedures }} }} {ERRORS} }} }}"""

REQUEST = f"""mutation ($input: RequestContactInput!) {{ requestContact(input: $input) {{
    contact {{ id status dueAt channels decisions {{ outcome findings {{ rule {{ id }} }} }} }}
    replayed {ERRORS} }} }}"""

REQUESTS = f"""mutation ($inputs: [RequestContactInput!]!) {{ requestContacts(inputs: $inputs) {{
    contact {{ id status reference }} replayed {ERRORS} }} }}"""

NOBODY = global_id(Kind.CUSTOMER, "018f" + "0a" * 14)


def good_customer(**more: Any) -> dict[str, Any]:
    return {
        "reference": "C-1",
        "name": "Wang Fang",
        "locale": "zh-CN",
        "timeZones": ["Asia/Shanghai"],
        "jurisdiction": "CN",
        "contactPoints": [{"channel": "SMS", "address": "+8613900000000"}],
        **more,
    }


def good_bill(customer: Customer, api: Api, **more: Any) -> dict[str, Any]:
    return {
        "reference": "B-1",
        "customerId": api.id(customer),
        "account": {"reference": "A-1"},
        "amountDue": {"amount": "1234.50", "currency": "CNY"},
        "dueOn": "2026-11-14",
        **more,
    }


def good_request(customer: Customer, api: Api, **more: Any) -> dict[str, Any]:
    return {
        "idempotencyKey": "key",
        "customerId": api.id(customer),
        "purpose": "FOLLOW_UP",
        "channels": ["SMS"],
        **more,
    }


def told(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Code and field of what is wrong."""
    assert all(error["message"] for error in payload["userErrors"])
    return [(error["code"], error["field"]) for error in payload["userErrors"]]


async def test_a_customer_is_registered_and_brought_up_to_date(api: Api) -> None:
    made = (await api.data(REGISTER, {"input": good_customer()}))["registerCustomer"]
    again = good_customer(
        name=None, timeZones=None, contactPoints=[{"channel": "SMS", "address": "13900000000", "shared": True}]
    )
    changed = (await api.data(REGISTER, {"input": again}))["registerCustomer"]

    assert made["userErrors"] == changed["userErrors"] == []
    assert made["customer"]["contactPoints"] == [
        {"masked": "139****0000", "party": "CUSTOMER", "place": "PERSONAL", "shared": False, "usable": True}
    ]
    assert changed["customer"] == {
        **made["customer"],
        "contactPoints": [{**made["customer"]["contactPoints"][0], "shared": True}],
    }


@pytest.mark.parametrize(
    ("bad", "fields"),
    [
        ({"reference": ""}, [["reference"]]),
        ({"reference": "x" * 201}, [["reference"]]),
        ({"name": "\x00"}, [["name"]]),
        ({"locale": "english"}, [["locale"]]),
        ({"timeZones": ["Asia/Shanghai", "Mars/Olympus"]}, [["timeZones", "1"]]),
        ({"jurisdiction": "ZZ"}, [["jurisdiction"]]),
        ({"jurisdiction": "china"}, [["jurisdiction"]]),
        ({"contactPoints": []}, [["contactPoints"]]),
        ({"contactPoints": [{"channel": "SMS", "address": "12345"}]}, [["contactPoints", "0", "address"]]),
        ({"contactPoints": [{"channel": "EMAIL", "address": "no mail"}]}, [["contactPoints", "0", "address"]]),
        ({"contactPoints": [{"channel": "SMS", "address": ""}]}, [["contactPoints", "0", "address"]]),
        ({"contactPoints": [{"channel": "SMS", "address": "+8613900000000"}] * 51}, [["contactPoints"]]),
        ({"reference": " ", "locale": "x", "timeZones": [""]}, [["reference"], ["locale"], ["timeZones", "0"]]),
    ],
)
async def test_a_bad_customer_is_told_field_by_field_and_not_made(
    api: Api, bad: dict[str, Any], fields: list[list[str]]
) -> None:
    payload = (await api.data(REGISTER, {"input": good_customer(**bad)}))["registerCustomer"]

    assert payload["customer"] is None
    assert told(payload) == [("INVALID", field) for field in fields]
    assert (await api.data('{ customer(by: {reference: "C-1"}) { id } }'))["customer"] is None


async def test_a_bill_is_registered_and_what_is_absent_stays(api: Api) -> None:
    customer = await api.world.customer("CN")
    account = {"reference": "A-1", "product": "CREDIT_CARD", "role": "COLLECTOR", "inCollectionProcedures": True}

    made = (await api.data(BILL, {"input": good_bill(customer, api, account=account, status="DISPUTED")}))[
        "registerBill"
    ]
    changed = (await api.data(BILL, {"input": good_bill(customer, api, amountDue={"amount": "1", "currency": "CNY"})}))[
        "registerBill"
    ]

    assert made["bill"]["account"] == account
    assert made["bill"]["daysOverdue"] == 10
    assert changed["bill"] == {**made["bill"], "amountDue": {"amount": "1.00", "currency": "CNY"}}


@pytest.mark.parametrize(
    ("bad", "code", "field"),
    [
        ({"reference": ""}, "INVALID", ["reference"]),
        ({"customerId": "garbage"}, "NOT_FOUND", ["customerId"]),
        ({"customerId": NOBODY}, "NOT_FOUND", ["customerId"]),
        ({"account": {"reference": " "}}, "INVALID", ["account", "reference"]),
        ({"amountDue": {"amount": "-1", "currency": "CNY"}}, "INVALID", ["amountDue", "amount"]),
        ({"amountDue": {"amount": "NaN", "currency": "CNY"}}, "INVALID", ["amountDue", "amount"]),
        ({"amountDue": {"amount": "1.005", "currency": "CNY"}}, "INVALID", ["amountDue", "amount"]),
        ({"amountDue": {"amount": "1", "currency": "XYZ"}}, "INVALID", ["amountDue", "currency"]),
        ({"dueOn": "2026-02-30"}, "INVALID", ["dueOn"]),
    ],
)
async def test_a_bad_bill_is_told(api: Api, bad: dict[str, Any], code: str, field: list[str]) -> None:
    customer = await api.world.customer("CN")

    payload = (await api.data(BILL, {"input": good_bill(customer, api, **bad)}))["registerBill"]

    assert payload["bill"] is None
    assert told(payload) == [(code, field)]


async def test_a_contact_is_requested_and_its_key_repeats_the_answer(api: Api) -> None:
    customer = await api.world.customer("CN")

    first = (await api.data(REQUEST, {"input": good_request(customer, api)}))["requestContact"]
    again = (await api.data(REQUEST, {"input": good_request(customer, api)}))["requestContact"]

    assert first["contact"]["status"] == "SCHEDULED"
    assert first["contact"]["decisions"][0]["outcome"] == "ALLOW"
    assert first["contact"]["decisions"][0]["findings"]
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again == {**first, "replayed": True}


async def test_the_same_time_in_another_offset_is_the_same_body(api: Api) -> None:
    customer = await api.world.customer("CN")
    here = good_request(customer, api, notBefore="2026-11-25T12:00:00+08:00", channels=["SMS", "SMS"], template=None)
    there = good_request(customer, api, notBefore="2026-11-25T04:00:00Z", variables={})

    first = (await api.data(REQUEST, {"input": here}))["requestContact"]
    again = (await api.data(REQUEST, {"input": there}))["requestContact"]

    assert again["replayed"]
    assert again["contact"]["id"] == first["contact"]["id"]


async def test_another_body_under_the_same_key_is_a_conflict(api: Api) -> None:
    customer = await api.world.customer("CN")
    await api.data(REQUEST, {"input": good_request(customer, api)})

    payload = (await api.data(REQUEST, {"input": good_request(customer, api, channels=["EMAIL"])}))["requestContact"]

    assert payload["contact"] is None
    assert told(payload) == [("CONFLICT", ["idempotencyKey"])]


BAD_REQUESTS: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"idempotencyKey": ""}, "INVALID", ["idempotencyKey"]),
    ({"idempotencyKey": "   "}, "INVALID", ["idempotencyKey"]),
    ({"idempotencyKey": "x" * 201}, "INVALID", ["idempotencyKey"]),
    ({"customerId": ""}, "NOT_FOUND", ["customerId"]),
    ({"customerId": "garbage"}, "NOT_FOUND", ["customerId"]),
    ({"customerId": "C-1"}, "NOT_FOUND", ["customerId"]),
    ({"customerId": NOBODY}, "NOT_FOUND", ["customerId"]),
    ({"customerId": global_id(Kind.BILL, "018f" + "0a" * 14)}, "NOT_FOUND", ["customerId"]),
    ({"billId": "garbage"}, "NOT_FOUND", ["billId"]),
    ({"billId": NOBODY}, "NOT_FOUND", ["billId"]),
    ({"billId": global_id(Kind.BILL, "018f" + "0a" * 14)}, "NOT_FOUND", ["billId"]),
    ({"inReplyTo": "garbage"}, "NOT_FOUND", ["inReplyTo"]),
    ({"channels": []}, "INVALID", ["channels"]),
    ({"template": "no such template"}, "NOT_FOUND", ["template"]),
    ({"template": ""}, "INVALID", ["template"]),
    ({"purpose": "CUSTOMER_REPLY"}, "MISSING", ["variables", "answer"]),
    ({"variables": [1]}, "INVALID", ["variables"]),
    ({"variables": "x"}, "INVALID", ["variables"]),
    ({"variables": {"next_step": "我们将联系您的家人。"}}, "INVALID", ["variables", "next_step"]),
    ({"variables": {"next_step": "We will sue you."}}, "INVALID", ["variables", "next_step"]),
    ({"notBefore": "2026-11-25T04:00:00"}, "INVALID", ["notBefore"]),
    ({"notBefore": "2026-02-30T04:00:00Z"}, "INVALID", ["notBefore"]),
    ({"notBefore": "tomorrow"}, "INVALID", ["notBefore"]),
    ({"expiresAt": "2026-11-24"}, "INVALID", ["expiresAt"]),
    ({"expiresAt": "2020-01-01T00:00:00Z"}, "INVALID", ["expiresAt"]),
    ({"notBefore": "2026-11-26T00:00:00Z", "expiresAt": "2026-11-25T00:00:00Z"}, "INVALID", ["expiresAt"]),
    ({"reference": "x" * 201}, "INVALID", ["reference"]),
]


@pytest.mark.parametrize(("bad", "code", "field"), BAD_REQUESTS)
async def test_a_bad_request_is_told_and_nothing_is_made(
    api: Api, bad: dict[str, Any], code: str, field: list[str]
) -> None:
    customer = await api.world.customer("CN")

    payload = (await api.data(REQUEST, {"input": good_request(customer, api, **bad)}))["requestContact"]

    assert payload["contact"] is None
    assert not payload["replayed"]
    assert told(payload) == [(code, field)]
    assert (await api.data("{ contacts { totalCount } }"))["contacts"]["totalCount"] == 0


async def test_in_a_list_bad_input_fails_only_its_own_item_and_answers_come_in_order(api: Api) -> None:
    customer = await api.world.customer("CN")
    inputs = [
        good_request(customer, api, idempotencyKey=f"key-{number}", reference=f"R-{number}") for number in range(60)
    ]
    inputs[7]["notBefore"] = "soon"
    inputs[23]["customerId"] = NOBODY
    inputs[41]["idempotencyKey"] = inputs[40]["idempotencyKey"]

    payloads = (await api.data(REQUESTS, {"inputs": inputs}))["requestContacts"]

    assert len(payloads) == 60
    assert {number: told(payload) for number, payload in enumerate(payloads) if payload["userErrors"]} == {
        7: [("INVALID", ["notBefore"])],
        23: [("NOT_FOUND", ["customerId"])],
        41: [("CONFLICT", ["idempotencyKey"])],
    }
    made = {number: payload["contact"]["reference"] for number, payload in enumerate(payloads) if payload["contact"]}
    assert made == {number: f"R-{number}" for number in range(60) if number not in (7, 23, 41)}


@pytest.mark.parametrize("number", [0, 501])
async def test_a_list_has_one_to_five_hundred_items(api: Api, number: int) -> None:
    customer = await api.world.customer("CN")
    inputs = [good_request(customer, api, idempotencyKey=f"key-{item}") for item in range(number)]

    answer = await api.ask(REQUESTS, {"inputs": inputs})

    assert answer["data"] == {"requestContacts": None}
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": ["inputs"]}


async def test_the_same_key_fifty_times_at_once_makes_one_contact(api: Api) -> None:
    customer = await api.world.customer("CN")
    await api.key(Role.SERVICE)

    answers = await asyncio.gather(*(api.data(REQUEST, {"input": good_request(customer, api)}) for _ in range(50)))

    payloads = [answer["requestContact"] for answer in answers]
    assert len({payload["contact"]["id"] for payload in payloads}) == 1
    assert sorted(payload["replayed"] for payload in payloads) == [False] + [True] * 49


@pytest.mark.parametrize(
    ("operation", "body", "counted"),
    [
        ("placeHold", "kind: CEASE", "holds { id }"),
        ("recordConsent", 'status: GRANTED, source: "form"', "consents { id }"),
        ("recordPromise", 'account: "A-1", payBy: "2026-12-01"', "promises { id }"),
    ],
)
async def test_a_key_makes_one_of_many_at_once(api: Api, operation: str, body: str, counted: str) -> None:
    customer = await api.world.customer("CN")
    await api.world.bill(customer, account="A-1")
    await api.key(Role.SERVICE)
    wanted = 'input: {customerId: $id, idempotencyKey: "k", '
    mutation = f"mutation ($id: ID!) {{ {operation}({wanted}{body}}}) {{ replayed userErrors {{ code field }} }} }}"

    answers = await asyncio.gather(*(api.data(mutation, {"id": api.id(customer)}) for _ in range(20)))
    other = await api.data(mutation.replace('"k"', '"k" , ' + OTHERWISE[operation]), {"id": api.id(customer)})

    assert sorted(answer[operation]["replayed"] for answer in answers) == [False] + [True] * 19
    assert other[operation]["userErrors"] == [{"code": "CONFLICT", "field": ["idempotencyKey"]}]
    seen = await api.data(f"query ($id: ID!) {{ customer(by: {{id: $id}}) {{ {counted} }} }}", {"id": api.id(customer)})
    assert len(next(iter(seen["customer"].values()))) == 1


OTHERWISE = {
    "placeHold": 'note: "another"',
    "recordConsent": "channel: SMS",
    "recordPromise": 'madeAt: "2026-11-24T03:00:00Z"',
}
"""What makes another body of it."""


async def test_what_several_mutations_of_one_request_did_is_seen_by_the_next(api: Api) -> None:
    customer = await api.world.customer("CN")
    query = """mutation ($id: ID!) {
        first: placeHold(input: {customerId: $id, kind: COMPLAINT}) { hold { id } }
        one: recordConsent(input: {customerId: $id, status: GRANTED, source: "a"}) { customer { holds { kind } } }
        second: placeHold(input: {customerId: $id, kind: HARDSHIP}) { hold { id } }
        two: recordConsent(input: {customerId: $id, status: GRANTED, source: "b"}) {
            customer { holds { kind } consents { source } } }
    }"""

    answer = await api.data(query, {"id": api.id(customer)})

    assert answer["one"]["customer"]["holds"] == [{"kind": "COMPLAINT"}]
    assert answer["two"]["customer"]["holds"] == [{"kind": "COMPLAINT"}, {"kind": "HARDSHIP"}]
    assert [consent["source"] for consent in answer["two"]["customer"]["consents"]] == ["a", "b"]


async def test_one_mutation_that_fails_hides_nothing_of_what_another_did(api: Api) -> None:
    customer = await api.world.customer("CN")
    query = """mutation ($id: ID!) {
        done: placeHold(input: {customerId: $id, kind: COMPLAINT}) { hold { kind } }
        refused: registerCustomer(input: {reference: "C", locale: "en", jurisdiction: "CN", contactPoints: []}) {
            customer { id } }
    }"""

    answer = await api.ask(query, {"id": api.id(customer)}, role=Role.COMPLIANCE)

    assert answer["data"] == {"done": {"hold": {"kind": "COMPLAINT"}}, "refused": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


async def test_a_contact_is_called_off(api: Api) -> None:
    customer = await api.world.customer("US")
    waiting = await api.world.request(customer, Channel.SMS)
    query = f"""mutation ($input: CancelContactInput!) {{ cancelContact(input: $input) {{
        contact {{ status cancelReason(reason: "a check") maskedCancelReason }} {ERRORS} }} }}"""

    input_ = {"contactId": api.id(waiting.contact), "reason": "paid"}
    done = (await api.data(query, {"input": input_}, role=Role.ADMIN))["cancelContact"]
    bad = [
        (await api.data(query, {"input": {"contactId": id_}}))["cancelContact"]
        for id_ in ("garbage", NOBODY, global_id(Kind.CONTACT, "018f" + "0a" * 14))
    ]

    assert done == {
        "contact": {"status": "CANCELLED", "cancelReason": "paid", "maskedCancelReason": "*** (4 characters)"},
        "userErrors": [],
    }
    assert [told(payload) for payload in bad] == [[("NOT_FOUND", ["contactId"])]] * 3


async def test_only_what_is_unclear_is_settled(api: Api) -> None:
    customer = await api.world.customer("CN")
    answer = await api.world.request(customer, Channel.SMS)
    query = f"""mutation ($input: SettleContactInput!) {{ settleContact(input: $input) {{
        contact {{ status }} {ERRORS} }} }}"""
    input_ = {"contactId": api.id(answer.contact), "delivered": True, "reason": "the customer said so"}

    payload = (await api.data(query, {"input": input_}, role=Role.COMPLIANCE))["settleContact"]
    unsaid = (await api.data(query, {"input": {**input_, "reason": ""}}, role=Role.COMPLIANCE))["settleContact"]

    assert told(payload) == [("CONFLICT", ["contactId"])]
    assert told(unsaid) == [("INVALID", ["reason"])]


async def test_a_call_is_scheduled_claimed_and_recorded(api: Api) -> None:
    customer = await api.world.customer("CN")
    schedule = f"""mutation ($input: ScheduleCallbackInput!) {{ scheduleCallback(input: $input) {{
        contact {{ status channels dueAt }} replayed {ERRORS} }} }}"""
    claim = f"""mutation {{ claimNextCallback(input: {{idempotencyKey: "c"}}) {{ callback {{ id status agent attempts
        contact {{ status }} customer {{ reference }} }} decision {{ outcome channel }} {ERRORS} }} }}"""
    record = f"""mutation ($input: RecordCallInput!) {{ recordCall(input: $input) {{
        callback {{ status }} contact {{ status }} {ERRORS} }} }}"""
    at = "2026-11-24T14:00:00+08:00"
    wanted = {"idempotencyKey": "s", "customerId": api.id(customer), "purpose": "FOLLOW_UP", "at": at}

    scheduled = (await api.data(schedule, {"input": wanted}, role=Role.AGENT))["scheduleCallback"]
    early = (await api.data(claim, role=Role.AGENT))["claimNextCallback"]
    api.world.wait(hours=2)
    claimed = (await api.data(claim, role=Role.AGENT))["claimNextCallback"]
    again = (await api.data(claim, role=Role.AGENT))["claimNextCallback"]
    call = {"callbackId": claimed["callback"]["id"], "idempotencyKey": "r", "result": "CONVERSATION"}
    recorded = (await api.data(record, {"input": call}, role=Role.AGENT))["recordCall"]
    waiting = await api.data("{ callbacks(status: WAITING) { totalCount } all: callbacks { totalCount } }")

    assert scheduled["userErrors"] == []
    assert scheduled["contact"]["channels"] == ["CALLBACK"]
    assert scheduled["contact"]["dueAt"] == "2026-11-24T06:00:00Z"
    assert early == {"callback": None, "decision": None, "userErrors": []}
    assert claimed["callback"]["status"] == "CLAIMED"
    assert claimed["callback"]["agent"] == "agent"
    assert claimed["decision"] == {"outcome": "ALLOW", "channel": "CALLBACK"}
    assert again == claimed
    assert recorded == {"callback": {"status": "REACHED"}, "contact": {"status": "DELIVERED"}, "userErrors": []}
    assert waiting == {"callbacks": {"totalCount": 0}, "all": {"totalCount": 1}}


async def test_a_callback_goes_back_to_the_queue(api: Api) -> None:
    customer = await api.world.customer("CN")
    await api.world.request(customer, Channel.CALLBACK, is_callback=True, not_before=api.world.clock())
    claim = 'mutation { claimNextCallback(input: {idempotencyKey: "c"}) { callback { id } } }'
    release = f"""mutation ($id: ID!, $reason: String) {{ releaseCallback(callbackId: $id, reason: $reason) {{
        callback {{ status }} contact {{ id }} {ERRORS} }} }}"""
    id_ = (await api.data(claim, role=Role.AGENT, name="Li"))["claimNextCallback"]["callback"]["id"]

    by_another = (await api.data(release, {"id": id_}, role=Role.AGENT, name="Wang"))["releaseCallback"]
    back = (await api.data(release, {"id": id_, "reason": "lunch"}, role=Role.AGENT, name="Li"))["releaseCallback"]
    bad = (await api.data(release, {"id": "garbage"}, role=Role.AGENT))["releaseCallback"]

    assert told(by_another) == [("CONFLICT", ["callbackId"])]
    assert back["callback"] == {"status": "WAITING"}
    assert told(bad) == [("NOT_FOUND", ["callbackId"])]


async def test_one_sum_is_one_sum_however_it_is_written(api: Api) -> None:
    customer = await api.world.customer("CN")
    await api.world.bill(customer, account="A-1")
    await api.key(Role.SERVICE)
    mutation = """mutation ($id: ID!, $amount: Decimal!) { recordPromise(input: {customerId: $id, account: "A-1",
        idempotencyKey: "k", payBy: "2026-12-01", amount: {amount: $amount, currency: "CNY"}}) {
        replayed userErrors { code } } }"""

    answers = [await api.data(mutation, {"id": api.id(customer), "amount": one}) for one in ("10", "10.00", "10.01")]

    assert [one["recordPromise"]["replayed"] for one in answers[:2]] == [False, True]
    assert answers[2]["recordPromise"]["userErrors"] == [{"code": "CONFLICT"}]


async def test_what_is_known_of_a_customer_is_recorded(api: Api) -> None:
    customer = await api.world.customer("CN")
    await api.world.bill(customer, account="A-1")
    query = """mutation ($id: ID!) {
        outside: recordOutsideContact(input: {customerId: $id, reference: "O", channel: VISIT, result: CONVERSATION,
            initiator: CUSTOMER, at: "2026-11-23T04:00:00Z", accounts: ["A-1"]}) {
            outsideContact { reference channel result initiator at } replayed userErrors { field } }
        again: recordOutsideContact(input: {customerId: $id, reference: "O", channel: VISIT, result: CONVERSATION,
            initiator: CUSTOMER, at: "2026-11-23T12:00:00+08:00", accounts: ["A-1"]}) { replayed userErrors { field } }
        hold: placeHold(input: {customerId: $id, kind: DISPUTE, channel: SMS, account: "A-1",
            until: "2026-12-24T00:00:00Z"}) { hold { kind channel account from until liftedAt } userErrors { field } }
        promise: recordPromise(input: {customerId: $id, account: "A-1", payBy: "2026-12-01",
            amount: {amount: "10", currency: "CNY"}}) { customer { promises { account payBy status } }
            userErrors { field } }
        wishes: setPreferences(input: {customerId: $id, channels: [EMAIL, SMS], windows: [{effect: NEVER,
            start: "12:00", end: "13:30", days: [MONDAY, SUNDAY]}]}) { customer { reference } userErrors { field } }
    }"""

    answer = await api.data(query, {"id": api.id(customer)})

    assert answer["outside"] == {
        "outsideContact": {
            "reference": "O",
            "channel": "VISIT",
            "result": "CONVERSATION",
            "initiator": "CUSTOMER",
            "at": "2026-11-23T04:00:00Z",
        },
        "replayed": False,
        "userErrors": [],
    }
    assert answer["again"] == {"replayed": True, "userErrors": []}
    assert answer["hold"]["hold"] == {
        "kind": "DISPUTE",
        "channel": "SMS",
        "account": "A-1",
        "from": "2026-11-24T04:00:00Z",
        "until": "2026-12-24T00:00:00Z",
        "liftedAt": None,
    }
    assert answer["promise"]["customer"]["promises"] == [{"account": "A-1", "payBy": "2026-12-01", "status": "OPEN"}]
    assert answer["wishes"] == {"customer": {"reference": customer.reference}, "userErrors": []}


BAD_RECORDS: list[tuple[str, str, list[str]]] = [
    ('recordConsent(input: {customerId: $id, status: GRANTED, source: ""})', "INVALID", ["source"]),
    ('recordConsent(input: {customerId: $id, status: GRANTED, source: "a", at: "now"})', "INVALID", ["at"]),
    (
        'recordConsent(input: {customerId: $id, status: GRANTED, source: "a", contactPointId: $id})',
        "NOT_FOUND",
        ["contactPointId"],
    ),
    ('recordPromise(input: {customerId: $id, account: "A-1", payBy: "2026-02-30"})', "INVALID", ["payBy"]),
    ('recordPromise(input: {customerId: $id, account: "none", payBy: "2026-12-01"})', "NOT_FOUND", ["account"]),
    (
        'recordPromise(input: {customerId: $id, account: "A-1", payBy: "2026-12-01", amount: {amount: "-1",'
        ' currency: "CNY"}})',
        "INVALID",
        ["amount", "amount"],
    ),
    ('placeHold(input: {customerId: $id, kind: CEASE, from: "2026-11-24"})', "INVALID", ["from"]),
    (
        'placeHold(input: {customerId: $id, kind: CEASE, until: "2020-01-01T00:00:00Z"})',
        "INVALID",
        ["until"],
    ),
    ('liftHold(input: {holdId: $id, reason: "r"})', "NOT_FOUND", ["holdId"]),
    (
        'recordOutsideContact(input: {customerId: $id, reference: "O", channel: VISIT, result: ATTEMPTED,'
        ' initiator: LENDER, at: "2030-01-01T00:00:00Z"})',
        "INVALID",
        ["at"],
    ),
    (
        'recordOutsideContact(input: {customerId: $id, reference: "O", channel: VISIT, result: ATTEMPTED,'
        ' initiator: LENDER, at: "2026-11-24T00:00:00Z", accounts: [""]})',
        "INVALID",
        ["accounts", "0"],
    ),
    (
        'setPreferences(input: {customerId: $id, windows: [{effect: ONLY, start: "25:00", end: "13:00"}]})',
        "INVALID",
        ["windows", "0", "start"],
    ),
    (
        'setPreferences(input: {customerId: $id, windows: [{effect: ONLY, start: "12:00", end: "12:00"}]})',
        "INVALID",
        ["windows", "0", "end"],
    ),
    (
        'setPreferences(input: {customerId: $id, windows: [{effect: ONLY, start: "12:00", end: "13:00",'
        ' timeZone: "Mars"}]})',
        "INVALID",
        ["windows", "0", "timeZone"],
    ),
    (
        'setPreferences(input: {customerId: $id, windows: [{effect: ONLY, start: "12:00", end: "13:00", days: []}]})',
        "INVALID",
        ["windows", "0", "days"],
    ),
]


@pytest.mark.parametrize(("mutation", "code", "field"), BAD_RECORDS)
async def test_a_bad_record_is_told(api: Api, mutation: str, code: str, field: list[str]) -> None:
    customer = await api.world.customer("CN")
    await api.world.bill(customer, account="A-1")
    query = f"mutation ($id: ID!) {{ done: {mutation} {{ {ERRORS} }} }}"

    payload = (await api.data(query, {"id": api.id(customer)}))["done"]

    assert told(payload) == [(code, field)]


async def test_the_clock_moves_only_in_the_sandbox(api: Api) -> None:
    error = await api.error('mutation { advanceClock(to: "2026-12-01T00:00:00Z") { now } }', role=Role.ADMIN)

    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_questions_are_answered_and_nothing_is_recorded(api: Api) -> None:
    customer = await api.world.customer("US")
    query = """query ($id: ID!) {
        now: previewContact(input: {customerId: $id, purpose: FOLLOW_UP, channel: SMS}) { outcome nextAllowedAt }
        noon: previewContact(input: {customerId: $id, purpose: FOLLOW_UP, channel: SMS,
            at: "2026-11-24T12:00:00-05:00"}) {
            outcome decidedAt nextAllowedAt timeZones rulebook allowances { limit used remaining } }
        nextAllowedContact(customerId: $id, purpose: FOLLOW_UP, channels: [EMAIL, SMS]) {
            channel at decision { outcome } }
        contacts { totalCount }
    }"""

    answer = await api.data(query, {"id": api.id(customer)})

    assert answer["now"] == {"outcome": "DEFER", "nextAllowedAt": "2026-11-24T13:00:00Z"}
    assert answer["noon"]["outcome"] == "ALLOW"
    assert answer["noon"]["decidedAt"] == answer["noon"]["nextAllowedAt"] == "2026-11-24T17:00:00Z"
    assert answer["noon"]["timeZones"] == ["America/New_York"]
    assert [one["channel"] for one in answer["nextAllowedContact"]] == ["EMAIL", "SMS"]
    assert answer["contacts"] == {"totalCount": 0}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ('customerId: "garbage"', ["input", "customerId"]),
        ('customerId: $id, at: "2026-11-24T12:00:00"', ["input", "at"]),
        ('customerId: $id, billId: "x"', ["input", "billId"]),
        ("customerId: $id, contactPointId: $id", ["input", "contactPointId"]),
    ],
)
async def test_a_bad_question_names_its_argument(api: Api, arguments: str, field: list[str]) -> None:
    customer = await api.world.customer("US")
    query = f"""query ($id: ID!) {{
        customer(by: {{id: $id}}) {{ id }}
        previewContact(input: {{{arguments}, purpose: FOLLOW_UP, channel: SMS}}) {{ outcome }} }}"""

    error = await api.error(query, {"id": api.id(customer)})

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}


async def test_rules_can_be_read_by_their_rulebook(api: Api) -> None:
    answer = await api.data('{ rules(jurisdiction: "CN") { id title jurisdiction confidence citation } }')
    every = await api.data("{ rules { id } }")
    error = await api.error('{ rules(jurisdiction: "ZZ") { id } }')

    assert answer["rules"]
    assert all(rule["citation"] or rule["confidence"] == "HOUSE" for rule in answer["rules"])
    assert len(every["rules"]) > len(answer["rules"])
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": ["jurisdiction"]}
