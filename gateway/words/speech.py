"""The words of one template on one channel: a sheet's words within their frame, compiled."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from gateway.words.compiling import Compiled, compiled, fingerprint
from gateway.words.errors import BadTemplate
from gateway.words.sheets import Part, Sheet
from gateway.words.variables import ALWAYS, BUILT_IN
from policies.facts import Channel

#: A text that needs one of these speaks of a bill, and cannot be rendered without one.
BILL_FACTS = frozenset({"amount", "due_on", "days_overdue"})


@dataclass(frozen=True, slots=True)
class Speech:
    """One text to be read by one kind of reader, with its subject and HTML on e-mail."""

    version: str
    text: Compiled
    subject: Compiled | None
    html: Compiled | None
    source: str  #: as it was written, with every condition
    subject_source: str

    @property
    def uses(self) -> frozenset[str]:
        return self.text.uses | (self.subject.uses if self.subject else frozenset())

    @property
    def needs(self) -> frozenset[str]:
        return self.text.needs | (self.subject.needs if self.subject else frozenset())


@dataclass(frozen=True, slots=True)
class Pair:
    """What is said in full, and what is said where others may read it. `asks` of each is the caller's to supply."""

    full: Speech
    discreet: Speech
    asks: frozenset[str]
    asks_discreet: frozenset[str]
    speaks_of_bill: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around all words of one language on one channel: who we are, and how to stop."""

    full: Part
    discreet: Part
    shared: Part  #: the discreet words of every template that has none of its own
    joiner: str
    layout: str


def pair(name: str, language: str, channel: Channel, sheet: Sheet, frame: Frame) -> Pair:
    """Compile what `sheet` says on `channel`. Discreet words ask for nothing more, so that one may always fall back."""
    version = f"{name}/{channel.lower()}/{language}"
    discreet_part = sheet.discreet.get(channel, frame.shared if sheet.speaks_of_debt else sheet.parts[channel])
    full = _speech(version, channel, sheet, part=sheet.parts[channel], around=frame.full, frame=frame)
    discreet = _speech(f"{version}/discreet", channel, sheet, part=discreet_part, around=frame.discreet, frame=frame)
    if too_much := sorted((discreet.needs - full.needs - ALWAYS) | (discreet.uses & BILL_FACTS)):
        raise BadTemplate(sheet.path, f"asks in its discreet words for {', '.join(too_much)}")
    return Pair(full, discreet, full.needs - BUILT_IN, discreet.needs - BUILT_IN, bool(full.needs & BILL_FACTS))


def html_of(speech: Compiled, layout: Compiled, names: Mapping[str, object], subject: str, language: str) -> str:
    """The paragraphs of the text in the shared layout; addresses become links."""
    text = speech.written({name: _link(name, value) for name, value in names.items()})
    body = "".join(f"<p>{part.replace(chr(10), '<br>')}</p>\n" for part in paragraphs(text))
    return layout.written({"language": language, "subject": subject, "body": Markup(body)})  # noqa: S704


def paragraphs(text: str) -> list[str]:
    """What a condition left empty is no paragraph."""
    return [part for part in (part.strip() for part in text.split("\n\n")) if part]


def _speech(version: str, channel: Channel, sheet: Sheet, *, part: Part, around: Part, frame: Frame) -> Speech:
    opt_out = around.opt_out if sheet.opt_out else ""
    source = around.text.replace("{{ words }}", part.text.strip()).replace("{{ opt_out }}", opt_out)
    subject = part.subject or ""
    if channel is not Channel.EMAIL:
        source = _one_line(source, frame.joiner) if channel is Channel.SMS else source
        return Speech(f"{version}@{fingerprint(source)}", compiled(sheet.path, source), None, None, source, "")
    if not subject:
        raise BadTemplate(sheet.path, "has an e-mail without a subject")
    return Speech(
        f"{version}@{fingerprint(subject, source, frame.layout)}",
        compiled(sheet.path, source),
        compiled(sheet.path, subject),
        compiled(sheet.path, source, html=True),
        source,
        subject,
    )


def _one_line(source: str, joiner: str) -> str:
    return joiner.join(line.strip() for line in source.strip().splitlines())


def _link(name: str, value: object) -> object:
    if not name.endswith("_url") or not str(value).startswith(("https://", "http://")):
        return value
    return Markup('<a href="{0}">{0}</a>').format(escape(value))
