"""Who asks to be forgotten is left alone at once, and forgotten as soon as no law keeps the record."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from channels import base
from gateway import callbacks, complaining, customers, erasing, exporting, payments, relief
from gateway.complaining import FileComplaint
from gateway.core import Ear
from gateway.erasing import erase, expired, tidy
from gateway.model import Application, Bill, Caller, Customer, Role, Unacceptable
from gateway.model import ContactStatus as Status
from gateway.receiving import receive
from gateway.relief import RecordHardshipSignal
from gateway.requests import NewPoint, PlaceHold, RecordPayment
from gateway.store import applications, erasures, replies
from gateway.store import customers as store
from gateway.store.vault import ERASED
from gateway.store.work import Work, table
from policies import retention
from policies.facts import BillStatus, Channel, HoldKind, Purpose
from policies.hardship import SignalKind
from policies.plans import Instalment
from tests import databases
from tests.world import COMPLIANCE, SERVICE, World

MOBILE = "+8613900000000"


async def _gone(world: World, **more: object) -> Customer:
    """A customer whose last contact is longer ago than any law keeps its record."""
    customer = await world.customer("CN", reference="C-gone", **more)
    bill = await world.bill(customer, status=BillStatus.PAID)
    await world.request(customer, Channel.SMS, bill_id=bill.id, purpose=Purpose.PAYMENT_RECEIPT)
    await world.deliver()
    world.wait(days=6 * 366)
    return customer


def test_the_longest_period_that_binds_there_holds() -> None:
    assert [(place, retention.period(place).id) for place in ("CN", "US", "US-NYC", "US-MA", "AU")] == [
        ("CN", "cn.retention.consumer_finance"),
        ("US", "us.retention.regf"),
        ("US-NYC", "us_nyc.retention"),
        ("US-MA", "us.retention.regf"),
        ("AU", "house.retention"),
    ]


def test_a_period_that_began_on_a_leap_day_ends_the_day_after() -> None:
    assert retention.period("CN").ends(datetime(2024, 2, 29, 9, tzinfo=UTC)) == datetime(2029, 3, 1, 9, tzinfo=UTC)


async def test_while_the_law_keeps_the_record_it_is_only_stored(world: World) -> None:
    customer = await world.customer("CN")
    waiting = await world.request(customer, Channel.SMS, not_before=world.clock() + timedelta(days=1))

    done = await erase(world.gateway, COMPLIANCE, customer.id, "asked by mail")

    later = await world.request(customer, Channel.SMS)
    assert (done.erased_at, done.kept_until) == (None, datetime(2031, 11, 24, 4, tzinfo=UTC))
    assert (await world.now(waiting)).status is Status.CANCELLED
    assert later.contact.status is Status.REFUSED
    assert next(one.address for one in await world.points(customer)) == MOBILE  # stored


async def test_every_purpose_and_channel_is_refused_and_says_by_which_rule(world: World) -> None:
    customer = await world.customer("CN")
    await erase(world.gateway, COMPLIANCE, customer.id, "asked")

    for purpose in (Purpose.LEGAL_NOTICE, Purpose.SECURITY_CODE, Purpose.CUSTOMER_REPLY, Purpose.FOLLOW_UP):
        for channel in Channel:
            decision = await world.preview(customer, channel, purpose=purpose)
            assert "house.hold.erasure" in [one.rule.id for one in decision.findings], (purpose, channel)


async def test_a_call_that_waits_in_the_queue_is_not_made(world: World) -> None:
    customer = await world.customer("TEST")
    call = await world.request(customer, Channel.CALLBACK, is_callback=True)
    await world.deliver()

    await erase(world.gateway, COMPLIANCE, customer.id, "asked")

    assert (await world.now(call)).status is Status.CANCELLED
    assert await callbacks.claim(world.gateway, Caller("a" * 32, Role.AGENT, "Li"), "k") == (None, None)


async def test_who_owes_is_not_erased(world: World) -> None:
    customer = await world.customer()
    await world.bill(customer)

    with pytest.raises(Unacceptable, match="open bills"):
        await erase(world.gateway, COMPLIANCE, customer.id, "asked")

    assert (await world.request(customer, Channel.SMS)).contact.status is not Status.REFUSED


async def test_asking_twice_is_asking_once(world: World) -> None:
    customer = await world.customer()

    first = await erase(world.gateway, COMPLIANCE, customer.id, "asked")
    world.wait(days=1)

    assert await erase(world.gateway, COMPLIANCE, customer.id, "asked again") == first


async def test_when_no_law_keeps_it_nothing_personal_comes_back(world: World) -> None:
    customer = await _gone(world)

    done = await erase(world.gateway, COMPLIANCE, customer.id, "asked")

    assert done.erased_at == world.clock()
    async with world.gateway.database.read() as work:
        assert await store.by_reference(work, "C-gone") is None
        erased = (await store.by_id(work, [customer.id]))[customer.id]
        points = await store.points_of(work, [customer.id])
        known = await replies.points_at(work, Channel.SMS, MOBILE)
    assert erased.name == ERASED
    assert re.fullmatch(f"erased-[0-9a-f]{{16}}-{customer.id}", erased.reference)
    assert {(one.address, one.usable) for one in points} == {(ERASED, False)}
    assert known == []
    exported = await exporting.export(world.gateway, COMPLIANCE, customer.id)
    assert [one["message"] for one in exported["contact"]] == [ERASED]
    assert exported["attempt"]  # that something happened, and when, stays on record


async def test_the_destroyed_key_is_in_no_file_any_more(world: World, tmp_path: Path) -> None:
    if databases.is_server():
        pytest.skip("a server's files are not ours to clean")
    customer = await _gone(world)
    async with world.gateway.database.read() as work:
        row = await work.one(table("customer").select())
    key = row.data_key.encode()
    assert _is_in_a_file(key, tmp_path)

    await erase(world.gateway, COMPLIANCE, customer.id, "asked")

    assert not _is_in_a_file(key, tmp_path)


def _is_in_a_file(key: bytes, folder: Path) -> bool:
    return any(key in file.read_bytes() for file in folder.glob("gateway.db*"))


async def test_the_next_import_does_not_bring_them_back(world: World) -> None:
    customer = await _gone(world)
    await erase(world.gateway, COMPLIANCE, customer.id, "asked")

    again = await world.customer("CN", reference="C-gone")
    elsewhere = await world.customer("CN", NewPoint(Channel.SMS, MOBILE), reference="C-other")

    assert again.id != customer.id
    assert [one.usable for one in await world.points(again)] == [False, True]  # the mail address was another
    assert (await world.request(again, Channel.EMAIL)).contact.status is Status.REFUSED
    assert (await world.request(elsewhere, Channel.SMS)).contact.status is Status.REFUSED


async def test_only_who_may_decide_lets_an_erased_address_be_used_again(world: World) -> None:
    await erase(world.gateway, COMPLIANCE, (await _gone(world)).id, "asked")
    again = await world.customer("CN", NewPoint(Channel.SMS, MOBILE), reference="C-new")
    [point] = await world.points(again)

    with pytest.raises(Unacceptable, match="compliance decides"):
        await customers.mark_point(world.gateway, SERVICE, point.id, True)
    await customers.mark_point(world.gateway, COMPLIANCE, point.id, True)

    assert (await world.request(again, Channel.SMS)).contact.status is not Status.REFUSED


async def test_the_hold_is_placed_and_lifted_by_nobody(world: World) -> None:
    customer = await world.customer()
    await erase(world.gateway, COMPLIANCE, customer.id, "asked")
    async with world.gateway.database.read() as work:
        [hold] = await store.holds_of(work, [customer.id])

    with pytest.raises(Unacceptable, match="not taken back"):
        await customers.lift_hold(world.gateway, COMPLIANCE, hold.id, "mistake")
    with pytest.raises(Unacceptable, match="eraseCustomer alone"):
        await customers.place_hold(world.gateway, COMPLIANCE, PlaceHold(customer.id, HoldKind.ERASURE))


async def test_the_worker_erases_once_the_time_has_passed_asked_or_not(world: World) -> None:
    asked = await world.customer("CN")
    silent = await world.customer("CN")
    owing = await world.customer("CN")
    await world.bill(owing, due_on=date(2026, 11, 1))
    await erase(world.gateway, COMPLIANCE, asked.id, "asked")

    world.wait(days=5 * 365)
    await tidy(world.gateway)
    before = await _erased(world)
    world.wait(days=10)
    counted = sum([number async for number in expired(world.gateway, apply=False)])
    await tidy(world.gateway)

    assert before == set()
    assert counted == 2
    assert await _erased(world) == {asked.id, silent.id}


async def test_who_was_in_contact_since_is_kept_longer(world: World) -> None:
    customer = await world.customer("CN")
    world.wait(days=4 * 365)
    await world.request(customer, Channel.SMS)
    world.wait(days=2 * 365)

    await tidy(world.gateway)

    assert await _erased(world) == set()


async def test_a_contact_that_was_refused_keeps_nobody_longer(world: World) -> None:
    customer = await world.customer("CN")
    await erase(world.gateway, COMPLIANCE, customer.id, "asked")
    world.wait(days=4 * 365)
    answer = await world.request(customer, Channel.SMS)
    world.wait(days=2 * 365)

    await tidy(world.gateway)

    assert answer.contact.status is Status.REFUSED
    assert await _erased(world) == {customer.id}


async def test_a_matter_that_is_open_keeps_its_record_however_old_it_is(world: World) -> None:
    complaining_one, applying = await _gone(world), await world.customer("CN", reference="C-applies")
    complaint, _ = await complaining.file(world.gateway, COMPLIANCE, _complaint(complaining_one))
    bill = await world.bill(applying, status=BillStatus.PAID)
    async with world.gateway.database.write() as work:
        await work.lock([applying.id])
        await applications.add(work, _application(work, applying, bill), SERVICE)
    world.wait(days=6 * 366)

    await tidy(world.gateway)
    for customer, matter in [(complaining_one, "open complaints"), (applying, "open applications")]:
        with pytest.raises(Unacceptable, match=matter):
            await erase(world.gateway, COMPLIANCE, customer.id, "asked")
    before = await _erased(world)
    await complaining.settle(world.gateway, COMPLIANCE, complaint.id, "非常抱歉。")
    done = await erase(world.gateway, COMPLIANCE, complaining_one.id, "asked")

    assert before == set()
    assert done.erased_at is None  # what was answered today is kept as long as all else
    assert done.kept_until > world.clock()


@pytest.mark.parametrize("what", ["payment", "consent", "hold", "signal"])
async def test_what_was_said_or_paid_since_is_kept_longer(world: World, what: str) -> None:
    customer = await world.customer("CN")
    bill = await world.bill(customer)
    world.wait(days=4 * 365)
    caller = SERVICE
    match what:
        case "payment":
            await payments.record(world.gateway, caller, RecordPayment("P", "p", bill.amount_due, "CNY", bill.id))
        case "consent":
            await world.withdraw(customer)
        case "hold":
            await customers.place_hold(world.gateway, COMPLIANCE, PlaceHold(customer.id, HoldKind.BANKRUPTCY))
        case "signal":
            await relief.record(
                world.gateway, caller, RecordHardshipSignal(customer.id, "key", "body", SignalKind.ILLNESS)
            )
    await world.bill(customer, reference=bill.reference, status=BillStatus.PAID)

    await _is_kept_and_then_erased(world, customer)


async def test_who_complained_after_they_were_restricted_is_kept_for_that(world: World) -> None:
    customer = await world.customer("CN")
    await erase(world.gateway, COMPLIANCE, customer.id, "asked")
    world.wait(days=4 * 365)
    complaint, _ = await complaining.file(world.gateway, COMPLIANCE, _complaint(customer))
    await complaining.settle(world.gateway, COMPLIANCE, complaint.id, "非常抱歉。")

    await _is_kept_and_then_erased(world, customer)


async def _is_kept_and_then_erased(world: World, customer: Customer) -> None:
    """Six years after they came and two after the last that was heard, and again when that is long ago too."""
    world.wait(days=2 * 365)
    await tidy(world.gateway)
    before = await _erased(world)
    world.wait(days=4 * 365)
    await tidy(world.gateway)

    assert before == set()
    assert await _erased(world) == {customer.id}


def _complaint(customer: Customer) -> FileComplaint:
    return FileComplaint(customer.id, "key", "body", "You wrote to my brother.")


def _application(work: Work, customer: Customer, bill: Bill) -> Application:
    return Application(
        id=work.new_id(),
        customer_id=customer.id,
        bill_id=bill.id,
        account_id=bill.account.id,
        currency=bill.currency,
        instalments=(Instalment(date(2027, 1, 1), bill.amount_due),),
        reason="I was ill.",
        documents=(),
        submitted_at=work.now,
        hold_id=None,
    )


async def _erased(world: World) -> set[str]:
    async with world.gateway.database.read() as work:
        rows = await work.all(table("customer").select())
    return {row.id for row in rows if row.erased_at is not None}


async def test_a_stranger_is_forgotten_after_ninety_days(world: World) -> None:
    await receive(world.gateway, Ear("sms", Channel.SMS, frozenset({"sms"})), [base.Reply("r", "+8613911111111", "?")])

    world.wait(days=erasing.STRANGERS_DAYS - 1)
    await tidy(world.gateway)
    kept = await _replies(world)
    world.wait(days=2)
    await tidy(world.gateway)

    assert (kept, await _replies(world)) == (1, 0)


async def _replies(world: World) -> int:
    async with world.gateway.database.read() as work:
        return len(await work.all(table("reply").select()))


async def test_a_suppression_knows_an_address_again_and_tells_nothing_of_it(world: World) -> None:
    await erase(world.gateway, COMPLIANCE, (await _gone(world)).id, "asked")

    async with world.gateway.database.read() as work:
        rows = await work.all(table("suppression").select())
        assert await erasures.suppressed(work, [work.index(MOBILE)])
    assert {len(row.index) for row in rows} == {64}


async def test_what_an_import_brought_meanwhile_is_refused_and_what_was_there_is_suppressed(world: World) -> None:
    customer = await world.customer("CN", reference="C-kept")
    await erase(world.gateway, COMPLIANCE, customer.id, "asked")

    with pytest.raises(Unacceptable, match="asked to be forgotten"):
        await world.customer("CN", reference="C-kept", name="Somebody Else")
    with pytest.raises(Unacceptable, match="asked to be forgotten"):
        await world.bill(customer)


async def test_who_came_to_owe_meanwhile_is_kept_until_that_is_settled(world: World) -> None:
    customer = await world.customer("CN")
    bill = await world.bill(customer, reference="B-later", status=BillStatus.PAID)
    await erase(world.gateway, COMPLIANCE, customer.id, "asked")
    async with world.gateway.database.write() as work:
        await work.change("bill", [{"id": bill.id, "status": BillStatus.OPEN}])

    world.wait(days=6 * 366)
    await tidy(world.gateway)

    assert await _erased(world) == set()


async def test_asked_again_when_the_time_has_passed_it_is_done_at_once(world: World) -> None:
    customer = await world.customer("CN")
    await erase(world.gateway, COMPLIANCE, customer.id, "asked")
    world.wait(days=6 * 366)

    done = await erase(world.gateway, COMPLIANCE, customer.id, "asked again")

    assert done.erased_at == world.clock()


async def test_a_debt_keeps_its_reference_only_while_somebody_else_owes_it(world: World) -> None:
    customer, other = await world.customer("CN"), await world.customer("CN")
    await world.bill(customer, account="A-own", status=BillStatus.PAID)
    await world.bill(customer, account="A-joint", status=BillStatus.PAID)
    await world.bill(other, account="A-joint")
    world.wait(days=6 * 366)

    await erase(world.gateway, COMPLIANCE, customer.id, "asked")

    async with world.gateway.database.read() as work:
        references = {row.reference for row in await work.all(table("account").select())}
    assert "A-joint" in references
    assert "A-own" not in references
