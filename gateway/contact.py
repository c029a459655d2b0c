"""The path of a contact.

    requestContact(s)   collect concurrent calls into a batch
      -> accept         facts -> decide -> record request, decision and reserved slot     one transaction per batch
    falls due
      -> deliver        claim -> facts -> decide again -> open attempts                   one transaction per batch
                        send, each on its own                                             no transaction open
                        close attempts -> settle contacts                                 one transaction per batch

Two decisions: at acceptance, to answer the caller at once and to reserve the slot in every cap; and when it falls due,
because the world has moved. An attempt is on record before its message leaves, and what cannot be known stays UNCLEAR.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from channels.base import Accepted, ChannelFailure, OutcomeUnknown, TemporaryFailure
from gateway import despair, pausing, restoring
from gateway.accepting import Acceptance, judge
from gateway.core import Gateway
from gateway.delivering import OUTAGE, Dispatch, Doors, Step, decision_rows, next_step
from gateway.hardship import assessments
from gateway.known import Known
from gateway.model import Contact, ContactStatus, StoredDecision, Unacceptable
from gateway.once import same_key
from gateway.requests import RequestContact
from gateway.settling import Closing, event, reach, settled, spoiled
from gateway.store import (
    attempts,
    callbacks,
    contacts,
    customers,
    decisions,
    idempotency,
    paces,
    pauses,
    reactions,
    slots,
)
from gateway.store.contacts import Closed, Held
from gateway.store.faults import is_unavailable
from gateway.store.idempotency import Made
from gateway.store.reactions import Reaction
from gateway.store.slots import Slot
from gateway.store.work import Row, Work
from policies import moments
from policies.facts import Purpose
from policies.hardship import NOTICES
from policies.replies import is_urgent

log = structlog.get_logger(__name__)

CLOSE_AGAIN_SECONDS = 0.5
"""How long a worker waits for a database that is away before it says again how handing over ended."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller is told. `replayed`: the key was seen before, and the first answer is repeated."""

    contact: Contact
    decisions: tuple[StoredDecision, ...]
    replayed: bool


# --- accept ---------------------------------------------------------------------------------------------------------


async def request(gateway: Gateway, wanted: RequestContact) -> Answer:
    """Ask for a contact. When this returns, it is on record; when it raises `Unacceptable`, nothing is."""
    return await gateway.accepting(wanted)


async def accept(gateway: Gateway, requests: Sequence[RequestContact]) -> list[Answer | Exception]:
    """Decide on every request and record it with its decisions and its slot. Nothing is sent here."""
    async with gateway.database.write() as work:
        answers = await accept_in(gateway, work, [_evident(one) for one in requests])
        gone = await _noted(work, requests, answers)
        accepted = [one.contact for one in answers if isinstance(one, Answer) and not one.replayed]
        is_due = any(contact.due_at is not None and contact.due_at <= work.now for contact in accepted)
    announce(gateway, [*accepted, *gone], wake=is_due)
    return answers


def _evident(wanted: RequestContact) -> RequestContact:
    """A call to answer who despairs: the note says what was heard, and a hold that waits for a person is not for it."""
    if wanted.note is None or not is_urgent(wanted.note):
        return wanted
    return replace(wanted, caller=replace(wanted.caller, purposes=wanted.caller.purposes | {Purpose.CUSTOMER_REPLY}))


async def _noted(work: Work, requests: Sequence[RequestContact], answers: list[Answer | Exception]) -> list[Contact]:
    """Look at the notes of calls that were just booked. What was taken back; the answers tell of it."""
    gone: list[Contact] = []
    for place, (wanted, answer) in enumerate(zip(requests, answers, strict=True)):
        if isinstance(answer, Answer) and not answer.replayed and wanted.note is not None and is_urgent(wanted.note):
            gone += await despair.heard(work, wanted.caller, wanted.customer_id, wanted.note)
            now = (await _repeated(work, {answer.contact.id}))[answer.contact.id]
            answers[place] = replace(now, replayed=False)
    return gone


async def accept_in(
    gateway: Gateway, work: Work, requests: Sequence[RequestContact], known: Known | None = None
) -> list[Answer | Exception]:
    """The same within a transaction that does more: what is said of it is said after its commit.

    `known`: what was read of all their customers and bills in this transaction, where that was done.
    """
    known = known or await Known.load(
        gateway,
        work,
        {one.customer_id for one in requests},
        {one.bill_id for one in requests if one.bill_id},
        {one.in_reply_to for one in requests if one.in_reply_to},
    )
    noticed = {one.customer_id for one in requests if one.purpose in NOTICES}
    known.hardship |= await assessments(gateway, work, noticed - known.hardship.keys(), known.others)
    known.reactions |= await _reactions(work, known, {one.customer_id for one in requests if one.at_best_moment})
    made = await idempotency.find(work, {(one.caller.id, one.idempotency_key) for one in requests})
    outcomes: list[Acceptance | Made | Unacceptable] = []
    fresh: list[tuple[RequestContact, Acceptance]] = []
    for one in requests:
        key = (one.caller.id, one.idempotency_key)
        outcome: Acceptance | Made
        try:
            outcome = same_key(made.get(key), _operation(one), work.index(one.fingerprint)) or judge(
                gateway, known, work, one
            )
        except Unacceptable as unacceptable:
            outcomes.append(unacceptable)
            continue
        if isinstance(outcome, Acceptance):
            made[key] = Made(_operation(one), work.index(one.fingerprint), outcome.held.contact.id)
            fresh.append((one, outcome))
        outcomes.append(outcome)
    recorded = await _record(work, fresh)
    repeated = await _repeated(work, {one.id for one in outcomes if isinstance(one, Made)})
    answers: list[Answer | Exception] = []
    for answer in outcomes:
        match answer:
            case Acceptance():
                contact = answer.held.contact
                answers.append(Answer(contact, tuple(recorded[contact.id]), replayed=False))
            case Made():
                answers.append(repeated[answer.id])
            case Unacceptable():
                answers.append(answer)
    return answers


async def _reactions(work: Work, known: Known, customer_ids: set[str]) -> dict[str, list[Reaction]]:
    """Under every reference of theirs."""
    if not customer_ids:
        return {}
    persons = customer_ids.union(*(known.others.get(one, ()) for one in customer_ids))
    return await reactions.of_customers(work, persons, work.now - moments.LISTENING)


def _operation(wanted: RequestContact) -> str:
    return "scheduleCallback" if wanted.is_callback else "requestContact"


async def _record(work: Work, fresh: Sequence[tuple[RequestContact, Acceptance]]) -> dict[str, list[StoredDecision]]:
    """Everything that was accepted, in one statement per table."""
    await contacts.add(work, [acceptance.held for _, acceptance in fresh])
    rows = {
        acceptance.held.contact.id: decision_rows(work, acceptance.held, acceptance.plan) for _, acceptance in fresh
    }
    await work.insert("decision", [row for one in rows.values() for row in one])
    await work.insert("slot", [_slot_row(work, one.slot) for _, one in fresh if one.slot])
    await work.insert(
        "idempotency",
        [
            idempotency.row(
                work,
                one.caller.id,
                one.idempotency_key,
                Made(_operation(one), work.index(one.fingerprint), acceptance.held.contact.id),
            )
            for one, acceptance in fresh
        ],
    )
    await callbacks.add(work, [acceptance.callback for _, acceptance in fresh if acceptance.callback])
    return {contact_id: [decisions.stored(work, row) for row in one] for contact_id, one in rows.items()}


def _slot_row(work: Work, slot: Slot) -> Row:
    return slots.row(work, slot.customer_id, slot.past, slot.account_id)


async def _repeated(work: Work, ids: set[str]) -> dict[str, Answer]:
    if not ids:
        return {}
    found = await contacts.by_id(work, ids)
    decided = await decisions.of_contacts(work, ids)
    return {id: Answer(held.contact, tuple(decided[id]), replayed=True) for id, held in found.items()}  # noqa: A001


# --- deliver --------------------------------------------------------------------------------------------------------


async def deliver(gateway: Gateway, limit: int = 64) -> int:
    """Take up what is due, send it, and record how that went. How many were handed to a provider."""
    dispatches = await open_due(gateway, limit)
    await asyncio.gather(*(send(gateway, dispatch) for dispatch in dispatches))
    return len(dispatches)


async def open_due(gateway: Gateway, limit: int, *, look_first: bool = True) -> list[Dispatch]:
    """Decide again on what is due, and open the attempts of what is still allowed. From here on they must be sent."""
    if look_first and not await _is_any_due(gateway):
        return []
    try:
        async with gateway.database.write() as work:
            steps = await _steps(gateway, work, limit)
            await _take(work, steps)
            dispatches = [step.dispatch for step in steps if step.dispatch]
            count = await restoring.taken_up(gateway, work) if dispatches else 0
    except restoring.Restored:
        await restoring.declare(gateway)
        return []
    if dispatches:
        await gateway.watermark.raise_to(count)
    gateway.in_flight.update(dispatch.attempt.id for dispatch in dispatches if dispatch.attempt)
    if len(dispatches) < len(steps):
        # What was put off or refused made room: there may be more behind it.
        gateway.due.set()
    gateway.changes.publish((step.held.contact.id, step.held.contact.customer_id) for step in steps)
    return dispatches


async def _is_any_due(gateway: Gateway) -> bool:
    """Looks without the writer's lock, so that an idle worker is in nobody's way."""
    async with gateway.database.read() as work:
        return await contacts.is_any_due(work, (await _doors(gateway, work)).closed)


async def _steps(gateway: Gateway, work: Work, limit: int) -> list[Step]:
    """What becomes of each contact that is taken up."""
    # No pause is placed between this and our commit.
    await work.sharing(pauses.SENDING)
    doors = await _doors(gateway, work)
    due = await contacts.take_due(work, limit, doors.closed)
    if not due:
        return []
    for provider, per_second in sorted(gateway.settings.pace.items()):
        doors.lines[provider] = await paces.line(work, provider, per_second)
    known = await Known.load(
        gateway,
        work,
        {held.contact.customer_id for held in due},
        {one.contact.bill_id for one in due if one.contact.bill_id},
        {one.contact.in_reply_to for one in due if one.contact.in_reply_to},
    )
    steps = [step for held in due if (step := next_step(gateway, work, known, held, doors)) is not None]
    for line in doors.lines.values():
        await line.leave(work)
    return steps


async def _doors(gateway: Gateway, work: Work) -> Doors:
    """What is shut just now: by somebody's word, or because every provider of a channel is down or has no room."""
    closed, paused = pausing.closed_by(await pauses.in_force(work))
    providers = paused | (await paces.exhausted(work) if gateway.settings.pace else set())
    waiting = {
        channel
        for channel, carriers in gateway.carriers.items()
        if not carriers.is_open(providers) and carriers.down_for() < OUTAGE.total_seconds()
    }
    return Doors(Closed(closed.everything, closed.purposes, closed.channels | waiting), providers, {})


async def _take(work: Work, steps: Sequence[Step]) -> None:
    """Write what was decided. The attempts are on record before anything leaves."""
    await work.insert("decision", [row for step in steps for row in step.decided])
    await attempts.open_(
        work,
        [
            attempts.row(step.dispatch.attempt, step.changed["lease_until"], step.changed["message"])
            for step in steps
            if step.dispatch and step.dispatch.attempt
        ],
    )
    await contacts.change(work, [step.changed for step in steps])
    await slots.move_reserved(work, [step.slot for step in steps if step.slot])
    ended = [step.held.contact.id for step in steps if not step.slot]
    await slots.free(work, ended)
    await callbacks.cancel_of(work, ended)
    await callbacks.move(work, [(step.held.contact.id, step.slot["at"]) for step in steps if step.slot])


async def send(gateway: Gateway, dispatch: Dispatch) -> None:
    """Hand a message over, with no transaction open, and record how that went."""
    await asyncio.sleep(dispatch.delay.total_seconds())
    began = gateway.elapsed()
    # Looked at again: the machine may have stood still since the attempt was opened.
    left = dispatch.until - gateway.clock()
    try:
        if left <= timedelta(0):
            raise TemporaryFailure("its time had passed before it could be handed over")
        timeout = min(dispatch.timeout, left)
        result: Accepted | ChannelFailure = await dispatch.provider.send(dispatch.message, timeout=timeout)
    except ChannelFailure as failure:
        result = failure
    except Exception as error:
        # A bug in an adapter. The message may have left, and the error's text may name somebody.
        log.error("provider failed", provider=dispatch.provider.name, error=type(error).__name__)
        result = OutcomeUnknown("the adapter failed")
    gateway.carriers[dispatch.channel].report(dispatch.provider.name, result, gateway.elapsed() - began)
    try:
        await _close_in_the_end(gateway, Closing(dispatch, result))
    finally:
        if dispatch.attempt:
            gateway.in_flight.discard(dispatch.attempt.id)


async def _close_in_the_end(gateway: Gateway, closing: Closing) -> None:
    """What is known of a message is not lost because the database is away: it is said again until it is heard.

    Said twice it is the same. What is never heard stays open, and becomes UNKNOWN when its lease has passed.
    """
    patience = gateway.elapsed() + gateway.settings.attempt_lease_seconds
    while True:
        try:
            await gateway.closing(closing)
        except Exception as error:
            if not is_unavailable(error) or gateway.elapsed() > patience:
                raise
        else:
            return
        await asyncio.sleep(CLOSE_AGAIN_SECONDS)


async def close(gateway: Gateway, closings: Sequence[Closing]) -> list[Exception | None]:
    """Append to the record how handing over ended, and settle the contacts."""
    async with gateway.database.write() as work:
        await work.lock({one.dispatch.contact.customer_id for one in closings})
        found = await contacts.by_id(work, {one.dispatch.contact.id for one in closings})
        now_open = await attempts.by_id(work, {one.dispatch.attempt.id for one in closings if one.dispatch.attempt})
        moved = await attempts.append(
            work,
            [
                (now_open[one.dispatch.attempt.id], event(work, one.dispatch.attempt.id, one.result))
                for one in closings
                if one.dispatch.attempt
            ],
        )
        await customers.mark_unusable(work, spoiled(closings))
        usable = await customers.points_of(work, {one.dispatch.contact.customer_id for one in closings if one.failed})
        endings = [
            settled(gateway, work, usable, found[one.dispatch.contact.id], one)
            for one in closings
            if _is_waited_for(found[one.dispatch.contact.id], one)
        ]
        await contacts.change(work, [changed for changed, _ in endings])
        # By what is known now: a receipt may have been faster than the provider's answer.
        await slots.reached(work, [(one.id, reach(one.outcome)) for one in moved])
        await work.insert("slot", [_slot_row(work, slot) for _, slot in endings if slot])
    for one in closings:
        if isinstance(one.result, ChannelFailure):
            log.warning(
                "attempt failed",
                contact=one.dispatch.contact.id,
                provider=one.dispatch.provider.name,
                outcome=type(one.result).__name__,
                code=one.result.code,
            )
    announce(gateway, [one.dispatch.contact for one in closings], wake=any(one.failed for one in closings))
    return [None] * len(closings)


def _is_waited_for(held: Held, closing: Closing) -> bool:
    """Whether the contact's fate hangs on this. A receipt may have been faster, and the next attempt be under way."""
    attempt = closing.dispatch.attempt
    is_latest = attempt is None or attempt.number == held.attempts
    return is_latest and held.contact.status in (ContactStatus.SENDING, ContactStatus.UNCLEAR)


def announce(gateway: Gateway, changed: Sequence[Contact], *, wake: bool) -> None:
    """Tell the subscribers, and wake the worker where something may be due now."""
    if wake:
        gateway.due.set()
    gateway.changes.publish((contact.id, contact.customer_id) for contact in changed)
