"""Where the rules of a decision come from, written once for each wording and named by a key in the decisions.

A decision has about ten findings, and the title, citation and source of their rules would be four fifths of its bytes.
The key holds a digest of the text: a rule that is reworded gets another one, and what was decided before keeps its own.
"""

import hashlib
from typing import Any

import orjson

from policies.decision import RuleInfo
from policies.record import rule_to_json


class RuleTexts:
    """The keys and texts that a process has met. They never change, so it never forgets one."""

    def __init__(self) -> None:
        self.by_key: dict[str, dict[str, Any]] = {}
        #: Those that are known to be on disk.
        self.recorded: set[str] = set()
        # Within a process these three name one wording: rulebooks are read once, at the start.
        self._keys: dict[tuple[str, str, str], str] = {}

    def key(self, info: RuleInfo) -> str:
        """What stands for the rule in a decision."""
        short = (info.jurisdiction, info.id, info.version)
        known = self._keys.get(short)
        if known is not None:
            return known
        text = rule_to_json(info)
        key = f"{info.id}@{hashlib.sha256(orjson.dumps(text)).hexdigest()[:16]}"
        self.by_key[key] = text
        self._keys[short] = key
        return key
