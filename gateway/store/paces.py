"""The pace of each provider, shared by all workers: one row says when its next message may leave.

GCRA (ITU-T I.371, annex A) without a burst: messages are given their instants in a line, so that no second ever holds
more than the pace. Instants up to `AHEAD` from now are given out; a worker waits for each before it hands over.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from gateway.store.work import Work, table

_PACE = table("pace")

AHEAD = timedelta(seconds=1)


async def exhausted(work: Work) -> set[str]:
    """The providers all of whose near instants are given out."""
    rows = await work.all(select(_PACE.c.provider).where(_PACE.c.next_at >= work.now + AHEAD))
    return {row.provider for row in rows}


class Line:
    """The near instants of one provider that are still free. Its row is this transaction's until it ends."""

    def __init__(self, provider: str, now: datetime, next_at: datetime, per_second: float) -> None:
        self.provider = provider
        self._now = now
        self._next_at = max(next_at, now)
        self._step = timedelta(seconds=1 / per_second)

    def take(self) -> timedelta | None:
        """How long the next message waits; None: not in this round."""
        instant = self._next_at
        if instant >= self._now + AHEAD:
            return None
        self._next_at += self._step
        return instant - self._now

    async def leave(self, work: Work) -> None:
        """Keep what was given out."""
        await work.run(update(_PACE).where(_PACE.c.provider == self.provider).values(next_at=self._next_at))


async def line(work: Work, provider: str, per_second: float) -> Line:
    """Step into a provider's line. Several at once: in the order of their names."""
    await work.insert_if_new("pace", [{"provider": provider, "next_at": work.now}])
    row = await work.one(select(_PACE.c.next_at).where(_PACE.c.provider == provider).with_for_update())
    return Line(provider, work.now, row.next_at, per_second)
