"""Graded notices as data: which step comes next for a bill, on which day, by which channels, and when it ends.

`next_step` is a pure function of what is known. It proposes; whether a contact may be made, the rules say as always.
No reaction lowers the pace and never raises it, and so does a low score in a survey: with fewer reactions or lower
scores there is never a step where there was none.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from math import ceil
from pathlib import Path

from policies.decision import Confidence
from policies.escalation import Escalation
from policies.facts import BillStatus, Channel, Purpose
from policies.fields import Fields, PackError
from policies.rulebook import Rulebook

FILE = Path(__file__).parent / "cadence.toml"

EVERY = "*"

LOW_SCORE_WEIGHT = 2
"""A customer who says that we treated them badly slows us down like so many notices without reaction."""

LATEST = 28
"""Days after which it is too late for a follow-up: a campaign does not look further back."""

#: Graded by the day: each is stricter than the one before it.
TIERS = (Purpose.DUE_REMINDER, Purpose.OVERDUE_REMINDER, Purpose.OVERDUE_WARNING, Purpose.FINAL_NOTICE)

#: code -> (English, Chinese): why a step is proposed, or none.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "due_soon": ("It is due in {days} days.", "账单将在{days}天后到期。"),
    "overdue": ("It is {days} days overdue; this is number {number} of at most {times}.",
                "已逾期{days}天；此类通知第{number}次，最多{times}次。"),
    "gentler_first": ("No gentler notice ({purpose}) has arrived yet, so it comes first.",
                      "较温和的通知（{purpose}）尚未送达，故先发送。"),
    "handed_over": ("Notices end here: a person calls, once.", "通知到此为止：由人工致电一次。"),
    "after_payment": ("It was settled {days} days ago: we ask how it went.", "账单已于{days}天前结清，进行回访。"),
    "after_plan": ("A plan was agreed {days} days ago: we ask how it goes.", "还款方案已于{days}天前商定，进行回访。"),
    "after_promise_kept": ("A promise was kept; its day was {days} days ago: we ask how it goes.",
                           "客户已兑现承诺，承诺日过后{days}天进行回访。"),
    "after_promise_broken": ("The day of a promise passed {days} days ago: we ask what is needed, and demand nothing.",
                             "承诺的还款日已过{days}天：询问客户需要什么帮助，不作催收。"),
    "not_begun": ("The first notice is sent from {date} on.", "首次通知不早于{date}。"),
    "pause": ("The last contact is given its time until {date}.", "上次联系后须等待，{date}起可再次联系。"),
    "enough": ("All notices of this step were sent.", "本阶段的通知已全部发送。"),
    "over": ("A person was asked to call; nothing more is sent.", "已转人工处理，不再发送通知。"),
    "under_way": ("A contact about it waits or is under way.", "相关联系正在等待或进行中。"),
    "another_bill": (
        "The customer is contacted about another bill; one at a time.",
        "客户的另一账单正在联系，每次只联系一笔。",
    ),
    "bill_closed": ("There is nothing to ask for: the bill is {status}.", "账单无需催收（状态：{status}）。"),
    "hold": ("A hold stops it: {hold}.", "已暂停联系：{hold}。"),
    "refused": ("A rule refuses it: {rule}.", "规则不允许：{rule}。"),
    "unacceptable": ("The request for it could not be taken.", "该请求无法受理。"),
    "promise": ("A promise to pay is given its time.", "客户已承诺还款，等待其履行。"),
    "application": ("An application for another plan is open.", "还款方案申请处理中。"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a code with its values, and as a sentence."""

    code: str
    values: Mapping[str, str | int] = field(default_factory=dict)

    def text(self, language: str = "en") -> str:
        return SENTENCES[self.code][language == "zh"].format(**self.values)


@dataclass(frozen=True, slots=True)
class Tier:
    """Notices of one purpose. Days are counted from the due date by the customer's calendar; both ends are in it."""

    purpose: Purpose
    first_day: int
    last_day: int
    times: int  #: at most so many
    spacing: int  #: days after the last contact about the bill, of any purpose
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class HandOver:
    """Where notices end: a person calls, once."""

    day: int  #: from this day on
    unanswered: int  #: or instead of the next notice, after so many that met no reaction
    purpose: Purpose


class After(StrEnum):
    """What a follow-up comes after."""

    PAYMENT = "PAYMENT"  #: the bill was settled
    PLAN = "PLAN"  #: an easier plan was agreed
    PROMISE_KEPT = "PROMISE_KEPT"
    PROMISE_BROKEN = "PROMISE_BROKEN"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question how it goes, once, which demands nothing. Days are counted from what it comes after."""

    after: After
    first_day: int
    last_day: int
    spacing: int  #: days after the last contact about any bill
    apart: int  #: days after the last follow-up about any bill
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class Cadence:
    id: str
    jurisdiction: str
    product: str
    title: str
    title_zh: str
    confidence: Confidence
    tiers: tuple[Tier, ...]
    hand_over: HandOver
    follow_ups: tuple[FollowUp, ...]
    citation: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cadences:
    """All of them, and how much longer spaces become after notices without reaction: (notices, factor)."""

    all: tuple[Cadence, ...]
    pace: tuple[tuple[int, float], ...]

    def of(self, places: Sequence[str], product: str) -> Cadence:
        """The most specific: the place before its parents, and there the product before all products."""
        known = {(one.jurisdiction, one.product): one for one in self.all}
        for key in [(place, kind) for place in places for kind in (product, EVERY)] + [(EVERY, product)]:
            if key in known:
                return known[key]
        return known[EVERY, EVERY]

    def spacing_factor(self, unanswered: int) -> float:
        """Never below 1: silence slows us down."""
        return max((factor for notices, factor in self.pace if unanswered >= notices), default=1.0)


@dataclass(frozen=True, slots=True)
class Notice:
    """A contact about the bill, on the customer's calendar. One that reached nobody warned nobody."""

    purpose: Purpose
    on: date
    arrived: bool
    by_person: bool = False  #: a call


@dataclass(frozen=True, slots=True)
class Happened:
    """On which day of the customer's calendar; of a promise, the day it named."""

    what: After
    on: date


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a bill on a day."""

    due_on: date
    status: BillStatus = BillStatus.OPEN
    notices: tuple[Notice, ...] = ()  #: oldest first
    reactions: tuple[date, ...] = ()  #: days on which the customer let us hear of them
    stops: Reason | None = None  #: a hold, a promise or an application
    under_way: bool = False
    low_scores: int = 0  #: how often the customer found us wanting, and nothing better since
    happened: tuple[Happened, ...] = ()
    elsewhere: tuple[Notice, ...] = ()  #: about the customer's other bills, oldest first: nobody is flooded
    followed_up: date | None = None  #: the day of the last follow-up, about any bill
    unsettled: Reason | None = None  #: a complaint or an application of the customer's, about whatever debt


@dataclass(frozen=True, slots=True)
class Step:
    """The next contact. `number` counts the contacts of this purpose about this bill, whatever became of them."""

    purpose: Purpose
    number: int
    channels: tuple[Channel, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Nothing:
    """No contact, and why."""

    reason: Reason


def next_step(cadences: Cadences, cadence: Cadence, known: Situation, today: date) -> Step | Nothing:
    if known.stops is not None:
        return Nothing(known.stops)
    if known.under_way:
        return Nothing(Reason("under_way"))
    followed = _follow_up(cadence, known, today)
    if known.status is not BillStatus.OPEN:
        return followed or Nothing(Reason("bill_closed", {"status": known.status}))
    day = (today - known.due_on).days
    if any(notice.by_person for notice in known.notices):
        return Nothing(Reason("over"))
    if followed is not None:
        return followed  # whoever is to be asked how it goes is not sent a notice first
    unanswered = _unanswered(known, known.notices)
    found = _tier(cadence, known, day)
    if isinstance(found, Nothing):
        return found
    tier, reason = found
    # Silence is the customer's, whichever bill it was about; whether a person takes over is a matter of this one.
    silence = _unanswered(known, [*known.notices, *known.elsewhere])
    spacing = ceil(tier.spacing * cadences.spacing_factor(silence + LOW_SCORE_WEIGHT * known.low_scores))
    days = [notice.on for notice in (*known.notices, *known.elsewhere)]
    if days and (today - max(days)).days < spacing:
        until = max(days) + timedelta(days=spacing)
        return Nothing(Reason("pause", {"date": until.isoformat()}))
    if day > 0 and (day >= cadence.hand_over.day or unanswered >= cadence.hand_over.unanswered):
        purpose = cadence.hand_over.purpose
        return Step(purpose, _number(known, purpose), (Channel.CALLBACK,), Reason("handed_over"))
    return Step(tier.purpose, _number(known, tier.purpose), tier.channels, reason)


def _tier(cadence: Cadence, known: Situation, day: int) -> tuple[Tier, Reason] | Nothing:
    """Whose turn it is by the day, or a gentler one that has not arrived; from the hand-over on, the last."""
    if day < cadence.tiers[0].first_day:
        begins = known.due_on + timedelta(days=cadence.tiers[0].first_day)
        return Nothing(Reason("not_begun", {"date": begins.isoformat()}))
    begun = [tier for tier in cadence.tiers if tier.first_day <= day]
    if day >= cadence.hand_over.day:
        return begun[-1], Reason("handed_over")
    if begun[-1].purpose is Purpose.DUE_REMINDER:
        reason = Reason("due_soon", {"days": -day})
    else:
        begun = [tier for tier in begun if tier.purpose is not Purpose.DUE_REMINDER]
        reason = Reason("overdue", {"days": day, "number": 0, "times": 0})
    arrived = {notice.purpose for notice in known.notices if notice.arrived}
    for tier in begun:
        is_last = tier is begun[-1]
        if not is_last and tier.purpose in arrived:
            continue
        given = sum(notice.purpose is tier.purpose for notice in known.notices)
        if given >= tier.times or (is_last and day > tier.last_day):
            return Nothing(Reason("enough"))
        if not is_last:
            return tier, Reason("gentler_first", {"purpose": tier.purpose})
        if reason.code == "overdue":
            reason = Reason("overdue", {"days": day, "number": given + 1, "times": tier.times})
        return tier, reason
    raise AssertionError("the last tier always answers")


def _follow_up(cadence: Cadence, known: Situation, today: date) -> Step | Nothing | None:
    """One after each thing that happened, the latest first; None where none is to come."""
    for one in sorted(known.happened, key=lambda happened: happened.on, reverse=True):
        wanted = next((follow_up for follow_up in cadence.follow_ups if follow_up.after is one.what), None)
        is_asked = any(notice.purpose is Purpose.FOLLOW_UP and notice.on >= one.on for notice in known.notices)
        if wanted is None or is_asked:
            continue
        begins = _begins(known, wanted, one.on)
        if max(begins, today) > one.on + timedelta(days=wanted.last_day):
            continue
        if known.unsettled is not None:
            return Nothing(known.unsettled)
        if today < begins:
            return Nothing(Reason("pause", {"date": begins.isoformat()}))
        reason = Reason(f"after_{one.what.lower()}", {"days": (today - one.on).days})
        return Step(Purpose.FOLLOW_UP, _number(known, Purpose.FOLLOW_UP), wanted.channels, reason)
    return None


def _begins(known: Situation, wanted: FollowUp, happened_on: date) -> date:
    """The first day of a follow-up: what was said before is given its time."""
    said = [notice.on for notice in (*known.notices, *known.elsewhere)]
    times = [(happened_on, wanted.first_day), *((on, wanted.spacing) for on in said)]
    if known.followed_up:
        times.append((known.followed_up, wanted.apart))
    return max(on + timedelta(days=days) for on, days in times)


def _unanswered(known: Situation, notices: Iterable[Notice]) -> int:
    """Those that arrived and after which, on their day or later, nothing was heard."""
    heard = max(known.reactions, default=date.min)
    return sum(notice.arrived and notice.purpose in TIERS and notice.on > heard for notice in notices)


def _number(known: Situation, purpose: Purpose) -> int:
    return 1 + sum(notice.purpose is purpose for notice in known.notices)


# --- reading --------------------------------------------------------------------------------------------------------


def load(path: Path | None = None) -> Cadences:
    """Ours; those of the lender's file are added, or stand in place of ours of the same place and product.

    Raises `PackError`, which names file, cadence and field.
    """
    ours, pace = _read(FILE)
    theirs, their_pace = _read(path) if path else ((), None)
    merged = {(one.jurisdiction, one.product): one for one in (*ours, *theirs)}
    return Cadences(tuple(merged.values()), their_pace or pace or ())


def check(cadences: Cadences, rulebooks: Mapping[str, Rulebook]) -> None:
    """Each is at least as gentle as the rules of its place. Raises `PackError`."""
    for cadence in cadences.all:
        for code, rulebook in rulebooks.items():
            if cadence.jurisdiction in (EVERY, code, *rulebook.parents):
                _check_against(cadence, rulebook)
        if cadence.jurisdiction != EVERY and not any(
            cadence.jurisdiction in (code, *book.parents) for code, book in rulebooks.items()
        ):
            raise PackError("cadence", cadence.id, "jurisdiction", "is the code of no rulebook")


def _check_against(cadence: Cadence, rulebook: Rulebook) -> None:
    for rule in rulebook.rules:
        for tier in cadence.tiers:
            if isinstance(rule, Escalation) and tier.purpose in rule.terms.purposes and tier.spacing < rule.days:
                problem = f"{tier.purpose} comes sooner than {rule.terms.info.id} lets it: {rule.days} days"
                raise PackError("cadence", cadence.id, "spacing", problem)


def _read(path: Path) -> tuple[tuple[Cadence, ...], tuple[tuple[int, float], ...] | None]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PackError(path.name, None, None, "cannot be read") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(path.name, None, None, f"is not TOML: {error}") from error
    fields = Fields(path.name, None, values)
    pace = _pace(fields) if "pace" in values else None
    found: list[Cadence] = []
    for row in fields.tables("cadences"):
        name = row.values.get("id")
        one = _cadence(Fields(path.name, name if isinstance(name, str) else row.prefix, row.values))
        if any((one.jurisdiction, one.product) == (other.jurisdiction, other.product) for other in found):
            raise PackError(path.name, one.id, "product", "there is another for this jurisdiction and product")
        found.append(one)
    fields.done()
    return tuple(found), pace


def _pace(fields: Fields) -> tuple[tuple[int, float], ...]:
    steps: list[tuple[int, float]] = []
    for row in fields.tables("pace"):
        factor = row.take("factor", float)
        if factor < max([1.0, *(before for _, before in steps)]):
            raise row.error("factor", "must be at least 1, and never fall: silence slows us down")
        steps.append((row.number("unanswered"), factor))
        row.done()
    return tuple(steps)


def _cadence(fields: Fields) -> Cadence:
    one = Cadence(
        id=fields.take("id", str),
        jurisdiction=fields.take("jurisdiction", str),
        product=fields.take("product", str),
        title=fields.take("title", str),
        title_zh=fields.take("title_zh", str),
        confidence=fields.choice("confidence", Confidence),
        tiers=tuple(_read_tier(row) for row in fields.tables("tiers")),
        hand_over=_hand_over(fields.table("hand_over")),
        follow_ups=_follow_ups(fields),
        citation=fields.optional("citation", str),
        note=fields.take("note", str, ""),
    )
    fields.done()
    if one.citation is None and one.confidence is not Confidence.HOUSE:
        raise fields.error("citation", "is missing; only house policy has none")
    purposes = [tier.purpose for tier in one.tiers]
    if purposes != [purpose for purpose in TIERS if purpose in purposes]:
        raise fields.error("tiers", "must be graded, the gentlest first, each purpose once")
    if Purpose.FINAL_NOTICE in purposes and not {Purpose.OVERDUE_REMINDER, Purpose.OVERDUE_WARNING} <= set(purposes):
        raise fields.error("tiers", "a final notice needs a reminder and a warning before it")
    for gentler, stricter in zip(one.tiers, one.tiers[1:], strict=False):
        if stricter.first_day <= gentler.first_day:
            raise fields.error("tiers", f"{stricter.purpose} must begin after {gentler.purpose}")
    return one


def _read_tier(fields: Fields) -> Tier:
    purpose = fields.choice("purpose", Purpose)
    if purpose not in TIERS:
        raise fields.error("purpose", f"must be one of {', '.join(TIERS)}")
    channels = _channels(fields)
    tier = Tier(
        purpose,
        fields.take("first_day", int),
        fields.take("last_day", int),
        fields.number("times"),
        fields.number("spacing"),
        channels,
    )
    fields.done()
    if tier.last_day < tier.first_day:
        raise fields.error("last_day", "is before first_day")
    if purpose is Purpose.DUE_REMINDER and tier.last_day > 0:
        raise fields.error("last_day", "must not lie after the due date")
    if purpose is not Purpose.DUE_REMINDER and tier.first_day < 1:
        raise fields.error("first_day", "must lie after the due date")
    return tier


def _follow_ups(fields: Fields) -> tuple[FollowUp, ...]:
    found: list[FollowUp] = []
    for row in fields.tables("follow_ups") if "follow_ups" in fields.values else ():
        one = FollowUp(
            after=row.choice("after", After),
            first_day=row.number("first_day"),
            last_day=row.number("last_day"),
            spacing=row.number("spacing"),
            apart=row.number("apart"),
            channels=_channels(row),
        )
        row.done()
        if not one.first_day <= one.last_day <= LATEST:
            raise row.error("last_day", f"must lie between first_day and day {LATEST}")
        if any(other.after is one.after for other in found):
            raise row.error("after", "stands here twice")
        found.append(one)
    return tuple(found)


def _channels(fields: Fields) -> tuple[Channel, ...]:
    """In their order."""
    channels = fields.choices("channels", Channel)
    order = [Channel(name) for name in fields.take("channels", list)]
    if len(order) != len(channels):
        raise fields.error("channels", "names one twice")
    return tuple(order)


def _hand_over(fields: Fields) -> HandOver:
    purpose = fields.choice("purpose", Purpose)
    if purpose not in (Purpose.PLAN_OFFER, Purpose.FOLLOW_UP):
        raise fields.error("purpose", "must be PLAN_OFFER or FOLLOW_UP")
    found = HandOver(fields.number("day"), fields.number("unanswered"), purpose)
    fields.done()
    return found
