"""`gateway words`: which templates there are, and whether they may be used."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from gateway.app import lender
from gateway.printing import cell, show
from gateway.settings import Settings
from gateway.words import Words
from policies.tone import Problem

_AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
_Folder = Annotated[Path | None, typer.Option(help="The lender's own templates. Default: GATEWAY_TEMPLATES.")]

_COLUMNS = ("template", "channel", "language", "jurisdiction", "product", "version")


def commands(settings: Callable[[], Settings]) -> typer.Typer:
    """The commands, for an application that has these settings."""
    words = typer.Typer(help="What we say to people.", no_args_is_help=True)

    @words.command("list")
    def list_(as_json: _AsJson = False) -> None:
        """Print every template: its channel and language, what it is narrowed to, and its version."""
        read = settings()
        versions = Words.load(read.templates, lender=lender(read)).versions()
        if as_json:
            for row in versions:
                typer.echo(json.dumps(dict(zip(_COLUMNS, row, strict=True))))
        else:
            _print(_COLUMNS, [[one or "all" for one in row] for row in versions])

    @words.command()
    def check(folder: _Folder = None, as_json: _AsJson = False) -> None:
        """Look for what no template may say and for what it must; ends with 1 where there is any."""
        read = settings()
        found: list[tuple[Path, Problem]] = []
        Words.load(
            folder or read.templates,
            lender=lender(read),
            refuse=lambda path, problems: found.extend((path, problem) for problem in problems),
        )
        if as_json:
            for path, problem in found:
                typer.echo(json.dumps({"file": str(path), **asdict(problem)}, ensure_ascii=False))
        elif found:
            _print(
                ("file", "rule", "words", "why", "better"),
                [[f"{path}", one.rule, ", ".join(one.words), one.message, one.suggestion] for path, one in found],
            )
        else:
            typer.echo("every template may be used")
        if found:
            raise typer.Exit(1)

    return words


def _print(columns: tuple[str, ...], rows: list[list[str]]) -> None:
    table = Table(*(Column(name, overflow="fold") for name in columns))
    for row in rows:
        table.add_row(*map(cell, row))
    show(table)
