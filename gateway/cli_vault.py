"""`gateway vault`: the master key that personal data is sealed under."""

from collections.abc import Callable

import typer
from rich.console import Console
from rich.progress import Progress

from gateway import masterkeys, rotating
from gateway.cli_database import with_database
from gateway.settings import Settings
from gateway.store.database import Database


def commands(settings: Callable[[], Settings]) -> typer.Typer:
    vault = typer.Typer(help="The master key that personal data is sealed under.", no_args_is_help=True)

    @vault.command()
    def key() -> None:
        """Print a new master key, alone, on standard output. It is kept nowhere."""
        typer.echo(masterkeys.new())

    @vault.command()
    def rotate() -> None:
        """Wrap every key anew by the newest master key. It may be stopped, and begun again, while the gateway works."""

        async def run(database: Database) -> int:
            done = 0
            total = await rotating.outstanding(database)
            with Progress(console=Console(stderr=True)) as shown:
                bar = shown.add_task("wrapping keys", total=total)
                async for number in rotating.rotate(database):
                    done += number
                    shown.advance(bar, number)
            return done

        typer.echo(f"{with_database(settings(), run)} customers' keys wrapped anew")

    return vault
