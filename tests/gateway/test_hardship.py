"""Hardship, from what is on record to what becomes of a notice."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from channels import base
from gateway import asking, contact, customers, hardship, payments, promises, relief, replying
from gateway.contact import Answer
from gateway.core import Ear
from gateway.model import Bill, Caller, Contact, ContactStatus, Customer, HardshipSignal, Unacceptable
from gateway.receiving import receive
from gateway.relief import RecordHardshipSignal
from gateway.requests import NewPoint, Question, RecordPayment, RecordPromise
from gateway.store import bills, contacts, pages, replies
from gateway.store import hardship as store
from gateway.store.work import Work
from policies.facts import Channel, Purpose
from policies.hardship import NOTHING, NOTICES, Assessment, HardshipLevel, SignalKind
from tests.world import AGENT, MOBILES, SERVICE, World, open_world


async def told(
    world: World, customer: Customer, kind: SignalKind, key: str = "key", **more: Any
) -> tuple[HardshipSignal, list[Contact], bool]:
    caller: Caller = more.pop("caller", AGENT)
    wanted = RecordHardshipSignal(customer.id, key, more.pop("fingerprint", "body"), kind, **more)
    return await relief.record(world.gateway, caller, wanted)


async def paid(world: World, bill: Bill, amount: str, reference: str) -> None:
    wanted = RecordPayment(reference, reference, Decimal(amount), bill.currency, bill.id)
    await payments.record(world.gateway, SERVICE, wanted)


async def assessed(world: World, customer: Customer) -> Assessment:
    async with world.gateway.database.read() as work:
        return (await hardship.assessments(world.gateway, work, [customer.id]))[customer.id]


async def owing(world: World, *points: NewPoint) -> tuple[Customer, Bill]:
    customer = await world.customer("TEST", *points)
    return customer, await world.bill(customer)


async def notice(world: World, customer: Customer, bill: Bill, **more: Any) -> Answer:
    purpose = more.pop("purpose", Purpose.OVERDUE_REMINDER)
    return await world.request(customer, Channel.SMS, purpose=purpose, bill_id=bill.id, **more)


# --- what is known --------------------------------------------------------------------------------------------------


async def test_who_said_and_did_nothing_is_not_in_hardship(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, _ = await owing(world)

        assert await assessed(world, customer) == NOTHING


async def test_payments_and_promises_are_seen(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world)
        made_at = world.clock() - timedelta(days=5)
        promise = RecordPromise(customer.id, date(2026, 11, 20), made_at=made_at)
        await promises.record(world.gateway, SERVICE, promise)
        assert [one.kind for one in (await assessed(world, customer)).reasons] == [SignalKind.BROKEN_PROMISE]

        for reference, amount in (("one", "300"), ("two", "200"), ("three", "100")):
            await paid(world, bill, amount, reference)
            world.wait(minutes=1)

        found = await assessed(world, customer)
        assert [one.kind for one in found.reasons] == [SignalKind.MISSED_THEN_PARTIAL, SignalKind.SHRINKING_PAYMENTS]
        assert (found.score, found.level) == (45, HardshipLevel.OFFER_PLAN)


async def test_what_is_known_of_a_person_holds_for_each_of_their_references(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, other = await world.customer("TEST"), await world.customer("TEST")
        await told(world, other, SignalKind.JOB_LOSS)
        assert await assessed(world, customer) == NOTHING

        await customers.link(world.gateway, SERVICE, [customer.id, other.id])

        assert (await assessed(world, customer)).score == 50


async def test_a_signal_that_was_recorded_in_error_counts_no_more(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, _ = await owing(world)
        signal, _, _ = await told(world, customer, SignalKind.JOB_LOSS, note="by phone")

        withdrawn = await relief.withdraw(world.gateway, AGENT, signal.id, "it was somebody else")
        again = await relief.withdraw(world.gateway, AGENT, signal.id, "again")

        assert await assessed(world, customer) == NOTHING
        assert withdrawn.withdrawn_at == again.withdrawn_at == world.clock()


async def test_payments_that_shrink_put_an_offer_in_the_place_of_the_notice_that_waits(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world)
        for reference, amount in (("one", "300"), ("two", "200")):
            await paid(world, bill, amount, reference)
            world.wait(minutes=1)
        waiting = await notice(world, customer, bill, not_before=world.clock() + timedelta(days=1))

        await paid(world, bill, "100", "three")
        await paid(world, bill, "50", "four")

        now = await unsent(world, customer)
        assert (await world.now(waiting)).status is ContactStatus.CANCELLED
        assert [one.purpose for one in now] == [Purpose.PLAN_OFFER]


async def test_a_promise_that_is_broken_puts_an_offer_in_the_place_of_the_notice_that_waits(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world)
        await paid(world, bill, "300", "one")
        promise = RecordPromise(customer.id, date(2026, 11, 25), amount=Decimal(500), currency="CNY")
        await promises.record(world.gateway, SERVICE, promise)
        waiting = await notice(world, customer, bill, not_before=world.clock() + timedelta(days=9))
        world.wait(days=3)

        settled = await promises.watch(world.gateway)

        now = await unsent(world, customer)
        assert settled == 1
        assert (await world.now(waiting)).status is ContactStatus.CANCELLED
        assert [one.purpose for one in now] == [Purpose.PLAN_OFFER]


async def test_a_payment_that_shows_no_hardship_leaves_what_waits(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world)
        waiting = await notice(world, customer, bill, not_before=world.clock() + timedelta(days=1))

        await paid(world, bill, "300", "one")

        assert (await world.now(waiting)).status is ContactStatus.SCHEDULED
        assert [one.id for one in await unsent(world, customer)] == [waiting.contact.id]


async def unsent(world: World, customer: Customer) -> list[Contact]:
    async with world.gateway.database.read() as work:
        found = await contacts.unsent(work, customer.id, [*NOTICES, Purpose.PLAN_OFFER])
        return [one.contact for one in found]


# --- a notice that is asked for -------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", [*sorted(NOTICES), Purpose.DUE_REMINDER, Purpose.PLAN_OFFER, Purpose.FOLLOW_UP])
async def test_a_notice_becomes_a_plan_and_nothing_else_does(tmp_path: Path, purpose: Purpose) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world)
        await told(world, customer, SignalKind.JOB_LOSS)
        world.wait(days=8)

        answer = (await notice(world, customer, bill, purpose=purpose)).contact

        if purpose in NOTICES:
            assert (answer.purpose, answer.asked_purpose) == (Purpose.PLAN_OFFER, purpose)
            assert answer.template == "plan_offer"
            assert answer.channels == (Channel.SMS,)
            assert answer.diversion is not None
            assert answer.diversion["score"] == 50
        else:
            assert (answer.purpose, answer.asked_purpose, answer.diversion) == (purpose, None, None)


@pytest.mark.parametrize("purpose", [*sorted(NOTICES), Purpose.DUE_REMINDER, Purpose.FOLLOW_UP])
async def test_a_preview_of_a_notice_says_that_a_plan_is_offered_and_why(tmp_path: Path, purpose: Purpose) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world)
        question = Question(customer.id, purpose, bill.id)
        _, before = await asking.preview(world.gateway, SERVICE, question, Channel.SMS)
        await told(world, customer, SignalKind.JOB_LOSS)
        world.wait(days=8)

        decision, diversion = await asking.preview(world.gateway, SERVICE, question, Channel.SMS)
        answer = await notice(world, customer, bill, purpose=purpose)

        assert before is None
        assert decision.channel is Channel.SMS
        assert (diversion is not None) is (answer.contact.diversion is not None) is (purpose in NOTICES)
        if diversion is not None:
            assert hardship.on_record(diversion) == answer.contact.diversion


async def test_a_preview_of_a_notice_that_becomes_a_call_is_about_the_call(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        called, bill = await owing(world)
        written_to, other = await owing(world, NewPoint(Channel.EMAIL, "only@mail.example"))
        for customer in (called, written_to):
            await told(world, customer, SignalKind.JOB_LOSS, f"1 {customer.id}")
            await told(world, customer, SignalKind.ILLNESS, f"2 {customer.id}")
        mail = next(one for one in await world.points(called) if one.channel is Channel.EMAIL)
        of_call = Question(called.id, Purpose.FINAL_NOTICE, bill.id, contact_point_id=mail.id)
        of_mail = Question(written_to.id, Purpose.FINAL_NOTICE, other.id)

        call, why = await asking.preview(world.gateway, SERVICE, of_call, Channel.EMAIL)
        written, why_too = await asking.preview(world.gateway, SERVICE, of_mail, Channel.EMAIL)

        assert (call.channel, written.channel) == (Channel.CALLBACK, Channel.EMAIL)
        assert call.point != mail.id
        assert [one.level for one in (why, why_too) if one] == [HardshipLevel.CALL, HardshipLevel.CALL]


async def test_the_diversion_stays_on_record_and_the_offer_is_what_leaves(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world)
        await told(world, customer, SignalKind.JOB_LOSS, note="by phone")
        world.wait(days=8)
        answer = await notice(world, customer, bill, template="overdue_reminder")

        await world.deliver()

        now = await world.now(answer)
        assert now.diversion is not None
        assert "失去工作（2026-11-24）：计50分，至2027-05-23。" in str(now.diversion["reasons"])
        assert (now.asked_purpose, now.status) == (Purpose.OVERDUE_REMINDER, ContactStatus.SENT)
        assert "would smaller steps help" in world.sms.sent[-1].text


@pytest.mark.parametrize(
    ("points", "channels"),
    [
        ((NewPoint(Channel.SMS, MOBILES["CN"]),), (Channel.CALLBACK,)),
        ((NewPoint(Channel.EMAIL, "fang@mail.example"),), (Channel.EMAIL,)),
    ],
)
async def test_from_the_higher_threshold_on_a_person_rings_where_there_is_a_number(
    tmp_path: Path, points: tuple[NewPoint, ...], channels: tuple[Channel, ...]
) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world, *points)
        await told(world, customer, SignalKind.JOB_LOSS, "1")
        await told(world, customer, SignalKind.ILLNESS, "2")
        asked = world.wanted(customer, points[0].channel, purpose=Purpose.FINAL_NOTICE, bill_id=bill.id)

        answer = await contact.request(world.gateway, asked)

        assert (answer.contact.purpose, answer.contact.channels) == (Purpose.PLAN_OFFER, channels)


async def test_below_the_threshold_a_notice_stays_a_notice(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world)
        await told(world, customer, SignalKind.SPENDING_CHANGED)

        answer = await notice(world, customer, bill)

        assert (answer.contact.purpose, answer.contact.asked_purpose) == (Purpose.OVERDUE_REMINDER, None)


async def test_one_customers_hardship_diverts_nobody_elses_notice_in_the_same_batch(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        (one, bill), (other, other_bill) = await owing(world), await owing(world)
        await told(world, one, SignalKind.JOB_LOSS)
        wanted = [
            world.wanted(whose, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=of.id)
            for whose, of in ((one, bill), (other, other_bill))
        ]

        answers = await contact.accept(world.gateway, wanted)

        assert [one.contact.purpose for one in answers if isinstance(one, Answer)] == [
            Purpose.PLAN_OFFER,
            Purpose.OVERDUE_REMINDER,
        ]


async def test_a_batch_without_evidence_costs_one_statement_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_world(tmp_path) as world:
        customer, _ = await owing(world)
        statements: list[object] = []
        for name in ("ask", "all"):
            original = getattr(Work, name)

            async def counted(*given: object, original: Any = original) -> object:
                statements.append(given)
                return await original(*given)

            monkeypatch.setattr(Work, name, counted)

        async with world.gateway.database.read() as work:
            await hardship.assessments(world.gateway, work, [customer.id], {})

        assert len(statements) == 1


# --- a new signal ---------------------------------------------------------------------------------------------------


async def test_a_new_signal_takes_waiting_notices_back_and_offers_a_plan_for_each_overdue_account(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world)
        await world.bill(customer, account=bill.account.reference, due_on=date(2026, 10, 14), reference="older")
        await world.bill(customer, reference="second account")
        await world.bill(customer, reference="not due", due_on=date(2026, 12, 24))
        later = world.clock() + timedelta(hours=2)
        waiting = await notice(world, customer, bill, not_before=later)
        other = await world.request(customer, Channel.EMAIL, not_before=later)

        _, offers, _ = await told(world, customer, SignalKind.JOB_LOSS)

        assert (await world.now(waiting)).status is ContactStatus.CANCELLED
        assert (await world.now(waiting)).cancel_reason == relief.TAKEN_BACK
        assert (await world.now(other)).status is ContactStatus.SCHEDULED
        async with world.gateway.database.read() as work:
            found = await bills.by_id(work, [str(one.bill_id) for one in offers])
        assert {one.reference for one in found.values()} == {"older", "second account"}
        assert {(one.purpose, one.requested_by) for one in offers} == {(Purpose.PLAN_OFFER, "gateway")}


async def test_the_same_key_records_and_offers_once(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, _ = await owing(world)
        first, offers, replayed = await told(world, customer, SignalKind.JOB_LOSS)

        second, more, again = await told(world, customer, SignalKind.JOB_LOSS)
        with pytest.raises(Unacceptable, match="used before"):
            await told(world, customer, SignalKind.JOB_LOSS, fingerprint="another")

        assert (first.id, len(offers), replayed) == (second.id, 1, False)
        assert (more, again) == ([], True)


async def test_what_does_not_lift_a_customer_over_a_threshold_offers_nothing_anew(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, _ = await owing(world)
        _, none, _ = await told(world, customer, SignalKind.SPENDING_CHANGED, "1")
        _, one, _ = await told(world, customer, SignalKind.JOB_LOSS, "2")
        _, same, _ = await told(world, customer, SignalKind.JOB_LOSS, "3")

        assert (len(none), len(one), len(same)) == (0, 1, 0)


@pytest.mark.parametrize("kind", [SignalKind.BROKEN_PROMISE, SignalKind.SHRINKING_PAYMENTS])
async def test_what_payments_show_cannot_be_told(tmp_path: Path, kind: SignalKind) -> None:
    async with open_world(tmp_path) as world:
        customer, _ = await owing(world)

        with pytest.raises(Unacceptable, match="not recorded"):
            await told(world, customer, kind)


async def test_a_signal_of_the_future_or_of_nobody_is_refused(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, _ = await owing(world)

        with pytest.raises(Unacceptable, match="future"):
            await told(world, customer, SignalKind.OTHER, at=world.clock() + timedelta(seconds=1))
        with pytest.raises(Unacceptable, match="no account"):
            await told(world, customer, SignalKind.OTHER, account="nobody's")
        async with world.gateway.database.read() as work:
            assert await store.of_customers(work, [customer.id]) == {}


# --- a reply --------------------------------------------------------------------------------------------------------


async def wrote(world: World, customer: Customer, *texts: str) -> None:
    [mail] = [one for one in await world.points(customer) if one.channel is Channel.EMAIL]
    ear = Ear("mail", Channel.EMAIL, frozenset({"email"}))
    await receive(world.gateway, ear, [base.Reply(f"{customer.id} {text}", mail.address, text) for text in texts])


async def offers_of(world: World, customer: Customer) -> list[Contact]:
    async with world.gateway.database.read() as work:
        which = pages.ContactFilter(customer_id=customer.id, purpose=Purpose.PLAN_OFFER)
        return list((await pages.contacts(work, which, pages.Window(50))).items)


async def read_all(world: World, customer: Customer) -> None:
    async with world.gateway.database.read() as work:
        written = await replies.of_customers(work, [customer.id])
    for one in written:
        await replying.settle(world.gateway, AGENT, one.id, "read")


@pytest.mark.parametrize("text", ["I lost my job", "我失业了", "医生让我住院"])
async def test_who_writes_of_hardship_gets_no_notice_and_an_offer_when_a_person_has_read_it(
    tmp_path: Path, text: str
) -> None:
    async with open_world(tmp_path) as world:
        customer, bill = await owing(world)
        waiting = await notice(world, customer, bill, not_before=world.clock() + timedelta(hours=2))

        await wrote(world, customer, text)

        assert (await world.now(waiting)).status is ContactStatus.CANCELLED
        assert await offers_of(world, customer) == []
        async with world.gateway.database.read() as work:
            [signal] = (await store.of_customers(work, [customer.id]))[customer.id]
        assert signal.reply_id is not None

        await read_all(world, customer)
        await read_all(world, customer)

        [offer] = await offers_of(world, customer)
        assert (offer.bill_id, offer.status) == (bill.id, ContactStatus.SCHEDULED)


async def test_the_offer_waits_for_the_last_unread_reply(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, _ = await owing(world)
        await wrote(world, customer, "I lost my job", "Why do you ask?")
        async with world.gateway.database.read() as work:
            first, second = await replies.of_customers(work, [customer.id])

        await replying.settle(world.gateway, AGENT, first.id, "read")
        assert await offers_of(world, customer) == []
        await replying.settle(world.gateway, AGENT, second.id, "read")

        assert len(await offers_of(world, customer)) == 1


async def test_who_read_that_it_said_something_else_withdraws_the_signal_and_nothing_is_offered(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        customer, _ = await owing(world)
        await wrote(world, customer, "I lost my job")
        async with world.gateway.database.read() as work:
            [signal] = (await store.of_customers(work, [customer.id]))[customer.id]

        await relief.withdraw(world.gateway, AGENT, signal.id, "it was about a friend")
        await read_all(world, customer)

        assert await offers_of(world, customer) == []
