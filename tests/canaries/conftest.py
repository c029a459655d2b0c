import asyncio
from collections.abc import Iterator

import pytest

from tests import databases
from tests.canaries.life import Life, live


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """One life for all tests here: it takes a while."""
    folder = tmp_path_factory.mktemp("canaries")
    yield asyncio.run(live(folder))
    databases.give_back(folder)
