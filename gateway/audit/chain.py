"""How the log is hashed, in full: whoever reads this can write another program that checks it.

Canonical JSON
    UTF-8; no space between tokens; the keys of an object in the order of their code points, each once; in strings only
    `"`, `\\` and what is below U+0020 is escaped, as \\" \\\\ \\b \\t \\n \\f \\r and otherwise \\u00xx with small
    letters. An instant is a string in UTC, `2026-11-24T04:00:00Z`, with six digits of a second where they are not all
    zero; a date is `2026-11-24`. A number that is not whole is the shortest decimal that means it (`1.5`, `3.0`).
    `canonical(x)` is these bytes, H is SHA-256, and a hash in a document is its 64 small hexadecimal digits.

Chains
    Everything on record of one customer is one chain, named by the customer's id; what concerns no customer is in the
    chain of the house, named by 32 zeros. The entries of a chain are numbered from 1 without a gap.

        digest   H(canonical(content))   content: the columns of the recorded row that never change, as they are at rest
                                         (what is personal is sealed: nobody needs a key to check it)
        hash     H(canonical([before, chain, seq, kind, of_id, at, digest]))
                                         before: the hash of the entry before it, 64 zeros for the first
                                         kind, of_id: the table and the id of the recorded row; at: when

    A content may have been dropped once nobody had to keep it. Its digest stays, and the chain with it.

Checkpoints
    Numbered from 1. A checkpoint covers every chain that has grown since the one before it, by its head: the number and
    the hash of its latest entry. The heads, in the order of their chains, are the leaves of a Merkle tree (RFC 6962,
    2.1).

        leaf     H(0x00 | canonical([chain, seq, hash]))
        node     H(0x01 | left | right), split at the largest power of two that is smaller than the number of leaves

    Signed with Ed25519 (RFC 8032), over `contact-gateway checkpoint 1` and a line feed, followed by

        canonical({"at", "count", "number", "previous", "root"})
                                         count: of the heads; previous: H of the statement before it (these canonical
                                         bytes), 64 zeros for the first

Exports
    `gateway/audit/lines.py` says what stands in an exported file.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

ZERO = "0" * 64
"""What stands before the first entry of a chain, and before the first checkpoint."""

HOUSE = "0" * 32
"""The chain of what concerns no customer."""

CHECKPOINT = b"contact-gateway checkpoint 1\n"
EXPORT = b"contact-gateway export 1\n"
"""What a signature is of: nobody can show one as the other."""

Head = tuple[str, int, str]
"""Chain, number and hash of an entry."""

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


def canonical(value: Any) -> bytes:
    """Instants must be in UTC."""
    return orjson.dumps(value, option=_CANONICAL)


def instant(at: datetime) -> str:
    """As it stands in canonical JSON."""
    return canonical(at)[1:-1].decode()


def digest(content: Any) -> str:
    return hashlib.sha256(canonical(content)).hexdigest()


def link(before: str, chain: str, seq: int, kind: str, of_id: str, at: datetime | str, content_digest: str) -> str:
    """The hash of an entry. `at`: in UTC, or as it stands in canonical JSON."""
    return hashlib.sha256(canonical([before, chain, seq, kind, of_id, at, content_digest])).hexdigest()


def leaf(head: Head) -> bytes:
    return hashlib.sha256(b"\0" + canonical(list(head))).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A Merkle tree over heads. A level pairs its neighbours; one without a neighbour goes up as it is.

    That is RFC 6962's tree: its subtrees of a power of two are the full pairs, and the rest is split the same way.
    """

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            pairs = [_node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
            self._levels.append(pairs + below[2 * len(pairs) :])

    @property
    def root(self) -> str:
        top = self._levels[-1]
        return (top[0] if top else hashlib.sha256().digest()).hex()

    def proof(self, index: int) -> list[str]:
        """The neighbours on the way from a leaf to the root (RFC 6962, 2.1.1)."""
        neighbours = []
        for level in self._levels[:-1]:
            if (neighbour := index ^ 1) < len(level):
                neighbours.append(level[neighbour].hex())
            index //= 2
        return neighbours


def root_by(proof: Sequence[str], head: Head, index: int, count: int) -> str | None:
    """The root to which a proof leads; None if it cannot be one of a tree of so many leaves."""
    if not 0 <= index < count:
        return None
    hash_, left = leaf(head), list(reversed(proof))
    while count > 1:
        if (index ^ 1) < count:
            if not left:
                return None
            neighbour = bytes.fromhex(left.pop())
            hash_ = _node(neighbour, hash_) if index & 1 else _node(hash_, neighbour)
        index, count = index // 2, (count + 1) // 2
    return None if left else hash_.hex()


def statement(number: int, at: datetime | str, root: str, count: int, previous: str) -> bytes:
    """What of a checkpoint is signed, after `CHECKPOINT`."""
    return canonical({"number": number, "at": at, "root": root, "count": count, "previous": previous})


def hashed(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
