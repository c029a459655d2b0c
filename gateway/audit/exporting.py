"""Writing the log to a file that anybody can check: `lines.py` says what stands in it."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import checkpoints
from gateway.audit.chain import EXPORT, Head, Tree, canonical, instant, leaf
from gateway.audit.lines import FORMAT, Entry
from gateway.store import chains
from gateway.store.chains import Checkpoint, Span
from gateway.store.database import Database
from gateway.store.work import Work

Seen = Callable[[int, int], None]
"""Told how many entries of how many are written."""


class _Writer:
    """Writes lines, and remembers what the footer says of them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._running = hashlib.sha256()
        self._lines = 0
        self.entries = 0

    def line(self, type_: str, **fields: Any) -> None:
        raw = canonical({"type": type_, **fields}) + b"\n"
        self._file.write(raw)
        self._running.update(raw)
        self._lines += 1

    def entry(self, one: Entry) -> None:
        self.line(
            "entry",
            chain=one.chain,
            seq=one.seq,
            kind=one.kind,
            of_id=one.of_id,
            at=one.at,
            digest=one.digest,
            hash=one.hash,
            content=one.content,
        )
        self.entries += 1

    def footer(self, key: Ed25519PrivateKey) -> None:
        said = {"entries": self.entries, "hash": self._running.hexdigest(), "lines": self._lines}
        self.line("footer", **said, signature=key.sign(EXPORT + canonical(said)).hex())


async def export(
    database: Database,
    file: BinaryIO,
    *,
    customer_id: str | None = None,
    since: datetime | None = None,
    seen: Seen = lambda _done, _of: None,
) -> int:
    """Everything on record, or one customer's part; how many entries. It ends with a checkpoint that is made first.

    `since`: from the last checkpoint before then on.
    """
    await checkpoints.make(database)
    key = await checkpoints.signing_key(database)
    async with database.read() as work:
        statements = await chains.checkpoints(work)
        base = max((one.number for one in statements if since is not None and one.at < since), default=0)
        writer = _Writer(file)
        writer.line(
            "header",
            format=FORMAT,
            at=instant(work.now),
            key=key.public_key().public_bytes_raw().hex(),
            customer=customer_id,
            base=base,
        )
        spans = await _write_checkpoints(work, writer, statements, base, customer_id)
        await _write_entries(work, writer, spans, seen)
        writer.footer(key)
    return writer.entries


async def _write_checkpoints(
    work: Work, writer: _Writer, statements: Sequence[Checkpoint], base: int, customer_id: str | None
) -> list[Span]:
    """The statements, with the heads that are wanted of each. What of each chain follows."""
    some = defaultdict(list)
    begins: dict[str, int] = {}
    ends: dict[str, int] = {}
    for number, head in await _some(work, base, customer_id):
        some[number].append(head)
    for one in statements:
        has_all = customer_id is None and one.number > base
        _write_statement(writer, one, "all" if has_all else "some")
        heads = await chains.heads_of(work, one.number) if has_all or one.number in some else []
        if has_all:
            for chain, seq, hash_ in heads:
                writer.line("head", chain=chain, seq=seq, hash=hash_, index=None, proof=None)
        else:
            _write_proofs(writer, heads, some[one.number])
        for chain, seq, _ in heads if has_all else some[one.number]:
            (ends if one.number > base else begins)[chain] = seq
    return [Span(chain, begins.get(chain, 0), ends[chain]) for chain in sorted(ends)]


async def _some(work: Work, base: int, customer_id: str | None) -> list[tuple[int, Head]]:
    """The heads that come with a proof, by their checkpoints."""
    if customer_id is None:
        return await chains.bases(work, base) if base else []
    covering = await chains.covering(work, customer_id)
    later = [one for one in covering if one[0] > base]
    before = [one for one in covering if one[0] <= base]
    return before[-1:] + later if later else []


def _write_statement(writer: _Writer, one: Checkpoint, heads: str) -> None:
    writer.line(
        "checkpoint",
        number=one.number,
        at=instant(one.at),
        root=one.root,
        count=one.count,
        previous=one.previous,
        signature=one.signature,
        heads=heads,
    )


def _write_proofs(writer: _Writer, heads: Sequence[Head], wanted: Sequence[Head]) -> None:
    if not wanted:
        return
    tree = Tree([leaf(head) for head in heads])
    places = {head: index for index, head in enumerate(heads)}
    for head in sorted(wanted):
        chain, seq, hash_ = head
        writer.line("head", chain=chain, seq=seq, hash=hash_, index=places[head], proof=tree.proof(places[head]))


async def _write_entries(work: Work, writer: _Writer, spans: Sequence[Span], seen: Seen) -> None:
    total = sum(span.upto - span.after for span in spans)
    rules: set[str] = set()
    for together in chains.slices(spans):
        for entry in await chains.entries(work, together):
            writer.entry(entry)
            if entry.kind == "decision" and entry.content is not None:
                rules.update(finding["rule"] for finding in entry.content["findings"])
        seen(writer.entries, total)
    for name, rule in sorted((await chains.rules(work, rules)).items()):
        writer.line("rule", key=name, rule=rule)
