"""Hours in which a contact may be made, on the customer's wall.

12 CFR 1006.6(b)(1) (US), GB/T 45251-2025 (CN) and their like elsewhere. Windows are wall time for each date, never an
offset, and half-open: 08:00:00 is open, 21:00:00 is closed. Where the customer may be in several zones, every one must
be open (comment 6(b)(1)(i)-2). Where clocks are put forward over the opening time, the window opens at the jump; where
an hour is lived twice, the wall decides each time.

Where the law closes public holidays (RG 96 in Australia, Law 3758/2009 in Greece, state laws in Brazil), the pack names
their calendar.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

from policies.decision import Allow, Reason, Refuse, Verdict
from policies.facts import WindowEffect
from policies.fields import Fields
from policies.holidays import calendar, calendars
from policies.rule import Case, Terms, defer, local, override
from policies.week import CLOSING_DAYS, DAY_SECONDS, HORIZON_DAYS, Week, first_after, week
from policies.wishes import Hours, hours_of

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


@dataclass(frozen=True, slots=True, eq=False)
class QuietHours:
    terms: Terms
    hours: Week
    #: Whether hours that the customer agreed to are open too.
    agreed_hours: bool

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        hours = _with_holidays(fields, week([_window(row) for row in fields.tables("windows")]))
        return cls(terms, hours, "agreed_hours" in override(fields, "agreed_hours"))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        if not case.zones:
            return None
        agreed = hours_of(case, WindowEffect.ALSO_ALLOW) if self.agreed_hours else ()
        return self.answer(case.zones, at, agreed) if agreed else _usual(self, case.zones, at)

    def answer(self, zones: tuple[ZoneInfo, ...], at: datetime, agreed: Sequence[Hours]) -> Verdict:
        def is_open(instant: datetime) -> bool:
            return all(
                self.hours.shows(instant.astimezone(where)) or any(wish.covers(instant, where) for wish in agreed)
                for where in zones
            )

        clocks = [(self.hours, where) for where in zones]
        clocks += [clock for wish in agreed for clock in wish.clocks(zones)]
        moments = [moment for wish in agreed for moment in wish.moments()]
        if is_open(at):
            # A week without an end may still end at a holiday.
            days = HORIZON_DAYS if self.hours.calendar else CLOSING_DAYS
            closes = first_after(at, lambda instant: not is_open(instant), clocks, moments, days)
            if closes is None:
                return Allow(Reason("hours_always_open"))
            return Allow(Reason("hours_open", local(closes, zones[0])), closes=closes)
        until = first_after(at, is_open, clocks, moments)
        if until is None:
            return Refuse(Reason("hours_never_open"))
        return defer(until, zones[0], "hours_closed")


@lru_cache(maxsize=4096)
def _usual(rule: QuietHours, zones: tuple[ZoneInfo, ...], at: datetime) -> Verdict:
    """Without wishes the answer is the same for everybody there: contacts that are decided together ask once."""
    return rule.answer(zones, at, ())


def _with_holidays(fields: Fields, hours: Week) -> Week:
    """The week with what it does on holidays: `"closed"`, or windows of their own."""
    wanted = fields.take("holidays", object, None)
    if wanted is None:
        return hours
    code = fields.take("calendar", str)
    if code not in calendars():
        raise fields.error("calendar", f"must be one of {', '.join(calendars())}, not {code!r}")
    if wanted == "closed":
        return Week(hours.days, calendar(code))
    if not isinstance(wanted, list):
        raise fields.error("holidays", f'must be "closed" or a list of windows, not {wanted!r}')
    rows = fields.tables("holidays")
    for row in rows:
        if "days" in row.values:
            raise row.error("days", "has no meaning: a holiday is one whatever the weekday")
    return Week(hours.days, calendar(code), week([_window(row) for row in rows]).days[0])


def _window(row: Fields) -> tuple[frozenset[int], int, int]:
    names = row.take("days", list, list(_DAYS))
    if not names or any(name not in _DAYS for name in names):
        raise row.error("days", f"must hold some of {', '.join(_DAYS)}, not {names!r}")
    start, end = _clock(row, "start"), _clock(row, "end")
    if start in (end, DAY_SECONDS):
        raise row.error("end", "makes an impossible window: it ends where it starts, or starts at 24:00")
    row.done()
    return frozenset(_DAYS.index(name) for name in names), start, end


def _clock(row: Fields, name: str) -> int:
    match = _CLOCK.fullmatch(row.take(name, str))
    if match is None:
        raise row.error(name, f"must be a time such as 08:00, not {row.values[name]!r}")
    return int(match[1]) * 3600 + int(match[2]) * 60 if match[1] else DAY_SECONDS
