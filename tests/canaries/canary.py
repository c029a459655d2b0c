"""Canaries: texts that are nowhere by chance, and looking for them in whatever they may have been turned into."""

import re
import secrets
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

from tests.canaries.inputs import Kind


@dataclass(frozen=True)
class Canary:
    """`core` is letters and digits of ASCII, `tail` the rest of it, which each encoding writes in its own way."""

    what: str
    kind: Kind
    core: str
    tail: str = ""

    @property
    def text(self) -> str:
        return self.core + self.tail


def word(what: str, kind: Kind = Kind.PERSONAL) -> Canary:
    """One to be said in words."""
    tail = "".join(chr(0x4E00 + secrets.randbelow(0x5000)) for _ in range(5))
    return Canary(what, kind, f"qx{secrets.token_hex(7)}", tail)


def number(what: str, kind: Kind = Kind.PERSONAL) -> Canary:
    """A Chinese mobile number."""
    return Canary(what, kind, f"139{secrets.randbelow(10**8):08}")


def mail(what: str, kind: Kind = Kind.PERSONAL) -> tuple[Canary, Canary, str]:
    """A mail address: who, where, and both together."""
    local, domain = (Canary(f"{what}, {part}", kind, f"qx{secrets.token_hex(7)}") for part in ("who", "where"))
    return local, domain, f"{local.core}@{domain.core}.example"


class Haystack:
    """What is searched, in the forms in which it is searched."""

    def __init__(self, data: bytes) -> None:
        self._raw = data
        self._folded = data.lower()
        self._digits = re.sub(rb"[^0-9]", b"", data)

    def holds(self, canary: Canary) -> list[str]:
        """The forms in which it is there."""
        found = [form for form, needle in _forms(canary) if needle.lower() in self._folded]
        found += [f"base64 at {at}" for at, needle in _base64(canary.core) if needle in self._raw]
        if canary.core.isdigit() and canary.core.encode() in self._digits:
            found.append("digits")
        return found


def _forms(canary: Canary) -> Iterator[tuple[str, bytes]]:
    """What is found whether letters are small or large."""
    core, tail = canary.core, canary.tail
    yield "plain", core.encode()
    yield "hex", core.encode().hex().encode()
    yield "utf-16", core.encode("utf-16-le")
    yield "utf-16, the other way round", core.encode("utf-16-be")
    # A number is in its one form, with its country.
    yield (
        "sha-256 without a key",
        sha256((f"+86{core}" if core.isdigit() else canary.text).encode()).hexdigest().encode(),
    )
    if tail:
        yield "its tail", tail.encode()
        yield "its tail, escaped", tail.encode("unicode_escape")
        yield "its tail, for URLs", quote(tail).encode()
        yield "its tail, for HTML", "".join(f"&#{ord(one)};" for one in tail).encode()
        yield "its tail, utf-16", tail.encode("utf-16-le")
        yield "its tail, in Chinese letters", tail.encode("gb18030")


def _base64(core: str) -> Iterator[tuple[int, bytes]]:
    """What is the same of its base64 whatever stands before and after, for each place in a group of three bytes."""
    for at, unsure in enumerate((0, 2, 3)):
        padded = b64encode(b"\0" * at + core.encode()).rstrip(b"=")
        whole = padded[unsure : -1 if (at + len(core)) % 3 else None]
        yield at, whole
        yield at, whole.translate(bytes.maketrans(b"+/", b"-_"))
