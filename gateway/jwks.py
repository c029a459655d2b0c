"""The public keys of an OpenID Connect issuer, as it publishes them now.

known key, asked within five minutes    taken from memory
older, or a key nobody knows            the issuer is asked, at most every 30 seconds, once for everybody who waits
the issuer does not answer              known keys go on for an hour after its last answer; then none does
"""

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx
import jwt
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

log = structlog.get_logger(__name__)

FRESH_SECONDS = 300
STALE_SECONDS = 3600
PAUSE_SECONDS = 30
"""Between two questions to the issuer: a flood of tokens with unknown keys must not become a flood to it."""

ANSWER_SECONDS = 3
LARGEST_ANSWER = 256 * 1024
MOST_KEYS = 100
SMALLEST_RSA_BITS = 2048

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_FITTING: Mapping[tuple[object, object], tuple[str, ...]] = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
"""Which algorithms fit a key of that type and curve. There is no other: no `none`, and nothing with a shared secret."""

ALGORITHMS = frozenset(algorithm for fitting in _FITTING.values() for algorithm in fitting)


class Unanswered(Exception):
    """The issuer gave no answer that can be used."""


class PublishedKeys:
    """Finds the key that a token names. `url` empty: where the issuer's own configuration says."""

    def __init__(self, client: httpx.AsyncClient, issuer: str, url: str, elapsed: Callable[[], float]) -> None:
        self._client = client
        self._issuer = issuer
        self._url = url
        self._elapsed = elapsed
        self._keys: Mapping[tuple[str, str], PublicKey] = {}
        self._answered_at: float | None = None
        self._asked_at: float | None = None
        self._asking: asyncio.Task[None] | None = None

    async def find(self, kid: str, algorithm: str) -> PublicKey | None:
        """The key of that name, if it fits the algorithm."""
        if self._is_older(FRESH_SECONDS) or (kid, algorithm) not in self._keys:
            await self._renew()
        return None if self._is_older(STALE_SECONDS) else self._keys.get((kid, algorithm))

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await self._asking
        await self._client.aclose()

    def _is_older(self, seconds: float) -> bool:
        return self._answered_at is None or self._elapsed() - self._answered_at >= seconds

    async def _renew(self) -> None:
        """Ask the issuer, unless that was done just now. Who comes while it is asked waits for the same answer."""
        if self._asking is None:
            now = self._elapsed()
            if self._asked_at is not None and now - self._asked_at < PAUSE_SECONDS:
                return
            self._asked_at = now
            self._asking = asyncio.create_task(self._ask())
        # A caller that hangs up does not take the answer from the others.
        await asyncio.shield(self._asking)

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self._keys = _usable(await self._read(self._url or await self._published_at()))
            self._answered_at = self._elapsed()
        except (Unanswered, httpx.HTTPError, httpx.InvalidURL, UnicodeError, TimeoutError) as error:
            log.warning("the issuer's keys cannot be read", error=type(error).__name__, why=_why(error))
        finally:
            self._asking = None

    async def _published_at(self) -> str:
        """OpenID Connect Discovery 1.0, 4.3: a configuration that names another issuer is not the issuer's."""
        configuration = await self._read(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        url = configuration.get("jwks_uri")
        if configuration.get("issuer") != self._issuer:
            raise Unanswered("its configuration names another issuer")
        if not isinstance(url, str) or not is_safe(url):
            raise Unanswered("its configuration names no https address of its keys")
        return url

    async def _read(self, url: str) -> dict[str, Any]:
        """A JSON object. No redirect is followed, and no more is read than keys can need."""
        async with self._client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
            if response.status_code != httpx.codes.OK:
                raise Unanswered(f"it answered {response.status_code}")
            body = b""
            async for part in response.aiter_raw():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise Unanswered("its answer is too large")
        try:
            read = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Unanswered("its answer is not JSON") from None
        if not isinstance(read, dict):
            raise Unanswered("its answer is not an object")
        return read


def is_safe(url: str) -> bool:
    """Whether nobody on the way can change what is read there: https, or this machine."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    return bool(parsed.host) and (parsed.scheme == "https" or (parsed.scheme == "http" and _is_here(parsed.host)))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _usable(published: dict[str, Any]) -> dict[tuple[str, str], PublicKey]:
    """The keys for signatures, by their name and each algorithm that fits them. What cannot be used is left out."""
    listed = published.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise Unanswered("its answer is no list of keys")
    found: dict[tuple[str, str], PublicKey] = {}
    for one in listed:
        if isinstance(one, dict) and isinstance(kid := one.get("kid"), str):
            for algorithm in _fitting(one):
                if (key := _key(one, algorithm)) is not None:
                    found[kid, algorithm] = key
    return found


def _fitting(published: dict[str, Any]) -> tuple[str, ...]:
    if published.get("use", "sig") != "sig" or "verify" not in published.get("key_ops", ["verify"]):
        return ()
    kind, curve = published.get("kty"), published.get("crv")
    fitting = _FITTING.get((kind, curve), ()) if isinstance(kind, str) and isinstance(curve, str | None) else ()
    # A key that names its algorithm is for that one alone.
    return tuple(one for one in fitting if published.get("alg", one) == one)


def _key(published: dict[str, Any], algorithm: str) -> PublicKey | None:
    try:
        key = jwt.PyJWK(published, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < SMALLEST_RSA_BITS:
        return None
    # A private key that somebody published by mistake is nobody's any more.
    return key if isinstance(key, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey) else None


def _why(error: Exception) -> str | None:
    """Our own words only: a library's may hold an address with a password in it."""
    return str(error) if isinstance(error, Unanswered) else None
