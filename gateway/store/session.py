"""The seam between a unit of work and a database: what each kind of database does in its own way."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import orjson
from sqlalchemy import Connection, CursorResult, Dialect, Executable

from gateway.store.many import Asked, Prepared

T = TypeVar("T")

Row = Mapping[str, Any]
Parameters = Row | Sequence[Row] | None
Take = Callable[[CursorResult[Any]], T]
"""What of a result is wanted."""

JSON: dict[str, Any] = {
    "json_serializer": lambda value: orjson.dumps(value).decode(),
    "json_deserializer": orjson.loads,
}
"""How engines write and read JSON."""


class Session(Protocol):
    """One transaction on one connection."""

    dialect: Dialect
    #: Whether it may write; else it reads a snapshot.
    is_writing: bool
    #: Whether nobody else writes meanwhile, so that nothing has to be locked.
    is_alone: bool

    async def execute(self, statement: Executable, parameters: Parameters, take: Take[T]) -> T: ...

    async def fetch(self, asked: Asked, values: tuple[Any, ...]) -> Sequence[Any]: ...

    async def many(self, prepared: Prepared, rows: list[tuple[Any, ...]]) -> None:
        """One statement with many rows' values."""
        ...


class Engine(Protocol):
    """Hands out transactions. They commit at the end of the block, or leave nothing behind."""

    is_embedded: bool

    def write(self) -> AbstractAsyncContextManager[Session]: ...

    def read(self) -> AbstractAsyncContextManager[Session]: ...

    async def run_sync(self, function: Callable[[Connection], T]) -> T:
        """`function` in a transaction of its own, alone among those that do the same: for migrations."""
        ...

    async def purge(self) -> None:
        """What was overwritten is gone from the files that are ours to clean."""
        ...

    async def close(self) -> None: ...
