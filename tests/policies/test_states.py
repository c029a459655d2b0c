"""States and cities of the US, each in its own way; who is bound, and where it rings."""

from datetime import timedelta
from typing import Any

import pytest

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import (
    Account,
    Channel,
    Consent,
    ConsentStatus,
    Facts,
    Hold,
    HoldKind,
    LenderKind,
    LenderRole,
    Medium,
    Party,
    PastContact,
    Place,
    Point,
    Purpose,
    Reach,
)
from tests.policies.making import BOOKS, NEW_YORK, book, facts, hours, instant, past, refused_by

NOON = instant("2026-11-23T12:00-05:00")  #: a Monday
DAY = timedelta(days=1)
SMS, EMAIL, CALL = Channel.SMS, Channel.EMAIL, Channel.CALLBACK
ALLOW, DEFER, REFUSE = Outcome.ALLOW, Outcome.DEFER, Outcome.REFUSE


def asked(jurisdiction: str, channel: Channel = CALL, place: Place = Place.MOBILE, **changes: Any) -> Facts:
    usual: dict[str, Any] = {
        "jurisdiction": jurisdiction,
        "channel": channel,
        "point": Point("point", channel, place=place),
        "account": Account("loan", role=LenderRole.COLLECTOR),
        "zones": (NEW_YORK,),
        "consents": (Consent(ConsentStatus.GRANTED, NOON - 300 * DAY, channel=channel),),
    }
    return facts(**(usual | changes))


def outcome(of: Facts) -> Outcome:
    return decide(of, NOON, BOOKS[of.jurisdiction]).outcome


def call(days_ago: float, **changes: Any) -> PastContact:
    known: dict[str, Any] = {"reach": Reach.ATTEMPTED, "medium": Medium.VOICE, "place": Place.MOBILE}
    return past(NOON - days_ago * DAY, **(known | changes))


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ((call(1),), ALLOW),
        ((call(1), call(6)), DEFER),
        ((call(1), call(7)), ALLOW),
        ((call(1), call(2, medium=Medium.SMS)), DEFER),
        ((call(1), call(2, medium=Medium.EMAIL)), ALLOW),
        ((call(1), call(2, place=Place.WORK)), ALLOW),
        # Where it rang is not on record: it may have been at home.
        ((call(1), call(2, place=None)), DEFER),
    ],
)
def test_massachusetts_allows_two_calls_and_texts_in_seven_days(
    history: tuple[PastContact, ...], expected: Outcome
) -> None:
    assert outcome(asked("US-MA", history=history)) is expected


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ((call(10, place=Place.WORK),), ALLOW),
        ((call(10, place=Place.WORK), call(29, place=Place.WORK)), DEFER),
        ((call(10, place=Place.WORK), call(30, place=Place.WORK)), ALLOW),
        ((call(10, place=Place.WORK), call(20)), ALLOW),
    ],
)
def test_massachusetts_allows_two_calls_in_thirty_days_at_work(
    history: tuple[PastContact, ...], expected: Outcome
) -> None:
    assert outcome(asked("US-MA", place=Place.WORK, history=history)) is expected


def test_massachusetts_ends_calls_at_work_when_the_customer_says_so() -> None:
    """Ten days for what was said; in between the mobile number stays open."""
    said = (Hold(HoldKind.CEASE, NOON - DAY, NOON + 9 * DAY, point="work"),)
    work = asked("US-MA", point=Point("work", CALL, place=Place.WORK), holds=said)

    decision = decide(work, NOON, BOOKS["US-MA"])

    assert decision.outcome is DEFER
    assert decision.next_allowed_at == NOON + 9 * DAY
    assert {found.rule.id for found in decision.findings if found.outcome is DEFER} == {
        "us_ma.hold_work_calls",
        "house.hold.cease",
    }
    assert outcome(asked("US-MA", holds=said)) is ALLOW


@pytest.mark.parametrize("channel", [SMS, EMAIL, CALL])
def test_new_york_city_counts_calls_texts_and_mails_together(channel: Channel) -> None:
    media = (Medium.VOICE, Medium.SMS, Medium.EMAIL)
    # Not on the same day, which the house caps would close.
    three = tuple(call(days, medium=medium) for days, medium in enumerate(media, 2))
    letter = call(2, medium=Medium.LETTER, reach=Reach.DELIVERED)

    assert outcome(asked("US-NYC", channel, history=three)) is DEFER
    assert outcome(asked("US-NYC", channel, history=(*three[:2], letter))) is ALLOW


@pytest.mark.parametrize(
    ("scope", "text", "mail"),
    [
        ({"channel": SMS}, ALLOW, REFUSE),
        ({"channel": EMAIL}, REFUSE, ALLOW),
        ({"point": "point"}, ALLOW, ALLOW),
        # A grant of everything does not name the medium.
        ({}, REFUSE, REFUSE),
        (None, REFUSE, REFUSE),
    ],
)
@pytest.mark.parametrize("jurisdiction", ["US-NYC", "US-DC"])
def test_electronic_messages_need_consent_to_the_medium(
    jurisdiction: str, scope: dict[str, Any] | None, text: Outcome, mail: Outcome
) -> None:
    consents = () if scope is None else (Consent(ConsentStatus.GRANTED, NOON - DAY, **scope),)

    assert [outcome(asked(jurisdiction, channel, consents=consents)) for channel in (SMS, EMAIL)] == [text, mail]
    assert outcome(asked(jurisdiction, CALL, consents=())) is ALLOW


def test_new_york_city_asks_a_lender_for_consent_only_in_collection_procedures() -> None:
    lender = asked("US-NYC", SMS, consents=(), account=Account("loan"))

    assert outcome(lender) is ALLOW


@pytest.mark.parametrize(
    ("channel", "times", "expected"),
    [(CALL, 3, ALLOW), (CALL, 4, DEFER), (SMS, 4, ALLOW), (SMS, 5, DEFER), (EMAIL, 5, DEFER)],
)
def test_washington_d_c_counts_calls_apart_from_messages(channel: Channel, times: int, expected: Outcome) -> None:
    media = {CALL: [Medium.VOICE], SMS: [Medium.EMAIL, Medium.IM], EMAIL: [Medium.IM]}[channel]
    # Tries that reached nobody fill no house cap.
    history = tuple(call(2 + place / 10, medium=media[place % len(media)]) for place in range(times))

    assert outcome(asked("US-DC", channel, history=history)) is expected


@pytest.mark.parametrize(
    ("lender", "role", "expected"),
    [
        (frozenset({LenderKind.LICENSED_AGENCY}), LenderRole.COLLECTOR, DEFER),
        (frozenset({LenderKind.BANK}), LenderRole.COLLECTOR, ALLOW),
        # What we are is not on record: the customer is given the benefit of the doubt.
        (frozenset(), LenderRole.COLLECTOR, DEFER),
        (frozenset({LenderKind.LICENSED_AGENCY}), LenderRole.CREDITOR, ALLOW),
    ],
)
def test_the_state_of_washington_binds_licensed_agencies(
    lender: frozenset[LenderKind], role: LenderRole, expected: Outcome
) -> None:
    tuesday = tuple(
        past(NOON + DAY + timedelta(hours=2 * place), medium=Medium.LETTER, place=Place.HOME) for place in range(3)
    )
    known = asked("US-WA", SMS, lender=lender, account=Account("loan", role=role), history=tuesday)

    decision = decide(known, NOON + 2 * DAY, BOOKS["US-WA"])

    assert decision.outcome is expected
    if expected is DEFER:
        # The next week, and not seven days later.
        assert decision.next_allowed_at == instant("2026-11-30T08:00-05:00")


def test_the_state_of_washington_allows_one_communication_a_week_at_work() -> None:
    history = (past(NOON - timedelta(hours=2), medium=Medium.LETTER, place=Place.WORK),)

    assert outcome(asked("US-WA", place=Place.WORK, history=history)) is DEFER
    assert outcome(asked("US-WA", history=history)) is ALLOW


@pytest.mark.parametrize("jurisdiction", ["US-FL", "US-OK", "US-TX"])
def test_sales_end_at_eight_and_reminders_at_nine(jurisdiction: str) -> None:
    evening = instant("2026-11-23T20:30-05:00")
    offer = asked(jurisdiction, SMS, purpose=Purpose.MARKETING)

    assert decide(offer, evening, BOOKS[jurisdiction]).outcome is DEFER
    assert decide(asked(jurisdiction, SMS), evening, BOOKS[jurisdiction]).outcome is ALLOW


def test_florida_closed_the_night_to_mail_until_the_law_was_changed() -> None:
    mail = asked("US-FL", EMAIL, account=Account("loan"))

    assert decide(mail, instant("2025-05-15T22:00-04:00"), BOOKS["US-FL"]).outcome is DEFER
    assert decide(mail, instant("2025-05-16T22:00-04:00"), BOOKS["US-FL"]).outcome is ALLOW


@pytest.mark.parametrize(
    ("lender", "ids"),
    [
        (frozenset(), {"cn.third_party.gbt", "cn.third_party.creditcard", "cn.third_party.consumer_finance"}),
        (frozenset({LenderKind.CARD_ISSUER}), {"cn.third_party.gbt", "cn.third_party.creditcard"}),
        (frozenset({LenderKind.CONSUMER_FINANCE}), {"cn.third_party.gbt", "cn.third_party.consumer_finance"}),
        (frozenset({LenderKind.CBA_MEMBER}), {"cn.third_party.gbt"}),
    ],
)
def test_who_the_lender_is_decides_which_bodies_bind_it(lender: frozenset[LenderKind], ids: set[str]) -> None:
    known = facts(
        point=Point("point", SMS, party=Party.SPOUSE), account=Account("card", product="CREDIT_CARD"), lender=lender
    )

    assert set(refused_by(decide(known, instant("2026-11-23T12:00+08:00"), BOOKS["CN"]))) == ids


def test_the_rules_on_cards_say_nothing_of_other_loans() -> None:
    spouse = Point("point", SMS, party=Party.SPOUSE)

    refused = refused_by(decide(facts(point=spouse), instant("2026-11-23T12:00+08:00"), BOOKS["CN"]))

    assert refused == ["cn.third_party.gbt", "cn.third_party.consumer_finance"]


@pytest.mark.parametrize(("lender", "bound"), [(LenderKind.CBA_MEMBER, True), (LenderKind.BANK, False)])
def test_the_guide_of_the_banking_association_binds_its_members(lender: LenderKind, bound: bool) -> None:
    decision = decide(facts(lender=frozenset({lender})), instant("2026-11-23T23:00+08:00"), BOOKS["CN"])

    assert decision.outcome is DEFER
    assert ("cn.hours.cba2026" in {found.rule.id for found in decision.findings}) is bound


@pytest.mark.parametrize(
    ("account", "bound"),
    [
        (Account("a", product="CREDIT_CARD"), True),
        (Account("a", product="CONSUMER_LOAN"), False),
        (Account("a", product="something new"), False),
        (None, True),
    ],
)
def test_a_rule_may_be_about_one_product(account: Account | None, bound: bool) -> None:
    cards = book(hours("08:00-09:00", more='products = ["CREDIT_CARD"]'))

    assert (decide(facts(account=account), NOON, cards).outcome is DEFER) is bound


def test_a_rule_may_be_about_one_kind_of_place() -> None:
    work = book(hours("08:00-09:00", more='at_places = ["WORK"]'))

    for place in Place:
        point = Point("point", SMS, place=place)
        assert (decide(facts(point=point), NOON, work).outcome is DEFER) is (place is Place.WORK)
