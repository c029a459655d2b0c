"""Any instant, any country: open is what a plain table of hours says, and nothing else."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import Channel, Medium, PastContact, Point
from policies.holidays import calendar
from policies.zones import zone
from tests.policies.making import BOOKS, facts, past

#: Written by hand beside the packs: Monday to Friday, Saturday, Sunday, and the calendar that closes.
TABLE: dict[str, tuple[str, str, str, str | None]] = {
    "AU": ("07:30-21:00", "09:00-21:00", "09:00-21:00", "AU"),
    "BR": ("08:00-20:00", "08:00-14:00", "", "BR"),
    "BR-AL": ("08:00-20:00", "08:00-14:00", "", "BR-AL"),
    "BR-AM": ("08:00-19:00", "", "", "BR-AM"),
    "BR-ES": ("08:00-19:00", "", "", "BR-ES"),
    "BR-RJ": ("09:00-19:00", "", "", "BR-RJ"),
    "BR-SP": ("08:00-20:00", "08:00-14:00", "", "BR-SP"),
    "CN": ("08:00-22:00", "08:00-22:00", "08:00-22:00", None),
    "ES": ("09:00-21:00", "09:00-21:00", "09:00-21:00", None),
    "EU": ("08:00-21:00", "08:00-21:00", "08:00-21:00", None),
    "GR": ("09:00-20:00", "", "", "GR"),
    "HK": ("08:00-21:00", "08:00-21:00", "08:00-21:00", None),
    "IE": ("08:00-21:00", "08:00-21:00", "08:00-21:00", None),
    "IN": ("08:00-19:00", "08:00-19:00", "08:00-19:00", None),
    "IT": ("08:30-21:00", "08:30-15:00", "", "IT"),
    "JP": ("08:00-21:00", "08:00-21:00", "08:00-21:00", None),
    "KR": ("08:00-21:00", "08:00-21:00", "08:00-21:00", None),
    "SG": ("08:00-21:00", "08:00-21:00", "08:00-21:00", None),
}
ZONES = {
    "AU": ["Australia/Sydney", "Australia/Perth", "Australia/Adelaide", "Australia/Lord_Howe", "Australia/Darwin"],
    "BR": ["America/Sao_Paulo", "America/Manaus", "America/Noronha", "America/Rio_Branco"],
    "ES": ["Europe/Madrid", "Atlantic/Canary"],
    "EU": ["Europe/Berlin", "Europe/Lisbon", "Atlantic/Azores", "Europe/Helsinki"],
}
#: Where all of the country has one clock.
OWN = {
    "BR-AL": "America/Maceio",
    "BR-AM": "America/Manaus",
    "BR-ES": "America/Sao_Paulo",
    "BR-RJ": "America/Sao_Paulo",
    "BR-SP": "America/Sao_Paulo",
    "CN": "Asia/Shanghai",
    "GR": "Europe/Athens",
    "HK": "Asia/Hong_Kong",
    "IE": "Europe/Dublin",
    "IN": "Asia/Kolkata",
    "IT": "Europe/Rome",
    "JP": "Asia/Tokyo",
    "KR": "Asia/Seoul",
    "SG": "Asia/Singapore",
}
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
seconds = st.integers(0, 4 * 365 * 86_400)
#: Near the edges of hours, where mistakes live.
quarters = st.builds(lambda n, off: n * 900 + off, st.integers(0, 4 * 365 * 96), st.sampled_from([-1, 0, 1]))


def table_is_open(code: str, wall: datetime) -> bool:
    week, saturday, sunday, closing = TABLE[code]
    # The calendar of China is not asked: its holidays are ordinary days.
    if closing and calendar(closing).is_holiday(wall.date()):
        return False
    hours = {5: saturday, 6: sunday}.get(wall.weekday(), week)
    if not hours:
        return False
    opening, end = hours.split("-")
    return opening <= f"{wall:%H:%M}" < end


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, str, datetime]:
    code = draw(st.sampled_from(sorted(TABLE)))
    where = draw(st.sampled_from(ZONES.get(code) or [OWN[code]]))
    return code, where, START + timedelta(seconds=draw(seconds | quarters))


@settings(max_examples=1500, deadline=None)
@given(moments(), st.sampled_from(Channel))
def test_open_is_what_the_table_says(moment: tuple[str, str, datetime], channel: Channel) -> None:
    code, where, at = moment
    known = facts(zones=(where,), channel=channel, point=Point("point", channel))

    decision = decide(known, at, BOOKS[code])

    wall = at.astimezone(zone(where))
    assert (decision.outcome is Outcome.ALLOW) is table_is_open(code, wall)
    opens = decision.next_allowed_at
    assert opens is not None
    assert table_is_open(code, opens.astimezone(zone(where)))
    assert opens - at < timedelta(days=6)


@settings(max_examples=300, deadline=None)
@given(moments(), st.lists(st.integers(0, 40 * 24), max_size=12), st.sampled_from(Channel))
def test_whatever_happened_before_a_contact_falls_into_the_table_and_waits_at_most_a_month(
    moment: tuple[str, str, datetime], hours: list[int], channel: Channel
) -> None:
    code, where, at = moment
    history: tuple[PastContact, ...] = tuple(
        past(at - timedelta(hours=ago), medium=medium) for ago, medium in _mixed(hours)
    )
    known = facts(zones=(where,), channel=channel, point=Point("point", channel), history=history)

    opens = decide(known, at, BOOKS[code]).next_allowed_at

    assert opens is not None
    assert table_is_open(code, opens.astimezone(zone(where)))
    assert opens - at < timedelta(days=31 + 6)


def _mixed(hours: list[int]) -> list[tuple[int, Medium]]:
    media = list(Medium)
    return [(ago, media[place % len(media)]) for place, ago in enumerate(hours)]


def test_the_table_names_every_pack_but_those_of_the_us_and_the_uk() -> None:
    assert set(TABLE) == {code for code in BOOKS if not code.startswith(("US", "UK"))}
