"""The best moment: when this customer has reacted before; where that is not known, load is spread over the morning.

It is only ever a wish for a later instant. The rules decide about it as about any other, so it never costs one.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

DAY = range(9, 20)
"""Hours of the customer's wall clock at which a contact is wished for."""

ENOUGH = 2
"""So often must a customer have reacted within an hour before we hold it for a habit."""

HOUR = timedelta(hours=1)
"""How long a habit lasts."""

LISTENING = timedelta(days=180)
"""How far back reactions are looked at."""

PATIENCE = 2
"""Days after the first allowed instant within which the hour of a habit is waited for."""

MORNING = timedelta(hours=3)
"""What would leave at night is spread over so much of the next morning."""


def best(reactions: Collection[datetime], now: datetime, where: ZoneInfo, key: str) -> datetime | None:
    """The wished instant, less than two days ahead of `now`; None: at once. `key` names the contact: it spreads."""
    local = now.astimezone(where)
    hour = habit(reactions, where)
    if hour is not None:
        return None if local.hour == hour else _next(local, hour) + _share(key, HOUR)
    if local.hour in DAY:
        return None
    return _next(local, DAY[0]) + _share(key, MORNING)


def habit(reactions: Collection[datetime], where: ZoneInfo) -> int | None:
    """The hour, by the customer's clock, at which most reactions fell; of equals the earliest."""
    hours = Counter(at.astimezone(where).hour for at in reactions)
    known = [(-number, hour) for hour, number in hours.items() if number >= ENOUGH and hour in DAY]
    return min(known)[1] if known else None


def ahead(opens: datetime, hour: int, where: ZoneInfo, key: str) -> Iterator[datetime]:
    """The instants of a habit to wait for, where `opens` is the first that is allowed; none if that is within it."""
    local = opens.astimezone(where)
    for _ in range(PATIENCE if local.hour != hour else 0):
        begins = _next(local, hour)
        yield begins + _share(key, HOUR)
        local = begins.astimezone(where)


def _next(local: datetime, hour: int) -> datetime:
    """The next time the wall shows this hour."""
    day = local.date() + timedelta(days=local.hour >= hour)
    return datetime.combine(day, time(hour), local.tzinfo).astimezone(UTC)


def _share(key: str, whole: timedelta) -> timedelta:
    """A part of it that is the same for the same key, in whole seconds."""
    number = int.from_bytes(sha256(key.encode()).digest()[:4])
    return timedelta(seconds=number % int(whole.total_seconds()))
