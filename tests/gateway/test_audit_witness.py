"""The worker's log as a witness: what was signed and is not there any more."""

import json
import shutil
from pathlib import Path

import pytest

from gateway.audit.lines import Broken
from gateway.audit.witness import Witness
from tests.processes import environment, fails, run, said_and_logged
from tests.world import open_world

sqlite_only = pytest.mark.skipif("config.getoption('--database') != 'sqlite'", reason="puts an older file back")


def _line(number: int, root: str = "ab", signature: str = "cd", before: str = "") -> str:
    said = {"event": "checkpoint", "number": number, "root": root, "signature": signature, "count": 1}
    return before + json.dumps(said) + "\n"


async def _another_withdrawal(folder: Path) -> None:
    async with open_world(folder) as world:
        await world.withdraw(await world.customer())


@sqlite_only
async def test_what_was_taken_away_together_with_its_checkpoint_is_missed(tmp_path: Path) -> None:
    env = environment(tmp_path)
    log, older = tmp_path / "worker.log", tmp_path / "older.db"
    await _another_withdrawal(tmp_path)
    logged = said_and_logged(["audit", "checkpoint"], env)[1]
    shutil.copy(tmp_path / "gateway.db", older)
    await _another_withdrawal(tmp_path)
    logged += said_and_logged(["audit", "checkpoint"], env)[1]
    log.write_text(logged)

    whole = run(["audit", "check", "--witness", str(log)], env)
    shutil.copy(older, tmp_path / "gateway.db")
    alone = run(["audit", "check"], env)
    missed = fails(["audit", "check", "--witness", str(log)], env)
    await _another_withdrawal(tmp_path)
    log.write_text(logged + said_and_logged(["audit", "checkpoint"], env)[1])
    grown = fails(["audit", "check", "--witness", str(log)], env)
    as_json = json.loads(fails(["audit", "check", "--witness", str(log), "--json"], env).splitlines()[0])

    assert whole == "holds: 5 entries, 1 chains, 2 checkpoints, 2 of them in the worker's log"
    assert alone == "holds: 4 entries, 1 chains, 1 checkpoints"
    assert "BROKEN: checkpoint 2 stands in the worker's log, and is not there" in missed
    assert "BROKEN: the worker's log names 2 checkpoints 2: an older database was put back and went on" in grown
    assert as_json["why"].startswith("the worker's log names 2 checkpoints 2")


@sqlite_only
async def test_a_log_that_names_no_checkpoint_is_no_witness(tmp_path: Path) -> None:
    await _another_withdrawal(tmp_path)
    log = tmp_path / "worker.log"
    log.write_bytes(b'\xff\x00{"event": "listening"}\n')

    said = fails(["audit", "check", "--witness", str(log)], environment(tmp_path), 2)

    assert "it names no checkpoint" in said


def test_what_a_collector_puts_in_front_of_a_line_is_passed_over() -> None:
    others = ["\n", "{\n", "[]\n", "{}\n", '{"event": "listening"}\n', '{"a":' * 5000]
    witness = Witness([*others, _line(7), _line(9, before="Nov 27 05:12:55 pod{worker}[12]: ")])

    assert len(witness) == 2


@pytest.mark.parametrize(
    "line",
    [
        _line(3)[:-9],
        _line(3).strip() + " host=a",
        _line(3).strip() + _line(4),
        json.dumps({"log": _line(3)}),
        _line(3).replace("3", '"3"'),
        _line(3).replace("3", "3.0"),
        _line(3).replace("3", "true"),
        _line(3).replace('"cd"', "null"),
        '{"a":' * 5000 + _line(3),
    ],
)
def test_a_line_of_a_checkpoint_that_cannot_be_read_is_not_passed_over(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 speaks of a checkpoint"):
        Witness([_line(1), line])


def test_one_line_may_stand_there_twice_but_not_two_of_one_number() -> None:
    """So it is when an older database was put back, grew, and was signed again."""
    twice = Witness([_line(1), _line(2), _line(1), _line(2)])
    anew = Witness([_line(1), _line(2), _line(2, root="ef")])

    twice.compare({1: ("ab", "cd"), 2: ("ab", "cd")})
    with pytest.raises(Broken, match="names 2 checkpoints 2: an older database was put back"):
        anew.compare({1: ("ab", "cd"), 2: ("ef", "cd")})


def test_a_checkpoint_that_was_signed_anew_is_not_the_one_that_was_logged() -> None:
    witness = Witness([_line(1), _line(2)])

    witness.compare({1: ("ab", "cd"), 2: ("ab", "cd"), 3: ("ab", "cd")})
    for other in (("ef", "cd"), ("ab", "ef")):
        with pytest.raises(Broken, match="checkpoint 2 is not the one"):
            witness.compare({1: ("ab", "cd"), 2: other})
    with pytest.raises(Broken, match="checkpoint 1 stands"):
        witness.compare({2: ("ab", "cd")})
