from datetime import time
from typing import Any

import pytest

from policies.engine import decide
from policies.facts import Channel, Purpose, WindowEffect, Wish
from tests.policies.making import BOOKS, LOS_ANGELES, NEW_YORK, book, code, facts, instant, opens, refused_by, rule

WISHES = book(rule("wishes", ""))
EVENING = Wish(WindowEffect.ONLY, time(18), time(20))
NAP = Wish(WindowEffect.NEVER, time(12), time(14))


@pytest.mark.parametrize(
    ("wishes", "at", "expected"),
    [
        ((EVENING,), "17:00", "18:00"),
        ((EVENING,), "18:00", "18:00"),
        ((NAP,), "12:00", "14:00"),
        ((NAP,), "14:00", "14:00"),
        # Two windows to be contacted in: either will do.
        ((EVENING, Wish(WindowEffect.ONLY, time(9), time(10))), "08:00", "09:00"),
        # What the customer refused stays refused, also within what was asked for.
        ((EVENING, Wish(WindowEffect.NEVER, time(18), time(19))), "17:00", "19:00"),
    ],
)
def test_wishes_narrow_the_day(wishes: tuple[Wish, ...], at: str, expected: str) -> None:
    when = opens(WISHES, f"2026-11-23T{at}+00:00", wishes=wishes)

    assert when == instant(f"2026-11-23T{expected}+00:00")


def test_a_wish_may_run_over_midnight_and_hold_on_some_days_only() -> None:
    # 2026-11-28 is a Saturday: the night that begins on it ends on Sunday.
    night = Wish(WindowEffect.NEVER, time(20), time(11), days=frozenset({5}))

    assert opens(WISHES, "2026-11-29T10:59+00:00", wishes=(night,)) == instant("2026-11-29T11:00+00:00")
    assert opens(WISHES, "2026-11-28T10:59+00:00", wishes=(night,)) == instant("2026-11-28T10:59+00:00")


def test_a_wish_for_one_channel_leaves_the_others() -> None:
    no_calls = Wish(WindowEffect.NEVER, time(12), time(14), channels=frozenset({Channel.CALLBACK}))
    noon = "2026-11-23T12:30+00:00"

    assert opens(WISHES, noon, wishes=(no_calls,)) == instant(noon)
    assert opens(WISHES, noon, wishes=(no_calls,), channel=Channel.CALLBACK) == instant("2026-11-23T14:00+00:00")


def test_not_before_six_today_is_over_tomorrow() -> None:
    today = Wish(WindowEffect.ONLY, time(18), time(0), valid_until=instant("2026-11-24T00:00+00:00"))

    assert opens(WISHES, "2026-11-23T09:00+00:00", wishes=(today,)) == instant("2026-11-23T18:00+00:00")
    assert opens(WISHES, "2026-11-24T09:00+00:00", wishes=(today,)) == instant("2026-11-24T09:00+00:00")


def test_an_unwanted_hour_is_unwanted_on_every_wall_unless_it_names_one() -> None:
    everywhere = (NEW_YORK, LOS_ANGELES)
    there = Wish(WindowEffect.NEVER, time(12), time(14), zone=LOS_ANGELES)

    assert opens(WISHES, "2026-11-23T12:30-05:00", zones=everywhere, wishes=(NAP,)) == instant("2026-11-23T14:00-05:00")
    assert opens(WISHES, "2026-11-23T12:30-05:00", zones=everywhere, wishes=(there,)) == instant(
        "2026-11-23T12:30-05:00"
    )


def test_wishes_that_leave_no_hour_refuse() -> None:
    never = Wish(WindowEffect.NEVER, time(0), time(0))

    decision = decide(facts(wishes=(never,)), instant("2026-11-23T12:00+00:00"), WISHES)

    assert refused_by(decision) == ["t.rule"]
    assert code(decision) == "wish_never_open"


@pytest.mark.parametrize("jurisdiction", ["CN", "US", "UK"])
def test_wishes_are_respected_everywhere_but_for_an_answer(jurisdiction: str) -> None:
    known: dict[str, Any] = {"zones": ("Asia/Shanghai",), "wishes": (NAP,)}

    waits = opens(BOOKS[jurisdiction], "2026-11-23T13:00+08:00", **known)
    known |= {"purpose": Purpose.CUSTOMER_REPLY, "evidence": True}
    answer = opens(BOOKS[jurisdiction], "2026-11-23T13:00+08:00", awaited=True, **known)
    late = opens(BOOKS[jurisdiction], "2026-11-23T13:00+08:00", awaited=False, **known)

    assert waits == late == instant("2026-11-23T14:00+08:00")
    assert answer == instant("2026-11-23T13:00+08:00")


def test_a_wish_holds_from_the_first_to_before_the_last_instant_of_its_validity() -> None:
    noon, three = instant("2026-11-23T12:00+00:00"), instant("2026-11-23T15:00+00:00")
    wish = Wish(WindowEffect.NEVER, time(0), time(0), valid_from=noon, valid_until=three)

    assert decide(facts(wishes=(wish,)), instant("2026-11-23T11:00+00:00"), WISHES).closes_at == noon
    assert opens(WISHES, noon, wishes=(wish,)) == three
    assert opens(WISHES, three, wishes=(wish,)) == three
