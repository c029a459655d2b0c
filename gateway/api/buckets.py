"""How much somebody may have, by time: a bucket each, which drips full again at a fixed rate."""

from collections import OrderedDict

MOST_BUCKETS = 50_000
"""At once. Who was quiet longest is forgotten first, with a bucket that is most likely full."""


class Buckets:
    """Buckets by whose they are. What is kept of each is one number: the instant at which it will be full again."""

    def __init__(self, rate: float, seconds: float, most: int = MOST_BUCKETS) -> None:
        """`rate` per second; a full bucket holds `seconds` of it."""
        self.rate = rate
        self.size = rate * seconds
        self._seconds = seconds
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, whose: str, amount: float, now: float) -> float:
        """Take it, and answer 0. Where it is not there, nothing is taken: the seconds until it will be."""
        full_at = self._after(whose, amount, now)
        missing = full_at - now - self._seconds
        if missing > 1e-9:  # else a rounding error would ask for a wait of nothing
            return missing
        self._set(whose, full_at)
        return 0.0

    def wait(self, whose: str, amount: float, now: float) -> float:
        """The seconds until so much will be there; 0: it is."""
        missing = self._after(whose, amount, now) - now - self._seconds
        return missing if missing > 1e-9 else 0.0

    def owe(self, whose: str, amount: float, now: float) -> None:
        """Take it whether it is there or not: what is missing has to drip in first, of one bucket's worth at most."""
        self._set(whose, min(self._after(whose, amount, now), now + 2 * self._seconds))

    def _after(self, whose: str, amount: float, now: float) -> float:
        """When the bucket would be full again, with so much less in it."""
        full_at = self._full_at.get(whose, now)
        return max(now, full_at) + amount / self.rate

    def _set(self, whose: str, full_at: float) -> None:
        if whose not in self._full_at and len(self._full_at) >= self._most:
            self._full_at.popitem(last=False)
        self._full_at[whose] = full_at
        self._full_at.move_to_end(whose)

    def left(self, whose: str, now: float) -> float:
        """What is in the bucket."""
        return max(self.size - max(self._full_at.get(whose, now) - now, 0.0) * self.rate, 0.0)
