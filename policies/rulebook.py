"""Rulebooks: the rules of each jurisdiction, with what they inherit, checked as they are read."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from policies.core import core_rules
from policies.decision import RuleInfo
from policies.fields import PackError
from policies.pack import Pack
from policies.rule import About, Rule
from policies.zones import TZ_VERSION

__all__ = ["PackError", "Rulebook", "load"]

PACKS = Path(__file__).parent / "packs"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules of one jurisdiction, those that no pack can switch off first, those it inherits last."""

    code: str
    name: str
    version: str
    rules: tuple[Rule, ...] = field(repr=False)
    #: One legal zone for the whole jurisdiction, which overrides the customer's own.
    time_zone: str | None = None
    #: The codes of what it inherits, nearest first.
    parents: tuple[str, ...] = ()
    #: The products that some rule names.
    products: frozenset[str] = field(default=frozenset(), repr=False)
    #: The dates on which a rule begins, or has ended.
    turns: tuple[date, ...] = field(default=(), repr=False)
    _chosen: dict[tuple[About, int, int], tuple[Rule, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def label(self) -> str:
        return f"{self.code} {self.version} (tz {TZ_VERSION})"

    def about(self, about: About, first: date, last: date) -> tuple[Rule, ...]:
        """The rules that speak about such a contact and are in force on one of these dates: two zones may show two.

        Worked out once for each combination; dates between which no rule begins or ends are the same to it.
        """
        key = (about, bisect_right(self.turns, first), bisect_right(self.turns, last))
        chosen = self._chosen.get(key)
        if chosen is None:
            chosen = tuple(r for r in self.rules if r.terms.apply_to(about) and _in_force(r.terms.info, first, last))
            self._chosen[key] = chosen
        return chosen


def _in_force(info: RuleInfo, first: date, last: date) -> bool:
    return (info.effective_from is None or info.effective_from <= last) and (
        info.effective_to is None or first <= info.effective_to
    )


def load(folder: Path | None = None) -> Mapping[str, Rulebook]:
    """Our rulebooks by code; the packs of `folder` are added to them or replace ours. Raises PackError."""
    ours, added = _our_packs(), _packs(folder) if folder else {}
    packs = {**ours, **added}
    return {
        code: _rulebook(pack, packs) if added.keys() & {one.code for one in _line(pack, packs)} else _our_rulebook(code)
        for code, pack in sorted(packs.items())
        if not pack.abstract
    }


@cache
def _our_packs() -> Mapping[str, Pack]:
    return _packs(PACKS)


@cache
def _our_rulebook(code: str) -> Rulebook:
    """As none of a lender's packs touches it. Read once: it takes longer than opening a gateway does otherwise."""
    packs = _our_packs()
    return _rulebook(packs[code], packs)


def _packs(folder: Path) -> Mapping[str, Pack]:
    if not folder.is_dir():
        raise PackError(str(folder), None, None, "is not a folder")
    packs: dict[str, Pack] = {}
    for path in sorted(folder.glob("*.toml")):
        pack = Pack.read(path)
        if pack.code in packs:
            raise PackError(path.name, None, "code", f"{pack.code} is the code of {packs[pack.code].file} too")
        packs[pack.code] = pack
    return packs


def _rulebook(pack: Pack, packs: Mapping[str, Pack]) -> Rulebook:
    line = _line(pack, packs)
    groups: dict[str, list[str]] = {}
    for ancestor in reversed(line):
        groups |= ancestor.groups
    rules: dict[str, Rule] = {}
    dropped: set[str] = set()
    for ancestor in line:
        for rule in ancestor.read_rules(groups):
            # A pack's own rule stands in place of an inherited one with the same id.
            if rule.terms.info.id not in dropped:
                rules.setdefault(rule.terms.info.id, rule)
        dropped |= ancestor.drop
    zones = [ancestor.time_zone for ancestor in line if ancestor.time_zone]
    terms = [rule.terms for rule in rules.values()]
    return Rulebook(
        pack.code,
        pack.name,
        pack.version,
        (*core_rules(pack.code, pack.version), *rules.values()),
        zones[0] if zones else None,
        tuple(ancestor.code for ancestor in line[1:]),
        frozenset(product for known in terms for product in known.products),
        tuple(sorted({turn for known in terms for turn in _turns(known.info)})),
    )


def _turns(info: RuleInfo) -> Iterable[date]:
    if info.effective_from:
        yield info.effective_from
    if info.effective_to:
        yield info.effective_to + timedelta(days=1)


def _line(pack: Pack, packs: Mapping[str, Pack]) -> list[Pack]:
    """A pack and its ancestors, nearest first."""
    line = [pack]
    while line[-1].inherits:
        parent = packs.get(line[-1].inherits)
        if parent is None or parent in line:
            problem = "comes back to itself" if parent else "names a pack that does not exist"
            raise PackError(line[-1].file, None, "inherits", f"{line[-1].inherits} {problem}")
        line.append(parent)
    inherited = {row.get("id") for ancestor in line[1:] for row in ancestor.rules}
    for rule in sorted(pack.drop - inherited):
        raise PackError(pack.file, None, "drop", f"{rule} is not inherited")
    return line
