"""What a caller is told when something goes wrong, and what is kept from everybody.

our own, with a code            told as it is
Unacceptable, from a query      told, with the code that fits
from reading the request        BAD_USER_INPUT, without the caller's values
the database is away            TIMEOUT: nothing is known to be done, and the same may be asked again
anything else                   INTERNAL and an error id; the log has its type and place, and no values
"""

import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import structlog
from graphql import GraphQLError

from gateway import logs
from gateway.model import Unacceptable, UserErrorCode
from gateway.store.faults import is_unavailable

log = structlog.get_logger(__name__)


class Code(StrEnum):
    """`extensions.code`, the closed list of the contract."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    CONFLICT = "CONFLICT"
    RATE_LIMITED = "RATE_LIMITED"
    COST_EXCEEDED = "COST_EXCEEDED"
    TIMEOUT = "TIMEOUT"
    INTERNAL = "INTERNAL"


class ApiError(GraphQLError):
    """An error that is meant for the caller, with its code. Its message holds no personal data."""

    def __init__(self, code: Code, message: str, nodes: Any = None, field: Sequence[str] = ()) -> None:
        extensions: dict[str, Any] = {"code": code.value}
        if field:
            extensions["field"] = list(field)
        super().__init__(message, nodes, extensions=extensions)
        self.code = code


AWAY = "The database cannot be used at the moment. Ask again: with the same idempotencyKey nothing is done twice."

_CODES: Mapping[UserErrorCode, Code] = {
    UserErrorCode.INVALID: Code.BAD_USER_INPUT,
    UserErrorCode.MISSING: Code.BAD_USER_INPUT,
    UserErrorCode.TOO_LATE: Code.BAD_USER_INPUT,
    UserErrorCode.NOT_FOUND: Code.NOT_FOUND,
    UserErrorCode.CONFLICT: Code.CONFLICT,
}


def as_api_error(unacceptable: Unacceptable, prefix: Sequence[str] = ()) -> ApiError:
    """The first thing wrong, for a query, where there are no userErrors."""
    error = unacceptable.errors[0]
    field = (*prefix, *error.field)
    message = f"{'.'.join(field)}: {error.message}" if field else error.message
    return ApiError(_CODES[error.code], message, field=field)


def presented(error: GraphQLError) -> dict[str, Any]:
    """An error of a field as the caller may see it. What the caller may not see is logged without its values."""
    cause = _cause(error)
    if isinstance(cause, Unacceptable):
        cause = as_api_error(cause)
    if isinstance(cause, ApiError):
        return _formatted(error, cause.message, cause.extensions or {})
    if isinstance(cause, GraphQLError) and cause.message.startswith("Argument '"):
        # A variable that was null where the argument may not be: only execution can find that.
        return rejected(error)
    return _formatted(error, *_internal(cause, error.path))


def rejected(error: GraphQLError) -> dict[str, Any]:
    """An error about a request of which nothing was executed."""
    cause = _cause(error)
    if isinstance(cause, ApiError):
        return _formatted(error, cause.message, cause.extensions or {})
    if isinstance(cause, GraphQLError | ValueError):  # Python reads no number of more than 4,300 digits
        return _formatted(error, without_values(error.message), {"code": Code.BAD_USER_INPUT.value})
    return _formatted(error, *_internal(cause, error.path))


def status_of(cause: BaseException) -> int:
    """What HTTP calls a failure outside of any field."""
    return 503 if is_unavailable(cause) else 500


def internal(cause: BaseException) -> dict[str, Any]:
    """For a failure outside of any field."""
    message, extensions = _internal(cause, None)
    return {"message": message, "extensions": extensions}


def _cause(error: GraphQLError) -> BaseException:
    """What was first raised."""
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and not isinstance(cause, ApiError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _formatted(error: GraphQLError, message: str, extensions: Mapping[str, Any]) -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    formatted["extensions"] = dict(extensions)
    return formatted


def _internal(cause: BaseException, path: Sequence[str | int] | None) -> tuple[str, dict[str, Any]]:
    if is_unavailable(cause):
        log.error("the database cannot be used", exception=logs.kind(cause))
        return AWAY, {"code": Code.TIMEOUT.value}
    error_id = secrets.token_hex(8)
    log.error(
        "internal error",
        error_id=error_id,
        exception=logs.kind(cause),
        path=[step for step in path if isinstance(step, str)] if path else None,
        at=logs.places(cause),
    )
    message = f"Something went wrong on our side. Mention {error_id} when you report it."
    return message, {"code": Code.INTERNAL.value, "errorId": error_id}


_VARIABLE = re.compile(r"Variable '\$\w+' has invalid value[^:]*: ")

_VALUES = (
    # graphql-core ends its sentences with the value it did not like,
    (re.compile(r"(\b[Ff]ound|\bvalue): .*", re.DOTALL), r"\1: (withheld)."),
    (re.compile(r"^Value '.*' does not exist", re.DOTALL), "This value does not exist"),
    # and names the token it stumbled over.
    (re.compile(r"\b(Name|Int|Float|String|BlockString) '.*'", re.DOTALL), r"\1 (withheld)"),
    (re.compile(r"^(Syntax Error: Invalid [\w ]+): .*", re.DOTALL), r"\1."),
)


def without_values(message: str) -> str:
    """A sentence of graphql-core's about a request, without what the caller had written there: it may be an address."""
    variable = _VARIABLE.match(message)
    place, sentence = (variable[0], message[variable.end() :]) if variable else ("", message)
    for pattern, replacement in _VALUES:
        sentence = pattern.sub(replacement, sentence)
    return place + sentence


def take_over_library_logs() -> None:
    """From now on strawberry and graphql-core log through us, without any text."""
    for name in ("strawberry", "graphql"):
        logger = logging.getLogger(name)
        logger.handlers = [logs.LibraryLog(level=logging.WARNING)]
        logger.propagate = False
