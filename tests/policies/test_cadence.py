"""Cadences: which step on which day, and silence only ever slows us down."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import cadence, rulebook
from policies.cadence import After, Happened, Nothing, Notice, Reason, Situation, Step, next_step
from policies.facts import BillStatus, Channel, Purpose
from policies.fields import PackError

OURS = cadence.load()
DUE = date(2026, 1, 15)

DUE_SOON, REMINDER, WARNING, FINAL = cadence.TIERS


def life(*places: str, product: str = "CONSUMER_LOAN", answered: bool = False) -> list[tuple[int, Purpose]]:
    """What is said to whom on which day, over 100 days; every notice arrives."""
    chosen, said = OURS.of(places, product), []
    notices: list[Notice] = []
    for day in range(-10, 91):
        today = DUE + timedelta(days=day)
        heard = (today,) if answered else ()
        found = next_step(OURS, chosen, Situation(DUE, notices=tuple(notices), reactions=heard), today)
        if isinstance(found, Step):
            notices.append(Notice(found.purpose, today, arrived=True, by_person=found.channels == (Channel.CALLBACK,)))
            said.append((day, found.purpose))
    return said


@pytest.mark.parametrize(
    ("places", "product", "silent"),
    [
        (("CN", "HOUSE"), "CONSUMER_LOAN",
         [(-3, DUE_SOON), (4, REMINDER), (15, REMINDER), (29, WARNING), (43, Purpose.PLAN_OFFER)]),
        (("CN", "HOUSE"), "CREDIT_CARD",
         [(-3, DUE_SOON), (7, REMINDER), (18, REMINDER), (32, Purpose.PLAN_OFFER)]),
        (("UK", "HOUSE"), "CONSUMER_LOAN",
         [(-5, DUE_SOON), (4, REMINDER), (15, REMINDER), (35, Purpose.PLAN_OFFER)]),
        (("SG", "HOUSE"), "CONSUMER_LOAN",
         [(-3, DUE_SOON), (3, REMINDER), (11, REMINDER), (25, WARNING), (45, Purpose.PLAN_OFFER)]),
        (("US-NYC", "US", "HOUSE"), "CREDIT_CARD",
         [(-5, DUE_SOON), (5, REMINDER), (16, REMINDER), (30, WARNING), (50, Purpose.PLAN_OFFER)]),
    ],
)  # fmt: skip
def test_a_silent_life(places: tuple[str, ...], product: str, silent: list[tuple[int, Purpose]]) -> None:
    assert life(*places, product=product) == silent


def test_silence_about_other_bills_slows_us_down_too() -> None:
    """Three bills at once: as slow as one, each step about the oldest for which there is one."""
    chosen = OURS.of(("CN", "HOUSE"), "CONSUMER_LOAN")
    said: list[tuple[int, Notice]] = []
    for day in range(4, 60):
        today = DUE + timedelta(days=day)
        for bill in range(3):
            notices = tuple(notice for about, notice in said if about == bill)
            elsewhere = tuple(notice for about, notice in said if about != bill)
            found = next_step(OURS, chosen, Situation(DUE, notices=notices, elsewhere=elsewhere), today)
            if isinstance(found, Step):
                by_person = found.channels == (Channel.CALLBACK,)
                said.append((bill, Notice(found.purpose, today, arrived=True, by_person=by_person)))

    days = [notice.on for _, notice in said]
    spaces = [(later - before).days for before, later in pairwise(days)]
    assert spaces[:4] == [7, 11, 14, 14]
    assert spaces == sorted(spaces)


def test_who_reacts_goes_through_every_tier_at_the_shipped_pace() -> None:
    assert life("SG", "HOUSE", answered=True) == [
        (-3, DUE_SOON), (3, REMINDER), (8, REMINDER), (15, WARNING), (22, WARNING), (32, FINAL),
        (45, Purpose.PLAN_OFFER),
    ]  # fmt: skip


def test_in_the_uk_a_person_offers_a_plan_in_place_of_a_final_notice() -> None:
    assert life("UK", "HOUSE", answered=True) == [
        (-5, DUE_SOON), (4, REMINDER), (11, REMINDER), (21, WARNING), (32, Purpose.PLAN_OFFER),
    ]  # fmt: skip


def test_nothing_stricter_before_the_gentler_arrived() -> None:
    late = Situation(DUE, notices=(Notice(REMINDER, DUE + timedelta(days=3), arrived=False),))

    found = next_step(OURS, OURS.of((), ""), late, DUE + timedelta(days=31))

    assert isinstance(found, Step)
    assert (found.purpose, found.number) == (REMINDER, 2)
    assert found.reason.text("zh") == "较温和的通知（OVERDUE_REMINDER）尚未送达，故先发送。"


def test_a_settled_bill_is_followed_up_once() -> None:
    chosen, paid = OURS.of((), ""), Situation(DUE, status=BillStatus.PAID, happened=(Happened(After.PAYMENT, DUE),))

    found = next_step(OURS, chosen, paid, DUE + timedelta(days=3))
    asked = replace(paid, notices=(Notice(Purpose.FOLLOW_UP, DUE + timedelta(days=3), arrived=True),))

    assert isinstance(found, Step)
    assert found.purpose is Purpose.FOLLOW_UP
    assert isinstance(next_step(OURS, chosen, asked, DUE + timedelta(days=4)), Nothing)
    assert isinstance(next_step(OURS, chosen, paid, DUE + timedelta(days=20)), Nothing)


@pytest.mark.parametrize(
    ("more", "day", "found"),
    [
        ({}, 6, "pause"),
        ({}, 7, "after_plan"),
        ({"elsewhere": (Notice(REMINDER, DUE + timedelta(days=5), arrived=True),)}, 9, "pause"),
        ({"elsewhere": (Notice(REMINDER, DUE + timedelta(days=5), arrived=True),)}, 10, "after_plan"),
        ({"followed_up": -10}, 19, "pause"),
        ({"followed_up": -10}, 20, "after_plan"),
        ({"followed_up": 0}, 20, "bill_closed"),
        ({"unsettled": Reason("hold", {"hold": "COMPLAINT"})}, 7, "hold"),
        ({}, 22, "bill_closed"),
    ],
)
def test_an_agreed_plan_is_asked_about_when_there_is_time_for_it(more: dict[str, Any], day: int, found: str) -> None:
    """Never soon after another contact or another follow-up, and not at all when it would come too late."""
    given: dict[str, Any] = {name: DUE + timedelta(days=on) if isinstance(on, int) else on for name, on in more.items()}
    known = Situation(DUE, status=BillStatus.IN_PLAN, happened=(Happened(After.PLAN, DUE),), **given)

    step = next_step(OURS, OURS.of((), ""), known, DUE + timedelta(days=day))

    assert step.reason.code == found
    assert isinstance(step, Step) is (found == "after_plan")


@pytest.mark.parametrize("what", [After.PROMISE_KEPT, After.PROMISE_BROKEN])
def test_a_notice_waits_for_the_question_after_a_promise(what: After) -> None:
    promised = Situation(DUE, happened=(Happened(what, DUE + timedelta(days=4)),))
    chosen = OURS.of((), "")

    codes = [next_step(OURS, chosen, promised, DUE + timedelta(days=day)).reason.code for day in (5, 6, 13, 14)]

    assert codes == ["pause", f"after_{what.lower()}", f"after_{what.lower()}", "gentler_first"]


@pytest.mark.parametrize(
    ("known", "code"),
    [
        (Situation(DUE, stops=Reason("promise")), "promise"),
        (Situation(DUE, under_way=True), "under_way"),
        (Situation(DUE, status=BillStatus.DISPUTED), "bill_closed"),
        (Situation(DUE, status=BillStatus.WRITTEN_OFF), "bill_closed"),
        (Situation(DUE, elsewhere=(Notice(REMINDER, DUE + timedelta(days=9), arrived=True),)), "pause"),
        (Situation(DUE, notices=(Notice(Purpose.PLAN_OFFER, DUE, arrived=True, by_person=True),)), "over"),
    ],
)
def test_nothing_always_says_why(known: Situation, code: str) -> None:
    found = next_step(OURS, OURS.of((), ""), known, DUE + timedelta(days=10))

    assert isinstance(found, Nothing)
    assert found.reason.code == code
    assert found.reason.text()
    assert found.reason.text("zh")


notices = st.lists(
    st.builds(
        Notice,
        st.sampled_from(cadence.TIERS),
        st.integers(-10, 60).map(lambda day: DUE + timedelta(days=day)),
        st.booleans(),
    ),
    max_size=8,
).map(lambda many: tuple(sorted(many, key=lambda one: one.on)))
days = st.integers(-10, 90).map(lambda day: DUE + timedelta(days=day))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(OURS.all), notices, st.lists(days, max_size=4), st.data(), days)
def test_silence_never_raises_the_pace(
    chosen: cadence.Cadence, said: tuple[Notice, ...], heard: list[date], data: st.DataObject, today: date
) -> None:
    """With some of the reactions taken away there is no step where there was none."""
    fewer = data.draw(st.lists(st.sampled_from(heard), unique=True) if heard else st.just([]))

    loud = next_step(OURS, chosen, Situation(DUE, notices=said, reactions=tuple(heard)), today)
    silent = next_step(OURS, chosen, Situation(DUE, notices=said, reactions=tuple(fewer)), today)

    assert isinstance(loud, Step) or isinstance(silent, Nothing)


@given(st.sampled_from(OURS.all), notices, st.lists(days, max_size=4), st.integers(0, 3), st.integers(0, 3), days)
def test_low_scores_never_raise_the_pace(
    chosen: cadence.Cadence, said: tuple[Notice, ...], heard: list[date], few: int, more: int, today: date
) -> None:
    """With more of them there is no step where there was none, and the same step where there is one."""
    known = Situation(DUE, notices=said, reactions=tuple(heard), low_scores=few)

    before = next_step(OURS, chosen, known, today)
    after = next_step(OURS, chosen, replace(known, low_scores=few + more), today)

    assert after == before or isinstance(after, Nothing)
    assert isinstance(before, Step) or isinstance(after, Nothing)


def test_one_low_score_makes_the_space_half_as_long_again() -> None:
    said = (Notice(REMINDER, DUE + timedelta(days=3), arrived=True),)
    known = Situation(DUE, notices=said, reactions=(DUE + timedelta(days=4),))
    chosen = OURS.of(("*",), "CONSUMER_LOAN")

    def first(low_scores: int) -> int:
        """The day of the next step."""
        there = replace(known, low_scores=low_scores)
        return next(
            day for day in range(4, 40) if isinstance(next_step(OURS, chosen, there, DUE + timedelta(days=day)), Step)
        )

    assert (first(0), first(1)) == (8, 11)


def test_the_pace_only_grows() -> None:
    factors = [OURS.spacing_factor(unanswered) for unanswered in range(10)]

    assert factors == sorted(factors)
    assert factors[:4] == [1.0, 1.0, 1.5, 2.0]


def test_ours_are_as_gentle_as_every_rulebook() -> None:
    cadence.check(OURS, rulebook.load())


GOOD = """
pace = [{ unanswered = 2, factor = 2.0 }]
[[cadences]]
id = "own"
jurisdiction = "UK"
product = "*"
title = "Own"
title_zh = "自有"
confidence = "HOUSE"
hand_over = { day = 30, unanswered = 3, purpose = "FOLLOW_UP" }
follow_ups = [{ after = "PLAN", first_day = 6, last_day = 20, spacing = 4, apart = 30, channels = ["SMS"] }]
[[cadences.tiers]]
purpose = "OVERDUE_REMINDER"
first_day = 3
last_day = 9
times = 1
spacing = 5
channels = ["EMAIL"]
[[cadences.tiers]]
purpose = "OVERDUE_WARNING"
first_day = 10
last_day = 29
times = 1
spacing = 7
channels = ["EMAIL"]
"""


def test_a_lenders_own_file_stands_in_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(GOOD, encoding="utf-8")

    found = cadence.load(tmp_path / "own.toml")

    assert found.of(("UK", "HOUSE"), "X").id == "own"
    assert found.of(("CN", "HOUSE"), "X").id == "cn"
    assert found.spacing_factor(2) == 2.0


@pytest.mark.parametrize(
    ("good", "bad", "field"),
    [
        ("first_day = 3", "first_day = 0", "first_day"),
        ("last_day = 9", "last_day = 2", "last_day"),
        ("times = 1", "times = 0", "times"),
        ("spacing = 5", "spacing = 0", "spacing"),
        ("spacing = 5", 'spacing = "5"', "spacing"),
        ('channels = ["EMAIL"]', "channels = []", "channels"),
        ('channels = ["EMAIL"]', 'channels = ["EMAIL", "EMAIL"]', "channels"),
        ('purpose = "OVERDUE_WARNING"', 'purpose = "MARKETING"', "purpose"),
        ('purpose = "OVERDUE_WARNING"', 'purpose = "OVERDUE_REMINDER"', "tiers"),
        ('purpose = "OVERDUE_WARNING"', 'purpose = "FINAL_NOTICE"', "tiers"),
        ("factor = 2.0", "factor = 0.5", "factor"),
        ('purpose = "FOLLOW_UP"', 'purpose = "FINAL_NOTICE"', "purpose"),
        ("first_day = 10", "first_day = 3", "tiers"),
        ("last_day = 20", "last_day = 29", "last_day"),
        ("last_day = 20", "last_day = 5", "last_day"),
        ("apart = 30", "apart = 0", "apart"),
        ('after = "PLAN"', 'after = "WEEK"', "after"),
        ('after = "PLAN", first_day = 6', 'after = "PLAN", times = 2, first_day = 6', "times"),
        ('title = "Own"', 'titel = "Own"', "title"),
        ('confidence = "HOUSE"', 'confidence = "VERIFIED"', "citation"),
    ],
)
def test_a_bad_file_is_refused_with_the_field(tmp_path: Path, good: str, bad: str, field: str) -> None:
    (tmp_path / "own.toml").write_text(GOOD.replace(good, bad, 1), encoding="utf-8")

    with pytest.raises(PackError) as refused:
        cadence.load(tmp_path / "own.toml")

    assert refused.value.file == "own.toml"
    assert (refused.value.field or "").rpartition(".")[2] == field


@pytest.mark.parametrize(("good", "bad"), [("spacing = 7", "spacing = 2"), ('"UK"', '"NOWHERE"')])
def test_what_is_harsher_than_the_rules_is_refused(tmp_path: Path, good: str, bad: str) -> None:
    (tmp_path / "own.toml").write_text(GOOD.replace(good, bad, 1), encoding="utf-8")

    with pytest.raises(PackError):
        cadence.check(cadence.load(tmp_path / "own.toml"), rulebook.load())
