from datetime import timedelta
from typing import Any

import pytest

from policies.engine import decide
from policies.facts import Account, Channel, Initiator, Medium, PastContact, Reach
from tests.policies.making import BOOKS, LOS_ANGELES, NEW_YORK, book, facts, instant, opens, past, rule

US = BOOKS["US"]
CALL: dict[str, Any] = {"channel": Channel.CALLBACK, "zones": (NEW_YORK,)}


def talk(at: str, reach: Reach = Reach.CONVERSATION, **changes: Any) -> PastContact:
    return past(at, reach, **({"medium": Medium.VOICE} | changes))


def test_the_day_of_the_conversation_is_day_one_and_the_next_call_is_on_day_eight() -> None:
    monday = talk("2026-11-16T20:30-05:00")

    assert opens(US, "2026-11-22T20:59-05:00", history=(monday,), **CALL) == instant("2026-11-23T08:00-05:00")
    assert opens(US, "2026-11-23T08:00-05:00", history=(monday,), **CALL) == instant("2026-11-23T08:00-05:00")


def test_a_call_by_the_customer_about_two_debts_silences_both() -> None:
    """REGULATIONS (c) 5."""
    inbound = talk("2026-11-16T10:00-05:00", initiator=Initiator.CUSTOMER, accounts=frozenset({"loan", "card"}))
    at = "2026-11-18T10:00-05:00"

    for account in ("loan", "card"):
        assert opens(US, at, history=(inbound,), account=Account(account), **CALL) == instant("2026-11-23T08:00-05:00")
    assert opens(US, at, history=(inbound,), account=Account("other"), **CALL) == instant(at)


def test_a_text_remains_possible_after_a_conversation() -> None:
    at = "2026-11-18T10:00-05:00"

    assert opens(US, at, history=(talk("2026-11-16T10:00-05:00"),), zones=(NEW_YORK,)) == instant(at)


@pytest.mark.parametrize(
    ("event", "silences"),
    [
        (talk("2026-11-16T10:00-05:00", Reach.CONNECTED), False),
        (talk("2026-11-16T10:00-05:00", Reach.DELIVERED), False),
        (talk("2026-11-16T10:00-05:00", Reach.PENDING), True),
        (talk("2026-11-16T10:00-05:00", accounts=frozenset()), True),
        (talk("2026-11-16T10:00-05:00", joint=True), False),
        (talk("2026-11-19T10:00-05:00"), False),
    ],
    ids=["answered by somebody", "voicemail", "under way", "about an unknown debt", "joint debtor", "not yet"],
)
def test_only_a_conversation_about_this_debt_silences(event: PastContact, silences: bool) -> None:
    at = instant("2026-11-18T10:00-05:00")

    assert (opens(US, at, history=(event,), **CALL) != at) is silences


def test_a_conversation_that_begins_while_we_wait_makes_us_wait_longer() -> None:
    history = (talk("2026-11-16T10:00-05:00"), talk("2026-11-20T10:00-05:00"))

    assert opens(US, "2026-11-18T10:00-05:00", history=history, **CALL) == instant("2026-11-27T08:00-05:00")


def test_the_days_are_counted_on_every_wall() -> None:
    # 01:00 in New York on the 17th is still the 16th in Los Angeles; the later count stands.
    history = (talk("2026-11-17T01:00-05:00"),)
    asked = CALL | {"zones": (NEW_YORK, LOS_ANGELES)}

    assert opens(US, "2026-11-23T12:00-05:00", history=history, **asked) == instant("2026-11-24T11:00-05:00")


def test_a_yes_that_a_later_conversation_ends_names_its_instant() -> None:
    """A question about the past: what is known now is in force at its own instant."""
    at = instant("2026-11-23T12:00-05:00")
    rulebook = book(rule("cooldown", 'days = 7\nmedia = ["VOICE"]'))
    talked = past(at + timedelta(hours=1), Reach.CONVERSATION, medium=Medium.VOICE)

    decision = decide(facts(channel=Channel.CALLBACK, zones=(NEW_YORK,), history=(talked,)), at, rulebook)

    assert decision.closes_at == talked.at
