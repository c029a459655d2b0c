"""One spelling of what can be written in many ways, each character with its place in what was written.

Whoever hides a word (full-width or look-alike letters, traditional characters, invisible characters or spaces within a
word) writes for a reader who still reads it; so does this.
"""

import re
import unicodedata
from dataclasses import dataclass

#: Cyrillic and Greek letters that look like Latin ones, and traditional characters of the lexicon's words.
_ALIKE = str.maketrans(
    "аеорсухіѕјԁɡоαοερυікмтвн"
    "訴訟後責聯繫繋親單錄馬務緊執報師誠賴賬帳惡騙徵記錄機會實強門請債還貸過應將問題員爾們處罰斷離開關獄審標條約時間終領導隊警廳偵檢偽響證據詐爆壞損產轉讓給錢額",
    "aeopcyxisjdgoaoepyikmtbh"
    "诉讼后责联系系亲单录马务紧执报师诚赖账账恶骗征记录机会实强门请债还贷过应将问题员尔们处罚断离开关狱审标条约时间终领导队警厅侦检伪响证据诈爆坏损产转让给钱额",
)
_IN_WORDS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
_SEPARATORS = frozenset(" \t\n\r.·•*-_|~/\\+=#^`'’")
#: Not read as words: what stands for a value or a condition in a template, and addresses.
_NOT_WORDS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|https?://[!-~]+|[\w.+-]+@[\w-]+\.[\w.]+", re.DOTALL)
_SPELLED_OUT = re.compile(r"(?<![^\W_])(?:[a-z][\s.*_|~-]+){2,}[a-z](?![^\W_])")


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
        kept = [index for index in range(len(self.text)) if index not in dropped]
        return Folded(
            self.written, "".join(self.text[index] for index in kept), tuple(self.places[index] for index in kept)
        )


def folded(text: str) -> Folded:
    """Lower case, simplified, plain: for words that are looked for. What is no word becomes a line break."""
    blank = _NOT_WORDS.sub(lambda found: "\n" * len(found[0]), text)
    characters: list[str] = []
    places: list[int] = []
    for place, written in enumerate(blank):
        for character in unicodedata.normalize("NFKD", written).casefold().translate(_ALIKE):
            if unicodedata.category(character) not in ("Cf", "Mn", "Cc") or character == "\n":
                characters.append(character)
                places.append(place)
    return Folded(text, "".join(characters), tuple(places))


def as_words(plain: Folded) -> Folded:
    """With letters that are set apart (`s u e`, `s.u.e`) put together, and digits in words read as letters."""
    dropped = {
        place
        for found in _SPELLED_OUT.finditer(plain.text)
        for place in range(found.start(), found.end())
        if not plain.text[place].isalpha()
    }
    joined = plain.without(dropped)
    text = list(joined.text)
    for place in range(1, len(text) - 1):
        if text[place] in _IN_WORDS and text[place - 1].isascii() and text[place - 1].isalpha():
            text[place] = _IN_WORDS[text[place]] if joined.text[place + 1].isalpha() else text[place]
    return Folded(joined.written, "".join(text), joined.places)


def as_characters(plain: Folded) -> Folded:
    """Without what is put between two Chinese characters to tear a word apart. Commas and full stops end a thought."""
    dropped: set[int] = set()
    run: list[int] = []
    after_chinese = False
    for place, character in enumerate(plain.text):
        if character in _SEPARATORS:
            run.append(place)
            continue
        if after_chinese and is_chinese(character):
            dropped.update(run)
        run, after_chinese = [], is_chinese(character)
    return plain.without(dropped)


def is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff" or "\u3400" <= character <= "\u4dbf"
