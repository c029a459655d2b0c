"""An easier way to repay, through the customer's own key: proposed, applied for, decided, kept or broken."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway import bulk, customers, instalments, payments, promises
from gateway.audit import checking
from gateway.model import Bill, Customer, Role, Unacceptable
from gateway.requests import RecordPayment, RecordPromise, RegisterBill
from policies.decision import Outcome
from policies.facts import BillStatus, Channel, PromiseStatus, Purpose
from policies.record import findings_from_json
from tests.api.client import Api, open_api
from tests.world import SERVICE

OPTIONS = """query ($bill: ID!, $month: MoneyInput) { planOptions(billId: $bill, aMonth: $month) {
    total { amount currency } instalments { dueOn amount { amount } } } }"""
SUBMIT = """mutation ($input: SubmitRepaymentApplicationInput!) { submitRepaymentApplication(input: $input) {
    application { id status instalments { dueOn amount { amount } } reason documents } replayed
    userErrors { code field message } } }"""
DECIDE = """mutation ($id: ID!, $approve: Boolean!) { decideRepaymentApplication(
    input: {applicationId: $id, approve: $approve, reason: "we looked at it together"}) {
    application { status decidedBy decisionReason } userErrors { code field message } } }"""
WITHDRAW = """mutation ($id: ID!) { withdrawRepaymentApplication(applicationId: $id) {
    application { status } userErrors { code field message } } }"""
MINE = """{ repaymentApplications { nodes { id status decisionReason decidedBy bill { status } } } }"""
STATE = """query ($id: ID!) { customer(by: {id: $id}) {
    bills { nodes { reference status instalment dueOn amountDue { amount } } }
    promises { payBy status amount { amount } } holds { kind liftedAt }
    contacts { nodes { purpose status cancelReason } } } }"""


def _plan(*parts: tuple[str, str], currency: str = "CNY") -> list[dict[str, Any]]:
    return [{"dueOn": day, "amount": {"amount": amount, "currency": currency}} for day, amount in parts]


THREE = _plan(("2026-12-10", "411.50"), ("2027-01-10", "411.50"), ("2027-02-10", "411.50"))


async def _owing(api: Api) -> tuple[Customer, Bill]:
    customer = await api.world.customer()
    return customer, await api.world.bill(customer)


async def _submit(api: Api, customer: Customer, bill: Bill, **more: Any) -> dict[str, Any]:
    given = {"idempotencyKey": "one", "billId": api.id(bill), "instalments": THREE, "reason": "I lost my job"} | more
    answer = await api.data(SUBMIT, {"input": given}, customer=customer)
    done: dict[str, Any] = answer["submitRepaymentApplication"]
    return done


async def _decide(api: Api, application: str, *, approve: bool = True) -> dict[str, Any]:
    answer = await api.data(DECIDE, {"id": application, "approve": approve}, role=Role.AGENT)
    done: dict[str, Any] = answer["decideRepaymentApplication"]
    return done


async def _state(api: Api, customer: Customer) -> dict[str, Any]:
    state: dict[str, Any] = (await api.data(STATE, {"id": api.id(customer)}, customer=customer))["customer"]
    return state


async def _pay(api: Api, bill: Bill, amount: str, reference: str) -> None:
    wanted = RecordPayment(
        reference=reference, fingerprint=amount, amount=Decimal(amount), currency="CNY", account=bill.account.reference
    )
    await payments.record(api.world.gateway, SERVICE, wanted)


async def test_a_lenders_own_plans_are_offered_in_place_of_ours(tmp_path: Path) -> None:
    own = "[[offers]]\ninstalments = [2]\nlongest = 2\nsmallest = 1\nfirst_days = 5\nlatest_days = 45\n"
    (file := tmp_path / "own.toml").write_text(own)
    async with open_api(tmp_path, plans=file) as api:
        customer, bill = await _owing(api)

        proposed = (await api.data(OPTIONS, {"bill": api.id(bill)}, customer=customer))["planOptions"]
        refused = await _submit(api, customer, bill)

        assert [len(one["instalments"]) for one in proposed] == [2]
        assert [one["message"] for one in refused["userErrors"]] == ["must have 1 to 2 instalments"]


async def test_what_is_proposed_adds_up_and_can_be_applied_for(api: Api) -> None:
    customer, bill = await _owing(api)

    options = (await api.data(OPTIONS, {"bill": api.id(bill)}, customer=customer))["planOptions"]
    month = {"amount": "300", "currency": "CNY"}
    kept = (await api.data(OPTIONS, {"bill": api.id(bill), "month": month}, customer=customer))["planOptions"]
    parts = [{"dueOn": one["dueOn"], "amount": {**one["amount"], "currency": "CNY"}} for one in kept[0]["instalments"]]
    done = await _submit(api, customer, bill, instalments=parts)

    assert [len(one["instalments"]) for one in options] == [3, 6, 12]
    assert {one["total"]["amount"] for one in options} == {"1234.50"}
    assert [len(one["instalments"]) for one in kept] == [5, 6, 12]
    assert (done["application"]["status"], done["userErrors"]) == ("OPEN", [])


async def test_while_it_is_open_nothing_demands_the_bill(api: Api) -> None:
    customer, bill = await _owing(api)
    demand = {"purpose": Purpose.OVERDUE_REMINDER, "bill_id": bill.id}
    waiting = await api.world.request(
        customer, Channel.SMS, not_before=api.world.clock() + timedelta(hours=1), **demand
    )
    call = await api.world.request(
        customer,
        Channel.CALLBACK,
        is_callback=True,
        not_before=api.world.clock() + timedelta(hours=1),
        expires_at=api.world.clock() + timedelta(hours=4),
        **demand,
    )

    await _submit(api, customer, bill)
    refused = await api.world.request(customer, Channel.SMS, **demand)
    other = await api.world.request(customer, Channel.SMS, purpose=Purpose.SECURITY_CODE, variables={"code": "1234"})

    assert [(await api.world.now(one)).status for one in (waiting, call)] == ["CANCELLED", "CANCELLED"]
    assert (await api.world.now(waiting)).cancel_reason == "the customer applied for another plan"
    assert (await api.world.now(refused)).status == "REFUSED"
    findings = findings_from_json(refused.decisions[-1].findings)
    rules = {one.rule.id for one in findings if one.outcome is Outcome.REFUSE}
    assert rules == {"house.hold.application"}
    assert (await api.world.now(other)).status == "SCHEDULED"


async def test_an_approved_plan_is_bills_and_a_promise_and_the_customer_is_told(api: Api) -> None:
    customer, bill = await _owing(api)
    application = (await _submit(api, customer, bill))["application"]["id"]

    decided = await _decide(api, application)
    again = await _decide(api, application)
    other_way = await _decide(api, application, approve=False)
    await api.world.deliver()

    assert decided["application"]["status"] == again["application"]["status"] == "APPROVED"
    assert [one["code"] for one in other_way["userErrors"]] == ["CONFLICT"]
    state = await _state(api, customer)
    [old, *made] = state["bills"]["nodes"]
    assert (old["status"], [one["status"] for one in made]) == ("IN_PLAN", ["OPEN"] * 3)
    assert sum(Decimal(one["amountDue"]["amount"]) for one in made) == bill.amount_due
    assert [one["instalment"] for one in made] == [1, 2, 3]
    assert state["promises"] == [{"payBy": "2026-12-10", "status": "OPEN", "amount": {"amount": "411.50"}}]
    assert [(one["kind"], one["liftedAt"] is not None) for one in state["holds"]] == [("APPLICATION", True)]
    [told] = state["contacts"]["nodes"]
    assert (told["purpose"], told["status"]) == ("CUSTOMER_REPLY", "SENT")
    text = api.world.sms.sent[-1].text
    assert "3期还款方案" in text
    assert "411.50" in text
    mine = (await api.data(MINE, customer=customer))["repaymentApplications"]["nodes"]
    assert mine[0]["decisionReason"] == "we looked at it together"
    assert mine[0]["decidedBy"] is None


@pytest.mark.parametrize("owes_more", [False, True])
async def test_a_plan_ends_what_was_promised_on_its_debt_unless_more_is_owed_on_it(api: Api, owes_more: bool) -> None:
    customer, bill = await _owing(api)
    if owes_more:
        await api.world.bill(customer, reference="another", account=bill.account.reference)
    wanted = RecordPromise(
        customer.id, date(2026, 11, 27), bill.account.reference, amount=Decimal(1000), currency="CNY"
    )
    await promises.record(api.world.gateway, SERVICE, wanted)
    application = (await _submit(api, customer, bill))["application"]["id"]

    await _decide(api, application)

    before = next(one for one in (await _state(api, customer))["promises"] if one["payBy"] == "2026-11-27")
    assert before["status"] == ("OPEN" if owes_more else "WITHDRAWN")


async def test_a_declined_plan_leaves_the_bill_as_it_was(api: Api) -> None:
    customer, bill = await _owing(api)
    application = (await _submit(api, customer, bill))["application"]["id"]

    await _decide(api, application, approve=False)
    await api.world.deliver()

    state = await _state(api, customer)
    assert [one["status"] for one in state["bills"]["nodes"]] == ["OPEN"]
    assert state["promises"] == []
    assert "想办法" in api.world.sms.sent[-1].text


async def test_who_applied_in_the_evening_and_is_decided_on_at_night_is_told_in_the_morning(api: Api) -> None:
    customer = await api.world.customer("CN")
    bill = await api.world.bill(customer)
    api.world.wait(hours=10)  # 22:00 in Shanghai
    application = (await _submit(api, customer, bill))["application"]["id"]
    api.world.wait(hours=5)

    await _decide(api, application)
    await api.world.deliver()
    assert api.world.sms.sent == []

    api.world.wait(hours=5)
    await api.world.deliver()
    assert len(api.world.sms.sent) == 1


async def test_who_is_decided_on_at_once_is_told_at_once_at_night_too(api: Api) -> None:
    customer = await api.world.customer("CN")
    bill = await api.world.bill(customer)
    api.world.wait(hours=11)
    application = (await _submit(api, customer, bill))["application"]["id"]
    api.world.wait(minutes=20)

    await _decide(api, application)
    await api.world.deliver()

    assert len(api.world.sms.sent) == 1


async def test_withdrawn_is_withdrawn_and_another_may_follow(api: Api) -> None:
    customer, bill = await _owing(api)
    application = (await _submit(api, customer, bill))["application"]["id"]

    second = await _submit(api, customer, bill, idempotencyKey="two")
    withdrawn = [(await api.data(WITHDRAW, {"id": application}, customer=customer)) for _ in range(2)]
    third = await _submit(api, customer, bill, idempotencyKey="three")
    await _decide(api, third["application"]["id"])
    late = await api.data(WITHDRAW, {"id": third["application"]["id"]}, customer=customer)

    assert [one["code"] for one in second["userErrors"]] == ["CONFLICT"]
    assert [one["withdrawRepaymentApplication"]["application"]["status"] for one in withdrawn] == ["WITHDRAWN"] * 2
    assert third["userErrors"] == []
    assert [one["code"] for one in late["withdrawRepaymentApplication"]["userErrors"]] == ["TOO_LATE"]


async def test_of_many_at_once_one_is_made(api: Api) -> None:
    customer, bill = await _owing(api)

    await api.key(Role.CUSTOMER, customer)
    same = await asyncio.gather(*(_submit(api, customer, bill) for _ in range(5)))
    others = await asyncio.gather(*(_submit(api, customer, bill, idempotencyKey=f"k{n}") for n in range(5)))
    changed = await _submit(api, customer, bill, reason="another")

    assert len({one["application"]["id"] for one in same}) == 1
    assert sorted(one["replayed"] for one in same) == [False, True, True, True, True]
    assert {one["userErrors"][0]["code"] for one in others} == {"CONFLICT"}
    assert changed["userErrors"][0]["code"] == "CONFLICT"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"instalments": []}, "INVALID", ["instalments"]),
        ({"instalments": _plan(("2026-12-10", "1234.49"))}, "INVALID", ["instalments"]),
        ({"instalments": _plan(("2026-11-24", "1234.50"))}, "INVALID", ["instalments", "0"]),
        ({"instalments": _plan(("2026-02-30", "1234.50"))}, "INVALID", ["instalments", "0", "dueOn"]),
        ({"instalments": _plan(("2026-12-10", "1234.50"), currency="USD")}, "INVALID", ["instalments"]),
        ({"reason": " "}, "INVALID", ["reason"]),
        ({"documents": ["x"] * 21}, "INVALID", ["documents"]),
        ({"billId": "nothing"}, "NOT_FOUND", ["billId"]),
    ],
)
async def test_what_cannot_be_applied_for_is_told_by_its_field(
    api: Api, given: dict[str, Any], code: str, field: list[str]
) -> None:
    customer, bill = await _owing(api)

    done = await _submit(api, customer, bill, **given)

    assert [(one["code"], one["field"]) for one in done["userErrors"]] == [(code, field)]
    assert (await _state(api, customer))["holds"] == []


async def test_a_bill_that_was_paid_meanwhile_is_not_put_into_a_plan(api: Api) -> None:
    customer, bill = await _owing(api)
    application = (await _submit(api, customer, bill))["application"]["id"]
    await _pay(api, bill, "100", "P-1")

    decided = await _decide(api, application)

    assert [one["code"] for one in decided["userErrors"]] == ["CONFLICT"]
    assert [one["status"] for one in (await _state(api, customer))["bills"]["nodes"]] == ["OPEN"]


async def test_the_promise_of_a_plan_is_watched_and_the_next_follows(api: Api) -> None:
    customer, bill = await _owing(api)
    application = (await _submit(api, customer, bill))["application"]["id"]
    await _decide(api, application)
    api.world.clock.advance(api.world.clock() + timedelta(days=1))

    assert await promises.watch(api.world.gateway) == 0
    await _pay(api, bill, "411.50", "P-1")
    first = (await _state(api, customer))["promises"]
    api.world.clock.advance(api.world.clock() + timedelta(days=60))
    settled = await promises.watch(api.world.gateway)
    second = (await _state(api, customer))["promises"]

    assert [(one["payBy"], one["status"]) for one in first] == [("2026-12-10", "KEPT"), ("2027-01-10", "OPEN")]
    assert settled == 1
    assert [one["status"] for one in second] == ["KEPT", PromiseStatus.BROKEN]
    assert await promises.watch(api.world.gateway) == 0


async def test_the_day_of_a_promise_ends_on_the_customers_own_clock(api: Api) -> None:
    customer, bill = await _owing(api)
    application = _plan(("2026-11-25", "1234.50"))
    await _decide(api, (await _submit(api, customer, bill, instalments=application))["application"]["id"])

    # The 25th ends in Shanghai at 16:00 UTC.
    api.world.clock.advance(api.world.clock() + timedelta(hours=35, minutes=59))
    early = await promises.watch(api.world.gateway)
    api.world.clock.advance(api.world.clock() + timedelta(minutes=1))
    late = await promises.watch(api.world.gateway)

    assert (early, late) == (0, 1)


async def test_anothers_bill_and_application_are_nobodys(api: Api) -> None:
    customer, bill = await _owing(api)
    stranger = await api.world.customer()
    application = (await _submit(api, customer, bill))["application"]["id"]

    submitted = await _submit(api, stranger, bill)
    withdrawn = await api.data(WITHDRAW, {"id": application}, customer=stranger)
    error = await api.error(OPTIONS, {"bill": api.id(bill)}, customer=stranger)
    listed = await api.data(MINE, customer=stranger)

    assert submitted["userErrors"][0]["code"] == "NOT_FOUND"
    assert withdrawn["withdrawRepaymentApplication"]["userErrors"][0]["code"] == "NOT_FOUND"
    assert error["extensions"]["code"] == "NOT_FOUND"
    assert listed["repaymentApplications"]["nodes"] == []
    assert date(2026, 11, 14) == bill.due_on


# --- what the lender goes on saying of a bill that a plan replaced ----------------------------------------------------


async def _planned(api: Api) -> tuple[Customer, Bill]:
    customer, bill = await _owing(api)
    await _decide(api, (await _submit(api, customer, bill))["application"]["id"])
    return customer, bill


async def _bills(api: Api, customer: Customer) -> list[tuple[str, str, str]]:
    nodes = (
        await api.data(
            "query ($id: ID!) { customer(by: {id: $id}) {"
            " bills { nodes { status amountDue { amount } amountLeft { amount } } } } }",
            {"id": api.id(customer)},
        )
    )["customer"]["bills"]["nodes"]
    return sorted((one["status"], one["amountDue"]["amount"], one["amountLeft"]["amount"]) for one in nodes)


async def _promises(api: Api, customer: Customer) -> list[tuple[str, str]]:
    return [(one["payBy"], one["status"]) for one in (await _state(api, customer))["promises"]]


@pytest.mark.parametrize("by_account", [False, True])
async def test_money_for_the_bill_pays_its_instalments_in_their_order(api: Api, by_account: bool) -> None:
    customer, bill = await _planned(api)
    api.world.wait(minutes=1)
    where: dict[str, Any] = {"account": bill.account.reference} if by_account else {"bill_id": bill.id}

    part = await payments.record(api.world.gateway, SERVICE, RecordPayment("P1", "a", Decimal(500), "CNY", **where))
    first = await _promises(api, customer)
    api.world.wait(minutes=1)
    rest = await payments.record(api.world.gateway, SERVICE, RecordPayment("P2", "b", Decimal(800), "CNY", **where))

    assert [str(one.amount) for one in part.payments] == ["411.50", "88.50"]
    assert first == [("2026-12-10", "KEPT"), ("2027-01-10", "OPEN")]
    assert rest.unallocated == Decimal("65.50")
    assert await _bills(api, customer) == [
        ("PAID", "1234.50", "0.00"), *[("PAID", "411.50", "0.00")] * 3,
    ]  # fmt: skip
    assert {status for _, status in await _promises(api, customer)} == {"KEPT"}
    with pytest.raises(Unacceptable, match="nothing is left"):
        await payments.record(api.world.gateway, SERVICE, RecordPayment("P3", "c", Decimal(1), "CNY", bill_id=bill.id))


@pytest.mark.parametrize("by_import", [False, True])
@pytest.mark.parametrize(
    ("said", "whole", "parts", "promise"),
    [
        (None, "IN_PLAN", "OPEN", "OPEN"),
        (BillStatus.OPEN, "IN_PLAN", "OPEN", "OPEN"),
        (BillStatus.DISPUTED, "IN_PLAN", "DISPUTED", "WITHDRAWN"),
        (BillStatus.PAID, "PAID", "PAID", "KEPT"),
        (BillStatus.WRITTEN_OFF, "WRITTEN_OFF", "WRITTEN_OFF", "WITHDRAWN"),
    ],
)
async def test_what_is_said_of_the_bill_is_said_of_its_plan(
    api: Api, said: BillStatus | None, whole: str, parts: str, promise: str, by_import: bool
) -> None:
    customer, bill = await _planned(api)
    await _said(api, customer, bill, said, amount=Decimal("999.00"), by_import=by_import)

    found = await _bills(api, customer)

    assert sorted((status, due) for status, due, _ in found) == sorted([(whole, "1234.50"), *[(parts, "411.50")] * 3])
    assert await _promises(api, customer) == [("2026-12-10", promise)]


@pytest.mark.parametrize("by_import", [False, True])
async def test_a_dispute_of_the_bill_that_is_over_leads_back_to_its_plan(api: Api, by_import: bool) -> None:
    customer, bill = await _planned(api)

    for said in (BillStatus.DISPUTED, BillStatus.OPEN):
        await _said(api, customer, bill, said, by_import=by_import)

    assert [status for status, _, _ in await _bills(api, customer)] == ["IN_PLAN", "OPEN", "OPEN", "OPEN"]


@pytest.mark.parametrize("ended", [BillStatus.PAID, BillStatus.WRITTEN_OFF])
async def test_a_bill_that_is_open_again_after_its_end_is_in_its_plan_again(api: Api, ended: BillStatus) -> None:
    """What money has covered stays paid: nobody is asked twice."""
    customer, bill = await _planned(api)
    api.world.wait(minutes=1)
    paid = RecordPayment("P1", "a", Decimal("411.50"), "CNY", bill_id=bill.id)
    await payments.record(api.world.gateway, SERVICE, paid)

    await _said(api, customer, bill, ended)
    after = await _bills(api, customer)
    await _said(api, customer, bill, None)
    unsaid = await _bills(api, customer)
    await _said(api, customer, bill, BillStatus.OPEN)

    assert {status for status, _, _ in after} == {ended, "PAID"}
    assert unsaid == after
    assert [status for status, _, _ in await _bills(api, customer)] == ["IN_PLAN", "OPEN", "OPEN", "PAID"]


async def test_money_goes_to_what_is_asked_for_before_what_is_disputed(api: Api) -> None:
    customer, bill = await _planned(api)
    async with api.world.gateway.database.read() as work:
        [first, *_] = (await instalments.of_plans(work, [bill]))[bill.id]
    await _said(api, customer, first, BillStatus.DISPUTED, amount=first.amount_due)

    await payments.record(
        api.world.gateway, SERVICE, RecordPayment("P1", "a", Decimal("411.50"), "CNY", bill_id=bill.id)
    )

    assert [status for status, _, _ in await _bills(api, customer)] == ["DISPUTED", "IN_PLAN", "OPEN", "PAID"]


async def test_a_plan_for_an_instalment_stands_in_its_place(api: Api) -> None:
    customer, bill = await _planned(api)
    async with api.world.gateway.database.read() as work:
        [first, *_] = (await instalments.of_plans(work, [bill]))[bill.id]
    smaller = _plan(("2026-12-10", "211.50"), ("2026-12-20", "200.00"))
    again = await _submit(api, customer, first, idempotencyKey="two", instalments=smaller)
    await _decide(api, again["application"]["id"])

    recorded = await payments.record(
        api.world.gateway, SERVICE, RecordPayment("P1", "a", Decimal(500), "CNY", bill_id=bill.id)
    )

    assert [str(one.amount) for one in recorded.payments] == ["211.50", "200.00", "88.50"]


async def test_a_plan_that_was_agreed_elsewhere_is_as_its_lender_says(api: Api) -> None:
    customer, bill = await _owing(api)
    await _said(api, customer, bill, BillStatus.IN_PLAN)

    await payments.record(api.world.gateway, SERVICE, RecordPayment("P", "a", Decimal("34.50"), "CNY", bill_id=bill.id))
    planned = await _bills(api, customer)
    await _said(api, customer, bill, BillStatus.OPEN)

    assert planned == [("IN_PLAN", "1234.50", "1200.00")]
    assert await _bills(api, customer) == [("OPEN", "1234.50", "1200.00")]


def _wanted(customer_id: str, bill: Bill, **said: Any) -> RegisterBill:
    return RegisterBill(
        reference=bill.reference,
        customer_id=customer_id,
        account_reference=bill.account.reference,
        currency="CNY",
        due_on=bill.due_on,
        **said,
    )


async def _said(
    api: Api,
    customer: Customer,
    bill: Bill,
    status: BillStatus | None,
    *,
    amount: Decimal = Decimal("1234.50"),
    by_import: bool = False,
) -> None:
    gateway = api.world.gateway
    wanted = _wanted(customer.reference if by_import else customer.id, bill, amount_due=amount, status=status)
    if by_import:
        async with gateway.database.write() as work:
            [done] = await bulk.register_bills(gateway, work, SERVICE, [wanted])
        assert not isinstance(done, Unacceptable)
    else:
        await customers.register_bill(gateway, SERVICE, wanted)
    await checking.check(gateway.database)


@pytest.mark.parametrize("by_import", [False, True])
async def test_an_instalment_that_is_registered_as_it_is_stays_in_its_plan(api: Api, by_import: bool) -> None:
    customer, bill = await _planned(api)
    plan = await _instalments(api, bill)

    for one in plan:
        await _said(api, customer, one, None, amount=one.amount_due, by_import=by_import)
    await _pay(api, bill, "1234.50", "P-all")

    assert await _instalments(api, bill) == [
        replace(one, amount_paid=one.amount_due, status=BillStatus.PAID) for one in plan
    ]
    assert {status for status, *_ in await _bills(api, customer)} == {"PAID"}


@pytest.mark.parametrize(
    ("given", "field"), [({"amount_due": Decimal(9999)}, ("amountDue",)), ({"due_on": date(2026, 12, 1)}, ("dueOn",))]
)
async def test_an_instalment_stays_as_it_was_agreed(api: Api, given: dict[str, Any], field: tuple[str, ...]) -> None:
    customer, bill = await _planned(api)
    first, *_ = plan = await _instalments(api, bill)
    wanted = _wanted(customer.id, first, amount_due=first.amount_due)

    with pytest.raises(Unacceptable) as wrong:
        await customers.register_bill(api.world.gateway, SERVICE, replace(wanted, **given))

    assert [(one.code, one.field) for one in wrong.value.errors] == [("CONFLICT", field)]
    assert await _instalments(api, bill) == plan


async def test_an_instalment_whose_end_is_told_without_its_sum_ends_as_it_was_agreed(api: Api) -> None:
    customer, bill = await _planned(api)
    first, *rest = await _instalments(api, bill)

    await _said(api, customer, first, BillStatus.WRITTEN_OFF, amount=Decimal(0))

    assert await _instalments(api, bill) == [replace(first, status=BillStatus.WRITTEN_OFF), *rest]


async def _instalments(api: Api, bill: Bill) -> Sequence[Bill]:
    async with api.world.gateway.database.read() as work:
        return (await instalments.of_plans(work, [bill]))[bill.id]


@pytest.mark.parametrize("by", ["payment", "lender", "import"])
async def test_an_application_ends_with_its_bill_and_nobody_is_told_of_a_plan_for_nothing(api: Api, by: str) -> None:
    customer, bill = await _owing(api)
    application = (await _submit(api, customer, bill))["application"]["id"]

    if by == "payment":
        await _pay(api, bill, "1234.50", "P-1")
    else:
        await _said(api, customer, bill, BillStatus.WRITTEN_OFF, by_import=by == "import")

    [mine] = (await api.data(MINE, customer=customer))["repaymentApplications"]["nodes"]
    state = await _state(api, customer)
    declined = await _decide(api, application, approve=False)
    assert mine["status"] == "ENDED"
    assert [one["liftedAt"] is None for one in state["holds"]] == [False]
    assert state["contacts"]["nodes"] == []
    assert [one["code"] for one in declined["userErrors"]] == ["CONFLICT"]
    await checking.check(api.world.gateway.database)


async def test_a_plan_whose_first_day_has_passed_is_not_approved(api: Api) -> None:
    customer, bill = await _owing(api)
    application = (await _submit(api, customer, bill))["application"]["id"]
    api.world.clock.advance(api.world.clock() + timedelta(days=60))

    approved = await _decide(api, application)
    declined = await _decide(api, application, approve=False)

    assert [one["code"] for one in approved["userErrors"]] == ["CONFLICT"]
    assert await _promises(api, customer) == []
    assert declined["application"]["status"] == "DECLINED"


async def test_the_answer_says_what_was_agreed_though_some_of_it_is_paid(api: Api) -> None:
    customer, bill = await _owing(api)
    application = (await _submit(api, customer, bill))["application"]["id"]
    await _decide(api, application)
    await _pay(api, bill, "411.50", "P")

    await api.world.deliver()

    [text] = [one.text for one in api.world.sms.sent]
    assert "第一期¥411.50" in text
    assert "2026年12月10日" in text


async def test_what_was_agreed_in_one_currency_is_not_approved_in_another(api: Api) -> None:
    customer, bill = await _owing(api)
    application = (await _submit(api, customer, bill))["application"]["id"]
    await api.world.bill(customer, reference=bill.reference, account=bill.account.reference, currency="USD")

    refused = await _decide(api, application)

    assert [one["code"] for one in refused["userErrors"]] == ["CONFLICT"]


async def test_money_that_came_in_time_and_was_posted_later_keeps_the_promise(api: Api) -> None:
    customer, bill = await _owing(api)
    promise = RecordPromise(
        customer.id, date(2026, 11, 26), account=bill.account.reference, amount=Decimal(100), currency="CNY"
    )
    await promises.record(api.world.gateway, SERVICE, promise)
    in_time = api.world.clock() + timedelta(days=1)
    api.world.wait(days=5)
    await promises.watch(api.world.gateway)
    broken = await _promises(api, customer)

    late = RecordPayment("P1", "a", Decimal(100), "CNY", bill_id=bill.id)
    await payments.record(api.world.gateway, SERVICE, late)
    still = await _promises(api, customer)
    await payments.record(api.world.gateway, SERVICE, replace(late, reference="P2", at=in_time))

    assert [status for _, status in (*broken, *still)] == ["BROKEN", "BROKEN"]
    assert [status for _, status in await _promises(api, customer)] == ["KEPT"]
    await checking.check(api.world.gateway.database)


@pytest.mark.parametrize("said", [None, BillStatus.WRITTEN_OFF])
async def test_what_a_plan_replaced_is_not_owed_twice(api: Api, said: BillStatus | None) -> None:
    customer, bill = await _planned(api)
    await _said(api, customer, bill, said)
    query = """query ($id: ID!) { customer(by: {id: $id}) { bills { nodes { reference daysOverdue
        amountLeft { amount } replacedBy { dueOn amountLeft { amount } } } } } }"""

    nodes = (await api.data(query, {"id": api.id(customer)}))["customer"]["bills"]["nodes"]

    [old] = [one for one in nodes if one["reference"] == bill.reference]
    assert (old["amountLeft"]["amount"], old["daysOverdue"]) == ("0.00", 0)
    assert [one["amountLeft"]["amount"] for one in old["replacedBy"]] == ["411.50"] * 3
    assert [one["replacedBy"] for one in nodes if one is not old] == [[]] * 3
