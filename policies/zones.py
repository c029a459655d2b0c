"""Time zones from the pinned tzdata wheel, and what a wall clock does in them.

`zoneinfo` prefers the system's zone data to the wheel, and machines differ in theirs. The path is therefore emptied
here, before the package makes its first ZoneInfo, and every decision names `TZ_VERSION`.
"""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import import_module
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)


def _pin() -> str:
    try:
        version = str(import_module("tzdata").IANA_VERSION)
    except ImportError:
        return "system"
    zoneinfo.reset_tzpath(())
    ZoneInfo.clear_cache()
    return version


TZ_VERSION = _pin()


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of that name; an unknown one raises ZoneInfoNotFoundError, because guessing would be UTC."""
    return ZoneInfo(name)


def midnight(day: int) -> datetime:
    """The start of the UTC day with this ordinal."""
    return datetime.combine(date.fromordinal(day), time.min, UTC)


@lru_cache(maxsize=16384)
def day_start(where: ZoneInfo, day: int) -> datetime:
    """The first instant at which the wall there shows this date (its ordinal)."""
    # Where midnight does not exist, the offset from before the gap gives the jump itself: every gap over a midnight
    # since 1970 begins at that midnight. Where midnight comes twice, this is the first.
    return datetime.combine(date.fromordinal(day), time.min, where).astimezone(UTC)


@lru_cache(maxsize=16384)
def offsets(where: ZoneInfo, day: int) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The UTC day with this ordinal, cut where the offset changes: (start, end, offset)."""
    start, end = midnight(day), midnight(day + 1)
    before, after = _offset(where, start), _offset(where, end)
    if before == after:
        return ((start, end, before),)
    change = _jump(where, start, end)
    return tuple(part for part in ((start, change, before), (change, end, after)) if part[0] < part[1])


def _jump(where: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second after `before` with another offset, found by halving."""
    old = _offset(where, before)
    while after - before > SECOND:
        middle = before + (after - before) // (2 * SECOND) * SECOND
        if _offset(where, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(where: ZoneInfo, at: datetime) -> timedelta:
    offset = at.astimezone(where).utcoffset()
    assert offset is not None
    return offset
