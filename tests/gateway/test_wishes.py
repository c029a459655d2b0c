"""What is recorded of a customer, consent, holds, promises and wishes, is obeyed by every request afterwards."""

from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from gateway import customers, promises
from gateway.model import (
    ContactStatus,
    Customer,
    Unacceptable,
    UserErrorCode,
)
from gateway.requests import (
    NewPoint,
    PlaceHold,
    RecordConsent,
    RecordPromise,
    SetPreferences,
)
from gateway.store import customers as store
from policies.decision import Outcome
from policies.facts import (
    Channel,
    ConsentStatus,
    HoldKind,
    Purpose,
    WindowEffect,
    Wish,
)
from tests.world import SERVICE, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOBILE = "+8613900000000"
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


async def _status(world: World, customer: Customer, channel: Channel, **more: Any) -> ContactStatus:
    """What becomes of a request."""
    return (await world.request(customer, channel, **more)).contact.status


# --- consent ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "closed"),
    [
        ({}, {Channel.SMS, Channel.EMAIL}),
        ({"channel": Channel.SMS}, {Channel.SMS}),
        ({"purpose": Purpose.FOLLOW_UP}, {Channel.SMS, Channel.EMAIL}),
        ({"purpose": Purpose.PLAN_OFFER}, set()),
    ],
)
async def test_a_withdrawal_closes_what_it_names(world: World, scope: dict[str, Any], closed: set[Channel]) -> None:
    customer = await world.customer("CN")

    await world.withdraw(customer, **scope)

    refused = {
        channel
        for channel in (Channel.SMS, Channel.EMAIL)
        if await _status(world, customer, channel) is ContactStatus.REFUSED
    }
    assert refused == closed


async def test_a_withdrawal_for_one_number_leaves_the_other_open(world: World) -> None:
    customer = await world.customer("CN", NewPoint(Channel.SMS, MOBILE), NewPoint(Channel.SMS, "+8613900000001"))
    [first, second] = await world.points(customer)

    await world.withdraw(customer, contact_point_id=first.id)

    decision = await world.preview(customer, Channel.SMS)
    assert (decision.outcome, decision.point) == (Outcome.ALLOW, second.id)


async def test_consent_given_again_opens_what_was_closed(world: World) -> None:
    customer = await world.customer("CN")
    earlier = RecordConsent(customer.id, ConsentStatus.WITHDRAWN, "form", at=world.clock() - HOUR)
    await customers.record_consent(world.gateway, SERVICE, earlier)

    grant = RecordConsent(customer.id, ConsentStatus.GRANTED, "form", evidence="signed", at=world.clock() - MINUTE)
    await customers.record_consent(world.gateway, SERVICE, grant)

    assert await _status(world, customer, Channel.SMS) is ContactStatus.SCHEDULED
    asked_before = await world.preview(customer, Channel.SMS, at=world.clock() - 2 * MINUTE)
    assert asked_before.outcome is Outcome.REFUSE


async def test_the_ledger_keeps_every_entry_with_its_time(world: World) -> None:
    customer = await world.customer("CN")
    for status, ago in ((ConsentStatus.WITHDRAWN, HOUR), (ConsentStatus.GRANTED, 2 * HOUR)):
        entry = RecordConsent(
            customer.id, status, "call", Channel.SMS, purpose=Purpose.MARKETING, at=world.clock() - ago
        )
        await customers.record_consent(world.gateway, SERVICE, entry)

    async with world.gateway.database.read() as work:
        ledger = await store.consents_of(work, [customer.id])
    assert [(one.status, one.at, one.channel, one.purpose, one.source) for one in ledger] == [
        (ConsentStatus.GRANTED, world.clock() - 2 * HOUR, Channel.SMS, Purpose.MARKETING, "call"),
        (ConsentStatus.WITHDRAWN, world.clock() - HOUR, Channel.SMS, Purpose.MARKETING, "call"),
    ]


async def test_consent_is_not_recorded_ahead_of_its_time(world: World) -> None:
    customer = await world.customer("CN")
    entry = RecordConsent(customer.id, ConsentStatus.GRANTED, "form", at=world.clock() + MINUTE)

    assert await _problem(customers.record_consent(world.gateway, SERVICE, entry)) == (UserErrorCode.INVALID, ("at",))


# --- holds ------------------------------------------------------------------------------------------------------------


async def _hold(world: World, customer: Customer, kind: HoldKind = HoldKind.CEASE, **more: Any) -> str:
    hold, _ = await customers.place_hold(world.gateway, SERVICE, PlaceHold(customer.id, kind, **more))
    return hold.id


@pytest.mark.parametrize(
    ("kind", "purpose", "status"),
    [
        (HoldKind.CEASE, Purpose.FOLLOW_UP, ContactStatus.REFUSED),
        (HoldKind.DECEASED, Purpose.FOLLOW_UP, ContactStatus.REFUSED),
        (HoldKind.BANKRUPTCY, Purpose.FOLLOW_UP, ContactStatus.REFUSED),
        (HoldKind.DISPUTE, Purpose.OVERDUE_REMINDER, ContactStatus.REFUSED),
        (HoldKind.DISPUTE, Purpose.FOLLOW_UP, ContactStatus.SCHEDULED),
        (HoldKind.HARDSHIP, Purpose.FINAL_NOTICE, ContactStatus.REFUSED),
        (HoldKind.HARDSHIP, Purpose.FOLLOW_UP, ContactStatus.SCHEDULED),
    ],
)
async def test_a_hold_is_obeyed_by_every_request_after_it(
    world: World, kind: HoldKind, purpose: Purpose, status: ContactStatus
) -> None:
    customer = await world.customer("CN")
    bill = await world.bill(customer)

    await _hold(world, customer, kind, note="by phone")

    assert await _status(world, customer, Channel.SMS, purpose=purpose, bill_id=bill.id) is status


async def test_a_hold_with_an_end_puts_contacts_off_until_then(world: World) -> None:
    customer = await world.customer("CN")

    await _hold(world, customer, ends=world.clock() + HOUR)

    assert (await world.request(customer, Channel.SMS)).contact.due_at == world.clock() + HOUR


async def test_a_hold_from_later_on_lets_pass_what_leaves_before(world: World) -> None:
    customer = await world.customer("CN")

    await _hold(world, customer, starts=world.clock() + HOUR)

    assert (await world.preview(customer, Channel.SMS)).outcome is Outcome.ALLOW
    assert (await world.preview(customer, Channel.SMS, at=world.clock() + HOUR)).outcome is Outcome.REFUSE


async def test_a_lifted_hold_holds_no_longer_and_the_past_still_finds_it(world: World) -> None:
    customer = await world.customer("CN")
    hold_id = await _hold(world, customer, starts=world.clock() - HOUR)

    lifted = await customers.lift_hold(world.gateway, SERVICE, hold_id, "settled")
    again = await customers.lift_hold(world.gateway, SERVICE, hold_id, "another reason")

    assert lifted.lifted_at == world.clock()
    asked_before = await world.preview(customer, Channel.SMS, at=world.clock() - MINUTE)
    assert again == lifted
    async with world.gateway.database.read() as work:
        row = await work.one(text("SELECT lift_reason FROM hold WHERE id = :id"), {"id": hold_id})
        await work.open_keys([customer.id])
        assert work.open(customer.id, row.lift_reason) == "settled"
    assert asked_before.next_allowed_at == world.clock()
    assert await _status(world, customer, Channel.SMS) is ContactStatus.SCHEDULED


async def test_a_hold_on_one_debt_leaves_the_other_open(world: World) -> None:
    customer = await world.customer("CN")
    held, free = await world.bill(customer), await world.bill(customer)

    hold, _ = await customers.place_hold(
        world.gateway, SERVICE, PlaceHold(customer.id, HoldKind.CEASE, account=held.account.reference)
    )

    assert (hold.account_id, hold.account_reference) == (held.account.id, held.account.reference)
    assert await _status(world, customer, Channel.SMS, bill_id=held.id) is ContactStatus.REFUSED
    assert await _status(world, customer, Channel.SMS, bill_id=free.id) is ContactStatus.SCHEDULED


async def test_a_hold_on_one_channel_or_number_leaves_the_others_open(world: World) -> None:
    customer = await world.customer("CN")
    [mobile, _] = await world.points(customer)
    by_number = await _hold(world, customer, contact_point_id=mobile.id)
    texts_by_number = await _status(world, customer, Channel.SMS)
    await customers.lift_hold(world.gateway, SERVICE, by_number, "done")

    await _hold(world, customer, channel=Channel.EMAIL)

    assert texts_by_number is ContactStatus.REFUSED
    assert await _status(world, customer, Channel.EMAIL) is ContactStatus.REFUSED
    assert await _status(world, customer, Channel.SMS) is ContactStatus.SCHEDULED


@pytest.mark.parametrize("length", [timedelta(0), -MINUTE])
async def test_a_hold_ends_after_it_begins(world: World, length: timedelta) -> None:
    customer = await world.customer("CN")
    starts = world.clock() + HOUR

    problem = await _problem(_hold(world, customer, starts=starts, ends=starts + length))

    assert problem == (UserErrorCode.INVALID, ("until",))


async def test_a_hold_that_nobody_placed_cannot_be_lifted(world: World) -> None:
    problem = await _problem(customers.lift_hold(world.gateway, SERVICE, "f" * 32, "why"))

    assert problem == (UserErrorCode.NOT_FOUND, ("holdId",))


# --- promises ---------------------------------------------------------------------------------------------------------


async def _promise(world: World, customer: Customer, pay_by: date, **more: Any) -> None:
    await promises.record(world.gateway, SERVICE, RecordPromise(customer.id, pay_by, **more))


async def test_a_promise_is_given_its_time_and_what_asks_for_nothing_passes(world: World) -> None:
    customer = await world.customer("CN")
    bill = await world.bill(customer)
    promised = {"account": bill.account.reference, "amount": Decimal("100.00"), "currency": "CNY"}

    await _promise(world, customer, date(2026, 11, 26), **promised)

    demand = await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)
    assert demand.contact.due_at == datetime(2026, 11, 27, 0, tzinfo=UTC)  # 08:00 in Shanghai, the day after
    assert await _status(world, customer, Channel.EMAIL, bill_id=bill.id) is ContactStatus.SCHEDULED


async def test_a_promise_on_one_debt_leaves_the_other_open(world: World) -> None:
    customer = await world.customer("CN")
    promised, other = await world.bill(customer), await world.bill(customer)

    await _promise(world, customer, date(2026, 11, 26), account=promised.account.reference)

    decision = await world.preview(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=other.id)
    assert decision.outcome is Outcome.ALLOW


@pytest.mark.parametrize(
    ("pay_by", "made_at", "field"),
    [
        (date(2026, 11, 26), timedelta(minutes=1), "madeAt"),
        (date(2026, 11, 22), timedelta(0), "payBy"),
        (date(2026, 11, 21), timedelta(days=-1), "payBy"),
    ],
)
async def test_a_promise_is_made_before_it_is_kept_and_not_in_the_future(
    world: World, pay_by: date, made_at: timedelta, field: str
) -> None:
    customer = await world.customer("CN")

    problem = await _problem(_promise(world, customer, pay_by, made_at=world.clock() + made_at))

    assert problem == (UserErrorCode.INVALID, (field,))


async def test_a_promise_for_the_day_before_ours_may_be_the_customers_today(world: World) -> None:
    customer = await world.customer("US")

    await _promise(world, customer, date(2026, 11, 23))

    async with world.gateway.database.read() as work:
        assert [one.pay_by for one in await store.promises_of(work, [customer.id])] == [date(2026, 11, 23)]


# --- wishes -----------------------------------------------------------------------------------------------------------


async def _prefer(world: World, customer: Customer, **more: Any) -> Customer:
    return await customers.set_preferences(world.gateway, SERVICE, SetPreferences(customer.id, **more))


@pytest.mark.parametrize(
    ("wish", "due"),
    [
        (Wish(WindowEffect.NEVER, time(11), time(14)), datetime(2026, 11, 24, 6, tzinfo=UTC)),
        (Wish(WindowEffect.ONLY, time(18), time(20)), datetime(2026, 11, 24, 10, tzinfo=UTC)),
        (Wish(WindowEffect.ONLY, time(9), time(12, 30)), datetime(2026, 11, 24, 4, tzinfo=UTC)),
        (Wish(WindowEffect.NEVER, time(11), time(14), days=frozenset({0})), datetime(2026, 11, 24, 4, tzinfo=UTC)),
        (
            Wish(WindowEffect.NEVER, time(11), time(14), channels=frozenset({Channel.EMAIL})),
            datetime(2026, 11, 24, 4, tzinfo=UTC),
        ),
        (
            Wish(WindowEffect.NEVER, time(4), time(5), zone="Europe/London"),
            datetime(2026, 11, 24, 5, tzinfo=UTC),
        ),
        (
            Wish(WindowEffect.NEVER, time(11), time(14), valid_until=datetime(2026, 11, 24, 4, 30, tzinfo=UTC)),
            datetime(2026, 11, 24, 4, 30, tzinfo=UTC),
        ),
    ],
)
async def test_the_hours_that_a_customer_asks_for_are_obeyed(world: World, wish: Wish, due: datetime) -> None:
    customer = await world.customer("CN")

    await _prefer(world, customer, windows=(wish,))

    assert (await world.request(customer, Channel.SMS)).contact.due_at == due
    assert (await _known(world, customer.id)).windows == (wish,)


async def test_the_channels_that_a_customer_prefers_are_used_where_the_caller_names_none(world: World) -> None:
    customer = await world.customer("CN")

    await _prefer(world, customer, channels=(Channel.EMAIL, Channel.SMS))

    assert (await world.request(customer)).contact.channels == (Channel.EMAIL, Channel.SMS)
    assert (await world.request(customer, Channel.SMS)).contact.channels == (Channel.SMS,)


async def test_a_preference_that_is_absent_stays_and_an_empty_one_takes_it_away(world: World) -> None:
    customer = await world.customer("CN")
    wish = Wish(WindowEffect.NEVER, time(11), time(14))
    await _prefer(world, customer, channels=(Channel.EMAIL,), windows=(wish,))

    nothing = await _prefer(world, customer)
    no_channels = await _prefer(world, customer, channels=())
    no_windows = await _prefer(world, customer, windows=())

    assert (nothing.preferred_channels, nothing.windows) == ((Channel.EMAIL,), (wish,))
    assert (no_channels.preferred_channels, no_channels.windows) == ((), (wish,))
    assert (no_windows.preferred_channels, no_windows.windows) == ((), ())
    assert await _known(world, customer.id) == no_windows
    assert (await world.request(customer)).contact.channels == (Channel.SMS, Channel.EMAIL, Channel.CALLBACK)
