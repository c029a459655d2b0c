"""What customers may demand: everything we hold of them, and to be forgotten."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import exporting
from gateway.model import Customer, Role
from gateway.store.tables import metadata
from policies.facts import Channel
from tests.api.client import Api, open_api
from tests.api.lives import Lives
from tests.api.test_walls import live
from tests.gateway.test_customers import ONE_PER_DEBT

EXPORT = """mutation ($id: ID!, $reason: String) { exportCustomer(input: {customerId: $id, reason: $reason}) {
    export userErrors { code field } } }"""
ERASE = """mutation ($id: ID!) { eraseCustomer(input: {customerId: $id, reason: "asked by mail"}) {
    erasure { requestedAt keptUntil period citation erasedAt } userErrors { code field message } } }"""


async def _export(api: Api, whose: Customer, **who: Any) -> dict[str, Any]:
    answer = await api.data(EXPORT, {"id": api.id(whose), "reason": "asked by mail"}, **who)
    export: dict[str, Any] = answer["exportCustomer"]["export"]
    return export


async def test_an_export_holds_everything_in_plain_and_nothing_of_others(api: Api) -> None:
    mine, theirs = await live(api, "Wang Fang"), await live(api, "Li Na")

    export = await _export(api, mine.customer, customer=mine.customer)

    filled = {name for name, rows in export.items() if isinstance(rows, list) and rows}
    assert {
        "contact_point", "bill", "consent", "hold", "promise", "outside_contact", "contact", "decision",
        "attempt", "attempt_event", "callback", "reply", "slot", "account",
    } <= filled  # fmt: skip
    assert export["customer"]["name"] == "Wang Fang"
    assert "+8613900000000" in [one["address"] for one in export["contact_point"]]
    assert export["reply"][0]["text"] == "What is this about?"
    assert any(one["message"] for one in export["contact"])
    assert set(export["rule"]) == {finding["rule"] for one in export["decision"] for finding in one["findings"]}
    text = orjson.dumps(export)
    assert not any(hint.encode() in text for hint in ("Li Na", theirs.customer.id, theirs.bill.reference))


async def test_every_table_of_customers_is_exported_or_is_left_out_for_a_reason() -> None:
    exported = {one.name for one in exporting.exported_tables()}

    of_customers = {one.name for one in metadata.sorted_tables if "customer_id" in one.c}
    assert of_customers == exported | (exporting.LEFT_OUT & of_customers)
    assert exporting.LEFT_OUT & exported == set()


async def test_a_customer_is_not_told_who_works_for_the_lender(api: Api) -> None:
    life = await live(api, "Wang Fang")

    mine = orjson.dumps(await _export(api, life.customer, customer=life.customer))
    theirs = orjson.dumps(await _export(api, life.customer, role=Role.COMPLIANCE))

    assert b'"requested_by"' not in mine
    assert b'"requested_by"' in theirs
    for hidden in (b"data_key", b"unsubscribe_token", b"address_index", b"fingerprint"):
        assert hidden not in theirs


@pytest.mark.asyncio(loop_scope="module")
async def test_what_was_set_is_exported_in_plain_and_without_who_set_it(lives: Lives) -> None:
    api, life = lives.api, lives.mine

    mine = await _export(api, life.customer, customer=life.customer)
    theirs = await _export(api, life.customer, role=Role.COMPLIANCE)

    decided = {one["what"]: one["detail"] for one in mine["act"]}["application.decided"]
    assert decided["decision_reason"] == "not now"
    assert decided.keys() & exporting.NAMES_STAFF == set()
    assert mine["application"][0].keys() & exporting.NAMES_STAFF == set()
    assert {one["what"]: one["detail"] for one in theirs["act"]}["application.decided"]["decided_by"]


async def test_how_often_a_joint_debtor_was_contacted_is_not_in_the_export(tmp_path: Path) -> None:
    async with open_api(tmp_path, packs={"debt": ONE_PER_DEBT}) as api:
        world = api.world
        wang, li = await world.customer("DEBT"), await world.customer("DEBT")
        first, second = await world.bill(wang, account="joint"), await world.bill(li, account="joint")
        await world.request(wang, Channel.SMS, bill_id=first.id)
        await world.request(li, Channel.SMS, bill_id=second.id)

        export = await _export(api, li, customer=li)

    findings = [one for decision in export["decision"] for one in decision["findings"]]
    shared = [one for one in findings if one["code"] == "shared_cap"]
    assert shared
    assert all(one.keys() <= {"rule", "outcome", "until", "code"} for one in shared)
    assert not any(one.get("facts", {}).get("joint") for one in findings)


async def test_staff_say_why_they_look_and_that_they_looked_is_on_record(api: Api) -> None:
    life = await live(api, "Wang Fang")

    silent = await api.data(EXPORT, {"id": api.id(life.customer)}, role=Role.COMPLIANCE)
    await _export(api, life.customer, role=Role.COMPLIANCE)

    assert silent["exportCustomer"] == {"export": None, "userErrors": [{"code": "MISSING", "field": ["reason"]}]}
    async with api.world.gateway.database.read() as work:
        rows = await work.all(metadata.tables["view"].select())
    assert ("customer.export", life.customer.id) in [(row.what, row.customer_id) for row in rows]


async def test_another_customers_export_is_that_of_nobody(api: Api) -> None:
    mine, other = await api.world.customer(), await api.world.customer()

    answer = await api.data(EXPORT, {"id": api.id(other)}, customer=mine)

    assert answer["exportCustomer"] == {
        "export": None,
        "userErrors": [{"code": "NOT_FOUND", "field": ["customerId"]}],
    }


async def test_an_erasure_says_by_which_law_the_record_is_kept_and_until_when(api: Api) -> None:
    customer = await api.world.customer("CN")

    answer = (await api.data(ERASE, {"id": api.id(customer)}, role=Role.COMPLIANCE))["eraseCustomer"]

    assert answer["userErrors"] == []
    assert answer["erasure"] == {
        "requestedAt": "2026-11-24T04:00:00Z",
        "keptUntil": "2031-11-24T04:00:00Z",
        "period": "cn.retention.consumer_finance",
        "citation": "NFRA Decree [2024] No. 4; GB/T 45251-2025 (as reported)",
        "erasedAt": None,
    }
    seen = await api.data("{ viewer { customer { erasure { erasedAt } } } }", customer=customer)
    assert seen["viewer"]["customer"]["erasure"] == {"erasedAt": None}


async def test_who_owes_is_told_why_they_are_not_erased(api: Api) -> None:
    customer = await api.world.customer("CN")
    await api.world.bill(customer)

    answer = (await api.data(ERASE, {"id": api.id(customer)}, role=Role.COMPLIANCE))["eraseCustomer"]

    assert answer["erasure"] is None
    assert [(one["code"], one["field"]) for one in answer["userErrors"]] == [("CONFLICT", ["customerId"])]
    assert "has open bills" in answer["userErrors"][0]["message"]
