"""What stands in an exported file, and whether it holds together. Needs no database and no settings.

Each line is canonical JSON (`chain.py`) and a line feed. In this order:

    header       format, at, key (the public key, 32 bytes in hexadecimal), customer (whose chain it is; null: all),
                 base (the number of the checkpoint that it goes on from; 0: from the beginning)
    checkpoint   at, count, number, previous, root as signed; signature; heads: "all" or "some" of them follow
      head       chain, seq, hash; in the order of the chains; where only some are there, each with its index among all
                 and its proof (else null)
    entry        chain, seq, kind, of_id, at, digest, hash, content (null: it was dropped); chain by chain
    rule         key, rule: the text of a rule that a decision names; the key ends with the first 16 digits of
                 H(canonical(rule))
    footer       lines, entries: how many before it; hash: H of all bytes before it; signature: over
                 `contact-gateway export 1`, a line feed, and canonical({"entries", "hash", "lines"})

Every checkpoint there is stands in it, from the first. Of a chain that goes on from the base, the head that the
latest checkpoint up to the base has of it comes with its proof. Every chain ends with its last head.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.chain import (
    CHECKPOINT,
    EXPORT,
    HOUSE,
    ZERO,
    Head,
    Tree,
    canonical,
    digest,
    hashed,
    leaf,
    link,
    root_by,
    statement,
)

FORMAT = "contact-gateway log 1"

DROPPED = "log.dropped"
"""The act of the house that says which contents nobody had to keep any more."""

_FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "header": {"format": str, "at": str, "key": str, "customer": (str, type(None)), "base": int},
    "checkpoint": {
        "number": int, "at": str, "root": str, "count": int, "previous": str, "signature": str, "heads": str,
    },
    "head": {"chain": str, "seq": int, "hash": str, "index": (int, type(None)), "proof": (list, type(None))},
    "entry": {
        "chain": str, "seq": int, "kind": str, "of_id": str, "at": str, "digest": str, "hash": str,
        "content": (dict, type(None)),
    },
    "rule": {"key": str, "rule": dict},
    "footer": {"lines": int, "entries": int, "hash": str, "signature": str},
}  # fmt: skip

_AFTER = {
    "": ("header",),
    "header": ("checkpoint", "footer"),
    "checkpoint": ("checkpoint", "head", "entry", "footer"),
    "head": ("checkpoint", "head", "entry", "footer"),
    "entry": ("entry", "rule", "footer"),
    "rule": ("rule", "footer"),
    "footer": (),
}
"""What may follow what."""

Line = dict[str, Any]


class Broken(Exception):
    """The first thing that does not fit, and where."""

    def __init__(self, why: str, *, chain: str | None = None, seq: int | None = None, kind: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.chain = chain
        self.seq = seq
        self.kind = kind
        self.line: int | None = None

    def __str__(self) -> str:
        whose = "the house" if self.chain == HOUSE else f"customer {self.chain}"
        parts = [
            f"line {self.line}" if self.line else "",
            whose if self.chain else "",
            f"entry {self.seq}" if self.seq else "",
            self.kind or "",
        ]
        where = ", ".join(part for part in parts if part)
        return f"{where}: {self.why}" if where else self.why


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log, with what it records. `content` None: it was dropped."""

    chain: str
    seq: int
    kind: str
    of_id: str
    at: str
    digest: str
    hash: str
    content: dict[str, Any] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found to hold together."""

    checkpoints: int
    chains: int
    entries: int
    dropped: int  #: entries whose content is not there any more
    key: str
    customer: str | None
    at: str


def _broken(entry: Entry, why: str) -> Broken:
    return Broken(why, chain=entry.chain, seq=entry.seq, kind=entry.kind)


class Signer:
    """Whose signatures are believed."""

    def __init__(self, key: str) -> None:
        self.key = key
        try:
            self._key = Ed25519PublicKey.from_public_bytes(_bytes(key))
        except ValueError:
            raise Broken("there is no public key of 64 small hexadecimal digits") from None

    def signed(self, signature: str, text: bytes) -> bool:
        try:
            self._key.verify(_bytes(signature), text)
        except (InvalidSignature, ValueError):
            return False
        return True


def _bytes(text: str) -> bytes:
    """The bytes that hexadecimal digits stand for; one spelling only."""
    found = bytes.fromhex(text)
    if found.hex() != text:
        raise ValueError("not in small hexadecimal digits")
    return found


class Chains:
    """Follows chain after chain, each from where it begins to where it is known to end.

    `sees_house`: the chain of the house is among them, from its beginning, and comes first.
    """

    def __init__(self, *, sees_house: bool) -> None:
        self._sees_house = sees_house
        #: What checkpoints say of each chain, in their order: number, hash, and who says so.
        self._said: dict[str, list[tuple[int, str, str]]] = {}
        self._begins: dict[str, tuple[int, str]] = {}
        self._chain = ""
        self._seq = 0
        self._hash = ZERO
        self._waits: list[tuple[int, str, str]] = []
        self._drops: dict[str, datetime] = {}
        self.entries = self.chains = self.dropped = 0

    def begins(self, chain: str, seq: int, hash_: str) -> None:
        """It goes on from this entry, which is not there itself."""
        self._begins[chain] = (seq, hash_)

    def ends(self, chain: str, seq: int, hash_: str, by: str) -> None:
        """It is at least that long, and has this hash there."""
        said = self._said.setdefault(chain, [])
        if said and said[-1][:2] == (seq, hash_):
            return
        if said and said[-1][0] >= seq:
            raise Broken(f"{by} says that it ends with entry {seq}, {said[-1][2]} with {said[-1][0]}", chain=chain)
        said.append((seq, hash_, by))

    def add(self, entry: Entry) -> None:
        """The next entry, of the same chain or of one that comes after it."""
        if entry.chain != self._chain:
            self._close()
            if entry.chain < self._chain:
                raise _broken(entry, "its chain stands behind another that comes after it")
            self._open(entry.chain)
        if not self._waits:
            raise _broken(entry, "no checkpoint and no head covers it")
        if entry.seq != self._seq + 1:
            raise _broken(entry, f"entry {self._seq + 1} should stand here")
        expected = link(self._hash, entry.chain, entry.seq, entry.kind, entry.of_id, entry.at, entry.digest)
        if entry.hash != expected:
            raise _broken(entry, "its hash is not that of what it says after the entry before it")
        self._look_at(entry)
        self._seq, self._hash = entry.seq, entry.hash
        self.entries += 1
        if self._waits[0][0] == entry.seq:
            _, hash_, by = self._waits.pop(0)
            if hash_ != entry.hash:
                raise _broken(entry, f"its hash is not the one that {by} says")

    def _look_at(self, entry: Entry) -> None:
        content = entry.content
        if content is None:
            self.dropped += 1
            if self._sees_house and not self._was_dropped(entry):
                raise _broken(entry, "its content is missing, and no act of the house says that it was dropped")
            return
        if digest(content) != entry.digest:
            raise _broken(entry, "its content is not the one that was recorded")
        owner = content.get("customer_id") or HOUSE
        if content.get("id") != entry.of_id or owner != entry.chain:
            raise _broken(entry, "its content is another row's")
        if entry.chain == HOUSE and content.get("what") == DROPPED:
            kind, before = content["detail"]["kind"], datetime.fromisoformat(content["detail"]["before"])
            self._drops[kind] = max(before, self._drops.get(kind, before))

    def _was_dropped(self, entry: Entry) -> bool:
        before = self._drops.get(entry.kind)
        return before is not None and datetime.fromisoformat(entry.at) < before

    def end(self) -> None:
        """Nothing comes any more."""
        self._close()
        if self._said:
            chain = min(self._said)
            seq, _, by = self._said[chain][-1]
            raise Broken(f"it is missing, and {by} says {seq} entries", chain=chain)

    def _open(self, chain: str) -> None:
        self._chain = chain
        self._seq, self._hash = self._begins.get(chain, (0, ZERO))
        self._waits = self._said.pop(chain, [])
        self.chains += 1

    def _close(self) -> None:
        if not self._chain:
            return
        if self._waits:
            seq, _, by = self._waits[-1]
            raise Broken(f"it ends here, and {by} says {seq} entries", chain=self._chain, seq=self._seq)


class Checkpoints:
    """Follows the signed statements from the first, each with heads of the chains that it covers."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._previous = ZERO
        self._current: Line | None = None
        self._heads: list[Head] = []
        self._last = ""
        self.number = 0

    def add(self, line: Line) -> None:
        """The next statement."""
        self.close()
        where = f"checkpoint {line['number']}"
        if line["number"] != self.number + 1:
            raise Broken(f"{where} stands where checkpoint {self.number + 1} should")
        if line["previous"] != self._previous:
            raise Broken(f"{where} does not follow the one before it")
        if line["heads"] not in ("all", "some"):
            raise Broken(f"{where} has neither all nor some of its heads")
        said = statement(line["number"], line["at"], line["root"], line["count"], line["previous"])
        if not self._signer.signed(line["signature"], CHECKPOINT + said):
            raise Broken(f"the signature of {where} is not of this key, or not of what it says")
        self._previous, self.number = hashed(said), line["number"]
        self._current, self._heads, self._last = line, [], ""

    def head(self, line: Line) -> None:
        """A head of the current one."""
        assert self._current is not None
        head = (line["chain"], line["seq"], line["hash"])
        where = f"checkpoint {self.number}"
        if line["chain"] <= self._last:
            raise Broken(f"the heads of {where} are not in their order", chain=line["chain"])
        self._last = line["chain"]
        if self._current["heads"] == "all":
            if line["index"] is not None or line["proof"] is not None:
                raise Broken(f"{where} has all its heads, and one with a proof", chain=line["chain"])
            self._heads.append(head)
            return
        if type(line["index"]) is not int or not _is_proof(line["proof"]):
            raise Broken(f"a head of {where} comes without its proof", chain=line["chain"])
        if root_by(line["proof"], head, line["index"], self._current["count"]) != self._current["root"]:
            raise Broken(f"the proof does not lead to the root of {where}", chain=line["chain"])

    def close(self) -> None:
        """The current one is over: are its heads what was signed?"""
        line, self._current = self._current, None
        if line is None or line["heads"] == "some":
            return
        tree = Tree([leaf(head) for head in self._heads])
        if len(self._heads) != line["count"] or tree.root != line["root"]:
            raise Broken(f"the heads of checkpoint {self.number} are not those that were signed")


def _is_proof(proof: Any) -> bool:
    return isinstance(proof, list) and all(isinstance(one, str) and _is_hash(one) for one in proof)


def _is_hash(text: str) -> bool:
    return len(text) == 64 and all(digit in "0123456789abcdef" for digit in text)


class File:
    """A file that is read line by line. Raises `Broken` at the first line that does not fit.

    `key`: whose signature it must have; without one it is that of the key in the file, whoever's that is.
    """

    def __init__(self, key: str | None = None) -> None:
        self._key = key
        self._signer: Signer | None = None
        self._checkpoints: Checkpoints | None = None
        self._chains = Chains(sees_house=False)
        self._header: Line = {}
        self._kind = ""
        self._running = hashlib.sha256()
        self._lines = 0
        self._named: set[str] = set()
        self._rule = ""

    def add(self, raw: bytes) -> None:
        """The next line, with its line feed."""
        try:
            self._add(raw)
        except Broken as broken:
            broken.line = self._lines + 1
            raise
        self._running.update(raw)
        self._lines += 1

    def _add(self, raw: bytes) -> None:
        line = _read(raw)
        try:
            self._take(line)
        except (KeyError, TypeError, ValueError, AttributeError):
            # Somebody signed what this gateway would not write.
            raise Broken("it is not of the form that this gateway writes") from None

    def _take(self, line: Line) -> None:
        kind = line.pop("type")
        if kind not in _AFTER[self._kind]:
            raise Broken(f"a {kind} cannot stand here" if self._kind else "a header should stand here")
        self._kind = kind
        match kind:
            case "header":
                self._begin(line)
            case "checkpoint":
                self._checkpoint.add(line)
            case "head":
                self._head(line)
            case "entry":
                self._entry(line)
            case "rule":
                self._text(line)
            case "footer":
                self._end(line)

    @property
    def _checkpoint(self) -> Checkpoints:
        assert self._checkpoints is not None
        return self._checkpoints

    def _begin(self, line: Line) -> None:
        if line["format"] != FORMAT:
            raise Broken(f"the format is not {FORMAT}")
        if self._key is not None and line["key"] != self._key:
            raise Broken("it is signed with another key than the one given")
        self._signer = Signer(line["key"])
        self._checkpoints = Checkpoints(self._signer)
        self._chains = Chains(sees_house=line["customer"] is None and line["base"] == 0)
        self._header = line

    def _head(self, line: Line) -> None:
        checkpoint, customer, base = self._checkpoint, self._header["customer"], self._header["base"]
        checkpoint.head(line)
        if customer is not None and line["chain"] != customer:
            raise Broken("it is another customer's", chain=line["chain"])
        if checkpoint.number <= base:
            self._chains.begins(line["chain"], line["seq"], line["hash"])
        else:
            self._chains.ends(line["chain"], line["seq"], line["hash"], f"checkpoint {checkpoint.number}")

    def _entry(self, line: Line) -> None:
        self._checkpoint.close()
        entry = Entry(**line)
        self._chains.add(entry)
        if entry.kind == "decision" and entry.content is not None:
            self._named.update(str(one["rule"]) for one in entry.content["findings"])

    def _text(self, line: Line) -> None:
        self._chains.end()
        if line["key"] <= self._rule or line["key"] not in self._named:
            raise Broken("this rule is named by no decision, or not in its order")
        if not rule_fits(line["key"], line["rule"]):
            raise Broken("the text of the rule is not the one that its key names")
        self._rule = line["key"]
        self._named.discard(line["key"])

    def _end(self, line: Line) -> None:
        self._checkpoint.close()
        self._chains.end()
        if self._named:
            raise Broken(f"the text of the rule {min(self._named)} is missing")
        if (line["lines"], line["entries"]) != (self._lines, self._chains.entries):
            raise Broken(f"{line['lines']} lines and {line['entries']} entries should stand before this one")
        if line["hash"] != self._running.hexdigest():
            raise Broken("something before it is not as it was exported")
        assert self._signer is not None
        said = canonical({"entries": line["entries"], "hash": line["hash"], "lines": line["lines"]})
        if not self._signer.signed(line["signature"], EXPORT + said):
            raise Broken("the signature is not of this key, or not of this file")

    def verified(self) -> Verified:
        """After the last line."""
        if self._kind != "footer":
            raise Broken("the file ends before its footer")
        chains, header = self._chains, self._header
        return Verified(
            self._checkpoint.number,
            chains.chains,
            chains.entries,
            chains.dropped,
            header["key"],
            header["customer"],
            header["at"],
        )


def rule_fits(key: str, rule: dict[str, Any]) -> bool:
    return key.rpartition("@")[2] == digest(rule)[:16]


def verify(lines: Iterable[bytes], key: str | None = None) -> Verified:
    file = File(key)
    for raw in lines:
        file.add(raw)
    return file.verified()


def _read(raw: bytes) -> Line:
    """A line, its fields as they should be."""
    try:
        line = orjson.loads(raw)
    except ValueError:
        raise Broken("it is no JSON") from None
    if not isinstance(line, dict) or not isinstance(line.get("type"), str) or line["type"] not in _FIELDS:
        raise Broken("it is no line of such a file")
    if canonical(line) + b"\n" != raw:
        raise Broken("it is not written in the canonical form")
    fields = _FIELDS[line["type"]]
    if line.keys() != {"type", *fields}:
        raise Broken(f"a {line['type']} has other fields")
    for name, kinds in fields.items():
        if not isinstance(line[name], kinds) or isinstance(line[name], bool):
            raise Broken(f"its {name} is of another kind")
    return line
