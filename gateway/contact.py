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
from dataclasses import dataclass

import structlog

from channels.base import Accepted, ChannelFailure, OutcomeUnknown
from gateway.accepting import Acceptance, judge
from gateway.core import Gateway
from gateway.delivering import Dispatch, Step, decision_rows, next_step
from gateway.known import Known
from gateway.model import Contact, ContactStatus, StoredDecision, Unacceptable, UserErrorCode, problem
from gateway.requests import RequestContact
from gateway.settling import Closing, event, reach, settled, spoiled
from gateway.store import attempts, callbacks, contacts, customers, decisions, idempotency, slots
from gateway.store.idempotency import Made
from gateway.store.slots import Slot
from gateway.store.work import Row, Work

log = structlog.get_logger(__name__)


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
        customer_ids = {one.customer_id for one in requests}
        await work.lock(customer_ids)
        made = await idempotency.find(work, {(one.caller.id, one.idempotency_key) for one in requests})
        known = await Known.load(
            gateway,
            work,
            customer_ids,
            {one.bill_id for one in requests if one.bill_id},
            {one.in_reply_to for one in requests if one.in_reply_to},
        )
        outcomes: list[Acceptance | Made | Unacceptable] = []
        fresh: list[tuple[RequestContact, Acceptance]] = []
        for one in requests:
            key = (one.caller.id, one.idempotency_key)
            outcome: Acceptance | Made
            try:
                outcome = same_key(made.get(key), _operation(one), one.fingerprint) or judge(gateway, known, work, one)
            except Unacceptable as unacceptable:
                outcomes.append(unacceptable)
                continue
            if isinstance(outcome, Acceptance):
                made[key] = Made(_operation(one), one.fingerprint, outcome.held.contact.id)
                fresh.append((one, outcome))
            outcomes.append(outcome)
        recorded = await _record(work, fresh)
        repeated = await _repeated(work, {one.id for one in outcomes if isinstance(one, Made)})
        accepted = [acceptance.held.contact for _, acceptance in fresh]
        is_due = any(contact.due_at is not None and contact.due_at <= work.now for contact in accepted)
    _announce(gateway, accepted, wake=is_due)
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


def same_key(made: Made | None, operation: str, fingerprint: str) -> Made | None:
    """What the key made before, if the same was asked for then. One key, one thing made."""
    if made is not None and (made.operation, made.fingerprint) != (operation, fingerprint):
        message = "this key was used before, with another request"
        raise problem(UserErrorCode.CONFLICT, message, "idempotencyKey")
    return made


def _operation(wanted: RequestContact) -> str:
    return "scheduleCallback" if wanted.is_callback else "requestContact"


async def _record(work: Work, fresh: Sequence[tuple[RequestContact, Acceptance]]) -> dict[str, list[StoredDecision]]:
    """Everything that was accepted, in one statement per table."""
    rows = {
        acceptance.held.contact.id: decision_rows(work, acceptance.held, acceptance.plan) for _, acceptance in fresh
    }
    await work.insert("contact", [contacts.row(work, acceptance.held) for _, acceptance in fresh])
    await work.insert("decision", [row for one in rows.values() for row in one])
    await work.insert("slot", [_slot_row(work, one.slot) for _, one in fresh if one.slot])
    await work.insert(
        "idempotency",
        [
            idempotency.row(
                work,
                one.caller.id,
                one.idempotency_key,
                Made(_operation(one), one.fingerprint, acceptance.held.contact.id),
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


async def open_due(gateway: Gateway, limit: int) -> list[Dispatch]:
    """Decide again on what is due, and open the attempts of what is still allowed. From here on they must be sent."""
    if not await _is_any_due(gateway):
        return []
    async with gateway.database.write() as work:
        due = await contacts.due(work, limit)
        customer_ids = {held.contact.customer_id for held in due}
        await work.lock(customer_ids)
        known = await Known.load(
            gateway,
            work,
            customer_ids,
            {one.contact.bill_id for one in due if one.contact.bill_id},
            {one.contact.in_reply_to for one in due if one.contact.in_reply_to},
        )
        steps = [next_step(gateway, work, known, held) for held in due]
        await _take(work, steps)
    dispatches = [step.dispatch for step in steps if step.dispatch]
    gateway.in_flight.update(dispatch.attempt.id for dispatch in dispatches if dispatch.attempt)
    gateway.changes.publish((held.contact.id, held.contact.customer_id) for held in due)
    return dispatches


async def _is_any_due(gateway: Gateway) -> bool:
    """Looks without the writer's lock, so that an idle worker is in nobody's way."""
    async with gateway.database.read() as work:
        return bool(await contacts.due(work, 1))


async def _take(work: Work, steps: Sequence[Step]) -> None:
    """Write what was decided. The attempts are on record before anything leaves."""
    await work.insert("decision", [row for step in steps for row in step.decided])
    await attempts.open_(
        work,
        [
            attempts.row(step.dispatch.attempt, step.changed["lease_until"])
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
    try:
        result: Accepted | ChannelFailure = await dispatch.provider.send(dispatch.message, timeout=dispatch.timeout)
    except ChannelFailure as failure:
        result = failure
    except Exception as error:
        # A bug in an adapter. The message may have left, and the error's text may name somebody.
        log.error("provider failed", provider=dispatch.provider.name, error=type(error).__name__)
        result = OutcomeUnknown("the adapter failed")
    try:
        await gateway.closing(Closing(dispatch, result))
    finally:
        if dispatch.attempt:
            gateway.in_flight.discard(dispatch.attempt.id)


async def close(gateway: Gateway, closings: Sequence[Closing]) -> list[Exception | None]:
    """Append to the record how handing over ended, and settle the contacts."""
    async with gateway.database.write() as work:
        await work.lock({one.dispatch.contact.customer_id for one in closings})
        found = await contacts.by_id(work, {one.dispatch.contact.id for one in closings})
        now_open = await attempts.by_id(work, {one.dispatch.attempt.id for one in closings if one.dispatch.attempt})
        await attempts.append(
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
            if found[one.dispatch.contact.id].contact.status in (ContactStatus.SENDING, ContactStatus.UNCLEAR)
        ]
        await contacts.change(work, [changed for changed, _ in endings])
        await slots.reached(
            work, [(one.dispatch.attempt.id, reach(one.result)) for one in closings if one.dispatch.attempt]
        )
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
    _announce(gateway, [one.dispatch.contact for one in closings], wake=any(one.failed for one in closings))
    return [None] * len(closings)


def _announce(gateway: Gateway, changed: Sequence[Contact], *, wake: bool) -> None:
    """Tell the subscribers, and wake the worker where something may be due now."""
    if wake:
        gateway.due.set()
    gateway.changes.publish((contact.id, contact.customer_id) for contact in changed)
