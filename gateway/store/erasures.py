"""What is left of who was erased: when, by which rule, and what keeps the next import from bringing them back."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, exists, func, select, union_all, update

from gateway.model import Caller, ContactStatus
from gateway.store import acts
from gateway.store.work import Work, table
from policies.facts import HoldKind

_CUSTOMER = table("customer")
_POINT = table("contact_point")
_BILL = table("bill")
_HOLD = table("hold")
_ERASURE = table("erasure")
_CONTACT = table("contact")
_SUPPRESSION = table("suppression")
_EVENT = table("event")
_HEARD = table("heard")
_REPLY = table("reply")

_LAST: tuple[tuple[str, str], ...] = (
    ("application", "submitted_at"),
    ("application", "decided_at"),
    ("bill", "created_at"),
    ("complaint", "recorded_at"),
    ("complaint", "settled_at"),
    ("consent", "recorded_at"),
    ("hardship_signal", "recorded_at"),
    ("hold", "lifted_at"),
    ("outside_contact", "at"),
    ("payment", "recorded_at"),
    ("promise", "made_at"),
    ("reply", "received_at"),
    ("survey_answer", "recorded_at"),
)
"""What a relation with a customer consists of, and by which of its times. Our own doings, as views, are none of it."""

_OPEN_MATTERS: tuple[tuple[str, str], ...] = (
    ("bill", "OPEN"),
    ("bill", "DISPUTED"),
    ("application", "OPEN"),
    ("complaint", "OPEN"),
)
"""While one of these is open its record is needed. A hold alone is no such matter: some stand for ever."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Until `kept_until` the record is only stored, because the law keeps it; `period` names the rule."""

    id: str
    customer_id: str
    requested_at: datetime
    caller_id: str
    caller: str
    reason: str = field(repr=False)
    period: str
    kept_until: datetime
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """A customer with whom nothing is under way; until when what is restricted is kept."""

    id: str
    jurisdiction: str
    kept_until: datetime | None


async def of_customers(work: Work, ids: Collection[str]) -> dict[str, Erasure]:
    statement = select(_ERASURE, _CUSTOMER.c.erased_at).join(_CUSTOMER, _CUSTOMER.c.id == _ERASURE.c.customer_id)
    rows = await work.all(statement.where(_ERASURE.c.customer_id.in_(ids)))
    return {row.customer_id: _erasure(row, work) for row in rows}


async def add(work: Work, new: Erasure) -> None:
    row = {
        "id": new.id,
        "customer_id": new.customer_id,
        "requested_at": new.requested_at,
        "caller_id": new.caller_id,
        "caller": new.caller,
        "reason": work.seal(None, new.reason),
        "period": new.period,
        "kept_until": new.kept_until,
    }
    await work.insert("erasure", [work.logged("erasure", row)])


async def open_matters(work: Work, customer_id: str) -> set[str]:
    """What of theirs is not settled yet: "bill", "application", "complaint"."""
    found = set()
    for name, status in _OPEN_MATTERS:
        one = table(name)
        statement = select(one.c.id).where(one.c.customer_id == customer_id, one.c.status == status)
        if await work.one(statement.limit(1)) is not None:
            found.add(name)
    return found


async def last_contacts(work: Work, ids: Collection[str]) -> dict[str, datetime]:
    """When each was last in contact with us, or when we first knew of them."""
    parts = [_times(name, at).where(table(name).c.customer_id.in_(ids)) for name, at in _LAST]
    # The hold of an erasure is our own doing: it would keep what it is to let go.
    parts.append(_times("hold", "recorded_at").where(_HOLD.c.customer_id.in_(ids), _HOLD.c.kind != HoldKind.ERASURE))
    # What was refused did not reach them: else whoever asks often enough keeps them for ever.
    parts.append(
        _times("contact", "created_at").where(
            _CONTACT.c.customer_id.in_(ids), _CONTACT.c.status != ContactStatus.REFUSED
        )
    )
    parts.append(select(_CUSTOMER.c.id, _CUSTOMER.c.created_at.label("at")).where(_CUSTOMER.c.id.in_(ids)))
    every = union_all(*parts).subquery()
    rows = await work.all(select(every.c.id, func.max(every.c.at, type_=every.c.at.type)).group_by(every.c.id))
    return {row[0]: row[1] for row in rows}


def _times(name: str, at: str) -> Select[Any]:
    return select(table(name).c.customer_id.label("id"), table(name).c[at].label("at"))


async def idle(work: Work, after: str, before: datetime, limit: int) -> list[Idle]:
    """Customers in the order of their ids, without an open matter, whom we knew before that instant and still know."""
    statement = (
        select(_CUSTOMER.c.id, _CUSTOMER.c.jurisdiction, _ERASURE.c.kept_until)
        .outerjoin(_ERASURE, _ERASURE.c.customer_id == _CUSTOMER.c.id)
        .where(
            _CUSTOMER.c.id > after,
            _CUSTOMER.c.created_at <= before,
            _CUSTOMER.c.erased_at.is_(None),
            *(
                ~exists().where(table(name).c.customer_id == _CUSTOMER.c.id, table(name).c.status == status)
                for name, status in _OPEN_MATTERS
            ),
        )
    )
    rows = await work.all(statement.order_by(_CUSTOMER.c.id).limit(limit))
    return [Idle(row.id, row.jurisdiction, row.kept_until) for row in rows]


async def suppress(work: Work, customer_id: str) -> None:
    """Remember the addresses and the reference, in a form that only recognises them."""
    reference = await work.one(select(_CUSTOMER.c.reference).where(_CUSTOMER.c.id == customer_id))
    points = await work.all(select(_POINT.c.address_index).where(_POINT.c.customer_id == customer_id))
    found = {row.address_index for row in points} | {of_reference(work, reference.reference)}
    await work.insert_if_new("suppression", [{"index": one, "since": work.now} for one in sorted(found)])


async def suppressed(work: Work, indexes: Collection[str]) -> set[str]:
    """Which of these were erased."""
    rows = await work.all(select(_SUPPRESSION.c.index).where(_SUPPRESSION.c.index.in_(indexes)))
    return {row.index for row in rows}


async def release(work: Work, index: str) -> None:
    """It may be used again: somebody who may decide that has."""
    await work.run(delete(_SUPPRESSION).where(_SUPPRESSION.c.index == index))


def of_reference(work: Work, reference: str) -> str:
    return work.index(f"reference {reference}")


async def shred(work: Work, ids: Collection[str], by: Caller) -> None:
    """Destroy the customers' keys, and what else could tell who they were. The rows of the record stay as they are."""
    # What nobody can have registered before: a reference that is taken already would stop every erasure beside it.
    mark = f"erased-{secrets.token_hex(8)}-"
    for one in ids:
        # Again: an import may have brought more since it was asked for.
        await suppress(work, one)
        erased = {"erased_at": work.now, "windows": []}
        await acts.add(work, by, "customer.erased", one, erased, customer_id=one)
        await work.change("customer", [{"id": one, "data_key": None, "reference": f"{mark}{one}", **erased}])
    rows = await work.all(select(_POINT.c.id).where(_POINT.c.customer_id.in_(ids)))
    points = [{"id": row.id, "address_index": f"{mark}{row.id}", "usable": False} for row in rows]
    await work.change("contact_point", points)
    await work.run(delete(_EVENT).where(_EVENT.c.customer_id.in_(ids)))
    await _forget_accounts(work, ids, mark)
    await work.run(update(_BILL).where(_BILL.c.customer_id.in_(ids)).values(reference=mark + _BILL.c.id))


async def _forget_accounts(work: Work, ids: Collection[str], mark: str) -> None:
    """The references of debts that nobody owed but who is erased."""
    theirs = {row.account_id for row in await work.all(select(_BILL.c.account_id).where(_BILL.c.customer_id.in_(ids)))}
    others = select(_BILL.c.account_id).join(_CUSTOMER, _CUSTOMER.c.id == _BILL.c.customer_id)
    kept = {
        row.account_id
        for row in await work.all(others.where(_BILL.c.account_id.in_(theirs), _CUSTOMER.c.erased_at.is_(None)))
    }
    await work.change("account", [{"id": one, "reference": f"{mark}{one}"} for one in sorted(theirs - kept)])


async def forget_strangers(work: Work, before: datetime) -> int:
    """What people wrote whom nobody knows here."""
    return await work.run(delete(_REPLY).where(_REPLY.c.customer_id.is_(None), _REPLY.c.received_at < before))


async def forget_heard(work: Work, before: datetime) -> int:
    """Providers do not say a thing again after so long."""
    return await work.run(delete(_HEARD).where(_HEARD.c.received_at < before))


def _erasure(row: Any, work: Work) -> Erasure:
    return Erasure(
        id=row.id,
        customer_id=row.customer_id,
        requested_at=row.requested_at,
        caller_id=row.caller_id,
        caller=row.caller,
        reason=work.open(None, row.reason),
        period=row.period,
        kept_until=row.kept_until,
        erased_at=row.erased_at,
    )
