"""The command line: what it prints for programs, and how it says no."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

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
from tests import databases
from tests.processes import environment, free_port
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


def _listed() -> list[dict[str, Any]]:
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
def test_a_new_key_of_the_same_caller_is_printed_alone_and_the_old_one_opens_until_the_overlap_is_over() -> None:
    old = _create("SERVICE", "billing")
    [one] = _listed()

    said = _said("keys", "rotate", one["id"])
    key = said.removesuffix("\n")
    both = asyncio.run(_caller(old)), asyncio.run(_caller(key))
    first = _listed()[0]["keys"][0]
    _said("keys", "revoke", first["id"])
    newest = _said("keys", "rotate", one["id"], "--overlap", "0").strip()

    assert key.split() == [key]
    assert both[0] == both[1] is not None
    assert datetime.fromisoformat(first["expires_at"]) - datetime.fromisoformat(first["created_at"]) >= timedelta(
        days=1
    )
    assert [asyncio.run(_caller(each)) for each in (old, key, newest)] == [None, None, both[0]]
    assert [each["valid"] for each in _listed()[0]["keys"]] == [False, False, True]


@pytest.mark.usefixtures("folder")
def test_a_third_key_is_refused_in_words() -> None:
    _create("SERVICE", "billing")
    [one] = _listed()
    _said("keys", "rotate", one["id"])

    result = _run("keys", "rotate", one["id"])

    assert result.exit_code == 2
    assert "2 valid keys already" in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""


@pytest.mark.usefixtures("folder")
def test_a_key_may_be_made_for_some_operations_and_some_days() -> None:
    key = _create("SERVICE", "bills", "--scope", "registerBill", "--scope", "viewer", "--expires-in", "30")

    caller = asyncio.run(_caller(key))
    [one] = _listed()
    table = _said("keys", "list")

    assert caller is not None
    assert caller.scopes == {"registerBill", "viewer"}
    assert one["scopes"] == ["registerBill", "viewer"]
    [listed] = one["keys"]
    made, ends = datetime.fromisoformat(listed["created_at"]), datetime.fromisoformat(listed["expires_at"])
    assert timedelta(days=29) < ends - made <= timedelta(days=30)
    assert listed["last_used_at"] is not None
    assert all(word in table for word in ("registerBill", f"{ends:%Y-%m-%d %H:%M}", listed["last_used_at"][:10]))


@pytest.mark.usefixtures("folder")
def test_a_key_that_has_ended_is_listed_as_expired() -> None:
    key = _create("AGENT", "Li", "--expires-in", "0.00002")  # not two seconds
    while asyncio.run(_caller(key)) is not None:
        pass

    assert [one["valid"] for one in _listed()] == ["expired"]


@pytest.mark.usefixtures("folder")
def test_a_key_is_not_revoked_twice() -> None:
    _create("AGENT", "Li")
    [one] = _listed()
    _said("keys", "revoke", one["id"])

    result = _run("keys", "revoke", one["id"])

    assert result.exit_code == 2
    assert "no valid caller or key of this id" in result.stderr


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
        (["keys", "create", "--role", "AGENT", "--name", "Li", "--scope", "fly"], "no operation of the name fly"),
        (
            ["keys", "create", "--role", "AGENT", "--name", "Li", "--scope", "requestContact"],
            "no operation of the name",
        ),
        (["keys", "create", "--role", "AGENT", "--name", "Li", "--expires-in", "0"], "too short or too long"),
        (["keys", "create", "--role", "AGENT", "--name", "Li", "--expires-in", "nan"], "too short or too long"),
        (["keys", "create", "--role", "AGENT", "--name", "Li", "--expires-in", "1e9"], "too short or too long"),
        (["keys", "rotate", "no such id"], "no valid caller of this id"),
        (["keys", "rotate", "no such id", "--overlap", "-1"], "too short or too long"),
        (["keys", "rotate"], "Missing argument 'CALLER_ID'"),
        (["keys", "revoke", "no such id"], "no valid caller or key of this id"),
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
    assert databases.is_server() or (folder / "gateway.db").exists()


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


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"oidc_issuer": "https://issuer.example"}, "GATEWAY_OIDC_ISSUER needs GATEWAY_OIDC_AUDIENCE"),
        ({"attempt_lease_seconds": "1"}, "GATEWAY_ATTEMPT_LEASE_SECONDS must be more"),
    ],
)
def test_settings_that_make_no_sense_together_are_named(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"GATEWAY_{name.upper()}", value)

    result = _run("migrate")

    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_a_database_that_we_cannot_use_ends_the_command_in_one_line(tmp_path: Path) -> None:
    env = environment(tmp_path, database_url="mysql://gateway:hush@db.example/gateway")

    command = [str(Path(sys.executable).with_name("gateway")), "migrate"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "gateway: GATEWAY_DATABASE_URL: mysql is not supported, use sqlite or postgresql\n"


def test_plans_that_cannot_be_read_stop_the_start_in_one_line(tmp_path: Path) -> None:
    (file := tmp_path / "own.toml").write_text("[[offers]]\ninstalments = [1]\nlongest = 3\n")
    env = environment(tmp_path, plans=str(file))

    command = [str(Path(sys.executable).with_name("gateway")), "worker"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "gateway: own.toml, offer 1: smallest must be a whole number"


def test_a_server_that_does_not_answer_ends_the_command_in_one_line(tmp_path: Path) -> None:
    env = environment(tmp_path, database_url=f"postgresql://gateway:hush@127.0.0.1:{free_port()}/gateway")

    command = [str(Path(sys.executable).with_name("gateway")), "migrate"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("gateway: GATEWAY_DATABASE_URL: the database cannot be reached or used")
    assert "hush" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_caller_needs_a_name(tmp_path: Path) -> None:
    env = {"GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/gateway.db"}

    done = CliRunner().invoke(cli, ["keys", "create", "--role", "SERVICE", "--name", " "], env=env)

    assert done.exit_code == 2
    assert "needs a name" in done.stderr


def test_who_may_do_and_see_what_is_printed_for_people_and_for_programs() -> None:
    rows = [line.split() for line in _said("permissions").splitlines()]
    told = json.loads(_said("permissions", "--json"))

    assert ["releaseCallback", "-", "-", "own", "-", "own"] in rows
    assert ["address", "shown|hidden", "masked", "shown|masked", "reason", "shown|reason"] in rows
    assert told["operations"]["resumeSending"]["COMPLIANCE"] == "yes"
    assert told["fields"]["Reply.text"] == {
        "CUSTOMER": "shown|hidden", "SERVICE": "masked", "AGENT": "reason", "COMPLIANCE": "reason", "ADMIN": "reason"
    }  # fmt: skip
