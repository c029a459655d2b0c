"""Callers' keys. One key, one thing made; the same key with another body is a conflict.

Kept by their blind index: a caller may have written a name or a number into one.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from gateway.store.many import Question, among
from gateway.store.work import Work, table

_TABLE = table("idempotency")
_FIND = Question(select(_TABLE).where(among(_TABLE.c.caller_id, "callers"), among(_TABLE.c.key_index, "indexes")))


@dataclass(frozen=True, slots=True)
class Made:
    """What a key made before."""

    operation: str
    fingerprint: str
    id: str


async def find(work: Work, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Made]:
    """By caller and key."""
    asked = {(caller, work.index(key)): (caller, key) for caller, key in keys}
    values = {"callers": list({caller for caller, _ in asked}), "indexes": [index for _, index in asked]}
    made = {
        (row.caller_id, row.key_index): Made(row.operation, row.fingerprint, row.made)
        for row in await work.ask(_FIND, values)
    }
    # Two callers may use each other's keys.
    return {asked[one]: found for one, found in made.items() if one in asked}


def row(work: Work, caller_id: str, key: str, made: Made) -> dict[str, object]:
    """For `Work.insert`: the primary key is what keeps two processes from making it twice."""
    return {
        "caller_id": caller_id,
        "key_index": work.index(key),
        "operation": made.operation,
        "fingerprint": made.fingerprint,
        "made": made.id,
        "created_at": work.now,
    }
