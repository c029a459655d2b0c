"""Complaints: what pauses, and what an answer lets go on."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from channels import base
from gateway import complaining, replying
from gateway.complaining import FileComplaint
from gateway.core import Ear
from gateway.model import (
    Caller,
    Complaint,
    ComplaintStatus,
    ContactStatus,
    Customer,
    Reply,
    ReplyStatus,
    Role,
    Unacceptable,
)
from gateway.receiving import receive
from gateway.store import complaints, customers, replies
from policies.facts import Channel, ConsentStatus, HoldKind, Purpose
from policies.replies import Meaning
from tests.world import AGENT, MOBILES, SERVICE, World, open_world


async def filed(world: World, customer: Customer, key: str = "key", **more: Any) -> Complaint:
    caller: Caller = more.pop("caller", AGENT)
    wanted = FileComplaint(customer.id, key, more.pop("fingerprint", "body"), more.pop("text", "too often"), **more)
    return (await complaining.file(world.gateway, caller, wanted))[0]


async def reminded(world: World, customer: Customer, bill_id: str | None, **more: Any) -> ContactStatus:
    purpose = more.pop("purpose", Purpose.OVERDUE_REMINDER)
    answer = await world.request(customer, Channel.SMS, purpose=purpose, bill_id=bill_id, **more)
    return answer.contact.status


async def wrote(world: World, text: str) -> None:
    reply = base.Reply(f"r-{text}", MOBILES["CN"], text)
    await receive(world.gateway, Ear("sms", Channel.SMS, frozenset({"sms"})), [reply])


async def of(world: World, customer: Customer) -> list[Complaint]:
    async with world.gateway.database.read() as work:
        return list((await complaints.of_customers(work, [customer.id])).get(customer.id, ()))


async def heard(world: World, customer: Customer) -> list[Reply]:
    async with world.gateway.database.read() as work:
        return list(await replies.of_customers(work, [customer.id]))


async def test_demands_pause_from_the_complaint_to_its_answer_and_the_customer_is_told(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        bill = await world.bill(customer)
        later = world.clock() + timedelta(hours=2)
        waiting = await world.request(
            customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id, not_before=later
        )

        complaint = await filed(world, customer)

        gone = await world.now(waiting)
        assert (gone.status, gone.cancel_reason) == (ContactStatus.CANCELLED, complaining.TAKEN_BACK)
        assert await reminded(world, customer, bill.id) is ContactStatus.REFUSED
        assert await reminded(world, customer, bill.id, purpose=Purpose.PLAN_OFFER) is ContactStatus.REFUSED
        assert await reminded(world, customer, None, purpose=Purpose.PAYMENT_RECEIPT) is ContactStatus.SCHEDULED

        settled, told, _ = await complaining.settle(world.gateway, AGENT, complaint.id, "我们会减少联系。")
        again, nothing, replayed = await complaining.settle(world.gateway, AGENT, complaint.id, "我们会减少联系。")
        with pytest.raises(Unacceptable, match="the first answer stands"):
            await complaining.settle(world.gateway, AGENT, complaint.id, "another")

        assert (settled.status, settled.settled_by) == (ComplaintStatus.SETTLED, "Li")
        assert (again.answer, nothing, replayed) == ("我们会减少联系。", None, True)
        assert told is not None
        assert (told.purpose, told.evidence, told.status) == (
            Purpose.CUSTOMER_REPLY,
            True,
            ContactStatus.SCHEDULED,
        )
        await world.deliver()
        assert any("我们会减少联系" in one.text for one in world.sms.sent)
        world.wait(days=2)
        assert await reminded(world, customer, bill.id) is ContactStatus.SCHEDULED


async def test_a_complaint_about_one_debt_pauses_that_debt(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        one, other = await world.bill(customer), await world.bill(customer)
        later = {"not_before": world.clock() + timedelta(hours=2), "purpose": Purpose.OVERDUE_REMINDER}
        about_it = await world.request(customer, Channel.SMS, bill_id=one.id, **later)
        about_another = await world.request(customer, Channel.EMAIL, bill_id=other.id, **later)

        await filed(world, customer, account=one.account.reference)

        assert (await world.now(about_it)).status is ContactStatus.CANCELLED
        assert (await world.now(about_another)).status is ContactStatus.SCHEDULED


async def test_the_second_of_two_open_complaints_still_pauses(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        bill = await world.bill(customer)
        first, _ = await filed(world, customer, "1"), await filed(world, customer, "2")

        await complaining.settle(world.gateway, AGENT, first.id, "抱歉")

        assert await reminded(world, customer, bill.id) is ContactStatus.REFUSED


async def test_the_same_key_files_once(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")

        first, second = await filed(world, customer), await filed(world, customer)
        with pytest.raises(Unacceptable, match="used before"):
            await filed(world, customer, fingerprint="another")

        assert first.id == second.id
        async with world.gateway.database.read() as work:
            assert len(await customers.holds_of(work, [customer.id])) == 1


async def test_a_customer_complains_for_themselves_and_of_their_own_contacts(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer, other = await world.customer("CN"), await world.customer("CN")
        theirs = await world.request(other, Channel.EMAIL)
        self_ = Caller("d" * 32, Role.CUSTOMER, "customer", customer_id=customer.id)

        complaint = await filed(world, customer, caller=self_)
        with pytest.raises(Unacceptable, match="no such customer"):
            await filed(world, other, "2", caller=self_)
        with pytest.raises(Unacceptable, match="no such contact"):
            await filed(world, customer, "3", caller=self_, contact_id=theirs.contact.id)
        with pytest.raises(Unacceptable, match="future"):
            await filed(world, customer, "4", at=world.clock() + timedelta(seconds=1))
        with pytest.raises(Unacceptable, match="no such complaint"):
            await complaining.settle(world.gateway, SERVICE, "0" * 32, "sorry")

        async with world.gateway.database.read() as work:
            found = await complaints.of_customers(work, [customer.id, other.id])
        assert {key: [one.id for one in value] for key, value in found.items()} == {customer.id: [complaint.id]}


@pytest.mark.parametrize("text", ["我要投诉你们", "You keep harassing me, I will complain to the regulator"])
async def test_a_reply_that_complains_is_a_complaint_and_once(tmp_path: Path, text: str) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        bill = await world.bill(customer)
        later = world.clock() + timedelta(hours=2)
        waiting = await world.request(
            customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id, not_before=later
        )

        await wrote(world, text)
        await wrote(world, text)

        [complaint] = await of(world, customer)
        gone = await world.now(waiting)
        assert (complaint.text, complaint.status, complaint.account_id) == (text, ComplaintStatus.OPEN, None)
        assert (gone.status, gone.cancel_reason) == (ContactStatus.CANCELLED, complaining.TAKEN_BACK)
        [reply] = await heard(world, customer)
        await replying.settle(world.gateway, AGENT, reply.id, "read; the complaint is with compliance")
        assert await reminded(world, customer, bill.id) is ContactStatus.REFUSED

        settled, told, _ = await complaining.settle(world.gateway, AGENT, complaint.id, "我们会减少联系。")

        assert (settled.status, told is not None) == (ComplaintStatus.SETTLED, True)
        world.wait(days=2)
        assert await reminded(world, customer, bill.id) is ContactStatus.SCHEDULED


async def test_a_stop_and_a_complaint_in_one_reply_are_both_heard(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")

        await wrote(world, "This is harassment, stop now")

        [reply] = await heard(world, customer)
        async with world.gateway.database.read() as work:
            [withdrawn] = await customers.consents_of(work, [customer.id])
            kinds = [one.kind for one in await customers.holds_of(work, [customer.id])]
        assert (reply.meaning, reply.status) == (Meaning.STOP, ReplyStatus.OPEN)
        assert (withdrawn.status, withdrawn.channel) == (ConsentStatus.WITHDRAWN, Channel.SMS)
        assert set(kinds) == {HoldKind.UNREAD_REPLY, HoldKind.COMPLAINT}
        assert [one.text for one in await of(world, customer)] == ["This is harassment, stop now"]


async def test_a_reply_that_only_asks_for_an_end_is_no_complaint(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")

        await wrote(world, "别再骚扰我")

        assert await of(world, customer) == []


async def test_what_cannot_be_put_into_a_message_settles_it_all_the_same_and_makes_no_contact(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        bill = await world.bill(customer)
        complaint = await filed(world, customer)
        answer = "详情见信。" * 300

        settled, told, _ = await complaining.settle(world.gateway, AGENT, complaint.id, answer)
        await world.deliver()

        assert (settled.status, settled.answer, settled.settled_by) == (ComplaintStatus.SETTLED, answer, "Li")
        assert told is None
        assert (world.sms.sent, world.email.sent) == ([], [])
        assert await reminded(world, customer, bill.id) is ContactStatus.SCHEDULED


@pytest.mark.parametrize("answer", ["对催收员上门一事，我们深表歉意", "我们不会再联系您的母亲，非常抱歉"])
async def test_an_answer_may_name_the_visit_or_the_relative_and_is_sent(tmp_path: Path, answer: str) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        complaint = await filed(world, customer)

        await complaining.settle(world.gateway, AGENT, complaint.id, answer)
        await world.deliver()

        [message] = [*world.sms.sent, *world.email.sent]
        assert f"{answer}。" in message.text


async def test_an_answer_that_no_message_may_give_settles_nothing(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        bill = await world.bill(customer)
        complaint = await filed(world, customer)

        for answer in ("我们会起诉您", "We are very sorry, and have put it right."):  # in Chinese
            with pytest.raises(Unacceptable) as refused:
                await complaining.settle(world.gateway, AGENT, complaint.id, answer)
            assert [one.field for one in refused.value.errors] == [("answer",)]
        held = await reminded(world, customer, bill.id)
        settled, told, _ = await complaining.settle(world.gateway, AGENT, complaint.id, "很抱歉，我们已经改正。")

        assert held is ContactStatus.REFUSED
        assert (settled.status, settled.answer) == (ComplaintStatus.SETTLED, "很抱歉，我们已经改正。")
        assert told is not None
