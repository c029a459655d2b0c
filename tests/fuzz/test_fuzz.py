"""Short runs; the long ones are commands: `python -m tests.fuzz.graphql`, `python -m tests.fuzz.http`."""

from collections.abc import Iterator

import httpx
import pytest

from tests import databases
from tests.fuzz.graphql import fuzz
from tests.fuzz.http import fuzz_lines, fuzz_websocket
from tests.fuzz.target import Target, failures, target

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One server for all tests here: what came before must not matter to it."""
    folder = tmp_path_factory.mktemp("fuzz")
    with target(folder) as one:
        yield one
    databases.give_back(folder)


def test_whatever_the_schema_allows_is_answered_and_not_repeated_in_an_error(where: Target) -> None:
    found = fuzz(where, 100)

    assert found.cases >= 100
    assert found.problems == []


def test_whatever_bytes_come_are_answered_or_hung_up_on(where: Target) -> None:
    found = fuzz_lines(where, 200)

    assert found.cases == 200
    assert found.problems + failures(where.log) == []
    assert httpx.get(f"{where.url}/ready").is_success


def test_whatever_is_said_over_websocket_ends_as_the_protocol_says(where: Target) -> None:
    found = fuzz_websocket(where, 50)

    assert found.cases == 50
    assert found.problems + failures(where.log) == []
    assert httpx.get(f"{where.url}/ready").is_success
