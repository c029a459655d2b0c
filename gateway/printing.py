"""Values on a terminal: what somebody wrote is shown there, and never obeyed."""

import unicodedata

from rich.console import Console
from rich.table import Table
from rich.text import Text


def visible(text: str) -> str:
    """On one line, with escapes in the place of all that moves the cursor, colours, hides or turns text around."""
    return "".join(one if _is_plain(one) else one.encode("unicode_escape").decode() for one in text)


def cell(text: str) -> Text:
    """For a table: without a meaning for square brackets or colons either."""
    return Text(visible(text))


def show(table: Table) -> None:
    """On standard output, never so narrow that an id or an instant is cut: into a file or a pipe there is no width."""
    Console(width=max(140, Console().width)).print(table)


def _is_plain(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"
