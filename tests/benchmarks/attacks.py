"""How long each known attack keeps a real `gateway serve` busy. Fails if one takes more than 200 ms.

Each is sent several times, because the machine is shared; what counts is the quickest, wall clock, from the first byte
sent to the last one of the answer.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import httpx
import uvloop
from rich.console import Console
from rich.table import Table

from gateway.model import Role
from tests.api.attacks import ATTACKS, Attack, attempt
from tests.benchmarks.main_job import REGISTER
from tests.processes import ask, environment, run, server

LIMIT_MS = 200.0

NO_LIMITS = {"request_limits": "CUSTOMER=100000", "stranger_limit": "100000"}
"""How quickly they are answered is of interest here, not how soon nothing is."""

CUSTOMER = {
    "reference": "C-1",
    "locale": "en",
    "jurisdiction": "UK",
    "contactPoints": [{"channel": "EMAIL", "address": "customer@mail.example"}],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    uvloop.run(measure(parser.parse_args().times))


async def measure(times: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        env = environment(folder, **NO_LIMITS)
        service = run(["keys", "create", "--role", "SERVICE", "--name", "bench"], env)
        with server(env, folder / "log") as gateway:
            headers = {"Authorization": f"Bearer {service}"}
            async with httpx.AsyncClient(base_url=gateway.url, headers=headers) as client:
                await ask(client, REGISTER, input=CUSTOMER)
            customer = run(["keys", "create", "--role", "CUSTOMER", "--customer", "C-1", "--name", "app"], env)
            keys = {Role.SERVICE: service, Role.CUSTOMER: customer}
            port = int(gateway.url.rpartition(":")[2])
            took = {attack.name: [await _timed(port, attack, keys) for _ in range(times)] for attack in ATTACKS}
    _report({name: min(each) for name, each in took.items()})


async def _timed(port: int, attack: Attack, keys: dict[Role, str]) -> float:
    started = time.perf_counter()
    async with asyncio.timeout(60):
        await attempt(port, attack, keys[attack.role])
    return (time.perf_counter() - started) * 1000


def _report(took: dict[str, float]) -> None:
    table = Table("attack", "ms", title=f"{len(took)} attacks, slowest first")
    for name, milliseconds in sorted(took.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{milliseconds:.1f}")
    Console().print(table)
    if slow := [name for name, milliseconds in took.items() if milliseconds > LIMIT_MS]:
        raise SystemExit(f"more than {LIMIT_MS:.0f} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
