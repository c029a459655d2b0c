"""Reading for many at once: what fifty contacts of a page need of a table is one statement.

Loaders know nothing of permissions: who asks for the customer of a contact has been shown the contact.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Generic, Protocol, TypeVar

from strawberry.dataloader import DataLoader

from gateway.api.snapshot import Snapshot
from gateway.core import Gateway
from gateway.hardship import assessments
from gateway.model import (
    Account,
    Application,
    Attempt,
    Bill,
    Callback,
    Complaint,
    ConsentEntry,
    Contact,
    ContactPoint,
    Customer,
    HardshipSignal,
    HoldEntry,
    OutsideContact,
    Payment,
    PromiseEntry,
    Receipt,
    Reply,
    StoredDecision,
    SurveyAnswer,
)
from gateway.store import (
    applications,
    attempts,
    bills,
    callbacks,
    complaints,
    contacts,
    customers,
    decisions,
    erasures,
    pages,
    payments,
    replies,
    survey_answers,
    views,
)
from gateway.store import hardship as hardship_signals
from gateway.store.erasures import Erasure
from gateway.store.pages import BillFilter, ContactFilter, Slice, Window
from gateway.store.views import Seen
from gateway.store.work import Work
from policies.hardship import Assessment

T = TypeVar("T")
F = TypeVar("F")
Owned = TypeVar("Owned", bound="_OfCustomer")


class _OfCustomer(Protocol):
    @property
    def customer_id(self) -> str: ...


_EVER = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Part(Generic[F]):
    """The part of a parent's list that a connection shows."""

    parent: str
    which: F
    window: Window


@dataclass(frozen=True, slots=True)
class Whole(Generic[F]):
    """A parent's whole list, to be counted."""

    parent: str
    which: F


class Loaders:
    """One set per operation: what was loaded once is not loaded again."""

    def __init__(self, gateway: Gateway, snapshot: Snapshot) -> None:
        self._gateway = gateway
        self._snapshot = snapshot

    # one by its id, None where there is none

    @cached_property
    def customer(self) -> DataLoader[str, Customer | None]:
        return self._by_id(customers.by_id)

    @cached_property
    def erasure(self) -> DataLoader[str, Erasure | None]:
        return self._by_id(erasures.of_customers)

    @cached_property
    def point(self) -> DataLoader[str, ContactPoint | None]:
        return self._by_id(customers.points)

    @cached_property
    def bill(self) -> DataLoader[str, Bill | None]:
        return self._by_id(bills.by_id)

    @cached_property
    def account(self) -> DataLoader[str, Account | None]:
        return self._by_id(pages.accounts)

    @cached_property
    def contact(self) -> DataLoader[str, Contact | None]:
        async def load(work: Work, ids: Collection[str]) -> dict[str, Contact]:
            return {id_: held.contact for id_, held in (await contacts.by_id(work, ids)).items()}

        return self._by_id(load)

    @cached_property
    def attempt(self) -> DataLoader[str, Attempt | None]:
        return self._by_id(attempts.by_id)

    @cached_property
    def callback(self) -> DataLoader[str, Callback | None]:
        async def load(work: Work, ids: Collection[str]) -> dict[str, Callback]:
            return {id_: queued.callback for id_, queued in (await callbacks.by_id(work, ids)).items()}

        return self._by_id(load)

    @cached_property
    def consent(self) -> DataLoader[str, ConsentEntry | None]:
        return self._by_id(pages.consents)

    @cached_property
    def hold(self) -> DataLoader[str, HoldEntry | None]:
        return self._by_id(customers.holds)

    @cached_property
    def hardship_signal(self) -> DataLoader[str, HardshipSignal | None]:
        return self._by_id(hardship_signals.by_id)

    @cached_property
    def complaint(self) -> DataLoader[str, Complaint | None]:
        return self._by_id(complaints.by_id)

    @cached_property
    def survey_answer(self) -> DataLoader[str, SurveyAnswer | None]:
        return self._by_id(survey_answers.by_id)

    @cached_property
    def promise(self) -> DataLoader[str, PromiseEntry | None]:
        return self._by_id(pages.promises)

    @cached_property
    def application(self) -> DataLoader[str, Application | None]:
        return self._by_id(applications.by_id)

    @cached_property
    def outside(self) -> DataLoader[str, OutsideContact | None]:
        return self._by_id(customers.outside)

    @cached_property
    def reply(self) -> DataLoader[str, Reply | None]:
        return self._by_id(replies.by_id)

    @cached_property
    def view(self) -> DataLoader[str, Seen | None]:
        return self._by_id(views.by_id)

    # the whole of a short list, by its parent

    @cached_property
    def decisions(self) -> DataLoader[str, list[StoredDecision]]:
        return self._lists(decisions.of_contacts)

    @cached_property
    def payments(self) -> DataLoader[str, list[Payment]]:
        return self._lists(payments.of_bills)

    @cached_property
    def instalments(self) -> DataLoader[str, list[Bill]]:
        return self._lists(bills.instalments_of)

    @cached_property
    def receipts(self) -> DataLoader[str, list[Receipt]]:
        return self._lists(attempts.receipts)

    @cached_property
    def points(self) -> DataLoader[str, list[ContactPoint]]:
        return self._lists(_by_customer(customers.points_of))

    @cached_property
    def consents(self) -> DataLoader[str, list[ConsentEntry]]:
        return self._lists(_by_customer(customers.consents_of))

    @cached_property
    def holds(self) -> DataLoader[str, list[HoldEntry]]:
        return self._lists(_by_customer(customers.holds_of))

    @cached_property
    def promises(self) -> DataLoader[str, list[PromiseEntry]]:
        return self._lists(_by_customer(customers.promises_of))

    @cached_property
    def applications(self) -> DataLoader[str, list[Application]]:
        return self._lists(_by_customer(applications.of_customers))

    @cached_property
    def hardship_signals(self) -> DataLoader[str, list[HardshipSignal]]:
        return self._lists(hardship_signals.of_customers)

    @cached_property
    def complaints(self) -> DataLoader[str, list[Complaint]]:
        return self._lists(complaints.of_customers)

    @cached_property
    def survey_answers(self) -> DataLoader[str, list[SurveyAnswer]]:
        return self._lists(survey_answers.of_customers)

    @cached_property
    def hardship(self) -> DataLoader[str, Assessment | None]:
        async def load(work: Work, ids: Collection[str]) -> dict[str, Assessment]:
            return await assessments(self._gateway, work, ids)

        return self._by_id(load)

    @cached_property
    def outside_contacts(self) -> DataLoader[str, list[OutsideContact]]:
        async def load(work: Work, ids: Collection[str]) -> dict[str, list[OutsideContact]]:
            return await pages.outside_of_customers(work, ids, _EVER)

        return self._lists(load)

    # part of a long list, by its parent

    @cached_property
    def contacts_of_customer(self) -> DataLoader[Part[ContactFilter], Slice[Contact]]:
        return self._parts(pages.contacts_of_customers)

    @cached_property
    def contacts_of_bill(self) -> DataLoader[Part[ContactFilter], Slice[Contact]]:
        return self._parts(pages.contacts_of_bills)

    @cached_property
    def bills_of_customer(self) -> DataLoader[Part[BillFilter], Slice[Bill]]:
        return self._parts(pages.bills_of_customers)

    @cached_property
    def attempts_of_contact(self) -> DataLoader[Part[None], Slice[Attempt]]:
        async def load(work: Work, ids: Collection[str], _: None, window: Window) -> dict[str, Slice[Attempt]]:
            return await pages.attempts_of_contacts(work, ids, window)

        return self._parts(load)

    @cached_property
    def number_of_contacts_of_customer(self) -> DataLoader[Whole[ContactFilter], int]:
        return self._numbers(pages.count_contacts_of_customers)

    @cached_property
    def number_of_contacts_of_bill(self) -> DataLoader[Whole[ContactFilter], int]:
        return self._numbers(pages.count_contacts_of_bills)

    @cached_property
    def number_of_bills_of_customer(self) -> DataLoader[Whole[BillFilter], int]:
        return self._numbers(pages.count_bills_of_customers)

    @cached_property
    def number_of_attempts_of_contact(self) -> DataLoader[Whole[None], int]:
        async def load(work: Work, ids: Collection[str], _: None) -> dict[str, int]:
            return await pages.count_attempts_of_contacts(work, ids)

        return self._numbers(load)

    @cached_property
    def views_of_customer(self) -> DataLoader[Part[None], Slice[Seen]]:
        async def load(work: Work, ids: Collection[str], _: None, window: Window) -> dict[str, Slice[Seen]]:
            return await pages.views_of_customers(work, ids, window)

        return self._parts(load)

    @cached_property
    def number_of_views_of_customer(self) -> DataLoader[Whole[None], int]:
        async def load(work: Work, ids: Collection[str], _: None) -> dict[str, int]:
            return await pages.count_views_of_customers(work, ids)

        return self._numbers(load)

    @cached_property
    def calls_held_by(self) -> DataLoader[str, list[Callback]]:
        """By the caller's id: an agent's own, so one key at most."""

        async def load(agents: list[str]) -> list[list[Callback]]:
            async with self._snapshot.reading() as work:
                return [await pages.callbacks_held_by(work, agent) for agent in agents]

        return DataLoader(load)

    def _by_id(self, load: Callable[[Work, Collection[str]], Awaitable[Mapping[str, T]]]) -> DataLoader[str, T | None]:
        async def load_many(ids: list[str]) -> list[T | None]:
            async with self._snapshot.reading() as work:
                found = await load(work, ids)
            return [found.get(id_) for id_ in ids]

        return DataLoader(load_many)

    def _lists(
        self, load: Callable[[Work, Collection[str]], Awaitable[Mapping[str, list[T]]]]
    ) -> DataLoader[str, list[T]]:
        async def load_many(ids: list[str]) -> list[list[T]]:
            async with self._snapshot.reading() as work:
                found = await load(work, ids)
            return [found.get(id_, []) for id_ in ids]

        return DataLoader(load_many)

    def _parts(
        self, load: Callable[[Work, Collection[str], F, Window], Awaitable[Mapping[str, Slice[T]]]]
    ) -> DataLoader[Part[F], Slice[T]]:
        async def load_many(parts: list[Part[F]]) -> list[Slice[T]]:
            found: dict[Part[F], Slice[T]] = {}
            async with self._snapshot.reading() as work:
                # The fields of a page ask for the same window: one statement, or one per alias.
                for (which, window), parents in _grouped(((part.which, part.window), part.parent) for part in parts):
                    slices = await load(work, parents, which, window)
                    found.update({Part(parent, which, window): one for parent, one in slices.items()})
            return [found[part] for part in parts]

        return DataLoader(load_many)

    def _numbers(
        self, load: Callable[[Work, Collection[str], F], Awaitable[Mapping[str, int]]]
    ) -> DataLoader[Whole[F], int]:
        async def load_many(lists: list[Whole[F]]) -> list[int]:
            found: dict[Whole[F], int] = {}
            async with self._snapshot.reading() as work:
                for which, parents in _grouped((one.which, one.parent) for one in lists):
                    numbers = await load(work, parents, which)
                    found.update({Whole(parent, which): number for parent, number in numbers.items()})
            return [found[one] for one in lists]

        return DataLoader(load_many)


def _grouped(pairs: Iterable[tuple[F, str]]) -> Iterable[tuple[F, list[str]]]:
    groups: dict[F, list[str]] = defaultdict(list)
    for key, parent in pairs:
        groups[key].append(parent)
    return groups.items()


def _by_customer(
    load: Callable[[Work, Collection[str]], Awaitable[list[Owned]]],
) -> Callable[[Work, Collection[str]], Awaitable[dict[str, list[Owned]]]]:
    async def grouped(work: Work, ids: Collection[str]) -> dict[str, list[Owned]]:
        found: dict[str, list[Owned]] = defaultdict(list)
        for one in await load(work, ids):
            found[one.customer_id].append(one)
        return found

    return grouped
