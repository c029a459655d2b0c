"""Complaints."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, func, select

from gateway.model import Caller, Complaint, ComplaintStatus
from gateway.store import acts
from gateway.store.pages import Slice, Window, page
from gateway.store.work import Row, Work, table, unseal

_COMPLAINT = table("complaint")


@dataclass(frozen=True, slots=True)
class ComplaintFilter:
    """What is None does not narrow."""

    status: ComplaintStatus | None = None
    customer_id: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        columns = _COMPLAINT.c
        pairs = ((columns.status, self.status), (columns.customer_id, self.customer_id))
        return [column == value for column, value in pairs if value is not None]


async def add(work: Work, complaint: Complaint, by: Caller) -> None:
    """The customer is locked, and the hold is placed."""
    row = {
        "id": complaint.id,
        "customer_id": complaint.customer_id,
        "contact_id": complaint.contact_id,
        "account_id": complaint.account_id,
        "text": work.seal(complaint.customer_id, complaint.text),
        "at": complaint.at,
        "recorded_at": complaint.recorded_at,
        "caller_id": by.id,
        "hold_id": complaint.hold_id,
        "status": complaint.status,
    }
    await work.insert("complaint", [work.logged("complaint", row)])


async def settle(work: Work, complaint: Complaint, answer: str, by: Caller) -> None:
    changed: Row = {
        "status": ComplaintStatus.SETTLED,
        "settled_at": work.now,
        "settled_by": by.name,
        "answer": work.seal(complaint.customer_id, answer),
    }
    await work.change("complaint", [{"id": complaint.id, **changed}])
    await acts.add(work, by, "complaint.settled", complaint.id, changed, customer_id=complaint.customer_id)


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Complaint]:
    return {one.id: one for one in await _all(work, await work.all(select(_COMPLAINT).where(_COMPLAINT.c.id.in_(ids))))}


async def of_customers(work: Work, ids: Collection[str]) -> dict[str, list[Complaint]]:
    """Oldest first."""
    statement = select(_COMPLAINT).where(_COMPLAINT.c.customer_id.in_(ids)).order_by(_COMPLAINT.c.id)
    found: dict[str, list[Complaint]] = defaultdict(list)
    for one in await _all(work, await work.all(statement)):
        found[one.customer_id].append(one)
    return found


async def listed(work: Work, which: ComplaintFilter, window: Window) -> Slice[Complaint]:
    return await page(work, select(_COMPLAINT), _COMPLAINT, which.conditions(), window, partial(_complaint, work=work))


async def count(work: Work, which: ComplaintFilter) -> int:
    statement = select(func.count().label("number")).select_from(_COMPLAINT).where(*which.conditions())
    return int((await work.one(statement)).number)


async def _all(work: Work, rows: Iterable[Any]) -> list[Complaint]:
    rows = list(rows)
    await work.open_keys(row.customer_id for row in rows)
    return [_complaint(row, work) for row in rows]


def _complaint(row: Any, work: Work) -> Complaint:
    return Complaint(
        id=row.id,
        customer_id=row.customer_id,
        contact_id=row.contact_id,
        account_id=row.account_id,
        text=work.open(row.customer_id, row.text),
        at=row.at,
        recorded_at=row.recorded_at,
        hold_id=row.hold_id,
        status=ComplaintStatus[row.status],
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        answer=unseal(work, row.customer_id, row.answer),
    )
