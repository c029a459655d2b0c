"""Applications for another plan, and the bills that a plan puts in the place of one."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Select, select

from gateway.model import Application, ApplicationStatus, Caller
from gateway.store import acts
from gateway.store.work import Happening, Work, table, unseal
from policies.plans import Instalment

_APPLICATION = table("application")
_ENDS = {ApplicationStatus.WITHDRAWN: "withdrawn", ApplicationStatus.ENDED: "ended"}


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Application]:
    return {one.id: one for one in await _found(work, select(_APPLICATION).where(_APPLICATION.c.id.in_(ids)))}


async def of_customers(work: Work, customer_ids: Collection[str]) -> list[Application]:
    """Oldest first."""
    statement = select(_APPLICATION).where(_APPLICATION.c.customer_id.in_(customer_ids)).order_by(_APPLICATION.c.id)
    return await _found(work, statement)


async def open_of_bill(work: Work, bill_id: str) -> Application | None:
    return next(iter(await open_of_bills(work, [bill_id])), None)


async def open_of_bills(work: Work, bill_ids: Collection[str]) -> list[Application]:
    if not bill_ids:
        return []
    statement = select(_APPLICATION).where(
        _APPLICATION.c.bill_id.in_(bill_ids), _APPLICATION.c.status == ApplicationStatus.OPEN
    )
    return await _found(work, statement)


async def _found(work: Work, statement: Select[Any]) -> list[Application]:
    rows = await work.all(statement)
    await work.open_keys(row.customer_id for row in rows)
    return [application(row, work) for row in rows]


async def add(work: Work, new: Application, by: Caller) -> None:
    row = {
        "id": new.id,
        "customer_id": new.customer_id,
        "bill_id": new.bill_id,
        "account_id": new.account_id,
        "currency": new.currency,
        "instalments": [{"due_on": one.due_on.isoformat(), "amount": str(one.amount)} for one in new.instalments],
        "reason": work.seal(new.customer_id, new.reason),
        "documents": work.seal(new.customer_id, orjson.dumps(list(new.documents)).decode()) if new.documents else None,
        "submitted_at": new.submitted_at,
        "caller_id": by.id,
        "status": new.status,
        "hold_id": new.hold_id,
    }
    await work.insert("application", [work.logged("application", row)])
    await acts.add(
        work,
        by,
        "application.submitted",
        new.id,
        {"status": new.status, "hold_id": new.hold_id},
        customer_id=new.customer_id,
    )
    work.happenings.append(Happening("application.submitted", customer_id=new.customer_id))


async def end(work: Work, ended: Application, by: Caller) -> None:
    """It was decided, taken back, or has ended with its bill."""
    row = {
        "status": ended.status,
        "decided_at": ended.decided_at,
        "decided_by": ended.decided_by,
        "decision_reason": None
        if ended.decision_reason is None
        else work.seal(ended.customer_id, ended.decision_reason),
    }
    await work.change("application", [{"id": ended.id, **row}])
    what = _ENDS.get(ended.status, "decided")
    await acts.add(work, by, f"application.{what}", ended.id, row, customer_id=ended.customer_id)
    said = {"status": ended.status}
    work.happenings.append(Happening("application.decided", customer_id=ended.customer_id, data=said))


def application(row: Any, work: Work) -> Application:
    reason = unseal(work, row.customer_id, row.reason) or ""
    documents = unseal(work, row.customer_id, row.documents)
    return Application(
        id=row.id,
        customer_id=row.customer_id,
        bill_id=row.bill_id,
        account_id=row.account_id,
        currency=row.currency,
        instalments=tuple(_instalments(row.instalments)),
        reason=reason,
        documents=tuple(_texts(documents)),
        submitted_at=row.submitted_at,
        status=ApplicationStatus[row.status],
        hold_id=row.hold_id,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        decision_reason=unseal(work, row.customer_id, row.decision_reason),
    )


def _instalments(kept: Sequence[Any]) -> list[Instalment]:
    return [Instalment(date.fromisoformat(one["due_on"]), Decimal(one["amount"])) for one in kept]


def _texts(kept: str | None) -> list[str]:
    """Of who was erased only a mark is left, which is no JSON."""
    try:
        read: list[str] = orjson.loads(kept or "[]")
    except orjson.JSONDecodeError:
        return []
    return read
