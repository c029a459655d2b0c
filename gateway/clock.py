"""The only place that reads the time. Everything else is handed a clock."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def __call__(self) -> datetime:
        """The present instant, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one reading that the rule allows


class VirtualClock:
    """A clock that can be moved forward and then runs on from there. For the sandbox and for tests."""

    def __init__(self, real: Clock, ahead: timedelta = timedelta(0)) -> None:
        self._real = real
        self.ahead = ahead

    def __call__(self) -> datetime:
        return self._real() + self.ahead

    def real(self) -> datetime:
        """What the clock says that was not moved: for what others have to believe."""
        return self._real()

    def advance(self, to: datetime) -> None:
        """Move to `to`. Going back is an error: what has happened stays in the past."""
        if to < self():
            raise ValueError("the clock only moves forward")
        self.ahead = to - self._real()


class StoppedClock:
    """A clock that stands still until it is moved. For tests that ask about an exact instant."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, to: datetime) -> None:
        if to < self.at:
            raise ValueError("the clock only moves forward")
        self.at = to
