"""Promises to pay: what may be promised, how often the same money counts, and how a promise is taken back."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from gateway import payments, promises
from gateway.model import Customer, PromiseEntry, Unacceptable
from gateway.requests import RecordPayment, RecordPromise
from gateway.store import customers
from policies.facts import BillStatus, Channel, PromiseStatus, Purpose
from tests.world import AGENT, SERVICE, World

FRIDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 30)


async def promise(world: World, customer: Customer, pay_by: date = FRIDAY, **more: Any) -> PromiseEntry:
    wanted = RecordPromise(customer.id, pay_by, more.pop("account", "A"), **more)
    return (await promises.record(world.gateway, SERVICE, wanted))[1]


def yuan(amount: str) -> dict[str, Any]:
    return {"amount": Decimal(amount), "currency": "CNY"}


async def pay(world: World, amount: str, reference: str = "P") -> None:
    wanted = RecordPayment(reference, "body", Decimal(amount), "CNY", account="A")
    await payments.record(world.gateway, SERVICE, wanted)


async def statuses(world: World, customer: Customer) -> list[str]:
    async with world.gateway.database.read() as work:
        found = await customers.promises_of(work, [customer.id])
    return [str(one.status) for one in sorted(found, key=lambda one: one.pay_by)]


async def test_the_same_money_keeps_one_promise(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer, amount=Decimal(100), account="A")
    await promise(world, customer, FRIDAY, **yuan("40"))
    await promise(world, customer, MONDAY, **yuan("40"))

    await pay(world, "50", "P-1")
    first = await statuses(world, customer)
    await pay(world, "30", "P-2")

    assert first == ["KEPT", "OPEN"]
    assert await statuses(world, customer) == ["KEPT", "KEPT"]


async def test_what_kept_an_earlier_promise_does_not_keep_a_later_one_when_its_day_passes(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer, amount=Decimal(100), account="A")
    await promise(world, customer, FRIDAY, **yuan("40"))
    await promise(world, customer, MONDAY, **yuan("40"))

    await pay(world, "50")
    world.wait(days=8)
    await promises.watch(world.gateway)

    assert await statuses(world, customer) == ["KEPT", "BROKEN"]


async def test_parts_wait_for_the_rest_of_the_promise_whose_day_is_first(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer, amount=Decimal(2000), account="A")
    await promise(world, customer, FRIDAY, **yuan("1000"))
    await promise(world, customer, MONDAY, **yuan("400"))

    await pay(world, "600", "P-1")
    first = await statuses(world, customer)
    await pay(world, "400", "P-2")

    assert first == ["OPEN", "OPEN"]
    assert await statuses(world, customer) == ["KEPT", "OPEN"]


async def test_what_came_for_a_promise_that_was_broken_counts_for_the_next(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer, amount=Decimal(2000), account="A")
    await promise(world, customer, FRIDAY, **yuan("1000"))
    await promise(world, customer, MONDAY, **yuan("400"))

    await pay(world, "600")
    world.wait(days=8)
    await promises.watch(world.gateway)

    assert await statuses(world, customer) == ["BROKEN", "KEPT"]


async def test_a_promise_on_all_debts_leaves_to_another_what_only_that_can_use(world: World) -> None:
    customer = await world.customer()
    for account in ("A", "B"):
        await world.bill(customer, amount=Decimal(800), account=account, reference=account)
    await promise(world, customer, FRIDAY, account=None, **yuan("500"))
    await promise(world, customer, MONDAY, **yuan("500"))

    for account in ("A", "B"):
        wanted = RecordPayment(account, "body", Decimal(500), "CNY", account=account)
        await payments.record(world.gateway, SERVICE, wanted)
    world.wait(days=8)
    await promises.watch(world.gateway)

    assert await statuses(world, customer) == ["KEPT", "KEPT"]


async def test_no_debt_is_promised_twice_by_way_of_all_debts(world: World) -> None:
    customer = await world.customer()
    for account in ("A", "B"):
        await world.bill(customer, amount=Decimal(500), account=account, reference=account)
    whole = await promise(world, customer, account=None, **yuan("1000"))

    with pytest.raises(Unacceptable, match="beside what is promised already"):
        await promise(world, customer, **yuan("1"))
    again = await promise(world, customer, account=None, **yuan("1000"))

    assert again.id == whole.id


async def test_who_has_paid_everything_has_broken_nothing(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer, amount=Decimal(100), account="A")
    await promise(world, customer, FRIDAY)
    await promise(world, customer, MONDAY, **yuan("60"))

    with pytest.raises(Unacceptable, match="beside what is promised already"):
        await promise(world, customer, FRIDAY, **yuan("41"))
    await pay(world, "70", "P-1")
    await pay(world, "30", "P-2")
    world.wait(days=8)
    await promises.watch(world.gateway)

    assert await statuses(world, customer) == ["KEPT", "KEPT"]


async def test_a_debt_that_is_written_off_keeps_no_promise(world: World) -> None:
    customer = await world.customer()
    bill = await world.bill(customer, amount=Decimal(100), account="A")
    await promise(world, customer, FRIDAY)
    await world.bill(customer, reference=bill.reference, account="A", status=BillStatus.WRITTEN_OFF)
    world.wait(days=8)
    await promises.watch(world.gateway)

    assert await statuses(world, customer) == ["BROKEN"]


async def test_the_same_promise_said_many_times_at_once_is_one(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer, account="A")

    made = await asyncio.gather(*(promise(world, customer, **yuan("40.00")) for _ in range(20)))

    assert len({one.id for one in made}) == 1
    assert await statuses(world, customer) == ["OPEN"]


async def test_one_key_is_one_promise_whatever_became_of_it(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer, amount=Decimal(100), account="A")
    keyed = {"idempotency_key": "k", "fingerprint": "body", **yuan("40")}
    first = await promise(world, customer, **keyed)
    await pay(world, "40")

    again = await promise(world, customer, **keyed)

    assert (again.id, again.status) == (first.id, PromiseStatus.KEPT)
    with pytest.raises(Unacceptable, match="used before"):
        await promise(world, customer, **{**keyed, "fingerprint": "another"})
    assert await statuses(world, customer) == ["KEPT"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (yuan("100.01"), "more than is left"),
        ({"amount": Decimal(40), "currency": "USD"}, "not the currency"),
        (yuan("0"), "more than nothing"),
        ({"pay_by": date(2027, 11, 28)}, "more than 366 days ahead"),
        ({"pay_by": date(2026, 11, 23)}, "before the promise was made"),
        ({"account": "B", **yuan("1")}, "nothing is left to be paid"),
        ({"account": "B"}, "nothing is left to be paid"),
    ],
)
async def test_what_could_never_be_kept_is_no_promise(world: World, more: dict[str, Any], message: str) -> None:
    customer = await world.customer()
    await world.bill(customer, amount=Decimal(100), account="A")
    await world.bill(customer, amount=Decimal(5), account="B", reference="paid")
    await payments.record(
        world.gateway, SERVICE, RecordPayment("P-B", "body", Decimal(5), "CNY", account="B", send_receipt=False)
    )

    with pytest.raises(Unacceptable, match=message):
        await promise(world, customer, **more)
    assert await statuses(world, customer) == []


async def test_a_promise_that_is_taken_back_holds_nothing(world: World) -> None:
    customer = await world.customer()
    bill = await world.bill(customer, account="A")
    made = await promise(world, customer)
    demand = {"purpose": Purpose.OVERDUE_REMINDER, "bill_id": bill.id}
    waiting = await world.request(customer, Channel.SMS, **demand)
    due_at = waiting.contact.due_at
    assert due_at is not None
    assert due_at > world.clock() + timedelta(days=2)

    gone = await promises.withdraw(world.gateway, AGENT, made.id, "it was another customer's")
    again = await promises.withdraw(world.gateway, AGENT, made.id, "it was another customer's")
    await world.deliver()

    assert gone.status is again.status is PromiseStatus.WITHDRAWN
    assert await statuses(world, customer) == ["WITHDRAWN"]
    assert [one.text for one in world.sms.sent], "what waited for the day of the promise leaves"


async def test_what_is_over_is_not_taken_back(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer, amount=Decimal(100), account="A")
    made = await promise(world, customer, **yuan("40"))
    await pay(world, "40")

    with pytest.raises(Unacceptable, match="KEPT already"):
        await promises.withdraw(world.gateway, AGENT, made.id, "an error")
    with pytest.raises(Unacceptable, match="no such promise"):
        await promises.withdraw(world.gateway, AGENT, "0" * 32, "an error")
