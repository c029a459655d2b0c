"""What answers of the API hold."""

from collections.abc import Iterator
from typing import Any


def wrong(answer: Any) -> Iterator[Any]:
    """What the answer says is wrong: errors and userErrors, wherever they are."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name in ("errors", "userErrors") and value:
                yield value
            else:
                yield from wrong(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from wrong(value)
