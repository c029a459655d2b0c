"""Kill -9, again and again, in the middle of everything: nothing is lost, and nothing is sent twice.

Four gateway processes on one database, two that listen and deliver and two that only deliver. A round: a burst of
requests, within a tenth of a second one process picked at random is killed, and another starts in its place. Between
the bursts others ask steadily. Whoever asks, asks again with the same key until there is an answer.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests import databases
from tests.processes import environment, run
from tests.reliability import record, report
from tests.reliability.callers import Answered, Asking, Callers, registered
from tests.reliability.fleet import Fleet, fleet
from tests.reliability.promises import Promise, of_delivery
from tests.reliability.record import Record
from tests.reliability.texts import Text, texts
from tests.reliability.worlds import open_packs

FLEET = ("serve", "serve", "worker", "worker")
PROVIDER_SECONDS = (0.0, 0.03)
SHORT = {"attempt_lease_seconds": 2, "send_timeout_seconds": 1, "poll_seconds": 0.05, "retry_seconds": 0.2}
"""Settings under which a dead process's work is found soon."""

BURST = 25


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened, for the report."""

    answered: Sequence[Answered]
    record: Record
    texts: Sequence[Text]
    kills: Counter[str]
    troubles: Counter[str]
    seconds: float
    settling: float
    first_start: float

    def promises(self) -> list[Promise]:
        return of_delivery(self.answered, self.record, self.texts)

    def figures(self) -> dict[str, object]:
        at_provider = {self.record.attempts[one.reference].contact_id for one in self.texts}
        unclear = {id_ for id_, row in self.record.contacts.items() if row.status == "UNCLEAR"}
        return {
            "kills": f"{self.kills.total()}: {dict(self.kills)}",
            "rounds took": f"{self.seconds:.0f} s, settling afterwards {self.settling:.1f} s",
            "a process starts in": f"{self.first_start:.2f} s",
            "contacts answered with success": len(self.answered),
            "asked more than once": sum(one.tries > 1 for one in self.answered),
            "answered with what an earlier try made": sum(one.replayed for one in self.answered),
            "seen instead of an answer": dict(self.troubles),
            "messages at the provider": len(self.texts),
            "contacts": dict(self.record.statuses),
            "attempts": dict(self.record.outcomes),
            "UNCLEAR that had left": len(unclear & at_provider),
            "UNCLEAR that had not left": len(unclear - at_provider),
        }


async def rounds(
    folder: Path,
    count: int,
    *,
    seed: int,
    customers: int,
    rate: float,
    provider_seconds: tuple[float, float] = PROVIDER_SECONDS,
) -> Outcome:
    chance = random.Random(seed)
    with texts(folder, provider_seconds, seed) as provider:
        env = environment(folder, rulebooks=open_packs(folder), sms_url=provider.url, **SHORT)
        key = await asyncio.to_thread(run, ["keys", "create", "--role", "SERVICE", "--name", "kills"], env)
        with fleet(env, folder / "log", FLEET[:1]) as gateways:
            began = time.monotonic()
            await gateways.up()
            first_start = time.monotonic() - began
            for command in FLEET[1:]:
                gateways.add(command)
            await gateways.up()
            callers = Callers(gateways.ports, key, chance)
            asking = Asking(callers, await registered(callers, customers), chance)
            steady = asyncio.create_task(asking.steadily(rate))
            began = time.monotonic()
            kills = await _kill(gateways, asking, count, chance)
            seconds = time.monotonic() - began
            steady.cancel()
            answered = await asyncio.gather(*asking.running)
            began = time.monotonic()
            await record.settled(databases.url(folder), 120)
            settling = time.monotonic() - began
            callers.close()
        arrived = provider.arrived()
    found = await record.read(databases.url(folder))
    return Outcome(answered, found, arrived, kills, callers.troubles, seconds, settling, first_start)


async def _kill(gateways: Fleet, asking: Asking, count: int, chance: random.Random) -> Counter[str]:
    kills: Counter[str] = Counter()
    with report.progress() as shown:
        bar = shown.add_task("kill -9", total=count)
        for _ in range(count):
            await asyncio.sleep(chance.uniform(0.1, 0.7))
            await asking.room()
            for _ in range(BURST):
                asking.ask()
            await asyncio.sleep(chance.uniform(0, 0.1))
            while not (working := [one for one in gateways.members if one.is_up]):  # noqa: ASYNC110 - a pipe
                await asyncio.sleep(0.02)
            # Nearly always one that works; now and then any, which may be one that starts.
            victim = chance.choice(gateways.members if chance.random() < 0.1 else working)
            kills[victim.command if victim.is_up else f"{victim.command} while it starts"] += 1
            gateways.kill(victim)
            gateways.revive(victim)
            shown.advance(bar)
    return kills


async def main() -> int:
    parser = report.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20, help="requests per second between the bursts")
    chosen = parser.parse_args()
    report.begun("kills", chosen)
    with report.folder() as folder:
        outcome = await rounds(folder, chosen.rounds, seed=chosen.seed, customers=chosen.customers, rate=chosen.rate)
        report.counted("What happened", outcome.figures())
        report.logged(folder / "log")
        broken = report.judged(outcome.promises())
        if broken:
            report.keep(folder, outcome.record, outcome.texts)
    return broken


if __name__ == "__main__":
    raise SystemExit(uvloop.run(main()))
