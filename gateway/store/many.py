"""Statements for many rows at once, worked out once and then handed to the driver as they are.

SQLAlchemy works each row of such a statement out anew (measured: 10 µs a row, of which the database needs 2). The text
and the way each value goes to rest are the same every time, so they are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Insert, Table, Update, bindparam, insert, update

from gateway.store.tables import metadata


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement in the driver's own words. `columns` are in the order of its parameters."""

    sql: str
    columns: tuple[str, ...]
    _bind: tuple[tuple[int, Callable[[Any], Any]], ...]

    def parameters(self, rows: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Each row's values as the driver takes them."""
        values = itemgetter(*self.columns)
        bound = []
        for row in rows:
            one = list(values(row))
            for index, bind in self._bind:
                one[index] = bind(one[index])
            bound.append(tuple(one))
        return bound


@cache
def to_insert(table: str, columns: tuple[str, ...], dialect: Dialect) -> Prepared:
    return _prepare(insert(metadata.tables[table]), columns, dialect, prefix="")


@cache
def to_change(table: str, columns: tuple[str, ...], dialect: Dialect) -> Prepared:
    """Sets the columns of a row, which its `id`, one of the columns, finds."""
    target: Table = metadata.tables[table]
    changed: dict[str, Any] = {column: bindparam(f"_{column}") for column in columns if column != "id"}
    statement = update(target).where(target.c.id == bindparam("_id")).values(changed)
    return _prepare(statement, tuple(f"_{column}" for column in columns), dialect, prefix="_")


def _prepare(statement: Insert | Update, keys: Sequence[str], dialect: Dialect, *, prefix: str) -> Prepared:
    if isinstance(statement, Insert):
        compiled = statement.compile(dialect=dialect, column_keys=list(keys))
    else:
        compiled = statement.compile(dialect=dialect)
    names = compiled.positiontup
    assert names is not None, "the driver takes its parameters by position"
    binds = [compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    return Prepared(
        compiled.string,
        tuple(name.removeprefix(prefix) for name in names),
        tuple((index, bind) for index, bind in enumerate(binds) if bind is not None),
    )
