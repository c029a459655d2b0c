"""The path's statements, worked out once and then handed to the driver as they are.

SQLAlchemy works out anew each row that is written (measured: 10 µs, of which the database needs 2) and each list of ids
that is asked for (0.2 ms). The text and the way each value goes to rest are the same every time, so they are kept.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Insert,
    Select,
    String,
    Table,
    Update,
    bindparam,
    func,
    insert,
    select,
    update,
)

from gateway.store.tables import metadata

_Bind = Callable[[Any], Any]
"""Turns a value into what the driver takes, or back."""


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


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether the column is one of the list that is given under that name, however long: the text stays the same."""
    given = func.json_each(bindparam(name, type_=String)).table_valued("value")
    return column.in_(select(given.c.value))


class Question:
    """A SELECT that is asked again and again. Its answer's rows are named as its columns."""

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self._columns = list(statement.selected_columns)
        self._row = namedtuple("_row", [column.name for column in self._columns])  # type: ignore[misc]
        self._prepared: tuple[str, list[str], list[_Bind | None], list[tuple[int, _Bind]]] | None = None

    def ask(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Values that are lists are for `among`."""
        if self._prepared is None:
            self._prepared = self._prepare(connection.dialect)
        sql, names, binds, reads = self._prepared
        given = []
        for name, bind in zip(names, binds, strict=True):
            value = values[name]
            if isinstance(value, list):
                value = orjson.dumps(value).decode()
            given.append(value if bind is None else bind(value))
        make: Callable[[list[Any]], Any] = self._row._make  # type: ignore[attr-defined]
        rows = []
        for row in connection.exec_driver_sql(sql, tuple(given)).cursor.fetchall():
            one = list(row)
            for index, read in reads:
                one[index] = read(one[index])
            rows.append(make(one))
        return rows

    def _prepare(self, dialect: Dialect) -> "tuple[str, list[str], list[_Bind | None], list[tuple[int, _Bind]]]":
        compiled = self.statement.compile(dialect=dialect)
        names = compiled.positiontup
        assert names is not None, "the driver takes its parameters by position"
        binds: list[_Bind | None] = [
            compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names
        ]
        reads = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in self._columns]
        return compiled.string, names, binds, [(i, read) for i, read in enumerate(reads) if read is not None]
