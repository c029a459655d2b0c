"""How a local server may treat the next message."""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True)
class Accept:
    """Take the message and say so."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Drop the line without an answer: after taking the message, or before."""

    taken: bool = True


@dataclass(frozen=True, slots=True)
class Slow:
    """Take the message and answer late."""

    by: timedelta


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer an HTTP request with this. A message is taken where `status` is a 2xx, and always with `taken`."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer an SMTP command (`MAIL`, `RCPT`, or `DATA`: its text) with this reply."""

    reply: str
    at: str = "RCPT"


B = TypeVar("B")


class Script(Generic[B]):
    """What comes next: what was handed in for the next messages, then what always holds."""

    def __init__(self, always: B) -> None:
        self._always = always
        self._next: deque[B] = deque()

    def next(self, *behaviours: B) -> None:
        """Treat the next messages like this, one each."""
        self._next.extend(behaviours)

    def always(self, behaviour: B) -> None:
        """Treat every message like this from now on; what was handed in for the next ones is forgotten."""
        self._next.clear()
        self._always = behaviour

    def peek(self) -> B:
        """How the message at hand is treated."""
        return self._next[0] if self._next else self._always

    def take(self) -> B:
        """The same, and be done with it."""
        return self._next.popleft() if self._next else self._always
