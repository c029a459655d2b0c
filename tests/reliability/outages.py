"""What is around a gateway fails, comes back, or hangs: nothing is lost, nothing is sent twice, and it goes on.

provider-down    its port is closed for a while: connections are refused
provider-slow    it takes messages and answers after the time-out
hang             a process is stopped for longer than its lease, then goes on (SIGSTOP, SIGCONT)
restart          the PostgreSQL server is restarted, at once and orderly (a server of its own is started for this)
disk-full        SQLite's disk is full for a while (a small disk is mounted for this: needs root)
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import uvloop

from tests.reliability import databases_away, report
from tests.reliability.kills import BURST, SHORT
from tests.reliability.promises import Promise
from tests.reliability.stage import Stage, stage

AT_MOST = 2 * (5 + 32 + 10)
"""Of each process: five failures open the circuit, as many as are in flight fail with them, and some find out later."""
SLOW_SECONDS = 3.0
BETWEEN_HANGS = 3.0
"""Whoever is stopped within a transaction holds up all who want the same rows: they need time to go on."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long each outage lasts, and how often it comes."""

    down: float = 60
    slow: float = 15
    hangs: int = 10
    full: float = 10
    rate: float = 30


Played = tuple[Stage, dict[str, object], list[Promise]]
"""What is left of it, what is particular to it, and what must be true of it beyond what always must."""


async def provider_down(folder: Path, seed: int, lengths: Lengths) -> Played:
    async with stage(
        folder, seed=seed, rate=lengths.rate, patience=300, settings={"retry_seconds": lengths.down / 6}
    ) as one:
        one.provider.stop()
        await asyncio.sleep(lengths.down)
        one.provider.start()
        back = time.monotonic()
        asked = len(one.asking.running)
        await asyncio.sleep(2)
    gone = time.monotonic() - back
    contacts, attempts = one.record.contacts, one.record.attempts_of()
    failures = one.record.outcomes["TEMPORARY_FAILURE"]
    untouched = sum(row.attempts == 1 for row in contacts.values())
    figures: dict[str, object] = {
        "provider away": f"{lengths.down:g} s; requests until it was back: {asked}",
        "from its return until nothing waited": f"{gone:.1f} s",
        "tries that found nobody": failures,
        "contacts that needed one attempt": f"{untouched} of {len(contacts)} ({untouched / len(contacts):.1%})",
    }
    spent = [id_ for id_, tries in attempts.items() if len(tries) > 1]
    return (
        one,
        figures,
        [
            Promise("given up, because the provider was away", _ended(one, "FAILED")),
            Promise("more attempts spent on it than breakers let through", spent if len(spent) > AT_MOST else []),
        ],
    )


async def provider_slow(folder: Path, seed: int, lengths: Lengths) -> Played:
    settings = SHORT | {"retry_seconds": 1}
    slow = (SLOW_SECONDS, SLOW_SECONDS)
    async with stage(folder, seed=seed, rate=lengths.rate, slow=slow, patience=300, settings=settings) as one:
        await asyncio.sleep(lengths.slow)
        late = {text.reference for text in one.provider.arrived()}
        one.provider.stop()
        one.provider.slow = (0.0, 0.03)
        one.provider.start()
        await asyncio.sleep(2)
    attempts, contacts = one.record.attempts, one.record.contacts
    wrong = [a for a in late if contacts[attempts[a].contact_id].status != "UNCLEAR"]
    return (
        one,
        {"answered after the time-out": len(late)},
        [
            Promise("answered too late, and not UNCLEAR", wrong),
            Promise("given up, because the provider was slow", _ended(one, "FAILED")),
        ],
    )


async def hang(folder: Path, seed: int, lengths: Lengths) -> Played:
    commands = ("serve", "serve", "worker", "worker")
    lease = float(SHORT["attempt_lease_seconds"])
    stopped: Counter[str] = Counter()
    async with stage(folder, seed=seed, rate=lengths.rate, commands=commands, settings=SHORT) as one:
        one.callers.seconds_per_try = 2 * lease
        for number in range(lengths.hangs):
            for _ in range(BURST):
                one.asking.ask()
            await asyncio.sleep(one.callers.chance.uniform(0, 0.1))
            member = one.gateways.members[number % len(commands)]
            member.send(signal.SIGSTOP)
            stopped[member.command] += 1
            await asyncio.sleep(1.5 * lease)
            member.send(signal.SIGCONT)
            await asyncio.sleep(BETWEEN_HANGS)
    began = {id_: row.started_at for id_, row in one.record.attempts.items()}
    late = [text for text in one.texts if text.at - began[text.reference] > timedelta(seconds=lease)]
    return (
        one,
        {
            "stopped for": f"{1.5 * lease:g} s with a lease of {lease:g} s, {dict(stopped)}",
            "messages that left after their lease had passed": len(late),
        },
        [],
    )


def _ended(one: Stage, status: str) -> list[str]:
    return [id_ for id_, row in one.record.contacts.items() if row.status == status]


PLAYS: dict[str, Callable[[Path, int, Lengths], Awaitable[Played]]] = {
    "provider-down": provider_down,
    "provider-slow": provider_slow,
    "hang": hang,
    "restart": lambda folder, seed, lengths: databases_away.restart(folder, seed, lengths.rate),
    "disk-full": lambda folder, seed, lengths: databases_away.disk_full(folder, seed, lengths.rate, lengths.full),
}


async def main() -> int:
    parser = report.arguments(__doc__)
    parser.add_argument("--only", choices=list(PLAYS), action="append", help="default: all that the database knows")
    for name, kind in Lengths.__annotations__.items():
        parser.add_argument(f"--{name}", type=kind, default=getattr(Lengths(), name))
    chosen = parser.parse_args()
    report.begun("outages", chosen)
    lengths = Lengths(**{name: getattr(chosen, name) for name in Lengths.__annotations__})
    # First: all that follows then runs on the server that is started for it.
    particular = "disk-full" if chosen.database == "sqlite" else "restart"
    broken = 0
    for name in chosen.only or [particular, "provider-down", "provider-slow", "hang"]:
        with report.folder() as folder:
            one, figures, promises = await PLAYS[name](folder, chosen.seed, lengths)
            report.counted(name, figures | one.figures())
            report.logged(folder / "log")
            failed = report.judged([*promises, *one.promises()])
            if failed:
                report.keep(folder, one.record, one.texts)
        broken = max(broken, failed)
    return broken


if __name__ == "__main__":
    raise SystemExit(uvloop.run(main()))
