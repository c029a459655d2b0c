"""Nothing that anybody said comes out where it must not: in logs, errors and events, nor in the files of the database.

All in one file: pytest-xdist gives a file to one process, and one life is enough.
"""

import json

import pytest

from tests.canaries.inputs import INPUTS, Kind
from tests.canaries.life import TOLD, Life

pytestmark = pytest.mark.processes


def test_every_free_text_was_said_in_a_canary(lived: Life) -> None:
    said = {canary.what.partition(",")[0].removeprefix("a wrong ") for canary in lived.canaries}

    assert INPUTS.keys() - said == set()


def test_no_log_holds_a_word_of_anybody(lived: Life) -> None:
    log = lived.logs["gateway serve"]
    assert len(lived.logs) > 4
    assert all(said in log for said in (b"internal error", b"webhook not heard", b"the database cannot be used"))

    assert lived.found(lived.logs, Kind.PERSONAL, Kind.REFERENCE) == set()


def test_every_line_of_the_log_is_one_object(lived: Life) -> None:
    for line in lived.logs["gateway serve"].splitlines():
        assert isinstance(json.loads(line), dict)


def test_no_error_repeats_what_was_said(lived: Life) -> None:
    codes = (
        "BAD_USER_INPUT",
        "NOT_FOUND",
        "FORBIDDEN",
        "CONFLICT",
        "TIMEOUT",
        "INTERNAL",
        "INVALID",
        "UNAUTHENTICATED",
    )
    errors = "\n".join(said for _, said in lived.errors)
    assert len(lived.errors) > 150
    assert [code for code in codes if code not in errors] == []

    assert lived.found({"errors": errors.encode()}, Kind.PERSONAL, Kind.REFERENCE) == set()


def test_no_event_holds_anything_personal(lived: Life) -> None:
    events = b"\n".join(lived.events)
    assert all(kind in events for kind in TOLD)

    assert lived.found({"events": events}, Kind.PERSONAL) == set()


def test_nothing_personal_is_readable_on_disk(lived: Life) -> None:
    assert lived.found(lived.at_rest, Kind.PERSONAL) == set()


def test_what_is_searched_is_where_the_data_lies(lived: Life) -> None:
    assert lived.found(lived.at_rest, Kind.REFERENCE), "references are kept as they are: else nothing was searched"
