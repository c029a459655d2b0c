"""Tokens of an OpenID Connect issuer: whether one is genuine and for us, and whom it names.

Signed by a key that the issuer publishes now, with an algorithm that fits the key; from the issuer, for our audience;
within its times; and an access token, not one that was made to tell a client who logged in.
"""

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import jwt
import structlog
from jwt.types import Options

from gateway.jwks import ALGORITHMS, PublishedKeys
from gateway.model import Role
from gateway.settings import Settings

log = structlog.get_logger(__name__)

LONGEST_TOKEN = 8192
LONGEST_NAME = 200
LONGEST_ENDING = timedelta(days=1)
"""A token may name a year that no calendar has; nobody asks us about one so much later."""

_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)

_TEXT = re.compile("[^\\x00\\ud800-\\udfff]+")

_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")
"""What a header may call an access token (RFC 9068); a logout token or a security event calls itself otherwise."""

_OF_OTHERS = ("nonce", "at_hash", "c_hash", "events", "cnf")
"""Claims of ID tokens, of security events, and of tokens that are bound to a key of the client's: we do not see it."""

_OPTIONS: Options = {
    "require": ["iss", "aud", "sub", "exp"],
    # The times are checked below: by the clock that we are given, and not by the library's.
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


_ABSENT = object()


class Refused(Exception):
    """A token that opens nothing. Why is for whoever sets the gateway up, and is not told to the caller."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a token names. `reference`: the customer it is for, by the lender's own id."""

    caller_id: str
    role: Role
    name: str
    ends_at: datetime
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Issuer:
    """The issuer whose tokens open our doors."""

    name: str
    audience: str
    leeway_seconds: int
    role_claim: str
    roles: Mapping[str, Role]
    customer_claim: str
    name_claim: str
    keys: PublishedKeys = field(repr=False)

    @classmethod
    def from_settings(cls, settings: Settings, elapsed: Callable[[], float]) -> "Issuer | None":
        if not settings.oidc_issuer:
            return None
        client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
        return cls(
            name=settings.oidc_issuer,
            audience=settings.oidc_audience,
            leeway_seconds=settings.oidc_leeway_seconds,
            role_claim=settings.oidc_role_claim,
            roles=settings.oidc_roles,
            customer_claim=settings.oidc_customer_claim,
            name_claim=settings.oidc_name_claim,
            keys=PublishedKeys(client, settings.oidc_issuer, settings.oidc_jwks_url, elapsed),
        )

    async def identify(self, token: str, now: datetime) -> Identity | None:
        """Whom this token names at that instant; None: it opens nothing."""
        try:
            return self._identity(await self._verified(token), now)
        except Refused as why:
            log.debug("token refused", why=str(why))
            return None

    async def _verified(self, token: str) -> dict[str, Any]:
        """What the issuer says for us."""
        kid, algorithm = _header(token)
        key = await self.keys.find(kid, algorithm)
        if key is None:
            raise Refused("the issuer publishes no such key for this algorithm")
        try:
            return jwt.decode(
                token, key, algorithms=[algorithm], audience=self.audience, issuer=self.name, options=_OPTIONS
            )
        except jwt.PyJWTError as error:
            raise Refused(type(error).__name__) from None

    def _identity(self, claims: dict[str, Any], now: datetime) -> Identity:
        if others := [claim for claim in _OF_OTHERS if claim in claims]:
            raise Refused(f"it is no access token for anybody who bears it: it has {others[0]}")
        subject = _text(claims["sub"], "its subject")
        ends_at = self._end(claims, now)
        caller_id = caller_id_of("oidc", self.name, subject)
        reference = _claim(claims, self.customer_claim) if self.customer_claim else _ABSENT
        if reference is _ABSENT:
            return Identity(caller_id, self._role(claims), self._name(claims, caller_id), ends_at)
        # Whatever else it says: who is a customer is nothing more. Their name is personal and stays in their record.
        return Identity(caller_id, Role.CUSTOMER, "customer", ends_at, _text(reference, "its customer"))

    def _end(self, claims: dict[str, Any], now: datetime) -> datetime:
        """When it ends, if its times allow it now."""
        seconds, leeway = now.timestamp(), self.leeway_seconds
        ends = _seconds(claims, "exp")
        if not seconds < ends + leeway:
            raise Refused("it has expired")
        for claim in ("nbf", "iat"):
            if claim in claims and not _seconds(claims, claim) <= seconds + leeway:
                raise Refused(f"{claim} lies in the future")
        return now + timedelta(seconds=min(ends - seconds, LONGEST_ENDING.total_seconds()))

    def _role(self, claims: dict[str, Any]) -> Role:
        """The one role that its values stand for. Two of them are a mistake of somebody's, and neither is guessed."""
        given = _claim(claims, self.role_claim)
        values = given if isinstance(given, list) else [given]
        roles = {self.roles[value] for value in values if isinstance(value, str) and value in self.roles}
        if len(roles) != 1:
            raise Refused("it stands for several roles" if roles else "it stands for no role")
        return roles.pop()

    def _name(self, claims: dict[str, Any], otherwise: str) -> str:
        given = _claim(claims, self.name_claim)
        letters = filter(str.isprintable, given) if isinstance(given, str) else ()
        return "".join(letters).strip()[:LONGEST_NAME] or otherwise


def caller_id_of(*parts: str) -> str:
    """The same caller for the same parts, always: what it asked for twice is known to be the same."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _header(token: str) -> tuple[str, str]:
    """The key and the algorithm that a token names. A key or an address that its header offers is not looked at."""
    if len(token) > LONGEST_TOKEN or not _FORM.fullmatch(token):
        raise Refused("it is no signed token")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise Refused("its header cannot be read") from None
    kid, algorithm, type_ = header.get("kid"), header.get("alg"), header.get("typ")
    if "crit" in header:
        raise Refused("it demands what we do not know")
    if (type_.lower() if isinstance(type_, str) else type_) not in _TYPES:
        raise Refused("it is of another type")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Refused("its algorithm is not taken")
    if not isinstance(kid, str):
        raise Refused("it names no key")
    return kid, algorithm


def _claim(claims: dict[str, Any], name: str) -> Any:
    """A claim by its name, which may hold points; else by a path of names, as in `realm_access.roles`.

    `_ABSENT` is not null: an issuer that says "null" where a customer is to be may have meant one.
    """
    if name in claims:
        return claims[name]
    found: Any = claims
    for step in name.split("."):
        if not isinstance(found, dict) or step not in found:
            return _ABSENT
        found = found[step]
    return found


def _text(given: Any, what: str) -> str:
    if not isinstance(given, str) or not _TEXT.fullmatch(given):
        raise Refused(f"{what} is no text that a database can keep")
    return given


def _seconds(claims: dict[str, Any], name: str) -> float:
    given = claims[name]
    try:
        seconds = math.nan if isinstance(given, bool) or not isinstance(given, int | float) else float(given)
    except OverflowError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise Refused(f"{name} is no time")
    return seconds
