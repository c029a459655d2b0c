"""The path's statements, worked out once and then handed to the driver as they are.

SQLAlchemy works out anew each row that is written (measured: 10 µs, of which the database needs 2) and each list of ids
that is asked for (0.2 ms). The text and the way each value goes to rest are the same every time, so they are kept.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Insert, Select, Table, Update, bindparam, insert, update

from gateway.store.dialects import Among, list_binder
from gateway.store.tables import metadata

_NOTHING: Any = object()

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
        bound = [list(values(row)) for row in rows]
        for index, bind in self._bind:
            # The instant of a transaction stands in most of its rows: it is bound once.
            last, at_rest = _NOTHING, None
            for one in bound:
                if one[index] is not last:
                    last = one[index]
                    at_rest = bind(last)
                one[index] = at_rest
        return [tuple(one) for one in bound]


@cache
def to_insert(table: str, columns: tuple[str, ...], dialect: Dialect, *, if_new: bool = False) -> Prepared:
    """`if_new`: a row whose key is there already stays as it is."""
    prepared = _prepare(insert(metadata.tables[table]), columns, dialect, prefix="")
    return replace(prepared, sql=f"{prepared.sql} ON CONFLICT DO NOTHING") if if_new else prepared


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
    """Whether the column is one of the list that is given under that name."""
    return Among(column, name)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in the driver's own words."""

    sql: str
    _names: tuple[str, ...]
    _binds: tuple[_Bind | None, ...]
    _reads: tuple[tuple[int, _Bind], ...]
    _list: _Bind
    _make: Callable[[Any], Any]

    def parameters(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Values that are lists are for `among`."""
        given = []
        for name, bind in zip(self._names, self._binds, strict=True):
            value = values[name]
            if isinstance(value, list):
                given.append(self._list(value))
            else:
                given.append(value if bind is None else bind(value))
        return tuple(given)

    def rows(self, found: Iterable[Iterable[Any]]) -> list[Any]:
        """What the driver found, each row's values as they are meant and named as the question's columns."""
        rows = []
        for row in found:
            one = list(row)
            for index, read in self._reads:
                one[index] = read(one[index])
            rows.append(self._make(one))
        return rows


class Question:
    """A SELECT that is asked again and again. Its answer's rows are named as its columns."""

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self._columns = list(statement.selected_columns)
        self._row = namedtuple("_row", [column.name for column in self._columns])  # type: ignore[misc]
        self._asked: dict[str, Asked] = {}

    def asked(self, dialect: Dialect) -> Asked:
        """Worked out once for each kind of database."""
        asked = self._asked.get(dialect.name)
        if asked is None:
            asked = self._asked[dialect.name] = self._prepare(dialect)
        return asked

    def _prepare(self, dialect: Dialect) -> Asked:
        compiled = self.statement.compile(dialect=dialect)
        names = compiled.positiontup
        assert names is not None, "the driver takes its parameters by position"
        reads = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in self._columns]
        return Asked(
            compiled.string,
            tuple(names),
            tuple(compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names),
            tuple((index, read) for index, read in enumerate(reads) if read is not None),
            list_binder(dialect),
            self._row._make,  # type: ignore[attr-defined]
        )
