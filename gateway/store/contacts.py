"""Contacts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true, update

from gateway.model import AttemptOutcome, CallbackStatus, Contact, ContactStatus
from gateway.store import customers
from gateway.store.work import Happening, Row, Work, seal, table
from policies.facts import Channel, Purpose

_CONTACT = table("contact")
_ATTEMPT = table("attempt")
_CALLBACK = table("callback")


@dataclass(frozen=True, slots=True)
class Held:
    """A contact with what only the path needs to know of it."""

    contact: Contact
    account_id: str | None
    channel: Channel | None
    contact_point_id: str | None
    not_before: datetime | None
    attempts: int
    channel_attempts: int
    failed_provider: str | None = None  #: the last try's, where it could not be handed over

    @property
    def open_channels(self) -> tuple[Channel, ...]:
        """Those that have not been given up, in the caller's order."""
        return tuple(channel for channel in self.contact.channels if channel not in self.contact.spent_channels)


def row(work: Work, held: Held) -> Row:
    """A new contact, for `Work.insert`. Takes the next number in the customer's record."""
    contact = held.contact
    row = {
        "id": contact.id,
        "customer_id": contact.customer_id,
        "bill_id": contact.bill_id,
        "account_id": held.account_id,
        "purpose": contact.purpose,
        "asked_purpose": contact.asked_purpose,
        "diversion": work.seal(contact.customer_id, orjson.dumps(dict(contact.diversion)).decode())
        if contact.diversion
        else None,
        "channels": list(contact.channels),
        "spent_channels": list(contact.spent_channels),
        "status": contact.status,
        "channel": held.channel,
        "contact_point_id": held.contact_point_id,
        "not_before": held.not_before,
        "due_at": contact.due_at,
        "expires_at": contact.expires_at,
        "created_at": contact.created_at,
        "reference": seal(work, contact.customer_id, contact.reference),
        "caller_id": contact.caller_id,
        "requested_by": contact.requested_by,
        "evidence": contact.evidence,
        "in_reply_to": contact.in_reply_to,
        "template": contact.template,
        "variables": work.seal(contact.customer_id, orjson.dumps(dict(contact.variables)).decode())
        if contact.variables
        else None,
        "attempts": held.attempts,
        "channel_attempts": held.channel_attempts,
    }
    return work.logged("contact", row)


async def add(work: Work, new: Sequence[Held]) -> None:
    await work.insert("contact", [row(work, held) for held in new])
    work.happenings += [Happening(f"contact.{one.contact.status.lower()}", contact_id=one.contact.id) for one in new]


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Held]:
    if not ids:
        return {}
    rows = await work.all(select(_CONTACT).where(_CONTACT.c.id.in_(ids)))
    await work.open_keys(row.customer_id for row in rows)
    return {row.id: _held(row, work) for row in rows}


@dataclass(frozen=True, slots=True)
class Closed:
    """What is not taken up at present: somebody stopped it, or nobody can carry it just now."""

    everything: bool = False
    purposes: frozenset[Purpose] = frozenset()
    channels: frozenset[Channel] = frozenset()

    def concerns(self, purpose: Purpose, channel: Channel) -> bool:
        return self.everything or purpose in self.purposes or channel in self.channels


_WINDOW = 8
"""So many times what one worker takes up is looked at, so that several find different customers."""


async def is_any_due(work: Work, closed: Closed) -> bool:
    return bool(await work.all(select(_CONTACT.c.id).where(_is_due(work, closed)).limit(1)))


async def take_due(work: Work, limit: int, closed: Closed) -> list[Held]:
    """Those whose time has come, the longest waiting first, of customers whom no other worker holds.

    The customers, the other references of theirs and the debts are this transaction's until it ends. It waits for
    nobody: what others hold is left to them.
    """
    waiting = (
        select(_CONTACT.c.customer_id, _CONTACT.c.due_at)
        .where(_is_due(work, closed))
        .order_by(_CONTACT.c.due_at)
        .limit(limit * _WINDOW)
        .subquery()
    )
    await work.lock_first(waiting.c.customer_id, waiting.c.due_at, limit)
    if not work.customers:
        return []
    statement = (
        select(_CONTACT)
        .where(_CONTACT.c.customer_id.in_(work.customers), _is_due(work, closed))
        .order_by(_CONTACT.c.due_at, _CONTACT.c.id)
        .limit(limit)
    )
    found = [_held(row, work) for row in await work.all(statement)]
    others = await customers.same_person(work, {one.contact.customer_id for one in found})
    needed = {one.contact.id: others.get(one.contact.customer_id, set()) for one in found}
    await work.lock_free(set().union(*needed.values()), {one.account_id for one in found if one.account_id})
    return [one for one in found if work.holds(needed[one.contact.id], [one.account_id] if one.account_id else [])]


def _is_due(work: Work, closed: Closed) -> ColumnElement[bool]:
    """What is closed stays where it is until it may go on, or has expired."""
    is_due = (_CONTACT.c.status == ContactStatus.SCHEDULED) & (_CONTACT.c.due_at <= work.now)
    if closed == Closed():
        return is_due
    is_open = and_(
        _CONTACT.c.purpose.not_in(closed.purposes),
        _CONTACT.c.channel.not_in(closed.channels),
        false() if closed.everything else true(),
    )
    return is_due & or_(is_open, _CONTACT.c.expires_at <= work.now)


async def answering(work: Work, outside_ids: Collection[str]) -> dict[str, set[str]]:
    """Which contacts answer, or will answer, these contacts by customers."""
    over = (ContactStatus.REFUSED, ContactStatus.CANCELLED, ContactStatus.EXPIRED, ContactStatus.FAILED)
    statement = select(_CONTACT.c.in_reply_to, _CONTACT.c.id).where(
        _CONTACT.c.in_reply_to.in_(outside_ids), _CONTACT.c.status.not_in(over)
    )
    found: dict[str, set[str]] = {}
    for row in await work.all(statement):
        found.setdefault(row.in_reply_to, set()).add(row.id)
    return found


async def demanding(work: Work, bill_id: str, purposes: Collection[Purpose]) -> list[Contact]:
    """Those about a bill, for one of these purposes, that have not left: they wait, or their call does."""
    waits = exists().where(_CALLBACK.c.contact_id == _CONTACT.c.id, _CALLBACK.c.status == CallbackStatus.WAITING)
    statement = select(_CONTACT).where(
        _CONTACT.c.bill_id == bill_id,
        _CONTACT.c.purpose.in_(purposes),
        or_(_CONTACT.c.status == ContactStatus.SCHEDULED, waits),
    )
    rows = await work.all(statement.order_by(_CONTACT.c.id))
    await work.open_keys(row.customer_id for row in rows)
    return [contact(row, work) for row in rows]


async def reconsider(work: Work, customer_id: str) -> None:
    """What waits for this customer is decided anew now: something was learnt that may stop it."""
    statement = update(_CONTACT).where(
        _CONTACT.c.customer_id == customer_id, _CONTACT.c.status == ContactStatus.SCHEDULED
    )
    await work.run(statement.values(due_at=work.now))


async def unsent(work: Work, customer_id: str, purposes: Collection[Purpose]) -> list[Held]:
    """Those of the customer for these purposes that have not left: they wait, or their call does, oldest first."""
    call_waits = exists().where(_CALLBACK.c.contact_id == _CONTACT.c.id, _CALLBACK.c.status == CallbackStatus.WAITING)
    statement = (
        select(_CONTACT)
        .where(
            _CONTACT.c.customer_id == customer_id,
            _CONTACT.c.purpose.in_(purposes),
            or_(
                _CONTACT.c.status == ContactStatus.SCHEDULED,
                (_CONTACT.c.status == ContactStatus.SENT) & call_waits,
            ),
        )
        .order_by(_CONTACT.c.id)
    )
    rows = await work.all(statement)
    await work.open_keys(row.customer_id for row in rows)
    return [_held(row, work) for row in rows]


async def change(work: Work, rows: Sequence[Row]) -> None:
    """Set columns of contacts by `id`. Rows with different columns go in different statements."""
    shapes: dict[frozenset[str], list[Row]] = {}
    for one in rows:
        if "status" in one:
            work.happenings.append(Happening(f"contact.{one['status'].lower()}", contact_id=one["id"]))
        shapes.setdefault(frozenset(one), []).append(one)
    for alike in shapes.values():
        await work.change("contact", alike)


async def is_any_abandoned(work: Work) -> bool:
    return bool(await work.all(select(_CONTACT.c.id).where(_abandoned(work)).limit(1)))


async def abandoned(work: Work, limit: int) -> list[tuple[str, str]]:
    """Contact and customer of those whose worker died before it had opened an attempt."""
    found = await work.all(select(_CONTACT.c.id, _CONTACT.c.customer_id).where(_abandoned(work)).limit(limit))
    return [(row.id, row.customer_id) for row in found]


async def give_back(work: Work, ids: Collection[str]) -> None:
    """They wait again. The customers are locked."""
    if ids:
        statement = update(_CONTACT).where(_CONTACT.c.id.in_(ids), _abandoned(work))
        await work.run(statement.values(status=ContactStatus.SCHEDULED, lease_until=None))


def _abandoned(work: Work) -> ColumnElement[bool]:
    open_attempt = exists().where(_ATTEMPT.c.contact_id == _CONTACT.c.id, _ATTEMPT.c.outcome == AttemptOutcome.OPEN)
    return (_CONTACT.c.status == ContactStatus.SENDING) & (_CONTACT.c.lease_until <= work.now) & ~open_attempt


def contact(row: Any, work: Work) -> Contact:
    """A contact from its row."""

    def opened(sealed: str | None) -> str | None:
        return None if sealed is None else work.open(row.customer_id, sealed)

    return Contact(
        id=row.id,
        customer_id=row.customer_id,
        bill_id=row.bill_id,
        purpose=Purpose[row.purpose],
        channels=tuple(Channel[name] for name in row.channels),
        status=ContactStatus[row.status],
        due_at=row.due_at,
        expires_at=row.expires_at,
        created_at=row.created_at,
        reference=opened(row.reference),
        caller_id=row.caller_id,
        requested_by=row.requested_by,
        template=row.template,
        template_version=row.template_version,
        cancel_reason=opened(row.cancel_reason),
        message=opened(row.message),
        variables=orjson.loads(opened(row.variables) or "{}"),
        evidence=row.evidence,
        in_reply_to=row.in_reply_to,
        asked_purpose=Purpose[row.asked_purpose] if row.asked_purpose else None,
        diversion=orjson.loads(opened(row.diversion) or "null"),
        spent_channels=tuple(Channel[name] for name in row.spent_channels),
    )


def _held(row: Any, work: Work) -> Held:
    return Held(
        contact=contact(row, work),
        account_id=row.account_id,
        channel=Channel[row.channel] if row.channel else None,
        contact_point_id=row.contact_point_id,
        not_before=row.not_before,
        attempts=row.attempts,
        channel_attempts=row.channel_attempts,
        failed_provider=row.failed_provider,
    )
