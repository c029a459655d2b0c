import re
from pathlib import Path
from string import Formatter

import pytest

import policies
from gateway import campaigns
from policies import cadence
from policies.counting import Scope
from policies.decision import Reason
from policies.engine import decide
from policies.facts import BillStatus, Channel, HoldKind, Party, Place, Purpose
from policies.periods import PeriodType
from policies.reasons import say
from policies.words import SENTENCES, WORDS
from tests.policies.making import BOOKS, NEW_YORK, facts, instant, past

FOLDER = Path(next(iter(policies.__path__)))
#: A cadence has sentences of its own.
SOURCES = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py") if path.name != "cadence.py"]
#: Where the package makes a reason: Reason("code") or defer(until, wall, "code").
MADE = {code for text in SOURCES for code in re.findall(r'(?:Reason\(|defer\([^"]*?)"([a-z_]+)"', text)} | {
    "no_contact_point",
    "not_wanted_yet",
}


def test_every_code_that_the_package_uses_has_its_sentence_and_no_other() -> None:
    assert set(SENTENCES) == MADE


def test_every_code_of_a_cadence_has_its_sentence_and_no_other() -> None:
    texts = [(FOLDER / "cadence.py").read_text(encoding="utf-8"), Path(campaigns.__file__).read_text(encoding="utf-8")]
    made = {code for text in texts for code in re.findall(r'Reason\("([a-z_]+)"', text)}
    made |= {f"after_{one.lower()}" for one in cadence.After}

    # What a campaign's page says of a contact that was not made is chosen there.
    assert made | {"under_way", "unacceptable"} == set(cadence.SENTENCES)


@pytest.mark.parametrize("code", SENTENCES)
def test_both_languages_speak_of_the_same_things(code: str) -> None:
    english, chinese = SENTENCES[code]

    assert english.endswith(".")
    assert chinese.endswith("。")
    assert _names(english) == _names(chinese)


def _names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("channel", Channel),
        ("purpose", Purpose),
        ("party", Party),
        ("place", Place),
        ("hold", HoldKind),
        ("status", BillStatus),
        ("scope", Scope),
        ("period", PeriodType),
    ],
)
def test_every_value_has_its_word(field: str, values: type) -> None:
    assert set(WORDS[field]) - {None} == {value.value for value in values}  # type: ignore[attr-defined]


def test_an_instant_is_told_on_the_customers_wall_with_its_zone() -> None:
    decision = decide(facts(zones=(NEW_YORK,)), instant("2026-11-23T23:30-05:00"), BOOKS["US"])
    reason = decision.findings[0].verdict.reason

    assert say(reason, "en") == ("It is outside the contact hours, which open at 2026-11-24 08:00 (America/New_York).")
    assert say(reason, "zh-CN") == "当前不在可联系时段，2026年11月24日08:00（America/New_York）起可联系。"


def test_a_cap_is_told_with_its_numbers() -> None:
    decision = decide(facts(history=(past("2026-11-23T09:00+08:00"),)), instant("2026-11-23T12:00+08:00"), BOOKS["CN"])
    reason = decision.findings[0].verdict.reason

    assert say(reason, "en-GB") == (
        "1 of 1 contacts in a day are used for this customer; "
        "the next is possible from 2026-11-24 00:00 (Asia/Shanghai)."
    )
    assert say(reason, "ZH") == "该客户每日上限1次，已用1次；2026年11月24日00:00（Asia/Shanghai）起可再次联系。"


def test_consent_is_told_with_its_scope_and_without_ids() -> None:
    scope = {"at": "2026-11-22T12:00:00+00:00", "channel": "SMS", "point": "0192", "purpose": None}

    assert say(Reason("consent_withdrawn", scope), "en") == (
        "The customer withdrew consent on 2026-11-22 for text messages, this address and every purpose."
    )
    assert (
        say(Reason("consent_withdrawn", scope), "zh")
        == "客户已于2026年11月22日撤回同意，范围：短信、该联系方式、所有用途。"
    )


def test_a_reason_from_another_version_is_told_by_its_code() -> None:
    assert say(Reason("full_moon"), "en") == "full_moon"
