"""The words of the survey, by language: what is asked, and what the page says to whoever answers."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from gateway.words.errors import BadTemplate
from policies.contents import wrong_language
from policies.facts import Purpose
from policies.tone import Problem, forbidden

NAME = "survey"
"""The file: `<language>/survey.toml`. It is no template, as nothing is filled in."""

SCORES = range(1, 6)
"""From very badly to very well."""


@dataclass(frozen=True, slots=True)
class SurveyWords:
    """Each is ready to be read; `scores` name 1 to 5 in this order."""

    title: str
    note: str
    score: str
    scores: tuple[str, ...]
    text: str
    call: str
    send: str
    thanks: str
    before: str
    incomplete: str
    ended: str
    unknown: str
    later: str


def read(folder: Path) -> dict[str, tuple[Path, SurveyWords]]:
    """By language. Raises `BadTemplate`."""
    return {path.parent.name: (path, _words(path)) for path in sorted(folder.glob(f"*/{NAME}.toml"))}


def problems(words: SurveyWords, language: str) -> Iterator[Problem]:
    """What may not be said. Anybody may be looking at the page: it is as discreet as a subject line."""
    for text in _texts(words):
        yield from forbidden(text, Purpose.FOLLOW_UP, discreet=True)
        if (problem := wrong_language(text, language)) is not None:
            yield problem


def _texts(words: SurveyWords) -> list[str]:
    return [words.title, words.note, words.score, *words.scores, words.text, words.call, words.send, words.thanks,
            words.before, words.incomplete, words.ended, words.unknown, words.later]  # fmt: skip


def _words(path: Path) -> SurveyWords:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadTemplate(path, f"cannot be read as TOML: {error}") from error
    names = {one.name for one in fields(SurveyWords)}
    if wrong := sorted(names ^ given.keys()):
        raise BadTemplate(path, f"must hold just what ours holds: see {', '.join(wrong)}")
    scores = given.pop("scores")
    if not isinstance(scores, list) or len(scores) != len(SCORES):
        raise BadTemplate(path, f"must name {len(SCORES)} scores")
    if not all(isinstance(one, str) and one.strip() for one in (*scores, *given.values())):
        raise BadTemplate(path, "must hold texts, and none that is empty")
    return SurveyWords(scores=tuple(scores), **given)
