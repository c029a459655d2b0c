"""Own names in a caller's words: the lender's and the customer's. Nobody threatens by being called Sue.

Where a name stands as a name it is hidden from the linter, as `{{ name }}` is. The lender's stands for itself wherever
it is written, and so does a customer's of several words. A single one may be a word as well ("we will Sue you"), so it
counts as a name only where somebody is spoken to: after a greeting or a pause, and before a pause or an end.
"""

import re
from collections.abc import Collection

from gateway.words.variables import clean

_PAUSE = r"[.,!?;:，。！？；：]"
_SPOKEN_TO = (
    rf"(?:^|(?<={_PAUSE})\s*|\b(?:[Dd]ear|[Hh]ello|[Hh]i|Mr|Mrs|Ms|Miss|Dr)\b\.?\s*|(?:尊敬的|亲爱的|您好|你好)\s*)"
    rf"(?:%s)(?=\s*(?:{_PAUSE}|$|先生|女士|您好|你好))"
)


def hidden(text: str, lender: Collection[str], customer: str | None) -> str:
    """`text` with a mark in place of each own name."""
    for name in lender:
        if name in text:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "{{ lender }}", text)
    name = clean(customer or "")
    parts = [part for part in name.split() if part in text]
    if not parts:
        return text
    if len(name.split()) > 1:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "{{ name }}", text)
    either = "|".join(map(re.escape, parts))
    return re.sub(_SPOKEN_TO % either, "{{ name }}", text)
