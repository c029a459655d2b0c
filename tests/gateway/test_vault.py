"""What is sealed is opened by its own key only, and by nothing once that is destroyed."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.chain import HOUSE
from gateway.clock import SystemClock
from gateway.rotating import outstanding, rotate
from gateway.store import migrate
from gateway.store.database import Database
from gateway.store.vault import ERASED, Tampered, Vault, WrongMasterKey
from gateway.store.work import table
from tests import databases
from tests.world import World

OLD, NEW, OTHER = (bytes([number]) * 32 for number in (1, 2, 3))


def _open(*keys: bytes) -> Vault:
    vault = Vault(keys)
    vault.unlock(vault.new_key(HOUSE))
    return vault


@given(st.text())
def test_what_is_sealed_comes_back_and_never_looks_the_same_twice(text: str) -> None:
    vault = _open(OLD)
    key = vault.data_key("a", vault.new_key("a"))

    first, second = key.seal(text), key.seal(text)

    assert key.open(first) == key.open(second) == text
    assert first != second


def test_one_customers_key_opens_nothing_of_anothers() -> None:
    vault = _open(OLD)
    mine, theirs = (vault.data_key(name, vault.new_key(name)) for name in "ab")

    with pytest.raises(Tampered):
        theirs.open(mine.seal("+8613900000000"))


def test_a_key_that_is_put_in_anothers_row_is_no_key() -> None:
    vault = _open(OLD)

    with pytest.raises(Tampered):
        vault.data_key("b", vault.new_key("a"))


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_a_bit_that_changed_is_noticed(at: int) -> None:
    vault = _open(OLD)
    key = vault.data_key("a", vault.new_key("a"))
    sealed = bytearray(base64.b64decode(key.seal("+8613900000000")))
    sealed[at] ^= 1

    with pytest.raises(Tampered):
        key.open(base64.b64encode(sealed).decode())


def test_what_is_no_seal_at_all_is_said_to_be_none_without_repeating_it() -> None:
    vault = _open(OLD)

    for text in ("", "王芳", "AAAA", "+8613900000000"):
        with pytest.raises(Tampered) as caught:
            vault.house.open(text)
        assert not text or text not in str(caught.value)


def test_without_its_key_nothing_comes_back_and_nothing_more_is_kept() -> None:
    vault = _open(OLD)
    gone = vault.data_key("a", None)

    assert gone.open(vault.house.seal("Wang Fang")) == ERASED
    assert gone.seal("Wang Fang") == ERASED


def test_the_index_is_the_same_under_every_master_key_and_another_in_every_house() -> None:
    vault = Vault([OLD])
    wrapped = vault.new_key(HOUSE)
    vault.unlock(wrapped)
    rotated = Vault([NEW, OLD])
    rotated.unlock(rotated.rewrapped(HOUSE, wrapped))

    assert vault.index("+8613900000000") == rotated.index("+8613900000000")
    assert vault.index("+8613900000000") != _open(OLD).index("+8613900000000")
    assert vault.derived("one thing") != vault.derived("another")


def test_keys_do_not_print_themselves() -> None:
    vault = _open(OLD)

    for shown in (repr(vault), repr(vault._wrappings), repr(vault.house)):
        assert repr(OLD)[2:20] not in shown
        assert OLD.hex() not in shown


@pytest.mark.parametrize("key", [b"", b"x" * 16, b"x" * 33])
def test_a_master_key_has_32_bytes(key: bytes) -> None:
    with pytest.raises(ValueError, match="32"):
        Vault([key])


def _database(folder: Path, *keys: bytes) -> Database:
    return Database(databases.url(folder), SystemClock(), Vault(keys))


async def test_another_master_key_is_refused_by_its_name(tmp_path: Path) -> None:
    first, other = _database(tmp_path, OLD), _database(tmp_path, OTHER)
    await migrate.upgrade(first)
    async with first.write():
        pass

    with pytest.raises(WrongMasterKey, match=r"needs the master key [0-9a-f]{8}"):
        async with other.read():
            pass

    await first.close()
    await other.close()


async def test_after_a_rotation_the_new_key_alone_opens_everything(tmp_path: Path, world: World) -> None:
    old = base64.b64decode(databases.MASTER_KEY)
    customers = [await world.customer() for _ in range(3)]
    both, new = _database(tmp_path, NEW, old), _database(tmp_path, NEW)

    before = await outstanding(both)
    wrapped = sum([number async for number in rotate(both)])

    async with new.read() as work:
        rows = await work.all(table("customer").select())
        work.take_keys(rows)
        assert [work.open(row.id, row.name) for row in rows] == ["Wang Fang"] * len(customers)
    assert (before, wrapped, await outstanding(both)) == (3, 3, 0)
    # A process that knows the old one alone could not read what is written from now on.
    assert (await new.is_usable(), await world.gateway.database.is_usable()) == (True, False)
    await both.close()
    await new.close()
