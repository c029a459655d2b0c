"""What may go wrong with words, and who has to mend it.

    WordsError
     +-- BadTemplate        the lender's folder: nothing starts until the file is mended
     +-- UnknownTemplate    the caller asked for words that we do not have
     +-- MissingVariable    the caller (or the bill) did not supply what the template needs
     +-- OtherPurpose       the caller asked for words that are for another purpose
     +-- Forbidden          the finished words lack a fact
     +-- Unsayable          the finished words say what may not be said
     +-- BadVariable        the caller supplied something that may not stand in a message
          +-- BadWords      ... because of what it says
          +-- BadName       ... under a name that no template can use

None of their texts holds a variable's value (only those words of it that stand in the lexicon), nor what is no name of
a template or a variable: it can be personal.
"""

from pathlib import Path

from policies.facts import Channel, Purpose
from policies.tone import Problem


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
        super().__init__(f"there is no such template for {channel} in {locale!r}")
        self.template = template
        self.channel = channel
        self.locale = locale


class OtherPurpose(WordsError):
    """The template was checked for another purpose than the one that it is asked for."""

    def __init__(self, template: str, purpose: Purpose, asked: Purpose) -> None:
        super().__init__(f"the template {template} is for {purpose}, and was not checked for {asked}")


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


class BadWords(BadVariable):
    """The variable `name` says what no message may say. Of its value only the lexicon's words are repeated."""

    def __init__(self, name: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(name, "may not be said: " + "; ".join(map(str, problems)))
        self.problems = problems


class Forbidden(WordsError):
    """The finished message does not hold what it must."""

    def __init__(self, lacking: tuple[str, ...]) -> None:
        super().__init__(f"the message does not hold {', '.join(lacking)} as it is printed")
        self.lacking = lacking


class Unsayable(WordsError):
    """The finished message says what no message may say. Only the lexicon's words are repeated."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("the finished words may not be said: " + "; ".join(map(str, problems)))
        self.problems = problems


class BadName(BadVariable):
    """The caller supplied a variable under what is no name. It is not repeated: it could be anybody's."""

    def __str__(self) -> str:
        return f"a variable {self.reason}"
