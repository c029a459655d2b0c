"""The worker's log as a witness: the checkpoints that it was told of, as they were when they were signed.

Whoever holds the database may take away the newest checkpoints together with the entries behind them, and what is left
holds together. The lines that a worker wrote meanwhile (`"event": "checkpoint"`) still name them.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.audit.lines import Broken


class Witness:
    """What a log says of checkpoints. Raises `ValueError` where it names none, or one that cannot be read."""

    def __init__(self, log: Iterable[str]) -> None:
        self._named: dict[int, set[tuple[str, str]]] = defaultdict(set)
        for place, line in enumerate(log, 1):
            if '"checkpoint"' in line.replace("\\", "") and "signature" in line:
                if (named := _named(line)) is None:
                    # Passed over, it might be the one that is missing.
                    raise ValueError(f"line {place} speaks of a checkpoint, and is not as a worker writes it")
                number, root, signature = named
                self._named[number].add((root, signature))
        if not self._named:
            raise ValueError("it names no checkpoint: it must be JSON lines of level INFO, as a worker writes them")

    def __len__(self) -> int:
        return len(self._named)

    def compare(self, signed: Mapping[int, tuple[str, str]]) -> None:
        """With root and signature of those that are there, by number. Raises `Broken` at the first that differs."""
        for number, named in sorted(self._named.items()):
            if len(named) > 1:
                why = "an older database was put back and went on, or this is the log of more than one"
                raise Broken(f"the worker's log names {len(named)} checkpoints {number}: {why}")
            if number not in signed:
                raise Broken(f"checkpoint {number} stands in the worker's log, and is not there")
            if signed[number] not in named:
                raise Broken(f"checkpoint {number} is not the one that stands in the worker's log")


def _named(line: str) -> tuple[int, str, str] | None:
    """Number, root and signature. None: it cannot be read. What a collector of logs puts in front is passed over."""
    try:
        said: Any = json.loads(line[line.find('{"') :])
    except (ValueError, RecursionError):
        return None
    match said:
        case {"event": "checkpoint", "number": number, "root": str(root), "signature": str(signature)}:
            return (number, root, signature) if type(number) is int else None
        case _:
            return None
