"""Asking afterwards how we did: about what, how often, and what an answer leads to."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway import callbacks, campaigns, complaining, erasing, exporting, surveying
from gateway.audit.checking import check
from gateway.campaigns import Campaign
from gateway.complaining import FileComplaint
from gateway.contact import Answer
from gateway.model import Caller, CallResult, ContactStatus, Customer, Role, SurveyAnswer, Unacceptable
from gateway.requests import RecordCall
from gateway.store import complaints, reactions, survey_answers, timeline
from gateway.store.campaigns import CampaignFilter
from gateway.store.pages import Window
from gateway.store.reactions import ReactionKind
from gateway.surveying import LASTS, RecordSurveyAnswer, Said, Standing
from gateway.timeline import say
from policies.facts import Channel, Purpose
from tests.world import AGENT, COMPLIANCE, SERVICE, World, open_world

WORDS = "You called me at work"


async def followed_up(world: World, customer: Customer, **more: Any) -> Answer:
    answer = await world.request(customer, Channel.SMS, **more)
    await world.deliver()
    return answer


async def recorded(world: World, contact: Answer, score: int, **more: Any) -> SurveyAnswer:
    caller = more.pop("caller", AGENT)
    key, body = more.pop("key", f"key {contact.contact.id}"), more.pop("fingerprint", "body")
    wanted = RecordSurveyAnswer(contact.contact.id, key, body, Said(score, **more))
    return (await surveying.record(world.gateway, caller, wanted))[0]


async def answers_of(world: World, customer: Customer) -> list[SurveyAnswer]:
    async with world.gateway.database.read() as work:
        return (await survey_answers.of_customers(work, [customer.id])).get(customer.id, [])


async def standing(world: World, contact: Answer) -> Standing:
    return (await surveying.look(world.gateway, SERVICE, contact.contact.id)).standing


async def test_an_answer_is_on_record_as_it_was_given(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        contact = await followed_up(world, customer)

        answer = await recorded(world, contact, 4, text="Fine, thank you")

        assert (answer.score, answer.text, answer.wants_call, answer.recorded_by) == (4, "Fine, thank you", False, "Li")
        assert (answer.recorded_at, answer.complaint_id, answer.call_id) == (world.clock(), None, None)
        assert await answers_of(world, customer) == [answer]
        assert "Fine" not in repr(answer)


async def test_what_a_customer_wrote_is_sealed_where_it_lies(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        contact = await followed_up(world, await world.customer("TEST"))
        await recorded(world, contact, 4, text=WORDS)

        async with world.gateway.database.read() as work:
            [row] = await work.all(text("SELECT * FROM survey_answer"))

        assert WORDS not in str(row)


async def test_the_first_answer_stands(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        contact = await followed_up(world, customer)
        first = await recorded(world, contact, 4, key="1")

        again = await recorded(world, contact, 4, key="1")
        with pytest.raises(Unacceptable, match="used before"):
            await recorded(world, contact, 1, key="1", fingerprint="another")
        with pytest.raises(Unacceptable, match="first answer stands"):
            await recorded(world, contact, 1, key="2")

        assert again == first
        assert await answers_of(world, customer) == [first]
        assert await standing(world, contact) is Standing.ANSWERED


async def test_nobody_is_asked_about_a_demand_or_about_what_has_not_left(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        bill = await world.bill(customer)
        demand = await followed_up(world, customer, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)
        waiting = await world.request(customer, Channel.EMAIL, not_before=world.clock() + timedelta(hours=1))

        for contact in (demand, waiting):
            assert await standing(world, contact) is Standing.UNKNOWN
            with pytest.raises(Unacceptable, match="nothing is asked about it"):
                await recorded(world, contact, 5)


async def test_a_settled_complaint_may_be_asked_about(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        complaint, _ = await complaining.file(
            world.gateway, AGENT, FileComplaint(customer.id, "1", "body", "too often")
        )
        _, told, _ = await complaining.settle(world.gateway, AGENT, complaint.id, "我们会减少联系。")
        assert told is not None
        await world.deliver()

        assert await standing(world, Answer(told, (), replayed=False)) is Standing.OPEN


async def test_a_call_is_asked_about_once_it_reached_the_customer(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        bill = await world.bill(customer)
        call = await world.request(
            customer, Channel.CALLBACK, bill_id=bill.id, purpose=Purpose.PLAN_OFFER, is_callback=True,
            not_before=world.clock(),
        )  # fmt: skip
        claimed, _ = await callbacks.claim(world.gateway, AGENT, "claim")
        assert claimed is not None
        before = await standing(world, call)
        await callbacks.record(world.gateway, AGENT, RecordCall(claimed.id, "1", "body", CallResult.CONVERSATION))

        assert before is Standing.UNKNOWN
        assert await standing(world, call) is Standing.OPEN


async def test_after_a_month_nobody_is_asked_any_more(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        contact = await followed_up(world, await world.customer("TEST"))
        world.wait(seconds=LASTS.total_seconds() - 1)
        last_second = await standing(world, contact)

        world.wait(seconds=1)

        assert last_second is Standing.OPEN
        assert await standing(world, contact) is Standing.ENDED
        with pytest.raises(Unacceptable, match="more than 30 days ago"):
            await recorded(world, contact, 5)


async def test_customers_answer_for_their_own_contacts(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        mine, theirs = await world.customer("TEST"), await world.customer("TEST")
        own, other = await followed_up(world, mine), await followed_up(world, theirs)
        self_ = Caller("d" * 32, Role.CUSTOMER, "app", customer_id=mine.id)

        await recorded(world, own, 5, caller=self_)
        with pytest.raises(Unacceptable, match="no such contact"):
            await recorded(world, other, 1, caller=self_)
        with pytest.raises(Unacceptable, match="no such contact"):
            await surveying.look(world.gateway, self_, other.contact.id)

        assert (len(await answers_of(world, mine)), await answers_of(world, theirs)) == (1, [])


@pytest.mark.parametrize(
    ("score", "words", "is_complaint"), [(1, WORDS, True), (2, WORDS, True), (3, WORDS, False), (1, None, False)]
)
async def test_a_low_score_with_words_is_a_complaint(
    tmp_path: Path, score: int, words: str | None, is_complaint: bool
) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        bill = await world.bill(customer)
        contact = await followed_up(world, customer)

        answer = await recorded(world, contact, score, text=words)

        async with world.gateway.database.read() as work:
            found = (await complaints.of_customers(work, [customer.id])).get(customer.id, [])
        assert [(one.id, one.text, one.contact_id) for one in found] == (
            [(answer.complaint_id, WORDS, contact.contact.id)] if is_complaint else []
        )
        demand = await world.request(
            customer, Channel.EMAIL, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id,
        )  # fmt: skip
        assert demand.contact.status is (ContactStatus.REFUSED if is_complaint else ContactStatus.SCHEDULED)


async def test_who_wants_a_call_stands_in_the_queue_by_the_rules(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        contact = await followed_up(world, await world.customer("CN"))

        answer = await recorded(world, contact, 1, text=WORDS, wants_call=True)

        assert answer.call_id is not None
        call = (await world.held(answer.call_id)).contact
        assert (call.purpose, call.channels) == (Purpose.FOLLOW_UP, (Channel.CALLBACK,))
        assert call.status is ContactStatus.SCHEDULED


async def test_reactions_tell_low_scores_from_others(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        for score in (2, 3, 1):
            await recorded(world, await followed_up(world, customer), score)
            world.wait(days=3)

        async with world.gateway.database.read() as work:
            found = (await reactions.of_customers(work, [customer.id], customer.created_at))[customer.id]

        kinds = ReactionKind
        assert [one.kind for one in found] == [kinds.LOW_SCORE, kinds.SURVEY, kinds.LOW_SCORE]
        assert reactions.low_scores(found) == 1
        assert reactions.low_scores(found[:1]) == 1
        assert reactions.low_scores(found[:2]) == 0


@pytest.mark.parametrize(("score", "is_slower"), [(1, True), (2, True), (3, False)])
async def test_a_low_score_slows_what_is_proposed(tmp_path: Path, score: int, is_slower: bool) -> None:
    """Reminders are five days apart, and seven and a half for who was not content."""
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        bill = await world.bill(customer, due_on=date(2026, 11, 20))
        await world.request(customer, Channel.SMS, purpose=Purpose.OVERDUE_REMINDER, bill_id=bill.id)
        asked = await followed_up(world, customer)
        await recorded(world, asked, score)
        world.wait(days=6)

        page = await campaigns.plan_page(
            world.gateway, Campaign(SERVICE, CampaignFilter(), dry_run=True), after=None, limit=10
        )

        assert [one.purpose for one in page.proposals] == ([] if is_slower else [Purpose.OVERDUE_REMINDER])
        assert [reason.code for _, reason in page.nothing] == (["pause"] if is_slower else [])


async def test_the_timeline_the_export_and_the_log_hold_it(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        contact = await followed_up(world, customer)
        await recorded(world, contact, 4, text=WORDS)

        exported = await exporting.export(
            world.gateway, Caller("d" * 32, Role.CUSTOMER, "app", customer_id=customer.id), customer.id
        )
        checked = await check(world.gateway.database)
        async with world.gateway.database.read() as work:
            last = (await timeline.entries(work, customer.id, Window(1, backward=True))).items[0]

        [answer] = exported["survey_answer"]
        assert (answer["score"], answer["text"]) == (4, WORDS)
        assert "recorded_by" not in answer
        assert (last.kind, last.contact_id) == ("survey_answer", contact.contact.id)
        assert say(last, "en") == "The customer was asked how we did, and gave 4 of 5."
        assert say(last, "zh") == "回访问卷评分：4分（满分5分）。"
        assert checked.entries > 0


async def test_after_an_erasure_the_words_are_gone_and_nobody_answers_any_more(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        answered = await followed_up(world, customer)
        open_ = await world.request(customer, Channel.EMAIL)
        await world.deliver()
        await recorded(world, answered, 4, text=WORDS)

        await erasing.erase(world.gateway, COMPLIANCE, customer.id, "asked by mail")
        with pytest.raises(Unacceptable, match="forgotten"):
            await recorded(world, open_, 5)
        world.wait(days=365 * 8)
        await erasing.erase(world.gateway, COMPLIANCE, customer.id, "asked by mail")

        assert [one.text for one in await answers_of(world, customer)] == ["(erased)"]
        await check(world.gateway.database)
