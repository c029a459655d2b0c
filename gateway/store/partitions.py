"""Attempts, their events and decisions by month, on PostgreSQL.

An id begins with the millisecond in which it was made, so the ids of a month are a range, and a month that nobody has
to keep any more is dropped as a table. What falls into no month that was made (a clock that was moved far ahead) lies
in the default partition, where it is found all the same.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

MONTHS_AHEAD = 12
PARTITIONED = ("attempt", "attempt_event", "decision")


def ensure(connection: Connection, now: datetime) -> None:
    """Make the partitions of this month and the next ones. Those that are there stay."""
    for name in PARTITIONED:
        connection.execute(text(f"CREATE TABLE IF NOT EXISTS {name}_default PARTITION OF {name} DEFAULT"))
        start = datetime(now.year, now.month, 1, tzinfo=UTC)
        for _ in range(MONTHS_AHEAD + 1):
            end = _next(start)
            _make(connection, name, start, end)
            start = end


def _make(connection: Connection, name: str, start: datetime, end: datetime) -> None:
    statement = text(
        f"CREATE TABLE IF NOT EXISTS {name}_{start:%Y_%m} PARTITION OF {name} "
        f"FOR VALUES FROM ('{first_id(start)}') TO ('{first_id(end)}')"
    )
    try:
        with connection.begin_nested():
            connection.execute(statement)
    except DBAPIError as error:
        # check_violation: rows of that month lie in the default partition already, and stay there.
        if getattr(error.orig, "sqlstate", None) != "23514":
            raise


def first_id(instant: datetime) -> str:
    """The least id that can be made from that instant on: `gateway/ids.py`."""
    return f"{int(instant.timestamp() * 1000) << 80:032x}"


def _next(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
