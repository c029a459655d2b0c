"""What is wrong with packs, also where they load: `gateway rules check` prints it.

    flaw            what is wrong
    UNREADABLE      it does not load: a wrong field, an id that is used twice, a dropped rule that is not inherited
    UNSOURCED       law without an address where it can be read, and without a note where it was
    UNTITLED        no title in English or in Chinese
    DUPLICATE       an id that a pack elsewhere uses for another rule: a finding would not say which
    DEAD            it never speaks, or a stricter cap is always full before it
    CONTRADICTION   hours that never meet: nothing is ever open
    CLOSED          an ordinary customer, who agreed to everything, could never be contacted on a channel
    CALENDAR        a calendar ends within the horizon of a decision

What does not load is told first and alone; the rest is only looked for in packs that do. Nothing here reads a clock.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import product
from pathlib import Path

from policies.decision import Confidence, Outcome, Refuse
from policies.engine import decide
from policies.facts import (
    MEDIUM_OF,
    Account,
    Bill,
    Channel,
    Consent,
    ConsentStatus,
    Facts,
    LenderRole,
    Place,
    Point,
    Purpose,
)
from policies.fields import PackError
from policies.frequency import Frequency
from policies.holidays import UncoveredYear
from policies.pack import Pack
from policies.periods import Period, PeriodType
from policies.quiet_hours import QuietHours
from policies.rule import About, Terms
from policies.rulebook import Rulebook, load
from policies.week import DAY_SECONDS, HORIZON_DAYS, Span
from policies.written import Written, ancestry, read_packs, rules_of

#: What an ordinary customer is written to about. A final notice needs gentler messages before it.
ORDINARY = (
    Purpose.DUE_REMINDER,
    Purpose.OVERDUE_REMINDER,
    Purpose.PLAN_OFFER,
    Purpose.PAYMENT_RECEIPT,
    Purpose.FOLLOW_UP,
)
#: The day to judge by where no pack says when it was compared with the law.
_UNVERSIONED = date(2026, 1, 1)
_HAN = re.compile(r"[\u4e00-\u9fff]")
#: The most days that a calendar period has.
_LONGEST = {PeriodType.CALENDAR_DAY: 1, PeriodType.ISO_WEEK: 7, PeriodType.CALENDAR_MONTH: 31}


class Flaw(StrEnum):
    UNREADABLE = "UNREADABLE"
    UNSOURCED = "UNSOURCED"
    UNTITLED = "UNTITLED"
    DUPLICATE = "DUPLICATE"
    DEAD = "DEAD"
    CONTRADICTION = "CONTRADICTION"
    CLOSED = "CLOSED"
    CALENDAR = "CALENDAR"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: the file, the rule where it is one rule's, and what is wrong."""

    flaw: Flaw
    file: str
    rule: str | None
    text: str

    def __str__(self) -> str:
        where = f"{self.file}, rule {self.rule}" if self.rule else self.file
        return f"{where}: {self.text}"


def problems(folder: Path | None = None, on: date | None = None) -> list[Problem]:
    """What is wrong with our packs and those of the folder, on a day: by default the one they were last compared on."""
    read = list(read_packs(folder))
    packs = {pack.code: pack for pack in read if isinstance(pack, Pack)}
    found = [error for error in read if isinstance(error, PackError)]
    written: list[Written] = []
    for pack in packs.values():
        for one in (*_family(pack, packs), *rules_of(pack, packs)):
            if isinstance(one, Written):
                written.append(one)
            else:
                found.append(one)
    if found:
        return [_unreadable(error) for error in found]
    try:
        books = load(folder)
    except PackError as error:
        return [_unreadable(error)]
    day = on or max(_day(pack.version) for pack in packs.values())
    files = {pack.code: pack.file for pack in packs.values()}
    return [
        *(problem for one in written for problem in _of_rule(one)),
        *_duplicates(written, packs),
        *(problem for book in books.values() for problem in _of_book(book, files, day)),
    ]


def _unreadable(error: PackError) -> Problem:
    text = f"field {error.field} {error.problem}" if error.field else error.problem
    return Problem(Flaw.UNREADABLE, error.file, error.rule, text)


def _family(pack: Pack, packs: Mapping[str, Pack]) -> Iterator[PackError]:
    """What a pack says of its ancestors and of its own ids."""
    line = ancestry(pack, packs)
    if line[-1].inherits:
        problem = "comes back to itself" if line[-1].inherits in packs else "names a pack that does not exist"
        yield PackError(pack.file, None, "inherits", f"{line[-1].inherits} {problem}")
    inherited = {row.get("id") for ancestor in line[1:] for row in ancestor.rules}
    for rule in sorted(pack.drop - inherited):
        yield PackError(pack.file, None, "drop", f"{rule} is not inherited")
    ids = [row["id"] for row in pack.rules if isinstance(row.get("id"), str)]
    for rule in sorted({rule for rule in ids if ids.count(rule) > 1}):
        yield PackError(pack.file, rule, "id", "is used twice in this pack")


def _day(version: str) -> date:
    try:
        return date.fromisoformat(version)
    except ValueError:
        return _UNVERSIONED


# One rule.


def _of_rule(written: Written) -> Iterator[Problem]:
    terms = written.rule.terms
    info = terms.info

    def problem(flaw: Flaw, text: str) -> Problem:
        return Problem(flaw, written.pack.file, info.id, text)

    if not info.title.strip() or not _HAN.search(info.title_zh):
        yield problem(Flaw.UNTITLED, "has no title in both languages")
    if info.confidence is not Confidence.HOUSE and not (info.source or terms.note):
        yield problem(Flaw.UNSOURCED, "does not say where it can be read, nor where it was")
    if info.source and not info.source.startswith(("http://", "https://")):
        yield problem(Flaw.UNSOURCED, f"has a source that is no address: {info.source}")
    if not _purposes(terms):
        yield problem(Flaw.DEAD, "applies to no purpose: all are exempt")
    if isinstance(written.rule, Frequency):
        media = {MEDIUM_OF[channel] for channel in terms.channels}
        if media.isdisjoint(written.rule.counting.media):
            yield problem(Flaw.DEAD, "counts no medium that it caps")


def _purposes(terms: Terms) -> frozenset[Purpose]:
    return terms.purposes - terms.exempt


def _duplicates(written: Iterable[Written], packs: Mapping[str, Pack]) -> Iterator[Problem]:
    """An id in two packs names one rule, unless one pack inherits from the other and so replaces it."""
    by_id: dict[str, list[Written]] = defaultdict(list)
    for one in written:
        by_id[one.rule.terms.info.id].append(one)
    for rule, users in by_id.items():
        first = users[0]
        for one in users[1:]:
            related = first.pack in ancestry(one.pack, packs) or one.pack in ancestry(first.pack, packs)
            if not related and _words(one) != _words(first):
                yield Problem(Flaw.DUPLICATE, one.pack.file, rule, f"is the id of another rule in {first.pack.file}")


def _words(written: Written) -> tuple[str, str]:
    return written.rule.terms.kind, written.rule.terms.info.title


# A rulebook: what its rules are together.


def _of_book(book: Rulebook, files: Mapping[str, str], day: date) -> Iterator[Problem]:
    def problem(flaw: Flaw, rule: str | None, text: str) -> Problem:
        return Problem(flaw, files[book.code], rule, text)

    # What is inherited may be narrowed by its heirs: only a pack's own rules are dead in it.
    caps = [rule for rule in book.rules if isinstance(rule, Frequency)]
    for rule in caps:
        stricter = next(
            (cap.terms.info.id for cap in caps if cap is not rule and _is_full_before(cap, rule, caps)), None
        )
        if stricter and rule.terms.info.jurisdiction == book.code:
            yield problem(Flaw.DEAD, rule.terms.info.id, f"is never reached: {stricter} is always full before it")
    for hours in book.rules:
        if isinstance(hours, QuietHours) and hours.hours.calendar is not None:
            calendar = hours.hours.calendar
            for year in range(day.year, (day + timedelta(days=HORIZON_DAYS)).year + 1):
                if not calendar.covers(year):
                    text = f"the calendar {calendar.code} does not cover {year}"
                    yield problem(Flaw.CALENDAR, hours.terms.info.id, text)
    yield from sorted(set(_never(book, files[book.code], day)), key=lambda found: found.text)


def _is_full_before(cap: Frequency, rule: Frequency, order: list[Frequency]) -> bool:
    """Whether `cap` applies to, and counts, all that `rule` does, and is never the wider."""
    if _covers(rule, cap) and rule.limit <= cap.limit and order.index(cap) > order.index(rule):
        return False  # They are alike, and the first of two stands.
    return _covers(cap, rule) and cap.limit <= rule.limit


def _covers(wide: Frequency, narrow: Frequency) -> bool:
    one, other = wide.counting, narrow.counting
    return (
        _applies_wherever(wide.terms, narrow.terms)
        and wide.unless is None
        and wide.prior_consent == narrow.prior_consent
        and (one.reaches, one.scope) == (other.reaches, other.scope)
        and one.media >= other.media
        and one.initiators >= other.initiators
        and one.purposes - wide.terms.exempt >= other.purposes - narrow.terms.exempt
        and _spans(wide.period, narrow.period)
    )


def _applies_wherever(wide: Terms, narrow: Terms) -> bool:
    def all_of(wide: frozenset[str], narrow: frozenset[str]) -> bool:
        """Empty means any."""
        return not wide or (bool(narrow) and wide >= narrow)

    begins, ends = wide.info.effective_from or date.min, wide.info.effective_to or date.max
    return (
        wide.channels >= narrow.channels
        and _purposes(wide) >= _purposes(narrow)
        and wide.bound >= narrow.bound
        and all_of(wide.binds, narrow.binds)
        and all_of(wide.products, narrow.products)
        and all_of(wide.at_places, narrow.at_places)
        and (narrow.creditors_in_collection or not wide.creditors_in_collection)
        and wide.exempt_with_evidence <= narrow.exempt_with_evidence | narrow.exempt
        and wide.exempt_while_awaited <= narrow.exempt_while_awaited | narrow.exempt_with_evidence | narrow.exempt
        and wide.exempt_as_reply <= narrow.exempt_as_reply | narrow.exempt
        and begins <= (narrow.info.effective_from or date.min)
        and ends >= (narrow.info.effective_to or date.max)
    )


def _spans(wide: Period, narrow: Period) -> bool:
    """Whether every period of `narrow` lies within one of `wide`."""
    if wide.type is narrow.type:
        return wide.length >= narrow.length
    days = _LONGEST.get(narrow.type, narrow.length)
    if narrow.type is PeriodType.ROLLING_HOURS:
        return False
    if wide.type is PeriodType.ROLLING_DAYS:
        return wide.length >= days
    return days == 1 and wide.type is not PeriodType.ROLLING_HOURS


# What an ordinary customer meets.


def _never(book: Rulebook, file: str, day: date) -> Iterator[Problem]:
    """Hours that never meet, and channels that stay closed, on that day and whenever the rules change after it."""
    seen = set()
    for when in (day, *(turn for turn in book.turns if turn > day)):
        for channel, purpose, role in product(Channel, ORDINARY, LenderRole):
            facts = _ordinary(book, channel, purpose, role, when)
            rules = book.about(About.of(facts, book.products), when, when)
            if (channel, purpose, rules) in seen:
                continue
            seen.add((channel, purpose, rules))
            hours = [rule for rule in rules if isinstance(rule, QuietHours)]
            if hours and not _meet(hours):
                names = ", ".join(rule.terms.info.id for rule in hours)
                yield Problem(Flaw.CONTRADICTION, file, None, f"{names}: there is no hour at which all are open")
                continue
            try:
                decision = decide(facts, datetime.combine(when, time(), UTC), book)
            except UncoveredYear as error:
                yield Problem(Flaw.CALENDAR, file, None, str(error))
                continue
            if decision.outcome is Outcome.REFUSE:
                names = ", ".join(f.rule.id for f in decision.findings if isinstance(f.verdict, Refuse))
                yield Problem(Flaw.CLOSED, file, None, f"nobody is ever contacted by {channel} for {purpose}: {names}")


def _ordinary(book: Rulebook, channel: Channel, purpose: Purpose, role: LenderRole, day: date) -> Facts:
    """A customer with a mobile number and an address of their own, who agreed to all we might ask for."""
    before = datetime.combine(day, time(), UTC) - timedelta(days=30)
    point = Point("point", channel, place=Place.MOBILE)
    grants = product((None, channel), (None, point.id), (None, purpose))
    return Facts(
        jurisdiction=book.code,
        purpose=purpose,
        channel=channel,
        zones=(book.time_zone or "UTC",),
        point=point,
        account=Account("account", role=role),
        bill=Bill("bill", day + timedelta(days=3 if purpose is Purpose.DUE_REMINDER else -60)),
        consents=tuple(Consent(ConsentStatus.GRANTED, before, *scope) for scope in grants),
    )


def _meet(rules: list[QuietHours]) -> bool:
    """Whether all are open at some time of an ordinary week."""
    for weekday in range(7):
        common: list[Span] = [(0, DAY_SECONDS)]
        for rule in rules:
            spans = rule.hours.days[weekday]
            common = [(max(a, c), min(b, d)) for a, b in common for c, d in spans if max(a, c) < min(b, d)]
        if common:
            return True
    return False
