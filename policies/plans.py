"""Easier ways to repay: an amount cut into monthly instalments that add up to it exactly. No interest, no fee.

What may be offered is data (`plans.toml`). Amounts are whole minor units at the end, so nothing is lost by rounding:
the first instalments carry what does not divide.
"""

import calendar
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "plans.toml"

_FIELDS = {
    "instalments": list,
    "longest": int,
    "smallest": int,
    "first_days": int,
    "latest_days": int,
}
_SAID = {list: "a list of numbers", int: "a whole number"}
_NARROWING = frozenset({"jurisdiction", "product", "citation", "source"})


class BadPlans(ValueError):
    """A file of offers that must not be used. Says which offer and field."""


@dataclass(frozen=True, slots=True)
class Instalment:
    """One part of a plan. `amount` is in the bill's currency, exact."""

    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered for one product in one jurisdiction; None is not narrowed."""

    instalments: tuple[int, ...]
    longest: int
    smallest: int
    first_days: int
    latest_days: int
    jurisdiction: str | None = None
    product: str | None = None
    citation: str | None = None
    source: str | None = None


class NotThatPlan(ValueError):
    """A plan that cannot be applied for. Says what is wrong with it, and of which instalment (None: of all)."""

    def __init__(self, problem: str, index: int | None = None) -> None:
        self.index = index
        super().__init__(problem)


def offers(file: Path = FILE) -> tuple[Offer, ...]:
    """Read a file of offers strictly. Raises `BadPlans`."""
    try:
        read = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadPlans(f"{file.name}: {error}") from None
    given = read.pop("offers", [])
    if read or not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise BadPlans(f"{file.name}: holds [[offers]], and nothing else")
    found = tuple(_offer(file.name, number, one) for number, one in enumerate(given, 1))
    if not any(one.jurisdiction is None and one.product is None for one in found):
        raise BadPlans(f"{file.name}: must hold an offer without jurisdiction and product, for all others")
    return found


def _offer(file: str, number: int, given: dict[str, Any]) -> Offer:
    where = f"{file}, offer {number}"
    for name in given.keys() - _FIELDS.keys() - _NARROWING:
        raise BadPlans(f"{where}: there is no field {name}")
    for name, kind in _FIELDS.items():
        if not isinstance(given.get(name), kind) or isinstance(given[name], bool):
            raise BadPlans(f"{where}: {name} must be {_SAID[kind]}")
    for name in sorted(_NARROWING & given.keys()):
        if not isinstance(given[name], str):
            raise BadPlans(f"{where}: {name} must be a text")
    numbers = given["instalments"]
    if not numbers or not all(isinstance(one, int) and 2 <= one <= given["longest"] for one in numbers):
        raise BadPlans(f"{where}: instalments must be numbers from 2 to `longest`")
    if not 1 <= given["first_days"] <= given["latest_days"]:
        raise BadPlans(f"{where}: first_days must be at least 1 and no more than latest_days")
    return Offer(**{**given, "instalments": tuple(sorted(numbers))})


def offer(known: Sequence[Offer], jurisdiction: str, product: str) -> Offer:
    """The most specific that fits: place and product, then the place, then the product, then what holds everywhere."""
    places = (jurisdiction, jurisdiction.partition("-")[0])
    fitting = [one for one in known if one.jurisdiction in (None, *places) and one.product in (None, product)]
    return max(fitting, key=lambda one: (len(one.jurisdiction or ""), one.product is not None))


def monthly(first: date, number: int) -> list[date]:
    """The same day of so many months; where a month is shorter, its last day."""
    days = []
    for ahead in range(number):
        year, month = divmod(first.year * 12 + first.month - 1 + ahead, 12)
        last = calendar.monthrange(year, month + 1)[1]
        days.append(date(year, month + 1, min(first.day, last)))
    return days


def split(amount: Decimal, digits: int, days: Sequence[date]) -> tuple[Instalment, ...]:
    """The amount in equal parts, to the minor unit: `digits` after the point. They add up to it exactly."""
    units = int(amount.scaleb(digits))
    each, more = divmod(units, len(days))
    return tuple(Instalment(day, Decimal(each + (index < more)).scaleb(-digits)) for index, day in enumerate(days))


def options(
    amount: Decimal, digits: int, today: date, terms: Offer, a_month: Decimal | None = None
) -> tuple[tuple[Instalment, ...], ...]:
    """The plans that are proposed, the shortest first. `a_month`: what the customer says they can pay each month.

    With it, the shortest plan that they can keep comes first, and nothing is proposed that asks for more.
    """
    if amount <= 0:
        return ()
    numbers = [one for one in terms.instalments if amount / one >= terms.smallest]
    if a_month is not None:
        numbers = [one for one in numbers if amount / one <= a_month]
        needed = int((amount / a_month).to_integral_value(ROUND_CEILING)) if a_month > 0 else terms.longest + 1
        if 2 <= needed <= terms.longest and needed not in numbers:
            numbers.append(needed)
    first = today + timedelta(days=terms.first_days)
    return tuple(split(amount, digits, monthly(first, one)) for one in sorted(numbers))


def check(wanted: Sequence[Instalment], amount: Decimal, digits: int, today: date, terms: Offer) -> None:
    """Whether a customer may apply for this plan of their own. Raises `NotThatPlan`."""
    if not 1 <= len(wanted) <= terms.longest:
        raise NotThatPlan(f"must have 1 to {terms.longest} instalments")
    before = today
    for index, one in enumerate(wanted):
        if one.amount <= 0 or one.amount != round(one.amount, digits):
            raise NotThatPlan("must be more than nothing, in whole minor units of the currency", index)
        if one.due_on <= before:
            raise NotThatPlan("must lie after today and after the instalment before it", index)
        if (one.due_on - before).days > terms.latest_days:
            raise NotThatPlan(f"must lie within {terms.latest_days} days of the one before it", index)
        before = one.due_on
    if sum((one.amount for one in wanted), Decimal(0)) != amount:
        raise NotThatPlan(f"must add up to what is left of the bill, {amount}")
