"""The words of one template on one channel: a sheet's words within their frame, compiled, and written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from markupsafe import Markup, escape

from channels.sms.segments import segments
from gateway.words.compiling import Compiled, compiled, fingerprint
from gateway.words.errors import BadTemplate
from gateway.words.sheets import Part, Sheet
from gateway.words.values import Rendered
from gateway.words.variables import ALWAYS, BUILT_IN, SENTENCES, clean
from policies.facts import Channel, Purpose

#: A text that needs one of these speaks of a bill, and cannot be rendered without one.
BILL_FACTS = frozenset({"amount", "due_on", "days_overdue"})


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """One text to be read by one kind of reader, with its subject and HTML on e-mail."""

    version: str
    channel: Channel
    language: str
    text: Compiled
    subject: Compiled | None
    html: Compiled | None
    layout: Compiled  #: what stands around the HTML
    source: str  #: as it was written, with every condition
    subject_source: str

    @property
    def uses(self) -> frozenset[str]:
        return self.text.uses | (self.subject.uses if self.subject else frozenset())

    @property
    def needs(self) -> frozenset[str]:
        return self.text.needs | (self.subject.needs if self.subject else frozenset())

    @property
    def decides(self) -> frozenset[str]:
        return self.text.decides | (self.subject.decides if self.subject else frozenset())


@dataclass(frozen=True, slots=True)
class Pair:
    """What is said in full, and what is said where others may read it. `asks` of each is the caller's to supply."""

    full: Speech
    discreet: Speech
    asks: frozenset[str]
    asks_discreet: frozenset[str]
    speaks_of_bill: bool
    purpose: Purpose  #: what it was checked for


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around all words of one language on one channel: who we are, and how to stop."""

    full: Part
    discreet: Part
    shared: Part  #: the discreet words of every template that has none of its own
    joiner: str
    layout: Compiled
    layout_source: str


def pair(name: str, language: str, channel: Channel, sheet: Sheet, frame: Frame) -> Pair:
    """Compile what `sheet` says on `channel`. Discreet words ask for nothing more, so that one may always fall back."""
    assert sheet.purpose is not None
    version = f"{name}/{channel.lower()}/{language}"
    discreet_part = sheet.discreet.get(channel, frame.shared if sheet.speaks_of_debt else sheet.parts[channel])
    speech = partial(_speech, channel=channel, language=language, sheet=sheet, frame=frame)
    full = speech(version, part=sheet.parts[channel], around=frame.full)
    discreet = speech(f"{version}/discreet", part=discreet_part, around=frame.discreet)
    if too_much := sorted((discreet.needs - full.needs - ALWAYS) | (discreet.uses & BILL_FACTS)):
        raise BadTemplate(sheet.path, f"asks in its discreet words for {', '.join(too_much)}")
    asks, asks_discreet = full.needs - BUILT_IN, discreet.needs - BUILT_IN
    return Pair(full, discreet, asks, asks_discreet, bool(full.needs & BILL_FACTS), sheet.purpose)


def written(speech: Speech, names: Mapping[str, object]) -> Rendered:
    """The words with `names` filled in, as they are read on their channel. Raises `MissingVariable`."""
    text = speech.text.written(names)
    if speech.channel is Channel.SMS:
        text = " ".join(text.split())
        values = {name: str(value) for name, value in names.items()}
        return Rendered(None, text, None, speech.version, segments(text).segments, values)
    text = "\n\n".join(_paragraphs(text))
    if speech.subject is None or speech.html is None:
        return Rendered(None, text, None, speech.version, None)
    subject = clean(speech.subject.written(names))
    return Rendered(subject, text, _html(speech, speech.html, names, subject), speech.version, None)


@lru_cache(maxsize=4096)
def unended(speech: Speech) -> frozenset[str]:
    """The sentences of the caller's after which the words set no mark."""
    sources = speech.source + speech.subject_source
    return frozenset(
        name
        for name in SENTENCES & speech.uses
        if not re.search(rf"\{{\{{\s*{name}\s*\}}\}}\s*[.!?,:;。！？，：；、]", sources)
    )


def _html(speech: Speech, words: Compiled, names: Mapping[str, object], subject: str) -> str:
    """The paragraphs of the text in the shared layout; addresses become links."""
    text = words.written({name: _link(name, value) for name, value in names.items()})
    body = "".join(f"<p>{part.replace(chr(10), '<br>')}</p>\n" for part in _paragraphs(text))
    return speech.layout.written({"language": speech.language, "subject": subject, "body": Markup(body)})  # noqa: S704


def _paragraphs(text: str) -> list[str]:
    """What a condition left empty is no paragraph."""
    return [part for part in (part.strip() for part in text.split("\n\n")) if part]


def _speech(
    version: str, *, channel: Channel, language: str, sheet: Sheet, part: Part, around: Part, frame: Frame
) -> Speech:
    opt_out = around.opt_out if sheet.opt_out else ""
    source = around.text.replace("{{ words }}", part.text.strip()).replace("{{ opt_out }}", opt_out)
    subject = part.subject or ""
    if channel is not Channel.EMAIL:
        source = _one_line(source, frame.joiner) if channel is Channel.SMS else source
        return Speech(
            version=f"{version}@{fingerprint(source)}",
            channel=channel,
            language=language,
            text=compiled(sheet.path, source),
            subject=None,
            html=None,
            layout=frame.layout,
            source=source,
            subject_source="",
        )
    if not subject:
        raise BadTemplate(sheet.path, "has an e-mail without a subject")
    return Speech(
        version=f"{version}@{fingerprint(subject, source, frame.layout_source)}",
        channel=channel,
        language=language,
        text=compiled(sheet.path, source),
        subject=compiled(sheet.path, subject),
        html=compiled(sheet.path, source, html=True),
        layout=frame.layout,
        source=source,
        subject_source=subject,
    )


def _one_line(source: str, joiner: str) -> str:
    return joiner.join(line.strip() for line in source.strip().splitlines())


def _link(name: str, value: object) -> object:
    if not name.endswith("_url") or not str(value).startswith(("https://", "http://")):
        return value
    return Markup('<a href="{0}">{0}</a>').format(escape(value))
