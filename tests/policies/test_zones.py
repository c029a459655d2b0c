import zoneinfo
from datetime import UTC, date, datetime

import pytest

from policies.zones import TZ_VERSION, day_start, zone


def test_the_zone_data_is_the_pinned_wheels_and_not_the_systems() -> None:
    assert zoneinfo.TZPATH == ()
    assert TZ_VERSION.startswith("20")


@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        ("Europe/London", date(2026, 3, 29), datetime(2026, 3, 29, tzinfo=UTC)),
        # Midnight does not exist on these days.
        ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, tzinfo=UTC)),
        ("America/Santiago", date(2026, 9, 6), datetime(2026, 9, 6, 4, tzinfo=UTC)),
        # And comes twice on this one.
        ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_day_starts_where_it_starts_there(name: str, day: date, expected: datetime) -> None:
    assert day_start(zone(name), day.toordinal()) == expected
