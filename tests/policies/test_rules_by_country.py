"""Caps, holds, places and parties of every country but the US, the UK and China, by example."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import (
    Account,
    Bill,
    Channel,
    Consent,
    ConsentStatus,
    Hold,
    HoldKind,
    Initiator,
    LenderKind,
    Medium,
    Party,
    PastContact,
    Place,
    Point,
    Promise,
    PromiseStatus,
    Purpose,
    Reach,
)
from policies.zones import zone
from tests.policies.making import BOOKS, facts, finding, past, refused_by
from tests.policies.test_hours_by_country import ZONES, wall

CALL: dict[str, Any] = {"channel": Channel.CALLBACK, "point": Point("point", Channel.CALLBACK)}
MAIL: dict[str, Any] = {"channel": Channel.EMAIL, "point": Point("point", Channel.EMAIL)}


def first(code: str, at: str, *history: PastContact, **changes: Any) -> str | None:
    """The first allowed instant, on the country's wall."""
    known = facts(zones=(ZONES[code],), history=history, **changes)
    found = decide(known, wall(code, at), BOOKS[code]).next_allowed_at
    return f"{found.astimezone(zone(ZONES[code])):%Y-%m-%dT%H:%M}" if found else None


def made(code: str, *at: str, medium: Medium = Medium.EMAIL, **changes: Any) -> list[PastContact]:
    return [past(wall(code, f"2026-{text}"), medium=medium, **changes) for text in at]


def talked(code: str, *at: str, **changes: Any) -> list[PastContact]:
    return made(code, *at, medium=Medium.VOICE, **{"reach": Reach.CONVERSATION, **changes})


# Korea: seven in seven days and two a day per debt, whatever the channel; answers and required notices do not count.


def test_korea_counts_all_channels_together_per_debt() -> None:
    week = ["11-16T10:00", "11-17T10:00", "11-18T10:00", "11-19T10:00", "11-20T10:00", "11-21T10:00"]
    mixed = [
        *made("KR", *week[:3], medium=Medium.SMS, accounts=frozenset({"loan"})),
        *made("KR", *week[3:5], medium=Medium.LETTER),
        *talked("KR", week[5]),
    ]
    seventh = made("KR", "11-22T10:00", medium=Medium.VISIT, reach=Reach.CONVERSATION)

    assert first("KR", "2026-11-22T11:00", *mixed, **MAIL) == "2026-11-22T11:00"
    assert first("KR", "2026-11-22T11:00", *mixed, *seventh, **MAIL) == "2026-11-23T08:00"
    # Another debt has a count of its own.
    assert first("KR", "2026-11-22T11:00", *mixed, *seventh, account=Account("other"), **MAIL) == "2026-11-22T11:00"


def test_korea_allows_two_a_day_about_one_debt() -> None:
    two = [*made("KR", "11-23T09:00", medium=Medium.LETTER), *talked("KR", "11-23T10:00")]

    assert first("KR", "2026-11-23T11:00", two[0], **MAIL) == "2026-11-23T11:00"
    assert first("KR", "2026-11-23T11:00", *two, **MAIL) == "2026-11-24T08:00"


@pytest.mark.parametrize(
    "changes",
    [
        {"reach": Reach.ATTEMPTED, "medium": Medium.VOICE},
        {"initiator": Initiator.CUSTOMER},
        {"purpose": Purpose.LEGAL_NOTICE, "evidence": True},
        {"purpose": Purpose.CUSTOMER_REPLY, "evidence": True},
        {"purpose": Purpose.PAYMENT_RECEIPT},
    ],
)
def test_korea_does_not_count_what_reached_nobody_or_was_asked_for(changes: dict[str, Any]) -> None:
    two = [
        past(wall("KR", f"2026-11-23T{clock}"), **{"medium": Medium.LETTER} | changes) for clock in ("09:00", "10:00")
    ]

    assert first("KR", "2026-11-23T11:00", *two, **MAIL) == "2026-11-23T11:00"


def test_two_debts_do_not_become_double_pestering_in_korea() -> None:
    days = [f"11-{day}T{clock}" for day in range(18, 23) for clock in ("09:00", "10:00")]
    ten = [
        past(wall("KR", f"2026-{at}"), medium=Medium.LETTER, accounts=frozenset({debt}))
        for at, debt in zip(days, ["a", "b"] * 5, strict=True)
    ]

    assert first("KR", "2026-11-23T11:00", *ten[1:], account=Account("c"), **MAIL) == "2026-11-23T11:00"
    assert first("KR", "2026-11-23T11:00", *ten, account=Account("c"), **MAIL) == "2026-11-25T08:00"


@pytest.mark.parametrize("kind", [HoldKind.HARDSHIP, HoldKind.BREATHING_SPACE])
def test_a_hold_with_an_end_stops_even_a_gentle_reminder_in_korea_until_then(kind: HoldKind) -> None:
    hold = Hold(kind, wall("KR", "2026-11-01T00:00"), wall("KR", "2027-01-31T00:00"))

    assert first("KR", "2026-11-23T11:00", holds=(hold,)) == "2027-01-31T08:00"
    assert first("JP", "2026-11-23T11:00", holds=(Hold(HoldKind.HARDSHIP, hold.starts),)) == "2026-11-23T11:00"


# Ireland: three in a calendar month, counting contact made.


def test_ireland_allows_three_contacts_in_a_calendar_month() -> None:
    two = [*made("IE", "11-02T10:00", medium=Medium.LETTER), *talked("IE", "11-09T10:00")]
    third = made("IE", "11-12T10:00")

    assert first("IE", "2026-11-16T11:00", *two) == "2026-11-16T11:00"
    assert first("IE", "2026-11-16T11:00", *two, *third) == "2026-12-01T08:00"
    assert first("IE", "2026-11-16T11:00", *two, *third, **CALL) == "2026-12-01T08:00"


@pytest.mark.parametrize(
    "changes",
    [
        {"medium": Medium.VOICE, "reach": Reach.ATTEMPTED},
        {"medium": Medium.VISIT, "reach": Reach.CONVERSATION},
        {"medium": Medium.VOICE, "reach": Reach.CONVERSATION, "initiator": Initiator.CUSTOMER},
        {"purpose": Purpose.LEGAL_NOTICE, "evidence": True, "medium": Medium.LETTER},
    ],
)
def test_ireland_does_not_count_missed_calls_visits_the_customer_or_the_law(changes: dict[str, Any]) -> None:
    three = [past(wall("IE", f"2026-11-0{day}T10:00"), **changes) for day in (2, 3, 4)]

    assert first("IE", "2026-11-16T11:00", *three) == "2026-11-16T11:00"


# Australia: three a week and ten a month per account, counting contact made.


def test_australia_allows_three_contacts_in_any_seven_days_about_one_debt() -> None:
    # Over a weekend: a week from Monday would have begun anew.
    three = [*talked("AU", "11-19T10:00", "11-20T10:00"), *made("AU", "11-21T10:00")]

    assert first("AU", "2026-11-23T11:00", *three[1:], **CALL) == "2026-11-23T11:00"
    assert first("AU", "2026-11-23T11:00", *three, **CALL) == "2026-11-26T07:30"
    assert first("AU", "2026-11-23T11:00", *three, account=Account("other"), **CALL) == "2026-11-23T11:00"


def test_australia_does_not_count_attempts() -> None:
    tried = talked("AU", "11-19T10:00", "11-20T10:00", "11-21T10:00", "11-22T10:00", reach=Reach.ATTEMPTED)

    assert first("AU", "2026-11-23T11:00", *tried, **CALL) == "2026-11-23T11:00"


@pytest.mark.parametrize(
    ("month", "expected"),
    [
        # The calendar month holds after thirty days have passed: the tenth of July leaves on the 31st.
        (
            ["07-01", "07-02", "07-03", "07-08", "07-09", "07-10", "07-15", "07-16", "07-22", "07-23"],
            "2026-08-01T09:00",
        ),
        # Thirty days hold where the calendar month has begun anew.
        (
            ["07-09", "07-10", "07-11", "07-16", "07-17", "07-18", "07-23", "07-24", "07-25", "07-30"],
            "2026-08-08T09:00",
        ),
    ],
)
def test_australia_allows_ten_a_month_by_either_reading(month: list[str], expected: str) -> None:
    ten = talked("AU", *(f"{day}T10:00" for day in month))

    assert first("AU", "2026-07-31T11:00", *ten, **CALL) == expected
    assert first("AU", "2026-07-31T11:00", *ten[1:], **CALL) != expected


def test_two_debts_do_not_become_double_pestering_in_australia() -> None:
    six = [
        past(wall("AU", f"2026-11-{day}T10:00"), medium=Medium.LETTER, accounts=frozenset({debt}))
        for day, debt in zip(range(17, 23), "aabbcc", strict=True)
    ]

    assert first("AU", "2026-11-23T11:00", *six, account=Account("d"), **CALL) == "2026-11-24T07:30"


# Italy, Greece, Japan.


def test_italy_allows_one_conversation_a_day_and_three_in_seven_days() -> None:
    three = talked("IT", "11-18T10:00", "11-19T10:00", "11-20T10:00")

    assert first("IT", "2026-11-20T11:00", three[2], **CALL) == "2026-11-21T08:30"
    assert first("IT", "2026-11-23T11:00", *three[1:], **CALL) == "2026-11-23T11:00"
    assert first("IT", "2026-11-23T11:00", *three, **CALL) == "2026-11-25T08:30"
    tried = talked("IT", "11-23T09:00", "11-23T10:00", reach=Reach.ATTEMPTED)
    assert first("IT", "2026-11-23T11:00", *tried, **CALL) == "2026-11-23T11:00"
    assert first("IT", "2026-11-23T11:00", *three) == "2026-11-23T11:00"


def test_greece_calls_every_second_day() -> None:
    call = talked("GR", "11-23T10:00", accounts=frozenset({"other"}))

    assert first("GR", "2026-11-23T11:00", *call, **CALL) == "2026-11-25T09:00"
    assert first("GR", "2026-11-24T11:00", *call, **CALL) == "2026-11-25T09:00"
    assert first("GR", "2026-11-24T11:00", *call) == "2026-11-24T11:00"


def test_greece_leaves_the_first_ten_overdue_days_in_peace() -> None:
    bill = Bill("bill", date(2026, 11, 6))

    assert first("GR", "2026-11-09T11:00", bill=bill) == "2026-11-17T09:00"
    assert first("GR", "2026-11-16T19:59", bill=bill, purpose=Purpose.PLAN_OFFER) == "2026-11-17T09:00"
    assert first("GR", "2026-11-06T11:00", bill=bill, purpose=Purpose.DUE_REMINDER) == "2026-11-06T11:00"
    assert first("GR", "2026-11-09T11:00", bill=bill, purpose=Purpose.PAYMENT_RECEIPT) == "2026-11-09T11:00"


def test_japan_allows_three_contacts_a_day_to_one_person() -> None:
    three = [*talked("JP", "11-23T09:00"), *made("JP", "11-23T10:00", "11-23T11:00", medium=Medium.LETTER)]

    assert first("JP", "2026-11-23T12:00", *three[1:], **CALL) == "2026-11-23T12:00"
    assert first("JP", "2026-11-23T12:00", *three, **CALL) == "2026-11-24T08:00"
    assert first("JP", "2026-11-23T12:00", *three, account=Account("other"), **CALL) == "2026-11-24T08:00"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(PromiseStatus.OPEN, "2026-12-01T08:00"), (PromiseStatus.BROKEN, "2026-11-23T11:00")],
)
def test_japan_waits_for_the_day_the_debtor_offered_unless_it_is_void(status: PromiseStatus, expected: str) -> None:
    promise = Promise(date(2026, 11, 30), status, wall("JP", "2026-11-20T10:00"))
    known = facts(zones=(ZONES["JP"],), promises=(promise,))

    assert first("JP", "2026-11-23T11:00", promises=(promise,)) == expected
    if status is PromiseStatus.OPEN:
        decision = decide(known, wall("JP", "2026-11-23T11:00"), BOOKS["JP"])
        assert finding(decision, "jp.hold.stated_time").outcome is Outcome.DEFER


@pytest.mark.parametrize(
    ("code", "sole", "granted", "allowed"),
    [
        ("JP", False, False, False),
        ("JP", True, False, False),
        ("JP", False, True, True),
        ("GR", False, False, False),
        ("GR", True, False, True),
        ("IT", False, False, True),
    ],
)
def test_a_workplace_is_called_only_where_the_law_lets_it(code: str, sole: bool, granted: bool, allowed: bool) -> None:
    at = wall(code, "2026-11-23T11:00")
    point = Point("point", Channel.CALLBACK, place=Place.WORK, sole=sole)
    consent = Consent(ConsentStatus.GRANTED, at - timedelta(days=1), point="point")
    known = facts(channel=Channel.CALLBACK, point=point, zones=(ZONES[code],), consents=(consent,) if granted else ())

    assert (decide(known, at, BOOKS[code]).outcome is Outcome.ALLOW) is allowed


# Whose a contact point is.


@pytest.mark.parametrize("code", sorted(ZONES))
@pytest.mark.parametrize("party", [Party.SPOUSE, Party.CONTACT_PERSON])
def test_a_spouse_and_a_contact_person_are_third_persons_everywhere(code: str, party: Party) -> None:
    point = Point("point", Channel.SMS, party=party)

    decision = decide(facts(point=point, zones=(ZONES[code],)), wall(code, "2026-11-23T11:00"), BOOKS[code])

    assert decision.outcome is Outcome.REFUSE
    assert [rule for rule in refused_by(decision) if "third_party" in rule]


@pytest.mark.parametrize(("code", "allowed"), [("IN", True), ("HK", True), ("AU", False), ("SG", False), ("KR", False)])
def test_a_guarantor_is_asked_only_where_the_law_names_guarantors(code: str, allowed: bool) -> None:
    point = Point("point", Channel.SMS, party=Party.GUARANTOR)

    decision = decide(facts(point=point, zones=(ZONES[code],)), wall(code, "2026-11-23T11:00"), BOOKS[code])

    assert (decision.outcome is Outcome.ALLOW) is allowed


# Our own caps and holds.


@pytest.mark.parametrize("code", ["EU", "ES", "HK", "SG", "IN", "BR", "BR-SP"])
def test_where_no_number_stands_in_the_law_two_calls_a_day_are_enough(code: str) -> None:
    calls = talked(code, "11-23T09:00", "11-23T10:00", reach=Reach.ATTEMPTED)

    assert first(code, "2026-11-23T11:00", calls[0], **CALL) == "2026-11-23T11:00"
    assert (first(code, "2026-11-23T11:00", *calls, **CALL) or "").startswith("2026-11-24")


@pytest.mark.parametrize("code", sorted(ZONES))
@pytest.mark.parametrize(
    ("kind", "purpose"),
    [
        (HoldKind.CEASE, Purpose.OVERDUE_REMINDER),
        (HoldKind.REPRESENTED, Purpose.OVERDUE_REMINDER),
        (HoldKind.DECEASED, Purpose.FOLLOW_UP),
        (HoldKind.MINOR, Purpose.FOLLOW_UP),
        (HoldKind.BANKRUPTCY, Purpose.OVERDUE_REMINDER),
        (HoldKind.DISPUTE, Purpose.DUE_REMINDER),
        (HoldKind.VULNERABLE, Purpose.FINAL_NOTICE),
    ],
)
def test_the_hard_holds_stand_in_every_country(code: str, kind: HoldKind, purpose: Purpose) -> None:
    holds = (Hold(kind, datetime(2026, 1, 1, tzinfo=UTC)),)

    assert first(code, "2026-11-23T11:00", holds=holds, purpose=purpose) is None


@pytest.mark.parametrize("code", sorted(ZONES))
@pytest.mark.parametrize("granted", [True, False])
def test_marketing_needs_consent_everywhere(code: str, granted: bool) -> None:
    at = wall(code, "2026-11-23T11:00")
    consents = (Consent(ConsentStatus.GRANTED, at - timedelta(days=1), purpose=Purpose.MARKETING),) if granted else ()

    decision = decide(facts(purpose=Purpose.MARKETING, zones=(ZONES[code],), consents=consents), at, BOOKS[code])

    assert decision.outcome is (Outcome.ALLOW if granted else Outcome.REFUSE)


@pytest.mark.parametrize("clock", ["09:59:59", "21:00"])
def test_indian_carriers_take_promotions_from_ten_to_nine(clock: str) -> None:
    at = wall("IN", f"2026-11-23T{clock}")
    consents = (Consent(ConsentStatus.GRANTED, at - timedelta(days=1)),)

    decision = decide(facts(purpose=Purpose.MARKETING, consents=consents), at, BOOKS["IN"])

    assert finding(decision, "in.hours.dlt").outcome is Outcome.DEFER
    assert finding(decision, "in.consent.dlt").outcome is Outcome.ALLOW


# Who is bound. What the lender is may be unknown: then everything binds.


@pytest.mark.parametrize(
    ("code", "lender", "at", "allowed"),
    [
        # A Saturday.
        ("GR", None, "2026-11-28T12:00", False),
        ("GR", LenderKind.DEBT_INFORMATION, "2026-11-28T12:00", False),
        ("GR", LenderKind.BANK, "2026-11-28T12:00", True),
        ("GR", LenderKind.BANK, "2026-11-28T21:00", False),
        ("IT", LenderKind.UNIREC_MEMBER, "2026-11-28T16:00", False),
        ("IT", LenderKind.BANK, "2026-11-28T16:00", True),
        ("IT", LenderKind.BANK, "2026-11-28T21:00", False),
        ("BR-SP", LenderKind.BANK, "2026-11-28T16:00", False),
    ],
)
def test_hours_bind_those_whom_the_text_names(code: str, lender: LenderKind | None, at: str, allowed: bool) -> None:
    known = facts(zones=(ZONES[code],), lender=frozenset({lender} if lender else ()))

    assert (decide(known, wall(code, at), BOOKS[code]).outcome is Outcome.ALLOW) is allowed
