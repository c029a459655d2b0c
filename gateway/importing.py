"""Importing a file of customers or bills: in batches, each one transaction with the place up to which the file is done.

Killed at any instant it goes on behind the last batch that was committed. The list of bad rows is cut back to what that
batch had said, so that no row is listed twice.
"""

import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from gateway import bulk
from gateway.ahead import Batch, batches
from gateway.bulk import Done, Outcome, ReadCustomer
from gateway.core import Gateway
from gateway.importable import BadFile, Kind, Wanted, as_columns
from gateway.model import OPERATOR, Unacceptable
from gateway.requests import RegisterBill
from gateway.store import imports
from gateway.store.faults import repeated
from gateway.store.imports import Run
from gateway.store.work import Work

ROWS = 1000
"""In one transaction: nobody else waits long for it."""


class BadList(ValueError):
    """The list of bad rows cannot be there. Its text says why."""


class _DryRun(Exception):
    """Nothing is kept."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is, and what was wrong with rows since the last time."""

    run: Run
    bad: Sequence[tuple[int, Unacceptable]] = ()


async def run(
    gateway: Gateway, path: Path, kind: Kind, rejects: Path, *, is_dry: bool = False
) -> AsyncGenerator[Progress, None]:
    """Import the file, batch by batch; the first that is told is where it begins. Raises `BadFile`, `BadList`."""
    digest = _digest(path, kind)
    async with gateway.database.read() as work:
        now = await imports.find(work, digest) or Run(digest)
    if is_dry:
        now = Run(digest)
    else:
        _check(rejects, path)
        now = replace(now, rejects=_cut(rejects, now.rejects))
    yield Progress(now)
    async with aclosing(batches(path, kind, now.position, now.line, ROWS)) as coming:
        async for batch in coming:
            before = now
            now, bad = await _write(gateway, kind, batch, before, rejects, is_dry=is_dry)
            yield Progress(now, bad)
    if not is_dry:
        async with gateway.database.write() as work:
            await imports.forget(work, digest)


def _digest(path: Path, kind: Kind) -> str:
    with path.open("rb") as file:
        return f"{kind}:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _check(rejects: Path, path: Path) -> None:
    """What is there is cut off, so it must be a list of ours. Raises `BadList`."""
    if not rejects.exists():
        return
    if rejects.samefile(path):
        raise BadList("is the file that is imported")
    if rejects.is_dir():
        raise BadList("is a folder")
    with rejects.open("rb") as file:
        first = file.readline(_LONGEST)
    if first and not _is_listed(first):
        raise BadList("holds something else than a list of bad rows: it is not overwritten")


_LONGEST = 1 << 20
"""Bytes that are looked at of a first line."""

_BEGINNING = b'{"line":'


def _is_listed(line: bytes) -> bool:
    """Whether it is a line of a list. Its end may be missing where the import was killed while it wrote it."""
    if not line.endswith(b"\n"):
        return line.startswith(_BEGINNING) or _BEGINNING.startswith(line)
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and {"line", "errors"} <= found.keys()


def _cut(rejects: Path, size: int) -> int:
    """Cut the list to that many bytes. How many there are: none where somebody took it away."""
    if not rejects.exists():
        return 0
    with rejects.open("ab") as file:
        size = min(size, file.tell())
        file.truncate(size)
    return size


@repeated
async def _write(
    gateway: Gateway, kind: Kind, batch: Batch, before: Run, rejects: Path, *, is_dry: bool
) -> tuple[Run, list[tuple[int, Unacceptable]]]:
    try:
        async with gateway.database.write() as work:
            outcomes = await _register(gateway, work, kind, batch.wanted)
            pairs = zip(batch.numbers, outcomes, strict=True)
            bad = [(number, one) for number, one in pairs if isinstance(one, Unacceptable)]
            after = replace(
                before,
                position=batch.end,
                line=batch.numbers[-1],
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


async def _register(gateway: Gateway, work: Work, kind: Kind, asked: Sequence[Wanted]) -> list[Outcome]:
    if kind is Kind.CUSTOMERS:
        customers = [one for one in asked if isinstance(one, ReadCustomer)]
        done = iter(await bulk.register_customers(gateway, work, OPERATOR, customers))
    else:
        bills = [one for one in asked if isinstance(one, RegisterBill)]
        done = iter(await bulk.register_bills(gateway, work, OPERATOR, bills))
    return [one if isinstance(one, Unacceptable) else as_columns(next(done)) for one in asked]


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
    size = _cut(rejects, size)
    with rejects.open("ab") as file:
        file.write(said)
    return size + len(said)
