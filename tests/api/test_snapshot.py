"""An operation gives its connection back, whatever becomes of it."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from gateway.api.ids import Kind, global_id
from gateway.api.snapshot import Over, Snapshot
from gateway.model import Role
from gateway.store.postgres import PostgresEngine
from gateway.store.sqlite import SqliteEngine
from policies.facts import Channel
from tests.api.client import Api


def _free(api: Api) -> int:
    """How many readers may still begin."""
    engine = api.world.gateway.database.engine
    assert isinstance(engine, PostgresEngine | SqliteEngine)
    return engine._reading._value


async def test_what_reads_on_after_the_answer_opens_nothing(api: Api) -> None:
    snapshot = Snapshot(api.world.gateway.database)
    async with snapshot.reading():
        pass

    await snapshot.end()

    with pytest.raises(Over):
        async with snapshot.reading():
            pass
    assert not snapshot.is_open


@pytest.fixture
def _nothing_is_collected() -> Iterator[None]:
    """As in a server: what is held by nobody may stay for long."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_nothing_is_collected")
async def test_what_fails_beside_others_holds_no_connection(api: Api) -> None:
    customer = await api.world.customer("CN")
    contact = (await api.world.request(customer, Channel.SMS)).contact
    ids = ["no id", api.id(customer), api.id(contact), global_id(Kind.PAUSE, "0" * 32), "no id"]
    free = _free(api)

    async with asyncio.timeout(60):
        answers = [
            await api.ask("query Find($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids}, role=Role.ADMIN)
            for _ in range(30)
        ]

    assert {answer["errors"][0]["extensions"]["code"] for answer in answers} == {"BAD_USER_INPUT"}
    async with asyncio.timeout(10):
        while _free(api) != free:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
    assert (await api.data("{ pauses { id } }", role=Role.ADMIN))["pauses"] == []
