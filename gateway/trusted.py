"""Trusted documents: the operations that apps were built with, each under its id. The file is read once, at the start.

    {"ID": "query ...", ...}                                      graphql-codegen, Relay, or by hand
    {"format": "apollo-persisted-query-manifest", "version": 1,
     "operations": [{"id": "ID", "body": "query ..."}, ...]}      Apollo

A document is found by its id in the file, and by `sha256:` and the SHA-256 of its text.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

_APOLLO = "apollo-persisted-query-manifest"
_CUSTOM = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_HEX = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


class BadDocuments(ValueError):
    """The file of trusted documents cannot be used."""

    def __init__(self, what: str) -> None:
        super().__init__(f"GATEWAY_TRUSTED_DOCUMENTS: {what}")


class TrustedDocuments:
    """Texts by their ids. Nothing is ever added by a caller."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Raises `BadDocuments` for an id that says it is a hash, and is not that of its text."""
        self._texts: dict[str, str] = {}
        for id_, text in texts.items():
            hashed = sha256(text)
            said = _HEX.fullmatch(id_)
            if said is None and not _CUSTOM.fullmatch(id_):
                raise BadDocuments(f"{id_[:80]!r} cannot be an id: letters, digits and -._~ only")
            if said is not None and said[1] != hashed:
                raise BadDocuments(f"{id_} is not the SHA-256 of its text")
            self._texts[id_] = text
            self._texts[f"sha256:{hashed}"] = text
        self._known = frozenset(self._texts.values())

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._texts.items())

    def text(self, document_id: str) -> str | None:
        return self._texts.get(document_id)

    def holds(self, text: str) -> bool:
        """Whether this very text is registered, character for character."""
        return text in self._known


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def load(file: Path | None) -> TrustedDocuments:
    """What the file holds; nothing where there is none. Raises `BadDocuments`."""
    if file is None:
        return TrustedDocuments({})
    try:
        read = orjson.loads(file.read_bytes())
    except OSError as error:
        raise BadDocuments(f"{file}: {error.strerror}") from None
    except orjson.JSONDecodeError:
        raise BadDocuments(f"{file}: is not JSON") from None
    texts = _texts(read)
    if not texts:
        raise BadDocuments(f"{file}: holds no operation")
    return TrustedDocuments(texts)


def _texts(read: Any) -> dict[str, str]:
    match read:
        case {"format": str(format_), "version": version, "operations": list(operations)}:
            if format_ != _APOLLO or version != 1:
                raise BadDocuments(f"only version 1 of {_APOLLO} is known here")
            pairs = [(one.get("id"), one.get("body")) if isinstance(one, dict) else (None, None) for one in operations]
        case dict():
            pairs = list(read.items())
        case _:
            raise BadDocuments("must be an object of ids and texts, or Apollo's manifest")
    texts: dict[str, str] = {}
    for id_, text in pairs:
        if not isinstance(id_, str) or not isinstance(text, str) or id_ in texts:
            raise BadDocuments("each id must be a string, given once, and each operation a text")
        texts[id_] = text
    return texts
