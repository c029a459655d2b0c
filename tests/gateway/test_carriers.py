"""Which provider takes the next message: the first that is up, unless another is clearly better."""

from datetime import timedelta

import pytest

from channels.base import Accepted, OutcomeUnknown, PermanentFailure, TemporaryFailure
from channels.sandbox import Sandbox
from gateway.carriers import (
    FAILURES_THAT_OPEN,
    FIRST_REST_SECONDS,
    LONGEST_REST_SECONDS,
    WINDOW_SECONDS,
    Carrier,
    Carriers,
)

CHINA, LONDON = "+8613900000000", "+447911123456"
DOWN = TemporaryFailure("cannot be reached")


class Elapsed:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()


def _carriers(elapsed: Elapsed, *names: str) -> Carriers:
    return Carriers([Carrier(Sandbox(name=name)) for name in names], elapsed)


def _chosen(carriers: Carriers, to: str = CHINA, **more: object) -> str | None:
    provider = carriers.choose(to, **more)  # type: ignore[arg-type]
    return provider.name if provider else None


def _fail(carriers: Carriers, name: str, times: int = FAILURES_THAT_OPEN) -> None:
    for _ in range(times):
        carriers.report(name, DOWN, 0.1)


def test_the_order_of_the_settings_decides_where_nothing_is_known(elapsed: Elapsed) -> None:
    assert _chosen(_carriers(elapsed, "a", "b")) == "a"


def test_a_provider_for_some_numbers_goes_first_for_these_and_takes_no_others(elapsed: Elapsed) -> None:
    carriers = Carriers([Carrier(Sandbox(name="all")), Carrier(Sandbox(name="china"), ("+86",))], elapsed)

    assert (_chosen(carriers, CHINA), _chosen(carriers, LONDON)) == ("china", "all")


def test_the_one_that_failed_last_time_is_taken_only_if_nobody_else_is_there(elapsed: Elapsed) -> None:
    carriers = _carriers(elapsed, "a", "b")

    assert _chosen(carriers, avoid="a") == "b"
    assert _chosen(carriers, avoid="a", closed={"b"}) == "a"


def test_two_providers_of_one_name_are_refused(elapsed: Elapsed) -> None:
    with pytest.raises(ValueError, match="same name"):
        _carriers(elapsed, "a", "a")


@pytest.mark.parametrize("failure", [DOWN, OutcomeUnknown("cut")])
def test_failures_in_a_row_open_the_circuit_and_the_other_takes_over(
    elapsed: Elapsed, failure: TemporaryFailure | OutcomeUnknown
) -> None:
    carriers = _carriers(elapsed, "a", "b")
    for _ in range(FAILURES_THAT_OPEN):
        carriers.report("a", failure, 0.1)

    assert _chosen(carriers) == "b"
    assert not _carriers(elapsed).is_open()


def test_what_a_provider_refuses_for_good_says_nothing_against_it(elapsed: Elapsed) -> None:
    carriers = _carriers(elapsed, "a", "b")
    for _ in range(50):
        carriers.report("a", PermanentFailure("unknown number", bad_address=True), 0.1)

    assert _chosen(carriers) == "a"


def test_after_its_rest_one_message_finds_out_and_the_others_wait_for_it(elapsed: Elapsed) -> None:
    carriers = _carriers(elapsed, "a")
    _fail(carriers, "a")
    during = carriers.is_open()

    elapsed.seconds += FIRST_REST_SECONDS
    probe, second = _chosen(carriers), _chosen(carriers)
    carriers.report("a", Accepted(), 0.1)

    assert (during, probe, second, _chosen(carriers)) == (False, "a", None, "a")


def test_a_probe_that_was_not_sent_leaves_its_place_to_another(elapsed: Elapsed) -> None:
    carriers = _carriers(elapsed, "a")
    _fail(carriers, "a")
    elapsed.seconds += FIRST_REST_SECONDS
    carriers.choose(CHINA)

    carriers.not_tried("a")

    assert _chosen(carriers) == "a"


def test_a_probe_of_which_nothing_is_heard_holds_its_place_for_a_while_only(elapsed: Elapsed) -> None:
    carriers = _carriers(elapsed, "a")
    _fail(carriers, "a")
    elapsed.seconds += FIRST_REST_SECONDS
    carriers.choose(CHINA)

    elapsed.seconds += LONGEST_REST_SECONDS

    assert _chosen(carriers) == "a"


def test_each_failed_probe_doubles_the_rest_up_to_a_minute(elapsed: Elapsed) -> None:
    carriers = _carriers(elapsed, "a")
    _fail(carriers, "a")
    rests = []
    for _ in range(6):
        start = elapsed.seconds
        while not carriers.is_open():
            elapsed.seconds += 1
        rests.append(elapsed.seconds - start)
        carriers.choose(CHINA)
        carriers.report("a", DOWN, 0.1)

    assert rests == [5, 10, 20, 40, 60, 60]


def test_who_asks_for_a_pause_is_not_asked_before_it_is_over(elapsed: Elapsed) -> None:
    carriers = _carriers(elapsed, "a", "b")

    carriers.report("a", TemporaryFailure("slow down", retry_after=timedelta(seconds=30)), 0.1)

    assert _chosen(carriers) == "b"
    elapsed.seconds += 30
    assert _chosen(carriers, closed={"b"}) == "a"


def test_a_clearly_better_score_goes_before_the_order_and_is_forgotten_after_five_minutes(elapsed: Elapsed) -> None:
    carriers = _carriers(elapsed, "a", "b")
    for _ in range(10):
        carriers.report("a", DOWN, 0.1)
        carriers.report("a", Accepted(), 0.1)
    after_failures = _chosen(carriers)

    elapsed.seconds += WINDOW_SECONDS

    assert (after_failures, _chosen(carriers)) == ("b", "a")


def test_a_slow_provider_gives_way_to_a_quick_one(elapsed: Elapsed) -> None:
    carriers = _carriers(elapsed, "a", "b")
    for _ in range(10):
        carriers.report("a", Accepted(), 8.0)
        carriers.report("b", Accepted(), 0.2)

    assert _chosen(carriers) == "b"
    assert carriers.scores()["b"] > carriers.scores()["a"]


def test_a_channel_is_down_only_while_all_of_its_providers_are(elapsed: Elapsed) -> None:
    carriers = _carriers(elapsed, "a", "b")
    _fail(carriers, "a")
    elapsed.seconds += 10
    alone = carriers.down_for()
    _fail(carriers, "b")
    elapsed.seconds += 7

    assert (alone, carriers.down_for()) == (0.0, 7.0)


def test_where_nothing_is_configured_no_circuit_opens(elapsed: Elapsed) -> None:
    carriers = Carriers([Carrier(Sandbox(name="none"), rests=False)], elapsed)

    _fail(carriers, "none", 50)

    assert _chosen(carriers) == "none"
