"""Which provider of a channel takes the next message: by measured success and speed, and none that is down.

    carries           a provider may be for numbers of some countries only; the most particular goes first
    rests             the provider asked for it (Retry-After), or failed five times in a row: its circuit is open
    score             successes among the answers of the last five minutes, less for slowness
    first             the order of the settings, unless another's score is clearly better

Measured by each process for itself. What counts against a provider is what is its own fault: that it could not be
reached, was overloaded, or gave no answer. A message that it refused for good says nothing against it.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from channels.base import Accepted, ChannelFailure, OutcomeUnknown, Provider, TemporaryFailure

WINDOW_SECONDS = 300
MOST_ANSWERS = 200

FAILURES_THAT_OPEN = 5
FIRST_REST_SECONDS = 5.0
LONGEST_REST_SECONDS = 60.0
"""Beyond this nothing is gained by waiting: one message now and then finds out whether it is up again."""

CLEARLY = 0.15
"""By so much another's score must be better before the order of the settings gives way."""

SLOW_SECONDS = 10.0
"""A mean answer that takes this long halves the score."""


@dataclass(slots=True)
class _Health:
    """What one process has seen of one provider."""

    answers: deque[tuple[float, bool, float]] = field(default_factory=lambda: deque(maxlen=MOST_ANSWERS))
    failures: int = 0  #: in a row
    rest_until: float = 0.0
    rest: float = FIRST_REST_SECONDS
    down_since: float | None = None  #: since when its circuit has been open
    probing_until: float = 0.0  #: one message finds out whether it is up again; the others wait for it

    def score(self, now: float) -> float:
        recent = [(good, took) for at, good, took in self.answers if now - at < WINDOW_SECONDS]
        if not recent:
            return 1.0
        # One imagined success: a single failure does not condemn a provider.
        rate = (sum(good for good, _ in recent) + 1) / (len(recent) + 1)
        mean = sum(took for _, took in recent) / len(recent)
        return rate / (1 + mean / SLOW_SECONDS)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A provider, and the beginnings of the numbers it takes; empty: all."""

    provider: Provider
    prefixes: tuple[str, ...] = ()
    #: Whether failures open its circuit. Not where nothing is configured: waiting would not help.
    rests: bool = True

    def carries(self, to: str) -> bool:
        return not self.prefixes or to.startswith(self.prefixes)


class Carriers:
    """The providers of one channel."""

    def __init__(self, carriers: Sequence[Carrier], elapsed: Callable[[], float]) -> None:
        if len({one.provider.name for one in carriers}) != len(carriers):
            raise ValueError("two providers of one channel have the same name")
        self._carriers = carriers
        self._elapsed = elapsed
        self._health = {one.provider.name: _Health() for one in carriers}

    @property
    def providers(self) -> list[Provider]:
        return [one.provider for one in self._carriers]

    def choose(self, to: str, *, closed: Collection[str] = (), avoid: str | None = None) -> Provider | None:
        """Who takes a message to this address now; None: nobody at present. `closed` are not asked for now.

        `avoid` failed the last time and is taken only if nobody else is there.
        """
        able = [one for one in self._able(closed) if one.carries(to)]
        others = [one for one in able if one.provider.name != avoid]
        chosen = self._best(others or able)
        if chosen is None:
            return None
        health = self._health[chosen.provider.name]
        if health.down_since is not None:
            health.probing_until = self._elapsed() + LONGEST_REST_SECONDS
        return chosen.provider

    def is_open(self, closed: Collection[str] = ()) -> bool:
        """Whether anybody takes messages at present."""
        return any(True for _ in self._able(closed))

    def has_other(self, name: str, to: str) -> bool:
        """Whether a message that this provider could not take may go to another at once."""
        return any(one.carries(to) and one.provider.name != name for one in self._able(()))

    def down_for(self) -> float:
        """For how many seconds nobody has taken anything: 0 while anybody is up."""
        since = [self._health[one.provider.name].down_since for one in self._carriers]
        known = [one for one in since if one is not None]
        return self._elapsed() - max(known) if known and len(known) == len(since) else 0.0

    def report(self, name: str, result: Accepted | ChannelFailure, seconds: float) -> None:
        """How handing over ended, and how long it took."""
        health, now = self._health[name], self._elapsed()
        is_good = not isinstance(result, TemporaryFailure | OutcomeUnknown)
        health.answers.append((now, is_good, seconds))
        health.probing_until = 0.0
        if is_good:
            health.failures, health.rest, health.down_since, health.rest_until = 0, FIRST_REST_SECONDS, None, 0.0
            return
        health.failures += 1
        if isinstance(result, TemporaryFailure) and result.retry_after:
            health.rest_until = max(health.rest_until, now + min(result.retry_after.total_seconds(), 3600))
        # Those that were in flight when it opened say nothing new: only a try after the rest lengthens the next one.
        if health.failures >= FAILURES_THAT_OPEN and self._carrier(name).rests and now >= health.rest_until:
            health.down_since = health.down_since if health.down_since is not None else now
            health.rest_until = max(health.rest_until, now + health.rest)
            health.rest = min(health.rest * 2, LONGEST_REST_SECONDS)

    def not_tried(self, name: str) -> None:
        """It was chosen and then not asked: whoever finds out whether it is up may be another."""
        self._health[name].probing_until = 0.0

    def scores(self) -> dict[str, float]:
        """For metrics and for people."""
        now = self._elapsed()
        return {name: health.score(now) for name, health in self._health.items()}

    def _able(self, closed: Collection[str]) -> Iterable[Carrier]:
        now = self._elapsed()
        for one in self._carriers:
            health = self._health[one.provider.name]
            if one.provider.name not in closed and now >= max(health.rest_until, health.probing_until):
                yield one

    def _best(self, able: Sequence[Carrier]) -> Carrier | None:
        if len(able) < 2:
            return able[0] if able else None
        # Whoever was made for these numbers before who takes all, and then by the order of the settings.
        ranked = sorted(able, key=lambda one: -max(map(len, one.prefixes), default=0))
        now = self._elapsed()
        first = ranked[0]
        best = max(ranked, key=lambda one: self._health[one.provider.name].score(now))
        gain = self._health[best.provider.name].score(now) - self._health[first.provider.name].score(now)
        return best if gain > CLEARLY else first

    def _carrier(self, name: str) -> Carrier:
        return next(one for one in self._carriers if one.provider.name == name)
