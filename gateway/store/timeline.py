"""What is on record of a customer, in the order in which it was written: the entries of their chain, with their rows.

Each thing that is done to a customer, or by them, is an entry of the log (`log.py`), so the log is the timeline.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from gateway.addresses import masked
from gateway.store import acts, customers
from gateway.store.pages import Slice, Window
from gateway.store.vault import ERASED
from gateway.store.work import Work, table
from policies.facts import Channel

_ENTRY = table("log_entry")
_ACCOUNT = table("account")
_BILL = table("bill")
_LEFT_OUT = ("view", "erasure")
"""Who looked is told by `Customer.views`, and an erasure by `Customer.erasure`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing on record. `values` are the row's columns, and for an act what it set; sealed ones stay sealed."""

    seq: int
    kind: str  #: the table, or for an act what was done: "hold.lifted"
    of_id: str
    at: datetime
    values: Mapping[str, Any] = field(repr=False)
    account: str | None = None  #: the reference of the debt it is about

    @property
    def cursor(self) -> str:
        """An id as pages know them."""
        return f"{self.seq:032x}"

    @property
    def contact_id(self) -> str | None:
        if self.kind == "contact" or self.kind.startswith("contact."):
            return self.of_id
        return self.values.get("contact_id")


async def entries(work: Work, customer_id: str, window: Window) -> Slice[Entry]:
    """Oldest first."""
    statement = select(_ENTRY).where(_ENTRY.c.customer_id == customer_id, _ENTRY.c.kind.not_in(_LEFT_OUT))
    if window.after is not None:
        statement = statement.where(_ENTRY.c.seq > _place(window.after))
    if window.before is not None:
        statement = statement.where(_ENTRY.c.seq < _place(window.before))
    order = _ENTRY.c.seq.desc() if window.backward else _ENTRY.c.seq.asc()
    rows = list(await work.all(statement.order_by(order).limit(window.count + 1)))
    more = len(rows) > window.count
    found = await _with_rows(work, customer_id, rows[: window.count])
    if window.backward:
        return Slice(found[::-1], has_next=window.before is not None, has_previous=more)
    return Slice(found, has_next=more, has_previous=window.after is not None)


async def count(work: Work, customer_id: str) -> int:
    statement = select(func.count().label("number")).where(
        _ENTRY.c.customer_id == customer_id, _ENTRY.c.kind.not_in(_LEFT_OUT)
    )
    return int((await work.one(statement)).number)


def _place(cursor: str) -> int:
    """A cursor of somewhere else may be any id: beyond the end is the end."""
    return min(int(cursor, 16), 2**62)


async def _with_rows(work: Work, customer_id: str, rows: Sequence[Any]) -> list[Entry]:
    by_kind: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        by_kind[row.kind].add(row.of_id)
    recorded: dict[tuple[str, str], Mapping[str, Any]] = {}
    for kind, ids in by_kind.items():
        of_kind = table(kind)
        for row in await work.all(select(of_kind).where(of_kind.c.id.in_(ids))):
            recorded[kind, row.id] = row._mapping
    await work.open_keys([customer_id])
    await work.read_rules(
        {one["rule"] for (kind, _), row in recorded.items() if kind == "decision" for one in row["findings"]}
    )
    channels = await _channels(work, recorded)
    accounts = await _accounts(work, recorded)
    held = await _holds(work, recorded)
    points = await _points(work, recorded)
    more = held | await _currencies(work, recorded)
    return [
        _entry(work, row, recorded.get((row.kind, row.of_id), {}), channels, accounts, more, points) for row in rows
    ]


async def _currencies(
    work: Work, recorded: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """Of the bills to which acts have credited money."""
    ids = {row["of_id"] for (kind, _), row in recorded.items() if kind == "act" and row["what"] == "bill.credited"}
    if not ids:
        return {}
    rows = await work.all(select(_BILL.c.id, _BILL.c.currency).where(_BILL.c.id.in_(ids)))
    return {row.id: {"currency": row.currency} for row in rows}


async def _points(work: Work, recorded: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, str]:
    """The addresses that consents are about, as everybody may see them."""
    ids = {row["contact_point_id"] for (kind, _), row in recorded.items() if kind == "consent"} - {None}
    found = await customers.points(work, ids) if ids else {}
    return {id_: masked(one.channel, one.address) for id_, one in found.items() if one.address != ERASED}


async def _holds(work: Work, recorded: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Which kind the holds were that acts have lifted."""
    ids = {row["of_id"] for (kind, _), row in recorded.items() if kind == "act" and row["what"] == "hold.lifted"}
    if not ids:
        return {}
    hold = table("hold")
    return {
        row.id: {"kind": row.kind} for row in await work.all(select(hold.c.id, hold.c.kind).where(hold.c.id.in_(ids)))
    }


async def _channels(work: Work, recorded: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Channel]:
    """The channels of the attempts whose events these are."""
    attempt = table("attempt")
    ids = {row["attempt_id"] for (kind, _), row in recorded.items() if kind == "attempt_event"}
    if not ids:
        return {}
    rows = await work.all(select(attempt.c.id, attempt.c.channel).where(attempt.c.id.in_(ids)))
    return {row.id: Channel[row.channel] for row in rows}


async def _accounts(work: Work, recorded: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, str]:
    ids = {row["account_id"] for row in recorded.values() if row.get("account_id")}
    if not ids:
        return {}
    return {
        row.id: row.reference
        for row in await work.all(select(_ACCOUNT.c.id, _ACCOUNT.c.reference).where(_ACCOUNT.c.id.in_(ids)))
    }


def _entry(
    work: Work,
    row: Any,
    recorded: Mapping[str, Any],
    channels: Mapping[str, Channel],
    accounts: Mapping[str, str],
    more: Mapping[str, Mapping[str, Any]],
    points: Mapping[str, str],
) -> Entry:
    kind, of_id, values = row.kind, row.of_id, dict(recorded)
    if kind == "act" and recorded:
        kind, of_id = recorded["what"], recorded["of_id"]
        detail = acts.opened(work, row.customer_id, recorded["detail"]) or {}
        values = {**detail, **more.get(of_id, {}), "caller_id": recorded["caller_id"]}
    if kind == "decision" and recorded:
        values["findings"] = [{**one, "rule": work.rules[one["rule"]]} for one in recorded["findings"]]
    if kind == "consent" and recorded:
        values["point"] = points.get(recorded["contact_point_id"])
    if kind == "attempt_event" and recorded:
        values["channel"] = channels.get(recorded["attempt_id"])
    if kind == "contact" and values.get("diversion"):
        opened = work.open(row.customer_id, values["diversion"])
        values["diversion"] = None if opened == ERASED else opened
    return Entry(row.seq, kind, of_id, row.at, values, accounts.get(values.get("account_id") or ""))
