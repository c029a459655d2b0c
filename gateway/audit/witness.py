"""The worker's log as a witness: the checkpoints that it was told of, as they were when they were signed.

Whoever holds the database may take away the newest checkpoints together with the entries behind them, and what is left
holds together. The lines that a worker wrote meanwhile (`"event": "checkpoint"`) still name them.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.audit.lines import Broken


class Witness:
    """What a log says of checkpoints. Raises `ValueError` where it names none, or two under one number."""

    def __init__(self, log: Iterable[str]) -> None:
        self._named: dict[int, tuple[str, str]] = {}
        for number, root, signature in filter(None, map(_named, log)):
            if self._named.setdefault(number, (root, signature)) != (root, signature):
                raise ValueError(f"it names two checkpoints {number}: it is the log of more than one database")
        if not self._named:
            raise ValueError("it names no checkpoint")

    def __len__(self) -> int:
        return len(self._named)

    def compare(self, signed: Mapping[int, tuple[str, str]]) -> None:
        """With root and signature of those that are there, by number. Raises `Broken` at the first that differs."""
        for number, named in sorted(self._named.items()):
            if number not in signed:
                raise Broken(f"checkpoint {number} stands in the worker's log, and is not there")
            if signed[number] != named:
                raise Broken(f"checkpoint {number} is not the one that stands in the worker's log")


def _named(line: str) -> tuple[int, str, str] | None:
    """None: the line is of something else. What a collector of logs puts in front of it is passed over."""
    try:
        said: Any = json.loads(line[line.find("{") :])
    except ValueError:
        return None
    match said:
        case {"event": "checkpoint", "number": int(number), "root": str(root), "signature": str(signature)}:
            return number, root, signature
        case _:
            return None
