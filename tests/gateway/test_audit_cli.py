"""`gateway audit`, as an operator and an auditor use it."""

import json
from pathlib import Path

import pytest

from gateway.store.tables import metadata
from tests.processes import environment, fails, run
from tests.world import open_world


async def _world(folder: Path) -> dict[str, str]:
    """Two customers on record."""
    async with open_world(folder) as world:
        for _ in range(2):
            await world.withdraw(await world.customer())
    return environment(folder)


async def test_the_log_is_signed_exported_and_checked(tmp_path: Path) -> None:
    env = await _world(tmp_path)
    file = str(tmp_path / "log.jsonl")

    signed = run(["audit", "checkpoint"], env)
    again = run(["audit", "checkpoint"], env)
    exported = run(["audit", "export", file], env)
    key = run(["audit", "key"], env)
    verified = json.loads(run(["audit", "verify", file, "--key", key, "--json"], env))
    checked = json.loads(run(["audit", "check", "--json"], env))

    assert signed.startswith("checkpoint 1: 2 chains, root ")
    assert again == "nothing has grown"
    assert exported == f"8 entries in {file}"
    assert (verified["holds"], verified["entries"], verified["key"]) == (True, 8, key)
    assert (checked["holds"], checked["entries"], checked["checkpoints"]) == (True, 8, 1)


async def test_a_file_is_checked_without_a_database_and_without_settings(tmp_path: Path) -> None:
    env = await _world(tmp_path)
    run(["audit", "export", str(tmp_path / "log.jsonl")], env)
    bare = {"PATH": env["PATH"], "GATEWAY_DATABASE_URL": "nonsense", "GATEWAY_PORT": "nonsense"}

    said = run(["audit", "verify", str(tmp_path / "log.jsonl")], bare)

    assert said.splitlines()[0] == "holds: 8 entries, 2 chains, 1 checkpoints"
    assert said.splitlines()[1].startswith("signed with ")


async def test_what_is_broken_is_named_and_the_status_says_so(tmp_path: Path) -> None:
    env = await _world(tmp_path)
    file = tmp_path / "log.jsonl"
    run(["audit", "export", str(file)], env)
    lines = file.read_bytes().splitlines(keepends=True)
    place = next(place for place, line in enumerate(lines) if b'"WITHDRAWN"' in line)
    file.write_bytes(b"".join(lines).replace(b'"WITHDRAWN"', b'"GRANTED"', 1))

    said = fails(["audit", "verify", str(file)], env)
    as_json = json.loads(fails(["audit", "verify", str(file), "--json"], env).splitlines()[0])
    other = fails(["audit", "verify", str(file), "--key", "0" * 64], env)

    assert f"BROKEN: line {place + 1}, customer " in said
    assert "entry 4, consent: its content is not the one that was recorded" in said
    assert (as_json["holds"], as_json["line"], as_json["seq"], as_json["kind"]) == (False, place + 1, 4, "consent")
    assert "signed with another key" in other


async def test_one_customers_part_is_exported_by_their_reference(tmp_path: Path) -> None:
    env = await _world(tmp_path)
    file = tmp_path / "log.jsonl"

    run(["audit", "export", "--customer", "C-1", str(file)], env)
    verified = json.loads(run(["audit", "verify", str(file), "--json"], env))

    assert (verified["chains"], verified["entries"]) == (1, 4)
    assert verified["customer"] is not None
    assert "no customer of this reference" in fails(
        ["audit", "export", "--customer", "nobody", str(tmp_path / "other")], env, 2
    )
    assert not (tmp_path / "other").exists()


async def test_since_goes_on_from_the_last_checkpoint_before(tmp_path: Path) -> None:
    env = await _world(tmp_path)
    run(["audit", "checkpoint"], env)

    for since, entries in (("2099-01-01T00:00:00", 0), ("2000-01-01", 8)):
        file = str(tmp_path / since)
        run(["audit", "export", "--since", since, file], env)

        assert json.loads(run(["audit", "verify", file, "--json"], env))["entries"] == entries


async def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    env = await _world(tmp_path)
    file = tmp_path / "log.jsonl"
    file.write_text("mine")

    assert "there already" in fails(["audit", "export", str(file)], env, 2)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", ["customer", "consent"])
async def test_the_check_of_the_database_says_what_was_changed(tmp_path: Path, name: str) -> None:
    env = await _world(tmp_path)
    async with open_world(tmp_path) as world, world.gateway.database.write() as work:
        rows = {"customer": {"jurisdiction": "US"}, "consent": {"source": "elsewhere"}}
        row = (await work.all(metadata.tables[name].select()))[0]
        await work.change(name, [{"id": row.id, **rows[name]}])

    said = fails(["audit", "check"], env)

    assert said.splitlines()[0].startswith("BROKEN: ")
    assert row.id in said or "its content is not the one that was recorded" in said


def test_where_no_database_is_nothing_is_made_and_nothing_holds(tmp_path: Path) -> None:
    env = environment(tmp_path) | {"GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/typo.db"}

    for command in (["check"], ["export", str(tmp_path / "log.jsonl")], ["checkpoint"]):
        assert "there is no database" in fails(["audit", *command], env, 2)

    assert list(tmp_path.iterdir()) == []
