"""The periods in which a cap counts: a number for every instant, such that two instants share a period of `width`
exactly if their numbers differ by less than it.

    type            number                       width
    calendar_day    the local date               1
    iso_week        the local week from Monday   1
    calendar_month  the local month              1
    rolling_days    the local date               N
    rolling_hours   microseconds                 N hours
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from policies.fields import Fields
from policies.zones import day_start

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class PeriodType(StrEnum):
    CALENDAR_DAY = "calendar_day"
    ISO_WEEK = "iso_week"
    CALENDAR_MONTH = "calendar_month"
    ROLLING_DAYS = "rolling_days"
    ROLLING_HOURS = "rolling_hours"


@dataclass(frozen=True, slots=True)
class Period:
    type: PeriodType
    #: How many days or hours, for the rolling ones.
    length: int = 1

    @classmethod
    def read(cls, fields: Fields) -> "Period":
        kind = fields.choice("type", PeriodType)
        unit = {PeriodType.ROLLING_DAYS: "days", PeriodType.ROLLING_HOURS: "hours"}.get(kind)
        period = cls(kind, fields.number(unit) if unit else 1)
        fields.done()
        return period

    @property
    def width(self) -> int:
        return self.length * 3600 * 1_000_000 if self.type is PeriodType.ROLLING_HOURS else self.length

    @property
    def reach(self) -> timedelta:
        """More than lies between two instants of one period; two days are added for zones and lost hours."""
        match self.type:
            case PeriodType.ROLLING_HOURS:
                return timedelta(hours=self.length, days=2)
            case PeriodType.ISO_WEEK:
                return timedelta(days=9)
            case PeriodType.CALENDAR_MONTH:
                return timedelta(days=33)
            case PeriodType.CALENDAR_DAY | PeriodType.ROLLING_DAYS:
                return timedelta(days=self.length + 2)

    def number(self, at: datetime, where: ZoneInfo) -> int:
        match self.type:
            case PeriodType.CALENDAR_DAY | PeriodType.ROLLING_DAYS:
                return at.astimezone(where).toordinal()
            case PeriodType.ISO_WEEK:
                # The first of January of the year 1 was a Monday.
                return (at.astimezone(where).toordinal() - 1) // 7
            case PeriodType.CALENDAR_MONTH:
                wall = at.astimezone(where)
                return wall.year * 12 + wall.month - 1
            case PeriodType.ROLLING_HOURS:
                return (at - _EPOCH) // _TICK

    def start(self, number: int, where: ZoneInfo) -> datetime:
        """The first instant with that number."""
        match self.type:
            case PeriodType.CALENDAR_DAY | PeriodType.ROLLING_DAYS:
                return day_start(where, number)
            case PeriodType.ISO_WEEK:
                return day_start(where, number * 7 + 1)
            case PeriodType.CALENDAR_MONTH:
                return day_start(where, date(number // 12, number % 12 + 1, 1).toordinal())
            case PeriodType.ROLLING_HOURS:
                return _EPOCH + number * _TICK
