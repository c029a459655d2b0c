"""How a command begins and ends: what ran, on what, and whether every promise was kept."""

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from tests import databases
from tests.reliability.promises import Promise
from tests.reliability.record import Record
from tests.reliability.texts import Text

KEPT = "record.txt"

console = Console(width=None if sys.stdout.isatty() else 120)
"""In a file as wide as a page, however it came about."""


def arguments(words: str | None) -> argparse.ArgumentParser:
    """What every command takes."""
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=20261125)
    return parser


def begun(name: str, chosen: argparse.Namespace) -> None:
    """Set the database for what follows, and say what runs."""
    databases.kind = chosen.database
    given = ", ".join(f"{key} {value}" for key, value in vars(chosen).items())
    packages = ", ".join(f"{one} {version(one)}" for one in ("contact-gateway", "sqlalchemy", "asyncpg", "uvicorn"))
    console.print(f"[bold]{name}[/bold]: {given}")
    console.print(f"{packages}, Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")


def progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def counted(title: str, figures: Mapping[str, object]) -> None:
    table = Table("", "", title=title, title_justify="left", show_header=False)
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,}" if isinstance(figure, int) else str(figure))
    console.print(table)


def judged(promises: Sequence[Promise]) -> int:
    """The table of promises. 1 if one is broken."""
    table = Table("promise: this never happens", "times", "for example", title="Promises", title_justify="left")
    for one in promises:
        example = ", ".join(one.broken[:3])
        table.add_row(one.words, f"{'[red]' if one.broken else '[green]'}{len(one.broken)}", example)
    console.print(table)
    return int(any(one.broken for one in promises))


@contextmanager
def folder() -> Iterator[Path]:
    """For one run. It is kept where `keep` was called on it: somebody will want to look."""
    made = Path(tempfile.mkdtemp(prefix="reliability-"))
    try:
        yield made
    finally:
        if not (made / KEPT).exists():
            shutil.rmtree(made)


def keep(where: Path, record: Record, texts: Sequence[Text]) -> None:
    """Everything that a broken promise can be explained by, beside the logs."""
    with (where / KEPT).open("w", encoding="utf-8") as file:
        file.writelines(f"{row}\n" for row in (*record.contacts.values(), *record.attempts.values(), *texts))
    console.print(f"what happened is kept in {where}")


def spread(seconds: Sequence[float]) -> str:
    """How a measure is spread, without hiding its worst."""
    if len(seconds) < 2:
        return "too few to say"
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"p50 {cuts[49]:.3f} s, p95 {cuts[94]:.3f} s, p99 {cuts[98]:.3f} s, max {max(seconds):.3f} s"


def logged(log: Path) -> None:
    """What the processes warned of, by kind: a log holds no more than ids."""
    kinds: Counter[str] = Counter()
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        try:
            entry = json.loads(line)
        except ValueError:
            kinds[line[:100]] += 1
            continue
        if entry.get("level") not in ("info", "debug"):
            words = (
                entry.get("level"),
                entry.get("event"),
                entry.get("from"),
                entry.get("error"),
                entry.get("outcome"),
            )
            kinds[" ".join(str(word) for word in words if word)] += 1
    counted("Warnings and errors in the logs", dict(kinds.most_common(12)) or {"none": 0})
