"""Reading a pack strictly: every field has a type, and a field that nobody asked for is a mistake."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

_MISSING: Any = object()


class PackError(Exception):
    """A pack that must not be used. Says file, rule and field, so that the mistake can be found."""

    def __init__(self, file: str, rule: str | None, name: str | None, problem: str) -> None:
        self.file, self.rule, self.field, self.problem = file, rule, name, problem
        where = [file, *([f"rule {rule}"] if rule else []), *([f"field {name}"] if name else [])]
        super().__init__(f"{', '.join(where)}: {problem}")


@dataclass(slots=True)
class Fields:
    """One table of a pack. What is taken is ticked off; `done` complains about the rest."""

    file: str
    rule: str | None
    values: Mapping[str, Any]
    groups: Mapping[str, list[str]] = field(default_factory=dict)
    prefix: str = ""
    taken: set[str] = field(default_factory=set)

    def error(self, name: str | None, problem: str) -> PackError:
        return PackError(self.file, self.rule, f"{self.prefix}{name}" if name else None, problem)

    def take(self, name: str, kind: type[T], default: T = _MISSING) -> T:
        """The field's value, which has this type; without a default it must be there."""
        self.taken.add(name)
        value = self.values.get(name, default)
        if value is _MISSING:
            raise self.error(name, "is missing")
        # True is an int to Python, and a datetime is a date, but neither is meant by a pack.
        wrong = isinstance(value, bool) is not (kind is bool) or (kind is date and isinstance(value, datetime))
        if value is not default and (wrong or not isinstance(value, kind)):
            raise self.error(name, f"must be a {kind.__name__}, not {value!r}")
        return value

    def optional(self, name: str, kind: type[T]) -> T | None:
        self.taken.add(name)
        return self.take(name, kind) if name in self.values else None

    def number(self, name: str, default: int = _MISSING) -> int:
        """A whole number of at least one."""
        value = self.take(name, int, default)
        if value < 1:
            raise self.error(name, f"must be at least 1, not {value}")
        return value

    def choice(self, name: str, kind: type[E], default: E = _MISSING) -> E:
        if name not in self.values and default is not _MISSING:
            self.taken.add(name)
            return default
        return self._member(name, kind, self.take(name, str))

    def choices(self, name: str, kind: type[E], default: frozenset[E] = _MISSING) -> frozenset[E]:
        """A list of members; `@name` stands for a group of the pack. An empty list would never apply: a mistake."""
        if name not in self.values and default is not _MISSING:
            self.taken.add(name)
            return default
        words = [word for item in self.take(name, list) for word in self._spread(name, item)]
        if not words:
            raise self.error(name, "must not be empty")
        return frozenset(self._member(name, kind, word) for word in words)

    def words(self, name: str) -> frozenset[str]:
        """A list of words of the lender's own; none where the field is absent."""
        words = self.take(name, list, [])
        if name in self.values and (not words or not all(isinstance(word, str) and word for word in words)):
            raise self.error(name, f"must be a list of words, not {words!r}")
        return frozenset(words)

    def table(self, name: str) -> "Fields":
        return self._nested(name, self.take(name, dict))

    def tables(self, name: str) -> "list[Fields]":
        rows = self.take(name, list)
        if not rows or not all(isinstance(row, dict) for row in rows):
            raise self.error(name, "must be a list of tables")
        return [self._nested(f"{name}[{place}]", row) for place, row in enumerate(rows)]

    def done(self) -> None:
        for name in self.values:
            if name not in self.taken:
                raise self.error(name, "is not a field of this table")

    def _nested(self, name: str, values: Mapping[str, Any]) -> "Fields":
        return Fields(self.file, self.rule, values, self.groups, f"{self.prefix}{name}.")

    def _spread(self, name: str, item: object) -> list[str]:
        if not isinstance(item, str):
            raise self.error(name, f"must hold words, not {item!r}")
        if not item.startswith("@"):
            return [item]
        if item[1:] not in self.groups:
            raise self.error(name, f"names the group {item}, which no pack defines")
        return self.groups[item[1:]]

    def _member(self, name: str, kind: type[E], word: str) -> E:
        try:
            return kind(word)
        except ValueError:
            raise self.error(name, f"must be one of {', '.join(kind)}, not {word!r}") from None
