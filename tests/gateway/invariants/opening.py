"""A gateway that opens in a few milliseconds, because it is opened at every crash of every sequence.

The same parts as `gateway.app.open_gateway` puts together; the packs are read once, and the tables made once.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import httpx

from channels.sandbox import Sandbox
from gateway import providers, restoring
from gateway.app import lender, open_database
from gateway.clock import StoppedClock
from gateway.core import Gateway
from gateway.outgoing import Poster
from gateway.settings import Settings
from gateway.words import Words
from policies import hardship, plans, rulebook
from policies.facts import Channel
from policies.rulebook import Rulebook
from tests import databases
from tests.gateway.invariants.packs import CAPPED, WALLED

_made: list[Path] = []


@cache
def rulebooks() -> Mapping[str, Rulebook]:
    """The two jurisdictions."""
    with tempfile.TemporaryDirectory() as name:
        for code, pack in {"capped": CAPPED, "walled": WALLED}.items():
            (Path(name) / f"{code}.toml").write_text(pack, encoding="utf-8")
        return rulebook.load(Path(name))


@cache
def _words() -> Words:
    return Words.load(lender=lender(Settings()))


@asynccontextmanager
async def open_gateway(
    folder: Path, clock: StoppedClock, sms: Sequence[Sandbox], email: Sandbox
) -> AsyncIterator[Gateway]:
    """On the database of that folder: a new one where there is none."""
    settings = databases.settings(folder)
    if not databases.is_server() and not (folder / "gateway.db").exists():
        await _make_file(folder)
    async with open_database(settings, clock) as database:
        gateway = Gateway(
            settings=settings,
            clock=clock,
            database=database,
            rulebooks=rulebooks(),
            hardship=hardship.load(),
            plans=plans.offers(),
            words=_words(),
            carriers=providers.from_settings(
                settings, database, clock, {Channel.SMS: sms, Channel.EMAIL: email}, lambda: clock().timestamp()
            ),
            doors={},
            elapsed=lambda: clock().timestamp(),
            poster=Poster(httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(204)))),
            watermark=restoring.watermark(settings),
        )
        await restoring.look(gateway)
        try:
            yield gateway
        finally:
            await gateway.accepting.drain()
            await gateway.closing.drain()
            await gateway.poster.close()
            for one in (*sms, email):
                await one.close()


async def _make_file(folder: Path) -> None:
    if not _made:
        first = Path(tempfile.mkdtemp(prefix="invariants-tables-")) / "gateway.db"
        async with open_database(databases.settings(first.parent)):
            _made.append(first)
    shutil.copy(_made[0], folder / "gateway.db")
