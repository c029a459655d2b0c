"""Who saw what of whom, as it is kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from gateway.audit.chain import HOUSE
from gateway.model import Role
from gateway.store.work import Work, seal, table, unseal

_VIEW = table("view")


@dataclass(frozen=True, slots=True)
class Seen:
    """A view on record. `customer_id` is None where what was seen is a stranger's."""

    id: str
    customer_id: str | None
    caller_id: str
    caller: str
    role: Role
    what: str
    of_id: str
    reason: str | None = field(repr=False)
    at: datetime


async def add(work: Work, views: Sequence[Seen]) -> None:
    """Their customers are locked; the house is, where one is of a stranger's."""
    rows = [
        work.logged(
            "view",
            {
                "id": view.id,
                "customer_id": view.customer_id,
                "caller_id": view.caller_id,
                "caller": view.caller,
                "role": view.role,
                "what": view.what,
                "of_id": view.of_id,
                "reason": seal(work, view.customer_id, view.reason),
                "at": view.at,
            },
            chain=view.customer_id or HOUSE,
        )
        for view in views
    ]
    await work.insert("view", rows)


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Seen]:
    rows = await work.all(select(_VIEW).where(_VIEW.c.id.in_(ids)))
    await work.open_keys(row.customer_id for row in rows)
    return {row.id: seen(row, work) for row in rows}


def seen(row: Any, work: Work) -> Seen:
    return Seen(
        id=row.id,
        customer_id=row.customer_id,
        caller_id=row.caller_id,
        caller=row.caller,
        role=Role[row.role],
        what=row.what,
        of_id=row.of_id,
        reason=unseal(work, row.customer_id, row.reason),
        at=row.at,
    )
