"""An exported file, taken apart and put together again."""

import hashlib
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import exporting
from gateway.audit.chain import EXPORT, canonical
from gateway.store.database import Database

Line = dict[str, Any]


async def exported(database: Database, **chosen: Any) -> list[bytes]:
    """The lines of an export."""
    out = BytesIO()
    await exporting.export(database, out, **chosen)
    return out.getvalue().splitlines(keepends=True)


def written(lines: Iterable[Line], key: Ed25519PrivateKey) -> list[bytes]:
    """Lines but for the footer, as a file with a footer that fits them, signed with the key."""
    body = [canonical(line) + b"\n" for line in lines]
    entries = sum(b'"type":"entry"' in one for one in body)
    said = {"entries": entries, "hash": hashlib.sha256(b"".join(body)).hexdigest(), "lines": len(body)}
    footer = {"type": "footer", **said, "signature": key.sign(EXPORT + canonical(said)).hex()}
    return [*body, canonical(footer) + b"\n"]


def flipped(file: bytes, position: int, bit: int) -> bytes:
    return file[:position] + bytes([file[position] ^ 1 << bit]) + file[position + 1 :]


def first(lines: list[Line], is_it: Callable[[Line], bool]) -> int:
    """The place of the first line of that kind."""
    return next(place for place, line in enumerate(lines) if is_it(line))
