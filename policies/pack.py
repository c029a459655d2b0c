"""Packs as written: one TOML file, read strictly into rules.

`policies/README.md` shows the format. What a pack inherits is added in `policies.rulebook`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol, Self
from zoneinfo import ZoneInfoNotFoundError

from policies.bill_state import BillOpen, DueAhead, Overdue
from policies.confirmation import Confirmation
from policies.consent import ConsentLedger
from policies.cooldown import Cooldown
from policies.decision import Confidence, RuleInfo
from policies.escalation import Escalation
from policies.facts import Channel, LenderKind, LenderRole, Place, Purpose
from policies.fields import Fields, PackError
from policies.frequency import Frequency
from policies.grace import Grace
from policies.holds import Holds
from policies.privacy import ClosedPlace, Discretion, ThirdParty
from policies.promises import Promises
from policies.quiet_hours import QuietHours
from policies.rule import Rule, Terms
from policies.wishes import Wishes
from policies.zones import zone


class Kind(Protocol):
    """A kind of rule: it reads its own fields."""

    def read(self, fields: Fields, terms: Terms) -> Rule: ...


KINDS: Mapping[str, Kind] = {
    "quiet_hours": QuietHours,
    "wishes": Wishes,
    "frequency": Frequency,
    "cooldown": Cooldown,
    "consent": ConsentLedger,
    "third_party": ThirdParty,
    "discretion": Discretion,
    "closed_place": ClosedPlace,
    "holds": Holds,
    "promises": Promises,
    "bill_open": BillOpen,
    "overdue": Overdue,
    "due_ahead": DueAhead,
    "escalation": Escalation,
    "confirmation": Confirmation,
    "grace": Grace,
}


@dataclass(frozen=True, slots=True)
class Pack:
    """One file as written, before what it inherits is added."""

    file: str
    code: str
    name: str
    version: str
    time_zone: str | None
    inherits: str | None
    drop: frozenset[str]
    #: A pack to inherit from, which is no jurisdiction itself.
    abstract: bool
    groups: Mapping[str, list[str]]
    rules: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PackError(path.name, None, None, f"is not TOML: {error}") from error
        fields = Fields(path.name, None, values)
        pack = cls(
            path.name,
            fields.take("code", str),
            fields.take("name", str),
            fields.take("version", str),
            fields.optional("time_zone", str),
            fields.optional("inherits", str),
            frozenset(fields.take("drop", list, [])),
            fields.take("abstract", bool, False),
            fields.take("groups", dict, {}),
            tuple(row.values for row in fields.tables("rules")) if "rules" in values else (),
        )
        fields.done()
        if pack.time_zone is not None:
            _check_zone(fields, pack.time_zone)
        return pack

    def read_rules(self, groups: Mapping[str, list[str]]) -> Iterable[Rule]:
        seen: set[str] = set()
        for place, row in enumerate(self.rules):
            name = row.get("id")
            fields = Fields(self.file, name if isinstance(name, str) else f"number {place + 1}", row, groups)
            terms = self._terms(fields)
            if terms.info.id in seen:
                raise fields.error("id", "is used twice in this pack")
            seen.add(terms.info.id)
            enabled = fields.take("enabled", bool, True)
            rule = KINDS[terms.kind].read(fields, terms)
            fields.done()
            if enabled:
                yield rule

    def _terms(self, fields: Fields) -> Terms:
        kind = fields.take("kind", str)
        if kind not in KINDS:
            raise fields.error("kind", f"must be one of {', '.join(KINDS)}, not {kind!r}")
        return Terms(
            info=self._info(fields),
            kind=kind,
            strength=fields.take("strength", str, ""),
            bound=fields.choices("bound", LenderRole, frozenset(LenderRole)),
            binds=fields.choices("binds", LenderKind, frozenset()),
            creditors_in_collection=fields.take("creditors_in_collection", bool, False),
            products=fields.words("products"),
            channels=fields.choices("channels", Channel, frozenset(Channel)),
            purposes=_purposes(fields),
            at_places=fields.choices("at_places", Place, frozenset()),
            exempt=fields.choices("exempt", Purpose, frozenset()),
            exempt_with_evidence=fields.choices("exempt_with_evidence", Purpose, frozenset()),
            exempt_while_awaited=fields.choices("exempt_while_awaited", Purpose, frozenset()),
            exempt_as_reply=fields.choices("exempt_as_reply", Purpose, frozenset()),
            note=fields.take("note", str, ""),
        )

    def _info(self, fields: Fields) -> RuleInfo:
        confidence = fields.choice("confidence", Confidence)
        info = RuleInfo(
            id=fields.take("id", str),
            title=fields.take("title", str),
            version=self.version,
            jurisdiction=self.code,
            confidence=confidence,
            citation=fields.optional("citation", str),
            source=fields.optional("source", str),
            effective_from=fields.optional("effective_from", date),
            effective_to=fields.optional("effective_to", date),
            title_zh=fields.take("title_zh", str),
        )
        if not info.citation and confidence is not Confidence.HOUSE:
            raise fields.error("citation", "is missing; only house policy has none")
        if info.effective_from and info.effective_to and info.effective_to < info.effective_from:
            raise fields.error("effective_to", "is before effective_from")
        return info


def _purposes(fields: Fields) -> frozenset[Purpose]:
    if "purposes" in fields.values and "except_purposes" in fields.values:
        raise fields.error("except_purposes", "cannot stand beside purposes")
    purposes = fields.choices("purposes", Purpose, frozenset(Purpose))
    return purposes - fields.choices("except_purposes", Purpose, frozenset())


def _check_zone(fields: Fields, name: str) -> None:
    try:
        zone(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise fields.error("time_zone", f"{name!r} is no IANA time zone") from None
