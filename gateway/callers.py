"""Who is calling: API keys and tokens, and the walls between customers.

cgk_...     a key of ours: a caller that was made with `gateway keys`
cgt_...     a token of ours: one customer's frontend, for as long as the caller that asked for it has a key
a JWT       a token of the OpenID Connect issuer, where one is set
"""

import asyncio
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from gateway import tokens
from gateway.core import Gateway
from gateway.model import Caller, Contact, Role, UserErrorCode, problem
from gateway.oidc import caller_id_of
from gateway.store import callers, customers
from gateway.store.callers import Key
from gateway.store.database import Database
from policies.facts import Purpose

log = structlog.get_logger(__name__)

REMEMBERED_SECONDS = 5
"""For so long a process knows a key without asking the database: a revoked one opens nothing after that."""

REMEMBERED_KEYS = 10_000

USE_SECONDS = 60
"""How exactly it is known when a key was last used."""

LONGEST_SHOWN = 8192

PREFIX = "cgk_"
"""So that whoever looks for secrets in code and logs finds our keys."""

_KEY = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}", re.ASCII)

MOST_KEYS = 2
"""Valid at once, of one caller: the old one and the new one while its machines go over."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A caller who showed what opens the door, and when that ends by itself. `key_id`: the key, if it was one."""

    caller: Caller
    ends_at: datetime | None = None
    key_id: str | None = None


class KnownCallers:
    """Who came in, by the hash of what they showed, each for a few seconds. Who did not is not remembered."""

    def __init__(self) -> None:
        self._admitted: dict[str, tuple[float, Admitted]] = {}

    def get(self, shown_hash: str, now: float) -> Admitted | None:
        remembered = self._admitted.get(shown_hash)
        return remembered[1] if remembered and now < remembered[0] else None

    def put(self, shown_hash: str, admitted: Admitted, until: float) -> None:
        if len(self._admitted) >= REMEMBERED_KEYS:
            self._admitted.clear()
        self._admitted[shown_hash] = (until, admitted)


class Uses:
    """When keys were last used: written down now and then, while no request waits for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[str, float] = {}
        self._waiting: dict[str, datetime] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, key_id: str, at: datetime, now: float) -> None:
        noted = self._noted.get(key_id)
        if noted is not None and now - noted < USE_SECONDS:
            return
        if len(self._noted) >= REMEMBERED_KEYS:
            self._noted.clear()
        self._noted[key_id] = now
        self._waiting[key_id] = at
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def drain(self) -> None:
        """Until all is written down that was noted."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            uses, self._waiting = self._waiting, {}
            try:
                async with self._database.write() as work:
                    await callers.note_uses(work, uses)
            except Exception as error:
                # Nobody is kept out for want of it, and the text of a database error can hold values.
                log.warning("uses of keys not written down", error=type(error).__name__)


async def authenticate(gateway: Gateway, authorization: str | None) -> Caller | None:
    """The caller that an `Authorization: Bearer ...` header names; None opens no door."""
    admitted = await admit(gateway, authorization)
    return admitted.caller if admitted else None


async def admit(gateway: Gateway, authorization: str | None) -> Admitted | None:
    """The same, and when it ends."""
    scheme, _, shown = (authorization or "").partition(" ")
    shown = shown.strip()
    if scheme.lower() != "bearer" or not shown or len(shown) > LONGEST_SHOWN:
        return None
    shown_hash = callers.hashed(shown)
    now = gateway.elapsed()
    admitted = gateway.known_callers.get(shown_hash, now)
    if admitted is None:
        at = gateway.real_time()
        admitted = await _look_up(gateway, shown, shown_hash, at)
        if admitted is not None:
            left = (admitted.ends_at - at).total_seconds() if admitted.ends_at else REMEMBERED_SECONDS
            gateway.known_callers.put(shown_hash, admitted, now + min(left, REMEMBERED_SECONDS))
            if admitted.key_id is not None:
                gateway.uses.note(admitted.key_id, at, now)
    return admitted


async def _look_up(gateway: Gateway, shown: str, shown_hash: str, at: datetime) -> Admitted | None:
    if shown.startswith(PREFIX):
        return await _by_key(gateway, shown_hash, at) if _KEY.fullmatch(shown) else None
    if shown.startswith(tokens.PREFIX):
        return await _by_our_token(gateway, shown, at)
    return await _by_issuers_token(gateway, shown, at)


async def _by_key(gateway: Gateway, key_hash: str, at: datetime) -> Admitted | None:
    async with gateway.database.read() as work:
        found = await callers.by_key(work, key_hash, at)
    if found is None:
        return None
    caller, key = found
    return Admitted(caller, key.expires_at, key.id)


async def _by_our_token(gateway: Gateway, token: str, at: datetime) -> Admitted | None:
    grant = tokens.read(token, tokens_key(gateway), at)
    if grant is None:
        return None
    async with gateway.database.read() as work:
        # Whoever asked for it cannot come in any more: neither can it.
        if not await callers.has_key(work, grant.minter_id, at):
            return None
    caller = Caller(
        caller_id_of("minted", grant.minter_id, grant.customer_id),
        Role.CUSTOMER,
        grant.minter,
        grant.customer_id,
        scopes=grant.scopes,
    )
    return Admitted(caller, grant.ends_at)


def tokens_key(gateway: Gateway) -> bytes:
    """What the tokens that we make for customers are signed with: the same in every process."""
    return gateway.database.vault.derived("tokens of customers")


async def _by_issuers_token(gateway: Gateway, token: str, at: datetime) -> Admitted | None:
    identity = await gateway.issuer.identify(token, at) if gateway.issuer else None
    if identity is None:
        return None
    caller = Caller(identity.caller_id, identity.role, identity.name)
    if identity.reference is not None:
        async with gateway.database.read() as work:
            customer = await customers.by_reference(work, identity.reference)
        if customer is None:
            log.debug("token refused", why="its customer is not registered here")
            return None
        caller = replace(caller, customer_id=customer.id)
    return Admitted(caller, identity.ends_at)


async def create_key(
    database: Database,
    role: Role,
    name: str,
    *,
    customer_id: str | None = None,
    purposes: frozenset[Purpose] = frozenset(),
    scopes: frozenset[str] = frozenset(),
    expires_at: datetime | None = None,
) -> str:
    """A new caller and its first key, which is returned this once and kept nowhere."""
    if (role is Role.CUSTOMER) != (customer_id is not None):
        raise ValueError("a CUSTOMER key is bound to one customer, and no other key is")
    key = _new_key()
    async with database.write() as work:
        caller = Caller(work.new_id(), role, name, customer_id, purposes, scopes)
        await callers.add(work, caller)
        await callers.add_key(work, Key(work.new_id(), caller.id, work.now, expires_at), callers.hashed(key))
    return key


class CannotRotate(Exception):
    """Why a caller gets no new key."""


async def rotate_key(database: Database, caller_id: str, now: datetime, overlap: timedelta) -> str:
    """Another key for the same caller, that lasts as long as the last one did. The old one ends after the overlap."""
    key = _new_key()
    async with database.write() as work:
        await callers.lock(work, caller_id)
        found = await callers.listed(work, caller_id)
        if not found or found[0].is_revoked:
            raise CannotRotate("there is no valid caller of this id")
        valid = found[0].valid_keys(now)
        if len(valid) >= MOST_KEYS:
            raise CannotRotate(f"it has {MOST_KEYS} valid keys already: revoke one, or wait until one ends")
        for old in valid:
            await callers.end_key(work, old.id, min(old.expires_at or now + overlap, now + overlap))
        last = found[0].keys[-1]
        expires_at = now + (last.expires_at - last.created_at) if last.expires_at else None
        await callers.add_key(work, Key(work.new_id(), caller_id, now, expires_at), callers.hashed(key))
    return key


def _new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def may_see(caller: Caller, customer_id: str) -> bool:
    """Customers see themselves and nobody else."""
    return caller.role is not Role.CUSTOMER or caller.customer_id == customer_id


def visible(caller: Caller, contact: Contact | None, field: str) -> Contact:
    """What the caller may not see does not exist."""
    if contact is None or not may_see(caller, contact.customer_id):
        raise problem(UserErrorCode.NOT_FOUND, "no such contact", field)
    return contact
