"""What became of every rule of the research, and which rules stand in which pack: `python -m policies.accounting`
writes both into RULES.md. The first is told in accounting.toml, the second in the packs; a test holds the page to them.
"""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from policies.decision import RuleInfo
from policies.facts import LenderRole
from policies.fields import Fields, PackError
from policies.pack import Pack
from policies.rule import Terms
from policies.written import Written, read_packs, rules_of

T = TypeVar("T")

HERE = Path(__file__).parent
PAGE = HERE / "RULES.md"

_INTRODUCTION = """\
# The rules, and where they come from

Written by `python -m policies.accounting` from the packs and from accounting.toml: change those, not this. This is
research for engineers and no legal advice: a lawyer must sign each pack before it is used on real people.

- *implemented*: rules of packs, as pack and id
- *house*: rules of our own that do as much, because the text has no number or was given from memory
- *off*: not applied, and why
- *elsewhere*: no rule on contact (records, rights, words): where it is honoured
"""


class Status(StrEnum):
    IMPLEMENTED = "implemented"
    HOUSE = "house"
    OFF = "off"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Account:
    """What became of one rule of the research. `rules` are pairs of pack and id."""

    id: str
    status: Status
    rules: tuple[tuple[str, str], ...]
    why: str


def accounts() -> Iterator[Account]:
    """In the order of the research."""
    name = "accounting.toml"
    for rule, values in tomllib.loads((HERE / name).read_text(encoding="utf-8")).items():
        fields = Fields(name, rule, values)
        pairs = [str(pair).partition(":") for pair in fields.take("rules", list, [])]
        rules = tuple((pack, id_) for pack, _, id_ in pairs)
        yield Account(rule, fields.choice("status", Status), rules, fields.take("why", str, ""))
        fields.done()


def standing() -> list[tuple[Pack, list[Written]]]:
    """Our packs with the rules that stand in them, those that are off too. Raises PackError."""
    packs = {pack.code: pack for pack in map(_whole, read_packs())}
    return [(pack, [_whole(written) for written in rules_of(pack, packs)]) for _, pack in sorted(packs.items())]


def page() -> str:
    """RULES.md as it must be."""
    parts = [
        _INTRODUCTION,
        "## What became of each rule of the research\n",
        _table(_ACCOUNT, map(_account, accounts())),
    ]
    for pack, rules in standing():
        inherits = f" It inherits {pack.inherits}." if pack.inherits else ""
        drops = f" Without {', '.join(f'`{rule}`' for rule in sorted(pack.drop))}." if pack.drop else ""
        parts += [f"## {pack.code}: {pack.name}\n", f"`packs/{pack.file}`, version {pack.version}.{inherits}{drops}\n"]
        if rules:
            parts.append(_table(_RULE, map(_rule, rules)))
    return "\n".join(parts)


_ACCOUNT = ("rule", "what became of it", "where", "why")
_RULE = ("id", "title", "标题", "kind", "binds", "confidence", "citation and source", "in force")


def _account(account: Account) -> tuple[str, ...]:
    where = ", ".join(f"{pack} `{rule}`" for pack, rule in account.rules)
    return f"`{account.id}`", account.status.value, where, account.why


def _rule(written: Written) -> tuple[str, ...]:
    terms = written.rule.terms
    info = terms.info
    return (
        f"`{info.id}`",
        info.title,
        info.title_zh,
        terms.kind,
        _bound(terms),
        info.confidence.value,
        _citation(info),
        _dates(info) if written.enabled else "off",
    )


def _bound(terms: Terms) -> str:
    roles = [role.value.lower() for role in LenderRole if role in terms.bound]
    kinds = sorted(kind.value for kind in terms.binds)
    late = " (creditors once in collection)" if terms.creditors_in_collection else ""
    return ", ".join(roles) + late + (f"; {', '.join(kinds)}" if kinds else "")


def _citation(info: RuleInfo) -> str:
    text = info.citation or "our own policy"
    return f"[{text}](<{info.source}>)" if info.source else text


def _dates(info: RuleInfo) -> str:
    begins = f"from {info.effective_from}" if info.effective_from else ""
    ends = f"to {info.effective_to}" if info.effective_to else ""
    return f"{begins} {ends}".strip()


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def _whole(read: T | PackError) -> T:
    if isinstance(read, PackError):
        raise read
    return read


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
