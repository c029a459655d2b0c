"""All messages that we can write, compiled once."""

from collections.abc import Collection, Mapping
from pathlib import Path

from channels.sms.segments import segments
from gateway.words import sheets
from gateway.words.compiling import Compiled, compiled
from gateway.words.errors import BadTemplate, UnknownTemplate
from gateway.words.phrases import Phrases, masked, phrases
from gateway.words.sheets import DISCREET_FRAME, FRAME, SHARED, Sheet
from gateway.words.speech import Frame, Pair, Speech, html_of, pair, paragraphs
from gateway.words.values import Lender, Rendered, Values
from gateway.words.variables import clean, ready
from policies.facts import Channel, Purpose

_Library = dict[tuple[str, Channel, str], Pair]
_LAYOUT = "layout.html.j2"


class Words:
    """Our templates and the lender's own, for every purpose, channel and language."""

    def __init__(self, library: _Library, layout: Compiled, lender: Lender) -> None:
        self._library = library
        self._layout = layout
        self._languages = frozenset(language for _, _, language in library)
        self._names = frozenset(name for name, _, _ in library)
        self._lender = {language: _lender(lender, language) for language in self._languages}

    @classmethod
    def load(cls, folder: Path | None = None, *, lender: Lender) -> "Words":
        """Read and compile everything. A file in `folder` is added to ours, or replaces the one of its name."""
        files = sheets.read(sheets.OURS) | (sheets.read(folder) if folder else {})
        layout = _layout(folder)
        source = layout.read_text(encoding="utf-8")
        library: _Library = {}
        for language in sorted({language for language, _ in files}):
            library |= _language(
                language, {name: sheet for (of, name), sheet in files.items() if of == language}, source
            )
        return cls(library, compiled(layout, source, html=True), lender)

    def default(self, purpose: Purpose) -> str:
        """The template that is used where a caller names none."""
        return purpose.lower()

    def names(self) -> frozenset[str]:
        return self._names

    def missing(
        self, template: str, channel: Channel, locale: str, given: Collection[str], discreet: bool = False
    ) -> frozenset[str]:
        """What the caller still has to supply. What the bill and the lender supply is never in it."""
        found = self._find(template, channel, locale)[0]
        return (found.asks_discreet if discreet else found.asks).difference(given)

    def render(
        self,
        template: str,
        channel: Channel,
        locale: str,
        values: Values,
        variables: Mapping[str, object],
        *,
        discreet: bool,
    ) -> Rendered:
        """Write one message. Words that speak of a bill become the discreet ones where there is no bill."""
        found, language = self._find(template, channel, locale)
        bare = found.speaks_of_bill and values.amount is None
        speech = found.discreet if discreet or bare else found.full
        how = phrases(locale, language, channel)
        names = ready(variables, how, values.currency) | self._lender[language] | _facts(speech.uses, values, how)
        return self._rendered(speech, channel, language, names)

    def _rendered(self, speech: Speech, channel: Channel, language: str, names: Mapping[str, object]) -> Rendered:
        text = speech.text.written(names)
        if channel is Channel.SMS:
            text = " ".join(text.split())
            return Rendered(None, text, None, speech.version, segments(text).segments)
        text = "\n\n".join(paragraphs(text))
        if speech.subject is None or speech.html is None:
            return Rendered(None, text, None, speech.version, None)
        subject = clean(speech.subject.written(names))
        html = html_of(speech.html, self._layout, names, subject, language)
        return Rendered(subject, text, html, speech.version, None)

    def _find(self, template: str, channel: Channel, locale: str) -> tuple[Pair, str]:
        language = locale.replace("_", "-").partition("-")[0].lower()
        language = language if language in self._languages else "en"
        found = self._library.get((template, channel, language))
        if found is None:
            raise UnknownTemplate(template, channel, locale)
        return found, language


def _layout(folder: Path | None) -> Path:
    own = folder / _LAYOUT if folder else None
    return own if own and own.is_file() else sheets.OURS / _LAYOUT


def _language(language: str, files: Mapping[str, Sheet], layout: str) -> _Library:
    """Compile one language, which must speak for every purpose on every channel: nobody is left without words."""
    around = {name: _whole(language, files, name) for name in (FRAME, DISCREET_FRAME, SHARED)}
    for purpose in Purpose:
        _whole(language, files, purpose.lower())
    library: _Library = {}
    for name in sorted(files.keys() - around.keys()):
        for channel in files[name].parts:
            frame = Frame(
                full=around[FRAME].parts[channel],
                discreet=around[DISCREET_FRAME].parts[channel],
                shared=around[SHARED].parts[channel],
                joiner=around[FRAME].joiner,
                layout=layout,
            )
            library[name, channel, language] = pair(name, language, channel, files[name], frame)
    return library


def _whole(language: str, files: Mapping[str, Sheet], name: str) -> Sheet:
    sheet = files.get(name)
    if sheet is None:
        raise BadTemplate(Path(language, f"{name}.toml"), "is missing")
    for channel in Channel:
        if channel not in sheet.parts:
            raise BadTemplate(sheet.path, f"says nothing for {channel}")
    return sheet


def _lender(lender: Lender, language: str) -> dict[str, object]:
    name = lender.name_zh if language == "zh" and lender.name_zh else lender.name
    return {
        "lender": clean(name),
        "phone": clean(lender.phone),
        "pay_url": clean(lender.pay_url),
        "help_url": clean(lender.help_url),
    }


def _facts(used: frozenset[str], values: Values, how: Phrases) -> dict[str, object]:
    """What `values` know of the names in use, ready to print. What they do not know stays out."""
    facts: dict[str, object] = {}
    if "amount" in used and values.amount is not None and values.currency is not None:
        facts["amount"] = how.money(values.amount, values.currency)
    if "due_on" in used and values.due_on is not None:
        facts["due_on"] = how.day(values.due_on)
    # A bill that is not overdue must not be called overdue, so "0 days" is not known either.
    if "days_overdue" in used and values.days_overdue is not None and values.days_overdue > 0:
        facts["days_overdue"] = how.days(values.days_overdue)
    if "account" in used and values.account:
        facts["account"] = masked(clean(values.account))
    if "name" in used and values.customer_name and clean(values.customer_name):
        facts["name"] = clean(values.customer_name)
    if "unsubscribe_url" in used and values.unsubscribe_url:
        facts["unsubscribe_url"] = clean(values.unsubscribe_url)
    return facts
