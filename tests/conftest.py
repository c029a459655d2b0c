import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="what tests run on")


def pytest_configure(config: pytest.Config) -> None:
    # A shell starts its background with SIGINT ignored, and every process that a test starts inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    databases.kind = config.getoption("--database")


@pytest.fixture(autouse=True)
def _databases_are_given_back(tmp_path: Path) -> Iterator[None]:
    yield
    databases.give_back(tmp_path)
