"""What must hold for every zone, date, history and wish."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import (
    Channel,
    Facts,
    Hold,
    HoldKind,
    Initiator,
    Medium,
    PastContact,
    Point,
    Promise,
    PromiseStatus,
    Purpose,
    Reach,
    WindowEffect,
    Wish,
)
from policies.rulebook import Rulebook
from policies.zones import day_start, zone
from tests.policies.making import BOOKS, book, facts, hours

#: All but the files of the database that are no places.
ZONES = sorted(name for name in available_timezones() if name not in ("Factory", "localtime") and "posix" not in name)
SECOND = timedelta(seconds=1)
START = datetime(2026, 1, 1, tzinfo=UTC)

zones = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(tuple)
instants = st.integers(0, 2 * 366 * 86_400).map(lambda seconds: START + seconds * SECOND)
nearby = st.integers(-20 * 24 * 12, 5 * 24 * 12)
clocks = st.sampled_from(["00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "08:00", "12:15", "21:00", "23:59"])

#: Odd hours that meet the hours at which clocks change.
odd = hours("mon,wed,fri,sun 00:30-02:30", "tue,thu 23:30-01:30", "sat 02:30-03:15", more='override = ["agreed_hours"]')
RULEBOOKS = {**BOOKS, "odd": book(odd)}


@st.composite
def histories(draw: st.DrawFn, at: datetime) -> tuple[PastContact, ...]:
    """Contacts around `at`; what lies ahead of it is reserved."""
    events = []
    for minutes in draw(st.lists(nearby, max_size=8)):
        reach = Reach.RESERVED if minutes > 0 else draw(st.sampled_from(Reach))
        medium = draw(st.sampled_from([Medium.SMS, Medium.EMAIL, Medium.VOICE]))
        events.append(PastContact(at + timedelta(minutes=5 * minutes), medium, reach, accounts=frozenset({"loan"})))
    return tuple(events)


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    return Wish(
        draw(st.sampled_from(WindowEffect)),
        time.fromisoformat(draw(clocks)),
        time.fromisoformat(draw(clocks)),
        frozenset(draw(st.sets(st.integers(0, 6), min_size=1))),
        zone=draw(st.none() | st.sampled_from(ZONES)),
    )


Case = tuple[Facts, datetime, str]


def _opened(case: Case) -> tuple[Facts, datetime, Rulebook]:
    known, at, name = case
    return known, at, RULEBOOKS[name]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    at = draw(instants)
    channel = draw(st.sampled_from(Channel))
    holds = st.builds(
        Hold,
        kind=st.just(HoldKind.DISPUTE),
        starts=nearby.map(lambda n: at + timedelta(hours=n)),
        ends=st.integers(1, 50).map(lambda n: at + timedelta(hours=n)),
    )
    promises = st.builds(
        Promise,
        pay_by=st.integers(-2, 9).map(lambda n: (at + timedelta(days=n)).date()),
        status=st.just(PromiseStatus.OPEN),
        made_at=st.just(at - timedelta(days=3)),
    )
    known = facts(
        channel=channel,
        purpose=draw(st.sampled_from([Purpose.OVERDUE_REMINDER, Purpose.PLAN_OFFER, Purpose.FOLLOW_UP])),
        point=Point("point", channel),
        zones=draw(zones),
        history=draw(histories(at)),
        holds=tuple(draw(st.lists(holds, max_size=2))),
        promises=tuple(draw(st.lists(promises, max_size=1))),
        wishes=tuple(draw(st.lists(wishes(), max_size=2))),
        not_before=draw(st.none() | nearby.map(lambda n: at + timedelta(minutes=n))),
        expires_at=draw(st.none() | st.integers(1, 200).map(lambda n: at + timedelta(hours=n))),
    )
    return known, at, draw(st.sampled_from(sorted(RULEBOOKS)))


@settings(max_examples=400, deadline=None)
@given(cases())
def test_a_deferral_allows_at_its_instant_and_not_a_second_before(case: Case) -> None:
    known, at, rulebook = _opened(case)

    decision = decide(known, at, rulebook)

    if decision.outcome is Outcome.DEFER:
        opens = decision.next_allowed_at
        assert opens is not None
        assert opens > at
        assert decide(known, opens, rulebook).outcome is Outcome.ALLOW
        if opens - SECOND >= at:
            assert decide(known, opens - SECOND, rulebook).outcome is not Outcome.ALLOW
        middle = at + (opens - at) / 2
        assert decide(known, middle, rulebook).next_allowed_at == opens


@settings(max_examples=300, deadline=None)
@given(cases())
def test_an_open_window_stays_open_until_it_closes(case: Case) -> None:
    known, at, rulebook = _opened(case)

    decision = decide(known, at, rulebook)

    if decision.outcome is Outcome.ALLOW and decision.closes_at is not None:
        closes = decision.closes_at
        assert decide(known, closes, rulebook).outcome is not Outcome.ALLOW
        for instant in (closes - SECOND, at + (closes - at) / 2):
            if instant >= at:
                assert decide(known, instant, rulebook).outcome is Outcome.ALLOW


@settings(max_examples=300, deadline=None)
@given(zones, instants)
def test_nothing_is_allowed_while_a_window_is_closed_in_some_zone(names: tuple[str, ...], at: datetime) -> None:
    decision = decide(facts(zones=names), at, BOOKS["US"])

    walls = [at.astimezone(zone(name)).time() for name in names]
    assert (decision.outcome is Outcome.ALLOW) is all(time(8) <= wall < time(21) for wall in walls)


@settings(max_examples=200, deadline=None)
@given(cases(), st.sampled_from(ZONES))
def test_a_second_zone_never_allows_more(case: Case, another: str) -> None:
    known, at, rulebook = _opened(case)
    # Agreed hours without a zone are agreed on every wall: that is another agreement, not another zone.
    more = {name: getattr(known, name) for name in Facts.__slots__} | {"zones": (*known.zones, another)}

    one = decide(known, at, rulebook).next_allowed_at
    two = decide(Facts(**more), at, rulebook).next_allowed_at

    assert two is None or (one is not None and one <= two)


@settings(max_examples=200, deadline=None)
@given(cases(), st.data())
def test_more_contacts_by_the_lender_never_allow_earlier(case: Case, data: st.DataObject) -> None:
    known, at, rulebook = _opened(case)
    added = tuple(event for event in data.draw(histories(at)) if event.initiator is not Initiator.CUSTOMER)
    more = {name: getattr(known, name) for name in Facts.__slots__} | {"history": (*known.history, *added)}

    less, much = (
        decide(Facts(**facts_), at, rulebook).next_allowed_at for facts_ in ({**more, "history": known.history}, more)
    )

    assert much is None or (less is not None and less <= much)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ZONES), st.integers(0, 1500))
def test_a_day_starts_where_the_wall_first_shows_it(name: str, days: int) -> None:
    where, day = zone(name), START.toordinal() + days

    start = day_start(where, day)

    assert start.astimezone(where).toordinal() == day
    assert (start - SECOND).astimezone(where).toordinal() < day
