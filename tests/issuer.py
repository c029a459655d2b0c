"""An OpenID Connect issuer on this machine: a real server, and keys that a test may add, withdraw and misuse."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from tests.world import NOON_IN_CHINA

AUDIENCE = "https://gateway.test"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


def private_key(algorithm: str, name: str = "", bits: int = 2048) -> PrivateKey:
    """A key for the algorithm, the same each time; another one for another name."""
    return _made(algorithm, name, bits)


@cache
def _made(algorithm: str, name: str, bits: int) -> PrivateKey:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    return rsa.generate_private_key(65537, bits)


def jwk(algorithm: str, key: Any, **more: Any) -> dict[str, Any]:
    """The key as it is published."""
    as_dict: dict[str, Any] = get_default_algorithms()[algorithm].to_jwk(key, as_dict=True)
    return {name: value for name, value in as_dict.items() if name != "key_ops"} | more


def signed(claims: dict[str, Any], key: Any, algorithm: str, kid: str | None = "first", **headers: Any) -> str:
    named = {} if kid is None else {"kid": kid}
    return jwt.encode(claims, key, algorithm=algorithm, headers=named | headers)


@dataclass
class LocalIssuer:
    """What it publishes, what it was asked, and what it answers instead where a test says so."""

    url: str = ""
    published: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    #: Path to a whole answer, or to bytes that come instead of one.
    instead: dict[str, bytes] = field(default_factory=dict)
    #: Where set, no answer leaves before it.
    ready: asyncio.Event | None = None

    def publish(self, algorithm: str = "RS256", kid: str = "first", **more: Any) -> None:
        key = private_key(algorithm).public_key()
        self.published.append(jwk(algorithm, key, kid=kid, use="sig", **more))

    def withdraw(self, kid: str) -> None:
        self.published = [one for one in self.published if one["kid"] != kid]

    def token(
        self,
        algorithm: str = "RS256",
        *,
        kid: str | None = "first",
        signer: str = "",
        headers: dict[str, Any] | None = None,
        without: tuple[str, ...] = (),
        **claims: Any,
    ) -> str:
        """A token that is right in all that a test does not say otherwise."""
        given = {**self.claims(), **claims}
        kept = {claim: value for claim, value in given.items() if claim not in without}
        return signed(kept, private_key(algorithm, signer), algorithm, kid, **(headers or {}))

    def claims(self, now: datetime = NOON_IN_CHINA) -> dict[str, Any]:
        seconds = int(now.timestamp())
        return {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "li",
            "iat": seconds,
            "exp": seconds + 600,
            "name": "Li Lei",
            "roles": ["agents"],
        }

    def settings(self, **more: Any) -> dict[str, Any]:
        """For a gateway that takes its tokens."""
        return {
            "oidc_issuer": self.url,
            "oidc_audience": AUDIENCE,
            "oidc_roles": "agents=AGENT,auditors=COMPLIANCE",
            "oidc_customer_claim": "customer",
            **more,
        }

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        self.asked.append(path)
        if self.ready is not None:
            await self.ready.wait()
        writer.write(self.instead.get(path) or answering(self._body(path)))
        await writer.drain()
        writer.close()

    def _body(self, path: str) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        return {"keys": self.published}


def answering(body: object, status: str = "200 OK", *headers: str) -> bytes:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(written)}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + written


@asynccontextmanager
async def open_issuer(make: Callable[[], LocalIssuer] = LocalIssuer) -> AsyncIterator[LocalIssuer]:
    """One that answers, and publishes one RSA key of the name `first`."""
    issuer = make()
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    issuer.publish()
    async with server:
        yield issuer
