"""What may go wrong with words, and who has to mend it.

    WordsError
     +-- BadTemplate        the lender's folder: nothing starts until the file is mended
     +-- UnknownTemplate    the caller asked for words that we do not have
     +-- MissingVariable    the caller (or the bill) did not supply what the template needs
     +-- BadVariable        the caller supplied something that may not stand in a message

None of them carries a variable's value: values can be personal.
"""

from pathlib import Path

from policies.facts import Channel


class WordsError(Exception):
    """A message cannot be written."""


class BadTemplate(WordsError):
    """A template file that is not used, and why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class UnknownTemplate(WordsError):
    """There is no such template, or not on this channel in this language."""

    def __init__(self, template: str, channel: Channel, locale: str) -> None:
        super().__init__(f"there is no template {template!r} for {channel} in {locale!r}")
        self.template = template
        self.channel = channel
        self.locale = locale


class MissingVariable(WordsError):
    """The template needs `name`, and nobody supplied it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the variable {name!r} is missing")
        self.name = name


class BadVariable(WordsError):
    """The variable `name` may not stand in a message, and why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"the variable {name!r} {reason}")
        self.name = name
        self.reason = reason
