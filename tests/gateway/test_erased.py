"""After an erasure: nothing more is taken of whoever was erased, and nothing that a caller wrote of them is left."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from gateway import complaining, customers, minting, payments, promises, relief
from gateway.callers import authenticate, create_key
from gateway.complaining import FileComplaint
from gateway.erasing import erase
from gateway.model import Customer, OutsideResult, Role, Unacceptable
from gateway.relief import RecordHardshipSignal
from gateway.requests import (
    PlaceHold,
    RecordConsent,
    RecordOutsideContact,
    RecordPayment,
    RecordPromise,
    SetPreferences,
)
from gateway.store import customers as store
from gateway.store.tables import metadata
from policies.facts import Channel, ConsentStatus, HoldKind, Initiator, Medium
from policies.hardship import SignalKind
from tests.world import COMPLIANCE, SERVICE, World

WORDS = "Wang Fang of +8613912345678"

Doing = Callable[[World, Customer], Awaitable[object]]


async def _erased(world: World) -> Customer:
    customer = await world.customer("CN", reference="C-gone")
    world.wait(days=6 * 366)
    done = await erase(world.gateway, COMPLIANCE, customer.id, "asked")
    assert done.erased_at is not None
    return customer


def _outside(world: World, customer: Customer) -> RecordOutsideContact:
    return RecordOutsideContact(
        customer.id, WORDS, "body", Medium.VOICE, OutsideResult.CONVERSATION, Initiator.LENDER, world.clock()
    )


async def _mint(world: World, customer: Customer) -> object:
    key = await create_key(world.gateway.database, Role.SERVICE, "backend")
    minter = await authenticate(world.gateway, f"Bearer {key}")
    assert minter is not None
    return await minting.mint(world.gateway, minter, customer.id, timedelta(minutes=5), ())


async def _mark(world: World, customer: Customer) -> object:
    return await customers.mark_point(world.gateway, COMPLIANCE, (await world.points(customer))[0].id, True)


async def _link(world: World, customer: Customer) -> object:
    return await customers.link(world.gateway, COMPLIANCE, [(await world.customer()).id, customer.id])


DOINGS: dict[str, Doing] = {
    "complaint": lambda world, one: complaining.file(
        world.gateway, COMPLIANCE, FileComplaint(one.id, "key", "body", WORDS)
    ),
    "consent": lambda world, one: customers.record_consent(
        world.gateway, SERVICE, RecordConsent(one.id, ConsentStatus.GRANTED, WORDS)
    ),
    "hold": lambda world, one: customers.place_hold(
        world.gateway, COMPLIANCE, PlaceHold(one.id, HoldKind.COMPLAINT, note=WORDS)
    ),
    "link": _link,
    "mark": _mark,
    "outside": lambda world, one: customers.record_outside_contact(world.gateway, SERVICE, _outside(world, one)),
    "preferences": lambda world, one: customers.set_preferences(
        world.gateway, SERVICE, SetPreferences(one.id, channels=(Channel.SMS,))
    ),
    "promise": lambda world, one: promises.record(world.gateway, SERVICE, RecordPromise(one.id, world.clock().date())),
    "signal": lambda world, one: relief.record(
        world.gateway, SERVICE, RecordHardshipSignal(one.id, "key", "body", SignalKind.ILLNESS, note=WORDS)
    ),
    "token": _mint,
}


@pytest.mark.parametrize("what", DOINGS)
async def test_nothing_more_is_taken_of_who_was_erased(world: World, what: str) -> None:
    customer = await _erased(world)
    before = await _everything(world)

    with pytest.raises(Unacceptable, match="was erased") as refused:
        await DOINGS[what](world, customer)

    assert [one.code for one in refused.value.errors] == ["CONFLICT"]
    assert WORDS not in await _everything(world)
    if what not in ("link", "token"):  # these have made something else before they are refused
        assert await _everything(world) == before


@pytest.mark.parametrize("what", ["consent", "preferences", "signal"])
async def test_who_is_only_stored_is_not_added_to(world: World, what: str) -> None:
    customer = await world.customer("CN")
    await erase(world.gateway, COMPLIANCE, customer.id, "asked")
    before = await _everything(world)

    with pytest.raises(Unacceptable, match="only stored") as refused:
        await DOINGS[what](world, customer)

    assert [one.code for one in refused.value.errors] == ["CONFLICT"]
    assert await _everything(world) == before


async def test_who_is_only_stored_may_still_say_no(world: World) -> None:
    customer = await world.customer("CN")
    await erase(world.gateway, COMPLIANCE, customer.id, "asked")

    await world.withdraw(customer)

    async with world.gateway.database.read() as work:
        assert [one.status for one in await store.consents_of(work, [customer.id])] == [ConsentStatus.WITHDRAWN]


async def test_what_callers_wrote_of_them_into_references_and_keys_is_gone_with_them(world: World) -> None:
    customer = await world.customer("CN")
    bill = await world.bill(customer)
    await customers.record_outside_contact(world.gateway, SERVICE, _outside(world, customer))
    paid = RecordPayment(WORDS, "body", bill.amount_due, "CNY", bill.id)
    await payments.record(world.gateway, SERVICE, paid)
    await world.request(customer, Channel.SMS, key=WORDS)
    world.wait(days=6 * 366)

    await erase(world.gateway, COMPLIANCE, customer.id, "asked")

    assert WORDS not in await _everything(world)
    again = await payments.record(world.gateway, SERVICE, paid)
    assert again.replayed
    with pytest.raises(Unacceptable, match="another payment"):
        await payments.record(world.gateway, SERVICE, RecordPayment(WORDS, "other", Decimal(1), "CNY", bill.id))


async def _everything(world: World) -> str:
    """Every row of every table, as it is at rest."""
    async with world.gateway.database.read() as work:
        return "\n".join([repr(row) for one in metadata.sorted_tables for row in await work.all(one.select())])
