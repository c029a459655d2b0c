"""Identifiers: UUIDs of version 7 (RFC 9562), as 32 hexadecimal digits.

They sort by the time they were made, so that a page of a history is a range of its index, and they carry their month,
which names the partition a row lives in on PostgreSQL.
"""

import secrets
from base64 import urlsafe_b64encode
from datetime import datetime


class Ids:
    """Makes ids that increase within a process: random for each millisecond, and counted on within it."""

    def __init__(self) -> None:
        self._milliseconds = 0
        self._last = 0
        self._now: datetime | None = None
        self._then = 0

    def __call__(self, now: datetime) -> str:
        # A transaction makes many ids at one instant.
        if now is not self._now:
            self._now, self._then = now, int(now.timestamp() * 1000)
        milliseconds = self._then
        if milliseconds <= self._milliseconds:
            self._last += 1
        else:
            self._milliseconds = milliseconds
            # The version, 12 random bits, the variant, 62 random bits.
            random = secrets.randbits(74)
            self._last = milliseconds << 80 | 0x7 << 76 | random >> 62 << 64 | 0b10 << 62 | random & (1 << 62) - 1
        return f"{self._last:032x}"


def global_id(kind: str, inner: str) -> str:
    """An id as callers see it: opaque to them, `Type:inner` to us."""
    return urlsafe_b64encode(f"{kind}:{inner}".encode()).rstrip(b"=").decode()
