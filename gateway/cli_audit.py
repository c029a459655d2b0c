"""`gateway audit`: the log, signed, exported and checked."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.progress import open as opened

from gateway.audit import checking, checkpoints, exporting
from gateway.audit.lines import Broken, verify
from gateway.audit.witness import Witness
from gateway.cli_database import customer_id, with_database
from gateway.settings import Settings
from gateway.store.database import Database

T = TypeVar("T")

_AsJson = Annotated[bool, typer.Option("--json", help="One JSON line, for programs.")]


def register(cli: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Add the commands to the command line. `settings` reads them, or ends the command with what is wrong."""
    audit = typer.Typer(help="The log: signed, exported, and checked by anybody.", no_args_is_help=True)
    cli.add_typer(audit, name="audit")

    def with_log(do: Callable[[Database], Awaitable[T]]) -> T:
        chosen = settings()
        file = chosen.database_file()
        if file is not None and not file.exists():
            # A new one would hold together, too.
            raise typer.BadParameter("there is no database", param_hint="GATEWAY_DATABASE_URL")
        return with_database(chosen, do)

    @audit.command()
    def checkpoint() -> None:
        """Sign how far every chain has come, now."""
        made = with_log(checkpoints.make)
        typer.echo(f"checkpoint {made.number}: {made.count} chains, root {made.root}" if made else "nothing has grown")

    @audit.command("key")
    def key_() -> None:
        """Print the public key that checkpoints and exports are signed with. Whoever checks one should have it."""
        typer.echo(with_log(checkpoints.public_key))

    @audit.command()
    def export(
        file: Annotated[Path, typer.Argument(help="A file that is not there yet.")],
        customer: Annotated[str | None, typer.Option(help="A customer's reference: only what concerns them.")] = None,
        since: Annotated[
            datetime | None, typer.Option(help="From the last checkpoint before then on. UTC where no zone is named.")
        ] = None,
    ) -> None:
        """Write the log to a file that can be checked without us. What is personal in it is sealed."""
        if file.exists():
            raise typer.BadParameter("this file is there already", param_hint="FILE")
        after = since if since is None or since.tzinfo else since.replace(tzinfo=UTC)

        async def run(database: Database) -> int:
            only = None if customer is None else await customer_id(database, customer)
            part = file.with_name(f"{file.name}.part")
            try:
                with _progress("exporting entries") as seen, part.open("xb") as out:
                    count = await exporting.export(database, out, customer_id=only, since=after, seen=seen)
                part.rename(file)
            finally:
                part.unlink(missing_ok=True)
            return count

        typer.echo(f"{with_log(run)} entries in {file}")

    @audit.command("verify")
    def verify_(
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="As `gateway audit export` wrote it.")],
        key: Annotated[
            str | None, typer.Option(help="The public key that must have signed it, as `gateway audit key` prints it.")
        ] = None,
        as_json: _AsJson = False,
    ) -> None:
        """Check an exported file: alone, without a database. Exit code 1: something does not fit, and where."""

        def run() -> dict[str, Any]:
            with opened(file, "rb", description="checking lines", console=Console(stderr=True)) as lines:
                return asdict(verify(lines, key))

        found = _judged(run, as_json=as_json)
        if key is None and not as_json:
            typer.echo(f"signed with {found['key']}: compare it with the key you were given, or use --key")

    @audit.command("check")
    def check_(
        witness: Annotated[
            Path | None,
            typer.Option(
                exists=True, dir_okay=False, help="The workers' logs, kept elsewhere: their checkpoints must be there."
            ),
        ] = None,
        as_json: _AsJson = False,
    ) -> None:
        """Check the log in the database, and that the rows are as it says. Exit code 1: something does not fit."""
        named = None if witness is None else _witness(witness)

        def run() -> dict[str, Any]:
            with _progress("checking entries and rows") as seen:
                return asdict(with_log(lambda database: checking.check(database, seen, named)))

        _judged(run, as_json=as_json)


def _witness(file: Path) -> Witness:
    try:
        with file.open(encoding="utf-8", errors="replace") as log:
            return Witness(log)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--witness") from None
    except OSError as error:
        raise typer.BadParameter(f"it cannot be read ({type(error).__name__})", param_hint="--witness") from None


def _judged(run: Callable[[], dict[str, Any]], *, as_json: bool) -> dict[str, Any]:
    """Say what was found. Ends the command where something does not fit."""
    try:
        found = run()
    except Broken as broken:
        if as_json:
            where = {"line": broken.line, "chain": broken.chain, "seq": broken.seq, "kind": broken.kind}
            typer.echo(json.dumps({"holds": False, **where, "why": broken.why}))
        else:
            typer.echo(f"BROKEN: {broken}")
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps({"holds": True, **found}))
    else:
        dropped = f", {found['dropped']} of them without what they record" if found["dropped"] else ""
        witnessed = f", {found['witnessed']} of them in the worker's log" if found.get("witnessed") else ""
        typer.echo(
            f"holds: {found['entries']} entries{dropped}, {found['chains']} chains, "
            f"{found['checkpoints']} checkpoints{witnessed}"
        )
    return found


@contextmanager
def _progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """On standard error, so that what is printed stays clean."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        bar = shown.add_task(words, total=None)
        yield lambda done, of: shown.update(bar, completed=done, total=of)
