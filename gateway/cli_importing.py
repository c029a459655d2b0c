"""`gateway import`: customers and bills from files."""

import asyncio
import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from gateway.app import open_gateway
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.importable import Kind

SHOWN = 20
"""Bad rows that are shown; all of them are in the list."""


def register(cli: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Add the command to the command line."""

    @cli.command("import")
    def import_(
        files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV (.csv) or JSON Lines.")],
        kind: Annotated[str, typer.Option(help="customers or bills.")],
        rejects: Annotated[Path | None, typer.Option(help="Where bad rows are listed: FILE.rejected.jsonl.")] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Look at every row and keep nothing.")] = False,
        as_json: Annotated[
            bool,
            typer.Option(
                "--json",
                help="One JSON line per file; `rows` is the sum of its counts: no header, no empty lines.",
            ),
        ] = False,
    ) -> None:
        """Register customers or bills from files; killed half-way, the same command goes on where it was."""
        from gateway.importable import Kind  # noqa: PLC0415 - reads with the API's reader, which takes a moment

        if kind not in set(Kind):
            raise typer.BadParameter("customers or bills", param_hint="--kind")
        if rejects is not None and len(files) > 1:
            raise typer.BadParameter("names one list, and there are several files", param_hint="--rejects")
        chosen, rejected = settings(), 0
        for path in files:
            listed = rejects or path.with_name(f"{path.name}.rejected.jsonl")
            rejected += asyncio.run(
                _import(chosen, path, Kind(kind), listed, path.stat().st_size, is_dry=dry_run, as_json=as_json)
            )
        if rejected:
            raise typer.Exit(1)


async def _import(
    settings: Settings, path: Path, kind: "Kind", rejects: Path, size: int, *, is_dry: bool, as_json: bool
) -> int:
    """How many rows of the file were bad."""
    from gateway.importable import BadFile  # noqa: PLC0415 - as above
    from gateway.importing import BadList, run  # noqa: PLC0415 - as above

    screen = Console(stderr=True)
    now, shown = None, 0
    columns = (TextColumn("{task.description}"), BarColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    async with open_gateway(settings) as gateway:
        with Progress(*columns, console=screen) as bar, _collecting_by_hand():
            task = bar.add_task(path.name, total=size)
            try:
                async for one in run(gateway, path, kind, rejects, is_dry=is_dry):
                    if now is None and one.run.position:
                        screen.print(f"goes on behind line {one.run.line}, where it was")
                    now = one.run
                    bar.update(task, completed=now.position)
                    gc.collect()
                    for number, wrong in one.bad[: max(0, SHOWN - shown)]:
                        said = "; ".join(": ".join([*error.field, error.message]) for error in wrong.errors)
                        screen.print(f"line {number}: {said}", markup=False, highlight=False)
                        shown += 1
            except BadFile as bad:
                raise typer.BadParameter(str(bad), param_hint="FILES") from None
            except BadList as bad:
                raise typer.BadParameter(f"{rejects} {bad}", param_hint="--rejects") from None
    assert now is not None
    counts = {"added": now.added, "changed": now.changed, "unchanged": now.unchanged, "rejected": now.rejected}
    if as_json:
        typer.echo(json.dumps({"file": path.name, "kind": kind, **counts, "rows": now.rows}))
    else:
        typer.echo(f"{path.name}: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
    return now.rejected


@contextmanager
def _collecting_by_hand() -> Iterator[None]:
    """What a batch makes is freed as it goes; to look for circles in it meanwhile takes half as long as the import.

    Between two batches there is next to nothing to look at, but for what was there before, which stays.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
