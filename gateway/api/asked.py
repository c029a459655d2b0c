"""What is wrong with a query. It has no userErrors: its error names the argument instead."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.api.errors import as_api_error
from gateway.api.ids import Kind
from gateway.api.reading import Reader, is_given
from gateway.model import Unacceptable, UserErrorCode


@contextmanager
def asked(*prefix: str) -> Iterator[None]:
    """Turns `Unacceptable` into an error of the field, below the argument that `prefix` names."""
    try:
        yield
    except Unacceptable as unacceptable:
        raise as_api_error(unacceptable, prefix) from None


def asked_id(text: str, kind: Kind, *path: str) -> str:
    """The inner id. Garbage, or the id of something else, is BAD_USER_INPUT."""
    with asked():
        read = Reader(bad_id=UserErrorCode.INVALID)
        inner = read.id(text, kind, *path)
        read.finish()
    return inner


def optional_asked_id(text: str | None, kind: Kind, *path: str) -> str | None:
    return asked_id(text or "", kind, *path) if is_given(text) else None
