"""Packs as they are written: every rule of every file, those that are switched off too. For checks and for tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from policies.fields import PackError
from policies.pack import Pack
from policies.rule import Rule
from policies.rulebook import PACKS


@dataclass(frozen=True, slots=True)
class Written:
    """One rule with the pack it stands in."""

    pack: Pack
    rule: Rule
    enabled: bool


def read_packs(folder: Path | None = None) -> Iterator[Pack | PackError]:
    """Ours, then those of the folder: each pack, or why it cannot be read. A folder that is none holds none."""
    for where in (PACKS, *([folder] if folder else [])):
        for path in sorted(where.glob("*.toml")):
            try:
                yield Pack.read(path)
            except PackError as error:
                yield error


def ancestry(pack: Pack, packs: Mapping[str, Pack]) -> list[Pack]:
    """The pack and those it inherits from, nearest first, as far as they can be followed."""
    line = [pack]
    while (parent := packs.get(line[-1].inherits or "")) is not None and parent not in line:
        line.append(parent)
    return line


def rules_of(pack: Pack, packs: Mapping[str, Pack]) -> Iterator[Written | PackError]:
    """The rules that stand in the pack itself, each read alone, so that one mistake hides no other."""
    groups: dict[str, list[str]] = {}
    for ancestor in reversed(ancestry(pack, packs)):
        groups |= ancestor.groups
    for place, row in enumerate(pack.rules):
        enabled = row.get("enabled", True)
        # What is no bool stays, for the reader to complain about.
        alone = replace(pack, rules=({**row, "enabled": True} if enabled is False else row,))
        try:
            yield from (Written(pack, rule, enabled is not False) for rule in alone.read_rules(groups))
        except PackError as error:
            yield error if isinstance(row.get("id"), str) else _placed(error, place)


def _placed(error: PackError, place: int) -> PackError:
    """The same mistake in a rule without an id, which is named by its place in the file."""
    return PackError(error.file, f"number {place + 1}", error.field, error.problem)
