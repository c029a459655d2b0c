"""One spelling of what can be written in many ways, each character with its place in what was written.

Whoever hides a word (full-width or look-alike letters, traditional characters, invisible characters or spaces within a
word) writes for a reader who still reads it; so does this.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_DATA = tomllib.loads((Path(__file__).parent / "traditional.toml").read_text(encoding="utf-8"))

SIMPLIFIED = str.maketrans(_DATA["traditional"].replace("\n", ""), _DATA["simplified"].replace("\n", ""))
"""Traditional characters, and others that are written for the same, as the simplified ones that lexicons have."""

CHINESE = "\u3400-\u4dbf\u4e00-\u9fff"
"""Chinese characters, within the brackets of a regular expression."""

_CHINESE = re.compile(f"[{CHINESE}]")
#: As many as are remembered with what they are read as: messages are written in some thousands.
_CHARACTERS = 16_384
#: Cyrillic and Greek letters that look like Latin ones.
_ALIKE = SIMPLIFIED | str.maketrans("аеорсухіѕјԁɡоαοερυικмтвн", "aeopcyxisjdgoaoepyikmtbh")
_IN_WORDS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
_SEPARATORS = frozenset(".·•*-_|~/\\+=#^`'’")
#: Not read as words: what stands for a value or a condition in a template, and addresses.
_NOT_WORDS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|https?://[!-~]+|[\w.+-]+@[\w-]+\.[\w.]+", re.DOTALL)
#: Always by the same: a wider gap parts two words.
_SPELLED_OUT = re.compile(r"(?<![^\W_])[a-z](?P<gap>[^\w,;:!?\n]{1,3}|_)[a-z](?:(?P=gap)[a-z])+(?![^\W_])")
_AFTER_LETTER = re.compile(f"(?<=[a-z])[{re.escape(''.join(_IN_WORDS))}]")
_LEADING_DIGIT = re.compile(r"(?<![^\W_])[013457](?=[a-z]{2})")


@dataclass(frozen=True, slots=True)
class Folded:
    """`places` tells for each character of `text` where it stands in `written`."""

    written: str
    text: str
    places: tuple[int, ...]

    def verbatim(self, start: int, end: int) -> str:
        """What was written where this is read."""
        return self.written[self.places[start] : self.places[end - 1] + 1]

    def without(self, dropped: set[int]) -> "Folded":
        if not dropped:
            return self
        kept = [index for index in range(len(self.text)) if index not in dropped]
        return Folded(
            self.written, "".join(self.text[index] for index in kept), tuple(self.places[index] for index in kept)
        )


def only_words(text: str) -> str:
    """What stands for a value or a condition, and addresses, as line breaks; the rest as it was written."""
    return _NOT_WORDS.sub(lambda found: "\n" * len(found[0]), text)


def folded(text: str) -> Folded:
    """Lower case, simplified, plain: for words that are looked for. What is no word becomes a line break."""
    blank = only_words(text)
    spelled = [_spelled(written) for written in blank]
    places = [place for place, characters in enumerate(spelled) for _ in characters]
    return Folded(text, "".join(spelled), tuple(places))


@lru_cache(_CHARACTERS)
def _spelled(written: str) -> str:
    plain = unicodedata.normalize("NFKD", written).casefold().translate(_ALIKE)
    return "".join(one for one in plain if unicodedata.category(one) not in ("Cf", "Mn", "Cc") or one == "\n")


def as_words(plain: Folded) -> Folded:
    """With letters that are set apart (`s u e`, `s.u.e`) put together, and digits in words read as letters."""
    dropped = {
        place
        for found in _SPELLED_OUT.finditer(plain.text)
        for place in range(found.start(), found.end())
        if not plain.text[place].isalpha()
    }
    joined = plain.without(dropped)

    def read(found: re.Match[str]) -> str:
        within_a_word = joined.text[found.end() : found.end() + 1].isalpha()
        return _IN_WORDS[found[0]] if within_a_word else found[0]

    return Folded(joined.written, _AFTER_LETTER.sub(read, joined.text), joined.places)


def spelled_out(plain: Folded) -> Iterator[Folded]:
    """What is written letter by letter, each run of it without its gaps: there may be several words in one."""
    for found in _SPELLED_OUT.finditer(plain.text):
        places = [place for place in range(*found.span()) if plain.text[place].isalpha()]
        yield Folded(
            plain.written, "".join(plain.text[one] for one in places), tuple(plain.places[one] for one in places)
        )


def with_leading_letters(words: Folded) -> Folded | None:
    """With digits at the beginning of words read as letters (`5ue`), where there are any: 24hours would be lost."""
    text = _LEADING_DIGIT.sub(lambda found: _IN_WORDS[found[0]], words.text)
    return None if text == words.text else Folded(words.written, text, words.places)


def as_characters(plain: Folded) -> Folded:
    """Without what is put between two Chinese characters to tear a word apart. Commas and full stops end a thought."""
    if not _CHINESE.search(plain.text):
        return plain
    dropped: set[int] = set()
    run: list[int] = []
    after_chinese = False
    for place, character in enumerate(plain.text):
        if _is_between(character):
            run.append(place)
            continue
        if after_chinese and is_chinese(character):
            dropped.update(run)
        run, after_chinese = [], is_chinese(character)
    return plain.without(dropped)


@lru_cache(_CHARACTERS)
def _is_between(character: str) -> bool:
    """Spaces, strokes and every kind of symbol, emoji among them."""
    return character in _SEPARATORS or character.isspace() or unicodedata.category(character)[0] in "SZ"


def count_chinese(text: str) -> int:
    return len(_CHINESE.findall(text))


def is_chinese(character: str) -> bool:
    return _CHINESE.match(character) is not None
