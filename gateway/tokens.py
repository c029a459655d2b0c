"""Tokens that we sign ourselves: short-lived, each for one customer's frontend, and gone with the key that asked.

`cgt_` and a JWT under a key of ours. Nothing of them is kept: what they say is in them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import jwt

from gateway.oidc import LONGEST_TOKEN

PREFIX = "cgt_"
"""So that one is never taken for an issuer's token, and is found where it was left lying about."""

_ALGORITHM = "HS256"
_TYPE = "customer+jwt"
_OURS = "contact-gateway"


@dataclass(frozen=True, slots=True)
class Grant:
    """That a minter lets a frontend speak for one customer until then. `scopes` empty: all that customers may."""

    minter_id: str
    minter: str
    customer_id: str
    scopes: frozenset[str]
    ends_at: datetime


def sign(grant: Grant, key: bytes) -> str:
    claims = {
        "aud": _OURS,
        "sub": grant.customer_id,
        "minter": grant.minter_id,
        "name": grant.minter,
        "scopes": sorted(grant.scopes),
        "exp": int(grant.ends_at.timestamp()),
    }
    return PREFIX + jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"typ": _TYPE})


def read(token: str, key: bytes, now: datetime) -> Grant | None:
    """What a token of ours grants at that instant."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        read = jwt.decode_complete(
            token.removeprefix(PREFIX),
            key,
            algorithms=[_ALGORITHM],
            audience=_OURS,
            # The time is checked below, by the clock that we are given.
            options={"verify_exp": False},
        )
    except jwt.PyJWTError:
        return None
    claims = read["payload"]
    if read["header"].get("typ") != _TYPE:
        return None
    # Whatever carries our signature was written by `sign`.
    ends_at = datetime.fromtimestamp(claims["exp"], UTC)
    grant = Grant(claims["minter"], claims["name"], claims["sub"], frozenset(claims["scopes"]), ends_at)
    return grant if now < ends_at else None
