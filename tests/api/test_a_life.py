"""Ninety days of one customer, under a clock that is moved: told whole by one query, every step explained."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from channels import base
from channels.base import Arrival, Receipt
from gateway import contact, payments, promises, replying
from gateway.core import Ear
from gateway.model import Customer, Role
from gateway.receiving import receive
from gateway.requests import RecordPayment
from gateway.store import replies
from policies.facts import Channel, Purpose
from tests.api.client import Api
from tests.api.test_timeline import told
from tests.world import AGENT, SERVICE

TEXTS = Ear("sms", Channel.SMS, frozenset({"sms"}))
APPLY = """mutation ($input: SubmitRepaymentApplicationInput!) { submitRepaymentApplication(input: $input) {
    application { id status } userErrors { code field message } } }"""
DECIDE = """mutation ($id: ID!) { decideRepaymentApplication(
    input: {applicationId: $id, approve: true, reason: "affordable"}) {
    application { status } userErrors { code message } } }"""


class Story:
    """What happens on which day; the first is the bill's due date, at noon in Shanghai."""

    def __init__(self, api: Api) -> None:
        self.api, self.world = api, api.world
        self.begins = datetime(2026, 11, 24, 4, tzinfo=UTC)

    async def on_day(self, day: int) -> None:
        self.world.clock.advance(self.begins + timedelta(days=day))
        await promises.watch(self.world.gateway)

    async def notice(self, customer: Customer, purpose: Purpose, bill_id: str, **more: Any) -> None:
        """It is asked for, leaves, and arrives."""
        asked = await self.world.request(customer, Channel.SMS, purpose=purpose, bill_id=bill_id, **more)
        await self.world.deliver()
        for one in await self.world.attempts(asked):
            await receive(self.world.gateway, TEXTS, [Receipt(f"r-{one.id}", one.id, Arrival.DELIVERED)])


async def test_ninety_days_of_one_customer_are_told_by_one_query(api: Api) -> None:
    story, world, gateway = Story(api), api.world, api.world.gateway
    customer = await world.customer(name="Wang Fang")
    bill = await world.bill(customer, due_on=date(2026, 11, 24))
    [phone, _] = await world.points(customer)

    await story.on_day(3)
    await story.notice(customer, Purpose.OVERDUE_REMINDER, bill.id)
    await story.on_day(12)  # silence
    await story.notice(customer, Purpose.OVERDUE_WARNING, bill.id)
    await receive(gateway, TEXTS, [base.Reply("reply-1", phone.address, "I lost my job")])
    async with gateway.database.read() as work:
        [written] = await replies.of_customers(work, [customer.id])
    await replying.settle(gateway, AGENT, written.id, "we talked about an easier plan")
    await story.on_day(13)
    await world.deliver()  # the plan offer
    diverted = await world.request(customer, Channel.SMS, purpose=Purpose.FINAL_NOTICE, bill_id=bill.id)
    await story.on_day(14)
    plan = [
        {"dueOn": day, "amount": {"amount": amount, "currency": "CNY"}}
        for day, amount in (("2026-12-24", "617.25"), ("2027-01-24", "617.25"))
    ]
    given = {"idempotencyKey": "mine", "billId": api.id(bill), "instalments": plan, "reason": "I lost my job"}
    applied = (await api.data(APPLY, {"input": given}, customer=customer))["submitRepaymentApplication"]
    await story.on_day(16)
    decided = await api.data(DECIDE, {"id": applied["application"]["id"]}, role=Role.AGENT)
    await world.deliver()
    await story.on_day(29)
    for number, day in ((1, 29), (2, 60)):
        await story.on_day(day)
        paid = RecordPayment(
            reference=f"P-{number}",
            fingerprint=f"{number}",
            amount=Decimal("617.25"),
            currency="CNY",
            account=bill.account.reference,
            send_receipt=True,
        )
        await payments.record(gateway, SERVICE, paid)
        await world.deliver()
    await story.on_day(90)
    await contact.request(gateway, world.wanted(customer, Channel.SMS, purpose=Purpose.FOLLOW_UP))
    await world.deliver()

    steps = (await told(api, customer))["nodes"]

    assert decided["decideRepaymentApplication"]["application"]["status"] == "APPROVED"
    assert (await world.now(diverted)).purpose is Purpose.PLAN_OFFER
    days = [(datetime.fromisoformat(step["at"]) - story.begins).days for step in steps]
    assert (days[0], days[-1]) == (0, 90)
    kinds = [step["kind"] for step in steps]
    assert _in_order(
        kinds,
        "customer.registered",
        "bill.registered",
        "contact",  # the reminder
        "decision",
        "attempt",
        "contact",  # the warning
        "attempt",
        "reply",  # "I lost my job"
        "hardship_signal",
        "contact",  # the plan offer
        "hold",
        "application",
        "application.decided",
        "promise",
        "payment",
        "promise.kept",
        "payment",
        "contact",  # the follow-up
        "attempt",
    )
    for step in steps:
        assert step["what"].endswith(".")
        if step["kind"] == "decision":
            assert step["why"]["reason"]
    purposes = [step["contact"]["purpose"] for step in steps if step["kind"] == "contact"]
    assert purposes[:2] == ["OVERDUE_REMINDER", "OVERDUE_WARNING"]
    assert "PLAN_OFFER" in purposes
    assert purposes[-1] == "FOLLOW_UP"


def _in_order(kinds: list[str], *wanted: str) -> bool:
    rest = iter(kinds)
    return all(one in rest for one in wanted)
