"""Keys: when they end, how one follows another, and when they were last used."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.callers import USE_SECONDS, CannotRotate, authenticate, create_key, rotate_key
from gateway.model import Caller, Role
from gateway.store import callers
from gateway.store.callers import Listed
from tests.world import NOON_IN_CHINA, World

DAY = timedelta(days=1)


async def _made(world: World, **more: Any) -> tuple[str, Caller]:
    """A key, and whose it is."""
    key = await create_key(world.gateway.database, Role.SERVICE, "billing", **more)
    caller = await authenticate(world.gateway, f"Bearer {key}")
    assert caller is not None
    return key, caller


async def _rotated(world: World, caller: Caller, overlap: timedelta = DAY) -> str:
    return await rotate_key(world.gateway.database, caller.id, world.clock(), overlap)


async def _opens(world: World, *keys: str) -> list[bool]:
    """Which of them do, once nobody remembers what they did before."""
    world.wait(seconds=5)
    return [await authenticate(world.gateway, f"Bearer {key}") is not None for key in keys]


async def _listed(world: World, caller: Caller) -> Listed:
    await world.gateway.uses.drain()
    async with world.gateway.database.read() as work:
        [listed] = await callers.listed(work, caller.id)
    return listed


async def test_a_key_is_known_by_its_look(world: World) -> None:
    key, _ = await _made(world)

    assert re.fullmatch(r"cgk_[A-Za-z0-9_-]{43}", key)


@pytest.mark.parametrize("shown", ["cgk_", "cgk_junk", "cgk_" + "x" * 42, "cgk_" + "x" * 44, "junk", "a.b.c"])
async def test_what_cannot_be_a_key_costs_no_look_at_the_database(world: World, shown: str) -> None:
    async with world.gateway.database.write() as work:
        await work.run(text("ALTER TABLE api_key RENAME TO gone"))

    assert await authenticate(world.gateway, f"Bearer {shown}") is None
    with pytest.raises(DBAPIError):
        await authenticate(world.gateway, "Bearer cgk_" + "x" * 43)


async def test_a_key_opens_until_its_end_and_no_longer(world: World) -> None:
    key, _ = await _made(world, expires_at=NOON_IN_CHINA + timedelta(seconds=12))

    at_7 = await _opens(world, key), await _opens(world, key)
    world.wait(seconds=1.9)
    before = await authenticate(world.gateway, f"Bearer {key}")
    world.wait(seconds=0.1)
    at_its_end = await authenticate(world.gateway, f"Bearer {key}")

    assert at_7 == ([True], [True])
    assert before is not None
    assert at_its_end is None


async def test_a_new_key_is_of_the_same_caller_and_the_old_one_ends_after_the_overlap(world: World) -> None:
    old, caller = await _made(world, scopes=frozenset({"registerBill"}))

    new = await _rotated(world, caller)
    at_once = [await authenticate(world.gateway, f"Bearer {key}") for key in (old, new)]
    world.clock.advance(NOON_IN_CHINA + DAY - timedelta(seconds=6))
    before = await _opens(world, old, new)
    after = await _opens(world, old, new)

    assert at_once == [caller, caller]
    assert (before, after) == ([True, True], [False, True])


async def test_without_an_overlap_the_old_key_is_shut_out_at_once(world: World) -> None:
    old, caller = await _made(world)

    new = await _rotated(world, caller, timedelta())

    assert await _opens(world, old, new) == [False, True]


async def test_at_most_two_keys_of_a_caller_are_valid(world: World) -> None:
    _, caller = await _made(world)
    second = await _rotated(world, caller)

    with pytest.raises(CannotRotate, match="2 valid keys already"):
        await _rotated(world, caller)

    assert len((await _listed(world, caller)).valid_keys(world.clock())) == 2
    world.wait(days=1)
    third = await _rotated(world, caller)
    assert await _opens(world, second, third) == [True, True]


async def test_a_rotation_does_not_make_an_old_key_last_longer(world: World) -> None:
    old, caller = await _made(world, expires_at=NOON_IN_CHINA + timedelta(hours=1))

    new = await _rotated(world, caller)
    world.wait(minutes=59)
    before = await _opens(world, old, new)
    world.wait(minutes=1)

    assert before == [True, True]
    assert await _opens(world, old, new) == [False, False]  # the new one was made for an hour, as the old one was


async def test_who_has_no_valid_key_any_more_can_have_a_new_one(world: World) -> None:
    old, caller = await _made(world, expires_at=NOON_IN_CHINA + timedelta(hours=1))
    world.wait(hours=2)

    new = await _rotated(world, caller)

    assert await _opens(world, old, new) == [False, True]


async def test_one_key_is_revoked_and_the_other_opens(world: World) -> None:
    old, caller = await _made(world)
    new = await _rotated(world, caller)
    first = (await _listed(world, caller)).keys[0]

    async with world.gateway.database.write() as work:
        revoked = [await callers.revoke(work, first.id), await callers.revoke(work, first.id)]

    assert revoked == [True, False]
    assert await _opens(world, old, new) == [False, True]


async def test_who_is_revoked_is_shut_out_with_every_key_and_gets_no_other(world: World) -> None:
    old, caller = await _made(world)
    new = await _rotated(world, caller)

    async with world.gateway.database.write() as work:
        await callers.revoke(work, caller.id)

    assert await _opens(world, old, new) == [False, False]
    with pytest.raises(CannotRotate, match="no valid caller"):
        await _rotated(world, caller)


@pytest.mark.parametrize("id_", ["", "nobody", "0" * 32])
async def test_nobody_gets_no_key(world: World, id_: str) -> None:
    with pytest.raises(CannotRotate, match="no valid caller"):
        await rotate_key(world.gateway.database, id_, world.clock(), DAY)


async def test_the_last_use_is_known_to_about_a_minute(world: World) -> None:
    key, caller = await _made(world)
    first = (await _listed(world, caller)).keys[0].last_used_at

    world.wait(seconds=USE_SECONDS - 1)
    await authenticate(world.gateway, f"Bearer {key}")
    soon = (await _listed(world, caller)).keys[0].last_used_at
    world.wait(seconds=6)
    await authenticate(world.gateway, f"Bearer {key}")
    later = (await _listed(world, caller)).keys[0].last_used_at

    assert (first, soon) == (NOON_IN_CHINA, NOON_IN_CHINA)
    assert later == NOON_IN_CHINA + timedelta(seconds=USE_SECONDS + 5)


async def test_a_key_that_nobody_used_has_no_last_use(world: World) -> None:
    _, caller = await _made(world)
    await _rotated(world, caller)

    assert (await _listed(world, caller)).keys[1].last_used_at is None


async def test_a_request_does_not_wait_until_its_use_is_written_down(world: World) -> None:
    key = await create_key(world.gateway.database, Role.SERVICE, "billing")

    async with world.gateway.database.write():  # whoever wants to write waits
        caller = await authenticate(world.gateway, f"Bearer {key}")

    assert caller is not None
    assert (await _listed(world, caller)).keys[0].last_used_at == NOON_IN_CHINA
