"""What somebody changed, on record: the columns of a row that were set, as they are at rest."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from gateway.audit.chain import HOUSE
from gateway.audit.lines import DROPPED
from gateway.model import Caller
from gateway.store import log
from gateway.store.vault import ERASED
from gateway.store.work import Work

SEALED = "sealed"


async def add(
    work: Work, by: Caller, what: str, of_id: str, detail: Mapping[str, Any], *, customer_id: str | None
) -> None:
    """`what`: the table and what was done, "hold.lifted". The customer is locked; without one it is of the house."""
    if customer_id is None:
        await work.lock_house()
    await work.insert("act", [_row(work, by, what, of_id, detail, customer_id)])


async def add_each(work: Work, by: Caller, what: str, rows: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """The same of many rows at once: whose it is, which, and what was set."""
    await work.insert("act", [_row(work, by, what, of_id, detail, customer) for customer, of_id, detail in rows])


def _row(
    work: Work, by: Caller, what: str, of_id: str, detail: Mapping[str, Any], customer_id: str | None
) -> Mapping[str, Any]:
    row = {
        "id": work.new_id(),
        "customer_id": customer_id,
        "caller_id": by.id,
        "caller": by.name,
        "what": what,
        "of_id": of_id,
        "detail": _detail(work, detail, customer_id),
        "at": work.now,
    }
    return work.logged("act", row, chain=customer_id or HOUSE)


def _detail(work: Work, detail: Mapping[str, Any], customer_id: str | None) -> dict[str, Any]:
    """Sealed where it is a customer's: a zone or a window would outlive an erasure here."""
    if customer_id is None:
        return log.at_rest(detail)
    return {SEALED: work.seal(customer_id, log.written(detail).decode())}


def opened(work: Work, customer_id: str | None, detail: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was set. None: of who was erased nothing more is known."""
    if customer_id is None:
        return dict(detail)
    text = work.open(customer_id, detail[SEALED])
    plain: dict[str, Any] | None = None if text == ERASED else orjson.loads(text)
    return plain


async def dropped(work: Work, by: Caller, kind: str, before: datetime) -> None:
    """Rows of that table from before then are not kept any more. In the log their digests stay."""
    detail = {"kind": kind, "before": before}
    await add(work, by, DROPPED, kind, detail, customer_id=None)
