"""The messages: what we say, in which language, on which channel."""

from gateway.words.errors import (
    BadName,
    BadTemplate,
    BadVariable,
    BadWords,
    Forbidden,
    MissingVariable,
    OtherPurpose,
    UnknownTemplate,
    Unsayable,
    WordsError,
)
from gateway.words.values import Lender, Rendered, Values
from gateway.words.variables import check_variables
from gateway.words.words import CALL, Words

__all__ = [
    "CALL",
    "BadName",
    "BadTemplate",
    "BadVariable",
    "BadWords",
    "Forbidden",
    "Lender",
    "MissingVariable",
    "OtherPurpose",
    "Rendered",
    "UnknownTemplate",
    "Unsayable",
    "Values",
    "Words",
    "WordsError",
    "check_variables",
]
