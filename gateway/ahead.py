"""The rows of a file in batches, read by a process of its own while the batch before is written.

Reading a row (its numbers above all) takes half as long as writing it, and needs no database. The process goes one
batch ahead and then waits in the pipe, however long the file is. It ends with the pipe: once whoever writes is done or
gone, be it killed, its next batch finds nobody.
"""

import gc
import io
import multiprocessing
import pickle
import signal
from asyncio import get_running_loop
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from multiprocessing.connection import Connection
from operator import attrgetter
from pathlib import Path
from typing import Any

from gateway.addresses import Address
from gateway.bulk import ReadCustomer
from gateway.importable import Kind, Wanted, lines, wanted
from gateway.model import Unacceptable
from gateway.requests import NewPoint, RegisterBill, RegisterCustomer

SMALL = 200_000
"""Bytes of rows that are read here: before another process has started, they are."""


@dataclass(slots=True)
class Batch:
    """Rows that are written together: the line of each, what it asks for, and the byte behind the last."""

    numbers: list[int]
    wanted: list[Wanted]
    end: int


async def batches(path: Path, kind: Kind, position: int, number: int, rows: int) -> AsyncGenerator[Batch, None]:
    """Those behind that byte and that line, with up to `rows` rows each. Raises `BadFile`."""
    if _is_small(path, position):
        for batch in _batches(path, kind, position, number, rows):
            yield batch
        return
    # Not a fork: that would share the locks of the database's threads as they are at this instant.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    reader = context.Process(target=_send, args=(there, path, kind, position, number, rows), daemon=True)
    reader.start()
    there.close()
    thread = ThreadPoolExecutor(1, "reader")
    try:
        coming = get_running_loop().run_in_executor(thread, _receive, here)
        while (said := await coming) is not None:
            one = pickle.loads(said)  # noqa: S301 - from our own process
            if isinstance(one, Exception):
                raise one
            if one is None:
                return
            coming = get_running_loop().run_in_executor(thread, _receive, here)
            yield one
        raise RuntimeError("the process that reads the file was ended by somebody else")
    finally:
        reader.kill()
        thread.shutdown()
        reader.join()
        here.close()


def _is_small(path: Path, position: int) -> bool:
    return path.stat().st_size - position <= SMALL


def _batches(path: Path, kind: Kind, position: int, number: int, rows: int) -> Iterator[Batch]:
    """A reference stands once in each: the later row is a batch behind the earlier one, and wins."""
    batch, seen = Batch([], [], position), set[str]()
    for line in lines(path, kind, position, number):
        one = wanted(line, kind)
        reference = None if isinstance(one, Unacceptable) else one.reference
        if len(batch.numbers) >= rows or reference in seen:
            yield batch
            batch, seen = Batch([], [], position), set()
        batch.numbers.append(line.number)
        batch.wanted.append(one)
        batch.end = line.end
        if reference is not None:
            seen.add(reference)
    if batch.numbers:
        yield batch


def _receive(here: Connection) -> bytes | None:
    """None: nobody is there to say anything more, or to say it to its end."""
    try:
        return here.recv_bytes()
    except (EOFError, OSError):
        return None


def _send(there: Connection, path: Path, kind: Kind, position: int, number: int, rows: int) -> None:
    """The other process: every batch, then None, or the exception that ended it."""
    # Ctrl-C is told to both: whoever writes ends its batch or does not, and this process with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    with suppress(BrokenPipeError):
        try:
            for batch in _batches(path, kind, position, number, rows):
                there.send_bytes(_packed(batch))
        except (ValueError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            there.send_bytes(_packed(error))
        else:
            there.send_bytes(_packed(None))


class _Pickler(pickle.Pickler):
    """Values are made anew from their fields, in half the time that their own way of being pickled takes."""


def _by(kind: type[Any]) -> Callable[[Any], tuple[Any, ...]]:
    values = attrgetter(*(one.name for one in fields(kind)))
    return lambda one: (kind, values(one))


_Pickler.dispatch_table = {
    **{kind: _by(kind) for kind in (Address, Batch, NewPoint, ReadCustomer, RegisterBill, RegisterCustomer)},
    Unacceptable: lambda wrong: (Unacceptable, wrong.errors),
}


def _packed(value: Batch | Exception | None) -> bytes:
    packed = io.BytesIO()
    _Pickler(packed, pickle.HIGHEST_PROTOCOL).dump(value)
    return packed.getvalue()
