"""Behind another customer's wall there is nothing: it is NOT_FOUND, as if it had never been."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from gateway import customers, promises
from gateway.model import (
    Caller,
    ContactPoint,
    ContactStatus,
    Customer,
    OutsideResult,
    Role,
    Unacceptable,
    UserErrorCode,
)
from gateway.requests import (
    PlaceHold,
    RecordConsent,
    RecordOutsideContact,
    RecordPromise,
    RegisterBill,
    SetPreferences,
)
from gateway.store import customers as store
from gateway.store import slots
from policies.facts import (
    Channel,
    ConsentStatus,
    HoldKind,
    Initiator,
    Medium,
)
from tests.world import SERVICE, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One for all tests here: each makes its own customers, and the clock stands still at noon in China."""
    async with open_world(tmp_path_factory.mktemp("world")) as world:
        yield world


async def _known(world: World, customer_id: str) -> Customer:
    async with world.gateway.database.read() as work:
        return (await store.by_id(work, [customer_id]))[customer_id]


async def _problem(doing: Awaitable[object]) -> tuple[UserErrorCode, tuple[str, ...]]:
    """The one thing that is wrong: its code and its field."""
    with pytest.raises(Unacceptable) as caught:
        await doing
    [error] = caught.value.errors
    return error.code, error.field


async def _hold(world: World, customer: Customer, kind: HoldKind = HoldKind.CEASE, **more: Any) -> str:
    hold, _ = await customers.place_hold(world.gateway, SERVICE, PlaceHold(customer.id, kind, **more))
    return hold.id


def _outside(world: World, customer: Customer, reference: str, **more: Any) -> RecordOutsideContact:
    return RecordOutsideContact(
        customer_id=customer.id,
        reference=reference,
        fingerprint=more.pop("fingerprint", "body"),
        medium=more.pop("medium", Medium.VOICE),
        result=more.pop("result", OutsideResult.CONVERSATION),
        initiator=more.pop("initiator", Initiator.LENDER),
        at=more.pop("at", world.clock() - HOUR),
        **more,
    )


Doing = Callable[[World, Caller, str], Awaitable[object]]


def _bill_for(customer_id: str) -> RegisterBill:
    return RegisterBill("walls", customer_id, "walls", Decimal("1.00"), "CNY", date(2026, 11, 14))


def _outside_for(world: World, customer_id: str) -> RecordOutsideContact:
    at = world.clock()
    outside, lender = OutsideResult.CONVERSATION, Initiator.LENDER
    return RecordOutsideContact(customer_id, "walls", "body", Medium.VOICE, outside, lender, at)


ACTS: dict[str, Doing] = {
    "registerBill": lambda world, caller, whose: customers.register_bill(world.gateway, caller, _bill_for(whose)),
    "recordConsent": lambda world, caller, whose: customers.record_consent(
        world.gateway, caller, RecordConsent(whose, ConsentStatus.GRANTED, "form")
    ),
    "recordOutsideContact": lambda world, caller, whose: customers.record_outside_contact(
        world.gateway, caller, _outside_for(world, whose)
    ),
    "placeHold": lambda world, caller, whose: customers.place_hold(
        world.gateway, caller, PlaceHold(whose, HoldKind.COMPLAINT)
    ),
    "recordPromise": lambda world, caller, whose: promises.record(
        world.gateway, caller, RecordPromise(whose, date(2026, 11, 26))
    ),
    "setPreferences": lambda world, caller, whose: customers.set_preferences(
        world.gateway, caller, SetPreferences(whose, (Channel.EMAIL,))
    ),
}


async def _walls(world: World) -> tuple[Caller, Customer, Customer]:
    """A customer's caller, the customer, and another one."""
    mine, other = await world.customer("CN"), await world.customer("CN")
    return Caller("e" * 32, Role.CUSTOMER, "app", mine.id), mine, other


@pytest.mark.parametrize("act", ACTS)
async def test_a_customer_who_acts_for_another_is_told_that_there_is_no_such_customer(world: World, act: str) -> None:
    caller, mine, other = await _walls(world)

    by_a_customer = await _problem(ACTS[act](world, caller, other.id))
    by_a_service = await _problem(ACTS[act](world, SERVICE, "f" * 32))

    assert by_a_customer == by_a_service == (UserErrorCode.NOT_FOUND, ("customerId",))
    assert await _known(world, other.id) == other
    await ACTS[act](world, caller, mine.id)  # nothing but the wall is in the way


async def test_another_customers_hold_does_not_exist(world: World) -> None:
    caller, mine, other = await _walls(world)
    theirs, own = await _hold(world, other), await _hold(world, mine)

    problem = await _problem(customers.lift_hold(world.gateway, caller, theirs, "why"))

    assert problem == (UserErrorCode.NOT_FOUND, ("holdId",))
    assert (await world.request(other, Channel.SMS)).contact.status is ContactStatus.REFUSED
    assert (await customers.lift_hold(world.gateway, caller, own, "why")).id == own


@pytest.mark.parametrize("caller", [SERVICE, None])
async def test_another_customers_contact_point_or_account_does_not_exist(world: World, caller: Caller | None) -> None:
    themselves, mine, other = await _walls(world)
    caller = caller or themselves
    point, account = (await _point(world, other)).id, (await world.bill(other)).account.reference
    gateway, grant = world.gateway, ConsentStatus.GRANTED

    problems = [
        await _problem(doing)
        for doing in (
            customers.record_consent(gateway, caller, RecordConsent(mine.id, grant, "form", contact_point_id=point)),
            customers.place_hold(gateway, caller, PlaceHold(mine.id, HoldKind.CEASE, contact_point_id=point)),
            customers.place_hold(gateway, caller, PlaceHold(mine.id, HoldKind.CEASE, account=account)),
            promises.record(gateway, caller, RecordPromise(mine.id, date(2026, 11, 26), account=account)),
            customers.record_outside_contact(
                gateway, caller, replace(_outside(world, mine, f"wall {caller.id}"), accounts=(account,))
            ),
        )
    ]

    assert problems == [
        (UserErrorCode.NOT_FOUND, (field,))
        for field in ("contactPointId", "contactPointId", "account", "account", "accounts")
    ]


async def _point(world: World, customer: Customer) -> ContactPoint:
    return (await world.points(customer))[0]


async def test_an_instant_without_a_zone_never_reaches_the_tables(world: World) -> None:
    customer = await world.customer("CN")
    at = datetime(2026, 11, 24, 4)  # noqa: DTZ001 - naive on purpose

    with pytest.raises(Exception, match="needs a zone"):
        async with world.gateway.database.read() as work:
            await slots.since(work, [customer.id], [], at)
