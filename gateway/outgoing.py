"""Posting to addresses that callers gave us, without being steered at ourselves or our neighbours.

The name is resolved here, every address it has must be public, and the connection goes to exactly the addresses that
were looked at: a name that changes its mind in between (DNS rebinding) changes nothing. No redirect is followed and no
proxy of the environment is asked. A connection serves one request: the client would know it again by its address only,
and hand one name's events to whoever proved to be another name there.
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host, as text."""

LONGEST_URL = 2000
MOST_READ = 1000
"""Bytes of an answer: nobody looks at more."""

READING_SECONDS = 1.0
"""How long an answer's body is waited for. Its status is known by then."""

MOST_ADDRESSES = 4
"""Of one name that are tried in their order, each for its share of the time."""

LOOKING_UP_SECONDS = 10.0

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_V6 = ipaddress.ip_network("2000::/3")
"""All that was ever given out to the open internet."""

_CLOSED = [
    ipaddress.ip_network(one)
    for one in (
        "168.63.129.16/32",  # Azure's own, inside each of its machines
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments, Teredo
        "2002::/16",  # 6to4: an address within an address, and nobody relays it any more
        "3fff::/20",  # documentation
    )
]
"""Not in the open internet, though the standard library of Python 3.11 takes them to be."""

_threads = ThreadPoolExecutor(16, "outgoing")
"""Looking up names that callers gave us: a name that takes for ever to find holds up no other part of the gateway."""


class NotAllowed(ValueError):
    """An address that is not posted to. Its text does not repeat it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered: the status, and how long it asks us to wait."""

    status: int
    retry_after: str | None = None


async def resolve(host: str, port: int) -> list[str]:
    look_up = asyncio.get_running_loop().run_in_executor
    found = await look_up(_threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return [str(entry[4][0]) for entry in found]


def is_public(address: str) -> bool:
    """Whether it lies in the open internet. An address within one (mapped, NAT64) counts as the inner one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if found not in _V6:
            return False
    is_closed = any(found in one for one in _CLOSED)
    return found.is_global and not found.is_multicast and not found.is_reserved and not is_closed


class Poster:
    """`allow_private`: also plain http, and addresses that only we can reach. For tests and closed networks."""

    def __init__(self, client: httpx.AsyncClient, *, allow_private: bool = False, resolve: Resolve = resolve) -> None:
        self._client = client
        self._allow_private = allow_private
        self._resolve = resolve

    async def close(self) -> None:
        """Give connections back."""
        await self._client.aclose()

    async def check(self, url: str) -> None:
        """Raises `NotAllowed`. Worth calling when an address is given to us; it is looked at again each time."""
        try:
            async with asyncio.timeout(LOOKING_UP_SECONDS):
                await self._addresses(self._read(url))
        except TimeoutError:
            raise NotAllowed("names a host that cannot be found") from None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Reply:
        """Raises `NotAllowed`, `httpx.HTTPError` or `TimeoutError`."""
        async with asyncio.timeout(seconds):
            target = self._read(url)
            addresses = await self._addresses(target)
            response = await self._send(target, addresses, body, headers, seconds)
        try:
            # What it says is of no interest; whoever is cut off in the middle of saying it may take that for an error.
            with contextlib.suppress(TimeoutError, httpx.HTTPError):
                async with asyncio.timeout(READING_SECONDS):
                    await _read_a_little(response)
            return Reply(response.status_code, response.headers.get("Retry-After"))
        finally:
            await response.aclose()

    async def _send(
        self, target: httpx.URL, addresses: list[str], body: bytes, headers: Mapping[str, str], seconds: float
    ) -> httpx.Response:
        """To the first of the addresses that takes the connection."""
        patience = httpx.Timeout(seconds, connect=seconds / (len(addresses) + 1))
        for address in addresses:
            request = self._client.build_request(
                "POST",
                target.copy_with(host=address),
                content=body,
                headers={
                    **headers,
                    "Host": target.netloc.decode("ascii"),
                    "Content-Type": "application/json",
                    "Connection": "close",
                },
                # The certificate must be the name's, though we connect to the address.
                extensions={"sni_hostname": target.raw_host.decode("ascii")},
                timeout=patience,
            )
            try:
                return await self._client.send(request, stream=True, follow_redirects=False)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if address == addresses[-1]:
                    raise
        raise AssertionError("unreachable: there is an address")

    def _read(self, url: str) -> httpx.URL:
        """One reader for what is checked and for what is done: two may differ."""
        schemes = ("https", "http") if self._allow_private else ("https",)
        if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
            raise NotAllowed("is not a URL")
        try:
            target = httpx.URL(url)
            host = target.host  # decodes the name, which may be none
        except (httpx.InvalidURL, ValueError):
            raise NotAllowed("is not a URL") from None
        no_port = target.port is not None and not 1 <= target.port <= 65535
        if target.scheme not in schemes or not host or no_port:
            raise NotAllowed(f"must begin with {' or '.join(schemes)}:// and name a host")
        if target.userinfo or "#" in url:
            raise NotAllowed("must hold no user, password or fragment")
        return target

    async def _addresses(self, target: httpx.URL) -> list[str]:
        """Those to connect to: all that the name has were looked at."""
        host, port = target.raw_host.decode("ascii"), target.port or (443 if target.scheme == "https" else 80)
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise NotAllowed("names a host that cannot be found") from None
        if not found or not (self._allow_private or all(map(is_public, found))):
            raise NotAllowed("names a host that is not in the open internet")
        return list(dict.fromkeys(found))[:MOST_ADDRESSES]


async def _read_a_little(response: httpx.Response) -> None:
    read = 0
    async for part in response.aiter_raw():
        read += len(part)
        if read > MOST_READ:
            return
