"""The command line of whoever runs the gateway: stopping and going on, backups, and mails that came back."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, BinaryIO, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Column, Table
from sqlalchemy import make_url

from channels import bounces
from channels.base import WebhookUnreadable
from channels.mailbox import mails, mark_read
from gateway import erasing, pausing, restoring
from gateway.app import open_gateway
from gateway.clock import SystemClock
from gateway.core import Gateway
from gateway.model import OPERATOR, Pause, Unacceptable
from gateway.printing import cell, show
from gateway.providers import MAIL, signer
from gateway.receiving import receive
from gateway.settings import Settings
from gateway.store import pauses
from policies.facts import Channel, Purpose

T = TypeVar("T")

LONGEST_REASON = 2000

_Reason = Annotated[str, typer.Option(help="Why. It stays on record.")]


def register(cli: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Add the commands to the command line. `settings` reads them, or ends the command with what is wrong."""

    def with_gateway(do: Callable[[Gateway], Awaitable[T]]) -> T:
        async def run() -> T:
            async with open_gateway(settings()) as gateway:
                return await do(gateway)

        try:
            return asyncio.run(run())
        except Unacceptable as wrong:
            raise typer.BadParameter("; ".join(error.message for error in wrong.errors)) from None

    @cli.command()
    def pause(
        reason: _Reason,
        purpose: Annotated[Purpose | None, typer.Option(help="Only this purpose.")] = None,
        channel: Annotated[Channel | None, typer.Option(help="Only this channel.")] = None,
        provider: Annotated[str | None, typer.Option(help="Only through this provider.")] = None,
    ) -> None:
        """Stop sending at once, on every process: everything, or what an option names."""
        _check(reason)
        placed = with_gateway(
            lambda gateway: pausing.pause(
                gateway, OPERATOR, reason, purpose=purpose, channel=channel, provider=provider
            )
        )
        typer.echo(placed.id)

    @cli.command()
    def resume(
        pause_id: Annotated[str, typer.Argument(metavar="ID", help="As `gateway pauses` shows it.")], reason: _Reason
    ) -> None:
        """Let sending go on."""
        _check(reason)
        with_gateway(lambda gateway: pausing.resume(gateway, OPERATOR, pause_id, reason))
        typer.echo("resumed")

    @cli.command("pauses")
    def pauses_(as_json: Annotated[bool, typer.Option("--json", help="One JSON line per pause.")] = False) -> None:
        """What is stopped at present."""

        async def in_force(gateway: Gateway) -> list[Pause]:
            async with gateway.database.read() as work:
                return await pauses.in_force(work)

        _show(with_gateway(in_force), as_json=as_json)

    @cli.command()
    def backup(to: Annotated[Path, typer.Argument(help="A file that is not there yet.")]) -> None:
        """Copy a SQLite database, whole, while others write to it. For PostgreSQL: README, Backups."""
        url = make_url(settings().database())
        if url.get_backend_name() != "sqlite":
            raise typer.BadParameter("PostgreSQL has its own: pg_dump, or a base backup with its log")
        if to.exists():
            raise typer.BadParameter("this file is there already", param_hint="TO")
        if not Path(url.database or "").is_file():
            raise typer.BadParameter("there is no database to copy", param_hint="GATEWAY_DATABASE_URL")
        if not to.parent.is_dir():
            raise typer.BadParameter("its folder is not there", param_hint="TO")
        _copy(Path(url.database or ""), to)
        typer.echo(f"copied to {to}")

    @cli.command()
    def restored() -> None:
        """Say that a backup was restored: everything is paused, and what was due waits for a person."""
        with_gateway(restoring.declare)
        typer.echo("paused; see `gateway pauses`, and the contacts that are UNCLEAR")

    @cli.command()
    def retention(
        apply: Annotated[bool, typer.Option("--apply", help="Do it now, as the worker does once a day.")] = False,
    ) -> None:
        """How many customers' records need not be kept any longer."""

        async def look(gateway: Gateway) -> int:
            done = 0
            with Progress(console=Console(stderr=True)) as shown:
                bar = shown.add_task("customers", total=None)
                async for number in erasing.expired(gateway, apply=apply):
                    done += number
                    shown.advance(bar, number)
            await gateway.database.purge()
            return done

        number = with_gateway(look)
        typer.echo(f"{number} customers erased" if apply else f"{number} customers' records need not be kept")

    @cli.command()
    def dkim() -> None:
        """Print the DNS record that says with which key our mails are signed."""
        found = signer(settings(), SystemClock())
        if found is None:
            raise typer.BadParameter("no key is set", param_hint="GATEWAY_DKIM_KEY")
        name, text = found.record
        # A string of the DNS has at most 255 bytes (RFC 1035, 3.3.14); they are read as one.
        parts = " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))
        typer.echo(f"{name} IN TXT {parts}")

    @cli.command()
    def mailbox(
        path: Annotated[str, typer.Argument(help="A Maildir, an mbox, a folder of .eml; - for one mail.")],
    ) -> None:
        """Hear the mails that came back: bounces, complaints, and what customers answered."""
        source: Path | BinaryIO = sys.stdin.buffer if path == "-" else Path(path)
        if isinstance(source, Path) and not source.exists():
            raise typer.BadParameter("there is no such mailbox", param_hint="PATH")
        read, new, unreadable = with_gateway(lambda gateway: _hear(gateway, source))
        typer.echo(f"{read} mails read, {new} things heard, {unreadable} mails unreadable")


def _check(reason: str) -> None:
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise typer.BadParameter(f"1 to {LONGEST_REASON} characters", param_hint="--reason")


async def _hear(gateway: Gateway, source: Path | BinaryIO) -> tuple[int, int, int]:
    """How many mails were read, how much of what they say was new, and how many say nothing that can be read.

    A mail is marked as read once what it says is on disk; one that cannot be read stays as it is, for a person.
    """
    read = new = unreadable = 0
    for handle, raw in track(mails(source), description="reading mails", console=Console(stderr=True)):
        read += 1
        try:
            heard = bounces.read(raw)
        except WebhookUnreadable:
            unreadable += 1
            continue
        if heard:
            new += await receive(gateway, MAIL, heard)
        mark_read(source, handle)
    return read, new, unreadable


def _copy(source: Path, target: Path) -> None:
    """SQLite's own online backup: a state that was committed, whoever writes meanwhile.

    The copy says that it is one. What was said since (a withdrawal!) is not in it, though nothing may have been sent.
    """
    with sqlite3.connect(source) as reading, sqlite3.connect(target) as writing:
        reading.backup(writing)
        writing.execute("UPDATE origin SET identity = 'backup'")
    reading.close()
    writing.close()


def _show(found: list[Pause], *, as_json: bool) -> None:
    rows = [
        {
            "id": one.id,
            "stops": one.purpose or one.channel or one.provider or "everything",
            "since": one.paused_at.isoformat(timespec="seconds"),
            "by": one.paused_by,
            "reason": one.reason,
        }
        for one in found
    ]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
        return
    table = Table(Column("id", no_wrap=True, min_width=32), "stops", "since", "by", "reason")
    for row in rows:
        table.add_row(*map(cell, row.values()))
    show(table)
