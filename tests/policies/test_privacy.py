from datetime import timedelta
from typing import Any

import pytest

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import (
    Channel,
    Consent,
    ConsentStatus,
    Hold,
    HoldKind,
    Initiator,
    Medium,
    Party,
    Place,
    Point,
    Purpose,
    Reach,
)
from tests.policies.making import BOOKS, code, facts, instant, past

NOON = instant("2026-11-23T12:00+00:00")
WORK_MAIL = Point("point", Channel.EMAIL, place=Place.WORK)


@pytest.mark.parametrize("jurisdiction", ["CN", "US", "UK"])
@pytest.mark.parametrize("party", [Party.CONTACT_PERSON, Party.REPRESENTATIVE, Party.EXECUTOR])
@pytest.mark.parametrize("purpose", [Purpose.OVERDUE_REMINDER, Purpose.SECURITY_CODE, Purpose.CUSTOMER_REPLY])
def test_nothing_goes_to_a_third_party_whatever_it_is_for(purpose: Purpose, party: Party, jurisdiction: str) -> None:
    point = Point("point", Channel.SMS, party=party)

    decision = decide(facts(point=point, purpose=purpose, evidence=True), NOON, BOOKS[jurisdiction])

    assert decision.outcome is Outcome.REFUSE
    assert code(decision) == "third_party"


@pytest.mark.parametrize(
    ("jurisdiction", "party", "allowed"),
    [
        ("US", Party.SPOUSE, True),
        ("US", Party.GUARANTOR, False),
        ("CN", Party.SPOUSE, False),
        ("CN", Party.GUARANTOR, True),
        ("UK", Party.SPOUSE, False),
        ("UK", Party.GUARANTOR, False),
    ],
)
def test_who_else_may_be_contacted_is_what_the_law_says(jurisdiction: str, party: Party, allowed: bool) -> None:
    decision = decide(facts(point=Point("point", Channel.SMS, party=party)), NOON, BOOKS[jurisdiction])

    assert (decision.outcome is not Outcome.REFUSE) is allowed


@pytest.mark.parametrize("jurisdiction", sorted(BOOKS))
@pytest.mark.parametrize(
    ("kind", "party"),
    [
        (HoldKind.REPRESENTED, Party.REPRESENTATIVE),
        (HoldKind.MINOR, Party.REPRESENTATIVE),
        (HoldKind.DECEASED, Party.EXECUTOR),
    ],
)
def test_while_a_hold_says_so_only_the_stand_in_is_contacted(kind: HoldKind, party: Party, jurisdiction: str) -> None:
    hold = Hold(kind, NOON - timedelta(days=1))
    consents = (Consent(ConsentStatus.GRANTED, NOON - timedelta(days=1), channel=Channel.SMS),)

    def refused(other: Party) -> bool:
        known = facts(point=Point("point", Channel.SMS, party=other), holds=(hold,), consents=consents)
        return decide(known, NOON, BOOKS[jurisdiction]).outcome is Outcome.REFUSE

    assert [other for other in Party if not refused(other)] == [party]


def test_a_stand_in_is_one_only_while_the_hold_lasts_and_for_its_debt() -> None:
    point = Point("point", Channel.SMS, party=Party.REPRESENTATIVE)
    ends = NOON + timedelta(hours=1)
    passing = Hold(HoldKind.REPRESENTED, NOON, ends)
    elsewhere = Hold(HoldKind.REPRESENTED, NOON, account="other")

    decision = decide(facts(point=point, holds=(passing,)), NOON, BOOKS["UK"])

    assert decision.outcome is Outcome.ALLOW
    assert decision.closes_at == ends
    assert decide(facts(point=point, holds=(passing,)), ends, BOOKS["UK"]).outcome is Outcome.REFUSE
    assert decide(facts(point=point, holds=(elsewhere,)), NOON, BOOKS["UK"]).outcome is Outcome.REFUSE


@pytest.mark.parametrize("kind", [HoldKind.CEASE, HoldKind.WRONG_PERSON, HoldKind.BANKRUPTCY])
def test_other_holds_have_no_stand_in(kind: HoldKind) -> None:
    point = Point("point", Channel.SMS, party=Party.REPRESENTATIVE)

    assert decide(facts(point=point, holds=(Hold(kind, NOON),)), NOON, BOOKS["UK"]).outcome is Outcome.REFUSE


@pytest.mark.parametrize(
    ("place", "shared", "discreet"),
    [(Place.MOBILE, False, False), (Place.MOBILE, True, True), (Place.WORK, False, True), (Place.HOME, False, False)],
)
def test_where_others_read_along_the_message_must_not_speak_of_debt(place: Place, shared: bool, discreet: bool) -> None:
    point = Point("point", Channel.SMS, place=place, shared=shared)

    decision = decide(facts(point=point), NOON, BOOKS["UK"])

    assert decision.outcome is Outcome.ALLOW
    assert decision.discreet is discreet


def test_a_deferred_message_is_discreet_as_well() -> None:
    point = Point("point", Channel.SMS, shared=True)

    decision = decide(facts(point=point), instant("2026-11-23T23:00+00:00"), BOOKS["UK"])

    assert decision.outcome is Outcome.DEFER
    assert decision.discreet


def test_work_email_is_closed_in_the_us_and_says_why() -> None:
    decision = decide(facts(channel=Channel.EMAIL, point=WORK_MAIL), NOON + timedelta(hours=4), BOOKS["US"])

    assert decision.outcome is Outcome.REFUSE
    assert decision.findings[0].rule.citation == "12 CFR 1006.22(f)(3)"


@pytest.mark.parametrize("jurisdiction", ["CN", "UK"])
def test_work_email_is_discreet_elsewhere(jurisdiction: str) -> None:
    decision = decide(facts(channel=Channel.EMAIL, point=WORK_MAIL), NOON, BOOKS[jurisdiction])

    assert decision.outcome is Outcome.ALLOW
    assert decision.discreet


def test_work_email_is_open_to_who_consented_to_it_or_wrote_from_it() -> None:
    at = NOON + timedelta(hours=4)
    consent = Consent(ConsentStatus.GRANTED, NOON, point="point")
    mail = past(NOON, Reach.DELIVERED, medium=Medium.EMAIL, initiator=Initiator.CUSTOMER)
    known = {"channel": Channel.EMAIL, "point": WORK_MAIL}

    assert decide(facts(consents=(consent,), **known), at, BOOKS["US"]).outcome is Outcome.ALLOW
    assert decide(facts(history=(mail,), **known), at, BOOKS["US"]).outcome is Outcome.ALLOW


@pytest.mark.parametrize(
    "change",
    [
        {"initiator": Initiator.LENDER},
        {"medium": Medium.SMS},
        {"point": "other"},
        {"joint": True},
        {"at": NOON + timedelta(days=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nothing_but_the_customers_own_mail_from_there_opens_work_email(change: dict[str, Any]) -> None:
    known: dict[str, Any] = {"at": NOON, "medium": Medium.EMAIL, "initiator": Initiator.CUSTOMER}
    mail = past(**(known | change))

    decision = decide(
        facts(history=(mail,), channel=Channel.EMAIL, point=WORK_MAIL), NOON + timedelta(hours=4), BOOKS["US"]
    )

    assert decision.outcome is Outcome.REFUSE


def test_a_general_grant_opens_no_work_email() -> None:
    consent = Consent(ConsentStatus.GRANTED, NOON, channel=Channel.EMAIL)

    decision = decide(
        facts(consents=(consent,), channel=Channel.EMAIL, point=WORK_MAIL), NOON + timedelta(hours=4), BOOKS["US"]
    )

    assert decision.outcome is Outcome.REFUSE
