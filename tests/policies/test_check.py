from datetime import date
from pathlib import Path

import pytest

from policies.check import Flaw, Problem, problems
from tests.policies.making import hours, rule

HEAD = 'code = "T"\nname = "Test"\nversion = "2026-11-23"\n'
HOURS = hours("08:00-21:00")


def cap(limit: int, window: str, name: str, more: str = "", counts: str = "contacts", scope: str = "person") -> str:
    text = f'limit = {limit}\nwindow = {{ {window} }}\ncounts = "{counts}"\nscope = "{scope}"\nmedia = ["SMS"]\n{more}'
    return rule("frequency", text, name)


DAY, WEEK, MONTH = 'type = "calendar_day"', 'type = "iso_week"', 'type = "calendar_month"'
SEVEN, MONTH_AND_MORE = 'type = "rolling_days", days = 7', 'type = "rolling_days", days = 31'


def found(folder: Path, text: str, on: date | None = None, **files: str) -> list[Problem]:
    for name, body in {"mine": text, **files}.items():
        (folder / f"{name}.toml").write_text(body, encoding="utf-8")
    return problems(folder, on)


def test_nothing_is_wrong_with_ours() -> None:
    assert problems() == []


def test_a_pack_that_is_in_order_has_no_problems(tmp_path: Path) -> None:
    assert found(tmp_path, HEAD + 'inherits = "HOUSE"\n' + HOURS) == []


@pytest.mark.parametrize(
    ("text", "rule_", "problem"),
    [
        (HEAD + HOURS + "colour = 1", "t.hours", "field colour is not a field"),
        (HEAD + HOURS.replace("HOUSE", "VERIFIED"), "t.hours", "field citation is missing"),
        (HEAD + HOURS.replace('title_zh = "测"\n', ""), "t.hours", "field title_zh is missing"),
        (HEAD + HOURS.replace('id = "t.hours"\n', ""), "number 1", "field id is missing"),
        (HEAD + HOURS + 'enabled = "no"', "t.hours", "field enabled must be a bool"),
        (HEAD + HOURS + "enabled = false\ncolour = 1", "t.hours", "field colour is not a field"),
        (HEAD + HOURS + 'purposes = ["@none"]', "t.hours", "which no pack defines"),
        (HEAD + HOURS + HOURS, "t.hours", "field id is used twice"),
        (HEAD + 'inherits = "HOUSE"\ndrop = ["house.tea"]\n', None, "field drop house.tea is not inherited"),
        (HEAD + 'inherits = "NOWHERE"\n', None, "field inherits NOWHERE names a pack that does not exist"),
        (HEAD + 'inherits = "T"\n', None, "field inherits T comes back to itself"),
        (HEAD + 'time_zone = "Mars/Olympus"\n', None, "no IANA time zone"),
        (
            HEAD + HOURS + "effective_from = 2026-01-02\neffective_to = 2026-01-01",
            "t.hours",
            "is before effective_from",
        ),
        ("code = ", None, "is not TOML"),
    ],
)
def test_what_does_not_load_is_told_with_its_rule(tmp_path: Path, text: str, rule_: str | None, problem: str) -> None:
    first, *others = found(tmp_path, text)

    assert others == []
    assert (first.flaw, first.file, first.rule) == (Flaw.UNREADABLE, "mine.toml", rule_)
    assert problem in first.text


def test_one_mistake_hides_no_other(tmp_path: Path) -> None:
    text = HEAD + hours("25:00-26:00", name="t.one") + HOURS + hours("08:00-08:00", name="t.two")

    told = found(tmp_path, text, broken="code = ")

    assert [(problem.file, problem.rule) for problem in told] == [
        ("broken.toml", None),
        ("mine.toml", "t.one"),
        ("mine.toml", "t.two"),
    ]


def test_two_packs_of_one_code_and_a_folder_that_is_not_there_are_told(tmp_path: Path) -> None:
    [twice] = found(tmp_path, HEAD, other=HEAD)
    [nowhere] = problems(tmp_path / "nothing")

    assert "T is the code of mine.toml too" in str(twice)
    assert "is not a folder" in str(nowhere)


def test_a_problem_reads_as_a_sentence(tmp_path: Path) -> None:
    [problem] = found(tmp_path, HEAD + HOURS + "colour = 1")

    assert str(problem) == "mine.toml, rule t.hours: field colour is not a field of this table"


@pytest.mark.parametrize(
    ("body", "rule_", "flaw", "problem"),
    [
        (HOURS.replace('title_zh = "测"', 'title_zh = "Hours"'), "t.hours", Flaw.UNTITLED, "both languages"),
        (HOURS.replace('title = "T"', 'title = " "'), "t.hours", Flaw.UNTITLED, "both languages"),
        (
            HOURS.replace('confidence = "HOUSE"', 'confidence = "VERIFIED"\ncitation = "Act 1"'),
            "t.hours",
            Flaw.UNSOURCED,
            "where it can be read",
        ),
        (HOURS + 'source = "a friend"', "t.hours", Flaw.UNSOURCED, "no address: a friend"),
        (
            hours("08:00-21:00", name="cn.hours.gbt45251"),
            "cn.hours.gbt45251",
            Flaw.DUPLICATE,
            "another rule in cn.toml",
        ),
        (
            HOURS + 'purposes = ["MARKETING"]\nexempt = ["MARKETING"]',
            "t.hours",
            Flaw.DEAD,
            "applies to no purpose",
        ),
        (cap(1, DAY, "t.cap", 'channels = ["EMAIL"]'), "t.cap", Flaw.DEAD, "counts no medium that it caps"),
        (
            hours("08:00-12:00") + hours("12:00-20:00", name="t.other"),
            None,
            Flaw.CONTRADICTION,
            "t.hours, t.other: there is no hour",
        ),
        (
            hours("mon,tue 08:00-20:00") + hours("sat,sun 08:00-20:00", name="t.other"),
            None,
            Flaw.CONTRADICTION,
            "t.hours, t.other: there is no hour",
        ),
        (
            rule("third_party", 'parties = ["SPOUSE"]\nchannels = ["EMAIL"]\npurposes = ["DUE_REMINDER"]'),
            None,
            Flaw.CLOSED,
            "nobody is ever contacted by EMAIL for DUE_REMINDER: t.rule",
        ),
        (
            rule(
                "closed_place",
                'places = ["MOBILE"]\nchannels = ["SMS"]\npurposes = ["PLAN_OFFER"]\nbound = ["COLLECTOR"]',
            ),
            None,
            Flaw.CLOSED,
            "nobody is ever contacted by SMS for PLAN_OFFER: t.rule",
        ),
        (
            # From a day that has not come yet.
            rule(
                "third_party",
                'parties = ["SPOUSE"]\nchannels = ["SMS"]\npurposes = ["FOLLOW_UP"]\neffective_from = 2027-06-01',
            ),
            None,
            Flaw.CLOSED,
            "nobody is ever contacted by SMS for FOLLOW_UP: t.rule",
        ),
    ],
)
def test_what_loads_may_still_be_wrong(tmp_path: Path, body: str, rule_: str | None, flaw: Flaw, problem: str) -> None:
    [first] = found(tmp_path, HEAD + body)

    assert (first.file, first.rule, first.flaw) == ("mine.toml", rule_, flaw)
    assert problem in first.text


@pytest.mark.parametrize(
    ("strict", "loose"),
    [
        ((1, DAY), (2, DAY)),
        ((2, SEVEN), (2, SEVEN)),
        ((1, SEVEN), (1, DAY)),
        ((3, SEVEN), (3, WEEK)),
        ((9, MONTH_AND_MORE), (10, MONTH)),
        ((2, WEEK), (3, DAY)),
        ((2, MONTH), (2, DAY)),
        ((2, 'type = "rolling_hours", hours = 48'), (2, 'type = "rolling_hours", hours = 24')),
    ],
)
def test_a_cap_behind_a_stricter_one_is_dead(tmp_path: Path, strict: tuple[int, str], loose: tuple[int, str]) -> None:
    text = HEAD + cap(*strict, "t.strict") + cap(*loose, "t.loose")

    [dead] = found(tmp_path, text)

    assert (dead.rule, dead.flaw) == ("t.loose", Flaw.DEAD)
    assert dead.text == "is never reached: t.strict is always full before it"


@pytest.mark.parametrize(
    ("strict", "loose"),
    [
        (cap(1, DAY, "t.strict"), cap(2, SEVEN, "t.loose")),
        (cap(10, 'type = "rolling_days", days = 30', "t.strict"), cap(10, MONTH, "t.loose")),
        (cap(1, DAY, "t.strict", scope="account"), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", counts="conversations"), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", 'channels = ["SMS"]'), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", 'exempt = ["FOLLOW_UP"]'), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", 'exempt_with_evidence = ["CUSTOMER_REPLY"]'), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", 'bound = ["COLLECTOR"]'), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", 'binds = ["BANK"]'), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", 'products = ["CARD"]'), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", 'at_places = ["WORK"]'), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", "effective_from = 2027-01-01"), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", "effective_to = 2027-01-01"), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", 'initiators = ["LENDER"]'), cap(2, DAY, "t.loose")),
        (cap(1, DAY, "t.strict", 'counted_purposes = ["PLAN_OFFER"]'), cap(2, DAY, "t.loose")),
        (cap(1, 'type = "rolling_hours", hours = 240', "t.strict"), cap(2, DAY, "t.loose")),
    ],
)
def test_a_cap_that_is_sometimes_full_first_is_alive(tmp_path: Path, strict: str, loose: str) -> None:
    assert found(tmp_path, HEAD + strict + loose) == []


def test_an_heir_may_narrow_a_cap_that_it_inherits(tmp_path: Path) -> None:
    child = HEAD.replace('"T"', '"T-CITY"') + 'inherits = "T"\n' + cap(1, DAY, "t.city")

    assert found(tmp_path, HEAD + cap(2, DAY, "t.state"), child=child) == []


def test_an_id_may_stand_again_where_a_pack_replaces_what_it_inherits(tmp_path: Path) -> None:
    assert found(tmp_path, HEAD + 'inherits = "CN"\n' + hours("10:00-17:00", name="cn.hours.gbt45251")) == []


def test_hours_that_meet_on_one_day_are_enough(tmp_path: Path) -> None:
    text = HEAD + hours("mon,tue 08:00-20:00") + hours("tue,wed 19:00-21:00", name="t.other")

    assert found(tmp_path, text) == []


def test_a_calendar_that_ends_within_the_horizon_is_told_before_it_fails(tmp_path: Path) -> None:
    closed = hours("08:00-21:00", more='holidays = "closed"\ncalendar = "AU"')

    assert found(tmp_path, HEAD + closed, on=date(2029, 6, 1)) == []
    told = [problem for problem in found(tmp_path, HEAD + closed, on=date(2030, 6, 1)) if problem.file == "mine.toml"]
    assert [(problem.rule, problem.flaw) for problem in told] == [("t.hours", Flaw.CALENDAR)]
    assert told[0].text == "the calendar AU does not cover 2031"


def test_a_day_on_which_no_calendar_has_its_year_is_told_and_not_raised(tmp_path: Path) -> None:
    closed = hours("08:00-21:00", more='holidays = "closed"\ncalendar = "AU"')

    told = {problem.flaw for problem in found(tmp_path, HEAD + closed, on=date(2040, 6, 1))}

    assert told == {Flaw.CALENDAR}
