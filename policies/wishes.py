"""The hours that the customer asked for.

ONLY and NEVER are respected everywhere: a time known to be inconvenient is closed (12 CFR 1006.6(b)(1)), reasonable
requests on when and how get due regard (CONC 7.9.4R), and elsewhere it is our own policy. ALSO_ALLOW opens hours of a
quiet-hours rule that gives way to agreement; it opens nothing here, and nothing that ONLY or NEVER closed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from policies.decision import Allow, Reason, Refuse, Verdict
from policies.facts import WindowEffect
from policies.fields import Fields
from policies.rule import Case, Terms, defer
from policies.week import CLOSING_DAYS, Week, first_after, week_of
from policies.zones import zone


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """One wish with its clock. Without a zone of its own it is read on every wall where the customer may be."""

    week: Week
    zone: ZoneInfo | None
    starts: datetime | None
    ends: datetime | None

    def in_force(self, at: datetime) -> bool:
        return (self.starts is None or self.starts <= at) and (self.ends is None or at < self.ends)

    def covers(self, at: datetime, where: ZoneInfo) -> bool:
        return self.in_force(at) and self.week.shows(at.astimezone(self.zone or where))

    def clocks(self, zones: tuple[ZoneInfo, ...]) -> list[tuple[Week, ZoneInfo]]:
        return [(self.week, where) for where in ([self.zone] if self.zone else zones)]

    def moments(self) -> list[datetime]:
        return [moment for moment in (self.starts, self.ends) if moment is not None]


def hours_of(case: Case, effect: WindowEffect) -> tuple[Hours, ...]:
    """The wishes of one effect that concern the channel."""
    wishes = case.facts.wishes
    if not wishes:
        return ()
    return tuple(
        Hours(
            week_of(wish.days, wish.start, wish.end),
            zone(wish.zone) if wish.zone else None,
            wish.valid_from,
            wish.valid_until,
        )
        for wish in wishes
        if wish.effect is effect and case.facts.channel in wish.channels
    )


@dataclass(frozen=True, slots=True, eq=False)
class Wishes:
    """ONLY narrows to its hours, NEVER closes its own; in every zone."""

    terms: Terms

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(terms)

    def check(self, case: Case, at: datetime) -> Verdict | None:
        if not case.facts.wishes or not case.zones:
            return None
        only, never = hours_of(case, WindowEffect.ONLY), hours_of(case, WindowEffect.NEVER)
        if not only and not never:
            return None

        def respected(instant: datetime) -> bool:
            asked = [wish for wish in only if wish.in_force(instant)]
            return all(
                not any(wish.covers(instant, where) for wish in never)
                and (not asked or any(wish.covers(instant, where) for wish in asked))
                for where in case.zones
            )

        clocks = [clock for wish in (*only, *never) for clock in wish.clocks(case.zones)]
        moments = [moment for wish in (*only, *never) for moment in wish.moments()]
        if respected(at):
            closes = first_after(at, lambda instant: not respected(instant), clocks, moments, CLOSING_DAYS)
            return Allow(Reason("wish_respected"), closes=closes)
        until = first_after(at, respected, clocks, moments)
        if until is None:
            return Refuse(Reason("wish_never_open"))
        return defer(until, case.wall, "wish_unwanted")
