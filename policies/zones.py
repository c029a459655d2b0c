"""Time zones from the pinned tzdata wheel, and what a wall clock does in them.

`zoneinfo` prefers the system's zone data to the wheel, and machines differ in theirs. The path is therefore emptied
here, before the package makes its first ZoneInfo, and every decision names `TZ_VERSION`.
"""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import import_module
from itertools import pairwise
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


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
    """The first instant at which the wall there shows this date (its ordinal), even where midnight does not exist."""
    wall = datetime.combine(date.fromordinal(day), time.min, where)
    start = wall.astimezone(UTC)
    if start.astimezone(where).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return start
    # Midnight falls into a gap: the two folds lie on either side of the jump.
    return _jump(where, wall.replace(fold=1).astimezone(UTC), start)


@lru_cache(maxsize=16384)
def offsets(where: ZoneInfo, day: int) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The UTC day with this ordinal, cut into stretches of one offset: (start, end, offset)."""
    probes = [midnight(day) + timedelta(hours=hours) for hours in range(0, 25, 6)]
    cuts = [probes[0]]
    cuts += [_jump(where, a, b) for a, b in pairwise(probes) if _offset(where, a) != _offset(where, b)]
    cuts.append(probes[-1])
    return tuple((a, b, _offset(where, a)) for a, b in pairwise(cuts) if a < b)


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
