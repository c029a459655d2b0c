"""Customers and their bills: registered, and merged with what is known."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from gateway import customers
from gateway.model import (
    Bill,
    Customer,
    Unacceptable,
    UserErrorCode,
)
from gateway.requests import (
    NewPoint,
    RegisterCustomer,
    SetPreferences,
)
from gateway.store import bills
from gateway.store import customers as store
from policies.facts import (
    BillStatus,
    Channel,
    LenderRole,
    Party,
    Place,
)
from tests.world import SERVICE, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONE_PER_DEBT = """
code = "DEBT"
name = "A pack for tests"
version = "1"

[[rules]]
id = "debt.cap"
kind = "frequency"
title = "One contact in seven days about one debt"
title_zh = "每笔债务七天内最多一次联系"
confidence = "HOUSE"
limit = 1
window = { type = "rolling_hours", hours = 168 }
scope = "account"
counts = "contacts"
media = ["SMS", "EMAIL", "VOICE"]
"""

MOBILE = "+8613900000000"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One for all tests here: each makes its own customers, and the clock stands still at noon in China."""
    async with open_world(tmp_path_factory.mktemp("world"), packs={"debt": ONE_PER_DEBT}) as world:
        yield world


async def _register(world: World, reference: str, *points: NewPoint, **more: Any) -> Customer:
    wanted = RegisterCustomer(reference, more.pop("locale", "zh-CN"), more.pop("jurisdiction", "CN"), points, **more)
    return await customers.register(world.gateway, SERVICE, wanted)


async def _known(world: World, customer_id: str) -> Customer:
    async with world.gateway.database.read() as work:
        return (await store.by_id(work, [customer_id]))[customer_id]


async def _problem(doing: Awaitable[object]) -> tuple[UserErrorCode, tuple[str, ...]]:
    """The one thing that is wrong: its code and its field."""
    with pytest.raises(Unacceptable) as caught:
        await doing
    [error] = caught.value.errors
    return error.code, error.field


# --- customers --------------------------------------------------------------------------------------------------------


async def test_a_new_customer_is_known_as_registered(world: World) -> None:
    points = (NewPoint(Channel.SMS, MOBILE), NewPoint(Channel.EMAIL, "Wang@MAIL.example"))

    customer = await _register(world, "new", *points, name="Wang Fang", time_zones=("Asia/Urumqi",))

    assert await _known(world, customer.id) == customer
    assert (customer.name, customer.time_zones, customer.created_at) == ("Wang Fang", ("Asia/Urumqi",), world.clock())
    assert (customer.preferred_channels, customer.windows) == ((), ())
    mobile, mail = await world.points(customer)
    assert (mobile.address, mail.address) == (MOBILE, "Wang@mail.example")
    for point in (mobile, mail):
        assert (point.party, point.place, point.shared, point.usable) == (
            Party.CUSTOMER,
            Place.PERSONAL,
            False,
            True,
        )


async def test_what_is_absent_stays_as_it_was(world: World) -> None:
    before = await _register(
        world, "absent", NewPoint(Channel.SMS, MOBILE), name="Wang Fang", time_zones=("Asia/Urumqi",)
    )
    await customers.set_preferences(world.gateway, SERVICE, SetPreferences(before.id, (Channel.EMAIL,)))

    after = await _register(world, "absent", locale="en")

    assert after == replace(before, locale="en", preferred_channels=(Channel.EMAIL,))
    assert await _known(world, before.id) == after
    assert [point.address for point in await world.points(before)] == [MOBILE]


async def test_what_is_given_takes_the_place_of_what_was(world: World) -> None:
    before = await _register(world, "given", name="Wang Fang", time_zones=("Asia/Urumqi",))

    after = await _register(
        world, "given", name="Wang Fang-Li", time_zones=("Europe/London",), jurisdiction="UK", locale="en"
    )

    assert after == replace(before, name="Wang Fang-Li", time_zones=("Europe/London",), jurisdiction="UK", locale="en")


async def test_contact_points_merge_by_channel_and_address_however_it_is_written(world: World) -> None:
    customer = await _register(world, "merge", NewPoint(Channel.SMS, "139 0000 0000"))
    before = await world.points(customer)

    await _register(
        world,
        "merge",
        NewPoint(Channel.SMS, "+86 139-0000-0000"),
        NewPoint(Channel.CALLBACK, MOBILE),
        NewPoint(Channel.SMS, "+8613900000001"),
    )

    after = await world.points(customer)
    assert after[:1] == before
    assert [(point.channel, point.address) for point in after[1:]] == [
        (Channel.CALLBACK, MOBILE),
        (Channel.SMS, "+8613900000001"),
    ]


async def test_nothing_is_reopened_unshared_or_given_to_another_by_silence(world: World) -> None:
    point = NewPoint(Channel.SMS, MOBILE, Party.SPOUSE, Place.WORK, shared=True)
    customer = await _register(world, "silence", point)
    [before] = await world.points(customer)
    async with world.gateway.database.write() as work:
        await work.lock([customer.id])
        await store.mark_unusable(work, {before.id})

    await _register(world, "silence", NewPoint(Channel.SMS, MOBILE))

    assert await world.points(customer) == [replace(before, usable=False)]
    assert (before.party, before.place, before.shared) == (Party.SPOUSE, Place.WORK, True)


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ({"party": Party.CUSTOMER}, {"party": Party.CUSTOMER}),
        ({"place": Place.HOME}, {"place": Place.HOME}),
        ({"shared": False}, {"shared": False}),
    ],
)
async def test_what_is_said_of_a_known_address_is_taken(
    world: World, said: dict[str, Any], changed: dict[str, Any]
) -> None:
    reference = f"said {said}"
    customer = await _register(world, reference, NewPoint(Channel.SMS, MOBILE, Party.SPOUSE, Place.WORK, shared=True))
    [before] = await world.points(customer)

    await _register(world, reference, NewPoint(Channel.SMS, MOBILE, **said))

    assert await world.points(customer) == [replace(before, **changed)]


async def test_an_address_that_is_written_twice_is_one_contact_point(world: World) -> None:
    customer = await _register(
        world, "twice", NewPoint(Channel.SMS, MOBILE, shared=True), NewPoint(Channel.SMS, "139 0000 0000")
    )

    [point] = await world.points(customer)
    assert point.shared


async def test_every_bad_address_is_named_and_nothing_is_done(world: World) -> None:
    bad = (NewPoint(Channel.SMS, "12"), NewPoint(Channel.SMS, MOBILE), NewPoint(Channel.EMAIL, "wang"))

    with pytest.raises(Unacceptable) as caught:
        await _register(world, "bad", *bad)

    assert [(error.code, error.field) for error in caught.value.errors] == [
        (UserErrorCode.INVALID, ("contactPoints", "0", "address")),
        (UserErrorCode.INVALID, ("contactPoints", "2", "address")),
    ]
    async with world.gateway.database.read() as work:
        assert await store.by_reference(work, "bad") is None


async def test_a_jurisdiction_without_a_rulebook_is_refused_and_the_others_are_named(world: World) -> None:
    with pytest.raises(Unacceptable, match=r"there are .*CN.*UK.*US") as caught:
        await _register(world, "elsewhere", jurisdiction="XX")

    assert caught.value.errors[0].field == ("jurisdiction",)


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        (MOBILE, {"Asia/Shanghai"}),
        ("+12125550123", {"America/New_York"}),
        ("+447911123456", {"Europe/Guernsey", "Europe/Isle_of_Man", "Europe/Jersey", "Europe/London"}),
    ],
)
async def test_without_a_stated_zone_every_zone_that_the_numbers_may_be_in_counts(
    world: World, number: str, zones: set[str]
) -> None:
    points = (NewPoint(Channel.EMAIL, "wang@mail.example"), NewPoint(Channel.SMS, number))

    customer = await _register(world, f"zone of {number}", *points)

    assert set(customer.time_zones) == zones
    assert (await _register(world, f"zone of {number}", time_zones=("Asia/Tokyo",))).time_zones == ("Asia/Tokyo",)


async def test_one_reference_registered_at_once_from_everywhere_is_one_customer(world: World) -> None:
    some = await asyncio.gather(
        *(_register(world, "at once", NewPoint(Channel.SMS, f"+861390000000{n}")) for n in range(8))
    )

    assert len({customer.id for customer in some}) == 1
    assert len(await world.points(some[0])) == 8


async def test_what_is_personal_does_not_print_itself(world: World) -> None:
    customer = await _register(world, "print", NewPoint(Channel.SMS, MOBILE), name="Wang Fang")
    [point] = await world.points(customer)

    printed = f"{customer!r} {point!r} {NewPoint(Channel.SMS, MOBILE)!r}"

    assert "Wang Fang" not in printed
    assert "13900000000" not in printed
    assert point.unsubscribe_token not in printed


# --- bills ------------------------------------------------------------------------------------------------------------


async def test_a_bill_that_is_registered_again_keeps_what_is_absent(world: World) -> None:
    customer = await world.customer("CN")
    before = await world.bill(
        customer,
        reference="kept",
        account="kept",
        status=BillStatus.DISPUTED,
        product="CREDIT_CARD",
        role=LenderRole.COLLECTOR,
        in_collection_procedures=True,
    )

    after = await world.bill(
        customer, reference="kept", account="kept", amount=Decimal("99.90"), currency="USD", due_on=date(2027, 1, 2)
    )

    assert after == replace(before, amount_due=Decimal("99.90"), currency="USD", due_on=date(2027, 1, 2))
    assert await _bill(world, before.id) == after


async def test_what_is_registered_again_as_it_is_was_not_changed(world: World) -> None:
    async def register(amount: str) -> None:
        point = NewPoint(Channel.SMS, MOBILE)
        customer = await _register(world, "nightly", point, name="Wang Fang", time_zones=("Asia/Urumqi",))
        bill = {"account": "nightly", "product": "CREDIT_CARD", "due_on": date(2027, 1, 2)}
        await world.bill(customer, reference="nightly", amount=Decimal(amount), **bill)

    async def acts() -> list[str]:
        async with world.gateway.database.read() as work:
            found = await store.ids_by_references(work, ["nightly"])
            return [row.what for row in await work.all(_ACTS, {"id": found["nightly"]})]

    await register("100.00")
    before = await acts()
    await register("100.00")
    assert await acts() == before
    await register("99.00")
    assert await acts() == [*before, "bill.changed"]


_ACTS = text("SELECT what FROM act WHERE customer_id = :id ORDER BY seq")


async def test_a_new_bill_is_open_and_on_an_ordinary_loan(world: World) -> None:
    bill = await world.bill(await world.customer("CN"))

    account = bill.account
    assert bill.status is BillStatus.OPEN
    assert (account.product, account.role, account.in_collection_procedures) == (
        "CONSUMER_LOAN",
        LenderRole.CREDITOR,
        False,
    )
    assert await _bill(world, bill.id) == bill


@pytest.mark.parametrize("amount", ["0.01", "1234.50", "99999999999.99", "0.1"])
async def test_an_amount_is_kept_to_the_digit(world: World, amount: str) -> None:
    bill = await world.bill(await world.customer("CN"), amount=Decimal(amount))

    assert str((await _bill(world, bill.id)).amount_due) == amount


async def test_a_bill_is_not_taken_over_by_another_customer(world: World) -> None:
    before = await world.bill(await world.customer("CN"), reference="mine")
    other = await world.customer("CN")

    problem = await _problem(world.bill(other, reference="mine", account="another"))

    assert problem == (UserErrorCode.CONFLICT, ("reference",))
    assert await _bill(world, before.id) == before
    async with world.gateway.database.read() as work:
        assert await bills.account_by_reference(work, "another") is None


async def test_a_bill_stays_on_its_account_where_its_holds_and_promises_are(world: World) -> None:
    customer = await world.customer("CN")
    before = await world.bill(customer, reference="stays", account="stays")

    problem = await _problem(world.bill(customer, reference="stays", account="elsewhere"))

    assert problem == (UserErrorCode.CONFLICT, ("account",))
    assert await _bill(world, before.id) == before


async def test_money_that_was_paid_stays_in_its_currency(world: World) -> None:
    customer = await world.customer("CN")
    before = await world.bill(customer, currency="USD", amount_paid=Decimal("50.55"))

    problem = await _problem(world.bill(customer, reference=before.reference, currency="JPY"))

    assert problem == (UserErrorCode.CONFLICT, ("amountDue", "currency"))
    assert await _bill(world, before.id) == before


async def test_joint_debtors_share_an_account_and_what_is_said_of_it(world: World) -> None:
    wang, li = await world.customer("CN"), await world.customer("CN")
    first = await world.bill(wang, account="joint")
    second = await world.bill(li, account="joint")

    await world.bill(li, reference=second.reference, account="joint", in_collection_procedures=True)

    assert second.account.id == first.account.id
    assert (await _bill(world, first.id)).account.in_collection_procedures


async def test_who_joins_a_debt_cannot_change_it_on_the_way_in(world: World) -> None:
    """A mistyped reference must not turn a stranger's loan into a collector's."""
    wang, stranger = await world.customer("CN"), await world.customer("CN")
    first = await world.bill(wang, account="another joint one")

    with pytest.raises(Unacceptable) as caught:
        await world.bill(stranger, account="another joint one", in_collection_procedures=True)

    assert [(error.code, error.field) for error in caught.value.errors] == [(UserErrorCode.CONFLICT, ("account",))]
    assert not (await _bill(world, first.id)).account.in_collection_procedures


async def test_an_open_bill_of_nothing_is_no_bill(world: World) -> None:
    with pytest.raises(Unacceptable, match="more than nothing"):
        await world.bill(await world.customer("CN"), amount=Decimal(0))


async def test_a_number_in_another_zone_narrows_the_hours_where_no_zone_was_stated(world: World) -> None:
    """05:30 in Los Angeles is no time for a text, however late it is in New York."""
    first = await world.customer("US", NewPoint(Channel.SMS, "+12125550123"), time_zones=None)
    both = await world.customer("US", NewPoint(Channel.SMS, "+13105550124"), reference=first.reference, time_zones=None)

    stated = await world.customer("US", reference=first.reference, time_zones=("America/Chicago",))

    assert first.time_zones == ("America/New_York",)
    assert set(both.time_zones) == {"America/New_York", "America/Los_Angeles"}
    assert stated.time_zones == ("America/Chicago",)


async def test_a_contact_to_one_joint_debtor_fills_the_caps_of_the_debt_for_the_other(world: World) -> None:
    wang, li = await world.customer("DEBT"), await world.customer("DEBT")
    first, second = await world.bill(wang, account="one debt"), await world.bill(li, account="one debt")
    await world.request(wang, Channel.SMS, bill_id=first.id)

    about_it = await world.request(li, Channel.SMS, bill_id=second.id)
    about_another = await world.request(li, Channel.SMS, bill_id=(await world.bill(li)).id)

    assert about_it.contact.due_at == world.clock() + timedelta(hours=168)
    assert about_another.contact.due_at == world.clock()


async def _bill(world: World, bill_id: str) -> Bill:
    async with world.gateway.database.read() as work:
        return (await bills.by_id(work, [bill_id]))[bill_id]
