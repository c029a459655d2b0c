"""The log as it stands in the database: heads, entries with what they record, and checkpoints."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, exists, func, or_, select

from gateway.audit.chain import HOUSE, Head, instant
from gateway.audit.lines import Entry
from gateway.store import log
from gateway.store.many import Question, among
from gateway.store.work import Work, table

_CUSTOMER = table("customer")
_HOUSE = table("house")
_ENTRY = table("log_entry")
_CHECKPOINT = table("checkpoint")
_HEAD = table("checkpoint_head")

CHECKPOINTING = 0x63686563
"""The key alone with which a checkpoint is written."""

READ_TOGETHER = 1000
"""Entries of which the rows are read in one statement for each table."""

_STEP = 10_000
"""Rows that are looked at in one statement."""

_ENTRIES = Question(
    select(_ENTRY).where(among(_ENTRY.c.customer_id, "ids")).order_by(_ENTRY.c.customer_id, _ENTRY.c.seq)
)

_RULE = table("rule_text")
_RULES = Question(select(_RULE).where(among(_RULE.c.key, "keys")))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A statement of how far every chain had come."""

    number: int
    at: datetime
    root: str
    count: int
    previous: str
    signature: str


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a chain: what comes after an entry, up to another."""

    chain: str
    after: int
    upto: int


async def heads(work: Work) -> list[Head]:
    """Of every chain there is."""
    return await _heads(work, select(_CUSTOMER.c.id, _CUSTOMER.c.log_seq, _CUSTOMER.c.log_hash), select(_HOUSE))


async def grown(work: Work) -> list[Head]:
    """Of the chains that no checkpoint covers to their end."""

    def is_covered(chain: Any, seq: ColumnElement[int]) -> ColumnElement[bool]:
        return exists().where(_HEAD.c.customer_id == chain, _HEAD.c.seq == seq)

    of_customers = select(_CUSTOMER.c.id, _CUSTOMER.c.log_seq, _CUSTOMER.c.log_hash).where(
        ~is_covered(_CUSTOMER.c.id, _CUSTOMER.c.log_seq)
    )
    return await _heads(work, of_customers, select(_HOUSE).where(~is_covered(HOUSE, _HOUSE.c.log_seq)))


async def _heads(work: Work, of_customers: Select[Any], of_house: Select[Any]) -> list[Head]:
    found = [(str(row.id), int(row.log_seq), str(row.log_hash)) for row in await work.all(of_customers)]
    found += [(HOUSE, int(row.log_seq), str(row.log_hash)) for row in await work.all(of_house)]
    return sorted(found)


async def checkpoints(work: Work) -> list[Checkpoint]:
    """Every one, from the first."""
    return [_checkpoint(row) for row in await work.all(select(_CHECKPOINT).order_by(_CHECKPOINT.c.number))]


async def last_checkpoint(work: Work) -> Checkpoint | None:
    row = await work.one(select(_CHECKPOINT).order_by(_CHECKPOINT.c.number.desc()).limit(1))
    return _checkpoint(row) if row else None


def _checkpoint(row: Any) -> Checkpoint:
    return Checkpoint(row.number, row.at, row.root, row.count, row.previous, row.signature)


async def add_checkpoint(work: Work, new: Checkpoint, heads: Collection[Head]) -> None:
    row = {
        "number": new.number,
        "at": new.at,
        "root": new.root,
        "count": new.count,
        "previous": new.previous,
        "signature": new.signature,
    }
    await work.insert("checkpoint", [row])
    await work.insert(
        "checkpoint_head",
        [{"customer_id": chain, "seq": seq, "number": new.number, "hash": hash_} for chain, seq, hash_ in heads],
    )


async def heads_of(work: Work, number: int) -> list[Head]:
    """That a checkpoint covers, in their order."""
    rows = await work.all(select(_HEAD).where(_HEAD.c.number == number))
    return sorted((str(row.customer_id), int(row.seq), str(row.hash)) for row in rows)


async def covering(work: Work, customer_id: str) -> list[tuple[int, Head]]:
    """The checkpoints that cover a chain, with its head in each."""
    rows = await work.all(select(_HEAD).where(_HEAD.c.customer_id == customer_id).order_by(_HEAD.c.number))
    return [(int(row.number), (str(row.customer_id), int(row.seq), str(row.hash))) for row in rows]


async def bases(work: Work, base: int) -> list[tuple[int, Head]]:
    """Of each chain that has grown after that checkpoint: the last one up to it that covers it, with its head there."""
    later = _HEAD.alias()
    latest = (
        select(_HEAD.c.customer_id, func.max(_HEAD.c.seq).label("seq"))
        .where(
            _HEAD.c.number <= base, exists().where(later.c.customer_id == _HEAD.c.customer_id, later.c.number > base)
        )
        .group_by(_HEAD.c.customer_id)
        .subquery()
    )
    is_it = and_(_HEAD.c.customer_id == latest.c.customer_id, _HEAD.c.seq == latest.c.seq)
    rows = await work.all(select(_HEAD).join(latest, is_it))
    return [(int(row.number), (str(row.customer_id), int(row.seq), str(row.hash))) for row in rows]


def slices(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Spans that are read together, in their order; a long one in parts."""
    together: list[Span] = []
    room = READ_TOGETHER
    for span in spans:
        after = span.after
        while span.upto - after > room:
            yield [*together, Span(span.chain, after, after + room)]
            after, together, room = after + room, [], READ_TOGETHER
        if after < span.upto:
            together.append(Span(span.chain, after, span.upto))
            room -= span.upto - after
    if together:
        yield together


async def entries(work: Work, together: Sequence[Span]) -> list[Entry]:
    """The entries of these parts, with what they record where it is still there."""
    rows = await _rows(work, together)
    contents: dict[tuple[str, str], dict[str, Any]] = {}
    wanted = defaultdict(list)
    for row in rows:
        wanted[row.kind].append(row.of_id)
    for kind, ids in wanted.items():
        if kind in log.RECORDS:
            for found in await work.ask(_recorded(kind), {"ids": ids}):
                contents[kind, found.id] = log.content(kind, found._asdict())
    return [
        Entry(
            row.customer_id,
            row.seq,
            row.kind,
            row.of_id,
            instant(row.at),
            row.digest,
            row.hash,
            contents.get((row.kind, row.of_id)),
        )
        for row in rows
    ]


async def _rows(work: Work, together: Sequence[Span]) -> list[Any]:
    if len(together) == 1:
        span = together[0]
        is_in = (_ENTRY.c.customer_id == span.chain, _ENTRY.c.seq > span.after, _ENTRY.c.seq <= span.upto)
        return list(await work.all(select(_ENTRY).where(*is_in).order_by(_ENTRY.c.seq)))
    parts = {span.chain: span for span in together}
    rows = await work.ask(_ENTRIES, {"ids": list(parts)})
    return [row for row in rows if parts[row.customer_id].after < row.seq <= parts[row.customer_id].upto]


@cache
def _recorded(kind: str) -> Question:
    target = table(kind)
    return Question(select(*(target.c[name] for name in log.columns(kind))).where(among(target.c.id, "ids")))


async def count(work: Work) -> int:
    """How many entries there are, whoever's."""
    return int((await work.one(select(func.count()).select_from(_ENTRY)))[0])


async def beyond(work: Work) -> tuple[str, int] | None:
    """An entry of no customer, or behind the end of its chain: chain and number."""
    is_of_house = _ENTRY.c.customer_id == HOUSE
    statement = (
        select(_ENTRY.c.customer_id, _ENTRY.c.seq)
        .outerjoin(_CUSTOMER, _CUSTOMER.c.id == _ENTRY.c.customer_id)
        .outerjoin(_HOUSE, is_of_house)
        .where(or_(_CUSTOMER.c.id.is_(None), _ENTRY.c.seq > _CUSTOMER.c.log_seq))
        .where(or_(~is_of_house, _HOUSE.c.id.is_(None), _ENTRY.c.seq > _HOUSE.c.log_seq))
    )
    row = await work.one(statement.limit(1))
    return (str(row.customer_id), int(row.seq)) if row else None


async def unrecorded(work: Work, kind: str) -> AsyncIterator[tuple[int, str | None]]:
    """Look for rows of a table that are not in the log as they say: how many were looked at, and the first of those."""
    target = table(kind)
    is_its = and_(
        _ENTRY.c.customer_id == func.coalesce(target.c.customer_id, HOUSE),
        _ENTRY.c.seq == target.c.seq,
        _ENTRY.c.kind == kind,
        _ENTRY.c.of_id == target.c.id,
    )
    last = ""
    while True:
        step = (
            select(target.c.id, _ENTRY.c.of_id)
            .outerjoin(_ENTRY, is_its)
            .where(target.c.id > last, _is_to_be_recorded(target))
            .order_by(target.c.id)
            .limit(_STEP)
        )
        rows = await work.all(step)
        if not rows:
            return
        last = rows[-1].id
        yield len(rows), next((str(row.id) for row in rows if row.of_id is None), None)


def _is_to_be_recorded(target: Table) -> ColumnElement[bool]:
    """What a stranger wrote is in nobody's record."""
    return target.c.customer_id.is_not(None) if target.name == "reply" else target.c.id.is_not(None)


async def rules(work: Work, keys: Collection[str]) -> dict[str, dict[str, Any]]:
    """Their texts as they stand in the database, whatever this process remembers."""
    return {row.key: row.rule for row in await work.ask(_RULES, {"keys": list(keys)})}


async def rows(work: Work, name: str, ids: Collection[str] | None = None, *, by: str = "id") -> list[dict[str, Any]]:
    """Whole rows, all or by a column."""
    if ids is None:
        return [dict(row._mapping) for row in await work.all(select(table(name)))]
    return [row._asdict() for row in await work.ask(_whole(name, by), {"ids": list(ids)})]


async def rows_of_nobody(work: Work, name: str) -> list[dict[str, Any]]:
    """Those that are no customer's."""
    target = table(name)
    return [dict(row._mapping) for row in await work.all(select(target).where(target.c.customer_id.is_(None)))]


@cache
def _whole(name: str, by: str) -> Question:
    target = table(name)
    return Question(select(target).where(among(target.c[by], "ids")))
