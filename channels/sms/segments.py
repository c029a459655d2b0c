"""How many messages a text costs: 3GPP TS 23.038, sections 6.1.2 and 6.2.1.

    alphabet   one message      each of several
    GSM-7      160 septets      153: the rest is the header that joins them (TS 23.040, 9.2.3.24.1)
    UCS-2       70 code units    67

A character of the extension table takes two septets, one outside the Basic Multilingual Plane two code units; neither
pair is ever split between two messages. National language tables are left out: few handsets and no provider here
use them.
"""

from dataclasses import dataclass
from typing import Literal

#: TS 23.038, 6.2.1, without the escape at 0x1B.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: TS 23.038, 6.2.1.1: each is an escape and a second septet.
EXTENSION = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Segments:
    """How a text will travel. `characters` are counted as the network does: pairs are two."""

    encoding: Literal["GSM-7", "UCS-2"]
    characters: int
    segments: int


def segments(text: str) -> Segments:
    """How many messages `text` will be sent and billed as."""
    if BASIC.issuperset(text) or (BASIC | EXTENSION).issuperset(text):
        sizes = [2 if character in EXTENSION else 1 for character in text]
        return Segments("GSM-7", sum(sizes), _pieces(sizes, alone=160, joined=153))
    sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return Segments("UCS-2", sum(sizes), _pieces(sizes, alone=70, joined=67))


def _pieces(sizes: list[int], *, alone: int, joined: int) -> int:
    if sum(sizes) <= alone:
        return 1
    pieces, filled = 1, 0
    for size in sizes:
        if filled + size > joined:
            pieces, filled = pieces + 1, 0
        filled += size
    return pieces
