"""Imported by the process that the others are forked from, so that they start in a moment."""

from tests.reliability.fleet import words

words()
