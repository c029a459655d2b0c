"""Where the master key comes from: it never lies in the database.

    GATEWAY_MASTER_KEY          the key itself
    GATEWAY_MASTER_KEY_FILE     a file that holds it
    GATEWAY_MASTER_KEY_COMMAND  a command that prints it: a key management service, a safe
    none of them                on SQLite a file beside the database, made with it

A key is 32 random bytes as base64. Several, separated by commas or lines, are the newest first: while keys are
rotated, the older ones still open what they wrapped.
"""

import base64
import binascii
import os
import secrets
import shlex
import stat
import subprocess
from pathlib import Path

import structlog

from gateway.settings import Settings
from gateway.store.vault import KEY_BYTES, Vault

log = structlog.get_logger(__name__)

FILE_NAME = "master.key"
COMMAND_SECONDS = 30


class BadMasterKey(ValueError):
    """No master key, or none that can be used. Its text names the setting, never the key."""


def new() -> str:
    """A fresh key, as it is written down."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def vault(settings: Settings) -> Vault:
    """The vault of this process, still closed. Raises `BadMasterKey`."""
    given = {
        "GATEWAY_MASTER_KEY": bool(settings.master_key.get_secret_value()),
        "GATEWAY_MASTER_KEY_FILE": settings.master_key_file is not None,
        "GATEWAY_MASTER_KEY_COMMAND": bool(settings.master_key_command),
    }
    named = [name for name, is_set in given.items() if is_set]
    if len(named) > 1:
        raise BadMasterKey(f"{' and '.join(named)} are both set: one of them says where the key is")
    match named:
        case ["GATEWAY_MASTER_KEY"]:
            return _vault(named[0], settings.master_key.get_secret_value())
        case ["GATEWAY_MASTER_KEY_FILE"]:
            assert settings.master_key_file is not None
            return _vault(named[0], _read(named[0], settings.master_key_file))
        case ["GATEWAY_MASTER_KEY_COMMAND"]:
            return _vault(named[0], _printed(settings.master_key_command))
    return _beside(settings)


def _beside(settings: Settings) -> Vault:
    database = settings.database_file()
    if database is None:
        raise BadMasterKey(
            "GATEWAY_MASTER_KEY_FILE: what several machines share needs a master key that all of them have; "
            "`gateway vault key` makes one"
        )
    file = database.with_name(FILE_NAME)
    if not file.exists() and not database.exists():
        _make(file)
    return _vault(str(file), _read(str(file), file))


def _make(file: Path) -> None:
    """Whoever is first writes it; nobody else on the machine may read it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(new() + "\n")
        opened.flush()
        os.fsync(opened.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        return
    finally:
        draft.unlink()
    log.warning("a master key was made: keep a copy of it apart from the database", file=str(file))


def _read(setting: str, file: Path) -> str:
    try:
        if file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
            log.warning("others on this machine may read the master key: chmod 600", setting=setting)
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise BadMasterKey(f"{setting}: this file cannot be read; without its key nothing personal can be") from None


def _printed(command: str) -> str:
    try:
        # Whoever sets this setting may run what they want anyway.
        done = subprocess.run(  # noqa: S603
            shlex.split(command), check=True, capture_output=True, text=True, timeout=COMMAND_SECONDS
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        # What it printed may be the key.
        raise BadMasterKey("GATEWAY_MASTER_KEY_COMMAND: this command failed") from None
    return done.stdout


def _vault(setting: str, text: str) -> Vault:
    keys = [one for one in text.replace(",", "\n").split() if one]
    try:
        return Vault([base64.b64decode(one, validate=True) for one in keys])
    except (binascii.Error, ValueError):
        raise BadMasterKey(f"{setting}: must hold {KEY_BYTES} random bytes as base64, one key or several") from None
