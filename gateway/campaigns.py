"""Planning contacts: for each bill the next lawful and kind step, proposed first and then asked for.

A page of customers is one transaction. When it asks for contacts, the customers are locked before anything of them is
read, so two campaigns at once do not see the same bill as free; and the key of a contact is made of the bill, the
purpose and its number, so asked for again it is the same contact. Nobody gets more than one contact from a page.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gateway import contact
from gateway.calendars import day_of, zone_of
from gateway.contact import Answer
from gateway.core import Gateway
from gateway.hardship import assessments, diverted
from gateway.known import Known, Subject
from gateway.model import Bill, Caller, Contact, ContactStatus, Customer, UserErrorCode, problem
from gateway.planning import plan
from gateway.requests import RequestContact
from gateway.store import campaigns as store
from gateway.store import reactions
from gateway.store.campaigns import CampaignFilter
from gateway.store.faults import repeated
from gateway.store.reactions import Reaction, ReactionKind
from gateway.store.work import Work
from policies import cadence, moments
from policies.cadence import After, Cadences, Happened, Nothing, Notice, Reason, Situation, Step
from policies.decision import Decision, Outcome
from policies.facts import BillStatus, Channel, Hold, HoldKind, PromiseStatus, Purpose
from policies.hardship import NOTHING
from policies.holidays import UncoveredYear

LARGEST_PAGE = 500
PAGE = 250
"""Customers in one transaction: others who write wait for it."""

_UNDER_WAY = frozenset({ContactStatus.SCHEDULED, ContactStatus.SENDING})
_ARRIVED = frozenset({ContactStatus.SENT, ContactStatus.DELIVERED})
_NEVER_LEFT = frozenset({ContactStatus.REFUSED, ContactStatus.CANCELLED, ContactStatus.EXPIRED})

_STOPPING = frozenset(
    [
        "CEASE",
        "DISPUTE",
        "REPRESENTED",
        "BANKRUPTCY",
        "DECEASED",
        "BREATHING_SPACE",
        "MINOR",
        "COMPLAINT",
        "UNREAD_REPLY",
        "ERASURE",
        "APPLICATION",
    ]
)
"""Holds under which nothing is proposed. The rules would stop most of it too; nobody is even asked about here."""

_HAND_OVERS = frozenset({Purpose.PLAN_OFFER, Purpose.FOLLOW_UP})


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is planned. A dry run records nothing."""

    caller: Caller
    which: CampaignFilter
    dry_run: bool
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A step for a bill, what the rules say to it now, and what was made of it unless it is a dry run."""

    bill: Bill
    step: Step
    purpose: Purpose  #: that of the step, or PLAN_OFFER where paying is hard
    channels: tuple[Channel, ...]
    not_before: datetime | None
    outcome: Outcome
    next_allowed_at: datetime | None
    contact: Contact | None = None


@dataclass(slots=True)
class Page:
    """What became of the bills of some customers. `last`: the customer after whom the next page begins."""

    proposals: list[Proposal] = field(default_factory=list)
    nothing: list[tuple[Bill, Reason]] = field(default_factory=list)
    customers: int = 0
    last: str | None = None
    has_next: bool = False

    @property
    def by_purpose(self) -> Counter[Purpose]:
        return Counter(one.purpose for one in self.proposals)

    @property
    def by_reason(self) -> Counter[str]:
        return Counter(reason.code for _, reason in self.nothing)


def cadences(gateway: Gateway) -> Cadences:
    """Ours and the lender's, checked against the rules. Raises `PackError`."""
    return _cadences(gateway.settings.cadence, _Books(gateway.rulebooks))


class _Books:
    """Rulebooks as a key: they are made once and never change."""

    def __init__(self, books: Mapping[str, Any]) -> None:
        self.books = books

    def __hash__(self) -> int:
        return id(self.books)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Books) and other.books is self.books


@cache
def _cadences(path: Path | None, books: _Books) -> Cadences:
    found = cadence.load(path)
    cadence.check(found, books.books)
    return found


async def pages(gateway: Gateway, campaign: Campaign) -> AsyncIterator[Page]:
    """All of it, page after page."""
    after, more = None, True
    while more:
        page = await plan_page(gateway, campaign, after=after, limit=PAGE)
        yield page
        after, more = page.last, page.has_next


async def count(gateway: Gateway, which: CampaignFilter) -> int:
    """How many customers there are to look at."""
    async with gateway.database.read() as work:
        return await store.count(work, which, work.now.date(), _lead(cadences(gateway)))


async def plan_page(gateway: Gateway, campaign: Campaign, *, after: str | None, limit: int) -> Page:
    """The bills of the next `limit` customers. Raises `Unacceptable` for a filter that makes no sense."""
    _check(gateway, campaign.which)
    if campaign.dry_run:
        async with gateway.database.read() as work:
            page, _ = await _page(gateway, work, campaign, after, limit)
        return page
    return await _ask(gateway, campaign, after, limit)


@repeated
async def _ask(gateway: Gateway, campaign: Campaign, after: str | None, limit: int) -> Page:
    async with gateway.database.write() as work:
        page, answers = await _page(gateway, work, campaign, after, limit)
        accepted = [one.contact for one in answers if not one.replayed]
        is_due = any(one.due_at is not None and one.due_at <= work.now for one in accepted)
    contact.announce(gateway, accepted, wake=is_due)
    return page


def _check(gateway: Gateway, which: CampaignFilter) -> None:
    if which.jurisdiction is not None and which.jurisdiction not in gateway.rulebooks:
        raise problem(UserErrorCode.NOT_FOUND, "no rulebook has this code", "filter", "jurisdiction")
    if which.days_from is not None and which.days_to is not None and which.days_to < which.days_from:
        raise problem(UserErrorCode.INVALID, "is less than daysOverdueFrom", "filter", "daysOverdueTo")


async def _page(
    gateway: Gateway, work: Work, campaign: Campaign, after: str | None, limit: int
) -> tuple[Page, list[Answer]]:
    which, today, found = campaign.which, work.now.date(), cadences(gateway)
    lead = _lead(found)
    ids = list(await store.customers_after(work, which, today, lead, after, limit + 1))
    page = Page(has_next=len(ids) > limit)
    ids = ids[:limit]
    if not ids:
        return page, []
    page.customers, page.last = len(ids), ids[-1]
    # Whatever is read from here on is read under their locks, where contacts are asked for.
    known = await Known.load(gateway, work, ids, await store.bills_of(work, which, today, lead, ids))
    known.hardship = await assessments(gateway, work, ids, known.others)
    past = await _Past.load(gateway, work, ids)
    bills: dict[str, list[Bill]] = defaultdict(list)
    for bill in known.bills.values():
        bills[bill.customer_id].append(bill)
    planned: list[tuple[Proposal, RequestContact]] = []
    for id_ in ids:
        if theirs := _narrowed(gateway, work, known, which, bills[id_]):
            made = _of_customer(gateway, work, campaign, found, known, past, theirs, page)
            if made is not None:
                planned.append(made)
    if campaign.dry_run:
        page.proposals = [proposal for proposal, _ in planned]
        return page, []
    answers = await contact.accept_in(gateway, work, [request for _, request in planned], known)
    given: list[Answer] = []
    for (proposal, _), answer in zip(planned, answers, strict=True):
        if isinstance(answer, Answer) and not answer.replayed:
            given.append(answer)
            page.proposals.append(_answered(proposal, answer))
        else:
            code = "under_way" if isinstance(answer, Answer) else "unacceptable"
            page.nothing.append((proposal.bill, Reason(code)))
    return page, given


def _answered(proposal: Proposal, answer: Answer) -> Proposal:
    """By the decision that was recorded with the contact."""
    made = answer.contact
    is_now = made.due_at is not None and made.due_at <= made.created_at
    outcome = Outcome.ALLOW if is_now else Outcome.DEFER if made.due_at else Outcome.REFUSE
    return replace(proposal, contact=made, outcome=outcome, next_allowed_at=made.due_at)


@dataclass(slots=True)
class _Past:
    """What was said about bills, and how customers reacted."""

    contacts: dict[str, list[Any]]  #: by customer
    reactions: dict[str, list[Reaction]]
    applied: set[str]  #: bills
    settled: dict[str, datetime]  #: by bill
    agreed: dict[str, datetime]  #: by bill, the plan in its place

    @classmethod
    async def load(cls, gateway: Gateway, work: Work, ids: Sequence[str]) -> "_Past":
        contacts: dict[str, list[Any]] = defaultdict(list)
        for row in await store.contacts_about(work, ids):
            contacts[row.customer_id].append(row)
        return cls(
            contacts,
            await reactions.of_customers(work, ids, work.now - moments.LISTENING),
            await store.with_open_application(work, ids),
            await store.settled(work, ids),
            await store.agreed(work, ids),
        )


def _narrowed(gateway: Gateway, work: Work, known: Known, which: CampaignFilter, bills: Sequence[Bill]) -> list[Bill]:
    """The oldest first; by the customer's own calendar."""
    if not bills:
        return []
    today = day_of(gateway, known.customers[bills[0].customer_id], work.now)
    within = [
        bill
        for bill in bills
        if (which.days_from is None or (today - bill.due_on).days >= which.days_from)
        and (which.days_to is None or (today - bill.due_on).days <= which.days_to)
    ]
    return sorted(within, key=lambda bill: (bill.due_on, bill.id))


def _of_customer(
    gateway: Gateway,
    work: Work,
    campaign: Campaign,
    found: Cadences,
    known: Known,
    past: _Past,
    bills: Sequence[Bill],
    page: Page,
) -> tuple[Proposal, RequestContact] | None:
    """One contact at most, about the oldest bill for which there is a step."""
    customer = known.customers[bills[0].customer_id]
    rulebook = gateway.rulebooks[customer.jurisdiction]
    today = day_of(gateway, customer, work.now)
    made: tuple[Proposal, RequestContact] | None = None
    is_busy = {row.bill_id for row in past.contacts[customer.id] if _is_under_way(row)}
    for bill in bills:
        if made is not None or is_busy - {bill.id}:
            page.nothing.append((bill, Reason("another_bill")))
            continue
        row = found.of((rulebook.code, *rulebook.parents), bill.account.product)
        step = cadence.next_step(found, row, _situation(gateway, work, known, past, customer, bill, today), today)
        if isinstance(step, Nothing):
            page.nothing.append((bill, step.reason))
            continue
        wanted = _request(gateway, work, campaign, customer, bill, step, past)
        # As it would be accepted: where paying is hard, a notice becomes the offer of a plan.
        hardship = known.hardship.get(customer.id, NOTHING)
        shown = diverted(wanted, hardship, can_be_called=known.can_be_called(customer.id))
        decision = _decision(gateway, work, known, customer, bill, shown)
        if decision is None or decision.outcome is Outcome.REFUSE:
            rule = decision.findings[0].rule.id if decision else "calendar"
            page.nothing.append((bill, Reason("refused", {"rule": rule})))
            continue
        proposal = Proposal(
            bill, step, shown.purpose, shown.channels, wanted.not_before, decision.outcome, decision.next_allowed_at
        )
        made = (proposal, wanted)
    return made


def _request(
    gateway: Gateway, work: Work, campaign: Campaign, customer: Customer, bill: Bill, step: Step, past: _Past
) -> RequestContact:
    key = f"campaign:{bill.id}:{step.purpose}:{step.number}"
    asked = set(step.channels)
    preferred = tuple(one for one in customer.preferred_channels if one in asked)
    heard = [one.at for one in past.reactions.get(customer.id, ())]
    return RequestContact(
        caller=campaign.caller,
        idempotency_key=key,
        fingerprint=key,
        customer_id=customer.id,
        purpose=step.purpose,
        bill_id=bill.id,
        channels=(*preferred, *(one for one in step.channels if one not in preferred)),
        not_before=moments.best(heard, work.now, zone_of(gateway, customer), key),
        reference=campaign.name,
    )


def _decision(
    gateway: Gateway, work: Work, known: Known, customer: Customer, bill: Bill, wanted: RequestContact
) -> Decision | None:
    """What the rules say to it now; None where no calendar covers the year."""
    subject = Subject(customer.id, wanted.purpose, bill, not_before=wanted.not_before)
    try:
        planned = plan(known, gateway.rulebooks[customer.jurisdiction], subject, wanted.channels, work.now)
    except UncoveredYear:
        return None
    return planned.chosen or planned.decisions[0]


def _situation(
    gateway: Gateway, work: Work, known: Known, past: _Past, customer: Customer, bill: Bill, today: date
) -> Situation:
    zone = zone_of(gateway, customer)
    rows = [row for row in past.contacts[customer.id] if row.bill_id == bill.id]
    elsewhere = [row for row in past.contacts[customer.id] if row.bill_id != bill.id]
    heard = past.reactions.get(customer.id, ())
    follow_ups = [row for row in past.contacts[customer.id] if row.purpose == Purpose.FOLLOW_UP]
    return Situation(
        due_on=bill.due_on,
        status=bill.status,
        notices=_notices(rows, zone),
        reactions=tuple(one.at.astimezone(zone).date() for one in heard if one.kind != ReactionKind.LOW_SCORE),
        low_scores=reactions.low_scores(heard),
        stops=_stops(work, known, past, bill, today),
        under_way=any(map(_is_under_way, rows)),
        happened=tuple(_happened(known, past, bill, zone)),
        elsewhere=_notices(elsewhere, zone),
        followed_up=max((_notice(row, zone).on for row in follow_ups), default=None),
        unsettled=_unsettled(work, known, customer),
    )


def _happened(known: Known, past: _Past, bill: Bill, zone: ZoneInfo) -> Iterator[Happened]:
    """What a follow-up may come after."""
    match bill.status:
        case BillStatus.PAID if bill.id in past.settled:
            yield Happened(After.PAYMENT, past.settled[bill.id].astimezone(zone).date())
        case BillStatus.IN_PLAN if bill.id in past.agreed:
            yield Happened(After.PLAN, past.agreed[bill.id].astimezone(zone).date())
        case BillStatus.OPEN:
            for promise in known.promises_of(bill.customer_id):
                if promise.account not in (None, bill.account.id):
                    continue
                if promise.status is PromiseStatus.KEPT:
                    yield Happened(After.PROMISE_KEPT, promise.pay_by)
                elif promise.status is PromiseStatus.BROKEN:
                    yield Happened(After.PROMISE_BROKEN, promise.pay_by)


def _notices(rows: Sequence[Any], zone: ZoneInfo) -> tuple[Notice, ...]:
    return tuple(sorted((_notice(row, zone) for row in rows), key=lambda one: one.on))


def _notice(row: Any, zone: ZoneInfo) -> Notice:
    """What hardship made another is the step that was asked for."""
    purpose, status = Purpose[row.asked_purpose or row.purpose], ContactStatus[row.status]
    is_call = list(row.channels) == [Channel.CALLBACK] and purpose in _HAND_OVERS and status not in _NEVER_LEFT
    at = row.created_at if status in _NEVER_LEFT else (row.due_at or row.created_at)
    return Notice(purpose, at.astimezone(zone).date(), status in _ARRIVED, by_person=is_call)


def _is_under_way(row: Any) -> bool:
    """A call that stands in the queue is."""
    return row.status in _UNDER_WAY or (row.status == ContactStatus.SENT and row.channel == Channel.CALLBACK)


def _unsettled(work: Work, known: Known, customer: Customer) -> Reason | None:
    """While we owe the customer an answer, about whatever debt, nobody asks how it goes."""
    kinds = {hold.kind for hold in _holds_now(work, known, customer.id)}
    for kind in (HoldKind.COMPLAINT, HoldKind.APPLICATION):
        if kind in kinds:
            return Reason("hold", {"hold": kind.value})
    return None


def _holds_now(work: Work, known: Known, customer_id: str) -> list[Hold]:
    holds = known.holds_of(customer_id)
    return [one for one in holds if one.starts <= work.now and (one.ends is None or work.now < one.ends)]


def _stops(work: Work, known: Known, past: _Past, bill: Bill, today: date) -> Reason | None:
    account = bill.account.id
    for hold in _holds_now(work, known, bill.customer_id):
        is_of_it = hold.channel is None and hold.point is None and hold.account in (None, account)
        if is_of_it and hold.kind.value in _STOPPING:
            return Reason("hold", {"hold": hold.kind.value})
    if bill.id in past.applied:
        return Reason("application")
    # The first instalment of a plan is promised: that is no reason not to ask how the plan suits, nor not to remind of
    # its day before it comes.
    is_asked_for = bill.status is not BillStatus.IN_PLAN and bill.due_on < today
    for promise in known.promises_of(bill.customer_id) if is_asked_for else ():
        if promise.status is PromiseStatus.OPEN and promise.pay_by >= today and promise.account in (None, account):
            return Reason("promise")
    return None


def _lead(found: Cadences) -> int:
    """How many days before its due date the first notice of any cadence is sent."""
    return max(-one.tiers[0].first_day for one in found.all)
