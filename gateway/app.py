"""Putting it together. The only place where the clock, the database and the providers are the real ones."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx

from gateway import masterkeys, restoring, sandbox
from gateway import providers as available
from gateway.announcing import Announcer
from gateway.clock import Clock, SystemClock, VirtualClock
from gateway.core import Gateway
from gateway.oidc import Issuer
from gateway.outgoing import Poster
from gateway.settings import Settings
from gateway.store import migrate
from gateway.store.database import Database
from gateway.store.postgres import PostgresEngine
from gateway.words import Lender, Words
from policies import hardship, plans, rulebook


class PortTaken(RuntimeError):
    """Somebody else listens there."""


class OldSchema(RuntimeError):
    """The database is not migrated; run `gateway migrate` first."""


@asynccontextmanager
async def open_database(
    settings: Settings, clock: Clock | None = None, *, upgrade: bool = False
) -> AsyncIterator[Database]:
    """The database, its schema up to date: SQLite is migrated here, a server only by `gateway migrate`."""
    vault = masterkeys.vault(settings)
    database = Database(settings.database(), clock or SystemClock(), vault, settings.database_connections)
    try:
        if upgrade or database.is_embedded:
            await migrate.upgrade(database)
        elif not await migrate.is_current(database):
            raise OldSchema(OldSchema.__doc__)
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_gateway(
    settings: Settings,
    *,
    clock: Clock | None = None,
    providers: available.Given | None = None,
    words: Words | None = None,
    elapsed: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Gateway]:
    """A gateway that is ready, and is left with nothing half done. What is given stands for what the settings say."""
    clock = clock or (VirtualClock(SystemClock()) if settings.sandbox else SystemClock())
    async with open_database(settings, clock) as database:
        gateway = Gateway(
            settings=settings,
            clock=clock,
            database=database,
            rulebooks=rulebook.load(settings.rulebooks),
            hardship=hardship.load(settings.hardship or hardship.FILE),
            plans=plans.offers(settings.plans or plans.FILE),
            words=words or Words.load(settings.templates, lender=lender(settings)),
            carriers=available.from_settings(settings, database, clock, providers or {}, elapsed),
            doors=available.doors(settings),
            elapsed=elapsed,
            poster=Poster(httpx.AsyncClient(trust_env=False), allow_private=settings.events_allow_private),
            watermark=restoring.watermark(settings),
            issuer=Issuer.from_settings(settings, elapsed),
        )
        await restoring.look(gateway)
        stack = AsyncExitStack()
        await stack.enter_async_context(_announced(gateway))
        if isinstance(clock, VirtualClock):
            await sandbox.read_clock(database, clock)
        try:
            yield gateway
        finally:
            await gateway.accepting.drain()
            await gateway.closing.drain()
            await gateway.uses.drain()
            await stack.aclose()
            await gateway.poster.close()
            if gateway.issuer:
                await gateway.issuer.keys.close()
            for carriers in gateway.carriers.values():
                for provider in carriers.providers:
                    await provider.close()


@asynccontextmanager
async def _announced(gateway: Gateway) -> AsyncIterator[None]:
    """While this is open, changes reach the subscribers of other processes on the same server, and theirs ours."""
    engine = gateway.database.engine
    if not isinstance(engine, PostgresEngine):
        yield
        return
    announcer = Announcer(engine.address(), gateway.changes, gateway.due)
    gateway.changes.elsewhere = announcer.say
    running = asyncio.create_task(announcer.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def lender(settings: Settings) -> Lender:
    return Lender(
        name=settings.lender_name,
        name_zh=settings.lender_name_zh,
        phone=settings.lender_phone,
        pay_url=settings.lender_pay_url,
        help_url=settings.lender_help_url,
    )


def check_port(settings: Settings) -> None:
    """Before anything is opened or made anew. Raises `PortTaken`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            raise PortTaken(
                f"GATEWAY_PORT: {settings.host}:{settings.port} cannot be listened on, or is taken"
            ) from None
