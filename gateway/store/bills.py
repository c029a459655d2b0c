"""Accounts and the bills on them."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select

from gateway.model import Account, Bill
from gateway.store.many import Question, among
from gateway.store.work import Work, table
from policies.facts import BillStatus, LenderKind, LenderRole

_BILL = table("bill")
_ACCOUNT = table("account")
_DEBTORS = Question(select(_BILL.c.customer_id).where(among(_BILL.c.account_id, "ids")).distinct())


def select_bills() -> Select[Any]:
    """Bills joined with their accounts, the account's columns named with a prefix."""
    return select(
        _BILL,
        _ACCOUNT.c.reference.label("account_reference"),
        _ACCOUNT.c.product,
        _ACCOUNT.c.role,
        _ACCOUNT.c.in_collection_procedures,
        _ACCOUNT.c.lender_kinds,
    ).join(_ACCOUNT, _ACCOUNT.c.id == _BILL.c.account_id)


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Bill]:
    if not ids:
        return {}
    return {row.id: bill(row) for row in await work.all(select_bills().where(_BILL.c.id.in_(ids)))}


async def by_reference(work: Work, reference: str) -> Bill | None:
    row = await work.one(select_bills().where(_BILL.c.reference == reference))
    return bill(row) if row else None


async def account_by_reference(work: Work, reference: str) -> Account | None:
    row = await work.one(select(_ACCOUNT).where(_ACCOUNT.c.reference == reference))
    return _account(row) if row else None


async def debtors(work: Work, account_ids: Collection[str]) -> set[str]:
    """Everybody who has a bill on one of these accounts."""
    if not account_ids:
        return set()
    rows = await work.ask(_DEBTORS, {"ids": list(account_ids)})
    return {row.customer_id for row in rows}


async def accounts_of(work: Work, customer_id: str) -> dict[str, str]:
    """The ids of the customer's accounts by their references."""
    statement = (
        select(_ACCOUNT.c.reference, _ACCOUNT.c.id)
        .join(_BILL, _BILL.c.account_id == _ACCOUNT.c.id)
        .where(_BILL.c.customer_id == customer_id)
    )
    return {row.reference: row.id for row in await work.all(statement)}


async def add(work: Work, new: Bill) -> None:
    await work.insert("bill", [{**_columns(new), "created_at": work.now}])


async def change(work: Work, changed: Bill) -> None:
    await work.change("bill", [_columns(changed)])


async def add_account(work: Work, account: Account) -> None:
    await work.insert("account", [{**_account_columns(account), "created_at": work.now}])


async def change_account(work: Work, account: Account) -> None:
    await work.change("account", [_account_columns(account)])


def bill(row: Any) -> Bill:
    """A bill from a row of `select_bills`."""
    return Bill(
        id=row.id,
        customer_id=row.customer_id,
        reference=row.reference,
        account=Account(
            id=row.account_id,
            reference=row.account_reference,
            product=row.product,
            role=LenderRole[row.role],
            in_collection_procedures=row.in_collection_procedures,
            lender_kinds=tuple(LenderKind[name] for name in row.lender_kinds),
        ),
        amount_due=Decimal(row.amount_due),
        currency=row.currency,
        due_on=row.due_on,
        status=BillStatus[row.status],
    )


def _account(row: Any) -> Account:
    return Account(
        id=row.id,
        reference=row.reference,
        product=row.product,
        role=LenderRole[row.role],
        in_collection_procedures=row.in_collection_procedures,
        lender_kinds=tuple(LenderKind[name] for name in row.lender_kinds),
    )


def _columns(bill: Bill) -> dict[str, object]:
    return {
        "id": bill.id,
        "customer_id": bill.customer_id,
        "account_id": bill.account.id,
        "reference": bill.reference,
        "amount_due": str(bill.amount_due),
        "currency": bill.currency,
        "due_on": bill.due_on,
        "status": bill.status,
    }


def _account_columns(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "reference": account.reference,
        "product": account.product,
        "role": account.role,
        "in_collection_procedures": account.in_collection_procedures,
        "lender_kinds": list(account.lender_kinds),
    }
