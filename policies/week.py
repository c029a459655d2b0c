"""Hours of a week on a wall clock, and the instants at which a clock enters or leaves them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from policies.holidays import Calendar
from policies.zones import midnight, offsets

DAY_SECONDS = 86_400
HORIZON_DAYS = 400
#: How far ahead the closing of an open window is looked for: beyond a week there is none that repeats.
CLOSING_DAYS = 8

Span = tuple[int, int]
"""Seconds of the wall day, half-open: the first is inside, the second is not."""


@dataclass(frozen=True, eq=False)
class Week:
    """Open spans for each weekday, Monday first; a night that runs over midnight stands as two spans.

    Where there is a calendar, its holidays have spans of their own, whatever weekday they fall on.
    """

    days: tuple[tuple[Span, ...], ...]
    calendar: Calendar | None = None
    holidays: tuple[Span, ...] = ()

    def shows(self, wall: datetime) -> bool:
        """Whether a clock that reads `wall` is inside. Raises UncoveredYear."""
        seconds = wall.hour * 3600 + wall.minute * 60 + wall.second
        spans = self.days[wall.weekday()]
        if self.calendar is not None and self.calendar.is_holiday(wall.date()):
            spans = self.holidays
        return any(start <= seconds < end for start, end in spans)

    def bounds(self, weekday: int) -> set[int]:
        """The seconds at which such a day, be it a holiday or not, may open or close; midnight is always one."""
        return {0, *(bound for span in (*self.days[weekday], *self.holidays) for bound in span)}


def week(windows: Iterable[tuple[frozenset[int], int, int]]) -> Week:
    """Build a week from (days, start, end) in seconds; an end that is not after its start belongs to the next day."""
    days: list[list[Span]] = [[] for _ in range(7)]
    for weekdays, start, end in windows:
        for day in weekdays:
            if start < end:
                days[day].append((start, end))
            else:
                days[day].append((start, DAY_SECONDS))
                days[(day + 1) % 7].append((0, end))
    return Week(tuple(tuple(sorted(span for span in spans if span[0] < span[1])) for spans in days))


@lru_cache(maxsize=4096)
def week_of(days: frozenset[int], start: time, end: time) -> Week:
    """One window as a week. The same window gives the same object, so that its edges are worked out once."""
    return week([(days, _seconds(start), _seconds(end))])


def first_after(
    at: datetime,
    wanted: Callable[[datetime], bool],
    clocks: Sequence[tuple[Week, ZoneInfo]],
    moments: Sequence[datetime] = (),
    days: int = HORIZON_DAYS,
) -> datetime | None:
    """The first instant after `at` that is wanted, or None within `days`.

    `wanted` may change only where one of the clocks enters or leaves its week, and at the given moments: those instants
    are tried in order and nothing is scanned.
    """
    today = at.astimezone(UTC).toordinal()
    for day in range(today, today + days + 1):
        for edge in _all_edges(clocks, moments, day):
            if edge > at and wanted(edge):
                return edge
    return None


def _all_edges(clocks: Sequence[tuple[Week, ZoneInfo]], moments: Sequence[datetime], day: int) -> Sequence[datetime]:
    if len(clocks) == 1 and not moments:
        return _edges(*clocks[0], day)
    edges = {edge for hours, where in clocks for edge in _edges(hours, where, day)}
    edges.update(moment for moment in moments if moment.astimezone(UTC).toordinal() == day)
    return sorted(edges)


@lru_cache(maxsize=65536)
def _edges(hours: Week, where: ZoneInfo, day: int) -> tuple[datetime, ...]:
    """The instants of a UTC day at which the wall clock meets a boundary of the week or jumps over one."""
    edges: set[datetime] = set()
    for start, end, offset in offsets(where, day):
        if start != midnight(day):
            edges.add(start)
        first, last = (start + offset).toordinal(), (end + offset).toordinal()
        for local in range(first, last + 1):
            for boundary in hours.bounds((local - 1) % 7):
                edge = datetime.combine(date.fromordinal(local), time.min, UTC) + timedelta(seconds=boundary) - offset
                if start <= edge < end:
                    edges.add(edge)
    return tuple(sorted(edges))


def _seconds(clock: time) -> int:
    return clock.hour * 3600 + clock.minute * 60 + clock.second
