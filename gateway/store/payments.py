"""Payments, what they pay, and the promises that they keep."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from gateway.ids import global_id
from gateway.model import Bill, Caller, Payment, PromiseEntry
from gateway.store import acts, bills
from gateway.store.work import Happening, Row, Work, table
from policies.facts import BillStatus, PromiseStatus

_PAYMENT = table("payment")
_BILL = table("bill")
_ACCOUNT = table("account")
_PROMISE = table("promise")


@dataclass(frozen=True, slots=True)
class Promised:
    """What a customer has promised. Without an account it is of all that they owe."""

    id: str
    customer_id: str
    account_id: str | None
    pay_by: date
    made_at: datetime
    amount: Decimal | None
    currency: str | None
    status: PromiseStatus


async def claim(work: Work, reference: str) -> None:
    """Until the transaction ends nobody else records a payment of this reference. Before anything is locked."""
    await work.alone(int.from_bytes(hashlib.sha256(f"payment {reference}".encode()).digest()[:7]))


async def of_reference(work: Work, reference: str) -> tuple[list[Payment], str | None]:
    """What was recorded under it, and the index of its body."""
    statement = select(_PAYMENT).where(_PAYMENT.c.reference_index == work.index(reference))
    rows = await work.all(statement.order_by(_PAYMENT.c.id))
    return await _payments(work, rows), rows[0].fingerprint if rows else None


async def of_bills(work: Work, bill_ids: Collection[str]) -> Mapping[str, list[Payment]]:
    """Oldest first."""
    found: dict[str, list[Payment]] = defaultdict(list)
    statement = select(_PAYMENT).where(_PAYMENT.c.bill_id.in_(bill_ids)).order_by(_PAYMENT.c.at, _PAYMENT.c.id)
    for one in await _payments(work, await work.all(statement)):
        found[one.bill_id].append(one)
    return found


async def open_bills(work: Work, account_reference: str) -> list[Bill]:
    """Of the account, the one that is due first before the others."""
    statement = bills.select_bills().where(_ACCOUNT.c.reference == account_reference, _BILL.c.status == BillStatus.OPEN)
    return [bills.bill(row) for row in await work.all(statement.order_by(_BILL.c.due_on, _BILL.c.id))]


async def add(work: Work, new: Sequence[Payment], fingerprint: str, caller_id: str) -> None:
    rows = [
        {
            "id": one.id,
            "customer_id": one.customer_id,
            "bill_id": one.bill_id,
            "account_id": one.account_id,
            "reference": work.seal(one.customer_id, one.reference),
            "reference_index": work.index(one.reference),
            "fingerprint": fingerprint,
            "amount": str(one.amount),
            "currency": one.currency,
            "at": one.at,
            "recorded_at": work.now,
            "caller_id": caller_id,
        }
        for one in new
    ]
    await work.insert("payment", [work.logged("payment", row) for row in rows])
    for one in new:
        said = {"billId": global_id("Bill", one.bill_id), "amount": str(one.amount), "currency": one.currency}
        work.happenings.append(Happening("payment.recorded", customer_id=one.customer_id, data=said))


async def credit(work: Work, credited: Sequence[Bill], by: Caller) -> None:
    """Bills of which more is paid than before, as they are now."""
    for bill in credited:
        paid = {"amount_paid": str(bill.amount_paid), "status": bill.status}
        await work.change("bill", [{"id": bill.id, **paid}])
        await acts.add(work, by, "bill.credited", bill.id, paid, customer_id=bill.customer_id)
        if bill.status is BillStatus.PAID:
            said = {"billId": global_id("Bill", bill.id)}
            work.happenings.append(Happening("bill.paid", customer_id=bill.customer_id, data=said))


async def promises(work: Work, customer_ids: Collection[str], *statuses: PromiseStatus) -> list[Promised]:
    statement = select(_PROMISE).where(_PROMISE.c.customer_id.in_(customer_ids), _PROMISE.c.status.in_(statuses))
    return [
        Promised(
            row.id,
            row.customer_id,
            row.account_id,
            row.pay_by,
            row.made_at,
            None if row.amount is None else Decimal(row.amount),
            row.currency,
            PromiseStatus(row.status),
        )
        for row in await work.all(statement.order_by(_PROMISE.c.id))
    ]


async def since(work: Work, customer_id: str, at: datetime) -> list[Payment]:
    """What the customer has paid from an instant on, oldest first."""
    statement = select(_PAYMENT).where(_PAYMENT.c.customer_id == customer_id, _PAYMENT.c.at >= at)
    return await _payments(work, await work.all(statement.order_by(_PAYMENT.c.at, _PAYMENT.c.id)))


async def next_instalment(work: Work, promise: Promised) -> Bill | None:
    """The first bill of a plan on the promised debt that is not paid and due after the promise."""
    statement = bills.select_bills().where(
        _BILL.c.customer_id == promise.customer_id,
        _BILL.c.account_id == promise.account_id,
        _BILL.c.status == BillStatus.OPEN,
        _BILL.c.instalment.is_not(None),
        _BILL.c.due_on > promise.pay_by,
    )
    rows = await work.all(statement.order_by(_BILL.c.due_on, _BILL.c.id).limit(1))
    return bills.bill(rows[0]) if rows else None


async def owes(work: Work, promise: Promised) -> bool:
    """Whether a bill on the promised debts is open."""
    statement = select(_BILL.c.id).where(_BILL.c.customer_id == promise.customer_id, _BILL.c.status == BillStatus.OPEN)
    if promise.account_id is not None:
        statement = statement.where(_BILL.c.account_id == promise.account_id)
    return await work.one(statement.limit(1)) is not None


async def all_paid(work: Work, promise: Promised) -> bool:
    """Whether every bill on the promised debts is paid."""
    statement = select(_BILL.c.status).where(_BILL.c.customer_id == promise.customer_id)
    if promise.account_id is not None:
        statement = statement.where(_BILL.c.account_id == promise.account_id)
    return {row.status for row in await work.all(statement.distinct())} == {BillStatus.PAID}


async def settle(
    work: Work, promise: Promised | PromiseEntry, status: PromiseStatus, by: Caller, *, reason: str | None = None
) -> None:
    """It was kept, or broken; or taken back, for a reason."""
    row: Row = {"status": status}
    if reason is not None:
        row = {**row, "withdrawal_reason": work.seal(promise.customer_id, reason)}
    await work.change("promise", [{"id": promise.id, **row}])
    await acts.add(work, by, f"promise.{status.lower()}", promise.id, row, customer_id=promise.customer_id)


async def _payments(work: Work, rows: Sequence[Any]) -> list[Payment]:
    await work.open_keys(row.customer_id for row in rows)
    return [
        Payment(
            id=row.id,
            customer_id=row.customer_id,
            bill_id=row.bill_id,
            account_id=row.account_id,
            reference=work.open(row.customer_id, row.reference),
            amount=Decimal(row.amount),
            currency=row.currency,
            at=row.at,
        )
        for row in rows
    ]
