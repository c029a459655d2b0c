"""Writes the calendars beside it: `python policies/calendars/generate.py`, with the package `holidays` installed.

Only whoever brings the calendars up to date runs this; the gateway reads the files. Years are those that the package
knows, and for China those whose workdays the State Council has published.
"""

from collections.abc import Iterable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
YEARS = range(2025, 2031)
#: Published each November for the year after: what is computed beyond is no more than a guess.
CHINA = range(2025, 2027)
BRAZIL = {
    "AL": "Alagoas",
    "AM": "Amazonas",
    "ES": "Espírito Santo",
    "RJ": "Rio de Janeiro",
    "SP": "São Paulo",
}
STATES = ("ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA")

package: Any = import_module("holidays")


def days(country: str, year: int, subdivision: str | None = None) -> dict[date, str]:
    known = package.country_holidays(country, subdiv=subdivision, years=[year], language="en_US")
    return dict(known.items())


def australia(year: int) -> dict[date, str]:
    """National holidays, and the days in lieu of them that every state and territory keeps."""
    states = [days("AU", year, state) for state in STATES]
    everywhere = {day: name for day, name in states[1].items() if all(day in state for state in states)}
    return everywhere | days("AU", year)


def workdays(year: int) -> dict[date, str]:
    """Weekend days on which China works, to make up for bridges."""
    known = package.country_holidays("CN", years=[year])
    return {day: "Workday" for day in known.weekend_workdays if day.year == year}


def write(code: str, name: str, years: dict[int, dict[date, str]], worked: dict[int, dict[date, str]]) -> None:
    lines = [
        f"# Written by generate.py from the package holidays {package.__version__}: change that, not this.",
        "# A year that has no table here is not covered, and a rule that needs it fails.",
        "",
        f'code = "{code}"',
        f'name = "{name}"',
    ]
    for title, tables in (("holidays", years), ("workdays", worked)):
        for year, entries in tables.items():
            lines += ["", f"[{title}.{year}]", *_lines(entries.items())]
    (HERE / f"{code}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _lines(entries: Iterable[tuple[date, str]]) -> list[str]:
    return [f'{day.isoformat()} = "{name}"' for day, name in sorted(entries)]


def main() -> None:
    for code, name in (("GR", "Greece"), ("IT", "Italy"), ("BR", "Brazil")):
        write(code, f"{name}, national holidays", {year: days(code, year) for year in YEARS}, {})
    write("AU", "Australia, national public holidays", {year: australia(year) for year in YEARS}, {})
    for state, name in BRAZIL.items():
        known = {year: days("BR", year, state) for year in YEARS}
        write(f"BR-{state}", f"{name}, national and state holidays", known, {})
    worked = {year: workdays(year) for year in CHINA}
    write("CN", "China (mainland), holidays and adjusted workdays", {year: days("CN", year) for year in CHINA}, worked)


if __name__ == "__main__":
    main()
