"""May this be said? One question about the words of a message, answered with everything that is wrong with them."""

from collections.abc import Mapping

from policies.contents import missing, wrong_language
from policies.facts import Channel, Purpose
from policies.tone import Problem, forbidden


def check(
    text: str,
    *,
    purpose: Purpose | None,
    channel: Channel,
    language: str,
    jurisdiction: str | None = None,
    product: str | None = None,
    discreet: bool = False,
    facts: Mapping[str, str] | None = None,
) -> tuple[Problem, ...]:
    """All problems of a whole message; none: it may be said.

    `facts` are the values that must stand in it, by their names in a template and as they are printed
    (`{"amount": "¥1,234.50"}`); for a template, `{"amount": "{{ amount }}"}`. Discreet words need no facts, and
    without a purpose none are known to be needed.
    """
    language_problem = wrong_language(text, language)
    lacking = (
        ()
        if discreet or purpose is None
        else missing(text, purpose, channel, language, jurisdiction, product, facts or {})
    )
    return (
        *forbidden(text, purpose, discreet=discreet),
        *([language_problem] if language_problem else []),
        *lacking,
    )
