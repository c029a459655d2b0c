"""The twenty cases of REGULATIONS.md section (c), in their order: what a naive engine gets wrong.

Where a case is about the gateway too (queues, erasure, imports), its part in the decision stands here.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from policies.decision import Outcome
from policies.engine import decide
from policies.facts import (
    Account,
    Answered,
    Channel,
    Consent,
    ConsentStatus,
    Facts,
    Hold,
    HoldKind,
    Initiator,
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
from policies.holidays import UncoveredYear
from policies.zones import zone
from tests.policies.making import BOOKS, LOS_ANGELES, NEW_YORK, code, facts, finding, instant, past, refused_by

ALLOW, DEFER, REFUSE = Outcome.ALLOW, Outcome.DEFER, Outcome.REFUSE
SMS, EMAIL, CALL = Channel.SMS, Channel.EMAIL, Channel.CALLBACK
SHANGHAI, SEOUL, TOKYO, SYDNEY = "Asia/Shanghai", "Asia/Seoul", "Asia/Tokyo", "Australia/Sydney"
CREDITOR, COLLECTOR = LenderRole.CREDITOR, LenderRole.COLLECTOR
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = instant("2026-11-23T12:00-05:00")  #: noon in New York

_ZONES = {
    "US": NEW_YORK,
    "UK": "Europe/London",
    "CN": SHANGHAI,
    "KR": SEOUL,
    "JP": TOKYO,
    "AU": SYDNEY,
    "GR": "Europe/Athens",
}


def known(jurisdiction: str, channel: Channel = SMS, role: LenderRole = CREDITOR, **changes: Any) -> Facts:
    """A reminder in a jurisdiction, with consent to the medium, which some cities ask for."""
    where = _ZONES.get(jurisdiction, NEW_YORK)
    granted = (Consent(ConsentStatus.GRANTED, instant("2020-01-01T12:00+00:00"), channel=channel),)
    usual: dict[str, Any] = {
        "jurisdiction": jurisdiction,
        "channel": channel,
        "point": Point("point", channel, place=Place.MOBILE),
        "account": Account("loan", role=role, in_collection_procedures=True),
        "zones": (where,),
        "consents": granted,
    }
    return facts(**(usual | changes))


def outcome(of: Facts, at: datetime | str) -> Outcome:
    return decide(of, instant(at) if isinstance(at, str) else at, BOOKS[of.jurisdiction]).outcome


def opens(of: Facts, at: datetime | str) -> datetime | None:
    return decide(of, instant(at) if isinstance(at, str) else at, BOOKS[of.jurisdiction]).next_allowed_at


def call(at: datetime | str, reach: Reach = Reach.ATTEMPTED, **changes: Any) -> PastContact:
    return past(at, reach, **({"medium": Medium.VOICE, "point": "number 1"} | changes))


def each(reach: Reach, times: int, start: datetime, step: timedelta = HOUR, **changes: Any) -> tuple[PastContact, ...]:
    return tuple(call(start + place * step, reach, **changes) for place in range(times))


def stop(at: datetime, **scope: Any) -> Consent:
    return Consent(ConsentStatus.WITHDRAWN, at, **scope)


def outcomes(cases: Iterable[Facts], at: datetime) -> list[Outcome]:
    return [outcome(case, at) for case in cases]


@pytest.mark.parametrize("role", LenderRole)
def test_01_an_area_code_is_not_an_address(role: LenderRole) -> None:
    """An Eastern number and a Pacific address: only hours that are open in both."""
    both = known("US", role=role, zones=(NEW_YORK, LOS_ANGELES))

    assert outcome(both, "2026-11-23T20:30-08:00") is DEFER
    assert opens(both, "2026-11-23T10:30-05:00") == instant("2026-11-23T11:00-05:00")
    assert outcome(both, "2026-11-23T11:00-05:00") is ALLOW


def test_02_daylight_saving_moves_the_morning_in_utc_and_not_on_the_wall() -> None:
    """2027-03-14 is the day the clocks change in New York; seven days are local dates and not 168 hours."""
    assert opens(known("US"), "2027-03-13T02:00-05:00") == instant("2027-03-13T13:00+00:00")
    assert opens(known("US"), "2027-03-14T01:30-05:00") == instant("2027-03-14T12:00+00:00")
    assert outcome(known("US"), "2027-03-14T07:00-04:00") is DEFER

    talked = (call("2027-03-10T20:00-05:00", Reach.CONVERSATION),)
    assert opens(known("US", CALL, history=talked), "2027-03-11T12:00-05:00") == instant("2027-03-17T08:00-04:00")


def test_03_what_was_accepted_at_20_59_is_not_sent_at_21_04() -> None:
    """The yes names its end, and the question is asked again at dispatch. (The pace of a backlog is the gateway's.)"""
    accepted = decide(known("US"), instant("2026-11-23T20:59-05:00"), BOOKS["US"])

    assert accepted.outcome is ALLOW
    assert accepted.closes_at == instant("2026-11-23T21:00-05:00")
    assert opens(known("US"), "2026-11-23T21:04-05:00") == instant("2026-11-24T08:00-05:00")


@pytest.mark.parametrize(
    ("jurisdiction", "last", "closed", "before", "opening"),
    [
        ("US", "20:59:59-05:00", "21:00:00-05:00", "07:59:59-05:00", "08:00:00-05:00"),
        ("KR", "20:59:59+09:00", "21:00:00+09:00", "07:59:59+09:00", "08:00:00+09:00"),
        ("JP", "20:59:59+09:00", "21:00:00+09:00", "07:59:59+09:00", "08:00:00+09:00"),
        ("CN", "21:59:59+08:00", "22:00:00+08:00", "07:59:59+08:00", "08:00:00+08:00"),
    ],
)
def test_04_the_first_second_is_open_and_the_last_hour_is_closed(
    jurisdiction: str, last: str, closed: str, before: str, opening: str
) -> None:
    """21:00:00 is closed in the US, Korea and Japan, 22:00:00 in China; 08:00:00 is open."""
    found = [outcome(known(jurisdiction), f"2026-11-24T{clock}") for clock in (last, closed, before, opening)]

    assert found == [ALLOW, DEFER, DEFER, ALLOW]


@pytest.mark.parametrize("role", LenderRole)
def test_05_a_conversation_silences_the_telephone_for_the_debts_discussed(role: LenderRole) -> None:
    """The customer phones on Monday and talks of two loans: no call about either until next Monday, but texts."""
    loans = frozenset({"loan", "second loan"})
    talked = (call(MONDAY, Reach.CONVERSATION, initiator=Initiator.CUSTOMER, accounts=loans),)
    next_monday = instant("2026-11-30T08:00-05:00")
    tuesday = MONDAY + DAY

    for loan in sorted(loans):
        assert opens(known("US", CALL, account=Account(loan, role=role), history=talked), tuesday) == next_monday
    assert outcome(known("US", CALL, account=Account("third loan", role=role), history=talked), tuesday) is ALLOW
    assert outcome(known("US", SMS, role, history=talked), tuesday) is ALLOW

    voicemail = (call(MONDAY, Reach.CONNECTED),)
    assert outcome(known("US", CALL, role, history=voicemail), tuesday) is ALLOW


def test_06_china_keeps_three_counters() -> None:
    """Six unanswered calls close a number, three conversations the day; AI voices and agencies count too."""
    at, start = instant("2026-11-23T18:00+08:00"), instant("2026-11-23T08:00+08:00")
    unanswered = each(Reach.ATTEMPTED, 6, start)
    talked = (call("2026-11-23T15:00+08:00", Reach.CONVERSATION, point="number 2"),)
    first, second = Point("number 1", CALL), Point("number 2", CALL)

    numbers = [known("CN", CALL, point=point, history=unanswered + talked) for point in (first, second)]
    assert outcomes(numbers, at) == [DEFER, ALLOW]

    others = (
        call("2026-11-23T16:00+08:00", Reach.CONVERSATION, medium=Medium.AI_VOICE, point="number 2"),
        call("2026-11-23T17:00+08:00", Reach.CONVERSATION, initiator=Initiator.AGENCY, point="number 3"),
    )
    numbers = [replace(number, history=unanswered + talked + others) for number in numbers]
    assert outcomes(numbers, at) == [DEFER, DEFER]
    assert {opens(number, at) for number in numbers} == {instant("2026-11-24T08:00+08:00")}
    assert outcome(known("CN", SMS, history=unanswered + talked + others), at) is ALLOW


@pytest.mark.parametrize(
    ("jurisdiction", "reach", "times", "hours_apart", "other_debt"),
    [
        ("US", Reach.ATTEMPTED, 7, 15, ALLOW),
        ("US-MA", Reach.ATTEMPTED, 2, 15, ALLOW),
        ("US-NYC", Reach.ATTEMPTED, 3, 15, ALLOW),
        ("KR", Reach.CONVERSATION, 7, 18, ALLOW),
        ("AU", Reach.CONVERSATION, 3, 8, ALLOW),
        ("CN", Reach.CONVERSATION, 3, 1, DEFER),
        ("GR", Reach.CONVERSATION, 1, 24, DEFER),
    ],
)
def test_07_some_count_per_debt_and_some_per_person(
    jurisdiction: str, reach: Reach, times: int, hours_apart: int, other_debt: Outcome
) -> None:
    """The cap is full for the debt; a second debt of the same person has its own in some places and not in others."""
    where = zone(_ZONES.get(jurisdiction, NEW_YORK))
    at = datetime(2026, 11, 25, 12, tzinfo=where)
    history = each(reach, times, at - times * hours_apart * HOUR, hours_apart * HOUR)

    about = [
        known(jurisdiction, CALL, account=Account(loan, in_collection_procedures=True), history=history)
        for loan in ("loan", "second loan")
    ]

    assert outcomes(about, at) == [DEFER, other_debt]


def test_07_two_debts_are_no_reason_to_pester_twice() -> None:
    """Where the law counts per debt, the house cap counts per person."""
    texted = (past(MONDAY - HOUR),)

    assert outcome(known("US", account=Account("second loan"), history=texted), MONDAY) is DEFER


@pytest.mark.parametrize(
    ("scope", "same_number", "other_number", "email", "calls"),
    [
        ({"point": "point"}, REFUSE, ALLOW, ALLOW, ALLOW),
        ({"channel": SMS}, REFUSE, REFUSE, ALLOW, ALLOW),
        ({"channel": CALL}, ALLOW, ALLOW, ALLOW, REFUSE),
        ({}, REFUSE, REFUSE, REFUSE, REFUSE),
    ],
)
def test_08_an_opt_out_reaches_as_far_as_it_says(
    scope: dict[str, Any], same_number: Outcome, other_number: Outcome, email: Outcome, calls: Outcome
) -> None:
    """STOP to one number, "stop texting", "stop calling me", "stop contacting me"."""
    said = (stop(MONDAY - DAY, **scope),)
    asked = [
        known("US", SMS, consents=said),
        known("US", SMS, point=Point("other", SMS), consents=said),
        known("US", EMAIL, point=Point("mail", EMAIL), consents=said),
        known("US", CALL, point=Point("phone", CALL), consents=said),
    ]

    assert outcomes(asked, MONDAY) == [same_number, other_number, email, calls]


def test_08_a_notice_that_the_law_orders_survives_a_general_stop() -> None:
    notice = known("US", purpose=Purpose.LEGAL_NOTICE, consents=(stop(MONDAY - DAY),))

    assert outcome(notice, MONDAY) is ALLOW


def test_08_the_baby_is_asleep_is_a_wish_about_time() -> None:
    """Not an opt-out: the hours close, the channel stays. (That a person reads unknown words is the gateway's.)"""
    asleep = Wish(WindowEffect.NEVER, MONDAY.time(), (MONDAY + 2 * HOUR).time(), zone="UTC")

    assert opens(known("US", wishes=(asleep,)), MONDAY) == MONDAY + 2 * HOUR


@pytest.mark.parametrize(("day", "expected"), [("2027-01-30", ALLOW), ("2027-01-31", REFUSE), ("2027-02-10", REFUSE)])
def test_08_from_2027_01_31_one_stop_ends_all_texts(day: str, expected: Outcome) -> None:
    said = (stop(instant("2027-01-29T12:00-05:00"), point="point", point_channel=SMS),)
    unsubscribed = (stop(instant("2027-01-29T12:00-05:00"), point="mail", point_channel=EMAIL),)
    other = known("US", point=Point("other", SMS), consents=said)

    assert outcome(other, f"{day}T12:00-05:00") is expected
    assert outcome(replace(other, consents=unsubscribed), f"{day}T12:00-05:00") is ALLOW
    assert outcome(known("US", EMAIL, point=Point("mail", EMAIL), consents=said), f"{day}T12:00-05:00") is ALLOW


def test_09_reg_f_binds_the_collector_and_states_bind_the_lender_too() -> None:
    """A lender keeps the hours of Reg F as house policy; Massachusetts, Florida and D.C. bind it by law."""
    night = instant("2026-11-23T22:00-05:00")

    def deferring(jurisdiction: str, role: LenderRole, channel: Channel = SMS) -> set[str]:
        decision = decide(known(jurisdiction, channel, role), night, BOOKS[jurisdiction])
        return {found.rule.id for found in decision.findings if found.outcome is DEFER}

    assert deferring("US", COLLECTOR) == {"us.hours.regf"}
    assert deferring("US", CREDITOR) == {"us.house.hours"}
    assert deferring("US-MA", CREDITOR) == {"us.house.hours", "us_ma.hours"}
    assert deferring("US-FL", CREDITOR) == {"us.house.hours", "us_fl.hours"}
    # Mail is free at night in Florida; Reg F still bars it for collectors.
    assert deferring("US-FL", CREDITOR, EMAIL) == set()
    assert deferring("US-FL", COLLECTOR, EMAIL) == {"us.hours.regf"}


@pytest.mark.parametrize(
    ("role", "in_collection", "expected"),
    [(CREDITOR, False, ALLOW), (CREDITOR, True, DEFER), (COLLECTOR, False, DEFER)],
)
def test_09_new_york_city_binds_the_lender_once_collection_procedures_began(
    role: LenderRole, in_collection: bool, expected: Outcome
) -> None:
    account = Account("loan", role=role, in_collection_procedures=in_collection)
    mixed = (
        call(MONDAY - 3 * DAY),
        past(MONDAY - 2 * DAY, medium=Medium.EMAIL),
        past(MONDAY - 3 * DAY),
        past(MONDAY - DAY, medium=Medium.LETTER),
    )

    assert outcome(known("US-NYC", CALL, account=account, history=mixed), MONDAY) is expected


def test_10_holidays_close_the_day_where_the_law_says_so() -> None:
    """Not in China; and a year that the calendar does not cover is an error and no working day."""
    assert opens(known("AU", CALL), "2026-12-25T12:00+11:00") != instant("2026-12-25T12:00+11:00")
    assert outcome(known("BR", zones=("America/Sao_Paulo",)), "2026-12-25T10:00-03:00") is DEFER
    assert outcome(known("GR", CALL), "2026-12-25T10:00+02:00") is DEFER
    assert outcome(known("CN"), "2026-10-01T12:00+08:00") is ALLOW
    with pytest.raises(UncoveredYear):
        outcome(known("AU", CALL), "2051-11-23T12:00+11:00")


@pytest.mark.parametrize(("jurisdiction", "expected"), [("US", ALLOW), ("AU", REFUSE), ("CN", REFUSE), ("UK", REFUSE)])
def test_11_a_spouse_is_the_consumer_in_the_us_and_a_third_person_elsewhere(
    jurisdiction: str, expected: Outcome
) -> None:
    at = {"AU": "2026-11-24T12:00+11:00", "CN": "2026-11-24T12:00+08:00"}.get(jurisdiction, "2026-11-23T12:00-05:00")
    spouse = known(jurisdiction, point=Point("point", SMS, party=Party.SPOUSE))

    assert outcome(spouse, at) is expected


def test_12_a_reassigned_number_is_dead_for_all_debts_and_its_attempts_still_count() -> None:
    wrong = (Hold(HoldKind.WRONG_PERSON, MONDAY - HOUR, point="point"),)
    tried = each(Reach.ATTEMPTED, 7, MONDAY - 3 * DAY, point="point")

    for loan in ("loan", "second loan"):
        for purpose in (Purpose.OVERDUE_REMINDER, Purpose.CUSTOMER_REPLY, Purpose.LEGAL_NOTICE):
            asked = known("US", account=Account(loan), purpose=purpose, evidence=True, holds=wrong)
            assert outcome(asked, MONDAY) is REFUSE
    elsewhere = known("US", CALL, point=Point("other", CALL), holds=wrong)
    assert outcome(elsewhere, MONDAY) is ALLOW
    assert outcome(replace(elsewhere, history=tried), MONDAY) is DEFER


def test_13_where_others_read_along_nothing_speaks_of_debt() -> None:
    """A shared point makes the message discreet. (The words of a voicemail are the gateway's.)"""
    shared = known("US", point=Point("point", SMS, shared=True))

    decision = decide(shared, MONDAY, BOOKS["US"])

    assert decision.outcome is ALLOW
    assert decision.discreet


@pytest.mark.parametrize("jurisdiction", ["CN", "US", "UK"])
@pytest.mark.parametrize(
    "kind", [HoldKind.DECEASED, HoldKind.BANKRUPTCY, HoldKind.REPRESENTED, HoldKind.DISPUTE], ids=lambda kind: kind.name
)
def test_14_hard_holds_beat_any_consent(kind: HoldKind, jurisdiction: str) -> None:
    at = instant("2026-11-23T12:00+00:00")
    held = known(jurisdiction, zones=("Europe/London",), holds=(Hold(kind, at - DAY),))

    assert outcome(held, at) is REFUSE


def test_14_a_dispute_holds_its_debt_only_and_a_representative_is_a_party_of_their_own() -> None:
    disputed = (Hold(HoldKind.DISPUTE, MONDAY - DAY, account="loan"),)
    represented = (Hold(HoldKind.REPRESENTED, MONDAY - DAY),)
    lawyer = Point("lawyer", SMS, party=Party.REPRESENTATIVE)
    contact = Point("friend", SMS, party=Party.CONTACT_PERSON)
    dead = (Hold(HoldKind.DECEASED, MONDAY - DAY),)
    noon = instant("2026-11-23T12:00+08:00")

    assert outcome(known("US", account=Account("second loan"), holds=disputed), MONDAY) is ALLOW
    assert outcome(known("US", point=lawyer, holds=represented), MONDAY) is ALLOW
    assert outcome(known("US", point=lawyer), MONDAY) is REFUSE
    assert outcome(known("CN", point=contact, holds=dead), noon) is REFUSE
    assert outcome(known("CN", point=replace(contact, party=Party.EXECUTOR), holds=dead), noon) is ALLOW


@pytest.mark.parametrize("jurisdiction", ["JP", "CN", "UK", "US"])
def test_15_a_promise_is_given_its_time_and_void_once_broken(jurisdiction: str) -> None:
    """The law in Japan, house policy elsewhere. (That a part payment breaks nothing is the gateway's.)"""
    at = instant("2026-11-23T12:00+09:00") if jurisdiction in {"JP", "CN"} else instant("2026-11-23T12:00-05:00")
    promise = Promise(date(2026, 11, 25), PromiseStatus.OPEN, at - DAY, "loan")
    where = {"JP": "2026-11-26T08:00+09:00", "CN": "2026-11-26T08:00+08:00", "UK": "2026-11-26T08:00+00:00"}

    assert opens(known(jurisdiction, promises=(promise,)), at) == instant(
        where.get(jurisdiction, "2026-11-26T08:00-05:00")
    )
    assert outcome(known(jurisdiction, promises=(replace(promise, status=PromiseStatus.BROKEN),)), at) is ALLOW


def test_16_joint_debtors_share_the_caps_of_the_debt_and_nothing_else() -> None:
    """Calls to the other debtor fill the seven of the debt, but start no silence and fill no cap per person."""
    theirs = each(Reach.ATTEMPTED, 7, MONDAY - 3 * DAY, joint=True)
    talked = (call(MONDAY - HOUR, Reach.CONVERSATION, joint=True),)
    texted = (past(MONDAY - HOUR, joint=True),)

    assert outcome(known("US", CALL, history=theirs), MONDAY) is DEFER
    assert outcome(known("US", CALL, history=talked), MONDAY) is ALLOW
    assert outcome(known("US", SMS, history=texted), MONDAY) is ALLOW


def test_17_hard_times_stop_or_soften_and_a_minor_has_a_guardian() -> None:
    breathing = (Hold(HoldKind.BREATHING_SPACE, MONDAY - DAY, MONDAY + 59 * DAY),)
    flagged = (Hold(HoldKind.VULNERABLE, MONDAY - DAY),)
    minor = (Hold(HoldKind.MINOR, MONDAY - DAY),)
    guardian = Point("guardian", SMS, party=Party.REPRESENTATIVE)
    reminded = (past(MONDAY - 20 * DAY, purpose=Purpose.OVERDUE_REMINDER, bill="bill"),)

    assert opens(known("UK", holds=breathing), MONDAY) == MONDAY + 59 * DAY
    assert outcome(known("UK", holds=flagged), MONDAY) is ALLOW
    assert outcome(known("UK", holds=flagged, purpose=Purpose.OVERDUE_WARNING, history=reminded), MONDAY) is REFUSE
    assert outcome(known("UK", purpose=Purpose.OVERDUE_WARNING, history=reminded), MONDAY) is ALLOW
    assert outcome(known("UK", holds=minor), MONDAY) is REFUSE
    assert outcome(known("UK", holds=minor, point=guardian), MONDAY) is ALLOW


def test_17_korea_gives_three_months_after_an_event_of_life() -> None:
    noon = instant("2026-11-23T12:00+09:00")
    hospital = (Hold(HoldKind.HARDSHIP, noon - DAY, noon + 89 * DAY),)

    assert opens(known("KR", holds=hospital), noon) == noon + 89 * DAY


def test_18_what_is_erased_is_suppressed_and_not_forgotten() -> None:
    """A point that may only be stored is not usable, and the withdrawal outlives a general grant of the next import.
    (The hashed entry is the gateway's.)"""
    stored = known("CN", point=Point("point", SMS, usable=False))
    again = Consent(ConsentStatus.GRANTED, MONDAY)

    assert outcome(stored, "2026-11-24T12:00+08:00") is REFUSE
    imported = known("CN", consents=(stop(MONDAY - DAY, point="point"), again))
    assert outcome(imported, "2026-11-24T12:00+08:00") is REFUSE


def test_19_agency_and_lender_share_one_counter() -> None:
    """Two and one are three, whoever rang."""
    at = instant("2026-11-23T18:00+08:00")
    lender = each(Reach.CONVERSATION, 2, at - 6 * HOUR)
    agency = each(Reach.CONVERSATION, 1, at - 2 * HOUR, initiator=Initiator.AGENCY)

    assert outcome(known("CN", CALL, history=lender), at) is ALLOW
    assert outcome(known("CN", CALL, history=lender + agency), at) is DEFER


def test_20_the_rules_of_the_day_decide_and_the_version_is_named() -> None:
    """New York City from 2026-09-01, commercial texts in China from 2026-05-01; what was asked is asked again."""
    calls = [instant(f"2026-08-{day}T12:00-04:00") for day in (26, 27, 28)]
    history = tuple(call(at) for at in calls)

    assert outcome(known("US-NYC", CALL, history=history), "2026-08-31T12:00-04:00") is ALLOW
    assert outcome(known("US-NYC", CALL, history=history), "2026-09-01T12:00-04:00") is DEFER

    offer = known("CN", purpose=Purpose.MARKETING, consents=())
    cited = {
        day: refused_by(decide(offer, instant(f"{day}T12:00+08:00"), BOOKS["CN"]))[0]
        for day in ("2026-04-30", "2026-05-01")
    }
    assert cited == {"2026-04-30": "cn.consent.sms_commercial_2015", "2026-05-01": "cn.consent.sms_commercial"}
    decision = decide(offer, MONDAY, BOOKS["CN"])
    assert decision.rulebook.startswith("CN 2026-11-23 (tz ")
    assert finding(decision, "cn.consent.sms_commercial").rule.version == "2026-11-23"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (Answered(Medium.SMS, MONDAY), ALLOW),
        (Answered(Medium.SMS, MONDAY, answered=True), DEFER),
        (Answered(Medium.EMAIL, MONDAY), DEFER),
        (Answered(Medium.VOICE, MONDAY), DEFER),
        # A key that is allowed the purpose vouches for it.
        (None, ALLOW),
    ],
)
@pytest.mark.parametrize("role", LenderRole)
def test_section_b_the_us_allows_one_reply_in_the_same_medium(
    role: LenderRole, answers: Answered | None, expected: Outcome
) -> None:
    reply = known("US", role=role, purpose=Purpose.CUSTOMER_REPLY, evidence=True, awaited=True, answers=answers)

    assert outcome(reply, "2026-11-23T23:00-05:00") is expected


def test_the_case_of_d_c_without_consent_one_message_may_ask_for_it() -> None:
    """D.C. Code 28-3814: no demand by text or mail without consent, and one question in seven days."""
    asking = known("US-DC", purpose=Purpose.FOLLOW_UP, consents=())
    asked = (past(MONDAY - 2 * DAY, purpose=Purpose.FOLLOW_UP),)

    assert outcome(known("US-DC", consents=()), MONDAY) is REFUSE
    assert outcome(asking, MONDAY) is ALLOW
    assert outcome(replace(asking, history=asked), MONDAY) is DEFER
    assert outcome(known("US-DC", purpose=Purpose.FOLLOW_UP, history=asked), MONDAY) is ALLOW
    assert code(decide(known("US-DC"), MONDAY, BOOKS["US-DC"])) != "consent_missing"
