"""Where the master key comes from, and what is said when it does not."""

import shlex
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from gateway import masterkeys
from gateway.audit.chain import HOUSE
from gateway.masterkeys import BadMasterKey
from gateway.settings import Settings
from tests.gateway.test_settings import _nothing_is_set  # noqa: F401 - a fixture for every test here


def _settings(folder: Path, **more: Any) -> Settings:
    return Settings(database_url=f"sqlite:///{folder}/gateway.db", **more)


def _prints(text: str) -> str:
    return shlex.join([sys.executable, "-c", f"print({text!r})"])


def test_all_ways_lead_to_the_same_key(tmp_path: Path) -> None:
    key = masterkeys.new()
    file = tmp_path / "key"
    file.write_text(f"{key}\n")

    vaults = [
        masterkeys.vault(_settings(tmp_path, **way))
        for way in (
            {"master_key": SecretStr(key)},
            {"master_key_file": file},
            {"master_key_command": _prints(key)},
        )
    ]

    wrapped = vaults[0].new_key(HOUSE)
    for vault in vaults:
        vault.unlock(wrapped)
    assert len({vault.index("x") for vault in vaults}) == 1


def test_several_keys_are_the_newest_first(tmp_path: Path) -> None:
    new, old = masterkeys.new(), masterkeys.new()

    both = masterkeys.vault(_settings(tmp_path, master_key=SecretStr(f"{new}, {old}")))
    only_old = masterkeys.vault(_settings(tmp_path, master_key=SecretStr(old)))
    only_new = masterkeys.vault(_settings(tmp_path, master_key=SecretStr(new)))

    both.unlock(only_old.new_key(HOUSE))
    assert both.current == only_new.current


def test_beside_a_new_file_a_key_is_made_that_nobody_else_may_read(tmp_path: Path) -> None:
    first = masterkeys.vault(_settings(tmp_path))
    again = masterkeys.vault(_settings(tmp_path))

    assert first.current == again.current
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["master.key"]


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True), (0o644, True)])
def test_a_key_that_others_may_read_is_warned_of(tmp_path: Path, mode: int, warned: bool) -> None:
    file = tmp_path / "key"
    file.write_text(masterkeys.new())
    file.chmod(mode)

    with capture_logs() as logs:
        masterkeys.vault(_settings(tmp_path, master_key_file=file))

    assert ["chmod 600" in one["event"] for one in logs] == [True] * warned


def test_a_database_whose_key_is_gone_gets_no_other_one(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").touch()

    with pytest.raises(BadMasterKey, match="cannot be read"):
        masterkeys.vault(_settings(tmp_path))

    assert not (tmp_path / "master.key").exists()


def test_what_several_machines_share_needs_a_key_that_is_given() -> None:
    with pytest.raises(BadMasterKey, match="GATEWAY_MASTER_KEY_FILE"):
        masterkeys.vault(Settings(database_url="postgresql://gateway@db.example/gateway"))


@pytest.mark.parametrize("text", ["", "secret-that-is-no-key", "c2hvcnQ=", "schlüssel"])
def test_what_is_no_key_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_text(text)

    for setting, way in (
        ("GATEWAY_MASTER_KEY_FILE", {"master_key_file": file}),
        ("GATEWAY_MASTER_KEY_COMMAND", {"master_key_command": _prints(text)}),
    ):
        with pytest.raises(BadMasterKey, match=setting) as caught:
            masterkeys.vault(_settings(tmp_path, **way))
        assert not text or text not in str(caught.value)


@pytest.mark.parametrize("command", ["/no/such/command", "false", "'"])
def test_a_command_that_fails_says_nothing_of_what_it_printed(tmp_path: Path, command: str) -> None:
    with pytest.raises(BadMasterKey, match="GATEWAY_MASTER_KEY_COMMAND: this command failed"):
        masterkeys.vault(_settings(tmp_path, master_key_command=command))


def test_two_ways_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMasterKey, match="GATEWAY_MASTER_KEY and GATEWAY_MASTER_KEY_FILE"):
        masterkeys.vault(_settings(tmp_path, master_key=SecretStr(masterkeys.new()), master_key_file=tmp_path))
