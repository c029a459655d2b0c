"""`gateway rules`: what a person and a program are told."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import cli

RUN = CliRunner()


def test_what_applies_in_a_city_is_listed_with_what_it_inherits_and_where_it_comes_from() -> None:
    done = RUN.invoke(cli, ["rules", "list", "US-NYC", "--json"])

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"us_nyc.freq", "us.hours.regf"} <= {rule["id"] for rule in told}
    assert next(rule for rule in told if rule["id"] == "us_nyc.freq")["citation"] == "6 RCNY 5-77 (SHIELD Rule)"


def test_a_person_gets_a_table_that_cuts_nothing_off() -> None:
    done = RUN.invoke(cli, ["rules", "list", "CN"])

    assert done.exit_code == 0
    assert "…" not in done.stdout
    assert "China (mainland): CN" in done.stdout


def test_one_decision_is_explained_in_the_wanted_language() -> None:
    done = RUN.invoke(cli, ["rules", "explain", "CN", "--at", "2026-11-25T23:30:00+08:00", "--language", "zh"])

    assert done.stdout.startswith("DEFER at 2026-11-25T15:30:00+00:00, first allowed 2026-11-26T00:00:00+00:00")
    assert "客户未撤回同意" in done.stdout


def test_a_program_gets_the_findings() -> None:
    arguments = ["--at", "2026-11-25T22:30:00-05:00", "--zone", "America/New_York", "--zone", "America/Los_Angeles"]
    done = RUN.invoke(cli, ["rules", "explain", "US", *arguments, "--overdue", "5", "--json"])

    told = json.loads(done.stdout)
    assert (told["outcome"], told["next_allowed_at"]) == ("DEFER", "2026-11-26T16:00:00+00:00")
    assert told["findings"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rules", "list", "XX"], "there is no rulebook for it"),
        (["rules", "explain", "CN", "--at", "2026-11-25T23:30:00"], "needs an offset"),
        (["rules", "explain", "CN", "--at", "soon"], "is not a time"),
        (["rules", "explain", "US", "--zone", "America/Nowhere"], "is not the IANA name"),
    ],
)
def test_a_mistake_is_named(arguments: list[str], said: str) -> None:
    done = RUN.invoke(cli, arguments, env={"COLUMNS": "200"})

    assert done.exit_code == 2
    assert said in done.stderr


def test_our_packs_have_no_flaw() -> None:
    done = RUN.invoke(cli, ["rules", "check"])

    assert (done.exit_code, done.stdout) == (0, "nothing is wrong\n")


def test_a_flawed_pack_is_told_and_the_exit_status_says_so(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('code = "BAD"\nname = "Bad"\nversion = "1"\nwrong = 1\n', encoding="utf-8")

    done = RUN.invoke(cli, ["rules", "check", str(tmp_path)])

    assert done.exit_code == 1
    assert "bad.toml" in done.stdout
    assert "wrong" in done.stdout
