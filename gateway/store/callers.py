"""Callers and their keys, which are known by their hash."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from gateway.model import OPERATOR, Caller, Role
from gateway.store import acts
from gateway.store.work import Work, table
from policies.facts import Purpose

_CALLER = table("caller")
_KEY = table("api_key")


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a caller, without what opens the door."""

    id: str
    caller_id: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class Listed:
    """A caller with all the keys it ever had, oldest first."""

    caller: Caller
    is_revoked: bool
    keys: tuple[Key, ...]

    def valid_keys(self, now: datetime) -> list[Key]:
        return [] if self.is_revoked else [key for key in self.keys if key.is_valid(now)]


def hashed(key: str) -> str:
    """A key is 256 random bits: a plain hash is enough, and no slow one burdens each request."""
    return hashlib.sha256(key.encode()).hexdigest()


async def by_key(work: Work, key_hash: str, now: datetime) -> tuple[Caller, Key] | None:
    """Whose key this is, if it opens the door at that instant."""
    is_this = and_(_KEY.c.key_hash == key_hash, _CALLER.c.revoked_at.is_(None), _is_valid(now))
    row = await work.one(select(_KEY).join(_CALLER).where(is_this))
    if row is None:
        return None
    return _caller(await work.one(select(_CALLER).where(_CALLER.c.id == row.caller_id))), _key(row)


async def has_key(work: Work, caller_id: str, now: datetime) -> bool:
    """Whether there is such a caller, with a key that opens the door at that instant."""
    is_theirs = and_(_KEY.c.caller_id == caller_id, _CALLER.c.revoked_at.is_(None), _is_valid(now))
    return await work.one(select(_KEY.c.id).join(_CALLER).where(is_theirs)) is not None


def _is_valid(now: datetime) -> ColumnElement[bool]:
    return and_(_KEY.c.revoked_at.is_(None), or_(_KEY.c.expires_at.is_(None), _KEY.c.expires_at > now))


async def add(work: Work, caller: Caller, by: Caller = OPERATOR) -> None:
    row = {
        "id": caller.id,
        "role": caller.role,
        "name": caller.name,
        "customer_id": caller.customer_id,
        "purposes": sorted(caller.purposes),
        "scopes": sorted(caller.scopes),
        "created_at": work.now,
    }
    await work.insert("caller", [row])
    await acts.add(work, by, "caller.made", caller.id, row, customer_id=None)


async def add_key(work: Work, key: Key, key_hash: str, by: Caller = OPERATOR) -> None:
    row = {
        "id": key.id,
        "caller_id": key.caller_id,
        "key_hash": key_hash,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
    }
    await work.insert("api_key", [row])
    await acts.add(work, by, "api_key.made", key.id, row, customer_id=None)


async def lock(work: Work, caller_id: str) -> None:
    """Until the transaction ends nobody else changes this caller's keys."""
    await work.one(select(_CALLER.c.id).where(_CALLER.c.id == caller_id).with_for_update())


async def end_key(work: Work, key_id: str, at: datetime, by: Caller = OPERATOR) -> None:
    ended = {"expires_at": at}
    await work.change("api_key", [{"id": key_id, **ended}])
    await acts.add(work, by, "api_key.ended", key_id, ended, customer_id=None)


async def revoke(work: Work, id_: str, by: Caller = OPERATOR) -> bool:
    """A caller with all its keys, or one key. Whether there was such a one that was not revoked."""
    revoked = {"revoked_at": work.now}
    for target in (_CALLER, _KEY):
        statement = update(target).where(target.c.id == id_, target.c.revoked_at.is_(None))
        if await work.run(statement.values(revoked)):
            await acts.add(work, by, f"{target.name}.revoked", id_, revoked, customer_id=None)
            return True
    return False


async def note_uses(work: Work, uses: Mapping[str, datetime]) -> None:
    """When keys were last used, by their ids."""
    await work.change("api_key", [{"id": key_id, "last_used_at": uses[key_id]} for key_id in sorted(uses)])


async def listed(work: Work, caller_id: str | None = None) -> list[Listed]:
    """That caller, or all of them, oldest first."""
    callers, keys = select(_CALLER).order_by(_CALLER.c.id), select(_KEY).order_by(_KEY.c.id)
    if caller_id is not None:
        callers, keys = callers.where(_CALLER.c.id == caller_id), keys.where(_KEY.c.caller_id == caller_id)
    theirs: dict[str, list[Key]] = {}
    for row in await work.all(keys):
        theirs.setdefault(row.caller_id, []).append(_key(row))
    return [
        Listed(_caller(row), row.revoked_at is not None, tuple(theirs.get(row.id, ())))
        for row in await work.all(callers)
    ]


def _caller(row: Any) -> Caller:
    return Caller(
        row.id,
        Role[row.role],
        row.name,
        row.customer_id,
        frozenset(map(Purpose, row.purposes)),
        frozenset(row.scopes),
    )


def _key(row: Any) -> Key:
    return Key(row.id, row.caller_id, row.created_at, row.expires_at, row.revoked_at, row.last_used_at)
