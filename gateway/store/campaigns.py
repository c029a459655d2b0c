"""What a campaign looks at: customers with bills to speak of, page by page, and what was said about these bills."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from gateway.model import ApplicationStatus
from gateway.store.work import Work, table
from policies import cadence
from policies.facts import BillStatus

_ACCOUNT = table("account")
_APPLICATION = table("application")
_BILL = table("bill")
_CONTACT = table("contact")
_CUSTOMER = table("customer")
_PAYMENT = table("payment")

LATELY = timedelta(days=cadence.LATEST + 2)
"""So long after its last payment, or after a plan for it was agreed, a bill is looked at for a follow-up."""


@dataclass(frozen=True, slots=True)
class CampaignFilter:
    """What is None does not narrow. Days are counted from the due date; days before it are negative."""

    product: str | None = None
    jurisdiction: str | None = None
    days_from: int | None = None
    days_to: int | None = None
    customer_id: str | None = None


async def customers_after(
    work: Work, which: CampaignFilter, today: date, lead: int, after: str | None, limit: int
) -> Sequence[str]:
    """The next customers who have such a bill, by their ids. `lead`: the days before its due date that count."""
    bills = _bills(select(_BILL.c.customer_id), work, which, today, lead)
    statement = bills.distinct().order_by(_BILL.c.customer_id).limit(limit)
    if after is not None:
        statement = statement.where(_BILL.c.customer_id > after)
    return [row.customer_id for row in await work.all(statement)]


async def bills_of(work: Work, which: CampaignFilter, today: date, lead: int, ids: Collection[str]) -> set[str]:
    statement = _bills(select(_BILL.c.id), work, which, today, lead).where(_BILL.c.customer_id.in_(ids))
    return {row.id for row in await work.all(statement)}


async def count(work: Work, which: CampaignFilter, today: date, lead: int) -> int:
    """How many customers there are to look at."""
    found = _bills(select(_BILL.c.customer_id), work, which, today, lead).distinct().subquery()
    row = await work.one(select(func.count().label("number")).select_from(found))
    return int(row.number)


async def contacts_about(work: Work, customer_ids: Collection[str]) -> Sequence[Any]:
    """Every contact of these customers about a bill, oldest first; only what a cadence needs of it."""
    columns = _CONTACT.c
    statement = (
        select(
            columns.customer_id,
            columns.bill_id,
            columns.purpose,
            columns.asked_purpose,
            columns.status,
            columns.channel,
            columns.channels,
            columns.due_at,
            columns.created_at,
        )
        .where(columns.customer_id.in_(customer_ids), columns.bill_id.is_not(None))
        .order_by(columns.id)
    )
    return await work.all(statement)


async def with_open_application(work: Work, customer_ids: Collection[str]) -> set[str]:
    """The bills for which another plan was applied for, and nobody has decided."""
    columns = _APPLICATION.c
    statement = select(columns.bill_id).where(
        columns.customer_id.in_(customer_ids), columns.status == ApplicationStatus.OPEN
    )
    return {row.bill_id for row in await work.all(statement)}


async def settled(work: Work, customer_ids: Collection[str]) -> dict[str, datetime]:
    """When the last payment on a bill came in."""
    columns = _PAYMENT.c
    statement = (
        select(columns.bill_id, func.max(columns.at).label("last"))
        .where(columns.customer_id.in_(customer_ids))
        .group_by(columns.bill_id)
    )
    return {row.bill_id: row.last for row in await work.all(statement)}


async def agreed(work: Work, customer_ids: Collection[str]) -> dict[str, datetime]:
    """When a plan was agreed for a bill."""
    columns = _APPLICATION.c
    is_agreed = columns.status == ApplicationStatus.APPROVED
    statement = select(columns.bill_id, columns.decided_at).where(columns.customer_id.in_(customer_ids), is_agreed)
    return {row.bill_id: row.decided_at for row in await work.all(statement)}


def _bills(base: Select[Any], work: Work, which: CampaignFilter, today: date, lead: int) -> Select[Any]:
    """A day more on either side: what day it is, the customer's zone says."""
    since = work.now - LATELY
    paid = select(_PAYMENT.c.bill_id).where(_PAYMENT.c.bill_id == _BILL.c.id, _PAYMENT.c.at >= since)
    agreed = select(_APPLICATION.c.bill_id).where(
        _APPLICATION.c.bill_id == _BILL.c.id,
        _APPLICATION.c.status == ApplicationStatus.APPROVED,
        _APPLICATION.c.decided_at >= since,
    )
    speaks = or_(
        _BILL.c.status.in_([BillStatus.OPEN, BillStatus.DISPUTED]),
        (_BILL.c.status == BillStatus.PAID) & paid.exists(),
        (_BILL.c.status == BillStatus.IN_PLAN) & agreed.exists(),
    )
    first = -lead if which.days_from is None else which.days_from
    conditions: list[ColumnElement[bool]] = [speaks, _BILL.c.due_on <= today - timedelta(days=first - 1)]
    if which.days_to is not None:
        conditions.append(_BILL.c.due_on >= today - timedelta(days=which.days_to + 1))
    if which.customer_id is not None:
        conditions.append(_BILL.c.customer_id == which.customer_id)
    if which.product is not None:
        base = base.join(_ACCOUNT, _ACCOUNT.c.id == _BILL.c.account_id)
        conditions.append(_ACCOUNT.c.product == which.product)
    if which.jurisdiction is not None:
        base = base.join(_CUSTOMER, _CUSTOMER.c.id == _BILL.c.customer_id)
        conditions.append(_CUSTOMER.c.jurisdiction == which.jurisdiction)
    return base.where(*conditions)
