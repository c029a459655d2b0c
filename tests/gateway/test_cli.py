"""The command line: what it prints for programs, and how it says no."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from gateway import customers
from gateway.app import open_gateway
from gateway.callers import authenticate
from gateway.cli import cli
from gateway.core import Gateway
from gateway.model import Caller, Role
from gateway.requests import NewPoint, RegisterCustomer
from gateway.settings import Settings
from policies.facts import Channel, Purpose
from tests.processes import environment
from tests.world import SERVICE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the database of the commands lies."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"GATEWAY_{name.upper()}", raising=False)
    for name, value in environment(tmp_path, sandbox=True).items():
        if name.startswith("GATEWAY_"):
            monkeypatch.setenv(name, value)
    yield tmp_path
    structlog.reset_defaults()  # a command writes its log to a standard error that is gone now


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def _said(*arguments: str) -> str:
    """What a command that must work prints on standard output."""
    result = _run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def _create(role: str, name: str, *more: str) -> str:
    return _said("keys", "create", "--role", role, "--name", name, *more).strip()


def _listed() -> list[dict[str, str]]:
    return [json.loads(line) for line in _said("keys", "list", "--json").splitlines()]


@asynccontextmanager
async def _gateway() -> AsyncIterator[Gateway]:
    async with open_gateway(Settings()) as gateway:
        yield gateway


async def _caller(key: str) -> Caller | None:
    async with _gateway() as gateway:
        return await authenticate(gateway, f"Bearer {key}")


async def _register(reference: str) -> str:
    async with _gateway() as gateway:
        wanted = RegisterCustomer(reference, "zh-CN", "CN", (NewPoint(Channel.SMS, "+8613900000000"),))
        return (await customers.register(gateway, SERVICE, wanted)).id


@pytest.mark.usefixtures("folder")
def test_a_new_key_is_printed_alone_and_opens_the_door() -> None:
    said = _said("keys", "create", "--role", "SERVICE", "--name", "billing", "--purpose", "SECURITY_CODE")

    key = said.removesuffix("\n")
    assert key.split() == [key]
    caller = asyncio.run(_caller(key))
    assert caller is not None
    assert (caller.role, caller.name, caller.purposes) == (Role.SERVICE, "billing", frozenset({Purpose.SECURITY_CODE}))


@pytest.mark.usefixtures("folder")
def test_a_customers_key_is_made_for_the_lenders_own_reference() -> None:
    customer_id = asyncio.run(_register("C-1001"))

    key = _create("CUSTOMER", "app", "--customer", "C-1001")

    caller = asyncio.run(_caller(key))
    assert caller is not None
    assert caller.customer_id == customer_id


@pytest.mark.usefixtures("folder")
def test_the_list_for_programs_is_one_object_a_line_and_shows_no_key() -> None:
    keys = [_create("SERVICE", "billing"), _create("AGENT", "Li"), _create("ADMIN", "王芳")]

    said = _said("keys", "list", "--json")

    assert [(one["role"], one["name"], one["valid"]) for one in map(json.loads, said.splitlines())] == [
        ("SERVICE", "billing", "yes"),
        ("AGENT", "Li", "yes"),
        ("ADMIN", "王芳", "yes"),
    ]
    assert not any(key in said for key in keys)


@pytest.mark.usefixtures("folder")
def test_the_list_for_people_is_a_table() -> None:
    _create("AGENT", "Li")

    said = _said("keys", "list")

    assert all(word in said for word in ("role", "AGENT", "Li", "yes"))


@pytest.mark.usefixtures("folder")
def test_a_revoked_key_opens_no_door_and_stays_in_the_list() -> None:
    key, other = _create("AGENT", "Li"), _create("AGENT", "Wang")

    said = _said("keys", "revoke", _listed()[0]["id"])

    assert said == "revoked\n"
    assert [one["valid"] for one in _listed()] == ["revoked", "yes"]
    assert asyncio.run(_caller(key)) is None
    assert asyncio.run(_caller(other)) is not None


@pytest.mark.usefixtures("folder")
def test_a_key_is_not_revoked_twice() -> None:
    _create("AGENT", "Li")
    [one] = _listed()
    _said("keys", "revoke", one["id"])

    result = _run("keys", "revoke", one["id"])

    assert result.exit_code == 2
    assert "no valid key of this id" in result.stderr


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["keys", "create", "--name", "Li"], "Missing option '--role'"),
        (["keys", "create", "--role", "AGENT"], "Missing option '--name'"),
        (["keys", "create", "--role", "ROOT", "--name", "Li"], "--role"),
        (["keys", "create", "--role", "SERVICE", "--name", "billing", "--purpose", "FUN"], "--purpose"),
        (["keys", "create", "--role", "CUSTOMER", "--name", "app"], "needs the customer's"),
        (["keys", "create", "--role", "CUSTOMER", "--name", "app", "--customer", "C-9"], "no customer of this"),
        (["keys", "create", "--role", "AGENT", "--name", "Li", "--customer", "C-9"], "no other key takes one"),
        (["keys", "revoke", "no such id"], "no valid key of this id"),
        (["keys", "revoke"], "Missing argument 'ID'"),
        (["keys", "burn"], "No such command"),
        (["fly"], "No such command"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_and_makes_no_key(arguments: list[str], said: str) -> None:
    result = _run(*arguments)

    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""
    assert _listed() == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", [[], ["keys"]])
def test_without_a_command_the_commands_are_shown(arguments: list[str]) -> None:
    result = _run(*arguments)

    assert result.exit_code == 2
    assert "Usage" in result.output


def test_migrating_makes_the_database_and_may_be_repeated(folder: Path) -> None:
    said = [_said("migrate"), _said("migrate")]

    assert said == ["the schema is up to date\n"] * 2
    assert (folder / "gateway.db").exists()


def test_the_schema_that_is_printed_is_the_one_in_the_repository() -> None:
    committed = Path(__file__).parents[2] / "schema.graphql"

    assert _said("schema") == committed.read_text(encoding="utf-8")


def test_the_commands_that_are_promised_are_there() -> None:
    said = _said("--help")

    assert all(f" {command} " in said for command in ("serve", "worker", "demo", "migrate", "keys", "schema"))


@pytest.mark.usefixtures("folder")
def test_a_setting_that_makes_no_sense_is_named_and_its_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "hush")

    result = _run("migrate")

    assert result.exit_code == 2
    assert "GATEWAY_PORT" in result.stderr
    assert "hush" not in result.output


def test_a_database_that_we_cannot_use_ends_the_command_in_one_line(tmp_path: Path) -> None:
    env = environment(tmp_path, database_url="postgresql://gateway:hush@db.example/gateway")

    command = [str(Path(sys.executable).with_name("gateway")), "migrate"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "gateway: GATEWAY_DATABASE_URL: postgresql is not supported yet, use sqlite\n"


def test_a_caller_needs_a_name(tmp_path: Path) -> None:
    env = {"GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/gateway.db"}

    done = CliRunner().invoke(cli, ["keys", "create", "--role", "SERVICE", "--name", " "], env=env)

    assert done.exit_code == 2
    assert "needs a name" in done.stderr
