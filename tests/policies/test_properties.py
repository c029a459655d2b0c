"""What must hold for every pack, zone, date, history and wish."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import available_timezones

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from policies.decision import Defer, Outcome, Refuse
from policies.engine import HORIZON, decide
from policies.facts import (
    Account,
    Channel,
    Consent,
    ConsentStatus,
    Facts,
    Hold,
    HoldKind,
    Initiator,
    LenderKind,
    LenderRole,
    Medium,
    Party,
    PastContact,
    Place,
    Point,
    Promise,
    PromiseStatus,
    Purpose,
    Reach,
    WindowEffect,
    Wish,
)
from policies.quiet_hours import QuietHours
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


purposes = st.sampled_from(
    [
        Purpose.OVERDUE_REMINDER,
        Purpose.OVERDUE_WARNING,
        Purpose.PLAN_OFFER,
        Purpose.FOLLOW_UP,
        Purpose.CUSTOMER_REPLY,
        Purpose.PAYMENT_RECEIPT,
        Purpose.MARKETING,
    ]
)


@st.composite
def ledgers(draw: st.DrawFn, at: datetime, channel: Channel) -> tuple[Consent, ...]:
    """Mostly a grant of the medium, which some cities ask for; now and then a direct one, or a stop.

    None of later: what lies ahead is not on record (`recordConsent` refuses it), and nobody waits for it.
    """
    general = Consent(ConsentStatus.GRANTED, at - timedelta(days=50), channel=channel)
    entries = st.builds(
        Consent,
        status=st.sampled_from([ConsentStatus.GRANTED, ConsentStatus.GRANTED, ConsentStatus.WITHDRAWN]),
        at=st.integers(0, 20 * 24 * 12).map(lambda minutes: at - timedelta(minutes=5 * minutes)),
        channel=st.none() | st.sampled_from(Channel),
        point=st.sampled_from([None, "point", "other"]),
        purpose=st.none() | purposes,
    )
    later = draw(st.lists(entries, max_size=2))
    return (general, *sorted(later, key=lambda entry: entry.at))


@st.composite
def histories(draw: st.DrawFn, at: datetime) -> tuple[PastContact, ...]:
    """Contacts around `at`; what lies ahead of it is reserved."""
    events = []
    for minutes in draw(st.lists(nearby, max_size=8)):
        reach = Reach.RESERVED if minutes > 0 else draw(st.sampled_from(Reach))
        medium = draw(st.sampled_from([Medium.SMS, Medium.EMAIL, Medium.VOICE, Medium.AI_VOICE]))
        when, place = at + timedelta(minutes=5 * minutes), draw(st.sampled_from([None, Place.MOBILE, Place.WORK]))
        who = draw(st.sampled_from([Initiator.LENDER, Initiator.AGENCY]))
        events.append(
            PastContact(
                when, medium, reach, who, draw(purposes), frozenset({"loan"}), "point", place=place, bill="bill"
            )
        )
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


parties = st.sampled_from([Party.CUSTOMER] * 6 + [Party.SPOUSE, Party.REPRESENTATIVE])
accounts = st.none() | st.builds(
    Account,
    id=st.just("loan"),
    product=st.sampled_from(["CONSUMER_LOAN", "CREDIT_CARD"]),
    role=st.sampled_from(LenderRole),
    in_collection_procedures=st.booleans(),
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
        kind=st.sampled_from([HoldKind.DISPUTE, HoldKind.DISPUTE, HoldKind.REPRESENTED]),
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
        purpose=draw(purposes),
        point=Point("point", channel, draw(parties), draw(st.sampled_from(Place)), draw(st.booleans())),
        account=draw(accounts),
        consents=draw(ledgers(at, channel)),
        evidence=draw(st.booleans()),
        awaited=draw(st.booleans()),
        lender=frozenset(draw(st.sets(st.sampled_from(LenderKind), max_size=2))),
        zones=draw(zones),
        history=draw(histories(at)),
        holds=tuple(draw(st.lists(holds, max_size=2))),
        promises=tuple(draw(st.lists(promises, max_size=1))),
        wishes=tuple(draw(st.lists(wishes(), max_size=2))),
        not_before=draw(st.none() | nearby.map(lambda n: at + timedelta(minutes=n))),
        expires_at=draw(st.none() | st.integers(1, 200).map(lambda n: at + timedelta(hours=n))),
    )
    return known, at, draw(st.sampled_from(sorted(RULEBOOKS)))


@settings(max_examples=250, deadline=None)
@given(cases())
def test_rules_that_are_not_asked_again_would_say_the_same(case: Case) -> None:
    """The engine against one that asks every rule again at every instant."""
    known, at, rulebook = _opened(case)

    decision = decide(known, at, rulebook)

    opens = at
    verdicts = [found.verdict for found in decide(known, opens, rulebook).findings]
    while (until := max((v.until for v in verdicts if isinstance(v, Defer)), default=opens)) > opens:
        opens = until
        verdicts = [found.verdict for found in decide(known, opens, rulebook).findings]
        if opens - at > HORIZON:
            break
    refused = any(isinstance(verdict, Refuse) for verdict in verdicts)
    assert decision.next_allowed_at == (None if refused or opens - at > HORIZON else opens)


@settings(max_examples=250, deadline=None)
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


@settings(max_examples=200, deadline=None)
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


@settings(max_examples=200, deadline=None)
@given(zones, instants)
def test_nothing_is_allowed_while_a_window_is_closed_in_some_zone(names: tuple[str, ...], at: datetime) -> None:
    decision = decide(facts(zones=names), at, BOOKS["US"])

    walls = [at.astimezone(zone(name)).time() for name in names]
    assert (decision.outcome is Outcome.ALLOW) is all(time(8) <= wall < time(21) for wall in walls)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_no_pack_allows_anything_in_hours_that_it_closes(case: Case) -> None:
    """But by agreement; what a rule exempts, it is not asked about."""
    known, at, rulebook = _opened(case)
    at = decide(known, at, rulebook).next_allowed_at or at

    decision = decide(known, at, rulebook)

    asked = {found.rule.id for found in decision.findings}
    agreed = any(wish.effect is WindowEffect.ALSO_ALLOW for wish in known.wishes)
    if decision.outcome is Outcome.ALLOW and not agreed:
        for rule in rulebook.rules:
            if isinstance(rule, QuietHours) and rule.terms.info.id in asked:
                walls = [at.astimezone(zone(name)) for name in decision.zones]
                assert all(rule.hours.shows(wall) for wall in walls)


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
    """Graded tiers apart: a warning waits for the reminder."""
    known, at, rulebook = _opened(case)
    assume(known.purpose is not Purpose.OVERDUE_WARNING)
    added = tuple(event for event in data.draw(histories(at)) if event.initiator is not Initiator.CUSTOMER)
    more = {name: getattr(known, name) for name in Facts.__slots__} | {"history": (*known.history, *added)}

    less, much = (
        decide(Facts(**facts_), at, rulebook).next_allowed_at for facts_ in ({**more, "history": known.history}, more)
    )

    assert much is None or (less is not None and less <= much)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ZONES), st.integers(0, 1500))
def test_a_day_starts_where_the_wall_first_shows_it(name: str, days: int) -> None:
    where, day = zone(name), START.toordinal() + days

    start = day_start(where, day)

    assert start.astimezone(where).toordinal() == day
    assert (start - SECOND).astimezone(where).toordinal() < day
