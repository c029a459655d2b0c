"""Money that came in: what it pays, and what is not asked for any more."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway import callbacks, contact, customers, payments, promises
from gateway.contact import Answer
from gateway.model import Bill, CallbackStatus, ContactStatus, Customer, Unacceptable
from gateway.payments import Recorded
from gateway.requests import RecordPayment, RecordPromise, RegisterBill
from gateway.store import bills as bill_store
from gateway.store import hardship
from policies.facts import BillStatus, Channel, PromiseStatus, Purpose
from tests.world import SERVICE, World, open_world

DEMAND = {"purpose": Purpose.OVERDUE_REMINDER}


async def pay(world: World, reference: str, amount: str, **more: Any) -> Recorded:
    body = more.pop("fingerprint", "body")
    wanted = RecordPayment(reference, body, Decimal(amount), more.pop("currency", "CNY"), **more)
    return await payments.record(world.gateway, SERVICE, wanted)


async def bill_now(world: World, bill: Bill) -> Bill:
    async with world.gateway.database.read() as work:
        return (await bill_store.by_id(work, [bill.id]))[bill.id]


async def demand(world: World, customer: Customer, bill: Bill, **more: Any) -> Answer:
    return await world.request(customer, Channel.SMS, bill_id=bill.id, **DEMAND, **more)


async def test_parts_add_up_and_the_last_of_them_pays_the_bill(world: World) -> None:
    bill = await world.bill(await world.customer(), amount=Decimal("100.00"))

    first = await pay(world, "P-1", "30.10", bill_id=bill.id)
    second = await pay(world, "P-2", "69.90", bill_id=bill.id)

    assert [one.bills[0].status for one in (first, second)] == [BillStatus.OPEN, BillStatus.PAID]
    now = await bill_now(world, bill)
    assert (now.amount_paid, now.amount_left, now.status) == (Decimal("100.00"), Decimal(0), BillStatus.PAID)


async def test_an_accounts_money_goes_to_what_was_due_first_and_the_rest_is_said(world: World) -> None:
    customer = await world.customer()
    late = await world.bill(customer, account="A", amount=Decimal(50), due_on=date(2026, 11, 20))
    early = await world.bill(customer, account="A", amount=Decimal(50), due_on=date(2026, 10, 20))

    part = await pay(world, "P-1", "70", account="A")
    rest = await pay(world, "P-2", "31", account="A")

    assert [(one.bill_id, one.amount) for one in part.payments] == [(early.id, Decimal(50)), (late.id, Decimal(20))]
    assert (part.unallocated, rest.unallocated) == (Decimal(0), Decimal(1))
    assert (await bill_now(world, late)).status is BillStatus.PAID


async def test_money_for_an_account_is_for_what_is_owed_in_its_currency(world: World) -> None:
    customer = await world.customer()
    yuan = await world.bill(customer, account="two", amount=Decimal(100))
    dollars = await world.bill(customer, account="two", amount=Decimal(100), currency="USD", due_on=date(2026, 11, 1))

    paid = await pay(world, "P-1", "30", account=yuan.account.reference)

    assert [one.bill_id for one in paid.payments] == [yuan.id]
    assert (await bill_now(world, dollars)).amount_paid == 0


async def test_the_same_reference_is_the_same_payment_and_another_body_a_conflict(world: World) -> None:
    bill = await world.bill(await world.customer(), amount=Decimal(100))

    first = await pay(world, "P-1", "30", bill_id=bill.id)
    again = await pay(world, "P-1", "30", bill_id=bill.id)
    with pytest.raises(Unacceptable) as wrong:
        await pay(world, "P-1", "31", bill_id=bill.id, fingerprint="another")

    assert again.replayed
    assert again.payments == first.payments
    assert [(one.code, one.field) for one in wrong.value.errors] == [("CONFLICT", ("reference",))]
    assert (await bill_now(world, bill)).amount_paid == Decimal(30)


async def test_the_same_payment_said_many_times_at_once_is_one(world: World) -> None:
    bill = await world.bill(await world.customer(), amount=Decimal(100))

    found = await asyncio.gather(*(pay(world, "P-1", "30", bill_id=bill.id) for _ in range(8)))

    assert sorted(one.replayed for one in found) == [False] + [True] * 7
    assert (await bill_now(world, bill)).amount_paid == Decimal(30)


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"currency": "EUR"}, "INVALID", ("amount", "currency")),
        ({"at": datetime(2027, 1, 1, tzinfo=UTC)}, "INVALID", ("at",)),
        ({"bill_id": "0" * 32}, "NOT_FOUND", ("billId",)),
        ({"bill_id": None, "account": "of nobody"}, "NOT_FOUND", ("account",)),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_half_done(
    world: World, given: dict[str, Any], code: str, field: tuple[str, ...]
) -> None:
    bill = await world.bill(await world.customer(), amount=Decimal(100))

    with pytest.raises(Unacceptable) as wrong:
        await pay(world, "P-1", "30", **{"bill_id": bill.id, **given})

    assert [(one.code, one.field) for one in wrong.value.errors] == [(code, field)]
    assert (await bill_now(world, bill)).amount_paid == 0


async def test_nothing_more_can_be_paid_on_a_paid_bill(world: World) -> None:
    bill = await world.bill(await world.customer(), amount=Decimal(100))
    await pay(world, "P-1", "100", bill_id=bill.id)

    with pytest.raises(Unacceptable) as wrong:
        await pay(world, "P-2", "1", bill_id=bill.id)

    assert [(one.code, one.field) for one in wrong.value.errors] == [("CONFLICT", ("billId",))]


async def test_a_receipt_is_for_all_that_was_paid_at_once(world: World) -> None:
    customer = await world.customer()
    account = (await world.bill(customer, account="several", amount=Decimal(300))).account
    await world.bill(customer, account="several", amount=Decimal(200))
    await world.bill(customer, account="several", amount=Decimal(100))

    recorded = await pay(world, "P-all", "550", account=account.reference, send_receipt=True)
    await world.deliver()

    assert len(recorded.payments) == 3
    assert recorded.receipt is not None
    assert "550.00" in ((await world.held(recorded.receipt.id)).contact.message or "")


async def test_payments_that_are_split_are_counted_once_for_hardship(world: World) -> None:
    customer = await world.customer()
    account = (await world.bill(customer, account="split", amount=Decimal(100))).account
    for _ in range(6):
        await world.bill(customer, account="split", amount=Decimal(100))
    await pay(world, "P-split", "550", account=account.reference)

    async with world.gateway.database.read() as work:
        found = (await hardship.evidence(work, [customer.id]))[customer.id]
    assert len({one.reference for one in found.paid}) == 1
    assert len(found.paid) == 6


async def test_what_demands_a_paid_bill_does_not_leave_and_a_receipt_does(world: World) -> None:
    customer = await world.customer()
    bill, other = await world.bill(customer), await world.bill(customer)
    waits = await demand(world, customer, bill)
    of_another = await demand(world, customer, other)
    answers = await world.request(customer, Channel.EMAIL, bill_id=bill.id, purpose=Purpose.FOLLOW_UP)

    recorded = await pay(world, "P-1", "1234.50", bill_id=bill.id, send_receipt=True)
    await world.deliver()

    gone = await world.now(waits)
    assert (gone.status, gone.cancel_reason) == (ContactStatus.CANCELLED, "the bill was paid")
    assert (await world.now(of_another)).status is not ContactStatus.CANCELLED
    assert (await world.now(answers)).status is not ContactStatus.CANCELLED
    assert recorded.receipt is not None
    assert recorded.receipt.purpose is Purpose.PAYMENT_RECEIPT
    sent = await world.held(recorded.receipt.id)
    assert sent.contact.status is ContactStatus.SENT
    assert sent.contact.message is not None
    assert "1,234.50" in sent.contact.message


async def test_a_call_that_waits_is_taken_back_too(world: World) -> None:
    customer = await world.customer()
    bill = await world.bill(customer)
    call = await world.request(customer, Channel.CALLBACK, bill_id=bill.id, **DEMAND)
    await world.deliver()

    await pay(world, "P-1", "1234.50", bill_id=bill.id)

    assert (await world.now(call)).status is ContactStatus.CANCELLED
    async with world.gateway.database.read() as work:
        queued = await work.all(text("SELECT status FROM callback"))
    assert [row[0] for row in queued] == [CallbackStatus.CANCELLED]
    assert await callbacks.claim(world.gateway, SERVICE, "claim") == (None, None)


async def test_a_part_cancels_nothing_and_the_message_says_what_is_left(world: World) -> None:
    customer = await world.customer()
    bill = await world.bill(customer)
    waits = await demand(world, customer, bill)

    await pay(world, "P-1", "1000.00", bill_id=bill.id)
    await world.deliver()

    message = (await world.now(waits)).message
    assert message is not None
    assert "234.50" in message
    assert "1,234.50" not in message


@pytest.mark.parametrize("status", [BillStatus.PAID, BillStatus.DISPUTED, BillStatus.WRITTEN_OFF])
async def test_a_bill_that_is_registered_as_closed_is_not_asked_for(world: World, status: BillStatus) -> None:
    customer = await world.customer()
    bill = await world.bill(customer)
    waits = await demand(world, customer, bill)

    closed = RegisterBill(
        bill.reference, customer.id, bill.account.reference, bill.amount_due, "CNY", bill.due_on, status=status
    )
    await customers.register_bill(world.gateway, SERVICE, closed)
    await world.deliver()

    assert (await world.now(waits)).status is ContactStatus.CANCELLED
    assert await world.attempts(waits) == []


async def test_a_promise_is_kept_once_its_sum_has_come_in_time(world: World) -> None:
    customer = await world.customer()
    bill = await world.bill(customer, amount=Decimal(100), account="A")
    promised = RecordPromise(customer.id, date(2026, 11, 26), "A", Decimal(60), "CNY")
    await promises.record(world.gateway, SERVICE, promised)

    await pay(world, "P-1", "30", bill_id=bill.id)
    before = await _promise(world)
    world.wait(days=1)
    await pay(world, "P-2", "30", account="A")

    assert (before, await _promise(world)) == (PromiseStatus.OPEN, PromiseStatus.KEPT)


async def test_money_that_comes_after_the_day_keeps_no_promise(world: World) -> None:
    customer = await world.customer()
    bill = await world.bill(customer, amount=Decimal(100), account="A")
    promised = RecordPromise(customer.id, date(2026, 11, 25), "A", Decimal(60), "CNY")
    await promises.record(world.gateway, SERVICE, promised)

    world.wait(days=1, hours=13)  # the 26th, an hour after midnight in Shanghai
    await pay(world, "P-1", "60", bill_id=bill.id)

    assert await _promise(world) is PromiseStatus.OPEN


async def test_the_day_of_a_promise_is_over_when_it_is_by_every_clock_of_the_customer(world: World) -> None:
    customer = await world.customer(time_zones=("Asia/Shanghai", "America/Los_Angeles"))
    await world.bill(customer, amount=Decimal(100), account="A")
    today = world.clock().date()
    await promises.record(world.gateway, SERVICE, RecordPromise(customer.id, today, "A", Decimal(60), "CNY"))

    world.wait(hours=20)
    assert await promises.watch(world.gateway) == 0
    await pay(world, "P-1", "60", account="A")

    assert await _promise(world) is PromiseStatus.KEPT


@pytest.mark.parametrize(("ago", "leaves"), [(timedelta(minutes=5), True), (timedelta(hours=3), False), (None, False)])
async def test_a_receipt_leaves_at_night_only_for_money_that_has_just_come(
    world: World, ago: timedelta | None, leaves: bool
) -> None:
    customer = await world.customer("CN")
    bill = await world.bill(customer, amount=Decimal(100))
    world.wait(hours=15)  # three in the morning in Shanghai

    at = world.clock() - ago if ago else None
    recorded = await pay(world, "P-1", "30", bill_id=bill.id, send_receipt=True, at=at)
    await world.deliver()

    assert recorded.receipt is not None
    assert bool(world.sms.sent) is leaves
    world.wait(hours=6)
    await world.deliver()
    assert len(world.sms.sent) == 1


async def _promise(world: World) -> PromiseStatus:
    async with world.gateway.database.read() as work:
        [row] = await work.all(text("SELECT status FROM promise"))
    return PromiseStatus[row[0]]


ROUNDS = 40


async def registered_as_paid(world: World, bill: Bill) -> Bill:
    """As `registerBill` says it, of a bill that is there."""
    same = RegisterBill(
        bill.reference, bill.customer_id, bill.account.reference, bill.amount_due, bill.currency, bill.due_on
    )
    return await customers.register_bill(world.gateway, SERVICE, replace(same, status=BillStatus.PAID))


@pytest.mark.parametrize("by", ["recordPayment", "registerBill"])
async def test_no_reminder_opens_after_its_bill_was_paid_however_close_the_two_are(tmp_path: Path, by: str) -> None:
    """Paid while a worker takes the contact up: it has left before, or it does not leave."""
    async with open_world(tmp_path) as world:
        sent = cancelled = 0
        for number in range(ROUNDS):
            customer = await world.customer()
            bill = await world.bill(customer, amount=Decimal(10))
            waits = await demand(world, customer, bill, fingerprint=str(number))
            paying: Coroutine[Any, Any, object]
            if by == "recordPayment":
                paying = pay(world, f"P-{number}", "10", bill_id=bill.id)
            else:
                paying = registered_as_paid(world, bill)
            if number % 2:
                await asyncio.gather(paying, contact.deliver(world.gateway))
            else:
                await asyncio.gather(contact.deliver(world.gateway), paying)
            now, tries = await world.now(waits), await world.attempts(waits)
            if now.status is ContactStatus.CANCELLED:
                cancelled += 1
                assert tries == []
            else:
                sent += 1
                assert now.status is ContactStatus.SENT
                assert await _opened_before_it_was_paid(world, tries[0].id, bill, by)
            assert (await bill_now(world, bill)).status is BillStatus.PAID
            world.wait(minutes=1)
            assert await contact.deliver(world.gateway) == 0
        assert sent + cancelled == ROUNDS


_PAID = {
    "recordPayment": "SELECT id FROM payment WHERE bill_id = :bill",
    "registerBill": "SELECT id FROM act WHERE of_id = :bill ORDER BY seq DESC LIMIT 1",
}
"""What is on record of it."""


async def _opened_before_it_was_paid(world: World, attempt_id: str, bill: Bill, by: str) -> bool:
    """By the customer's chain, which numbers what is on record in the order of the commits."""
    async with world.gateway.database.read() as work:
        statement = text("SELECT of_id, seq FROM log_entry WHERE customer_id = :whose").bindparams(
            whose=bill.customer_id
        )
        numbers = {row[0]: row[1] for row in await work.all(statement)}
        [paid] = await work.all(text(_PAID[by]).bindparams(bill=bill.id))
    return bool(numbers[attempt_id] < numbers[paid[0]])


async def test_a_payment_a_moment_before_the_due_time_stops_what_was_accepted_hours_ago(world: World) -> None:
    customer = await world.customer()
    bill = await world.bill(customer)
    waits = await demand(world, customer, bill, not_before=world.clock() + timedelta(hours=2))

    world.wait(hours=2)
    await pay(world, "P-1", "1234.50", bill_id=bill.id)

    assert await world.deliver() == 0
    assert await world.attempts(waits) == []
