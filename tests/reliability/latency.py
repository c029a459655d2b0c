"""How long after the first instant at which it may leave a message is at its provider.

steady   requests at a fixed rate, whether the earlier ones are answered or not; each may leave at once
crowd    many contacts that fall due at the same instant

One gateway process and the provider, on this machine. The wish: 99 of 100 within two seconds.
"""

import asyncio
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import uvloop

from gateway.clock import SystemClock
from tests import databases
from tests.processes import environment, run
from tests.reliability import record, report
from tests.reliability.callers import Answered, Callers, registered
from tests.reliability.fleet import fleet
from tests.reliability.promises import Promise, of_delivery
from tests.reliability.texts import texts
from tests.reliability.worlds import open_packs

WANTED_SECONDS = 2.0
PROVIDER_SECONDS = (0.0, 0.03)
CUSTOMERS = 2000


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds from the first allowed instant to the provider, and from the first request to its answer."""

    waits: Sequence[float]
    answers: Sequence[float]
    promises: Sequence[Promise]
    troubles: dict[str, int]

    @property
    def late(self) -> int:
        return sum(wait > WANTED_SECONDS for wait in self.waits)


async def measure(folder: Path, seed: int, *, rate: float, seconds: float, crowd: int = 0) -> Measured:
    """`crowd`: instead of a steady rate, so many due at one instant."""
    with texts(folder, PROVIDER_SECONDS, seed) as provider:
        env = environment(folder, rulebooks=open_packs(folder), sms_url=provider.url)
        key = await asyncio.to_thread(run, ["keys", "create", "--role", "SERVICE", "--name", "latency"], env)
        with fleet(env, folder / "log", ["serve"]) as gateway:
            await gateway.up()
            callers = Callers(gateway.ports, key, random.Random(seed))
            customers = await registered(callers, crowd or min(CUSTOMERS, int(rate * seconds)))
            answered = await (_crowd(callers, customers) if crowd else _steady(callers, customers, rate, seconds))
            await record.settled(databases.url(folder), 240)
            callers.close()
        arrived = provider.arrived()
    found = await record.read(databases.url(folder))
    due = {one.contact_id: one.due_at for one in answered}
    waits = []
    for text in arrived:
        first = due[found.attempts[text.reference].contact_id]
        assert first is not None
        waits.append((text.at - first).total_seconds())
    answers = [one.seconds for one in answered]
    return Measured(waits, answers, of_delivery(answered, found, arrived), dict(callers.troubles))


async def _steady(callers: Callers, customers: Sequence[str], rate: float, seconds: float) -> list[Answered]:
    """Open loop: the next is asked when its time has come, whatever became of those before."""
    loop = asyncio.get_running_loop()
    began, running = loop.time(), []
    with report.progress() as shown:
        bar = shown.add_task("requests", total=int(rate * seconds))
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            request = callers.request(customers[number % len(customers)], f"key-{number}")
            running.append(asyncio.create_task(request))
            shown.advance(bar)
        return await asyncio.gather(*running)


async def _crowd(callers: Callers, customers: Sequence[str]) -> list[Answered]:
    due = SystemClock()() + timedelta(seconds=5 + len(customers) / 200)
    answered: list[Answered] = []
    for start in range(0, len(customers), 50):
        some = customers[start : start + 50]
        answered += await asyncio.gather(
            *(callers.request(one, f"key-{one}", notBefore=due.isoformat()) for one in some)
        )
    assert SystemClock()() < due, "the requests took longer than thought: nothing fell due at one instant"
    return answered


def shown(name: str, one: Measured) -> int:
    """1 where more than one in a hundred came later than wanted, or a promise was broken."""
    if not one.waits:
        return 1
    report.counted(
        name,
        {
            "messages": len(one.waits),
            "first allowed instant to provider": report.spread(one.waits),
            f"later than {WANTED_SECONDS:g} s": f"{one.late} ({one.late / len(one.waits):.2%})",
            "the last was handed over after": f"{max(one.waits):.2f} s",
            "request to answer": report.spread(one.answers),
            "seen instead of an answer": one.troubles or "nothing",
        },
    )
    return max(report.judged(one.promises), int(one.late > len(one.waits) / 100))


async def main() -> int:
    parser = report.arguments(__doc__)
    parser.add_argument("--rate", type=float, default=200, help="requests per second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--crowd", type=int, default=2000, help="contacts due at one instant")
    chosen = parser.parse_args()
    report.begun("latency", chosen)
    broken = 0
    if chosen.seconds:
        with tempfile.TemporaryDirectory() as made:
            one = await measure(Path(made), chosen.seed, rate=chosen.rate, seconds=chosen.seconds)
        broken = shown(f"steady: {chosen.rate:g} requests/s for {chosen.seconds:g} s", one)
    if chosen.crowd:
        with tempfile.TemporaryDirectory() as made:
            one = await measure(Path(made), chosen.seed, rate=0, seconds=0, crowd=chosen.crowd)
        # No wish is stated for a crowd: only the promises count.
        shown(f"crowd: {chosen.crowd:,} due at one instant", one)
        broken = max(broken, int(any(promise.broken for promise in one.promises)))
    return broken


if __name__ == "__main__":
    raise SystemExit(uvloop.run(main()))
