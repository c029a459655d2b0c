"""JSON lines on standard error. What is logged names ids and kinds, never a person, an address or a text."""

import logging
import sys
import traceback
from collections.abc import Sequence

import structlog

log = structlog.get_logger(__name__)


def set_up(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    # Libraries log requests, addresses and queries: of theirs only that there was a warning passes.
    logging.basicConfig(level=logging.WARNING, handlers=[LibraryLog()], force=True)
    sys.unraisablehook = _unraisable


def kind(cause: BaseException) -> str:
    """What kind of error it is. Its text may hold a value."""
    return f"{type(cause).__module__}.{type(cause).__qualname__}"


def places(cause: BaseException) -> Sequence[str]:
    """Where in the code it came from, the innermost last. No line of the code: it could hold a value too."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(cause.__traceback__)[-8:]]


class LibraryLog(logging.Handler):
    """Takes what a library logs, and keeps who said it: the text may be a query with an address in it."""

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        about = {} if cause is None else {"exception": kind(cause), "at": places(cause)}
        log.warning("library log", logger=record.name, severity=record.levelname, **about)


def _unraisable(failed: "sys.UnraisableHookArgs") -> None:
    """What Python itself would print, with the error's text: something failed where nobody could be told."""
    about = {"at": places(failed.exc_value)} if failed.exc_value else {}
    log.error("an error that nobody could be told of", exception=failed.exc_type.__qualname__, **about)
