"""What one `requestContact` costs the server, beside a floor measured in the same run.

Single calls from 64 callers, SQLite or PostgreSQL with full durability, at an hour at which every contact is deferred,
so nothing is sent meanwhile. The server's own CPU is counted (user and system, from /proc), not the callers'. The two
are pressed in turns, several times, because the machine is shared; what is reported is the median of the ratios.
"""

import argparse
import asyncio
import os
import pstats
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import uvloop
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests import databases
from tests.benchmarks.callers import post, press
from tests.processes import environment, free_port, run

CALLERS = 64

ASLEEP = (
    # Between two hours of UTC, with more than an hour to spare: whose rules say no, and where.
    (0.0, 3.0, "UK", "Europe/London"),
    (3.0, 11.5, "US", "America/New_York"),
    (11.5, 14.5, "US", "America/Los_Angeles"),
    (14.5, 22.5, "CN", "Asia/Shanghai"),
    (22.5, 24.0, "UK", "Europe/London"),
)
"""Whose night it is while we measure: the real rulebooks defer their contacts to the morning."""

REGISTER = """
mutation Register($input: RegisterCustomerInput!) {
  registerCustomer(input: $input) { customer { id } userErrors { field message } }
}"""

REQUEST = """
mutation Request($input: RequestContactInput!) {
  requestContact(input: $input) {
    replayed
    contact { id status dueAt }
    userErrors { code field message }
  }
}"""


@dataclass
class Pressed:
    """What a process did: CPU milliseconds and wall-clock requests per second, per turn."""

    cpu: list[float]
    rate: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="per turn")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--customers", type=int, default=12_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    chosen = parser.parse_args()
    databases.kind = chosen.database
    uvloop.run(measure(chosen.requests, chosen.turns, chosen.customers))


async def measure(requests: int, turns: int, customers: int) -> None:
    console = Console()
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        env = environment(folder, sandbox="true")
        key = run(["keys", "create", "--role", "SERVICE", "--name", "bench"], env)
        gateway_port, floor_port = free_port(), free_port()
        gateway = _start(stack, ["-m", "gateway", "serve"], env | {"GATEWAY_PORT": str(gateway_port)})
        floor = _start(stack, ["-m", "tests.benchmarks.floor", str(floor_port), env["GATEWAY_DATABASE_URL"]], env)
        await _up(gateway_port, floor_port)
        ids = await _register(gateway_port, key, customers)
        sent = Turns(key, ids)
        await press(gateway_port, sent.next(500), CALLERS)  # both warm
        await press(floor_port, sent.next(500), CALLERS)
        results = {"floor": Pressed([], []), "gateway": Pressed([], [])}
        for _ in track(range(turns), description="pressing floor and gateway in turns", console=console):
            for name, process, port in (("floor", floor, floor_port), ("gateway", gateway, gateway_port)):
                await _turn(results[name], process.pid, port, sent.next(requests))
        _report(console, results)
        profile = await _profile(stack, env, folder, sent, requests)
        console.print("\nThe profile's top ten, by own time (the profiler itself slows Python code down):")
        console.print(profile)


class Turns:
    """Requests that were never sent before: over all customers in turn, each with a key of its own."""

    def __init__(self, key: str, customers: list[str]) -> None:
        self._key = key
        self._customers = customers
        self._sent = 0

    def next(self, count: int) -> list[bytes]:
        numbers = range(self._sent, self._sent + count)
        self._sent += count
        return [self._request(number) for number in numbers]

    def _request(self, number: int) -> bytes:
        wanted = {
            "idempotencyKey": f"bench-{number}",
            "customerId": self._customers[number % len(self._customers)],
            "purpose": "FOLLOW_UP",
            "channels": ["EMAIL"],
        }
        return post("/graphql", orjson.dumps({"query": REQUEST, "variables": {"input": wanted}}), self._key)


def _asleep() -> tuple[str, str]:
    """Jurisdiction and zone of customers for whom it is night now, and stays so."""
    now = time.gmtime()
    hour = now.tm_hour + now.tm_min / 60
    return next((code, zone) for first, last, code, zone in ASLEEP if first <= hour < last)


def _start(stack: ExitStack, arguments: list[str], env: dict[str, str]) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, *arguments], env=env)
    stack.callback(_stop, process)
    return process


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


async def _up(*ports: int) -> None:
    async with httpx.AsyncClient() as client:
        for port in ports:
            for _ in range(300):
                try:
                    await client.get(f"http://127.0.0.1:{port}/health")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)


async def _register(port: int, key: str, count: int) -> list[str]:
    code, zone = _asleep()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        headers = {"Authorization": f"Bearer {key}"}

        async def one(number: int) -> str:
            wanted = {
                "reference": f"C-{number}",
                "locale": "en",
                "jurisdiction": code,
                "timeZones": [zone],
                "contactPoints": [{"channel": "EMAIL", "address": f"customer{number}@mail.example"}],
            }
            body = {"query": REGISTER, "variables": {"input": wanted}}
            answer = (await client.post("/graphql", json=body, headers=headers)).json()
            if not answer["data"]["registerCustomer"]["customer"]:
                raise RuntimeError(answer)
            registered: str = answer["data"]["registerCustomer"]["customer"]["id"]
            return registered

        ids: list[str] = []
        for start in range(0, count, 100):
            ids += await asyncio.gather(*(one(number) for number in range(start, min(start + 100, count))))
        return ids


async def _turn(result: Pressed, pid: int, port: int, requests: list[bytes]) -> None:
    before = _cpu(pid)
    seconds, _ = await press(port, requests, CALLERS)
    result.cpu.append((_cpu(pid) - before) * 1000 / len(requests))
    result.rate.append(len(requests) / seconds)


def _cpu(pid: int) -> float:
    """Seconds of user and system time that a process and its threads have used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _report(console: Console, results: dict[str, Pressed]) -> None:
    table = Table("", "CPU per request", "requests/s", title="Median of the turns")
    for name, result in results.items():
        cpu, rate = statistics.median(result.cpu), statistics.median(result.rate)
        table.add_row(name, f"{cpu:.3f} ms", f"{rate:,.0f}")
    console.print(table)
    ratios = [g / f for g, f in zip(results["gateway"].cpu, results["floor"].cpu, strict=True)]
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    console.print(f"ratio gateway / floor: {statistics.median(ratios):.2f} (turns: {spread}; not above 3 is wanted)")


async def _profile(stack: ExitStack, env: dict[str, str], folder: Path, sent: Turns, requests: int) -> Table:
    port, output = free_port(), folder / "profile"
    process = _start(stack, ["-m", "tests.benchmarks.profiled", str(output)], env | {"GATEWAY_PORT": str(port)})
    await _up(port)
    await press(port, sent.next(500), CALLERS)  # warm
    process.send_signal(signal.SIGUSR1)
    await press(port, sent.next(requests), CALLERS)
    _stop(process)
    stats = pstats.Stats(str(output))
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])  # type: ignore[attr-defined]
    table = Table("own ms per request", "calls per request", "function")
    waiting = ("runners.py", "uvloop")
    for (file, line, name), (_, calls, own, _, _) in [row for row in rows if not row[0][0].endswith(waiting)][:10]:
        where = f"{Path(file).parent.name}/{Path(file).name}:{line} {name}" if line else name
        table.add_row(f"{own * 1000 / requests:.3f}", f"{calls / requests:.1f}", where)
    return table


if __name__ == "__main__":
    main()
