"""What is known of the customers in a batch, loaded in a fixed number of statements, and turned into facts."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.core import Gateway
from gateway.model import Bill, ConsentEntry, ContactPoint, Customer, HoldEntry, OutsideContact, PromiseEntry
from gateway.store import bills, contacts, customers, slots
from gateway.store.reactions import Reaction
from gateway.store.slots import Slot
from gateway.store.work import Work
from policies import facts
from policies.facts import Answered, Channel, Consent, Facts, PastContact, Point, Purpose, Reach
from policies.hardship import Assessment

T = TypeVar("T")

HORIZON = timedelta(days=400)
"""How far back history is looked at: longer than any window of a rule, and than the life of a notice's tiers."""

_OWN = frozenset({facts.Party.CUSTOMER, facts.Party.REPRESENTATIVE, facts.Party.EXECUTOR})
"""Who may be contacted without being named: the customer, and who stands in for them."""

_PHONE_FIRST = (Channel.CALLBACK, Channel.SMS)
"""Any number can be rung: one registered for calls before one registered for texts."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a decision is about, apart from channel and address."""

    customer_id: str
    purpose: Purpose
    bill: Bill | None = None
    contact_id: str | None = None
    evidence: bool = False
    in_reply_to: str | None = None
    awaited: bool = False  #: what it answers has just happened
    not_before: datetime | None = None
    at_best_moment: bool = False  #: `not_before` is when the customer has reacted before
    expires_at: datetime | None = None
    #: When it was promised for: what is reserved for later gives way to it, and is decided anew when it is due.
    promised_for: datetime | None = None


def is_awaited(happened: datetime, now: datetime, channels: Collection[Channel], not_before: datetime | None) -> bool:
    """Whether the customer waits at this hour: for an answer to what happened then, or for the call they wished for."""
    wished = not_before if set(channels) == {Channel.CALLBACK} else None
    return now - max(happened, wished or happened) <= facts.AWAITED


@dataclass(slots=True)
class Known:
    """Facts in the making. What a batch reserves is added, so that two of its requests see each other."""

    customers: dict[str, Customer]
    bills: dict[str, Bill]
    lender_kinds: Collection[facts.LenderKind]  #: what the deployment's lender is
    outside: dict[str, OutsideContact]
    _answering: dict[str, set[str]]  #: contacts by what they answer
    others: dict[str, set[str]]  #: the same person's other references
    _aliases: dict[tuple[str, str], str]  #: a customer's own point by that customer and another reference's point
    points: dict[str, list[ContactPoint]]
    _consents: dict[str, list[tuple[int, facts.Consent]]]  #: with their place in the ledger of all
    _holds: dict[str, list[facts.Hold]]
    _promises: dict[str, list[facts.Promise]]
    _outside_history: dict[str, list[PastContact]]
    _slots: dict[str, list[Slot]] = field(default_factory=dict)  #: by customer
    #: How hard paying is, of those of whom it was asked.
    hardship: dict[str, Assessment] = field(default_factory=dict)
    #: How they reacted, of those of whom it was asked.
    reactions: dict[str, list[Reaction]] = field(default_factory=dict)
    #: Who has a slot or a contact elsewhere about an account: few of a batch, and asked for with every decision.
    _about: dict[str, dict[str, None]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for customer_id, theirs in self._slots.items():
            for slot in theirs:
                self._is_about(customer_id, slot.past)
        for customer_id, past in self._outside_history.items():
            for one in past:
                self._is_about(customer_id, one)

    @classmethod
    async def load(
        cls,
        gateway: Gateway,
        work: Work,
        customer_ids: Collection[str],
        bill_ids: Collection[str] = (),
        outside_ids: Collection[str] = (),
    ) -> "Known":
        """Read everything that rules may look at, after it was locked, where the transaction may write.

        Locked are the customers with every reference of theirs, and the debts: what counts for a cap of one is what
        others wrote under the same locks.
        """
        others = await customers.same_person(work, customer_ids)
        customer_ids = set(customer_ids).union(*others.values())
        is_held = work.holds(customer_ids)
        await work.lock(customer_ids)
        if not is_held and not work.is_embedded:
            others = await customers.same_person(work, customer_ids)
            customer_ids = customer_ids.union(*others.values())
            await work.lock(customer_ids)  # only who was linked in between
        found_bills = await bills.by_id(work, bill_ids)
        account_ids = {bill.account.id for bill in found_bills.values()}
        await work.lock(customer_ids, account_ids)
        since = work.now - HORIZON
        debtors = await bills.debtors(work, account_ids)
        points = await customers.points_of(work, customer_ids)
        places = {point.id: point.place for point in points}
        return cls(
            customers=await customers.by_id(work, customer_ids),
            bills=found_bills,
            lender_kinds=gateway.settings.lender_kinds,
            outside=await customers.outside(work, outside_ids) if outside_ids else {},
            _answering=await contacts.answering(work, outside_ids) if outside_ids else {},
            others=others,
            _aliases=_aliases(points, others),
            points=_by_customer(points),
            _consents=_consents(await customers.consents_of(work, customer_ids), points),
            _holds=_holds(await customers.holds_of(work, customer_ids)),
            _promises=_promises(await customers.promises_of(work, customer_ids)),
            _outside_history=_history(await customers.outside_of(work, {*customer_ids, *debtors}, since), places),
            _slots=_slots(await slots.since(work, customer_ids, account_ids, since), places),
        )

    def candidates(self, customer_id: str, channel: Channel) -> list[ContactPoint]:
        """The points that could serve a channel: first the customer's own, usable, read by nobody else.

        Nobody falls back to a relative: who is neither the customer nor stands in for them is contacted only where
        the caller names the point. Whether somebody stands in, the rules on holds say.
        """
        wanted = _PHONE_FIRST if channel is Channel.CALLBACK else (channel,)
        found = [point for point in self.points.get(customer_id, ()) if point.channel in wanted and point.party in _OWN]
        return sorted(
            found,
            key=lambda point: (
                point.party is not facts.Party.CUSTOMER,
                not point.usable,
                point.shared or point.place is facts.Place.WORK,
                wanted.index(point.channel),
            ),
        )

    def can_be_called(self, customer_id: str) -> bool:
        """Whether there is a number of the customer's own to ring."""
        return any(point.usable for point in self.candidates(customer_id, Channel.CALLBACK))

    def holds_of(self, customer_id: str) -> tuple[facts.Hold, ...]:
        """Every hold on the person, those that ended too."""
        return self._of_person(self._holds, customer_id)

    def promises_of(self, customer_id: str) -> tuple[facts.Promise, ...]:
        return self._of_person(self._promises, customer_id)

    def reacted_at(self, customer_id: str) -> list[datetime]:
        """When the person let us hear of them."""
        return [one.at for one in self._of_person(self.reactions, customer_id)]

    def facts(self, subject: Subject, channel: Channel, point: ContactPoint | None) -> Facts:
        customer = self.customers[subject.customer_id]
        bill = subject.bill
        return Facts(
            jurisdiction=customer.jurisdiction,
            purpose=subject.purpose,
            channel=channel,
            zones=customer.time_zones,
            point=None if point is None else self._point(point),
            account=None if bill is None else _account(bill),
            bill=None if bill is None else facts.Bill(bill.id, bill.due_on, bill.status),
            consents=self._ledger(customer.id),
            history=self._history(subject),
            holds=self._of_person(self._holds, customer.id),
            promises=self._of_person(self._promises, customer.id),
            wishes=customer.windows,
            not_before=subject.not_before,
            at_best_moment=subject.at_best_moment,
            expires_at=subject.expires_at,
            evidence=subject.evidence,
            answers=self._answers(subject),
            awaited=subject.awaited,
            lender=frozenset((bill.account.lender_kinds if bill else ()) or self.lender_kinds),
        )

    def _point(self, point: ContactPoint) -> Point:
        same = [one for one in self.points[point.customer_id] if one.channel is point.channel and one.usable]
        return Point(
            point.id, point.channel, point.party, point.place, point.shared, point.usable, sole=same == [point]
        )

    def _answers(self, subject: Subject) -> Answered | None:
        if subject.in_reply_to is None:
            return None
        outside = self.outside[subject.in_reply_to]
        others = self._answering.get(outside.id, set()) - {subject.contact_id}
        return Answered(outside.medium, outside.at, answered=bool(others))

    def reserve(self, slot: Slot) -> None:
        """Take a slot, in place of one that the same contact had reserved."""
        assert slot.past.contact is not None
        self.release(slot.customer_id, slot.past.contact)
        self._slots.setdefault(slot.customer_id, []).append(slot)
        self._is_about(slot.customer_id, slot.past)

    def promised_for(self, customer_id: str, contact_id: str) -> datetime | None:
        """The instant for which the contact has reserved its slot."""
        own = (slot for slot in self._slots.get(customer_id, ()) if _is_reserved_by(slot, contact_id))
        return next((slot.past.at for slot in own), None)

    def release(self, customer_id: str, contact_id: str) -> None:
        kept = [slot for slot in self._slots.get(customer_id, ()) if not _is_reserved_by(slot, contact_id)]
        self._slots[customer_id] = kept

    def _history(self, subject: Subject) -> tuple[PastContact, ...]:
        customer_id = subject.customer_id
        mine = [slot.past for slot in self._slots.get(customer_id, ()) if not _is_reserved_by(slot, subject.contact_id)]
        theirs = [
            self._as_own(customer_id, slot.past)
            for other in self.others.get(customer_id, ())
            for slot in self._slots.get(other, ())
        ]
        outside = self._of_person(self._outside_history, customer_id)
        past = (*outside, *mine, *theirs, *self._joint(subject))
        if subject.promised_for is None:
            return past
        return tuple(one for one in past if one.reach is not Reach.RESERVED or one.at <= subject.promised_for)

    def _ledger(self, customer_id: str) -> tuple[Consent, ...]:
        """The consents of the person, oldest first, under whichever reference they were given."""
        entries = [
            (place, entry if whose == customer_id else self._as_own(customer_id, entry))
            for whose in (customer_id, *self.others.get(customer_id, ()))
            for place, entry in self._consents.get(whose, ())
        ]
        return tuple(entry for _, entry in sorted(entries, key=lambda one: one[0]))

    def _of_person(self, grouped: Mapping[str, list[T]], customer_id: str) -> tuple[T, ...]:
        """What is known of the customer under every reference of theirs."""
        mine = grouped.get(customer_id, ())
        others = self.others.get(customer_id)
        if not others:
            return tuple(mine)
        theirs = [self._as_own(customer_id, one) for other in sorted(others) for one in grouped.get(other, ())]
        return (*mine, *theirs)

    def _as_own(self, customer_id: str, entry: T) -> T:
        """One address under two references is one address: what is known of the other's is known of the own."""
        point = getattr(entry, "point", None)
        own = self._aliases.get((customer_id, point)) if point else None
        return replace(entry, point=own) if own else entry  # type: ignore[type-var]

    def _joint(self, subject: Subject) -> list[PastContact]:
        """Contacts to the other debtors of the account, made here or elsewhere."""
        if subject.bill is None:
            return []
        account_id = subject.bill.account.id
        own = {subject.customer_id, *self.others.get(subject.customer_id, ())}
        others = [one for one in self._about.get(account_id, ()) if one not in own]
        past = [slot.past for other in others for slot in self._slots.get(other, ())]
        past += [one for other in others for one in self._outside_history.get(other, ())]
        return [replace(one, joint=True) for one in past if account_id in one.accounts]

    def _is_about(self, customer_id: str, past: PastContact) -> None:
        for account_id in past.accounts:
            self._about.setdefault(account_id, {})[customer_id] = None


def _is_reserved_by(slot: Slot, contact_id: str | None) -> bool:
    return contact_id is not None and slot.past.contact == contact_id and slot.past.reach is Reach.RESERVED


def _account(bill: Bill) -> facts.Account:
    account = bill.account
    return facts.Account(account.id, account.product, account.role, account.in_collection_procedures)


def _aliases(points: Collection[ContactPoint], others: Mapping[str, set[str]]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    grouped = _by_customer([point for point in points if others])  # few customers have a second reference
    for customer_id, theirs in others.items():
        for own in grouped.get(customer_id, ()):
            for other in (point for one in theirs for point in grouped.get(one, ())):
                if (own.channel, own.address) == (other.channel, other.address):
                    found[own.customer_id, other.id] = own.id
    return found


def _by_customer(points: Collection[ContactPoint]) -> dict[str, list[ContactPoint]]:
    grouped: dict[str, list[ContactPoint]] = defaultdict(list)
    for point in points:
        grouped[point.customer_id].append(point)
    return grouped


def _slots(found: list[Slot], places: Mapping[str, facts.Place]) -> dict[str, list[Slot]]:
    grouped: dict[str, list[Slot]] = defaultdict(list)
    for slot in found:
        place = places.get(slot.past.point or "")
        # Where it rang matters to few rules and only at work, so that the others need not be made anew.
        past = replace(slot.past, place=place) if place is facts.Place.WORK else slot.past
        grouped[slot.customer_id].append(slot if past is slot.past else replace(slot, past=past))
    return grouped


def _consents(
    entries: Collection[ConsentEntry], points: Collection[ContactPoint]
) -> dict[str, list[tuple[int, facts.Consent]]]:
    channels: dict[str | None, Channel] = {point.id: point.channel for point in points}
    grouped: dict[str, list[tuple[int, facts.Consent]]] = defaultdict(list)
    for place, entry in enumerate(entries):
        consent = facts.Consent(
            entry.status,
            entry.at,
            entry.channel,
            entry.contact_point_id,
            entry.purpose,
            point_channel=channels.get(entry.contact_point_id),
        )
        grouped[entry.customer_id].append((place, consent))
    return grouped


def _holds(entries: Collection[HoldEntry]) -> dict[str, list[facts.Hold]]:
    grouped: dict[str, list[facts.Hold]] = defaultdict(list)
    for entry in entries:
        # A lifted hold was in force until then: a question about the past must still find it.
        ends = min(filter(None, (entry.ends, entry.lifted_at)), default=None)
        grouped[entry.customer_id].append(
            facts.Hold(entry.kind, entry.starts, ends, entry.channel, entry.contact_point_id, entry.account_id)
        )
    return grouped


def _promises(entries: Collection[PromiseEntry]) -> dict[str, list[facts.Promise]]:
    grouped: dict[str, list[facts.Promise]] = defaultdict(list)
    for entry in entries:
        grouped[entry.customer_id].append(facts.Promise(entry.pay_by, entry.status, entry.made_at, entry.account_id))
    return grouped


def _history(entries: Collection[OutsideContact], places: Mapping[str, facts.Place]) -> dict[str, list[PastContact]]:
    grouped: dict[str, list[PastContact]] = defaultdict(list)
    for entry in entries:
        grouped[entry.customer_id].append(
            PastContact(
                at=entry.at,
                medium=entry.medium,
                reach=Reach(entry.result),
                initiator=entry.initiator,
                purpose=entry.purpose,
                accounts=frozenset(entry.account_ids),
                point=entry.contact_point_id,
                place=places.get(entry.contact_point_id or ""),
            )
        )
    return grouped
