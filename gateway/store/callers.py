"""API keys, known by their hash."""

import hashlib

from sqlalchemy import select, update

from gateway.model import Caller, Role
from gateway.store.work import Work, table
from policies.facts import Purpose

_KEY = table("api_key")


def hashed(key: str) -> str:
    """A key is 256 random bits: a plain hash is enough, and no slow one burdens each request."""
    return hashlib.sha256(key.encode()).hexdigest()


async def by_key(work: Work, key_hash: str) -> Caller | None:
    row = await work.one(select(_KEY).where(_KEY.c.key_hash == key_hash, _KEY.c.revoked_at.is_(None)))
    if row is None:
        return None
    return Caller(row.id, Role[row.role], row.name, row.customer_id, frozenset(map(Purpose, row.purposes)))


async def add(work: Work, caller: Caller, key_hash: str) -> None:
    await work.insert(
        "api_key",
        [
            {
                "id": caller.id,
                "role": caller.role,
                "name": caller.name,
                "key_hash": key_hash,
                "customer_id": caller.customer_id,
                "purposes": sorted(caller.purposes),
                "created_at": work.now,
            }
        ],
    )


async def revoke(work: Work, caller_id: str) -> bool:
    """Whether there was such a key, still valid."""
    statement = update(_KEY).where(_KEY.c.id == caller_id, _KEY.c.revoked_at.is_(None)).values(revoked_at=work.now)
    return await work.run(statement) == 1


async def every(work: Work) -> list[tuple[Caller, bool]]:
    """All callers, oldest first, and whether their key still opens the door."""
    rows = await work.all(select(_KEY).order_by(_KEY.c.id))
    return [
        (
            Caller(row.id, Role[row.role], row.name, row.customer_id, frozenset(map(Purpose, row.purposes))),
            row.revoked_at is None,
        )
        for row in rows
    ]
