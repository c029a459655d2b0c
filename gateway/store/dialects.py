"""Where SQLite and PostgreSQL differ in what they are told. Everything else is said once.

a list of ids          json_each over one text            = ANY over one array
customers, locked      the writer is alone                FOR NO KEY UPDATE
one thing at a time    the writer is alone                advisory locks that end with the transaction
"""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Dialect, String, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

EMBEDDED = "sqlite"
SERVER = "postgresql"


class Among(ColumnElement[bool]):
    """Whether a column is one of a list that is given under a name, however long: the text stays the same."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.name = name


@compiles(Among, EMBEDDED)
def _among_embedded(among: Among, compiler: SQLCompiler, **more: Any) -> str:
    given = func.json_each(bindparam(among.name, type_=String)).table_valued("value")
    return compiler.process(among.column.in_(select(given.c.value)), **more)


@compiles(Among, SERVER)
def _among_server(among: Among, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(among.column == func.any(bindparam(among.name, type_=ARRAY(String))), **more)


def list_binder(dialect: Dialect) -> Callable[[Sequence[str]], object]:
    """How the driver takes the list for an `Among`."""
    if dialect.name == SERVER:
        return list
    return lambda values: orjson.dumps(list(values)).decode()


ALONE = text("SELECT pg_advisory_xact_lock(:key)")
"""Nobody else holds this key, or shares it, until the transaction ends. On SQLite a writer is alone as it is."""

SHARING = text("SELECT pg_advisory_xact_lock_shared(:key)")
"""Others may share the key, and nobody is alone with it."""
