"""Callers' keys. One key, one thing made; the same key with another body is a conflict."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from gateway.store.many import Question, among
from gateway.store.work import Work, table

_TABLE = table("idempotency")
_FIND = Question(select(_TABLE).where(among(_TABLE.c.caller_id, "callers"), among(_TABLE.c.key, "keys")))


@dataclass(frozen=True, slots=True)
class Made:
    """What a key made before."""

    operation: str
    fingerprint: str
    id: str


async def find(work: Work, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Made]:
    """By caller and key."""
    values = {"callers": list({caller for caller, _ in keys}), "keys": [key for _, key in keys]}
    rows = await work.ask(_FIND, values)
    return {(row.caller_id, row.key): Made(row.operation, row.fingerprint, row.made) for row in rows}


def row(work: Work, caller_id: str, key: str, made: Made) -> dict[str, object]:
    """For `Work.insert`: the primary key is what keeps two processes from making it twice."""
    return {
        "caller_id": caller_id,
        "key": key,
        "operation": made.operation,
        "fingerprint": made.fingerprint,
        "made": made.id,
        "created_at": work.now,
    }
