"""Putting it together. The only place where the clock, the database and the providers are the real ones."""

import logging
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

from channels.base import Provider
from gateway import providers as available
from gateway import sandbox
from gateway.clock import Clock, SystemClock, VirtualClock
from gateway.core import Gateway
from gateway.settings import Settings
from gateway.store import migrate
from gateway.store.database import Database
from gateway.store.vault import PlainVault
from gateway.words import Lender, Words
from policies import rulebook
from policies.facts import Channel


class PortTaken(RuntimeError):
    """Somebody else listens there."""


class OldSchema(RuntimeError):
    """The database is not migrated; run `gateway migrate` first."""


@asynccontextmanager
async def open_database(
    settings: Settings, clock: Clock | None = None, *, upgrade: bool = False
) -> AsyncIterator[Database]:
    """The database, its schema up to date: SQLite is migrated here, a server only by `gateway migrate`."""
    database = Database(settings.database(), clock or SystemClock(), PlainVault())
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
    providers: Mapping[Channel, Provider] | None = None,
    words: Words | None = None,
) -> AsyncIterator[Gateway]:
    """A gateway that is ready, and is left with nothing half done. What is given stands for what the settings say."""
    clock = clock or (VirtualClock(SystemClock()) if settings.sandbox else SystemClock())
    async with open_database(settings, clock) as database:
        gateway = Gateway(
            settings=settings,
            clock=clock,
            database=database,
            rulebooks=rulebook.load(settings.rulebooks),
            words=words or Words.load(settings.templates, lender=lender(settings)),
            providers=available.from_settings(settings, database, clock, providers or {}),
        )
        if isinstance(clock, VirtualClock):
            await sandbox.read_clock(database, clock)
        try:
            yield gateway
        finally:
            await gateway.accepting.drain()
            await gateway.closing.drain()
            for provider in gateway.providers.values():
                await provider.close()


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


def set_up_logs(level: str) -> None:
    """JSON lines on standard error. What is logged names ids and kinds, never a person, an address or a text."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    # Libraries log requests, addresses and queries: of theirs only warnings pass, as plain lines.
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format='{"level": "%(levelname)s", "from": "%(name)s"}'
    )
