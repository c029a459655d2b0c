"""A customer answers a message. What it means is read by fixed words (`policies/replies.py`), and acted on at once.

    STOP           withdrawn, for that address; confirmed once
    STOP_ALL       withdrawn, for everything; confirmed once; a person reads it
    START          granted again, for that address
    HELP           answered with where help is
    WRONG_PERSON   nothing more to that address; a person reads it
    COMPLAINT      a complaint on record: demands pause until it is settled (`complaining.py`); a person reads it
    HARDSHIP       a signal of it, and notices that wait are taken back (`relief.py`); a person reads it
    anything else  nothing more to the customer until a person has read it
    words of suicide or self-harm, whatever else is said: nothing more until a person lifts the hold (`despair.py`)

Everything that was written is on record as a contact by the customer, in the same transaction as what it led to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from channels import base
from gateway import addresses, complaining, despair, relief
from gateway.callers import may_see
from gateway.contact import Answer, accept_in, announce
from gateway.core import Gateway
from gateway.model import (
    GATEWAY,
    WEBHOOK,
    Caller,
    ConsentEntry,
    Contact,
    ContactPoint,
    Customer,
    HoldEntry,
    OutsideContact,
    OutsideResult,
    Reply,
    ReplyStatus,
    UserErrorCode,
    problem,
)
from gateway.requests import RequestContact
from gateway.store import contacts, customers, replies
from gateway.store.faults import repeated
from gateway.store.work import Work
from policies.facts import Channel, ConsentStatus, HoldKind, Initiator, Medium, Purpose
from policies.replies import Meaning, is_urgent, understand

CUSTOMER = "customer"
"""Who recorded it: the customer, by what they wrote, without a key."""

CONFIRMED_WITHIN = timedelta(minutes=5)

_MEDIA = {Channel.SMS: Medium.SMS, Channel.EMAIL: Medium.EMAIL, Channel.CALLBACK: Medium.VOICE}

_HELP = {
    "zh": "我们可以为您提供帮助、商量延期，也可以处理异议。",
    "en": "We can help, look for more time with you, or look into what you dispute.",
}
"""What the template of an answer goes on with: where to reach us, and how to stop."""

log = structlog.get_logger(__name__)

_STOPPED_ALL = "opt_out_all"
"""The template that tells who wants no contact at all what has stopped."""


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote, and every contact point it may have come from. A number can be several customers'."""

    reply: base.Reply
    channel: Channel
    address: str = field(repr=False)
    points: tuple[ContactPoint, ...]


async def sender(work: Work, channel: Channel, reply: base.Reply) -> Written:
    """Who may have written it."""
    try:
        address = addresses.read(channel, reply.sender, "").text
    except addresses.BadAddress:
        address = reply.sender
    return Written(reply, channel, address, tuple(await replies.points_at(work, channel, address)))


async def answer(gateway: Gateway, work: Work, provider: str, written: Written) -> list[Contact]:
    """Record it for every customer it may be of, and act on it; who wrote it gets at most one answer.

    The customers are locked. The contacts that were made by it, or taken back.
    """
    understood, urgent = understand(written.reply.text), is_urgent(written.reply.text)
    found = await customers.by_id(work, {point.customer_id for point in written.points})
    if not found:
        reply = _reply(work, provider, written, understood.meaning, None, None, None, urgent=urgent)
        await replies.add(work, reply)
        if urgent:
            log.warning("a person must look at this reply now", reply=reply.id)
        return []
    made: list[Contact] = []
    taken_back: list[Contact] = []
    for point in {point.customer_id: point for point in reversed(written.points)}.values():
        customer = found[point.customer_id]
        is_repeated = await _said_before(work, written, point, understood.meaning)
        outside = await _on_record(work, provider, written, point)
        taken_back += await despair.heard(work, GATEWAY, customer.id, written.reply.text)
        hold = await _act(work, written, customer, point, understood.meaning)
        if Meaning.WRONG_PERSON in understood.also:
            # "Wrong number, stop calling": whatever else was said, this number is not theirs.
            await _hold(work, customer, HoldKind.WRONG_PERSON, point.id)
        is_open = _needs_a_person(understood.meaning, understood.also) or urgent
        if is_open and hold is None:
            # They said stop, and more: whatever it is, nothing is sent before somebody has read it.
            hold = await _hold(work, customer, HoldKind.UNREAD_REPLY, None)
        reply = _reply(
            work,
            provider,
            written,
            understood.meaning,
            point,
            outside,
            hold,
            is_open=is_open,
            urgent=urgent,
        )
        await replies.add(work, reply)
        said = (understood.meaning, *understood.also)
        if Meaning.COMPLAINT in said:
            taken_back += await complaining.heard(work, reply)
        if Meaning.HARDSHIP in said:
            taken_back += await relief.heard(gateway, work, reply)
        await contacts.reconsider(work, customer.id)
        # Who despairs is answered by a person, not by a machine that confirms.
        if not made and not is_repeated and not urgent:
            made = await _answered(gateway, work, written, customer, outside, understood.meaning)
    return [*taken_back, *made]


def _needs_a_person(meaning: Meaning, also: Sequence[Meaning]) -> bool:
    return bool(also) or meaning not in (Meaning.STOP, Meaning.START, Meaning.HELP)


async def _on_record(work: Work, provider: str, written: Written, point: ContactPoint) -> OutsideContact:
    """A contact that the customer began. It is what an answer answers."""
    id_ = work.new_id()
    outside = OutsideContact(
        id=id_,
        customer_id=point.customer_id,
        # Its own id beside the provider's: a provider may count anew, and two customers may share a number.
        reference=f"{written.reply.id}:{id_}",
        medium=_MEDIA[written.channel],
        result=OutsideResult.DELIVERED,
        initiator=Initiator.CUSTOMER,
        at=_at(work, written),
        purpose=None,
        account_ids=(),
        contact_point_id=point.id,
    )
    await customers.add_outside(
        work, outside, note=written.reply.text, fingerprint=written.reply.id, caller_id=f"{WEBHOOK}{provider}"
    )
    return outside


async def _act(
    work: Work, written: Written, customer: Customer, point: ContactPoint, meaning: Meaning
) -> HoldEntry | None:
    """What the words change. The hold they lead to, where they lead to one."""
    match meaning:
        case Meaning.STOP:
            await _consent(work, written, point, ConsentStatus.WITHDRAWN)
        case Meaning.STOP_ALL:
            await _consent(work, written, point, ConsentStatus.WITHDRAWN, everything=True)
        case Meaning.START:
            await _consent(work, written, point, ConsentStatus.GRANTED)
        case Meaning.HELP:
            pass
        case Meaning.WRONG_PERSON:
            return await _hold(work, customer, HoldKind.WRONG_PERSON, point.id)
        case _:
            return await _hold(work, customer, HoldKind.UNREAD_REPLY, None)
    return None


async def _said_before(work: Work, written: Written, point: ContactPoint, meaning: Meaning) -> bool:
    """Whether this withdrawal stands already: the ledger says it again, and it is confirmed once."""
    ledger = await customers.consents_of(work, [point.customer_id])
    match meaning:
        case Meaning.STOP:
            said = [one.status for one in ledger if one.contact_point_id == point.id and one.channel is written.channel]
        case Meaning.STOP_ALL:
            said = [
                one.status for one in ledger if (one.contact_point_id, one.channel, one.purpose) == (None, None, None)
            ]
        case _:
            return False
    return bool(said) and said[-1] is ConsentStatus.WITHDRAWN


async def _consent(
    work: Work, written: Written, point: ContactPoint, status: ConsentStatus, *, everything: bool = False
) -> None:
    entry = ConsentEntry(
        id=work.new_id(),
        customer_id=point.customer_id,
        status=status,
        channel=None if everything else written.channel,
        contact_point_id=None if everything else point.id,
        purpose=None,
        source="reply",
        at=work.now,
    )
    await customers.add_consent(work, entry, evidence=written.reply.text, caller_id=CUSTOMER)


async def _hold(work: Work, customer: Customer, kind: HoldKind, point_id: str | None) -> HoldEntry:
    """One hold of a kind is enough: the second unread reply stands under the first one's."""
    for hold in await customers.holds_of(work, [customer.id]):
        is_same = (hold.kind, hold.contact_point_id, hold.lifted_at, hold.ends) == (kind, point_id, None, None)
        if is_same:
            return hold
    hold = customers.hold_now(work, customer.id, kind, point_id)
    await customers.add_hold(work, hold, note=None, caller_id=CUSTOMER)
    return hold


async def _answered(
    gateway: Gateway, work: Work, written: Written, customer: Customer, outside: OutsideContact, meaning: Meaning
) -> list[Contact]:
    """One confirmation, or one word of help, by the way the customer wrote, and by the rules like any contact."""
    if meaning in (Meaning.STOP, Meaning.STOP_ALL):
        purpose, variables = Purpose.OPT_OUT_CONFIRMATION, dict[str, object]()
    elif meaning is Meaning.HELP:
        language = "zh" if customer.locale.startswith("zh") else "en"
        purpose, variables = Purpose.CUSTOMER_REPLY, {"answer": _HELP[language]}
    else:
        return []
    wanted = RequestContact(
        caller=GATEWAY,
        idempotency_key=f"reply:{outside.id}",
        fingerprint=outside.id,
        customer_id=customer.id,
        purpose=purpose,
        channels=(written.channel,),
        template=_STOPPED_ALL if meaning is Meaning.STOP_ALL else None,
        variables=variables,
        in_reply_to=outside.id,
        # What comes late is a message to somebody who asked for none: 47 CFR 64.1200(a)(12).
        expires_at=work.now + CONFIRMED_WITHIN if purpose is Purpose.OPT_OUT_CONFIRMATION else None,
    )
    [accepted] = await accept_in(gateway, work, [wanted])
    return [accepted.contact] if isinstance(accepted, Answer) else []


def _reply(
    work: Work, provider: str, written: Written, meaning: Meaning,
    point: ContactPoint | None, outside: OutsideContact | None, hold: HoldEntry | None,
    *, urgent: bool, is_open: bool = True,
) -> Reply:  # fmt: skip
    return Reply(
        id=work.new_id(),
        customer_id=point.customer_id if point else None,
        contact_point_id=point.id if point else None,
        provider=provider,
        channel=written.channel,
        sender=written.address,
        text=written.reply.text,
        meaning=meaning,
        is_urgent=urgent,
        status=ReplyStatus.OPEN if is_open else ReplyStatus.SETTLED,
        outside_contact_id=outside.id if outside else None,
        hold_id=hold.id if hold else None,
        at=_at(work, written),
        received_at=work.now,
    )


def _at(work: Work, written: Written) -> datetime:
    # Clocks differ: what has been heard of has happened.
    return min(written.reply.at, work.now) if written.reply.at else work.now


@repeated
async def settle(gateway: Gateway, caller: Caller, reply_id: str, note: str) -> Reply:
    """A person has read it and done what there was to do. The hold that waited for them is lifted with the last one.

    Settling twice is settling once; another note is a CONFLICT, and is still heard for what must not be missed.
    """
    offers: list[Contact] = []
    async with gateway.database.write() as work:
        found = (await replies.by_id(work, [reply_id])).get(reply_id)
        if found is None or (found.customer_id is not None and not may_see(caller, found.customer_id)):
            raise problem(UserErrorCode.NOT_FOUND, "no such reply", "replyId")
        if found.customer_id is not None:
            await work.lock([found.customer_id])
            found = (await replies.by_id(work, [reply_id]))[reply_id]
        first, settled = await replies.note_of(work, found), found
        if found.status is ReplyStatus.OPEN:
            settled = replace(found, status=ReplyStatus.SETTLED, settled_at=work.now, settled_by=caller.name)
            await replies.settle(work, settled, note, caller)
            if found.customer_id is not None and found.hold_id is not None:
                if await _lift(work, found, note, caller):
                    offers = await _offered(gateway, work, found.customer_id, found.hold_id)
                await contacts.reconsider(work, found.customer_id)
        if found.customer_id is not None and note != first:
            offers += await despair.heard(work, caller, found.customer_id, note)
    announce(gateway, offers, wake=True)
    # What waited for nobody, as a plain STOP, was settled without a note.
    if first not in (None, note):
        raise problem(UserErrorCode.CONFLICT, "was settled before: the first note stands", "note")
    return settled


async def _offered(gateway: Gateway, work: Work, customer_id: str, hold_id: str) -> list[Contact]:
    """Now that all of it is read: who wrote that paying is hard is offered an easier plan."""
    read = [one.id for one in await replies.of_customers(work, [customer_id]) if one.hold_id == hold_id]
    return await relief.settled(gateway, work, customer_id, read)


async def _lift(work: Work, settled: Reply, note: str, by: Caller) -> bool:
    """The hold that stood for unread words ends with the last of them. A wrong person's number stays closed.

    Words of despair are read and settled, and their hold stays: a person lifts it.
    """
    assert settled.customer_id is not None
    assert settled.hold_id is not None
    hold = (await customers.holds(work, [settled.hold_id]))[settled.hold_id]
    waiting = [
        one
        for one in await replies.of_customers(work, [settled.customer_id])
        if one.hold_id == hold.id and one.id != settled.id and one.status is ReplyStatus.OPEN
    ]
    stays = despair.stays(hold, await customers.holds_of(work, [settled.customer_id]))
    is_over = hold.kind is HoldKind.UNREAD_REPLY and hold.lifted_at is None and not waiting and not stays
    if is_over:
        await customers.lift_hold(work, hold, note, by)
    return is_over
