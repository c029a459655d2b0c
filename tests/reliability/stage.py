"""A provider, gateway processes on one database, and integrators who keep asking: what an outage is played on."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests import databases
from tests.processes import environment, run
from tests.reliability import record
from tests.reliability.callers import Answered, Asking, Callers, registered
from tests.reliability.fleet import Fleet, fleet
from tests.reliability.promises import Promise, of_delivery
from tests.reliability.record import Record
from tests.reliability.texts import Seconds, Text, Texts, texts
from tests.reliability.worlds import open_packs


@dataclass
class Stage:
    """While it is open, an outage can be played; afterwards the rest is there to be judged."""

    provider: Texts
    gateways: Fleet
    asking: Asking
    callers: Callers
    answered: Sequence[Answered] = ()
    record: Record = field(default_factory=lambda: Record({}, {}, {}))
    texts: Sequence[Text] = ()
    is_settled: bool = False
    settling: float = 0

    def promises(self) -> list[Promise]:
        return of_delivery(self.answered, self.record, self.texts)

    def figures(self) -> dict[str, object]:
        tries = [len(one) for one in self.record.attempts_of().values()]
        return {
            "contacts answered with success": len(self.answered),
            "seen instead of an answer": dict(self.callers.troubles) or "nothing",
            "from the first of these to the last": _span([at for at, _ in self.callers.seen]),
            "the longest that a caller waited in all": f"{max(one.seconds for one in self.answered):.1f} s",
            "contacts": dict(self.record.statuses),
            "attempts": dict(self.record.outcomes),
            "contacts with more than one attempt": f"{sum(n > 1 for n in tries)}, at most {max(tries, default=0)}",
            "messages at the provider": len(self.texts),
            "settled after the last request in": f"{self.settling:.1f} s",
        }


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    seed: int,
    rate: float,
    commands: Sequence[str] = ("serve", "worker"),
    slow: Seconds = (0.0, 0.03),
    database: Path | None = None,
    patience: float = 120,
    settings: Mapping[str, object] | None = None,
) -> AsyncIterator[Stage]:
    """`rate`: requests per second, all through the block. Afterwards it is waited until everything is settled."""
    home = database or folder
    chance = random.Random(seed)
    with texts(folder, slow, seed) as provider:
        env = environment(home, rulebooks=open_packs(folder), sms_url=provider.url, **(settings or {}))
        key = await asyncio.to_thread(run, ["keys", "create", "--role", "SERVICE", "--name", "outages"], env)
        with fleet(env, folder / "log", commands) as gateways:
            await gateways.up()
            callers = Callers(gateways.ports, key, chance)
            asking = Asking(callers, await registered(callers, 200), chance)
            one = Stage(provider, gateways, asking, callers)
            steady = asyncio.create_task(asking.steadily(rate))
            await asyncio.sleep(2)
            try:
                yield one
            finally:
                steady.cancel()
            one.answered = await asyncio.gather(*asking.running)
            began = time.monotonic()
            one.is_settled = await record.settled(databases.url(home), patience)
            one.settling = time.monotonic() - began
            callers.close()
        one.texts = provider.arrived()
    one.record = await record.read(databases.url(home))


def _span(instants: Sequence[datetime]) -> str:
    return f"{(max(instants) - min(instants)).total_seconds():.1f} s" if instants else "-"
