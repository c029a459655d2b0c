"""Public holidays: which dates are not ordinary days, year by year.

Calendars are data in `calendars/`, generated, because holidays move with the moon and with governments. A year that a
calendar does not cover raises `UncoveredYear` at the decision that needs it: to take it for a year without holidays
would be to call people on Christmas Day.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Self

CALENDARS = Path(__file__).parent / "calendars"


class UncoveredYear(Exception):
    """A decision needs a year that a calendar does not have: the calendar must be brought up to date."""

    def __init__(self, calendar: str, year: int) -> None:
        self.calendar, self.year = calendar, year
        super().__init__(f"the calendar {calendar} does not cover the year {year}")


@dataclass(frozen=True, eq=False)
class Calendar:
    code: str
    name: str
    #: The years that are covered, each with its holidays.
    holidays: Mapping[int, frozenset[date]]
    #: Weekend days that are workdays.
    workdays: frozenset[date]

    @classmethod
    def read(cls, path: Path) -> Self:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        holidays = {int(year): frozenset(map(date.fromisoformat, days)) for year, days in values["holidays"].items()}
        workdays = [date.fromisoformat(day) for days in values.get("workdays", {}).values() for day in days]
        return cls(values["code"], values["name"], holidays, frozenset(workdays))

    def covers(self, year: int) -> bool:
        return year in self.holidays

    def is_holiday(self, day: date) -> bool:
        holidays = self.holidays.get(day.year)
        if holidays is None:
            raise UncoveredYear(self.code, day.year)
        return day in holidays

    def is_workday(self, day: date) -> bool:
        """Whether business is done: a weekday that is no holiday, or a weekend day that makes up for one."""
        return not self.is_holiday(day) and (day.weekday() < 5 or day in self.workdays)


@cache
def calendar(code: str) -> Calendar:
    """The calendar of that code; KeyError if there is none."""
    path = CALENDARS / f"{code}.toml"
    if code not in calendars():
        raise KeyError(code)
    return Calendar.read(path)


@cache
def calendars() -> tuple[str, ...]:
    """The codes of all calendars, in order."""
    return tuple(sorted(path.stem for path in CALENDARS.glob("*.toml")))
