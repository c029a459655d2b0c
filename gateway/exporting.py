"""Everything that is on record of one customer, for the customer: GDPR Arts. 15 and 20, PIPL Art. 45.

Every table that carries the customer's id is in it, so that what is added later is too. What is left out is ours alone:
keys, hashes, leases and tokens, which tell nothing of the person and would open doors.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, select

from gateway.callers import may_see
from gateway.core import Gateway
from gateway.model import Caller, Role, UserErrorCode, problem
from gateway.store import acts
from gateway.store.tables import metadata
from gateway.store.work import Work, table
from policies.reasons import WITHHELD, speaks_of_others

FORMAT = "contact-gateway.customer/1"

OURS = {
    "address_index",
    "agent_id",
    "caller_id",
    "customer_id",
    "data_key",
    "failed_provider",
    "fingerprint",
    "lease_until",
    "log_hash",
    "log_seq",
    "reference_index",
    "unsubscribe_token",
}
"""Columns that are not about the customer."""

LEFT_OUT = {"api_key", "caller", "checkpoint_head", "event", "log_entry"}
"""Tables that carry a customer's id for our own sake: doors, messages to callers, hashes of what is here anyway."""

NAMES_STAFF = {"agent", "caller", "decided_by", "paused_by", "recorded_by", "requested_by", "settled_by"}
"""Columns that hold names of people who work for the lender: to the customer they are the lender."""


def exported_tables() -> list[Table]:
    """What an export holds, beside the customer's own row, their accounts and the rules that decided."""
    return [one for one in metadata.sorted_tables if "customer_id" in one.c and one.name not in LEFT_OUT]


async def export(gateway: Gateway, caller: Caller, customer_id: str) -> dict[str, Any]:
    """As JSON: one list per table, oldest first, names as in the database's columns, personal data in plain."""
    async with gateway.database.read() as work:
        customer = table("customer")
        row = await work.one(select(customer).where(customer.c.id == customer_id))
        if row is None or not may_see(caller, customer_id):
            raise problem(UserErrorCode.NOT_FOUND, "no such customer", "customerId")
        work.take_keys([row])
        found: dict[str, Any] = {"format": FORMAT, "exported_at": work.now.isoformat()}
        hidden = OURS | (NAMES_STAFF if caller.role is Role.CUSTOMER else set())
        found["customer"] = _plain(work, customer, row, customer_id, hidden)
        for one in exported_tables():
            rows = await work.all(select(one).where(one.c.customer_id == customer_id).order_by(*one.primary_key))
            # SQLAlchemy's own kind of name is no plain text to JSON.
            found[f"{one.name}"] = [_plain(work, one, each, customer_id, hidden) for each in rows]
        found["account"] = await _accounts(work, customer_id, found["bill"], hidden)
        found["rule"] = await _rules(work, found["decision"])
    return found


def _plain(work: Work, of: Table, row: Any, customer_id: str, hidden: set[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for column in of.c:
        if column.name in hidden:
            continue
        value = getattr(row, column.name)
        if value is not None and column.info.get("sealed"):
            # An erasure's reason is sealed by the house: it outlives the customer's key.
            value = work.open(None if of.name == "erasure" else customer_id, value)
        if of.name == "act" and column.name == "detail":
            value = _act(work, row.what, acts.opened(work, customer_id, value), customer_id, hidden)
        if of.name == "decision" and column.name == "findings":
            value = [_finding(one) for one in value]
        shown[f"{column.name}"] = value.isoformat() if isinstance(value, datetime | date) else value
    return shown


def _act(
    work: Work, what: str, detail: Mapping[str, Any] | None, customer_id: str, hidden: set[str]
) -> dict[str, Any] | None:
    """What was set, in plain."""
    of = metadata.tables.get(what.partition(".")[0])
    sealed = {column.name for column in of.c if column.info.get("sealed")} if of is not None else set()
    if detail is None:
        return None
    return {
        name: work.open(customer_id, value) if name in sealed and value is not None else value
        for name, value in detail.items()
        if name not in hidden
    }


def _finding(stored: Mapping[str, Any]) -> dict[str, Any]:
    """How often another debtor was contacted about the debt is between them and us: as the API withholds it."""
    if not speaks_of_others(stored.get("facts", {})):
        return dict(stored)
    kept = {name: stored[name] for name in ("rule", "outcome", "until") if name in stored}
    return {**kept, "code": WITHHELD.code}


async def _accounts(
    work: Work, customer_id: str, bills: Sequence[Mapping[str, Any]], hidden: set[str]
) -> list[dict[str, Any]]:
    account = table("account")
    ids = {one["account_id"] for one in bills}
    rows = await work.all(select(account).where(account.c.id.in_(ids)).order_by(account.c.id))
    return [_plain(work, account, row, customer_id, hidden) for row in rows]


async def _rules(work: Work, decided: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The rules that the decisions name, as they were."""
    keys = {finding["rule"] for one in decided for finding in one["findings"]}
    await work.read_rules(keys)
    return {key: work.rules[key] for key in sorted(keys)}
