"""What a database's error says, whichever database and library it came from.

conflict       another transaction got in the way: the same again, from the beginning, may work
unavailable    it cannot be reached, was cut off, or has no room: later may work. Whether a commit that was under
               way happened is not known
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 5

_CONFLICTS = frozenset({"23505", "40001", "40P01"})
"""unique_violation (somebody made it first), serialization_failure, deadlock_detected: PostgreSQL, appendix A."""

_UNAVAILABLE = frozenset(
    {
        "28000",
        "28P01",
        "3D000",
        "53100",
        "53200",
        "53300",
        "55000",
        "55P03",
        "57014",
        "57P01",
        "57P02",
        "57P03",
        "57P05",
        "25P03",
    }
)
"""Not let in, no such database, disk_full, out_of_memory, too_many_connections, the database lets nobody in,
lock_not_available, query_canceled (it took too long); the server is going down, crashed or is coming up; the session
was idle for too long."""

_SQLITE = ("locked", "disk is full", "disk I/O error", "unable to open", "readonly database")


def is_conflict(error: BaseException) -> bool:
    return _sqlstate(error) in _CONFLICTS


def is_unavailable(error: BaseException) -> bool:
    original = _original(error)
    if isinstance(original, sqlite3.OperationalError):
        return any(words in str(original) for words in _SQLITE)
    state = _sqlstate(error)
    if state is not None:
        return state in _UNAVAILABLE or state.startswith("08")
    # Without a state it never came from the server: the driver found the connection closed, or none came about.
    return isinstance(
        error, asyncpg.InterfaceError | asyncpg.InternalClientError | OSError | PoolTimeout | DisconnectionError
    ) or (isinstance(error, DBAPIError) and (error.connection_invalidated or _is_cut(original)))


def repeated(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """A transaction that is tried again from its beginning where another one got in its way."""

    @wraps(function)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            try:
                return await function(*args, **kwargs)
            except Exception as error:
                if not is_conflict(error):
                    raise
            await asyncio.sleep(0)
        return await function(*args, **kwargs)

    return run


def _original(error: BaseException) -> BaseException:
    return (error.orig or error) if isinstance(error, DBAPIError) else error


def _sqlstate(error: BaseException) -> str | None:
    state = getattr(_original(error), "sqlstate", None)
    return state if isinstance(state, str) else None


def _is_cut(original: BaseException) -> bool:
    cause = original.__cause__
    return isinstance(cause, asyncpg.InterfaceError | OSError)
