from pathlib import Path

import pytest

from policies.accounting import PAGE, Account, Status, accounts, page, standing
from policies.decision import Confidence
from tests.policies.making import BOOKS

ACCOUNTS = list(accounts())
STANDING = {(pack.code, one.rule.terms.info.id): one for pack, rules in standing() for one in rules}
IDS = (Path(__file__).parent / "rules_ids.txt").read_text(encoding="utf-8").split()


def of(*statuses: Status) -> list[Account]:
    return [account for account in ACCOUNTS if account.status in statuses]


def test_every_rule_of_the_research_is_accounted_for_once_and_in_its_order() -> None:
    assert [account.id for account in ACCOUNTS] == IDS
    assert len(IDS) == 119


@pytest.mark.parametrize("account", of(Status.IMPLEMENTED, Status.HOUSE), ids=lambda account: account.id)
def test_what_is_said_to_be_applied_stands_in_its_pack_and_is_asked(account: Account) -> None:
    assert account.rules
    for pack, rule in account.rules:
        written = STANDING[pack, rule]
        assert written.enabled
        house = written.rule.terms.info.confidence is Confidence.HOUSE
        assert house or account.status is Status.IMPLEMENTED
        if pack in BOOKS:
            assert rule in {known.terms.info.id for known in BOOKS[pack].rules}


@pytest.mark.parametrize("account", of(Status.IMPLEMENTED), ids=lambda account: account.id)
def test_what_is_implemented_is_law_and_not_only_our_own(account: Account) -> None:
    known = [STANDING[pair].rule.terms.info for pair in account.rules]

    assert any(info.citation and info.confidence is not Confidence.HOUSE for info in known)


@pytest.mark.parametrize("account", of(Status.HOUSE), ids=lambda account: account.id)
def test_house_policy_is_marked_so_in_its_pack(account: Account) -> None:
    assert {STANDING[pair].rule.terms.info.confidence for pair in account.rules} == {Confidence.HOUSE}


@pytest.mark.parametrize("account", of(Status.OFF, Status.ELSEWHERE), ids=lambda account: account.id)
def test_what_is_not_applied_says_why_or_where(account: Account) -> None:
    assert account.why
    for pair in account.rules:
        assert account.status is Status.OFF
        assert not STANDING[pair].enabled


def test_what_is_off_in_a_pack_is_accounted_for_as_off() -> None:
    off = {rule for (_, rule), one in STANDING.items() if not one.enabled}

    assert off == {rule for account in of(Status.OFF) for _, rule in account.rules}


def test_every_rule_of_law_in_a_pack_comes_from_the_research() -> None:
    told = {pair for account in ACCOUNTS for pair in account.rules}
    law = {pair for pair, one in STANDING.items() if one.rule.terms.info.confidence is not Confidence.HOUSE}

    assert law - told <= {
        # The same texts say this too: CONC 7.9.4R is uk.hours.conc in the research.
        ("UK", "uk.wishes.conc"),
        ("UK", "uk.consent.conc"),
    }


def test_the_page_of_rules_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m policies.accounting`"


def test_a_pipe_in_a_title_does_not_break_the_table() -> None:
    rows = [line for line in page().splitlines() if line.startswith("|")]

    assert {line.count(" | ") for line in rows} == {3, 7}
