from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.client import Api, open_api
from tests.api.lives import Lives, open_lives


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as api:
        yield api


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lives(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lives]:
    """Two, for all tests of a module: what they do adds to them, and takes nothing away."""
    async with open_lives(tmp_path_factory.mktemp("lives")) as lives:
        yield lives
