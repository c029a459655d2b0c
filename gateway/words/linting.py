"""The linter (policies/linter.py) asked about templates once, when they are read, and about a caller's values."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from gateway.words.errors import BadTemplate, BadWords, MissingVariable
from gateway.words.speech import Pair, Speech
from policies.contents import required, wrong_language
from policies.facts import Channel, Purpose
from policies.linter import check
from policies.tone import Problem, forbidden

#: What such a value says is decided by its kind: no words can hide in a date.
_NO_WORDS = ("_amount", "_on", "_minutes", "_url")


def template_problems(
    pair: Pair, channel: Channel, language: str, jurisdiction: str | None = None, product: str | None = None
) -> tuple[Problem, ...]:
    """What is wrong with a template, whatever it is filled with."""
    of = pair.purpose
    # Everything that it can say is looked at for what may not be said; only what it says always counts as said.
    always = _bare(pair.full)
    facts = {name: f"{{{{ {name} }}}}" for name in pair.full.needs}
    lacking = check(
        always, purpose=of, channel=channel, language=language, jurisdiction=jurisdiction, product=product, facts=facts
    )
    said = [*forbidden(pair.full.source, of, discreet=False), *lacking]
    # A subject shows on a locked screen; an agent's script is read by the agent.
    open_words = [pair.full.subject_source, pair.discreet.subject_source]
    if channel is not Channel.CALLBACK:
        open_words.append(pair.discreet.source)
    said += [problem for words in open_words for problem in forbidden(words, of, discreet=True)]
    said += forbidden(pair.discreet.source, of, discreet=False)
    return tuple(dict.fromkeys(said))


def refuse_bad(path: Path, problems: tuple[Problem, ...]) -> None:
    """Raise `BadTemplate` with the rule, the words and what to say instead."""
    if problems:
        raise BadTemplate(path, "; ".join(map(str, problems)))


@lru_cache(maxsize=1024)
def required_names(
    purpose: Purpose, channel: Channel, jurisdiction: str | None, product: str | None
) -> tuple[str, ...]:
    """The names whose values must stand in every such message."""
    facts = required(purpose, channel, jurisdiction, product)
    return tuple(dict.fromkeys(name for fact in facts for name in fact.names))


def check_values(variables: Mapping[str, object], purpose: Purpose, language: str, *, discreet: bool = False) -> None:
    """Raise `BadWords` for the first value that may not be said."""
    for name, value in variables.items():
        if isinstance(value, str) and not name.endswith(_NO_WORDS):
            problems = value_problems(value, purpose, language, discreet=discreet)
            if problems:
                raise BadWords(name, problems)


# Callers say the same next step to thousands.
@lru_cache(maxsize=2048)
def value_problems(value: str, purpose: Purpose, language: str, *, discreet: bool) -> tuple[Problem, ...]:
    """What is wrong with a caller's own words."""
    language_problem = wrong_language(value, language)
    return (*forbidden(value, purpose, discreet=discreet), *([language_problem] if language_problem else []))


def _bare(speech: Speech) -> str:
    """The words that are always said, with the names of what is filled in."""
    names = {name: f"{{{{ {name} }}}}" for name in speech.text.needs}
    while True:
        try:
            return speech.text.written(names)
        except MissingVariable as used_beyond_its_condition:
            names[used_beyond_its_condition.name] = f"{{{{ {used_beyond_its_condition.name} }}}}"
