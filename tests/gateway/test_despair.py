"""Words of suicide or self-harm: a person looks first, nothing is demanded or offered, and what is held stays held."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from channels import base
from gateway import applications, callbacks, complaining, relief, replying
from gateway.complaining import FileComplaint
from gateway.contact import Answer
from gateway.core import Ear
from gateway.customers import lift_hold, record_outside_contact
from gateway.model import Bill, CallbackStatus, ContactStatus, Customer, OutsideResult, Reply, ReplyStatus, Unacceptable
from gateway.receiving import receive
from gateway.relief import RecordHardshipSignal
from gateway.requests import RecordOutsideContact, SubmitApplication
from gateway.store import contacts, customers, replies
from policies.facts import Channel, ConsentStatus, HoldKind, Initiator, Medium, Purpose
from policies.hardship import SignalKind
from policies.plans import Instalment
from tests.world import AGENT, MOBILES, World, open_world

EAR = Ear("sms", Channel.SMS, frozenset({"sms"}))


async def owing(world: World) -> tuple[Customer, Bill, Answer]:
    """Who owes, and the demand that waits."""
    customer = await world.customer("CN")
    bill = await world.bill(customer)
    later = world.clock() + timedelta(hours=2)
    return (
        customer,
        bill,
        await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id, not_before=later),
    )


async def writes(world: World, text: str) -> None:
    await receive(world.gateway, EAR, [base.Reply(f"r-{text}", MOBILES["CN"], text)])


async def held(world: World, customer: Customer) -> set[HoldKind]:
    async with world.gateway.database.read() as work:
        return {one.kind for one in await customers.holds_of(work, [customer.id]) if one.lifted_at is None}


async def who_writes(world: World, text: str) -> tuple[Customer, Reply]:
    """A customer of whom nothing else is known."""
    customer = await world.customer("US")
    await receive(world.gateway, EAR, [base.Reply("r", MOBILES["US"], text)])
    return customer, await only_reply(world, customer)


async def only_reply(world: World, customer: Customer) -> Reply:
    async with world.gateway.database.read() as work:
        [reply] = await replies.of_customers(work, [customer.id])
    return reply


async def test_a_reply_is_held_for_a_person_and_no_offer_follows(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, bill, waiting = await owing(world)

        with capture_logs() as logged:
            await writes(world, "不想活了，别再发了")
        reply = await only_reply(world, customer)
        before = await held(world, customer)
        await replying.settle(world.gateway, AGENT, reply.id, "rang, and called help")
        await world.deliver()
        warning = await world.request(customer, Channel.EMAIL, purpose=Purpose.OVERDUE_WARNING, bill_id=bill.id)

        assert reply.status is ReplyStatus.OPEN
        assert before == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}
        assert await held(world, customer) == before
        assert (await world.now(waiting)).status is ContactStatus.CANCELLED
        async with world.gateway.database.read() as work:
            assert list(await contacts.unsent(work, customer.id, [Purpose.PLAN_OFFER])) == []
        assert warning.contact.status is ContactStatus.REFUSED
        assert [one["customer"] for one in logged if "a person must look" in one["event"]] == [customer.id]


async def test_a_complaint_is_answered_and_what_is_held_stays(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, _, waiting = await owing(world)

        text = "Your calls never end. I want to kill myself."
        complaint, _ = await complaining.file(world.gateway, AGENT, FileComplaint(customer.id, "k", "f", text))
        before = await held(world, customer)
        _, told, _ = await complaining.settle(world.gateway, AGENT, complaint.id, "非常抱歉。")

        assert before == {HoldKind.COMPLAINT, HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}
        assert await held(world, customer) == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}
        assert told is not None
        assert told.status is ContactStatus.SCHEDULED
        assert (await world.now(waiting)).status is ContactStatus.CANCELLED


async def test_what_staff_note_of_a_hardship_holds_and_offers_nothing(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, _, waiting = await owing(world)

        wanted = RecordHardshipSignal(customer.id, "k", "f", SignalKind.JOB_LOSS, note="says: 活不下去了")
        _, offers, _ = await relief.record(world.gateway, AGENT, wanted)

        assert await held(world, customer) == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}
        assert {one.status for one in offers} <= {ContactStatus.REFUSED}
        assert (await world.now(waiting)).status is ContactStatus.CANCELLED


async def test_the_reason_of_an_application_and_the_note_on_a_reply_are_looked_at_too(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, bill, _ = await owing(world)
        parts = (Instalment(date(2026, 12, 10), bill.amount_due),)
        reason = "I want to kill myself because of this debt"
        await applications.submit(world.gateway, AGENT, SubmitApplication("k", "f", bill.id, parts, reason))
        other, reply = await who_writes(world, "what is this?")
        await replying.settle(world.gateway, AGENT, reply.id, "rang: she wants to end her life")

        assert HoldKind.VULNERABLE in await held(world, customer)
        assert await held(world, other) == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}


async def test_a_second_note_on_a_reply_is_refused_and_heard(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, reply = await who_writes(world, "what is this?")
        first = await replying.settle(world.gateway, AGENT, reply.id, "answered by phone")

        again = await replying.settle(world.gateway, AGENT, reply.id, "answered by phone")
        assert (again, await held(world, customer)) == (first, set())
        with pytest.raises(Unacceptable) as wrong:
            await replying.settle(world.gateway, AGENT, reply.id, "rang: she wants to end her life")

        assert [(one.code, one.field) for one in wrong.value.errors] == [("CONFLICT", ("note",))]
        assert await held(world, customer) == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}


async def test_a_note_on_what_waited_for_nobody_is_heard_too(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, reply = await who_writes(world, "STOP")

        for note in ("seen", "rang: she wants to end her life"):
            settled = await replying.settle(world.gateway, AGENT, reply.id, note)

        assert (reply.status, settled) == (ReplyStatus.SETTLED, reply)
        assert await held(world, customer) == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}


async def test_who_seems_to_say_stop_in_despair_is_read_by_a_person(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")

        await writes(world, "I don't want to be here anymore")

        reply = await only_reply(world, customer)
        assert reply.status is ReplyStatus.OPEN
        assert HoldKind.VULNERABLE in await held(world, customer)


async def test_the_same_said_twice_is_one_hold(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")

        await writes(world, "想自杀")
        await writes(world, "不想活了")

        async with world.gateway.database.read() as work:
            kinds = [one.kind for one in await customers.holds_of(work, [customer.id])]
        assert sorted(kinds) == [HoldKind.UNREAD_REPLY, HoldKind.VULNERABLE]


async def test_hardship_without_such_words_is_as_before(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")

        await writes(world, "我失业了")

        assert await held(world, customer) == {HoldKind.UNREAD_REPLY}


async def test_another_reply_that_is_settled_lifts_only_its_own_hold(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        await writes(world, "这笔钱是什么")
        text = "I want to end my life"
        await complaining.file(world.gateway, AGENT, FileComplaint(customer.id, "k", "f", text))
        await writes(world, "请问什么时候到期")
        async with world.gateway.database.read() as work:
            found = await replies.of_customers(work, [customer.id])

        for reply in found:
            await replying.settle(world.gateway, AGENT, reply.id, "answered")

        assert HoldKind.UNREAD_REPLY in await held(world, customer)


async def test_when_a_person_lifts_both_it_is_over(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, bill, _ = await owing(world)
        await writes(world, "活不下去了")
        async with world.gateway.database.write() as work:
            await work.lock([customer.id])
            for hold in await customers.holds_of(work, [customer.id]):
                await customers.lift_hold(work, hold, "safe now", AGENT)

        later = await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)

        assert later.contact.status is ContactStatus.SCHEDULED


async def test_who_lifts_the_one_hold_lifts_what_came_with_it_once_all_is_read(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        await writes(world, "活不下去了")
        reply = await only_reply(world, customer)
        async with world.gateway.database.read() as work:
            [hold] = [one for one in await customers.holds_of(work, [customer.id]) if one.kind is HoldKind.VULNERABLE]

        await lift_hold(world.gateway, AGENT, hold.id, "safe now")
        unread = await held(world, customer)
        await replying.settle(world.gateway, AGENT, reply.id, "rang")
        read = await held(world, customer)
        await writes(world, "不想活了")
        async with world.gateway.database.read() as work:
            again = [one for one in await replies.of_customers(work, [customer.id]) if one.status is ReplyStatus.OPEN]
            [later] = [
                one
                for one in await customers.holds_of(work, [customer.id])
                if (one.kind, one.lifted_at) == (HoldKind.VULNERABLE, None)
            ]
        for one in again:
            await replying.settle(world.gateway, AGENT, one.id, "rang")
        await lift_hold(world.gateway, AGENT, later.id, "safe now")

        assert unread == {HoldKind.UNREAD_REPLY}
        assert read == set()
        assert await held(world, customer) == set()


async def test_no_machine_confirms_a_stop_to_who_despairs(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, *_ = await owing(world)

        await writes(world, "STOP or I'll hurt myself")

        async with world.gateway.database.read() as work:
            [consent] = await customers.consents_of(work, [customer.id])
            assert list(await contacts.unsent(work, customer.id, [Purpose.OPT_OUT_CONFIRMATION])) == []
        assert consent.status is ConsentStatus.WITHDRAWN


async def test_the_note_of_a_contact_elsewhere_is_looked_at(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, _, waiting = await owing(world)
        wanted = RecordOutsideContact(
            customer.id, "visit-1", "f", Medium.VISIT, OutsideResult.CONVERSATION, Initiator.CUSTOMER,
            world.clock(), note="the customer said she wants to end her life",
        )  # fmt: skip

        await record_outside_contact(world.gateway, AGENT, wanted)
        held_then = await held(world, customer)

        assert held_then == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}
        assert (await world.now(waiting)).status is ContactStatus.CANCELLED


async def test_a_call_is_not_booked_to_demand_of_who_despairs(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, bill, _ = await owing(world)

        booked = await world.request(
            customer,
            Channel.CALLBACK,
            purpose=Purpose.OVERDUE_REMINDER,
            bill_id=bill.id,
            is_callback=True,
            not_before=world.clock() + timedelta(hours=1),
            note="says he wants to die; ring him about the bill",
        )

        assert booked.contact.status is ContactStatus.CANCELLED
        assert await held(world, customer) == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}
        assert (await world.now(booked)).status is ContactStatus.CANCELLED


async def test_who_despairs_is_rung_by_whoever_books_the_call(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")

        booked = await world.request(
            customer, Channel.CALLBACK, purpose=Purpose.CUSTOMER_REPLY, is_callback=True, note="客户说不想活了"
        )
        await world.deliver()
        claimed, _ = await callbacks.claim(world.gateway, AGENT, "claim-1")

        assert await held(world, customer) == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}
        assert claimed is not None
        assert claimed.contact_id == booked.contact.id
        assert claimed.status is CallbackStatus.CLAIMED


async def test_the_reason_why_a_call_is_given_back_is_looked_at(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, _, waiting = await owing(world)
        await world.request(customer, Channel.CALLBACK, purpose=Purpose.CUSTOMER_REPLY, is_callback=True)
        await world.deliver()
        claimed, _ = await callbacks.claim(world.gateway, AGENT, "claim-1")
        assert claimed is not None

        await callbacks.release(world.gateway, AGENT, claimed.id, "said she wants to die, I need a colleague")

        assert await held(world, customer) == {HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY}
        assert (await world.now(waiting)).status is ContactStatus.CANCELLED


async def test_a_hold_stays_while_such_words_are_unread_though_they_came_from_a_wrong_person(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        await writes(world, "wrong number, and I want to end my life")
        async with world.gateway.database.read() as work:
            [hold] = [one for one in await customers.holds_of(work, [customer.id]) if one.kind is HoldKind.VULNERABLE]

        await lift_hold(world.gateway, AGENT, hold.id, "safe now")

        assert HoldKind.UNREAD_REPLY in await held(world, customer)


async def test_what_a_stranger_writes_in_despair_is_told_to_who_watches(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        with capture_logs() as logged:
            await receive(world.gateway, EAR, [base.Reply("r", "+447911123456", "I want to end my life")])

        assert [one for one in logged if "a person must look" in one["event"]]
        assert "end my life" not in str(logged)
