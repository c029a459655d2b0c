"""Asking afterwards how we did: one score from 1 to 5, words if the customer likes, and whether they want a call.

Asked about a follow-up, an answer (to a question, a complaint, an application) and a call that reached the customer;
by the link in the message, by an agent, or by the lender's own app. One answer for one contact: the first stands.

    a score of 1 or 2   slows what is proposed, as silence does (`policies/cadence.py`); with words it is a complaint
    a call is wanted    a FOLLOW_UP is asked for in the callback queue, by the rules like any contact
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gateway import complaining, despair, survey_link
from gateway.callers import visible
from gateway.contact import Answer, accept_in, announce
from gateway.core import Gateway
from gateway.customers import refuse_if_erased
from gateway.model import (
    GATEWAY,
    LOW_SCORE,
    Caller,
    Complaint,
    Contact,
    ContactStatus,
    Customer,
    Role,
    SurveyAnswer,
    Unacceptable,
    UserErrorCode,
    problem,
)
from gateway.once import Once
from gateway.requests import RequestContact
from gateway.store import contacts, customers
from gateway.store import survey_answers as store
from gateway.store.contacts import Held
from gateway.store.faults import repeated
from gateway.store.work import Work
from gateway.wording import SURVEYED
from policies.facts import Channel, Purpose

LASTS = timedelta(days=30)
"""From when the contact was due: after that nobody is asked about it any more."""

BY_LINK = "customer"
"""Who recorded it: the customer, through the link, without a key."""

_LEFT = frozenset({ContactStatus.SENDING, ContactStatus.SENT, ContactStatus.DELIVERED, ContactStatus.UNCLEAR})


@dataclass(frozen=True, slots=True)
class Said:
    """What a customer answered."""

    score: int
    text: str | None = field(default=None, repr=False)
    wants_call: bool = False


@dataclass(frozen=True, slots=True)
class RecordSurveyAnswer:
    """`fingerprint` tells whether the same key comes with the same body."""

    contact_id: str
    idempotency_key: str
    fingerprint: str
    said: Said


class Standing(StrEnum):
    """What is to be done about a contact."""

    OPEN = "OPEN"  #: it may be answered
    ANSWERED = "ANSWERED"
    ENDED = "ENDED"
    UNKNOWN = "UNKNOWN"  #: there is none, or nothing is asked about it


@dataclass(frozen=True, slots=True)
class Survey:
    """A contact, and how its survey stands."""

    standing: Standing
    locale: str = "en"
    ends_at: datetime | None = None
    answer: SurveyAnswer | None = None


async def look(gateway: Gateway, caller: Caller, contact_id: str) -> Survey:
    """Raises `Unacceptable` where the caller sees no such contact."""
    async with gateway.database.read() as work:
        held = (await contacts.by_id(work, [contact_id])).get(contact_id)
        visible(caller, held.contact if held else None, "contactId")
        return await _survey(work, held)


async def by_link(gateway: Gateway, token: str) -> Survey:
    """What the link in a message leads to."""
    async with gateway.database.read() as work:
        return await _survey(work, await _of_token(gateway, work, token))


@repeated
async def answer_by_link(gateway: Gateway, token: str, said: Said) -> Survey:
    """As the survey stood before: where it was OPEN, the answer is now on record."""
    async with gateway.database.write() as work:
        held = await _of_token(gateway, work, token)
        if held is None:
            return Survey(Standing.UNKNOWN)
        customer_id = held.contact.customer_id
        await work.lock([customer_id])
        # Read again: whoever was waited for may have answered, or erased.
        before = await _survey(work, await _of_token(gateway, work, token))
        if before.standing is not Standing.OPEN:
            return before
        itself = Caller(BY_LINK, Role.CUSTOMER, BY_LINK, customer_id=customer_id)
        _, changed = await _record(gateway, work, itself, held, said)
    announce(gateway, changed, wake=True)
    return before


@repeated
async def record(gateway: Gateway, caller: Caller, wanted: RecordSurveyAnswer) -> tuple[SurveyAnswer, bool]:
    """Put an answer on record; whether the key was seen before. Raises `Unacceptable`."""
    async with gateway.database.write() as work:
        once = Once(caller.id, wanted.idempotency_key, "recordSurveyAnswer", wanted.fingerprint)
        if (before := await once.before(work)) is not None:
            return (await store.by_id(work, [before]))[before], True
        held = (await contacts.by_id(work, [wanted.contact_id])).get(wanted.contact_id)
        contact = visible(caller, held.contact if held else None, "contactId")
        await work.lock([contact.customer_id])
        await refuse_if_erased(work, contact.customer_id, "contactId")
        held = (await contacts.by_id(work, [wanted.contact_id]))[wanted.contact_id]
        _refuse_unless_open((await _survey(work, held)).standing)
        answer, changed = await _record(gateway, work, caller, held, wanted.said)
        await once.keep(work, answer.id)
    announce(gateway, changed, wake=True)
    return answer, False


def _refuse_unless_open(standing: Standing) -> None:
    match standing:
        case Standing.OPEN:
            return
        case Standing.ANSWERED:
            raise problem(UserErrorCode.CONFLICT, "was answered for before: the first answer stands", "contactId")
        case Standing.ENDED:
            message = f"was due more than {LASTS.days} days ago: nobody is asked about it any more"
            raise problem(UserErrorCode.TOO_LATE, message, "contactId")
        case Standing.UNKNOWN:
            message = "is no follow-up, answer or call that reached the customer: nothing is asked about it"
            raise problem(UserErrorCode.INVALID, message, "contactId")


def is_asked_about(held: Held) -> bool:
    """Whether a customer may be asked how it was: a call that reached them, or a message for their sake that left."""
    if held.channel is Channel.CALLBACK:
        return held.contact.status is ContactStatus.DELIVERED
    return held.contact.purpose in SURVEYED and held.contact.status in _LEFT


async def _of_token(gateway: Gateway, work: Work, token: str) -> Held | None:
    """Who asked to be forgotten is asked nothing more: their links lead nowhere."""
    contact_id = survey_link.contact_id(gateway.database.vault, token)
    held = (await contacts.by_id(work, [contact_id])).get(contact_id) if contact_id else None
    if held is None:
        return None
    try:
        await refuse_if_erased(work, held.contact.customer_id, "token")
    except Unacceptable:
        return None
    return held


async def _survey(work: Work, held: Held | None) -> Survey:
    if held is None or not is_asked_about(held):
        return Survey(Standing.UNKNOWN)
    contact = held.contact
    locale = (await customers.by_id(work, [contact.customer_id]))[contact.customer_id].locale
    ends_at = (contact.due_at or contact.created_at) + LASTS
    answer = await store.of_contact(work, contact.id)
    standing = Standing.ANSWERED if answer else Standing.ENDED if ends_at <= work.now else Standing.OPEN
    return Survey(standing, locale, ends_at, answer)


async def _record(
    gateway: Gateway, work: Work, caller: Caller, held: Held, said: Said
) -> tuple[SurveyAnswer, list[Contact]]:
    """The customer is locked. The contacts that were made by it, or taken back."""
    customer_id, answer_id = held.contact.customer_id, work.new_id()
    customer = (await customers.by_id(work, [customer_id]))[customer_id]
    complaint, changed = await _complained(work, caller, customer, held, said)
    call = await _call(gateway, work, customer, answer_id) if said.wants_call else None
    answer = SurveyAnswer(
        id=answer_id,
        customer_id=customer_id,
        contact_id=held.contact.id,
        score=said.score,
        text=said.text,
        wants_call=said.wants_call,
        recorded_at=work.now,
        recorded_by=caller.name,
        complaint_id=complaint.id if complaint else None,
        call_id=call.id if call else None,
    )
    await store.add(work, answer, caller)
    return answer, [*changed, *([call] if call else [])]


async def _complained(
    work: Work, caller: Caller, customer: Customer, held: Held, said: Said
) -> tuple[Complaint | None, list[Contact]]:
    """Whoever says that they were treated badly, and how, has complained: a person answers it."""
    if said.score > LOW_SCORE or said.text is None:
        return None, await despair.heard(work, caller, customer.id, said.text)
    return await complaining.put_on_record(
        work, caller, customer.id, text=said.text, at=work.now, contact_id=held.contact.id
    )


async def _call(gateway: Gateway, work: Work, customer: Customer, answer_id: str) -> Contact | None:
    wanted = RequestContact(
        caller=GATEWAY,
        idempotency_key=f"survey:{answer_id}",
        fingerprint=answer_id,
        customer_id=customer.id,
        purpose=Purpose.FOLLOW_UP,
        channels=(Channel.CALLBACK,),
    )
    [accepted] = await accept_in(gateway, work, [wanted])
    return accepted.contact if isinstance(accepted, Answer) else None
