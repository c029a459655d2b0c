"""One flipped bit anywhere in an exported log is found.

A log is made by the gateway itself: customers are registered and contacts requested until it has the entries asked
for, with checkpoints in between. It is exported, and every time one bit of one byte picked at random is the other way
round; each time `gateway audit verify` has to say that the file does not hold together.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import orjson
import uvloop

from gateway import contact
from gateway.audit import checkpoints, exporting
from gateway.audit.lines import Broken, verify
from gateway.store import chains
from policies.facts import Channel
from tests import databases
from tests.reliability import report
from tests.reliability.promises import Promise
from tests.world import World, open_world

TOGETHER = 64
CHECKPOINTS = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened, for the report."""

    entries: int
    size: int
    flips: int
    lines: Counter[str]  #: kinds of line that were hit
    named: int  #: at the line that was hit, or where its own checkpoint ends
    unseen: Sequence[str]

    def promises(self) -> list[Promise]:
        return [Promise("a flipped bit that was not found", self.unseen)]

    def figures(self) -> dict[str, object]:
        return {
            "entries": self.entries,
            "bytes": self.size,
            "flips": self.flips,
            "in lines": dict(self.lines),
            "named at the very line": self.named,
        }


async def log_of(folder: Path, entries: int) -> tuple[bytes, str]:
    """An exported log of at least so many entries, and the public key that it must be signed with."""
    async with open_world(folder) as world:
        database = world.gateway.database
        for part in range(1, CHECKPOINTS + 1):
            while await _count(world) < entries * part // CHECKPOINTS:
                customers = [await world.customer("TEST") for _ in range(TOGETHER // 4)]
                wanted = [world.wanted(customer, Channel.SMS) for customer in customers for _ in range(4)]
                await contact.accept(world.gateway, wanted)
                await world.deliver()
            world.wait(hours=1)
            await checkpoints.make(database)
        out = BytesIO()
        await exporting.export(database, out)
        return out.getvalue(), await checkpoints.public_key(database)


async def _count(world: World) -> int:
    async with world.gateway.database.read() as work:
        return await chains.count(work)


def flip(file: bytes, key: str, count: int, seed: int) -> Outcome:
    """So many times one bit, each in the file as it was."""
    chance = random.Random(seed)
    lines = file.splitlines(keepends=True)
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line)
    kinds: Counter[str] = Counter()
    unseen, named = [], 0
    with report.progress() as shown:
        bar = shown.add_task("flipping bits", total=count)
        for _ in range(count):
            place = chance.choices(range(len(lines)), weights=[len(line) for line in lines])[0]
            position, bit = chance.randrange(len(lines[place])), chance.randrange(8)
            kinds[orjson.loads(lines[place])["type"]] += 1
            found = _found(lines, place, position, bit, key)
            if found is None:
                unseen.append(f"byte {starts[place] + position}, bit {bit}")
            named += found == place + 1
            shown.advance(bar)
    entries = sum(b'"type":"entry"' in line for line in lines)
    return Outcome(entries, len(file), count, kinds, named, unseen)


def _found(lines: Sequence[bytes], place: int, position: int, bit: int, key: str) -> int | None:
    """The line at which it was found."""
    line = bytearray(lines[place])
    line[position] ^= 1 << bit
    # The flipped byte may be, or have been, a line feed.
    changed = b"".join([bytes(line), *lines[place + 1 : place + 2]]).splitlines(keepends=True)
    try:
        verify([*lines[:place], *changed, *lines[place + 2 :]], key)
    except Broken as broken:
        return broken.line or 0
    return None


async def main() -> int:
    parser = report.arguments(__doc__)
    parser.add_argument("--flips", type=int, default=2000)
    parser.add_argument("--entries", type=int, default=10_000)
    chosen = parser.parse_args()
    report.begun("flips", chosen)
    with report.folder() as folder:
        file, key = await log_of(folder, chosen.entries)
        databases.give_back(folder)
        report.counted("Holds together as it was", {"entries": verify(file.splitlines(keepends=True), key).entries})
        outcome = await asyncio.to_thread(flip, file, key, chosen.flips, chosen.seed)
        report.counted("What happened", outcome.figures())
        return report.judged(outcome.promises())


if __name__ == "__main__":
    raise SystemExit(uvloop.run(main()))
