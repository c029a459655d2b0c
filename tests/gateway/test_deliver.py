"""Delivery: what falls due is decided again, leaves once, and its outcome is on record."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from channels.base import Accepted, Message, OutcomeUnknown, PermanentFailure, TemporaryFailure
from gateway import contact, ending
from gateway.model import AttemptOutcome, ContactStatus, Unacceptable
from gateway.requests import NewPoint
from gateway.settling import Closing
from policies.facts import BillStatus, Channel, Party, Purpose
from tests.world import COMPLIANCE, SERVICE, World


async def test_a_text_leaves_with_the_bills_facts_and_is_on_record(world: World) -> None:
    customer = await world.customer("CN")
    bill = await world.bill(customer, amount=Decimal("1234.50"), due_on=date(2026, 11, 14))
    answer = await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)

    await world.deliver()

    [message] = world.sms.sent
    [attempt] = await world.attempts(answer)
    assert message.to == "+8613900000000"
    assert "1,234.50" in message.text
    assert "10" in message.text  # days overdue
    assert message.reference == attempt.id
    assert attempt.outcome is AttemptOutcome.ACCEPTED
    settled = await world.now(answer)
    assert settled.status is ContactStatus.SENT
    assert settled.message == message.text
    assert settled.template_version is not None


async def test_the_attempt_is_on_record_before_anything_leaves(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS)

    [dispatch] = await contact.open_due(world.gateway, 64)

    [attempt] = await world.attempts(answer)
    assert attempt.outcome is AttemptOutcome.OPEN
    assert world.sms.sent == []
    assert dispatch.attempt is not None
    assert (await world.now(answer)).status is ContactStatus.SENDING


async def test_nothing_leaves_before_its_time(world: World) -> None:
    customer = await world.customer("US")
    answer = await world.request(customer, Channel.SMS)

    world.clock.advance(datetime(2026, 11, 24, 12, 59, 59, tzinfo=UTC))
    await world.deliver()
    assert world.sms.sent == []

    world.clock.advance(datetime(2026, 11, 24, 13, 0, tzinfo=UTC))
    await world.deliver()
    assert len(world.sms.sent) == 1
    assert (await world.now(answer)).status is ContactStatus.SENT


async def test_what_fell_due_too_late_in_the_day_waits_for_the_morning(world: World) -> None:
    customer = await world.customer("CN")
    world.clock.advance(datetime(2026, 11, 24, 13, 59, tzinfo=UTC))  # 21:59 in Shanghai
    answer = await world.request(customer, Channel.SMS)
    world.wait(minutes=1)

    await world.deliver()

    assert world.sms.sent == []
    waiting = await world.now(answer)
    assert waiting.status is ContactStatus.SCHEDULED
    assert waiting.due_at == datetime(2026, 11, 25, 0, tzinfo=UTC)


async def test_the_provider_is_told_until_when_it_may_deliver(world: World) -> None:
    customer = await world.customer("CN")
    await world.request(customer, Channel.SMS)

    await world.deliver()

    assert world.sms.sent[0].valid_for == timedelta(hours=10)  # 22:00 less noon


async def test_consent_withdrawn_meanwhile_stops_what_was_queued(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS)
    await world.withdraw(customer)

    await world.deliver()

    assert world.sms.sent == []
    assert (await world.now(answer)).status is ContactStatus.REFUSED
    assert await world.slots() == []


async def test_a_bill_paid_meanwhile_is_not_asked_for(world: World) -> None:
    customer = await world.customer("CN")
    bill = await world.bill(customer, reference="B-paid", account="A-paid")
    answer = await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)
    await world.bill(customer, reference="B-paid", account="A-paid", status=BillStatus.PAID)

    await world.deliver()

    assert world.sms.sent == []
    assert (await world.now(answer)).status is ContactStatus.CANCELLED


async def test_a_temporary_failure_is_tried_again_later_each_time_after_a_longer_wait(world: World) -> None:
    customer = await world.customer("CN")
    world.sms.answer_next(TemporaryFailure("busy"), TemporaryFailure("busy"))
    answer = await world.request(customer, Channel.SMS)

    waits = []
    for _ in range(3):
        await world.deliver()
        due_at = (await world.now(answer)).due_at
        assert due_at is not None
        waits.append(due_at - world.clock())
        world.clock.advance(max(due_at, world.clock()))

    assert waits[:2] == [timedelta(seconds=60), timedelta(seconds=120)]
    assert [one.outcome for one in await world.attempts(answer)] == [
        AttemptOutcome.TEMPORARY_FAILURE,
        AttemptOutcome.TEMPORARY_FAILURE,
        AttemptOutcome.ACCEPTED,
    ]
    assert (await world.now(answer)).status is ContactStatus.SENT


async def test_the_providers_own_wait_is_honoured(world: World) -> None:
    customer = await world.customer("CN")
    world.sms.answer_next(TemporaryFailure("busy", retry_after=timedelta(minutes=30)))
    answer = await world.request(customer, Channel.SMS)

    await world.deliver()

    assert (await world.now(answer)).due_at == world.clock() + timedelta(minutes=30)


async def test_a_channel_that_fails_for_good_gives_way_to_the_next(world: World) -> None:
    customer = await world.customer("CN")
    world.sms.answer_next(PermanentFailure("blocked"))
    answer = await world.request(customer, Channel.SMS, Channel.EMAIL)

    await world.deliver()
    await world.deliver()

    assert len(world.email.sent) == 1
    assert [(one.number, one.channel) for one in await world.attempts(answer)] == [(1, Channel.SMS), (2, Channel.EMAIL)]
    assert (await world.now(answer)).status is ContactStatus.SENT


async def test_when_every_channel_has_failed_the_contact_has_failed(world: World) -> None:
    customer = await world.customer("CN")
    world.sms.answer_next(PermanentFailure("blocked"))
    answer = await world.request(customer, Channel.SMS)

    await world.deliver()

    assert (await world.now(answer)).status is ContactStatus.FAILED
    assert [reach for reach, _ in await world.slots()] == ["ATTEMPTED"]


async def test_a_bad_address_is_not_used_again_and_another_one_is_tried(world: World) -> None:
    points = (NewPoint(Channel.SMS, "+8613900000000"), NewPoint(Channel.SMS, "+8613900000001"))
    customer = await world.customer("CN", *points)
    world.sms.answer_next(PermanentFailure("no such number", bad_address=True))
    await world.request(customer, Channel.SMS)

    await world.deliver()
    await world.deliver()

    assert [message.to for message in world.sms.sent] == ["+8613900000001"]
    assert [point.usable for point in await world.points(customer)] == [False, True]


async def test_a_lost_answer_makes_the_contact_unclear_and_it_is_never_sent_again(world: World) -> None:
    customer = await world.customer("CN")
    world.sms.answer_next(OutcomeUnknown("cut"))
    answer = await world.request(customer, Channel.SMS, Channel.EMAIL)

    for _ in range(3):
        await world.deliver()
        world.wait(days=1)

    assert len(world.sms.sent) == 1
    assert world.email.sent == []
    assert (await world.now(answer)).status is ContactStatus.UNCLEAR
    assert [reach for reach, _ in await world.slots()] == ["PENDING"]


async def test_a_bug_in_an_adapter_counts_as_unclear(world: World) -> None:
    customer = await world.customer("CN")
    await world.sms.close()
    answer = await world.request(customer, Channel.SMS)

    await world.deliver()

    assert (await world.now(answer)).status is ContactStatus.UNCLEAR


async def test_an_attempt_whose_worker_died_becomes_unknown_after_its_lease(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS)
    [dispatch] = await contact.open_due(world.gateway, 64)
    world.gateway.in_flight.clear()  # as after a restart

    world.wait(seconds=89)
    assert await ending.reclaim(world.gateway) == 0
    world.wait(seconds=1)
    assert await ending.reclaim(world.gateway) == 1

    assert (await world.now(answer)).status is ContactStatus.UNCLEAR
    assert [one.outcome for one in await world.attempts(answer)] == [AttemptOutcome.UNKNOWN]
    assert await world.deliver() == 0
    assert dispatch.attempt is not None


async def test_an_answer_that_comes_after_the_lease_still_counts(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS)
    [dispatch] = await contact.open_due(world.gateway, 64)
    world.gateway.in_flight.clear()
    world.wait(minutes=5)
    await ending.reclaim(world.gateway)

    await contact.close(world.gateway, [Closing(dispatch, Accepted("m-1"))])

    assert (await world.now(answer)).status is ContactStatus.SENT
    assert [one.outcome for one in await world.attempts(answer)] == [AttemptOutcome.ACCEPTED]


async def test_an_expired_contact_is_not_sent(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS, expires_at=world.clock() + timedelta(minutes=5))
    world.wait(minutes=5)

    await world.deliver()

    assert world.sms.sent == []
    assert (await world.now(answer)).status is ContactStatus.EXPIRED
    assert await world.slots() == []


async def test_a_cancelled_contact_is_not_sent_and_frees_its_slot(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS)

    cancelled = await ending.cancel(world.gateway, SERVICE, answer.contact.id, "paid by phone")
    again = await ending.cancel(world.gateway, SERVICE, answer.contact.id, None)
    await world.deliver()

    assert cancelled.status is ContactStatus.CANCELLED
    assert again.cancel_reason == "paid by phone"
    assert world.sms.sent == []
    assert await world.slots() == []


async def test_what_has_left_cannot_be_taken_back(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS)
    await world.deliver()

    with pytest.raises(Unacceptable, match="can no longer be taken back"):
        await ending.cancel(world.gateway, SERVICE, answer.contact.id, None)


@pytest.mark.parametrize(
    ("delivered", "status", "reach"),
    [(True, ContactStatus.DELIVERED, "DELIVERED"), (False, ContactStatus.FAILED, "ATTEMPTED")],
)
async def test_a_person_settles_what_is_unclear(
    world: World, delivered: bool, status: ContactStatus, reach: str
) -> None:
    customer = await world.customer("CN")
    world.sms.answer_next(OutcomeUnknown("cut"))
    answer = await world.request(customer, Channel.SMS)
    await world.deliver()

    await ending.settle(world.gateway, COMPLIANCE, answer.contact.id, delivered, "asked the customer")

    assert (await world.now(answer)).status is status
    assert [one for one, _ in await world.slots()] == [reach]
    [attempt] = await world.attempts(answer)
    assert (attempt.detail, attempt.note) == ("settled by a person", "asked the customer")


async def test_only_what_is_unclear_is_settled_by_a_person(world: World) -> None:
    customer = await world.customer("CN")
    answer = await world.request(customer, Channel.SMS)

    with pytest.raises(Unacceptable, match="only an UNCLEAR one"):
        await ending.settle(world.gateway, COMPLIANCE, answer.contact.id, True, "no")


async def test_a_shared_number_gets_no_word_of_the_debt(world: World) -> None:
    customer = await world.customer("CN", NewPoint(Channel.SMS, "+8613900000000", shared=True))
    bill = await world.bill(customer)
    await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)

    await world.deliver()

    [message] = world.sms.sent
    assert "1,234.50" not in message.text
    assert "逾期" not in message.text


async def test_a_mail_carries_the_address_of_its_one_click_page(world: World) -> None:
    customer = await world.customer("CN")
    await world.request(customer, Channel.EMAIL)

    await world.deliver()

    [message] = world.email.sent
    [_, point] = await world.points(customer)
    assert message.unsubscribe_url == f"http://127.0.0.1:8000/unsubscribe/{point.unsubscribe_token}"


async def test_a_retry_counts_where_attempts_count_and_frees_its_slot_where_contacts_count(world: World) -> None:
    customer = await world.customer("CN")  # one text a day, counted as contacts
    world.sms.answer_next(TemporaryFailure("busy"))
    answer = await world.request(customer, Channel.SMS)
    await world.deliver()
    world.wait(minutes=1)

    await world.deliver()

    assert (await world.now(answer)).status is ContactStatus.SENT
    assert [reach for reach, _ in await world.slots()] == ["ATTEMPTED", "ACCEPTED"]


async def test_messages_do_not_print_what_is_personal(world: World) -> None:
    message = Message("id", "+8613900000000", "text", subject="subject")

    assert "13900000000" not in repr(message)


async def test_a_warning_waits_until_the_reminder_has_had_its_days(world: World) -> None:
    customer = await world.customer("CN")
    bill = await world.bill(customer)
    early = await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_WARNING, bill_id=bill.id)
    await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)
    await world.deliver()

    warning = await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_WARNING, bill_id=bill.id)

    assert early.contact.status is ContactStatus.REFUSED
    assert warning.contact.due_at == datetime(2026, 11, 27, 0, tzinfo=UTC)  # three days on, when Shanghai opens


async def test_nobody_falls_back_to_a_relative(world: World) -> None:
    """A guarantor may be contacted by law, but only where the caller names the point."""
    points = (
        NewPoint(Channel.SMS, "+8613900000000"),
        NewPoint(Channel.SMS, "+8613900000001", party=Party.GUARANTOR),
    )
    customer = await world.customer("CN", *points)
    [own, guarantors] = await world.points(customer)
    await world.withdraw(customer, contact_point_id=own.id)

    answer = await world.request(customer, Channel.SMS)
    named = await world.preview(customer, Channel.SMS, contact_point_id=guarantors.id)

    assert answer.contact.status is ContactStatus.REFUSED
    assert answer.decisions[-1].contact_point_id == own.id
    assert named.outcome == "ALLOW"


async def test_a_withdrawal_reaches_what_is_queued_at_once(world: World) -> None:
    customer = await world.customer("US")
    answer = await world.request(customer, Channel.SMS)  # waits for the morning
    await world.withdraw(customer)

    await world.deliver()

    assert (await world.now(answer)).status is ContactStatus.REFUSED


async def test_what_is_still_allowed_waits_as_before(world: World) -> None:
    customer = await world.customer("US")
    answer = await world.request(customer, Channel.SMS)
    await world.withdraw(customer, channel=Channel.EMAIL)

    await world.deliver()

    waiting = await world.now(answer)
    assert (waiting.status, waiting.due_at) == (ContactStatus.SCHEDULED, answer.contact.due_at)
