"""A customer answers: what it means is acted on at once, in one transaction, and confirmed once."""

from datetime import timedelta
from typing import Any

import pytest

from channels import base
from gateway import pausing, replying
from gateway.audit import checking
from gateway.core import Ear
from gateway.model import ContactStatus, Customer, ReplyStatus, Unacceptable
from gateway.receiving import receive
from gateway.requests import NewPoint
from gateway.store import customers as store
from gateway.store import replies
from policies.facts import Channel, ConsentStatus, HoldKind, Purpose
from policies.replies import Meaning
from tests.world import AGENT, World

SMS = Ear("sms", Channel.SMS, frozenset({"sms"}))
MAIL = Ear("mail", Channel.EMAIL, frozenset({"email"}))
NUMBER = "+8613900000000"


async def _says(world: World, text: str, *, sender: str = NUMBER, id: str = "", ear: Ear = SMS) -> None:
    await receive(world.gateway, ear, [base.Reply(id or f"r-{text}", sender, text)])


async def _replies(world: World, *customers: Customer) -> list[Any]:
    async with world.gateway.database.read() as work:
        return list(await replies.of_customers(work, [one.id for one in customers]))


async def _consents(world: World, customer: Customer) -> list[tuple[ConsentStatus, Channel | None]]:
    async with world.gateway.database.read() as work:
        return [(one.status, one.channel) for one in await store.consents_of(work, [customer.id])]


async def _holds(world: World, customer: Customer) -> list[HoldKind]:
    async with world.gateway.database.read() as work:
        return [one.kind for one in await store.holds_of(work, [customer.id]) if one.lifted_at is None]


@pytest.mark.parametrize("text", ["STOP", "退订", "please stop texting me", "不要再发了", "T", "unsubscribe"])
async def test_who_says_stop_gets_one_confirmation_and_no_more_texts(world: World, text: str) -> None:
    customer = await world.customer("CN")
    queued = await world.request(customer, Channel.SMS, not_before=world.clock() + timedelta(hours=2))

    await _says(world, text)
    await world.deliver()
    await _says(world, text, id="again")
    await world.deliver()
    world.wait(hours=3)
    await world.deliver()

    assert (ConsentStatus.WITHDRAWN, Channel.SMS) in await _consents(world, customer)
    assert len(world.sms.sent) == 1
    assert "不再接收" in world.sms.sent[0].text
    assert (await world.now(queued)).status is ContactStatus.REFUSED
    assert {one.status for one in await _replies(world, customer)} == {ReplyStatus.SETTLED}


async def test_who_says_stop_and_more_is_left_alone_until_it_is_read(world: World) -> None:
    customer = await world.customer("CN")
    await _says(world, "我已经还清了，别再发了")

    mail = await world.request(customer, Channel.EMAIL)

    assert await _holds(world, customer) == [HoldKind.UNREAD_REPLY]
    assert mail.contact.status is ContactStatus.REFUSED


async def test_a_stop_by_text_ends_no_mails_and_a_stop_of_everything_does(world: World) -> None:
    customer = await world.customer("CN")
    await _says(world, "STOP")
    mail = await world.request(customer, Channel.EMAIL)
    await world.deliver()

    await _says(world, "不要再联系我")
    await world.deliver()
    second = await world.request(customer, Channel.EMAIL)

    assert "不再接收" in world.sms.sent[0].text
    assert "短信、邮件或拨打电话" in world.sms.sent[1].text
    assert (await world.now(mail)).status is ContactStatus.SENT
    assert second.contact.status is ContactStatus.REFUSED


async def test_the_withdrawal_stands_even_where_the_confirmation_may_not_be_sent(world: World) -> None:
    world.clock.advance(world.clock() + timedelta(hours=12))  # midnight
    customer = await world.customer("CN")

    await _says(world, "TD")

    assert await _consents(world, customer) == [(ConsentStatus.WITHDRAWN, Channel.SMS)]


async def test_a_number_of_several_customers_stops_for_all_of_them_and_is_answered_once(world: World) -> None:
    customers = [await world.customer("CN") for _ in range(3)]

    await _says(world, "STOP")
    await world.deliver()

    for customer in customers:
        assert await _consents(world, customer) == [(ConsentStatus.WITHDRAWN, Channel.SMS)]
    assert len(world.sms.sent) == 1


async def test_what_is_not_understood_blocks_until_a_person_has_read_it(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS)
    await _says(world, "我想问一下这个是什么意思")
    await world.deliver()
    [reply] = await _replies(world, customer)
    held = (await world.now(answer)).status, await _holds(world, customer), reply.status

    await replying.settle(world.gateway, AGENT, reply.id, "explained by phone")
    later = await world.request(customer, Channel.SMS)
    await world.deliver()

    assert held == (ContactStatus.REFUSED, [HoldKind.UNREAD_REPLY], ReplyStatus.OPEN)
    assert await _holds(world, customer) == []
    assert (await world.now(later)).status is ContactStatus.SENT


async def test_the_last_of_several_unread_replies_lifts_what_blocks(world: World) -> None:
    customer = await world.customer("CN")
    await _says(world, "我失业了")
    await _says(world, "这笔钱不是我借的")
    first, second = await _replies(world, customer)

    await replying.settle(world.gateway, AGENT, first.id, "plan offered")
    between = await _holds(world, customer)
    await replying.settle(world.gateway, AGENT, second.id, "looked into")

    assert (between, await _holds(world, customer)) == ([HoldKind.UNREAD_REPLY], [])
    assert [first.meaning, second.meaning] == [Meaning.HARDSHIP, Meaning.DISPUTE]


async def test_a_wrong_persons_number_stays_closed_after_it_was_read(world: World) -> None:
    customer = await world.customer("CN")
    await _says(world, "打错了")
    [reply] = await _replies(world, customer)

    await replying.settle(world.gateway, AGENT, reply.id, "asked the customer for another number")
    answer = await world.request(customer, Channel.SMS)

    assert await _holds(world, customer) == [HoldKind.WRONG_PERSON]
    assert answer.contact.status is ContactStatus.REFUSED


async def test_help_is_answered_with_where_help_is_at_once(world: World) -> None:
    customer = await world.customer("CN")

    await _says(world, "帮助")
    await world.deliver()

    [answer] = world.sms.sent
    assert answer.text.count(world.gateway.settings.lender_phone) == 1
    assert await _holds(world, customer) == []


async def test_start_opens_what_stop_closed(world: World) -> None:
    customer = await world.customer("CN")
    await _says(world, "STOP")
    world.wait(minutes=1)
    await _says(world, "START")

    answer = await world.request(customer, Channel.SMS, not_before=world.clock() + timedelta(days=1))

    assert answer.contact.status is ContactStatus.SCHEDULED


async def test_a_mail_is_heard_by_its_address_however_it_is_written(world: World) -> None:
    customer = await world.customer("CN", NewPoint(Channel.EMAIL, "Wang.Fang@Mail.Example"))

    await _says(world, "Please stop sending me mails", sender="Wang.Fang@mail.EXAMPLE", ear=MAIL)

    assert await _consents(world, customer) == [(ConsentStatus.WITHDRAWN, Channel.EMAIL)]


async def test_what_a_stranger_wrote_waits_for_a_person(world: World) -> None:
    await _says(world, "who is this?", sender="+447911123456")

    async with world.gateway.database.read() as work:
        from gateway.store import pages  # noqa: PLC0415

        [reply] = (await pages.replies(work, pages.ReplyFilter(), pages.Window(10))).items
    # It begins the chain of the house, without which nothing of the house is looked at.
    await pausing.pause(world.gateway, AGENT, "a look", channel=Channel.EMAIL)
    await checking.check(world.gateway.database)
    settled = await replying.settle(world.gateway, AGENT, reply.id, "nobody we know")
    await checking.check(world.gateway.database)

    assert (reply.customer_id, reply.status, settled.status) == (None, ReplyStatus.OPEN, ReplyStatus.SETTLED)


async def test_what_was_written_is_on_record_as_the_customers_contact_and_can_be_answered(world: World) -> None:
    customer = await world.customer("CN")
    await _says(world, "什么时候到期?")
    [reply] = await _replies(world, customer)

    answer = await world.request(
        customer,
        Channel.SMS,
        purpose=Purpose.CUSTOMER_REPLY,
        in_reply_to=reply.outside_contact_id,
        variables={"answer": "11月30日到期。"},
    )
    await world.deliver()

    assert (await world.now(answer)).status is ContactStatus.SENT


async def test_a_reply_that_is_nobodys_to_settle_is_not_found(world: World) -> None:
    with pytest.raises(Unacceptable):
        await replying.settle(world.gateway, AGENT, "f" * 32, "note")


async def test_a_stop_stands_where_it_cannot_be_confirmed(world: World) -> None:
    customer = await world.customer("TEST")
    rulebooks = dict(world.gateway.rulebooks)
    del rulebooks[customer.jurisdiction]
    world.gateway.rulebooks = rulebooks

    await _says(world, "STOP")

    assert [status for status, _ in await _consents(world, customer)] == [ConsentStatus.WITHDRAWN]


async def test_a_number_that_is_a_strangers_is_closed_whatever_else_they_say(world: World) -> None:
    customer = await world.customer("CN")

    await _says(world, "wrong number, stop calling me")

    assert HoldKind.WRONG_PERSON in await _holds(world, customer)


@pytest.mark.parametrize("text", ["周五一定还清", "月底还清", "明天就付清"])
async def test_who_will_pay_disputes_nothing(world: World, text: str) -> None:
    customer = await world.customer("CN")

    await _says(world, text)

    [reply] = await _replies(world, customer)
    assert reply.meaning is not Meaning.DISPUTE
