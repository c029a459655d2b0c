"""The queue of calls, as a support team works it.

A callback may be rung from its time on. An agent claims the next one, first of those that are due at a wished time,
then of the others, the longest due first. The rules are asked again at that instant, and the ring's attempt is on
record before the number is shown. The agent says how it ended, gives it back, or is silent until the lease runs out:
then it is offered again, and the ring stays UNKNOWN.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from channels.base import PermanentFailure
from channels.callback import CallbackQueue
from gateway import despair
from gateway.accepting import reserved
from gateway.callers import may_see
from gateway.core import Gateway
from gateway.customers import account_id
from gateway.delivering import decision_rows, next_channel, subject_of
from gateway.known import Known
from gateway.model import (
    AttemptOutcome,
    Callback,
    CallbackStatus,
    Caller,
    CallResult,
    Contact,
    ContactStatus,
    StoredDecision,
    UserErrorCode,
    problem,
)
from gateway.once import Once
from gateway.pausing import closed_by
from gateway.planning import Plan, of_channel
from gateway.requests import RecordCall
from gateway.store import acts, attempts, callbacks, contacts, customers, decisions, pauses, slots
from gateway.store.attempts import Event
from gateway.store.callbacks import Queued
from gateway.store.contacts import Held
from gateway.store.database import Database
from gateway.store.faults import repeated
from gateway.store.work import Work
from policies.decision import Decision, Outcome
from policies.facts import Channel, Reach
from policies.holidays import UncoveredYear

log = structlog.get_logger(__name__)

PROVIDER = "agent"
"""Who carries a ring, as it stands on its attempt."""

OPEN_DAYS = timedelta(days=3)
"""How long a call waits for an agent where nobody named an end."""

LATEST = timedelta(days=60)
"""How far ahead the next ring may be promised."""

_LOOK_AT = 20
"""How many waiting calls are looked at together: those ahead of the first allowed one are put right on the way."""

_OUTCOMES: dict[CallResult, tuple[AttemptOutcome, Reach]] = {
    CallResult.CONVERSATION: (AttemptOutcome.DELIVERED, Reach.CONVERSATION),
    CallResult.REFUSED: (AttemptOutcome.DELIVERED, Reach.CONVERSATION),
    CallResult.NO_ANSWER: (AttemptOutcome.TEMPORARY_FAILURE, Reach.ATTEMPTED),
    CallResult.BUSY: (AttemptOutcome.TEMPORARY_FAILURE, Reach.ATTEMPTED),
    # A machine answered, or somebody else: the line was connected, the customer was not reached.
    CallResult.VOICEMAIL: (AttemptOutcome.TEMPORARY_FAILURE, Reach.CONNECTED),
    CallResult.OTHER_PERSON: (AttemptOutcome.TEMPORARY_FAILURE, Reach.CONNECTED),
    CallResult.WRONG_NUMBER: (AttemptOutcome.PERMANENT_FAILURE, Reach.CONNECTED),
}


class Queue:
    """Where the callback channel puts its calls. Putting the same contact twice leaves one call."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, reference: str, to: str) -> str:
        """`reference` is the contact's id. The number stays with the contact point, and is not copied."""
        async with self._database.write() as work:
            held = (await contacts.by_id(work, [reference]))[reference]
            await work.lock([held.contact.customer_id])
            held = (await contacts.by_id(work, [reference]))[reference]
            waiting = await callbacks.of_contact(work, reference)
            if waiting is not None:
                return waiting.callback.id
            if held.contact.status is not ContactStatus.SENDING:
                raise PermanentFailure("the contact is over, or waits again")
            new = Callback(
                id=work.new_id(),
                contact_id=reference,
                customer_id=held.contact.customer_id,
                contact_point_id=held.contact_point_id,
                starts=work.now,
                ends=min(filter(None, (held.contact.expires_at, work.now + OPEN_DAYS))),
                status=CallbackStatus.WAITING,
                agent=None,
                attempts=0,
                wished=False,
            )
            await callbacks.add(work, [new])
            return new.id


def channel(database: Database) -> CallbackQueue:
    return CallbackQueue(Queue(database))


@repeated
async def claim(gateway: Gateway, caller: Caller, key: str) -> tuple[Callback | None, StoredDecision | None]:
    """The next call that may be made now, with the ring's attempt opened. None: nothing may be called now."""
    changed: list[Contact] = []
    async with gateway.database.write() as work:
        once = Once(caller.id, key, "claimNextCallback")
        if (before := await once.before(work)) is not None:
            return await _claimed_before(work, before)
        await work.sharing(pauses.SENDING)
        closed, _ = closed_by(await pauses.in_force(work))
        if closed.everything or Channel.CALLBACK in closed.channels:
            return None, None
        found: tuple[Callback, StoredDecision] | None = None
        # What may not be called now leaves the queue's front, so the next look begins behind it.
        while found is None and (queue := await callbacks.waiting(work, _LOOK_AT, closed.purposes)):
            found = await _first_allowed(gateway, work, caller, queue, changed)
        if found is not None:
            await once.keep(work, found[0].id)
    gateway.changes.publish((contact.id, contact.customer_id) for contact in changed)
    return found or (None, None)


async def _first_allowed(
    gateway: Gateway, work: Work, caller: Caller, queue: Sequence[Queued], changed: list[Contact]
) -> tuple[Callback, StoredDecision] | None:
    """Ask the rules about each in turn, and ring the first that may be called."""
    held = await contacts.by_id(work, {one.callback.contact_id for one in queue})
    known = await Known.load(
        gateway,
        work,
        {one.callback.customer_id for one in queue},
        {one.contact.bill_id for one in held.values() if one.contact.bill_id},
        {one.contact.in_reply_to for one in held.values() if one.contact.in_reply_to},
    )
    # Read after the lock: another agent may have been waited for, who has taken some of them.
    now = await callbacks.by_id(work, {one.callback.id for one in queue})
    held = await contacts.by_id(work, held)
    for waiting in [now[one.callback.id] for one in queue if now[one.callback.id].may_be_rung(work.now)]:
        one = held[waiting.callback.contact_id]
        changed.append(one.contact)
        rulebook = gateway.rulebooks[known.customers[one.contact.customer_id].jurisdiction]
        try:
            decision = of_channel(known, rulebook, subject_of(known, one, work.now), Channel.CALLBACK, work.now)
        except UncoveredYear as uncovered:
            # As at delivery: loud, and the calls behind it do not wait.
            log.error("a calendar has run out", calendar=uncovered.calendar, year=uncovered.year)
            await _wait_until(work, one, work.now + timedelta(hours=1))
            continue
        rows = decision_rows(work, one, Plan((decision,), decision))
        await work.insert("decision", rows)
        if decision.outcome is Outcome.ALLOW:
            return await _ring(gateway, work, caller, waiting, one, decision), decisions.stored(work, rows[0])
        await _put_off(work, known, waiting, one, decision)
    return None


async def _claimed_before(work: Work, callback_id: str) -> tuple[Callback | None, StoredDecision | None]:
    queued = (await callbacks.by_id(work, [callback_id]))[callback_id]
    decided = await decisions.of_contacts(work, [queued.callback.contact_id])
    return queued.callback, decided[queued.callback.contact_id][-1]


async def _ring(
    gateway: Gateway, work: Work, caller: Caller, waiting: Queued, held: Held, decision: Decision
) -> Callback:
    """Open the attempt: a ring that was begun is on record."""
    contact = held.contact
    lease_until = work.now + timedelta(minutes=gateway.settings.callback_lease_minutes)
    attempt = attempts.begun(
        work.new_id(),
        contact.id,
        contact.customer_id,
        held.attempts + 1,
        Channel.CALLBACK,
        PROVIDER,
        decision.point,
        work.now,
    )
    await attempts.open_(work, [attempts.row(attempt, lease_until)])
    taken = slots.moved(contact.id, work.now, Channel.CALLBACK, decision.point, Reach.PENDING, attempt.id)
    await slots.move_reserved(work, [taken])
    # A status that is set is told to callers: once, not at every ring.
    told = {} if contact.status is ContactStatus.SENT else {"status": ContactStatus.SENT}
    await contacts.change(work, [{"id": contact.id, "attempts": held.attempts + 1, "lease_until": None, **told}])
    claimed = replace(
        waiting.callback,
        status=CallbackStatus.CLAIMED,
        agent=caller.name,
        contact_point_id=decision.point,
        attempts=waiting.callback.attempts + 1,
    )
    await callbacks.change(
        work,
        {
            "id": claimed.id,
            "status": claimed.status,
            "agent": caller.name,
            "agent_id": caller.id,
            "attempt_id": attempt.id,
            "contact_point_id": decision.point,
            "lease_until": lease_until,
            "attempts": claimed.attempts,
        },
    )
    await _done(work, caller, "callback.claimed", claimed, attempt.id)
    return claimed


async def _done(work: Work, caller: Caller, what: str, callback: Callback, attempt_id: str) -> None:
    """What an agent does is on record under their name; what came of it is an event of the ring's attempt."""
    await acts.add(work, caller, what, callback.id, {"attempt_id": attempt_id}, customer_id=callback.customer_id)


async def _put_off(work: Work, known: Known, waiting: Queued, held: Held, decision: Decision) -> None:
    """Not now: it waits for the first allowed instant, or is not made at all."""
    callback, contact = waiting.callback, held.contact
    if decision.next_allowed_at is None or decision.next_allowed_at >= callback.ends:
        nothing_sent = ContactStatus.REFUSED if decision.next_allowed_at is None else ContactStatus.EXPIRED
        status = ContactStatus.FAILED if held.attempts else nothing_sent
        await contacts.change(work, [{"id": contact.id, "status": status}])
        await callbacks.change(work, {"id": callback.id, "status": CallbackStatus.CANCELLED})
        await slots.free(work, [contact.id])
        known.release(contact.customer_id, contact.id)
        return
    await _wait_until(work, held, decision.next_allowed_at)
    known.reserve(reserved(replace(held, channel=Channel.CALLBACK), decision.next_allowed_at))


async def _wait_until(work: Work, held: Held, instant: datetime) -> None:
    """The call waits in the queue, and its slot for the same instant."""
    await callbacks.move(work, [(held.contact.id, instant)])
    await slots.move_reserved(work, [slots.moved(held.contact.id, instant, Channel.CALLBACK, held.contact_point_id)])


@repeated
async def release(gateway: Gateway, caller: Caller, callback_id: str, reason: str | None) -> tuple[Callback, Contact]:
    """Give a claimed call back, unmade as far as the agent says; it is offered again at once."""
    async with gateway.database.write() as work:
        queued, held = await _own_claim(work, caller, callback_id)
        event = Event(
            _ring_of(queued), AttemptOutcome.TEMPORARY_FAILURE, work.now, detail=attempts.GIVEN_BACK, note=reason
        )
        await _hear(work, Reach.ATTEMPTED, event)
        await _done(work, caller, "callback.released", queued.callback, _ring_of(queued))
        await _offer_again(work, queued, held, work.now)
        gone = await despair.heard(work, caller, held.contact.customer_id, reason)
        after = await _after(work, queued)
    gateway.changes.publish((one.id, one.customer_id) for one in (held.contact, *gone))
    return after


@repeated
async def record(gateway: Gateway, caller: Caller, call: RecordCall) -> tuple[Callback, Contact]:
    """How a ring ended, in the agent's words. The same key gives the same answer again."""
    async with gateway.database.write() as work:
        once = Once(caller.id, call.idempotency_key, "recordCall", call.fingerprint)
        if (before := await once.before(work)) is not None:
            return await _after(work, (await callbacks.by_id(work, [before]))[before])
        queued, held = await _own_claim(work, caller, call.callback_id)
        at = call.at or work.now
        if at > work.now:
            raise problem(UserErrorCode.INVALID, "lies in the future", "at")
        if at < (await attempts.by_id(work, [_ring_of(queued)]))[_ring_of(queued)].started_at:
            raise problem(UserErrorCode.INVALID, "lies before the call was claimed", "at")
        outcome, reach = _OUTCOMES[call.result]
        await _hear(work, reach, Event(_ring_of(queued), outcome, at, provider_code=call.result, note=call.note))
        await _done(work, caller, "callback.recorded", queued.callback, _ring_of(queued))
        if call.accounts is not None:
            await _discussed(work, queued, held, call.accounts)
        if call.result is CallResult.WRONG_NUMBER and queued.callback.contact_point_id:
            await customers.mark_unusable(work, {queued.callback.contact_point_id}, caller)
        await _move_on(gateway, work, queued, held, call)
        gone = await despair.heard(work, caller, held.contact.customer_id, call.note)
        await once.keep(work, call.callback_id)
        after = await _after(work, queued)
    gateway.due.set()
    gateway.changes.publish((one.id, one.customer_id) for one in (held.contact, *gone))
    return after


async def _move_on(gateway: Gateway, work: Work, queued: Queued, held: Held, call: RecordCall) -> None:
    """Reached, rung again later, or given up."""
    outcome, _ = _OUTCOMES[call.result]
    if outcome is AttemptOutcome.DELIVERED:
        await _end(work, queued, held, CallbackStatus.REACHED, ContactStatus.DELIVERED)
        return
    if call.call_again_at is not None and call.call_again_at <= work.now:
        raise problem(UserErrorCode.INVALID, "has already passed", "callAgainAt")
    if call.call_again_at is not None and call.call_again_at > work.now + LATEST:
        raise problem(UserErrorCode.INVALID, f"lies more than {LATEST.days} days ahead", "callAgainAt")
    again = call.call_again_at or work.now + timedelta(minutes=gateway.settings.callback_ring_again_minutes)
    is_given_up = (
        outcome is AttemptOutcome.PERMANENT_FAILURE or queued.callback.attempts >= gateway.settings.callback_rings
    ) and call.call_again_at is None
    if call.call_again_at is not None:
        # The customer named another time: the promise is now that one.
        named: dict[str, object] = {"id": held.contact.id, "not_before": again}
        promised: dict[str, object] = {"id": queued.callback.id, "wished": True}
        if again >= queued.callback.ends:
            promised["ends"] = named["expires_at"] = again + OPEN_DAYS
        await callbacks.change(work, promised)
        await contacts.change(work, [named])
    elif is_given_up or again >= queued.callback.ends:
        await _give_up(work, queued, held)
        return
    await _offer_again(work, queued, held, again)


async def _give_up(work: Work, queued: Queued, held: Held) -> None:
    """Rung for the last time: the next channel of the contact, if it has one, or the end."""
    if held.contact.status is not ContactStatus.SENT:
        await _end(work, queued, held, CallbackStatus.NOT_REACHED, held.contact.status)
        return
    row, slot = next_channel(work, replace(held, channel=Channel.CALLBACK))
    await _end(work, queued, held, CallbackStatus.NOT_REACHED, row["status"])
    await contacts.change(work, [row])
    if slot:
        await work.insert("slot", [slots.row(work, slot.customer_id, slot.past, slot.account_id)])


@repeated
async def lapse(gateway: Gateway, limit: int = 200) -> int:
    """Put right what time has overtaken: claims whose lease ran out, and promises whose time has passed."""
    async with gateway.database.read() as work:
        if not await callbacks.lapsed(work, 1):
            return 0
    async with gateway.database.write() as work:
        found = await callbacks.lapsed(work, limit)
        await work.lock_free({one.callback.customer_id for one in found})
        ours = {one.callback.id for one in found if work.holds([one.callback.customer_id])}
        lapsed = [one for one in await callbacks.lapsed(work, limit) if one.callback.id in ours]
        held = await contacts.by_id(work, {one.callback.contact_id for one in lapsed})
        for queued in lapsed:
            one = held[queued.callback.contact_id]
            if queued.callback.status is CallbackStatus.CLAIMED:
                detail = "the agent said nothing before the lease ran out"
                event = Event(_ring_of(queued), AttemptOutcome.UNKNOWN, work.now, detail=detail)
                await _hear(work, Reach.PENDING, event)
            if queued.callback.ends > work.now:
                await _offer_again(work, queued, one, work.now)
            elif queued.callback.attempts:
                await _give_up(work, queued, one)
            else:
                await _end(work, queued, one, CallbackStatus.EXPIRED, ContactStatus.EXPIRED)
    gateway.changes.publish((one.contact.id, one.contact.customer_id) for one in held.values())
    return len(lapsed)


async def _own_claim(work: Work, caller: Caller, callback_id: str) -> tuple[Queued, Held]:
    queued = (await callbacks.by_id(work, [callback_id])).get(callback_id)
    if queued is None or not may_see(caller, queued.callback.customer_id):
        raise problem(UserErrorCode.NOT_FOUND, "no such callback", "callbackId")
    await work.lock([queued.callback.customer_id])
    queued = (await callbacks.by_id(work, [callback_id]))[callback_id]
    if queued.callback.status is not CallbackStatus.CLAIMED or queued.agent_id != caller.id:
        raise problem(UserErrorCode.CONFLICT, "this callback is not claimed by you", "callbackId")
    return queued, (await contacts.by_id(work, [queued.callback.contact_id]))[queued.callback.contact_id]


async def _hear(work: Work, reach: Reach, event: Event) -> None:
    """Append to the record of the ring in hand."""
    attempt = (await attempts.by_id(work, [event.attempt_id]))[event.attempt_id]
    await attempts.append(work, [(attempt, event)])
    await slots.reached(work, [(attempt.id, reach)])


def _ring_of(queued: Queued) -> str:
    """The attempt of the ring in hand: whoever claims has one."""
    assert queued.attempt_id is not None
    return queued.attempt_id


async def _discussed(work: Work, queued: Queued, held: Held, references: tuple[str, ...]) -> None:
    customer = (await customers.by_id(work, [held.contact.customer_id]))[held.contact.customer_id]
    accounts = [await account_id(work, customer, reference, "accounts") for reference in references]
    await slots.discussed(work, _ring_of(queued), {*accounts, *([held.account_id] if held.account_id else [])})


async def _offer_again(work: Work, queued: Queued, held: Held, instant: datetime) -> None:
    """Back into the queue, with a slot for the next ring; unless another message has arrived meanwhile."""
    if held.contact.status is not ContactStatus.SENT:
        await _end(work, queued, held, CallbackStatus.NOT_REACHED, held.contact.status)
        return
    await callbacks.change(
        work,
        {
            "id": queued.callback.id,
            "status": CallbackStatus.WAITING,
            "starts": instant,
            "agent": None,
            "agent_id": None,
            "lease_until": None,
        },
    )
    slot = reserved(replace(held, channel=Channel.CALLBACK), instant)
    await work.insert("slot", [slots.row(work, slot.customer_id, slot.past, slot.account_id)])


async def _end(work: Work, queued: Queued, held: Held, callback: CallbackStatus, contact: ContactStatus) -> None:
    await slots.free(work, [held.contact.id])
    await callbacks.change(work, {"id": queued.callback.id, "status": callback, "lease_until": None})
    await contacts.change(work, [{"id": held.contact.id, "status": contact}])


async def _after(work: Work, queued: Queued) -> tuple[Callback, Contact]:
    callback = (await callbacks.by_id(work, [queued.callback.id]))[queued.callback.id].callback
    return callback, (await contacts.by_id(work, [callback.contact_id]))[callback.contact_id].contact
