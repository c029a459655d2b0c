"""The README tells what the code does."""

import re
from pathlib import Path

from typer.main import get_group

from gateway.cli import cli
from gateway.cli_keys import keys
from gateway.settings import Settings

README = Path(__file__).parent.parent / "README.md"


def settings_table() -> str:
    """One line for each setting, in the order of the class."""
    return "\n".join(
        f"| `GATEWAY_{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    )


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dict):
        value = tuple(f"{name}={number}" for name, number in value.items())
    if isinstance(value, tuple):
        value = ",".join(value)
    shown = "" if value is None else str(value)
    return f"`{shown}`" if shown else ""


def test_every_setting_stands_in_the_readme_as_the_code_has_it() -> None:
    assert settings_table() in README.read_text(encoding="utf-8")


def test_every_command_stands_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")

    commands = [*get_group(cli).commands]
    assert [command for command in commands if f"gateway {command}" not in text] == []
    assert [command for command in get_group(keys).commands if command not in text] == []


def test_every_file_the_readme_points_to_is_there() -> None:
    text = README.read_text(encoding="utf-8")

    targets = [one for one in re.findall(r"\]\(([^)#]+)\)", text) if not one.startswith("https://")]
    assert targets
    assert [target for target in targets if not (README.parent / target).exists()] == []
