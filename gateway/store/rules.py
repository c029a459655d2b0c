"""Where the rules of a decision come from, written once for each wording and named by a key in the decisions.

A decision has about ten findings, and the title, citation and source of their rules would be four fifths of its bytes.
The key holds a digest of the text: a rule that is reworded gets another one, and what was decided before keeps its own.
"""

from typing import Any

from gateway.audit.chain import digest
from policies.decision import RuleInfo
from policies.record import rule_to_json

MOST_REMEMBERED = 10_000
"""Rulebooks keep their rules, a few hundred; what is made for one decision only is not kept for ever."""


class RuleTexts:
    """The keys and texts that a process has met. They never change, so it never forgets one."""

    def __init__(self) -> None:
        self.by_key: dict[str, dict[str, Any]] = {}
        #: Those that are known to be on disk.
        self.recorded: set[str] = set()
        # By identity: rulebooks are read once and keep their rules, and hashing one costs more than all the rest. The
        # rule is kept beside its key, so that no other object can come to have its identity.
        self._keys: dict[int, tuple[RuleInfo, str]] = {}

    def key(self, info: RuleInfo) -> str:
        """What stands for the rule in a decision."""
        known = self._keys.get(id(info))
        if known is not None:
            return known[1]
        text = rule_to_json(info)
        key = f"{info.id}@{digest(text)[:16]}"
        self.by_key[key] = text
        if len(self._keys) >= MOST_REMEMBERED:
            self._keys.clear()
        self._keys[id(info)] = info, key
        return key
