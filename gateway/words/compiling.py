"""From words in a file to something that renders in microseconds.

A template is words, names and conditions, and nothing else: no attributes, calls, loops or filters. A lawyer can read
it, and whoever may write one can neither reach into Python nor keep it busy. The sandbox is the second wall.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

from jinja2 import StrictUndefined, Template, TemplateError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from gateway.words.errors import BadTemplate, MissingVariable

_WORDS_NAMES_AND_CONDITIONS = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const),
    *(nodes.If, nodes.Test, nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand),
)

#: A line that holds nothing but a condition is no line of the message.
_ONLY_CONDITIONS = re.compile(r"^[ \t]*(\{%[^\n]*?%\})[ \t]*(?:\n|\Z)", re.MULTILINE)


class _Missing(StrictUndefined):
    """A name without a value says which it is, wherever it is used."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> Never:
        raise MissingVariable(self._undefined_name or "")

    __str__ = __bool__ = __eq__ = __ne__ = __hash__ = _refuse


def _environment(*, autoescape: bool) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(autoescape=autoescape, undefined=_Missing)
    environment.globals.clear()
    environment.filters.clear()
    return environment


_TEXT = _environment(autoescape=False)
_HTML = _environment(autoescape=True)


@dataclass(frozen=True, slots=True)
class Compiled:
    """One text, ready to render. Names that are asked about with `is defined` may be absent; the others are needed."""

    template: Template
    uses: frozenset[str]
    needs: frozenset[str]
    decides: frozenset[str]  #: those whose value, and not only whether there is one, decides what is said

    def written(self, names: Mapping[str, object]) -> str:
        """Render, or raise `MissingVariable`."""
        return self.template.render(names)


def compiled(path: Path, source: str, *, html: bool = False) -> Compiled:
    """Compile `source`, which comes from `path`, or say what is wrong with it."""
    environment = _HTML if html else _TEXT
    source = _ONLY_CONDITIONS.sub(r"\1", source)
    try:
        tree = environment.parse(source)
        _check(path, tree)
        uses = frozenset(meta.find_undeclared_variables(tree))
        return Compiled(environment.from_string(source), uses, uses - _optional(tree), _deciding(tree))
    except TemplateError as error:
        raise BadTemplate(path, f"is not a template: {error.message}") from error


def fingerprint(*sources: str) -> str:
    """Which words these were, for the record of an attempt."""
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()[:8]


def _check(path: Path, tree: nodes.Node) -> None:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _WORDS_NAMES_AND_CONDITIONS):
            raise BadTemplate(path, f"may hold words, names and conditions only, not {type(node).__name__}")


def _optional(tree: nodes.Template) -> frozenset[str]:
    return frozenset(
        test.node.name
        for test in tree.find_all(nodes.Test)
        if test.name == "defined" and isinstance(test.node, nodes.Name)
    )


def _deciding(tree: nodes.Template) -> frozenset[str]:
    return frozenset(name.name for condition in tree.find_all(nodes.If) for name in _names(condition.test))


def _names(test: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(test, nodes.Test) and test.name == "defined":
        return
    if isinstance(test, nodes.Name):
        yield test
    for part in test.iter_child_nodes():
        yield from _names(part)
