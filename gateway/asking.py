"""May this customer be contacted, when, and why? The same facts and rules as sending; nothing is recorded."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.accepting import visible_bill, visible_customer
from gateway.core import Gateway
from gateway.hardship import assessments, diverted
from gateway.known import Known, Subject
from gateway.model import Caller, ContactPoint, UserErrorCode, problem
from gateway.planning import of_channel
from gateway.requests import Question, RequestContact
from gateway.store.work import Work
from policies.decision import Decision
from policies.engine import decide
from policies.facts import Channel
from policies.hardship import NOTHING, NOTICES, Assessment
from policies.holidays import UncoveredYear


async def preview(
    gateway: Gateway, caller: Caller, question: Question, channel: Channel
) -> tuple[Decision, Assessment | None]:
    """The decision for one channel, at any instant, past or future. Raises `Unacceptable`.

    And how hard paying is, where that makes a notice the offer of a plan, or a call about it: of that is the decision.
    """
    async with gateway.database.read() as work:
        known = await _known(gateway, work, question)
        customer = visible_customer(known, caller, question.customer_id)
        asked = RequestContact(
            caller, "", "", customer.id, question.purpose, bill_id=question.bill_id, channels=(channel,)
        )
        assessed = NOTHING
        if question.purpose in NOTICES:
            assessed = (await assessments(gateway, work, [customer.id], known.others))[customer.id]
        done = diverted(asked, assessed, can_be_called=known.can_be_called(customer.id))
        about = replace(question, purpose=done.purpose)
        if done.channels != asked.channels:
            # It is a call: who has the number decides which address.
            about = replace(about, contact_point_id=None)
        [decision] = _decided(gateway, work, known, caller, about, done.channels)
        return decision, None if done is asked else assessed


async def next_allowed(
    gateway: Gateway, caller: Caller, question: Question, channels: Sequence[Channel]
) -> list[Decision]:
    """One decision per channel, in order: its `next_allowed_at` is the first instant, or None for never."""
    async with gateway.database.read() as work:
        return _decided(gateway, work, await _known(gateway, work, question), caller, question, channels)


async def _known(gateway: Gateway, work: Work, question: Question) -> Known:
    bill_ids = [question.bill_id] if question.bill_id else []
    return await Known.load(gateway, work, [question.customer_id], bill_ids)


def _decided(
    gateway: Gateway, work: Work, known: Known, caller: Caller, question: Question, channels: Sequence[Channel]
) -> list[Decision]:
    customer = visible_customer(known, caller, question.customer_id)
    subject = Subject(
        customer_id=customer.id,
        purpose=question.purpose,
        bill=visible_bill(known, customer, question.bill_id),
        evidence=question.purpose in caller.purposes,
        awaited=True,
    )
    point = _point(known, question)
    rulebook = gateway.rulebooks[customer.jurisdiction]
    at = question.at or work.now
    try:
        if point is not None:
            return [decide(known.facts(subject, channel, point), at, rulebook) for channel in channels]
        return [of_channel(known, rulebook, subject, channel, at) for channel in channels]
    except UncoveredYear as uncovered:
        raise problem(UserErrorCode.INVALID, str(uncovered), "at") from None


def _point(known: Known, question: Question) -> ContactPoint | None:
    if question.contact_point_id is None:
        return None
    for point in known.points.get(question.customer_id, ()):
        if point.id == question.contact_point_id:
            return point
    message = "the customer has no such contact point"
    raise problem(UserErrorCode.NOT_FOUND, message, "contactPointId")
