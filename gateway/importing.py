"""Importing a file of customers or bills: in batches, each one transaction with the place up to which the file is done.

Killed at any instant it goes on behind the last batch that was committed. The list of bad rows is cut back to what that
batch had said, so that no row is listed twice.
"""

import hashlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from gateway import bulk
from gateway.bulk import Done, Outcome
from gateway.core import Gateway
from gateway.importable import BadFile, Kind, Line, lines, wanted
from gateway.model import OPERATOR, Unacceptable
from gateway.requests import RegisterBill, RegisterCustomer
from gateway.store import imports
from gateway.store.faults import repeated
from gateway.store.imports import Run
from gateway.store.work import Work

ROWS = 1000
"""In one transaction: nobody else waits long for it."""


class _DryRun(Exception):
    """Nothing is kept."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is, and what was wrong with rows since the last time."""

    run: Run
    bad: Sequence[tuple[int, Unacceptable]] = ()


@dataclass(slots=True)
class _Batch:
    lines: list[Line] = field(default_factory=list)
    wanted: list[RegisterCustomer | RegisterBill | Unacceptable] = field(default_factory=list)


async def run(
    gateway: Gateway, path: Path, kind: Kind, rejects: Path, *, is_dry: bool = False
) -> AsyncGenerator[Progress, None]:
    """Import the file, batch by batch; the first that is told is where it begins. Raises `BadFile`."""
    digest = _digest(path, kind)
    async with gateway.database.read() as work:
        now = await imports.find(work, digest) or Run(digest)
    if is_dry:
        now = Run(digest)
    else:
        _cut(rejects, now.rejects)
    yield Progress(now)
    for batch in _batches(path, kind, now):
        before = now
        now, bad = await _write(gateway, kind, batch, before, rejects, is_dry=is_dry)
        yield Progress(now, bad)
    if not is_dry:
        async with gateway.database.write() as work:
            await imports.forget(work, digest)


def _digest(path: Path, kind: Kind) -> str:
    with path.open("rb") as file:
        return f"{kind}:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _cut(rejects: Path, size: int) -> None:
    if size or rejects.exists():
        with rejects.open("ab") as file:
            file.truncate(size)


def _batches(path: Path, kind: Kind, start: Run) -> Iterator[_Batch]:
    """A reference stands once in each: the later row is a batch behind the earlier one, and wins."""
    batch, seen = _Batch(), set[str]()
    for line in lines(path, kind, start.position, start.line):
        one = wanted(line, kind)
        reference = None if isinstance(one, Unacceptable) else one.reference
        if len(batch.lines) >= ROWS or reference in seen:
            yield batch
            batch, seen = _Batch(), set()
        batch.lines.append(line)
        batch.wanted.append(one)
        if reference is not None:
            seen.add(reference)
    if batch.lines:
        yield batch


@repeated
async def _write(
    gateway: Gateway, kind: Kind, batch: _Batch, before: Run, rejects: Path, *, is_dry: bool
) -> tuple[Run, list[tuple[int, Unacceptable]]]:
    try:
        async with gateway.database.write() as work:
            outcomes = await _register(gateway, work, kind, batch.wanted)
            pairs = zip(batch.lines, outcomes, strict=True)
            bad = [(line.number, one) for line, one in pairs if isinstance(one, Unacceptable)]
            after = replace(
                before,
                position=batch.lines[-1].end,
                line=batch.lines[-1].number,
                added=before.added + outcomes.count(Done.ADDED),
                changed=before.changed + outcomes.count(Done.CHANGED),
                unchanged=before.unchanged + outcomes.count(Done.UNCHANGED),
                rejected=before.rejected + len(bad),
            )
            if is_dry:
                raise _DryRun
            after = replace(after, rejects=_list(rejects, before.rejects, bad))
            if not await imports.move(work, before, after):
                raise BadFile("somebody else imports it at this moment")
    except _DryRun:
        pass
    return after, bad


async def _register(
    gateway: Gateway, work: Work, kind: Kind, asked: Sequence[RegisterCustomer | RegisterBill | Unacceptable]
) -> list[Outcome]:
    if kind is Kind.CUSTOMERS:
        customers = [one for one in asked if isinstance(one, RegisterCustomer)]
        done = iter(await bulk.register_customers(gateway, work, OPERATOR, customers))
    else:
        bills = [one for one in asked if isinstance(one, RegisterBill)]
        done = iter(await bulk.register_bills(gateway, work, OPERATOR, bills))
    return [one if isinstance(one, Unacceptable) else next(done) for one in asked]


def _list(rejects: Path, size: int, bad: Sequence[tuple[int, Unacceptable]]) -> int:
    """Write down what is wrong with these rows, and nothing of what they say. How long the list is now."""
    if not bad:
        return size
    said = b"".join(
        orjson.dumps(
            {"line": number, "errors": [{"field": ".".join(e.field), "message": e.message} for e in wrong.errors]},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for number, wrong in bad
    )
    _cut(rejects, size)
    with rejects.open("ab") as file:
        file.write(said)
    return size + len(said)
