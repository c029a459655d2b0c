"""The command line of whoever runs the gateway: stopping and going on, backups, and mails that came back."""

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from channels.sandbox import Sandbox
from gateway.model import GATEWAY, ContactStatus
from gateway.store import pauses
from policies.facts import Channel
from tests.processes import environment, run
from tests.world import open_world

sqlite_only = pytest.mark.skipif("config.getoption('--database') != 'sqlite'", reason="copies a file")


def test_what_is_paused_is_listed_and_goes_on(tmp_path: Path) -> None:
    env = environment(tmp_path)
    run(["migrate"], env)

    pause = run(["pause", "--reason", "the provider sends twice", "--channel", "SMS"], env)
    during = json.loads(run(["pauses", "--json"], env))
    run(["resume", during["id"], "--reason", "mended"], env)

    assert pause == during["id"]
    assert (during["stops"], during["by"], during["reason"]) == ("SMS", "operator", "the provider sends twice")
    assert run(["pauses", "--json"], env) == ""


def test_a_restored_backup_can_be_declared(tmp_path: Path) -> None:
    env = environment(tmp_path)
    run(["migrate"], env)

    run(["restored"], env)

    assert json.loads(run(["pauses", "--json"], env))["stops"] == "everything"


@sqlite_only
async def test_a_backup_that_is_put_back_is_known_though_nothing_was_sent_since(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("TEST")
        await world.request(customer, Channel.SMS)
        await world.deliver()
        run(["backup", str(tmp_path / "copy.db")], environment(tmp_path))
        await world.withdraw(customer)
    for name in ("gateway.db", "gateway.db-wal", "gateway.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", tmp_path / "gateway.db")

    for _ in range(2):
        async with open_world(tmp_path) as world, world.gateway.database.read() as work:
            assert [pause.paused_by for pause in await pauses.in_force(work)] == [GATEWAY.name]


@sqlite_only
def test_a_backup_is_a_whole_database_and_overwrites_nothing(tmp_path: Path) -> None:
    env = environment(tmp_path)
    run(["migrate"], env)
    run(["keys", "create", "--role", "ADMIN", "--name", "admin"], env)

    run(["backup", str(tmp_path / "copy.db")], env)
    again = subprocess.run(
        [str(Path(sys.executable).with_name("gateway")), "backup", str(tmp_path / "copy.db")],
        env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    connection = sqlite3.connect(tmp_path / "copy.db")
    assert connection.execute("SELECT name FROM caller").fetchall() == [("admin",)]
    connection.close()
    assert again.returncode == 2
    assert "there already" in again.stderr
    ours = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir() if one.is_file()}
    assert {ours[name] for name in ("gateway.db", "copy.db")} == {0o600}


BOUNCE = """From: MAILER-DAEMON@mx.example
To: notices@lender.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce-1@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

The mail could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Original-Envelope-Id: {reference}

Final-Recipient: rfc822; customer@mail.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown
--b--
"""


async def test_a_bounce_in_a_mailbox_closes_the_address_once(tmp_path: Path) -> None:
    maildir = tmp_path / "mails"
    for folder in ("new", "cur", "tmp"):
        (maildir / folder).mkdir(parents=True)
    from channels import bounces  # noqa: PLC0415
    from channels.mailbox import mails, mark_read  # noqa: PLC0415
    from gateway.core import Ear  # noqa: PLC0415
    from gateway.receiving import receive  # noqa: PLC0415

    async with open_world(tmp_path, sms=[Sandbox(name="sms")]) as world:
        answer = await world.request(await world.customer("TEST"), Channel.EMAIL)
        await world.deliver()
        [attempt] = await world.attempts(answer)
        (maildir / "new" / "1.mx").write_text(BOUNCE.format(reference=attempt.id).replace("\n", "\r\n"))

        counts = []
        for _ in range(2):
            count = 0
            for handle, raw in mails(maildir):
                count += await receive(
                    world.gateway, Ear("mail", Channel.EMAIL, frozenset({"email"})), bounces.read(raw)
                )
                mark_read(maildir, handle)
            counts.append(count)

        assert counts == [1, 0]
        assert (await world.now(answer)).status is ContactStatus.FAILED


def test_the_mailbox_command_reads_what_there_is(tmp_path: Path) -> None:
    env = environment(tmp_path)
    run(["migrate"], env)
    folder = tmp_path / "eml"
    folder.mkdir()
    (folder / "1.eml").write_text(BOUNCE.format(reference="f" * 32).replace("\n", "\r\n"))
    (folder / "2.eml").write_text("From: a@b.example\r\nAuto-Submitted: auto-replied\r\n\r\nI am away.\r\n")

    said = run(["mailbox", str(folder)], env)

    assert said == "2 mails read, 1 things heard, 0 mails unreadable"
    shutil.rmtree(folder)
