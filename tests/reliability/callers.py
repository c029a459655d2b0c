"""Integrators: they keep connections, and ask the same with the same key until they are answered."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from gateway.api.ids import parse_id
from gateway.clock import SystemClock
from tests.benchmarks.callers import post

SECONDS_PER_TRY = 10
SECONDS_IN_ALL = 240
LONGEST_PAUSE = 16
"""In steps of 0.02 to 0.1 s."""

MOST_UNANSWERED = 200
"""With more than this, a round waits: the machine does not keep up, and more would only add to the queue."""

REGISTER = """
mutation Register($input: RegisterCustomerInput!) {
  registerCustomer(input: $input) { customer { id } userErrors { field message } }
}"""

REQUEST = """
mutation Request($input: RequestContactInput!) {
  requestContact(input: $input) { replayed contact { id status dueAt createdAt } userErrors { code field message } }
}"""


class NoAnswer(Exception):
    """What a caller saw instead of an answer, in one word."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A success that a caller was told of. `asked_at` is when it asked first, before anything went wrong."""

    key: str
    contact_id: str
    status: str
    created_at: datetime
    due_at: datetime | None
    replayed: bool
    asked_at: datetime
    seconds: float
    tries: int


@dataclass
class Callers:
    """Many callers with one API key, spread at random over the processes that listen."""

    ports: Sequence[int]
    key: str
    chance: random.Random
    #: What was seen instead of an answer, and each time with when.
    troubles: Counter[str] = field(default_factory=Counter)
    seen: list[tuple[datetime, str]] = field(default_factory=list)
    seconds_per_try: float = SECONDS_PER_TRY
    _idle: "defaultdict[int, list[_Line]]" = field(default_factory=lambda: defaultdict(list))
    _clock: SystemClock = field(default_factory=SystemClock)

    async def ask(self, query: str, variables: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """The data of the answer, and how often it was asked for. Errors that ask to come again are obeyed."""
        body = orjson.dumps({"query": query, "variables": variables})
        request = post("/graphql", body, self.key)
        tries = 0
        async with asyncio.timeout(SECONDS_IN_ALL):
            while True:
                tries += 1
                try:
                    return await self._try(request), tries
                except NoAnswer as trouble:
                    self.troubles[str(trouble)] += 1
                    self.seen.append((self._clock(), str(trouble)))
                # Longer each time, as integrators should: else those who ask again are the load.
                await asyncio.sleep(self.chance.uniform(0.02, 0.1) * min(2**tries, LONGEST_PAUSE))

    async def request(self, customer_id: str, key: str, **more: Any) -> Answered:
        """Ask for a contact until there is an answer. One that is no success is an error of the test."""
        wanted = {"idempotencyKey": key, "customerId": customer_id, "purpose": "FOLLOW_UP", "channels": ["SMS"], **more}
        asked_at = self._clock()
        data, tries = await self.ask(REQUEST, {"input": wanted})
        given = data["requestContact"]
        if given["userErrors"]:
            raise RuntimeError(f"{key}: {given['userErrors']}")
        contact = given["contact"]
        return Answered(
            key=key,
            contact_id=parse_id(contact["id"])[1],
            status=contact["status"],
            created_at=datetime.fromisoformat(contact["createdAt"]),
            due_at=datetime.fromisoformat(contact["dueAt"]) if contact["dueAt"] else None,
            replayed=given["replayed"],
            asked_at=asked_at,
            seconds=(self._clock() - asked_at).total_seconds(),
            tries=tries,
        )

    async def register(self, reference: str, jurisdiction: str, number: int) -> str:
        """A customer in China with one mobile number."""
        wanted = {
            "reference": reference,
            "locale": "en",
            "jurisdiction": jurisdiction,
            "timeZones": ["Asia/Shanghai"],
            "contactPoints": [{"channel": "SMS", "address": f"+86139{number:08}"}],
        }
        data, _ = await self.ask(REGISTER, {"input": wanted})
        if data["registerCustomer"]["userErrors"]:
            raise RuntimeError(f"{reference}: {data['registerCustomer']['userErrors']}")
        customer_id: str = data["registerCustomer"]["customer"]["id"]
        return customer_id

    def close(self) -> None:
        for lines in self._idle.values():
            for line in lines:
                line.writer.close()
        self._idle.clear()

    async def _line(self, port: int) -> "_Line":
        """A kept connection that the other side has not closed meanwhile, or a new one."""
        idle = self._idle[port]
        while idle:
            line = idle.pop()
            if not line.reader.at_eof() and line.reader.exception() is None:
                return line
            line.writer.close()
        return _Line(*await asyncio.open_connection("127.0.0.1", port))

    async def _try(self, request: bytes) -> dict[str, Any]:
        port = self.chance.choice(list(self.ports))
        try:
            async with asyncio.timeout(self.seconds_per_try):
                line = await self._line(port)
                try:
                    status, answer = await line.ask(request)
                except BaseException:
                    line.writer.close()
                    raise
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            raise NoAnswer(type(error).__name__) from None
        self._idle[port].append(line)
        if errors := answer.get("errors"):
            raise NoAnswer(f"{errors[0].get('extensions', {}).get('code')} (HTTP {status})")
        data: dict[str, Any] = answer["data"]
        return data


@dataclass(slots=True)
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes) -> tuple[int, dict[str, Any]]:
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.lower().split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
        status, body = int(first.split()[1]), await self.reader.readexactly(length)
        try:
            answer: dict[str, Any] = orjson.loads(body)
        except orjson.JSONDecodeError:
            # A server that had no turn for long takes its caller for slow: 408, in plain text.
            self.writer.close()
            raise NoAnswer(f"{body[:40]!r} (HTTP {status})") from None
        return status, answer


async def registered(callers: Callers, count: int, jurisdiction: str = "OPEN", first: int = 0) -> list[str]:
    """So many customers, a few at a time."""
    ids: list[str] = []
    for start in range(first, first + count, 50):
        numbers = range(start, min(start + 50, first + count))
        ids += await asyncio.gather(*(callers.register(f"C-{n}", jurisdiction, n) for n in numbers))
    return ids


class Asking:
    """Requests over many customers, each with a key of its own."""

    def __init__(self, callers: Callers, customers: Sequence[str], chance: random.Random) -> None:
        self.running: list[asyncio.Task[Answered]] = []
        self._callers, self._customers, self._chance = callers, customers, chance

    def ask(self) -> None:
        customer = self._chance.choice(self._customers)
        request = self._callers.request(customer, f"key-{len(self.running)}")
        self.running.append(asyncio.create_task(request))

    async def steadily(self, rate: float) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(rate))
            self.ask()

    async def room(self) -> None:
        while sum(not one.done() for one in self.running[-2 * MOST_UNANSWERED :]) > MOST_UNANSWERED:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
