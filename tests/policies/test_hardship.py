from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import hardship
from policies.fields import PackError
from policies.hardship import (
    NOTHING,
    Assessment,
    HardshipLevel,
    Owed,
    Paid,
    Promised,
    Signal,
    SignalKind,
    assess,
    seen,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
SCALE = hardship.load()


def assessed(*signals: Signal, now: datetime = NOON) -> Assessment:
    return assess(signals, now, SHANGHAI, SCALE)


def ago(days: float, kind: SignalKind = SignalKind.JOB_LOSS) -> Signal:
    return Signal(kind, NOON - timedelta(days=days))


def paid(amount: str, day: int, bill: str = "b", reference: str | None = None, month: int = 11) -> Paid:
    at = datetime(2026, month, day, 4, tzinfo=UTC)
    return Paid(bill, reference or f"{bill} {month} {day}", Decimal(amount), "CNY", at)


def test_nothing_is_nothing() -> None:
    assert assessed() == NOTHING


@pytest.mark.parametrize(
    ("kind", "en", "zh", "level"),
    [
        ("JOB_LOSS", "Work was lost (2026-11-20): 50 points until 2027-05-19.",
         "失去工作（2026-11-20）：计50分，至2027-05-19。", "OFFER_PLAN"),
        ("ILLNESS", "Illness or an accident (2026-11-20): 50 points until 2027-05-19.",
         "生病或意外（2026-11-20）：计50分，至2027-05-19。", "OFFER_PLAN"),
        ("FAMILY_LOSS", "A death or a separation in the family (2026-11-20): 40 points until 2027-05-19.",
         "家人离世或离异（2026-11-20）：计40分，至2027-05-19。", "OFFER_PLAN"),
        ("INCOME_FELL", "Income has fallen (2026-11-20): 40 points until 2027-03-20.",
         "收入下降（2026-11-20）：计40分，至2027-03-20。", "OFFER_PLAN"),
        ("WROTE_OF_HARDSHIP", "A message said that paying is hard (2026-11-20): 40 points until 2027-02-18.",
         "来信表示还款困难（2026-11-20）：计40分，至2027-02-18。", "OFFER_PLAN"),
        ("SPENDING_CHANGED", "Spending has changed (2026-11-20): 20 points until 2027-02-18.",
         "消费情况变化（2026-11-20）：计20分，至2027-02-18。", "NONE"),
        ("OTHER", "The customer told us of a difficulty (2026-11-20): 20 points until 2027-02-18.",
         "客户告知其他困难（2026-11-20）：计20分，至2027-02-18。", "NONE"),
        ("MISSED_THEN_PARTIAL", "A due date passed, and then only a part was paid (2026-11-20): 25 points until "
         "2027-02-18.", "逾期后只偿还了一部分（2026-11-20）：计25分，至2027-02-18。", "NONE"),
        ("SHRINKING_PAYMENTS", "Three payments in a row, each smaller than the one before (2026-11-20): 20 points until"
         " 2027-02-18.", "连续三笔还款逐笔减少（2026-11-20）：计20分，至2027-02-18。", "NONE"),
        ("BROKEN_PROMISE", "A promised day passed before all that was promised was paid (2026-11-20): 20 points until"
         " 2027-02-18.",
         "承诺还款日已过而未足额还款（2026-11-20）：计20分，至2027-02-18。", "NONE"),
    ],
)  # fmt: skip
def test_each_reason_says_what_it_is_in_both_languages(kind: str, en: str, zh: str, level: str) -> None:
    one = assessed(ago(4, SignalKind(kind)))

    assert [(reason.en, reason.zh) for reason in one.reasons] == [(en, zh)]
    assert one.level == level


def test_every_kind_has_a_case_above() -> None:
    [mark] = test_each_reason_says_what_it_is_in_both_languages.pytestmark  # type: ignore[attr-defined]

    assert {case[0] for case in mark.args[1]} == set(SignalKind)


def test_the_score_is_the_sum_of_its_reasons_the_weightiest_first() -> None:
    one = assessed(ago(3, SignalKind.SPENDING_CHANGED), ago(2), ago(1, SignalKind.MISSED_THEN_PARTIAL))

    assert (one.score, one.level) == (95, HardshipLevel.CALL)
    assert [reason.points for reason in one.reasons] == [50, 25, 20]


def test_a_score_is_cut_off_at_a_hundred() -> None:
    one = assessed(ago(1), ago(1, SignalKind.ILLNESS), ago(1, SignalKind.FAMILY_LOSS))

    assert (one.score, sum(reason.points for reason in one.reasons)) == (100, 140)


def test_a_kind_counts_as_often_as_it_may_and_the_latest_of_it() -> None:
    one = assessed(ago(9), ago(2), ago(5))

    assert [reason.at for reason in one.reasons] == [ago(2).at]
    assert len(assessed(*(ago(day, SignalKind.OTHER) for day in range(5))).reasons) == 2


@pytest.mark.parametrize(("days", "score"), [(179.99, 50), (180, 0)])
def test_a_signal_counts_for_its_days_and_no_longer(days: float, score: int) -> None:
    assert assessed(ago(days)).score == score


@pytest.mark.parametrize(("score", "level"), [(39, "NONE"), (40, "OFFER_PLAN"), (79, "OFFER_PLAN"), (80, "CALL")])
def test_the_edges_of_the_levels_are_exact(score: int, level: str) -> None:
    assert SCALE.level(score) == level


SIGNALS = st.lists(st.builds(ago, st.floats(0, 400), st.sampled_from(SignalKind)), max_size=30)


@given(SIGNALS, SIGNALS)
def test_more_signals_never_lower_the_score(some: list[Signal], more: list[Signal]) -> None:
    before, after = assessed(*some), assessed(*some, *more)

    assert after.score >= before.score
    assert after.level.rank >= before.level.rank


@given(SIGNALS)
def test_the_score_is_explained_by_its_reasons(some: list[Signal]) -> None:
    one = assessed(*some)

    assert one.score == min(100, sum(reason.points for reason in one.reasons))


# --- payments -------------------------------------------------------------------------------------------------------

BILL = Owed("b", date(2026, 11, 10), Decimal(100))


def kinds(*payments: Paid, owed: Owed = BILL, promised: tuple[Promised, ...] = ()) -> list[str]:
    return [one.kind for one in seen([owed], payments, promised, SHANGHAI)]


@pytest.mark.parametrize(
    ("payments", "is_seen"),
    [
        ([], False),
        ([("40", 9)], False),  # partly paid before the day
        ([("40", 10)], False),  # on the day is not late
        ([("40", 11)], True),
        ([("100", 11)], False),  # late, but all of it
        ([("40", 9), ("60", 11)], False),
        ([("40", 11), ("60", 12)], True),  # it did come in parts
    ],
)
def test_a_due_date_that_passed_and_then_a_part(payments: list[tuple[str, int]], is_seen: bool) -> None:
    assert kinds(*(paid(*one) for one in payments)) == (["MISSED_THEN_PARTIAL"] if is_seen else [])


def test_the_day_after_the_due_date_begins_by_the_customers_calendar() -> None:
    late = datetime(2026, 11, 10, 16, tzinfo=UTC)  # midnight in Shanghai

    for at, number in ((late - timedelta(seconds=1), 0), (late, 1)):
        assert len(kinds(Paid("b", "r", Decimal(40), "CNY", at))) == number


@pytest.mark.parametrize(
    ("amounts", "is_seen"),
    [("30 20", False), ("30 20 10", True), ("30 30 20", False), ("10 20 30", False), ("30 20 10 50", True)],
)
def test_three_payments_each_smaller_than_the_one_before(amounts: str, is_seen: bool) -> None:
    payments = [paid(amount, 1 + place, month=10) for place, amount in enumerate(amounts.split())]

    assert kinds(*payments) == (["SHRINKING_PAYMENTS"] if is_seen else [])


def test_one_payment_on_three_bills_is_one_payment() -> None:
    parts = [
        paid(amount, 1, bill, "one transfer", month=10) for bill, amount in zip("xyz", ("30", "20", "10"), strict=True)
    ]

    assert kinds(*parts) == []


@pytest.mark.parametrize(("day", "is_broken", "is_seen"), [(None, False, True), (3, False, False), (3, True, True)])
def test_a_promise_is_broken_when_nothing_came_or_the_lender_says_so(
    day: int | None, is_broken: bool, is_seen: bool
) -> None:
    promise = Promised(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC), is_broken)
    payments = [] if day is None else [paid("100", day)]

    assert kinds(*payments, promised=(promise,)) == (["BROKEN_PROMISE"] if is_seen else [])


# --- words and the file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I lost my job", "JOB_LOSS"),
        ("I\N{RIGHT SINGLE QUOTATION MARK}m sick", "ILLNESS"),
        ("我失业了", "JOB_LOSS"),
        ("我住院了", "ILLNESS"),
        ("this is difficult", "WROTE_OF_HARDSHIP"),  # no icu in it
        ("公司拖欠工资", "INCOME_FELL"),
        ("My father passed away", "FAMILY_LOSS"),
        ("实在还不起", "WROTE_OF_HARDSHIP"),
    ],
)
def test_what_kind_of_hardship_words_are_about(text: str, kind: str) -> None:
    assert SCALE.kind_of(text) == kind


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("call = 80", "call = 40", "more than offer_plan"),
        ("call = 80", "call = 101", "at most 100"),
        ("weight = 50", "weight = 0", "at least 1"),
        ('kind = "ILLNESS"', 'kind = "JOB_LOSS"', "stands here twice"),
        ('kind = "ILLNESS"', 'kind = "LAZINESS"', "must be one of"),
        ("most = 1", "most = 1\nmood = 1", "is not a field"),
        ("offer_plan = 40", "", "is missing"),
        ("offer_plan = 40", "offer_plan =", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_is_not_used(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "hardship.toml"
    file.write_text(hardship.FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    with pytest.raises(PackError, match=said):
        hardship.load(file)


def test_a_file_without_a_kind_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "hardship.toml"
    whole = hardship.FILE.read_text(encoding="utf-8")
    file.write_text(whole[: whole.rindex("[[signals]]")], encoding="utf-8")

    with pytest.raises(PackError, match="says nothing of BROKEN_PROMISE"):
        hardship.load(file)
