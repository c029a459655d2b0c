"""Identifiers: UUIDs of version 7 (RFC 9562), as 32 hexadecimal digits.

They sort by the time they were made, so that a page of a history is a range of its index, and they carry their month,
which names the partition a row lives in on PostgreSQL.
"""

import secrets
from datetime import datetime


class Ids:
    """Makes ids that increase within a process, also within one millisecond."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self, now: datetime) -> str:
        milliseconds = int(now.timestamp() * 1000)
        high = milliseconds << 80 | 0x7 << 76
        # 12 bits of rand_a and the variant's two bits, then 62 random bits.
        value = high | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
        if value <= self._last:
            value = self._last + 1
        self._last = value
        return f"{value:032x}"
