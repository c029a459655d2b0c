"""What a customer's reply to a text or a mail means, and by which words we went.

text -> without what is quoted of ours -> folded into units: words, Chinese characters, marks
     -> what it says (replies.toml): keywords of their own, phrases anywhere
     -> less what only looks like a stop: "don't stop", "stop by", "not at night"
     -> less what only looks like a complaint: "can't complain", 我的投诉处理好了吗
     -> the weightiest meaning; the others beside it

Who writes "stop" must be heard, in whatever words a reasonable person would understand (47 CFR 64.1200(a)(10)); a stop
that was wrongly assumed only silences. But where the customer asks for something else, and wherever nothing is
understood, the answer is UNCLEAR: that is for a person, and blocks until it is read. Consent is never guessed.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Literal

from policies.folding import SIMPLIFIED, is_chinese

LEXICON = Path(__file__).parent / "replies.toml"

#: What comes after so many characters is not read.
LONGEST = 2_000


class Meaning(StrEnum):
    """The weightiest first."""

    STOP_ALL = "STOP_ALL"  #: no contact at all, or no calls either
    STOP = "STOP"  #: no more messages on this channel
    START = "START"  #: messages again
    HELP = "HELP"
    WRONG_PERSON = "WRONG_PERSON"  #: the number or address is another's
    COMPLAINT = "COMPLAINT"  #: about how they are treated, to us or to an authority
    DISPUTE = "DISPUTE"
    HARDSHIP = "HARDSHIP"
    UNCLEAR = "UNCLEAR"  #: a person must read it


@dataclass(frozen=True, slots=True)
class Understood:
    """`words` are entries of replies.toml, never the customer's own text, so they may be logged."""

    meaning: Meaning
    also: tuple[Meaning, ...] = ()
    words: tuple[str, ...] = ()


def understand(text: str) -> Understood:
    """Never raises, and takes time in proportion to the text, of which at most `LONGEST` characters are read."""
    lexicon = _lexicon()
    plain = _plain(_own_words(text.strip()[:LONGEST]))
    if len(text.strip()) <= LONGEST and (exact := lexicon.exact(lexicon.fold(plain))):
        return Understood(exact.meaning, words=(exact.written,))
    reply = lexicon.fold(_calmed(plain))
    hits = sorted(_meant(lexicon, reply), key=lambda hit: (_WEIGHT[hit.entry.meaning], hit.start))
    doubts = _doubts(lexicon, reply, [hit for hit in hits if hit.entry.meaning in _STOPS])
    standing = [hit for hit in hits if hit not in doubts]
    meanings = list(dict.fromkeys(hit.entry.meaning for hit in standing))
    words = tuple(dict.fromkeys(hit.entry.written for hit in standing))
    # A complaint needs no guess at the stop beside it.
    if doubts and not _STOPS.intersection(meanings) and meanings[:1] != [Meaning.COMPLAINT]:
        reasons = dict.fromkeys(reason.written for reason in doubts.values())
        return Understood(Meaning.UNCLEAR, tuple(meanings), (*reasons, *words))
    if not meanings:
        return Understood(Meaning.UNCLEAR)
    also = [meaning for meaning in meanings[1:] if meaning is not Meaning.STOP]
    return Understood(meanings[0], tuple(also), words)


def is_urgent(text: str) -> bool:
    """Whether a customer's words, or a note about one, speak of suicide or self-harm. All of them are read."""
    lexicon = _lexicon()
    return any(
        _found(lexicon.urgent, lexicon.fold(_calmed(_plain(text[start : start + LONGEST]))))
        for start in range(0, len(text), LONGEST // 2)
    )


def language_of(text: str) -> Literal["zh", "en"]:
    """Chinese if there is a Chinese character in it and nothing Japanese: for want of better knowledge."""
    if any("\u3040" <= character <= "\u30ff" for character in text):
        return "en"
    return "zh" if any(map(is_chinese, text)) else "en"


_STOPS = frozenset({Meaning.STOP, Meaning.STOP_ALL})
_WEIGHT: Mapping[Meaning, int] = {meaning: weight for weight, meaning in enumerate(Meaning)}


# What was written, and what only hangs on it.

_QUOTE_BEGINS = re.compile(
    r"-+ ?(original message|forwarded message|原始邮件|原邮件|转发的邮件)|begin forwarded"
    r"|_{10,}\s*$|(from|发件人|寄件者) ?:.*[@<]",
    re.IGNORECASE,
)
_QUOTE_NAMED = re.compile(r"(wrote|写道|寫道|schrieb|a écrit) ?:$", re.IGNORECASE)
_SIGNATURE = re.compile(r"--$|(sent from|get outlook for|发自我的|從我的|来自我的)", re.IGNORECASE)


def _own_words(text: str) -> str:
    """Mail programs quote what is answered, our own "reply STOP" included; that is not the customer speaking."""
    lines = [line.strip() for line in unicodedata.normalize("NFKC", text)[: 2 * LONGEST].splitlines()]
    kept: list[str] = []
    for number, line in enumerate(lines):
        if _QUOTE_BEGINS.match(line) or (any(kept) and _SIGNATURE.match(line)):
            break
        if _QUOTE_NAMED.search(line):
            if kept and kept[-1].casefold().startswith("on "):
                kept.pop()  # the line that names the sender was wrapped
            following = next(filter(None, lines[number + 1 :]), "")
            if not following.startswith(">"):
                break
        elif not line.startswith(">"):
            kept.append(line)
    return "\n".join(kept)


# Folding: one spelling of what can be written in many ways.

_ADDRESS = re.compile(r"https?://[!-~]*|www\.[!-~]*|[a-z0-9._+-]{1,64}@[a-z0-9.-]+")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´ʼ"))
_SENTENCE_MARKS = ".!;。…"
_CLAUSE_MARKS = ",、:()[]—–~|"
_PICTURES = {"So", "Sk"}
_STOP_SIGNS = dict.fromkeys(map(ord, "🛑🚫⛔"), " stop ")


def _plain(text: str) -> str:
    """One width, case and set of accents; nothing invisible."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())[: 4 * LONGEST]
    text = "".join(character for character in text if unicodedata.category(character) not in {"Mn", "Me", "Cf"})
    text = _ADDRESS.sub(" . addr0 . ", text.translate(_APOSTROPHES).translate(_STOP_SIGNS))
    pieces = re.findall(r"[^\W_]+", text)
    if len(pieces) > 1 and all(len(piece) == 1 for piece in pieces):
        return "".join(pieces)  # s-t-o-p
    return text


def _calmed(text: str) -> str:
    """STOPPPP is stop. No word has three of a letter."""
    return _RUN.sub(r"\1", text)


def _units(text: str) -> Iterator[str]:
    """Each word, each Chinese character and each mark, with what parts it from the next: a space, or a new line.

    Marks are "." for a sentence's end, "?" for a question's, and "," for lesser pauses: these are also a space between
    Chinese characters, a dash, a picture, and where Chinese follows upon a Latin word (T已还).
    """
    word, before = "", " "
    for character, after in zip(text, (text + " ")[1:], strict=True):
        if is_chinese(character):
            if word:
                yield word + " "
                if word[-1].isalpha():
                    yield ", "
            yield character + " "
            word = ""
        elif character.isalnum():
            word += character
        else:
            if word:
                yield word + " "
            word = ""
            yield _mark(before, character, after)
        before = character
    if word:
        yield word + " "


def _mark(before: str, character: str, after: str) -> str:
    if character == "\n":
        return "\n"
    if character in _SENTENCE_MARKS:
        return ". "
    if character == "?":
        return "? "
    parted = character == " " and is_chinese(before) and is_chinese(after)
    dash = character == "-" and before == after == " "
    pause = parted or dash or character in _CLAUSE_MARKS or unicodedata.category(character) in _PICTURES
    return ", " if pause else ""


# The lexicon, and the little language its entries are written in.


@dataclass(frozen=True, slots=True)
class _Entry:
    meaning: Meaning  #: UNCLEAR for what is no stop
    place: str  #: where it counts
    written: str
    pattern: re.Pattern[str]


_PARTS = re.compile(r"@([a-z]+|[^\W_])|(\.\.)|([a-z0-9]+|[^\W_])|([*_^$,()|\[\]])|\s+")
_MARKS: Mapping[str, str] = {
    "*": r"(?:[^\s.?]+\s){0,6}?",
    "_": r"[^\s,.?]+\s",
    "^": r"(?:\A|(?<=\n)|(?<=[,.?]\s))",
    "$": r"(?:(?=[,.?]\s)|\Z|(?<=\n))",
    ",": r",\s",
    "(": "(?:",
    "[": "(?:",
    "|": "|",
    ")": ")",
    "]": ")?",
}


@dataclass(frozen=True, slots=True)
class _Grammar:
    """Entries as regular expressions over units. Nothing repeats without a bound, so a search takes linear time."""

    groups: Mapping[str, Sequence[str]]
    filler: str = ""

    def compile(self, written: str) -> re.Pattern[str]:
        return re.compile(r"(?<!\S)" + self._source(written))

    def one_of(self, entries: Iterable[str]) -> str:
        """The longest is tried first."""
        return "(?:" + "|".join(sorted(map(self._source, entries), key=len, reverse=True)) + ")"

    def _source(self, written: str) -> str:
        return "".join(self._part(*match.groups()) for match in _PARTS.finditer(written))

    def _part(self, group: str | None, gap: str | None, unit: str | None, mark: str | None) -> str:
        if group:
            return self.one_of(self.groups[group])
        if gap:
            return self.filler + "{0,6}"
        if unit:
            return unit + r"\s"
        return _MARKS[mark] if mark else ""


@dataclass(frozen=True, slots=True)
class _Lexicon:
    exacts: tuple[_Entry, ...]
    keywords: tuple[_Entry, ...]
    phrases: tuple[_Entry, ...]
    keep: tuple[_Entry, ...]
    other: tuple[_Entry, ...]
    when: tuple[_Entry, ...]
    content: tuple[_Entry, ...]
    urgent: tuple[_Entry, ...]
    polite: re.Pattern[str]
    misspelt: tuple[_Entry, ...]
    spelt: frozenset[str]

    def fold(self, text: str) -> str:
        units = "".join(_units(text.translate(SIMPLIFIED)))
        return units.replace(" \n", "\n").lstrip("\n")

    def exact(self, reply: str) -> _Entry | None:
        entry = next((entry for entry in self.exacts if entry.pattern.fullmatch(_bare(reply) + " ")), None)
        # Who writes START? asks what would happen.
        return None if entry and entry.meaning is Meaning.START and "?" in reply else entry


@cache
def _lexicon() -> _Lexicon:
    values: dict[str, Any] = tomllib.loads(LEXICON.read_text(encoding="utf-8"))
    words, groups = values["words"], values["groups"]
    grammar = _Grammar(groups, _Grammar(groups).one_of(words["filler"]))

    def entries(meaning: Meaning, place: str) -> Iterator[_Entry]:
        table = values["not"] if meaning is Meaning.UNCLEAR else values[meaning]
        return (_Entry(meaning, place, written, grammar.compile(written)) for written in table.get(place, ()))

    def all_entries(*places: str) -> tuple[_Entry, ...]:
        return tuple(entry for place in places for meaning in Meaning for entry in entries(meaning, place))

    return _Lexicon(
        exacts=all_entries("exact"),
        keywords=all_entries("clause", "opening", "alone"),
        phrases=all_entries("phrases"),
        keep=all_entries("keep"),
        other=all_entries("other"),
        when=all_entries("when"),
        content=all_entries("content"),
        urgent=tuple(
            _Entry(Meaning.HARDSHIP, "urgent", one, grammar.compile(one)) for one in values["urgent"]["phrases"]
        ),
        polite=re.compile(grammar.one_of(words["polite"])),
        misspelt=tuple(entry for meaning in Meaning for entry in entries(meaning, "misspelt")),
        spelt=frozenset(words["spelt"]),
    )


# Looking for them.


@dataclass(frozen=True, slots=True)
class _Hit:
    entry: _Entry
    start: int
    end: int

    def overlaps(self, other: "_Hit") -> bool:
        return self.start < other.end and other.start < self.end

    def holds(self, other: "_Hit") -> bool:
        span, inner = (self.start, self.end), (other.start, other.end)
        return span != inner and self.start <= other.start and other.end <= self.end


def _hits(lexicon: _Lexicon, reply: str) -> Iterator[_Hit]:
    phrases = _found(lexicon.phrases, reply)
    yield from phrases
    clauses = list(_CLAUSE.finditer(reply))
    spoken = [_keywords(lexicon, clause[0].strip() + " ") for clause in clauses]
    alone = None not in spoken
    for clause, keywords in zip(clauses, spoken, strict=True):
        opens = clause is clauses[0] and bool(phrases)
        for entry in keywords or ():
            if alone or entry.place == "clause" or (opens and entry.place == "opening"):
                yield _Hit(entry, *clause.span())
    if nearly := _nearly(lexicon, _bare(reply)):
        yield _Hit(nearly, 0, len(reply))


def _meant(lexicon: _Lexicon, reply: str) -> list[_Hit]:
    """Less what only looks like a complaint. A stop that only looks like one is told as a doubt."""
    hits = list(_hits(lexicon, reply))
    if not any(hit.entry.meaning is Meaning.COMPLAINT for hit in hits):
        return hits
    content = _found(lexicon.content, reply)
    return [
        hit
        for hit in hits
        if hit.entry.meaning is not Meaning.COMPLAINT
        or not any(hit.overlaps(one) and not hit.holds(one) for one in content)
    ]


#: Units without a mark among them; a new line ends it.
_CLAUSE = re.compile(r"(?:[^\s,.?]+ )*[^\s,.?]+\s")


def _bare(reply: str) -> str:
    return reply.strip(" ,.?\n")


def _found(entries: Iterable[_Entry], reply: str) -> list[_Hit]:
    return [_Hit(entry, *match.span()) for entry in entries for match in entry.pattern.finditer(reply)]


def _keywords(lexicon: _Lexicon, clause: str) -> list[_Entry] | None:
    """The keywords of a clause that has nothing else but politeness; None if it has."""
    found: list[_Entry] = []
    position = 0
    while position < len(clause):
        courtesy = lexicon.polite.match(clause, position)
        end, keyword = courtesy.end() if courtesy else position, None
        for entry in lexicon.keywords:
            match = entry.pattern.match(clause, position)
            if match and match.end() > end:
                end, keyword = match.end(), entry
        if end == position:
            return None
        if keyword:
            found.append(keyword)
        position = end
    return found


def _doubts(lexicon: _Lexicon, reply: str, stops: Sequence[_Hit]) -> dict[_Hit, _Entry]:
    """The stops that only look like one, each with the entry that says so."""
    if not stops:
        return {}
    for kept in _found(lexicon.keep, reply):
        if not any(stop.holds(kept) for stop in stops):
            return dict.fromkeys(stops, kept.entry)
    others, hours = _found(lexicon.other, reply), _found(lexicon.when, reply)
    doubts: dict[_Hit, _Entry] = {}
    for stop in stops:
        for other in others:
            if stop.overlaps(other) and not stop.holds(other):
                doubts[stop] = other.entry
        for hour in hours:
            if stop.entry.place == "phrases" and _in_one_sentence(stop, hour, reply):
                doubts.setdefault(stop, hour.entry)
    return doubts


def _in_one_sentence(one: _Hit, other: _Hit, reply: str) -> bool:
    between = reply[min(one.end, other.end) : max(one.start, other.start)]
    return "." not in between and "?" not in between


# Slips of the thumb.


def _nearly(lexicon: _Lexicon, word: str) -> _Entry | None:
    """The keyword that a single word was meant to be. Its first letter is seldom wrong."""
    if word in lexicon.spelt or not 3 <= len(word) <= 14:
        return None
    for entry in lexicon.misspelt:
        keyword = entry.written
        slips = 1 if len(keyword) < 9 else 2
        if word[0] == keyword[0] and (_squeezed(word) == keyword or _distance(word, keyword) <= slips):
            return entry
    return None


def _squeezed(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def _distance(one: str, other: str) -> int:
    """How many letters were left out, put in, mistaken or swapped with the next."""
    above: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, wanted in enumerate(other, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                cost = min(cost, above[column - 2] + 1)
            line.append(cost)
        above, last = last, line
    return last[-1]
