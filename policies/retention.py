"""How long the record of contacts is kept, per jurisdiction: as data, with citations.

While a legal period runs, an erasure restricts the record to storage (PIPL Art. 47; GDPR Arts. 17(3), 18); when it has
passed, the record's personal data goes.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "retention.toml"

EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class Period:
    """Years from the last contact. `citation` is None for house policy."""

    id: str
    jurisdiction: str
    years: int
    title: str
    title_zh: str
    confidence: str
    citation: str | None = None
    source: str | None = None

    def ends(self, last: datetime) -> datetime:
        """When it has passed, counted from the last contact."""
        year = last.year + self.years
        try:
            return last.replace(year=year)
        except ValueError:  # the 29th of February
            return last.replace(year=year, month=3, day=1)


@cache
def periods() -> Sequence[Period]:
    return tuple(Period(**one) for one in tomllib.loads(FILE.read_text(encoding="utf-8"))["periods"])


def period(jurisdiction: str) -> Period:
    """The longest that binds there: the place's own, or its country's; house policy where there is none."""
    places = (jurisdiction, jurisdiction.partition("-")[0])
    binding = [one for one in periods() if one.jurisdiction in places]
    return max(
        binding or [one for one in periods() if one.jurisdiction == EVERYWHERE],
        key=lambda one: (one.years, one.jurisdiction),
    )


def named(id: str) -> Period:
    return next(one for one in periods() if one.id == id)


def shortest() -> int:
    """Years: no record is let go before."""
    return min(one.years for one in periods())
