"""Sentences that a conduct lead of a lender wrote: what collectors say, and what kind agents do.

refused.txt   one a line: no notice may say it
said.txt      a purpose, a tab, and what such a message may say
"""

from pathlib import Path

import pytest

from policies.facts import Purpose
from policies.tone import forbidden

FOLDER = Path(__file__).parent / "conduct"


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("text", lines("refused.txt"))
def test_what_collectors_say_is_refused(text: str) -> None:
    assert list(forbidden(text, Purpose.OVERDUE_REMINDER, discreet=False))


@pytest.mark.parametrize("line", lines("said.txt"))
def test_what_kind_agents_say_is_not(line: str) -> None:
    purpose, text = line.split("\t")

    assert list(forbidden(text, Purpose[purpose], discreet=False)) == []
