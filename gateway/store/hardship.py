"""What is on record about hardship: signals, and the payments and promises in which others are seen."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, union

from gateway.model import Caller, HardshipSignal
from gateway.store import acts
from gateway.store.many import Question, among
from gateway.store.work import Row, Work, seal, table, unseal
from policies.facts import BillStatus, PromiseStatus
from policies.hardship import Owed, Paid, Signal, SignalKind

_BILL = table("bill")
_PAYMENT = table("payment")
_PROMISE = table("promise")
_SIGNAL = table("hardship_signal")

_IN_FORCE = _SIGNAL.c.withdrawn_at.is_(None)

# Asked with every batch that holds a notice: most customers have none of the three, and are done with it.
_ANY = Question(
    union(  # type: ignore[arg-type]
        select(_SIGNAL.c.customer_id).where(among(_SIGNAL.c.customer_id, "ids"), _IN_FORCE),
        select(_PAYMENT.c.customer_id).where(among(_PAYMENT.c.customer_id, "ids")),
        select(_PROMISE.c.customer_id).where(among(_PROMISE.c.customer_id, "ids")),
    )
)


@dataclass(frozen=True, slots=True)
class PromiseMade:
    """A promise that was neither kept nor withdrawn."""

    account_id: str | None
    made_at: datetime
    pay_by: date
    is_broken: bool


@dataclass(slots=True)
class Evidence:
    """What may say that paying is hard for one customer."""

    signals: list[Signal] = field(default_factory=list)
    paid: list[Paid] = field(default_factory=list)
    promised: list[PromiseMade] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)
    #: Accounts with a bill that is still to be paid.
    open_accounts: set[str] = field(default_factory=set)


async def evidence(work: Work, customer_ids: Collection[str]) -> dict[str, Evidence]:
    """Of those who have any. One statement where nobody has, four more where somebody has."""
    ids = [row.customer_id for row in await work.ask(_ANY, {"ids": list(customer_ids)})]
    if not ids:
        return {}
    found = {customer: Evidence() for customer in ids}
    for row in await work.all(select(_SIGNAL).where(_SIGNAL.c.customer_id.in_(ids), _IN_FORCE)):
        found[row.customer_id].signals.append(Signal(SignalKind[row.kind], row.at))
    for row in await work.all(select(_PAYMENT).where(_PAYMENT.c.customer_id.in_(ids))):
        paid = Paid(row.bill_id, row.reference_index, Decimal(row.amount), row.currency, row.at)
        found[row.customer_id].paid.append(paid)
    over = (PromiseStatus.KEPT, PromiseStatus.WITHDRAWN)
    statement = select(_PROMISE).where(_PROMISE.c.customer_id.in_(ids), _PROMISE.c.status.not_in(over))
    for row in await work.all(statement):
        promise = PromiseMade(row.account_id, row.made_at, row.pay_by, row.status == PromiseStatus.BROKEN)
        found[row.customer_id].promised.append(promise)
    for row in await work.all(select(_BILL).where(_BILL.c.customer_id.in_(ids))):
        found[row.customer_id].owed.append(Owed(row.id, row.due_on, Decimal(row.amount_due)))
        if row.status == BillStatus.OPEN:
            found[row.customer_id].open_accounts.add(row.account_id)
    return found


async def add(work: Work, signal: HardshipSignal, by: Caller) -> None:
    """The customer is locked."""
    row = {
        "id": signal.id,
        "customer_id": signal.customer_id,
        "kind": signal.kind,
        "account_id": signal.account_id,
        "reply_id": signal.reply_id,
        "note": seal(work, signal.customer_id, signal.note),
        "at": signal.at,
        "recorded_at": signal.recorded_at,
        "caller_id": by.id,
    }
    await work.insert("hardship_signal", [work.logged("hardship_signal", row)])


async def withdraw(work: Work, signal: HardshipSignal, reason: str, by: Caller) -> None:
    changed: Row = {"withdrawn_at": work.now, "withdrawal_reason": work.seal(signal.customer_id, reason)}
    await work.change("hardship_signal", [{"id": signal.id, **changed}])
    await acts.add(work, by, "hardship_signal.withdrawn", signal.id, changed, customer_id=signal.customer_id)


async def by_id(work: Work, ids: Collection[str]) -> dict[str, HardshipSignal]:
    rows = await work.all(select(_SIGNAL).where(_SIGNAL.c.id.in_(ids)))
    return {one.id: one for one in await _signals(work, rows)}


async def of_customers(work: Work, ids: Collection[str]) -> dict[str, list[HardshipSignal]]:
    """Withdrawn ones too, oldest first."""
    statement = select(_SIGNAL).where(_SIGNAL.c.customer_id.in_(ids)).order_by(_SIGNAL.c.at, _SIGNAL.c.id)
    found: dict[str, list[HardshipSignal]] = defaultdict(list)
    for one in await _signals(work, await work.all(statement)):
        found[one.customer_id].append(one)
    return found


async def _signals(work: Work, rows: Iterable[Any]) -> list[HardshipSignal]:
    rows = list(rows)
    await work.open_keys(row.customer_id for row in rows)
    return [
        HardshipSignal(
            id=row.id,
            customer_id=row.customer_id,
            kind=SignalKind[row.kind],
            account_id=row.account_id,
            reply_id=row.reply_id,
            note=unseal(work, row.customer_id, row.note),
            at=row.at,
            recorded_at=row.recorded_at,
            withdrawn_at=row.withdrawn_at,
        )
        for row in rows
    ]
