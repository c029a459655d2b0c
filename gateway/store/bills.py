"""Accounts and the bills on them."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select

from gateway.model import Account, Bill, Caller
from gateway.store import acts
from gateway.store.many import Question, among
from gateway.store.work import Row, Work, table
from policies.facts import BillStatus, LenderKind, LenderRole

_BILL = table("bill")
_ACCOUNT = table("account")
_DEBTORS = Question(select(_BILL.c.customer_id).where(among(_BILL.c.account_id, "ids")).distinct())

_DEBTORS_OF = Question(
    select(_BILL.c.account_id, _BILL.c.customer_id).where(among(_BILL.c.account_id, "ids")).distinct()
)


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


_BY_REFERENCE = Question(select_bills().where(among(_BILL.c.reference, "references")))
_ACCOUNTS = Question(select(_ACCOUNT).where(among(_ACCOUNT.c.reference, "references")))


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Bill]:
    if not ids:
        return {}
    return {row.id: bill(row) for row in await work.all(select_bills().where(_BILL.c.id.in_(ids)))}


async def of_customer(work: Work, customer_id: str) -> list[Bill]:
    """The earliest due first."""
    statement = select_bills().where(_BILL.c.customer_id == customer_id).order_by(_BILL.c.due_on, _BILL.c.id)
    return [bill(row) for row in await work.all(statement)]


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


async def debtors_of(work: Work, account_ids: Collection[str]) -> set[tuple[str, str]]:
    """Account and customer of everybody who has a bill on one of these."""
    rows = await work.ask(_DEBTORS_OF, {"ids": list(account_ids)})
    return {(row.account_id, row.customer_id) for row in rows}


async def accounts_of(work: Work, customer_id: str) -> dict[str, str]:
    """The ids of the customer's accounts by their references."""
    statement = (
        select(_ACCOUNT.c.reference, _ACCOUNT.c.id)
        .join(_BILL, _BILL.c.account_id == _ACCOUNT.c.id)
        .where(_BILL.c.customer_id == customer_id)
    )
    return {row.reference: row.id for row in await work.all(statement)}


async def by_references(work: Work, references: Collection[str]) -> dict[str, Bill]:
    return {row.reference: bill(row) for row in await work.ask(_BY_REFERENCE, {"references": list(references)})}


async def accounts_by_references(work: Work, references: Collection[str]) -> dict[str, Account]:
    rows = await work.ask(_ACCOUNTS, {"references": list(references)})
    return {row.reference: _account(row) for row in rows}


async def instalments_of(work: Work, ids: Collection[str]) -> dict[str, list[Bill]]:
    """Of the plan that replaced each of these bills, by their days; none of a bill that none replaced."""
    found: dict[str, list[Bill]] = {id_: [] for id_ in ids}
    statement = select_bills().where(_BILL.c.in_place_of.in_(ids)).order_by(_BILL.c.due_on, _BILL.c.id)
    for row in await work.all(statement):
        found[row.in_place_of].append(bill(row))
    return found


async def in_place_of(work: Work, ids: Collection[str]) -> list[Bill]:
    """The instalments of the plans that replaced these bills, and of those that replaced instalments."""
    found: dict[str, Bill] = {}
    asked = set(ids)
    while asked:
        rows = await work.all(select_bills().where(_BILL.c.in_place_of.in_(asked)))
        asked = {row.id for row in rows} - found.keys()
        found |= {row.id: bill(row) for row in rows}
    return list(found.values())


async def add(work: Work, new: Collection[Bill], by: Caller) -> None:
    rows = [{**_columns(one), "created_at": work.now} for one in new]
    await work.insert("bill", rows)
    await _act(work, by, "bill.registered", [(row["customer_id"], row) for row in rows])


async def change(work: Work, changed: Collection[Bill], by: Caller) -> None:
    rows = [_columns(one) for one in changed]
    await work.change("bill", rows)
    await _act(work, by, "bill.changed", [(row["customer_id"], row) for row in rows])


async def add_accounts(work: Work, new: Collection[tuple[str, Account]], by: Caller) -> None:
    """Each with the customer over whose bill it was spoken of, whose record has it."""
    rows = [(customer_id, {**_account_columns(account), "created_at": work.now}) for customer_id, account in new]
    await work.insert("account", [row for _, row in rows])
    await _act(work, by, "account.registered", rows)


async def change_account(work: Work, account: Account, by: Caller, customer_id: str) -> None:
    row = _account_columns(account)
    await work.change("account", [row])
    await _act(work, by, "account.changed", [(customer_id, row)])


async def _act(work: Work, by: Caller, what: str, rows: Collection[tuple[str, Row]]) -> None:
    await acts.add_each(work, by, what, [(whose, row["id"], row) for whose, row in rows])


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
        amount_paid=Decimal(row.amount_paid),
        instalment=row.instalment,
        in_place_of=row.in_place_of,
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


def _columns(bill: Bill) -> dict[str, Any]:
    return {
        "id": bill.id,
        "customer_id": bill.customer_id,
        "account_id": bill.account.id,
        "reference": bill.reference,
        "amount_due": str(bill.amount_due),
        "amount_paid": str(bill.amount_paid),
        "currency": bill.currency,
        "due_on": bill.due_on,
        "status": bill.status,
        "instalment": bill.instalment,
        "in_place_of": bill.in_place_of,
    }


def _account_columns(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "reference": account.reference,
        "product": account.product,
        "role": account.role,
        "in_collection_procedures": account.in_collection_procedures,
        "lender_kinds": list(account.lender_kinds),
    }
