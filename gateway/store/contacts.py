"""Contacts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, exists, select, update

from gateway.model import AttemptOutcome, Contact, ContactStatus
from gateway.store.work import Row, Work, table
from policies.facts import Channel, Purpose

_CONTACT = table("contact")
_ATTEMPT = table("attempt")


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

    @property
    def open_channels(self) -> tuple[Channel, ...]:
        """Those that have not been given up, in the caller's order."""
        return tuple(channel for channel in self.contact.channels if channel not in self.contact.spent_channels)


def row(work: Work, held: Held) -> dict[str, Any]:
    """A new contact, for `Work.insert`."""
    contact = held.contact
    return {
        "id": contact.id,
        "customer_id": contact.customer_id,
        "bill_id": contact.bill_id,
        "account_id": held.account_id,
        "purpose": contact.purpose,
        "channels": list(contact.channels),
        "spent_channels": list(contact.spent_channels),
        "status": contact.status,
        "channel": held.channel,
        "contact_point_id": held.contact_point_id,
        "not_before": held.not_before,
        "due_at": contact.due_at,
        "expires_at": contact.expires_at,
        "created_at": contact.created_at,
        "reference": contact.reference,
        "caller_id": contact.caller_id,
        "requested_by": contact.requested_by,
        "evidence": contact.evidence,
        "in_reply_to": contact.in_reply_to,
        "template": contact.template,
        "variables": work.vault.seal(contact.customer_id, orjson.dumps(dict(contact.variables)).decode())
        if contact.variables
        else None,
        "attempts": held.attempts,
        "channel_attempts": held.channel_attempts,
    }


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Held]:
    if not ids:
        return {}
    return {row.id: _held(row, work) for row in await work.all(select(_CONTACT).where(_CONTACT.c.id.in_(ids)))}


async def due(work: Work, limit: int) -> list[Held]:
    """Those whose time has come, the longest waiting first. The rows are this transaction's until it ends."""
    statement = (
        select(_CONTACT)
        .where(_CONTACT.c.status == ContactStatus.SCHEDULED, _CONTACT.c.due_at <= work.now)
        .order_by(_CONTACT.c.due_at, _CONTACT.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_held(row, work) for row in await work.all(statement)]


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


async def reconsider(work: Work, customer_id: str) -> None:
    """What waits for this customer is decided anew now: something was learnt that may stop it."""
    statement = update(_CONTACT).where(
        _CONTACT.c.customer_id == customer_id, _CONTACT.c.status == ContactStatus.SCHEDULED
    )
    await work.run(statement.values(due_at=work.now))


async def change(work: Work, rows: Sequence[Row]) -> None:
    """Set columns of contacts by `id`. Rows with different columns go in different statements."""
    shapes: dict[frozenset[str], list[Row]] = {}
    for one in rows:
        shapes.setdefault(frozenset(one), []).append(one)
    for alike in shapes.values():
        await work.change("contact", alike)


async def is_any_abandoned(work: Work) -> bool:
    return bool(await work.all(select(_CONTACT.c.id).where(_abandoned(work)).limit(1)))


async def reclaim(work: Work) -> None:
    """Give back those whose worker died before it had opened an attempt."""
    statement = update(_CONTACT).where(_abandoned(work))
    await work.run(statement.values(status=ContactStatus.SCHEDULED, lease_until=None))


def _abandoned(work: Work) -> ColumnElement[bool]:
    open_attempt = exists().where(_ATTEMPT.c.contact_id == _CONTACT.c.id, _ATTEMPT.c.outcome == AttemptOutcome.OPEN)
    return (_CONTACT.c.status == ContactStatus.SENDING) & (_CONTACT.c.lease_until <= work.now) & ~open_attempt


def contact(row: Any, work: Work) -> Contact:
    """A contact from its row."""

    def opened(sealed: str | None) -> str | None:
        return None if sealed is None else work.vault.open(row.customer_id, sealed)

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
        reference=row.reference,
        caller_id=row.caller_id,
        requested_by=row.requested_by,
        template=row.template,
        template_version=row.template_version,
        cancel_reason=opened(row.cancel_reason),
        message=opened(row.message),
        variables=orjson.loads(opened(row.variables) or "{}"),
        evidence=row.evidence,
        in_reply_to=row.in_reply_to,
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
    )
