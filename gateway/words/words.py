"""All messages that we can write, compiled once."""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from pathlib import Path

from gateway.words import finished, own_names, sheets, survey
from gateway.words.compiling import Compiled, compiled
from gateway.words.errors import BadTemplate, Forbidden, OtherPurpose, UnknownTemplate
from gateway.words.linting import check_values, refuse_bad, required_names, template_problems
from gateway.words.phrases import Phrases, masked, phrases
from gateway.words.sheets import DISCREET_FRAME, FRAME, SHARED, Sheet, variant
from gateway.words.speech import Frame, Pair, pair, unended, written
from gateway.words.survey import SurveyWords
from gateway.words.values import Lender, Rendered, Values
from gateway.words.variables import clean, name_of, ready
from policies.facts import Channel, Purpose
from policies.tone import Problem

#: template, channel, language, and what it is narrowed to: a jurisdiction, a product
_Key = tuple[str, Channel, str, str | None, str | None]
_Library = dict[_Key, Pair]
_LAYOUT = "layout.html.j2"

#: The script for a booked call, which needs nothing of the caller and speaks of no talk or agreement.
CALL = "callback"


class Words:
    """Our templates and the lender's own, for every purpose, channel and language."""

    def __init__(self, library: _Library, lender: Lender, surveys: Mapping[str, SurveyWords]) -> None:
        self._library = library
        self._languages = frozenset(key[2] for key in library)
        self._purposes = {key[0]: pair.purpose for key, pair in library.items()}
        self._products = frozenset(filter(None, (key[4] for key in library)))
        self._lender = {language: _lender(lender, language) for language in self._languages}
        #: What is asked afterwards, by language.
        self.surveys = surveys
        self._own_names = frozenset(str(names["lender"]) for names in self._lender.values())

    @classmethod
    def load(
        cls,
        folder: Path | None = None,
        *,
        lender: Lender,
        refuse: Callable[[Path, tuple[Problem, ...]], None] = refuse_bad,
    ) -> "Words":
        """Read and compile everything. A file in `folder` is added to ours, or replaces the one of its name.

        `refuse` is told what is wrong with the words of each file; it raises `BadTemplate` unless told otherwise.
        """
        files = sheets.read(sheets.OURS) | (sheets.read(folder) if folder else {})
        _check_purposes(files)
        path = _layout(folder)
        source = path.read_text(encoding="utf-8")
        layout = compiled(path, source, html=True)
        refuse(path, finished.layout_problems(source))
        library: _Library = {}
        for language in sorted({language for language, _ in files}):
            library |= _language(
                language, {name: sheet for (of, name), sheet in files.items() if of == language}, layout, source, refuse
            )
        surveys = _surveys({language for language, _ in files}, folder, refuse)
        return cls(library, lender, surveys)

    def default(self, purpose: Purpose) -> str:
        """The template that is used where a caller names none."""
        return purpose.lower()

    def names(self) -> frozenset[str]:
        return frozenset(self._purposes)

    def missing(
        self,
        template: str,
        channel: Channel,
        locale: str,
        given: Collection[str],
        discreet: bool = False,
        *,
        jurisdiction: str | None = None,
        product: str | None = None,
    ) -> frozenset[str]:
        """What the caller still has to supply. What the bill and the lender supply is never in it."""
        found = self._find(template, channel, locale, jurisdiction, product)[0]
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
        jurisdiction: str | None = None,
        product: str | None = None,
    ) -> Rendered:
        """Write one message. Words that speak of a bill become the discreet ones where there is no bill.

        The words of the most specific variant: of the jurisdiction and the product, of the one, of the other, of all.
        """
        found, language = self._find(template, channel, locale, jurisdiction, product)
        bare = found.speaks_of_bill and values.amount is None
        speech = found.discreet if discreet or bare else found.full
        how = phrases(locale, language, channel)
        read_by_others = speech is found.discreet
        spoken = {name: value for name, value in variables.items() if name in speech.uses}
        called = values.called or values.customer_name
        check_values(self._unnamed(spoken, called), found.purpose, language, discreet=read_by_others)
        printed = ready(variables, how, values.currency, unended(speech))
        known = self._lender[language] | _facts(speech.uses, values, how)
        names = printed | known
        message = written(speech, names)
        finished.look_over(
            speech,
            found.purpose,
            self._unnamed(printed, called) | known,
            # A script is read by the agent.
            read_by_others=read_by_others and channel is not Channel.CALLBACK,
        )
        if not read_by_others:
            self._hold(message.text, names, required_names(found.purpose, channel, jurisdiction, _product(product)))
        return message

    def check_said(
        self, template: str, purpose: Purpose, locale: str, variables: Mapping[str, object], name: str | None = None
    ) -> None:
        """Raise `BadWords` for a caller's value that may not be said. Worth calling before a contact is accepted.

        `name`: the customer's.
        """
        check_values(self._unnamed(variables, name), self._purposes.get(template, purpose), self.language(locale))

    def check_purpose(self, template: str, purpose: Purpose) -> None:
        """Raise `OtherPurpose` for words that are for another purpose: what they must say for this was not checked."""
        of = self._purposes.get(template, purpose)
        if of is not purpose:
            raise OtherPurpose(template, of, purpose)

    def survey(self, locale: str) -> SurveyWords:
        """What a customer of this locale is asked."""
        return self.surveys[self.language(locale)]

    def signature(self, locale: str) -> str:
        """Who speaks: the lender's name, as this customer reads it."""
        return str(self._lender[self.language(locale)]["lender"])

    def language(self, locale: str) -> str:
        """In which of our languages a customer of this locale is written to."""
        language = locale.replace("_", "-").partition("-")[0].lower()
        return language if language in self._languages else "en"

    def _unnamed(self, variables: Mapping[str, object], customer: str | None) -> dict[str, object]:
        """A caller's words without the lender's name and the customer's."""
        return {
            name: own_names.hidden(value, self._own_names, customer) if isinstance(value, str) else value
            for name, value in variables.items()
        }

    @staticmethod
    def _hold(text: str, names: Mapping[str, object], required: Collection[str]) -> None:
        """What must be said stands in the finished words, exactly as it is printed."""
        for name in required:
            if str(names.get(name, "\0")) not in text:
                raise Forbidden((name,))

    def _find(
        self, template: str, channel: Channel, locale: str, jurisdiction: str | None = None, product: str | None = None
    ) -> tuple[Pair, str]:
        language = self.language(locale)
        narrowed = _product(product)
        for where in _wider(jurisdiction):
            for which in (narrowed, None) if narrowed in self._products else (None,):
                found = self._library.get((template, channel, language, where, which))
                if found is not None:
                    return found, language
        raise UnknownTemplate(template, channel, locale)

    def versions(self) -> list[tuple[str, Channel, str, str | None, str | None, str]]:
        """Every template: name, channel, language, jurisdiction, product, version. None: of all of them."""
        return [(*key, pair.full.version) for key, pair in sorted(self._library.items(), key=_in_order)]


def _in_order(item: tuple[_Key, Pair]) -> tuple[str, ...]:
    return tuple(one or "" for one in item[0])


@lru_cache(maxsize=256)
def _product(product: str | None) -> str | None:
    """As it is written in the name of a file."""
    return product.upper().replace(" ", "_").replace("-", "_") if product else None


@lru_cache(maxsize=256)
def _wider(jurisdiction: str | None) -> tuple[str | None, ...]:
    """US-NY, then US, then all of them."""
    parts = jurisdiction.split("-") if jurisdiction else []
    return (*("-".join(parts[:length]) for length in range(len(parts), 0, -1)), None)


def _layout(folder: Path | None) -> Path:
    own = folder / _LAYOUT if folder else None
    return own if own and own.is_file() else sheets.OURS / _LAYOUT


def _surveys(
    languages: Collection[str], folder: Path | None, refuse: Callable[[Path, tuple[Problem, ...]], None]
) -> dict[str, SurveyWords]:
    found = survey.read(sheets.OURS) | (survey.read(folder) if folder else {})
    for language in languages:
        if language not in found:
            raise BadTemplate(Path(language, f"{survey.NAME}.toml"), "is missing")
    for language, (path, words) in found.items():
        refuse(path, tuple(survey.problems(words, language)))
    return {language: words for language, (_, words) in found.items()}


def _check_purposes(files: Mapping[tuple[str, str], Sheet]) -> None:
    """A template has one purpose, in whatever language and variant."""
    first: dict[str, Sheet] = {}
    for (_, stem), sheet in files.items():
        known = first.setdefault(variant(stem)[0], sheet)
        if sheet.purpose is not known.purpose:
            raise BadTemplate(sheet.path, f"is for another purpose than {known.path}")


def _language(
    language: str,
    files: Mapping[str, Sheet],
    layout: Compiled,
    layout_source: str,
    refuse: Callable[[Path, tuple[Problem, ...]], None],
) -> _Library:
    """Compile one language, which must speak for every purpose on every channel: nobody is left without words."""
    around = {name: _whole(language, files, name) for name in (FRAME, DISCREET_FRAME, SHARED)}
    for purpose in Purpose:
        _whole(language, files, purpose.lower())
    library: _Library = {}
    for stem in sorted(files.keys() - around.keys()):
        name, jurisdiction, product = variant(stem)
        if name in around or name not in files:
            raise BadTemplate(files[stem].path, "narrows a template that there is not")
        for channel in files[stem].parts:
            frame = Frame(
                full=around[FRAME].parts[channel],
                discreet=around[DISCREET_FRAME].parts[channel],
                shared=around[SHARED].parts[channel],
                joiner=around[FRAME].joiner,
                layout=layout,
                layout_source=layout_source,
            )
            made = pair(stem, language, channel, files[stem], frame)
            refuse(files[stem].path, template_problems(made, channel, language, jurisdiction, product))
            library[name, channel, language, jurisdiction, product] = made
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
    if "name" in used and (name := name_of(values.customer_name)) is not None:
        facts["name"] = name
    if "unsubscribe_url" in used and values.unsubscribe_url:
        facts["unsubscribe_url"] = clean(values.unsubscribe_url)
    if "survey_url" in used and values.survey_url:
        facts["survey_url"] = clean(values.survey_url)
    return facts
