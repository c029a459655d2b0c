"""Who comes in, and how often: before anything is read, parsed or looked up.

no valid key     a small bucket per address, so that nobody can make us look up guesses without end
a valid key      a bucket of requests per caller; what each request costs is taken from another when it is executed

All of it is of one process: behind a balancer a caller has as many buckets as there are processes.
"""

from collections import OrderedDict
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import ceil

from starlette.types import Scope

from gateway.api.buckets import Buckets
from gateway.api.errors import ApiError, Code
from gateway.callers import authenticate
from gateway.core import Gateway
from gateway.model import Caller, Role
from gateway.settings import BURST_SECONDS

MOST_PROVEN = 50_000

_Address = IPv4Address | IPv6Address


class RateLimited(ApiError):
    """Asked too much in too little time. The same may be asked again after that many seconds."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(Code.RATE_LIMITED, message)
        self.retry_after = max(ceil(seconds), 1)
        assert self.extensions is not None
        self.extensions["retryAfter"] = self.retry_after


class Admission:
    """The way into one process."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        settings = gateway.settings
        self._requests = {role: Buckets(rate, BURST_SECONDS) for role, rate in settings.request_limits.items()}
        self._points = {role: Buckets(rate, BURST_SECONDS) for role, rate in settings.cost_limits.items()}
        self._strangers = Buckets(settings.stranger_limit, BURST_SECONDS)
        #: What opened the door before, as keyed hashes that only this process understands: whoever shares an address
        #: with somebody who guesses keys is not kept out with them.
        self._proven: OrderedDict[int, None] = OrderedDict()

    async def caller(self, authorization: str | None, scope: Scope) -> Caller | None:
        """Who this is, or None. Raises `RateLimited` for an address from which too much came without a valid key."""
        proof = hash(authorization)
        if authorization is not None and proof in self._proven:
            caller = await authenticate(self._gateway, authorization)
            if caller is not None:
                return caller
            self._proven.pop(proof, None)
        address = client_address(scope, self._gateway)
        wait = self._strangers.wait(address, 1, self._gateway.elapsed())
        if wait:
            raise RateLimited("Too many requests without a valid key from this address.", wait)
        caller = await authenticate(self._gateway, authorization)
        if caller is None:
            self._strangers.owe(address, 1, self._gateway.elapsed())
            return None
        if len(self._proven) >= MOST_PROVEN:
            self._proven.popitem(last=False)
        self._proven[proof] = None
        return caller

    def request(self, caller: Caller) -> None:
        """Count a request. Raises `RateLimited`."""
        wait = self._requests[caller.role].take(caller.id, 1, self._gateway.elapsed())
        if wait:
            raise RateLimited("Too many requests.", wait)

    def most(self, role: Role) -> float:
        """Points that a full bucket holds: one operation may never cost more."""
        return self._points[role].size

    def spend(self, caller: Caller, points: int) -> dict[str, int]:
        """Take what an operation costs: `extensions.cost` of its answer. Raises `RateLimited`."""
        bucket, now = self._points[caller.role], self._gateway.elapsed()
        wait = bucket.take(caller.id, points, now)
        left = int(bucket.left(caller.id, now) + 0.01)  # 97.999999 are 98
        if wait:
            raise RateLimited(f"This costs {points} points; {left} are left.", wait)
        return {"requested": points, "remaining": left, "limit": int(bucket.size), "perSecond": int(bucket.rate)}


def client_address(scope: Scope, gateway: Gateway) -> str:
    """Where a request comes from: an IPv4 address, or the /64 of an IPv6 address, of which one household has them all.

    `X-Forwarded-For` is read from its end for as long as those who wrote it are trusted proxies.
    """
    trusted = gateway.settings.trusted_proxies
    peer = scope["client"]
    address = _parsed(peer[0] if peer else "")
    if trusted and address is not None:
        said = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
        for one in reversed(said.split(",") if said else ()):
            if not any(address in network for network in trusted):
                break
            written = _parsed(one.strip())
            if written is None:
                break
            address = written
    if isinstance(address, IPv6Address):
        return address.exploded[:19]
    return str(address)


def _parsed(text: str) -> _Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
