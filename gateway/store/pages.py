"""Lists as they are shown: pages by key, and for many parents at once in one statement.

Ids sort by the time they were made, so a page of a history is a range of ids: what is added meanwhile moves no page.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Column, ColumnElement, Select, String, Table, cast, func, literal, or_, select, tuple_

from gateway.model import (
    Account,
    Application,
    ApplicationStatus,
    Attempt,
    Bill,
    Callback,
    CallbackStatus,
    ConsentEntry,
    Contact,
    ContactStatus,
    OutsideContact,
    PromiseEntry,
    Reply,
    ReplyStatus,
)
from gateway.store import applications as application_rows
from gateway.store import attempts as attempt_rows
from gateway.store import bills as bill_rows
from gateway.store import callbacks as callback_rows
from gateway.store import contacts as contact_rows
from gateway.store import customers as customer_rows
from gateway.store import replies as reply_rows
from gateway.store import views as view_rows
from gateway.store.types import Instant
from gateway.store.views import Seen
from gateway.store.work import Work, table
from policies.facts import BillStatus, Channel, LenderRole, Purpose

T = TypeVar("T")

_ACCOUNT = table("account")
_APPLICATION = table("application")
_ATTEMPT = table("attempt")
_BILL = table("bill")
_CALLBACK = table("callback")
_CONSENT = table("consent")
_CONTACT = table("contact")
_OUTSIDE = table("outside_contact")
_PROMISE = table("promise")
_REPLY = table("reply")
_VIEW = table("view")


@dataclass(frozen=True, slots=True)
class Window:
    """Part of a list that is ordered by id: `count` of those between the two ids, from its end if `backward`."""

    count: int
    after: str | None = None
    before: str | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """What a window shows, oldest first, and whether there is more on either side."""

    items: Sequence[T]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """What is None does not narrow. `since` is inclusive and `until` is not; both are about the time of the request."""

    customer_id: str | None = None
    bill_id: str | None = None
    purpose: Purpose | None = None
    channel: Channel | None = None
    status: ContactStatus | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        columns = _CONTACT.c
        conditions = _equal(
            (columns.customer_id, self.customer_id),
            (columns.bill_id, self.bill_id),
            (columns.purpose, self.purpose),
            (columns.status, self.status),
        )
        if self.channel is not None:
            # The channel in use, or where none was chosen, any that was asked for.
            asked = cast(columns.channels, String).contains(f'"{self.channel}"')
            conditions.append(or_(columns.channel == self.channel, columns.channel.is_(None) & asked))
        if self.since is not None:
            conditions.append(columns.created_at >= self.since)
        if self.until is not None:
            conditions.append(columns.created_at < self.until)
        return conditions


@dataclass(frozen=True, slots=True)
class CallbackFilter:
    status: CallbackStatus | None = None
    customer_id: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        return _equal((_CALLBACK.c.status, self.status), (_CALLBACK.c.customer_id, self.customer_id))


@dataclass(frozen=True, slots=True)
class ReplyFilter:
    status: ReplyStatus | None = None
    customer_id: str | None = None
    is_urgent: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        return _equal(
            (_REPLY.c.status, self.status),
            (_REPLY.c.customer_id, self.customer_id),
            (_REPLY.c.is_urgent, self.is_urgent),
        )


@dataclass(frozen=True, slots=True)
class ApplicationFilter:
    status: ApplicationStatus | None = None
    customer_id: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        return _equal((_APPLICATION.c.status, self.status), (_APPLICATION.c.customer_id, self.customer_id))


@dataclass(frozen=True, slots=True)
class BillFilter:
    status: BillStatus | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        return _equal((_BILL.c.status, self.status))


class _OfCustomer(Protocol):
    @property
    def customer_id(self) -> str | None: ...


Owned = TypeVar("Owned", bound=_OfCustomer)

NOBODY = "nobody"
"""No customer has this id."""


def of_customer(which: Owned, customer_id: str | None) -> Owned:
    """Narrowed to one customer's, for who may see no others; None: as it was."""
    if customer_id is None or which.customer_id == customer_id:
        return which
    return replace(which, customer_id=customer_id if which.customer_id is None else NOBODY)  # type: ignore[type-var]


async def contacts(work: Work, which: ContactFilter, window: Window) -> Slice[Contact]:
    return await page(work, select(_CONTACT), _CONTACT, which.conditions(), window, _contact_maker(work))


async def count_contacts(work: Work, which: ContactFilter) -> int:
    return await _count(work, _CONTACT, which.conditions())


async def contacts_of_customers(
    work: Work, ids: Collection[str], which: ContactFilter, window: Window
) -> dict[str, Slice[Contact]]:
    return await _pages(
        work, select(_CONTACT), _CONTACT.c.customer_id, ids, which.conditions(), window, _contact_maker(work)
    )


async def contacts_of_bills(
    work: Work, ids: Collection[str], which: ContactFilter, window: Window
) -> dict[str, Slice[Contact]]:
    return await _pages(
        work, select(_CONTACT), _CONTACT.c.bill_id, ids, which.conditions(), window, _contact_maker(work)
    )


async def count_contacts_of_customers(work: Work, ids: Collection[str], which: ContactFilter) -> dict[str, int]:
    return await _counts(work, _CONTACT.c.customer_id, ids, which.conditions())


async def count_contacts_of_bills(work: Work, ids: Collection[str], which: ContactFilter) -> dict[str, int]:
    return await _counts(work, _CONTACT.c.bill_id, ids, which.conditions())


async def attempts_of_contacts(work: Work, ids: Collection[str], window: Window) -> dict[str, Slice[Attempt]]:
    return await _pages(
        work, select(_ATTEMPT), _ATTEMPT.c.contact_id, ids, [], window, partial(attempt_rows.attempt, work=work)
    )


async def count_attempts_of_contacts(work: Work, ids: Collection[str]) -> dict[str, int]:
    return await _counts(work, _ATTEMPT.c.contact_id, ids, [])


async def bills_of_customers(
    work: Work, ids: Collection[str], which: BillFilter, window: Window
) -> dict[str, Slice[Bill]]:
    return await _pages(
        work, bill_rows.select_bills(), _BILL.c.customer_id, ids, which.conditions(), window, bill_rows.bill
    )


async def count_bills_of_customers(work: Work, ids: Collection[str], which: BillFilter) -> dict[str, int]:
    return await _counts(work, _BILL.c.customer_id, ids, which.conditions())


async def callbacks(work: Work, which: CallbackFilter, window: Window) -> Slice[Callback]:
    """The earliest time first; the window's places are of `place_of`."""
    time, id_ = _CALLBACK.c.starts, _CALLBACK.c.id
    between = []
    if window.after is not None:
        between.append(tuple_(time, id_) > tuple_(*_at(window.after)))
    if window.before is not None:
        between.append(tuple_(time, id_) < tuple_(*_at(window.before)))
    order = (_order(time, window), _order(id_, window))
    statement = select(_CALLBACK).where(*which.conditions(), *between).order_by(*order).limit(window.count + 1)
    rows = await work.all(statement)
    await work.open_keys(row.customer_id for row in rows)
    return _slice([callback_rows.callback(row, work) for row in rows], window)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 12, 31, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def place_of(callback: Callback) -> str:
    """Where it stands in the list of callbacks: its time, then its id."""
    return f"{(callback.starts - _EPOCH) // _MICROSECOND:016x}{callback.id}"


def _at(place: str) -> tuple[ColumnElement[datetime], ColumnElement[str]]:
    """A cursor of another list is a place as well: beyond the end is the end."""
    micros = min(int(place[:-32] or "0", 16), (_END - _EPOCH) // _MICROSECOND)
    return literal(_EPOCH + micros * _MICROSECOND, Instant()), literal(place[-32:])


async def count_callbacks(work: Work, which: CallbackFilter) -> int:
    return await _count(work, _CALLBACK, which.conditions())


async def replies(work: Work, which: ReplyFilter, window: Window) -> Slice[Reply]:
    return await page(work, select(_REPLY), _REPLY, which.conditions(), window, partial(reply_rows.reply, work=work))


async def count_replies(work: Work, which: ReplyFilter) -> int:
    return await _count(work, _REPLY, which.conditions())


async def applications(work: Work, which: ApplicationFilter, window: Window) -> Slice[Application]:
    make = partial(application_rows.application, work=work)
    return await page(work, select(_APPLICATION), _APPLICATION, which.conditions(), window, make)


async def count_applications(work: Work, which: ApplicationFilter) -> int:
    return await _count(work, _APPLICATION, which.conditions())


async def views_of_customers(work: Work, ids: Collection[str], window: Window) -> dict[str, Slice[Seen]]:
    return await _pages(work, select(_VIEW), _VIEW.c.customer_id, ids, [], window, partial(view_rows.seen, work=work))


async def count_views_of_customers(work: Work, ids: Collection[str]) -> dict[str, int]:
    return await _counts(work, _VIEW.c.customer_id, ids, [])


async def callbacks_held_by(work: Work, agent_id: str) -> list[Callback]:
    """The calls that this agent is to make now."""
    statement = select(_CALLBACK).where(
        _CALLBACK.c.agent_id == agent_id,
        _CALLBACK.c.status == CallbackStatus.CLAIMED,
        _CALLBACK.c.lease_until > work.now,
    )
    rows = await work.all(statement)
    await work.open_keys(row.customer_id for row in rows)
    return [callback_rows.callback(row, work) for row in rows]


async def accounts(work: Work, ids: Collection[str]) -> dict[str, Account]:
    rows = await work.all(select(_ACCOUNT).where(_ACCOUNT.c.id.in_(ids)))
    return {
        row.id: Account(row.id, row.reference, row.product, LenderRole[row.role], row.in_collection_procedures)
        for row in rows
    }


async def accounts_with_customer(work: Work, ids: Collection[str], customer_id: str) -> frozenset[str]:
    """Which of these accounts the customer has a bill on."""
    statement = select(_BILL.c.account_id).where(_BILL.c.account_id.in_(ids), _BILL.c.customer_id == customer_id)
    return frozenset(row.account_id for row in await work.all(statement))


async def consents(work: Work, ids: Collection[str]) -> dict[str, ConsentEntry]:
    owners = await _owners(work, _CONSENT, ids)
    return {one.id: one for one in await customer_rows.consents_of(work, owners) if one.id in ids}


async def promises(work: Work, ids: Collection[str]) -> dict[str, PromiseEntry]:
    owners = await _owners(work, _PROMISE, ids)
    return {one.id: one for one in await customer_rows.promises_of(work, owners) if one.id in ids}


async def outside_of_customers(work: Work, ids: Collection[str], since: datetime) -> dict[str, list[OutsideContact]]:
    """Oldest first."""
    found: dict[str, list[OutsideContact]] = {customer: [] for customer in ids}
    for one in await customer_rows.outside_of(work, ids, since):
        found[one.customer_id].append(one)
    return found


@dataclass(frozen=True, slots=True)
class Exemptions:
    """How many contacts of one caller, for one purpose, rules exempted because there was evidence."""

    caller: str
    purpose: Purpose
    contacts: int
    answers: int  #: of these, how many answered a recorded contact; a trusted key vouched for the others


async def exemptions(work: Work, since: datetime | None, until: datetime | None) -> list[Exemptions]:
    columns = _CONTACT.c
    conditions = ContactFilter(since=since, until=until).conditions()
    statement = (
        select(columns.requested_by, columns.purpose, func.count(), func.count(columns.in_reply_to))
        .where(columns.evidence, *conditions)
        .group_by(columns.caller_id, columns.requested_by, columns.purpose)
        .order_by(columns.requested_by, columns.purpose)
    )
    return [Exemptions(row[0], Purpose[row[1]], row[2], row[3]) for row in await work.all(statement)]


async def _owners(work: Work, owned: Table, ids: Collection[str]) -> set[str]:
    rows = await work.all(select(owned.c.customer_id).where(owned.c.id.in_(ids)))
    return {row.customer_id for row in rows}


async def page(
    work: Work,
    base: Select[Any],
    listed: Table,
    conditions: Sequence[ColumnElement[bool]],
    window: Window,
    make: Callable[[Any], T],
) -> Slice[T]:
    """What a window shows of a list."""
    key = listed.c.id
    statement = base.where(*conditions, *_between(key, window)).order_by(_order(key, window)).limit(window.count + 1)
    rows = await work.all(statement)
    await work.open_keys(row.customer_id for row in rows)
    return _slice([make(row) for row in rows], window)


async def _pages(
    work: Work,
    base: Select[Any],
    parent: Column[Any],
    ids: Collection[str],
    conditions: Sequence[ColumnElement[bool]],
    window: Window,
    make: Callable[[Any], T],
) -> dict[str, Slice[T]]:
    """The same window on the list of each parent."""
    listed = parent.table
    key = listed.c.id
    rank = func.row_number().over(partition_by=parent, order_by=_order(key, window))
    ranked = (
        select(key.label("id"), parent.label("parent"), rank.label("rank"))
        .where(parent.in_(ids), *conditions, *_between(key, window))
        .subquery()
    )
    statement = (
        base.add_columns(ranked.c.parent)
        .join(ranked, ranked.c.id == key)
        .where(ranked.c.rank <= window.count + 1)
        .order_by(_order(key, window))
    )
    lists: dict[str, list[T]] = {parent_id: [] for parent_id in ids}
    rows = await work.all(statement)
    await work.open_keys(row.customer_id for row in rows)
    for row in rows:
        lists[row.parent].append(make(row))
    return {parent_id: _slice(found, window) for parent_id, found in lists.items()}


def _slice(found: list[T], window: Window) -> Slice[T]:
    """`found` begins at the window's edge and holds one more than was asked for, if there is one."""
    more = len(found) > window.count
    items = found[: window.count]
    if window.backward:
        return Slice(items[::-1], has_next=window.before is not None, has_previous=more)
    return Slice(items, has_next=more, has_previous=window.after is not None)


async def _count(work: Work, listed: Table, conditions: Sequence[ColumnElement[bool]]) -> int:
    row = await work.one(select(func.count().label("number")).select_from(listed).where(*conditions))
    return int(row.number)


async def _counts(
    work: Work, parent: Column[Any], ids: Collection[str], conditions: Sequence[ColumnElement[bool]]
) -> dict[str, int]:
    statement = (
        select(parent.label("parent"), func.count().label("number"))
        .where(parent.in_(ids), *conditions)
        .group_by(parent)
    )
    return dict.fromkeys(ids, 0) | {row.parent: int(row.number) for row in await work.all(statement)}


def _between(key: Column[Any], window: Window) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if window.after is not None:
        conditions.append(key > window.after)
    if window.before is not None:
        conditions.append(key < window.before)
    return conditions


def _order(key: Column[Any], window: Window) -> ColumnElement[Any]:
    return key.desc() if window.backward else key.asc()


def _equal(*pairs: tuple[Column[Any], str | bool | None]) -> list[ColumnElement[bool]]:
    return [column == value for column, value in pairs if value is not None]


def _contact_maker(work: Work) -> Callable[[Any], Contact]:
    return lambda row: contact_rows.contact(row, work)
