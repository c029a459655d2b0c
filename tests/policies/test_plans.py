"""Plans: exact to the cent, on days that exist, within what is offered."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.plans import BadPlans, Instalment, NotThatPlan, check, monthly, offer, offers, options, split

TODAY = date(2026, 11, 26)
OURS = offers()
HOUSE = offer(OURS, "FR", "CONSUMER_LOAN")
CARD = offer(OURS, "CN", "CREDIT_CARD")

digits_of = st.sampled_from([0, 2, 3])
days_of = st.dates(date(2000, 1, 1), date(2199, 1, 1))


@st.composite
def amounts(draw: st.DrawFn) -> tuple[Decimal, int]:
    digits = draw(digits_of)
    return Decimal(draw(st.integers(1, 10**12))).scaleb(-digits), digits


@given(amounts(), st.integers(1, 60), days_of)
def test_instalments_add_up_to_the_cent_and_differ_by_one_unit_at_most(
    money: tuple[Decimal, int], number: int, first: date
) -> None:
    amount, digits = money

    parts = split(amount, digits, monthly(first, number))

    assert sum(part.amount for part in parts) == amount
    assert max(part.amount for part in parts) - min(part.amount for part in parts) <= Decimal(1).scaleb(-digits)
    assert all(earlier.due_on < later.due_on for earlier, later in pairwise(parts))


@given(amounts(), days_of, st.one_of(st.none(), st.integers(1, 10**10).map(Decimal)))
def test_whatever_is_proposed_may_be_applied_for(
    money: tuple[Decimal, int], today: date, a_month: Decimal | None
) -> None:
    amount, digits = money

    proposed = options(amount, digits, today, HOUSE, a_month)

    for plan in proposed:
        whole = [one for one in plan if one.amount > 0]
        if len(whole) == len(plan):
            check(plan, amount, digits, today, HOUSE)
        assert len(plan) <= HOUSE.longest
        if a_month is not None:
            assert plan[-1].amount <= a_month
    assert [len(plan) for plan in proposed] == sorted({len(plan) for plan in proposed})


def test_a_month_that_is_shorter_gives_its_last_day() -> None:
    assert monthly(date(2027, 1, 31), 4) == [
        date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30),
    ]  # fmt: skip
    assert monthly(date(2027, 11, 30), 4)[-1] == date(2028, 2, 29)


def test_what_the_customer_can_pay_decides_how_many() -> None:
    plans = options(Decimal("1000.00"), 2, TODAY, HOUSE, Decimal(150))

    assert [len(plan) for plan in plans] == [7, 12]
    assert plans[0][0] == Instalment(TODAY + timedelta(days=7), Decimal("142.86"))
    assert options(Decimal("1000.00"), 2, TODAY, HOUSE, Decimal(10)) == ()


def test_yen_and_dinars_have_their_own_minor_units() -> None:
    assert [part.amount for part in split(Decimal(1000), 0, monthly(TODAY, 3))] == [334, 333, 333]
    assert split(Decimal("1.000"), 3, monthly(TODAY, 3))[0].amount == Decimal("0.334")


def test_the_most_specific_offer_is_used() -> None:
    assert (CARD.longest, offer(OURS, "CN", "CONSUMER_LOAN").longest, HOUSE.longest) == (60, 36, 24)
    assert offer(OURS, "US-NYC", "CREDIT_CARD") == HOUSE
    assert CARD.citation is not None


def _plan(*parts: tuple[int, str]) -> list[Instalment]:
    return [Instalment(TODAY + timedelta(days=days), Decimal(amount)) for days, amount in parts]


@pytest.mark.parametrize(
    ("plan", "says", "index"),
    [
        (_plan((10, "50"), (40, "49.99")), "must add up to what is left of the bill, 100.00", None),
        (_plan((0, "100.00")), "must lie after today and after the instalment before it", 0),
        (_plan((10, "50"), (10, "50")), "must lie after today and after the instalment before it", 1),
        (_plan((10, "50"), (90, "50")), "must lie within 45 days of the one before it", 1),
        (_plan((10, "0"), (40, "100")), "must be more than nothing, in whole minor units of the currency", 0),
        (_plan((10, "33.333"), (40, "66.667")), "must be more than nothing, in whole minor units of the currency", 0),
        ([], "must have 1 to 24 instalments", None),
    ],
)
def test_a_plan_that_cannot_be_says_why(plan: list[Instalment], says: str, index: int | None) -> None:
    with pytest.raises(NotThatPlan) as refused:
        check(plan, Decimal("100.00"), 2, TODAY, HOUSE)

    assert (str(refused.value), refused.value.index) == (says, index)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("colour = 1", "there is no field colour"),
        ("smallest = 'x'", "smallest must be a whole number"),
        ("instalments = [99]", "instalments must be numbers from 2 to `longest`"),
        ("jurisdiction = 1", "jurisdiction must be a text"),
        ("first_days = 0", "first_days must be at least 1 and no more than latest_days"),
    ],
)
def test_a_file_of_offers_is_read_strictly(tmp_path: Path, line: str, says: str) -> None:
    given = {"instalments": "[3]", "longest": "24", "smallest": "1", "first_days": "7", "latest_days": "45"}
    name, _, value = line.partition(" = ")
    text = "[[offers]]\n" + "\n".join(f"{key} = {one}" for key, one in {**given, name: value}.items())
    (file := tmp_path / "own.toml").write_text(text)

    with pytest.raises(BadPlans, match="own.toml, offer 1: " + says):
        offers(file)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("offers = 3", r"own.toml: holds \[\[offers\]\], and nothing else"),
        ("offers = [1]", r"own.toml: holds \[\[offers\]\], and nothing else"),
        ("[[offer]]\nlongest = 3", r"own.toml: holds \[\[offers\]\], and nothing else"),
        ("", "own.toml: must hold an offer without jurisdiction and product, for all others"),
        (
            "[[offers]]\nproduct = 'X'\ninstalments = [3]\nlongest = 3\nsmallest = 1\nfirst_days = 1\nlatest_days = 9",
            "own.toml: must hold an offer without jurisdiction and product, for all others",
        ),
        ("[[offers", "own.toml: "),
    ],
)
def test_a_file_of_offers_has_one_for_everybody_and_nothing_else(tmp_path: Path, text: str, says: str) -> None:
    (file := tmp_path / "own.toml").write_text(text)

    with pytest.raises(BadPlans, match=says):
        offers(file)


def test_a_file_of_offers_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPlans, match=r"^none\.toml: "):
        offers(tmp_path / "none.toml")
