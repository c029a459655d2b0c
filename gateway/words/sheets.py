"""Reading template files: one TOML file per template and language, as a lawyer reads it."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.words import survey
from gateway.words.errors import BadTemplate
from policies.facts import Channel, Purpose

OURS = Path(__file__).parent / "templates"

#: Sheets that are no templates: what stands around the words, and the words that serve every purpose discreetly.
FRAME, DISCREET_FRAME, SHARED = "frame", "discreet_frame", "discreet"

_NO_TEMPLATES = frozenset({FRAME, DISCREET_FRAME, SHARED})
_PURPOSES = {purpose.lower(): purpose for purpose in Purpose}

#: overdue_warning, overdue_warning.CN, overdue_warning.CREDIT_CARD, overdue_warning.CN.CREDIT_CARD, any.US-NY
_FILE_NAME = re.compile(r"([a-z][a-z0-9_]*)(?:\.([A-Z]{2}(?:-[A-Z0-9]+)*))?(?:\.([A-Z][A-Z0-9_]{2,}))?")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SECTIONS: Mapping[str, Channel] = {channel.lower(): channel for channel in Channel}


@dataclass(frozen=True, slots=True)
class Part:
    """What is said on one channel, as it stands in the file."""

    text: str
    subject: str | None = None
    opt_out: str = ""  #: only in a frame: the sentence that says how to stop


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file."""

    path: Path
    purpose: Purpose | None  #: why such a message is sent: by its name, or as it says; None: it is no template
    parts: Mapping[Channel, Part]
    discreet: Mapping[Channel, Part]
    speaks_of_debt: bool  #: False: the same words may be read by others too
    opt_out: bool  #: False: the frame's sentence on how to stop is left out
    joiner: str  #: only in a frame: what stands between two lines of an SMS


def read(folder: Path) -> dict[tuple[str, str], Sheet]:
    """All sheets below `folder`, by language and name."""
    if not folder.is_dir():
        raise BadTemplate(folder, "is not a folder")
    found = (path for path in sorted(folder.glob("*/*.toml")) if path.stem != survey.NAME)
    return {_key(path): _sheet(path) for path in found}


def variant(stem: str) -> tuple[str, str | None, str | None]:
    """The template that a file is for, and the jurisdiction and product that it is narrowed to, if any."""
    found = _FILE_NAME.fullmatch(stem)
    assert found is not None
    return found[1], found[2], found[3]


def _key(path: Path) -> tuple[str, str]:
    if not _LANGUAGE.fullmatch(path.parent.name):
        raise BadTemplate(path, "must lie in a folder named like a language: en, zh")
    if not _FILE_NAME.fullmatch(path.stem):
        raise BadTemplate(
            path, "must have a name of small letters, digits and _, then perhaps .JURISDICTION and .PRODUCT"
        )
    return path.parent.name, path.stem


def _sheet(path: Path) -> Sheet:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadTemplate(path, f"cannot be read as TOML: {error}") from error
    discreet = _table(path, data, "discreet")
    sheet = Sheet(
        path=path,
        purpose=_purpose(path, data),
        speaks_of_debt=_flag(path, data, "speaks_of_debt"),
        opt_out=_flag(path, data, "opt_out"),
        joiner=_string(path, data, "joiner", " "),
        parts=_parts(path, data),
        discreet=_parts(path, discreet),
    )
    _nothing_else(path, {**data, **discreet})
    _check(sheet)
    return sheet


def _purpose(path: Path, data: dict[str, object]) -> Purpose | None:
    """A template's name says its purpose, or else the file does: what it must say is known by it."""
    name, given = variant(path.stem)[0], _string(path, data, "purpose", "")
    if name in _NO_TEMPLATES or name in _PURPOSES:
        if given:
            raise BadTemplate(path, "has its purpose by its name: it names none")
        return _PURPOSES.get(name)
    if given not in frozenset(Purpose):
        raise BadTemplate(path, f"must say its purpose, one of {', '.join(Purpose)}: its name does not say it")
    return Purpose(given)


def _check(sheet: Sheet) -> None:
    """What would be ignored is refused: whoever wrote it believes that it is sent."""
    if too_many := sheet.discreet.keys() - sheet.parts.keys():
        raise BadTemplate(sheet.path, f"has discreet words alone for {', '.join(sorted(too_many))}")
    if sheet.path.stem in (FRAME, DISCREET_FRAME):
        _check_frame(sheet)
    elif any(part.opt_out for part in (*sheet.parts.values(), *sheet.discreet.values())):
        raise BadTemplate(sheet.path, "says how to stop: that is the frame's to say")


def _check_frame(sheet: Sheet) -> None:
    for channel, part in sheet.parts.items():
        if "{{ words }}" not in part.text:
            raise BadTemplate(sheet.path, f"has no {{{{ words }}}} for {channel}")
        # A call is ended by a word; a message must say how to stop the next.
        if channel is not Channel.CALLBACK and not ("{{ opt_out }}" in part.text and part.opt_out.strip()):
            raise BadTemplate(sheet.path, f"does not say how to stop on {channel}")


def _parts(path: Path, data: dict[str, object]) -> dict[Channel, Part]:
    return {
        channel: _part(path, _table(path, data, section)) for section, channel in _SECTIONS.items() if section in data
    }


def _part(path: Path, table: dict[str, object]) -> Part:
    text = _string(path, table, "text", "")
    subject = _string(path, table, "subject", "") or None
    opt_out = _string(path, table, "opt_out", "")
    _nothing_else(path, table)
    if not text.strip():
        raise BadTemplate(path, "has a section without a text")
    return Part(text, subject, opt_out)


def _table(path: Path, data: dict[str, object], key: str) -> dict[str, object]:
    value = data.pop(key, {})
    if not isinstance(value, dict):
        raise BadTemplate(path, f"{key} must be a section")
    return dict(value)


def _string(path: Path, data: dict[str, object], key: str, default: str) -> str:
    value = data.pop(key, default)
    if not isinstance(value, str):
        raise BadTemplate(path, f"{key} must be a text")
    return value


def _flag(path: Path, data: dict[str, object], key: str) -> bool:
    value = data.pop(key, True)
    if not isinstance(value, bool):
        raise BadTemplate(path, f"{key} must be true or false")
    return value


def _nothing_else(path: Path, left: Mapping[str, object]) -> None:
    """A misspelt key would be words that are never sent."""
    if left:
        raise BadTemplate(path, f"has a key that means nothing here: {', '.join(sorted(left))}")
