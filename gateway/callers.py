"""Who is calling: API keys, and the walls between customers."""

import secrets

from gateway.core import Gateway
from gateway.model import Caller, Contact, Role, UserErrorCode, problem
from gateway.store import callers
from gateway.store.database import Database
from policies.facts import Purpose

REMEMBERED_SECONDS = 5
"""For so long a process knows a key without asking the database: a revoked one opens nothing after that."""

REMEMBERED_KEYS = 10_000


class KnownCallers:
    """Callers by the hash of their key, each for a few seconds. Unknown keys are not remembered."""

    def __init__(self) -> None:
        self._callers: dict[str, tuple[float, Caller]] = {}

    def get(self, key_hash: str, now: float) -> Caller | None:
        remembered = self._callers.get(key_hash)
        return remembered[1] if remembered and now - remembered[0] < REMEMBERED_SECONDS else None

    def put(self, key_hash: str, caller: Caller, now: float) -> None:
        if len(self._callers) >= REMEMBERED_KEYS:
            self._callers.clear()
        self._callers[key_hash] = (now, caller)


async def authenticate(gateway: Gateway, authorization: str | None) -> Caller | None:
    """The caller that an `Authorization: Bearer KEY` header names; None opens no door."""
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return None
    key_hash = callers.hashed(key.strip())
    now = gateway.elapsed()
    caller = gateway.known_callers.get(key_hash, now)
    if caller is None:
        async with gateway.database.read() as work:
            caller = await callers.by_key(work, key_hash)
        if caller is not None:
            gateway.known_callers.put(key_hash, caller, now)
    return caller


async def create_key(
    database: Database,
    role: Role,
    name: str,
    *,
    customer_id: str | None = None,
    purposes: frozenset[Purpose] = frozenset(),
) -> str:
    """A new caller. The key is returned this once and kept nowhere."""
    if (role is Role.CUSTOMER) != (customer_id is not None):
        raise ValueError("a CUSTOMER key is bound to one customer, and no other key is")
    key = secrets.token_urlsafe(32)
    async with database.write() as work:
        await callers.add(work, Caller(work.new_id(), role, name, customer_id, purposes), callers.hashed(key))
    return key


def may_see(caller: Caller, customer_id: str) -> bool:
    """Customers see themselves and nobody else."""
    return caller.role is not Role.CUSTOMER or caller.customer_id == customer_id


def visible(caller: Caller, contact: Contact | None, field: str) -> Contact:
    """What the caller may not see does not exist."""
    if contact is None or not may_see(caller, contact.customer_id):
        raise problem(UserErrorCode.NOT_FOUND, "no such contact", field)
    return contact
