"""Many customers or bills at once, under the rules and with the record of `registerCustomer` and `registerBill`.

Each reference stands once in a batch. What would change nothing is left alone; a row that cannot be taken is answered
with what is wrong with it, and nothing of it is written.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from gateway import customers, ending, instalments
from gateway.core import Gateway
from gateway.model import Account, Bill, Caller, ContactPoint, Customer, Unacceptable, UserErrorCode, problem
from gateway.requests import RegisterBill, RegisterCustomer
from gateway.store import bills, erasures
from gateway.store import customers as store
from gateway.store.work import Work
from policies.facts import BillStatus, HoldKind


class Done(Enum):
    """What became of a row."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


Outcome = Done | Unacceptable

_FORGOTTEN = "this customer asked to be forgotten: what is kept of them is only stored"


@dataclass(frozen=True, slots=True)
class ReadCustomer:
    """What a row asks for, with its addresses read: that needs no database, and takes longer than all the rest."""

    wanted: RegisterCustomer
    points: customers.NewPoints | Unacceptable

    @classmethod
    def of(cls, wanted: RegisterCustomer) -> "ReadCustomer":
        try:
            return cls(wanted, customers.read_points(wanted))
        except Unacceptable as wrong:
            return cls(wanted, wrong)

    @property
    def reference(self) -> str:
        return self.wanted.reference


@dataclass(slots=True)
class _Customers:
    """What is to be written."""

    new: list[Customer]
    changed: list[Customer]
    new_points: list[ContactPoint]
    changed_points: list[ContactPoint]


async def register_customers(
    gateway: Gateway, work: Work, caller: Caller, wanted: Sequence[ReadCustomer]
) -> list[Outcome]:
    """In the order of `wanted`."""
    references = [one.reference for one in wanted]
    locked = await customers.locked_by_references(work, references)
    # Who is registered from here on makes it a conflict to write them, and the transaction is tried again.
    known = {key: one for key, one in (await store.by_references(work, references)).items() if key in locked}
    ids = {one.id for one in known.values()}
    erased = await erasures.of_customers(work, ids)
    points: dict[str, list[ContactPoint]] = {one: [] for one in ids}
    for point in await store.points_of(work, ids):
        points[point.customer_id].append(point)
    found = _Customers([], [], [], [])
    outcomes: list[Outcome] = []
    for one in wanted:
        before = known.get(one.reference)
        try:
            if before is not None and before.id in erased:
                raise problem(UserErrorCode.CONFLICT, _FORGOTTEN, "reference")
            outcomes.append(_customer(gateway, work, before, points[before.id] if before else [], one, found))
        except Unacceptable as wrong:
            outcomes.append(wrong)
    await store.add(work, found.new, caller)
    await store.change(work, found.changed, caller)
    await _stop_the_erased(work, found.new, caller)
    await store.add_points(work, await customers.not_erased(work, found.new_points), caller)
    await store.change_points(work, found.changed_points, caller)
    return outcomes


async def _locked_accounts(work: Work, references: Collection[str]) -> dict[str, Account]:
    found = await bills.accounts_by_references(work, references)
    while not work.holds([], ids := {one.id for one in found.values()}):
        await work.lock([], ids)
        found = await bills.accounts_by_references(work, references)
    return found


def _customer(
    gateway: Gateway,
    work: Work,
    before: Customer | None,
    points: list[ContactPoint],
    read: ReadCustomer,
    found: _Customers,
) -> Done:
    if read.wanted.jurisdiction not in gateway.rulebooks:
        raise problem(UserErrorCode.INVALID, "there is no rulebook for it", "jurisdiction")
    if isinstance(read.points, Unacceptable):
        raise read.points
    after = customers.merged(work, before, points, read.wanted, read.points)
    added, changed = customers.merged_points(work, after, points, read.points)
    found.new_points += added
    found.changed_points += changed
    if before is None:
        found.new.append(after)
        return Done.ADDED
    if after != before:
        found.changed.append(after)
    return Done.CHANGED if after != before or added or changed else Done.UNCHANGED


async def _stop_the_erased(work: Work, new: Sequence[Customer], caller: Caller) -> None:
    """As `customers.register` does with one."""
    indexes = {erasures.of_reference(work, one.reference): one for one in new}
    for index in sorted(await erasures.suppressed(work, indexes.keys())):
        hold = store.hold_now(work, indexes[index].id, HoldKind.CEASE)
        await store.add_hold(work, hold, note="this reference was erased before", caller_id=caller.id)


async def register_bills(gateway: Gateway, work: Work, caller: Caller, wanted: Sequence[RegisterBill]) -> list[Outcome]:
    """In the order of `wanted`, whose `customer_id` holds the customer's reference."""
    owners = await customers.locked_by_references(work, {one.customer_id for one in wanted})
    accounts = await _locked_accounts(work, {one.account_reference for one in wanted})
    known = await bills.by_references(work, {one.reference for one in wanted})
    debtors = await bills.debtors_of(work, {one.id for one in accounts.values()})
    erased = await erasures.of_customers(work, owners.values())
    plans = await instalments.of_plans(work, known.values())
    batch = _Bills(accounts, debtors, plans, {}, {}, [], [], [])
    outcomes: list[Outcome] = []
    for one in wanted:
        owner = owners.get(one.customer_id)
        try:
            if owner is None:
                raise problem(UserErrorCode.NOT_FOUND, "no such customer", "customer")
            if owner in erased:
                raise problem(UserErrorCode.CONFLICT, _FORGOTTEN, "customer")
            outcomes.append(_bill(work, known.get(one.reference), owner, one, batch))
        except Unacceptable as wrong:
            outcomes.append(wrong)
    await bills.add_accounts(work, list(batch.new_accounts.values()), caller)
    for customer_id, account in batch.changed_accounts.values():
        await bills.change_account(work, account, caller, customer_id)
    await bills.add(work, batch.new, caller)
    await bills.change(work, [after for _, after in batch.changed], caller)
    closed = [after for before, after in batch.changed if after.status is not before.status]
    for status, plan in batch.said:
        closed += await instalments.follow(work, caller, status, plan)
    await ending.closed(work, caller, closed)
    return outcomes


@dataclass(slots=True)
class _Bills:
    """What is known of the accounts of a batch, and what is to be written."""

    accounts: dict[str, Account]
    debtors: set[tuple[str, str]]  #: account and customer
    plans: Mapping[str, Sequence[Bill]]  #: the instalments in the place of a bill
    new_accounts: dict[str, tuple[str, Account]]
    changed_accounts: dict[str, tuple[str, Account]]
    new: list[Bill]
    changed: list[tuple[Bill, Bill]]
    said: list[tuple[BillStatus | None, Sequence[Bill]]]  #: of bills that plans have replaced


def _bill(work: Work, before: Bill | None, owner: str, wanted: RegisterBill, batch: _Bills) -> Done:
    if before is not None and before.customer_id != owner:
        raise problem(UserErrorCode.CONFLICT, "this reference is another customer's bill", "reference")
    known = batch.accounts.get(wanted.account_reference)
    account = customers.merged_account(work, known, wanted)
    after = customers.merged_bill(work, before, account, owner, wanted)
    if before is not None and before.id in batch.plans:
        after = instalments.kept_in_plan(before, wanted.status, after, batch.plans[before.id])
        batch.said.append((wanted.status, batch.plans[before.id]))
    if known is not None and account != known and (account.id, owner) not in batch.debtors:
        message = "this account is another customer's, and is not as it is given here"
        raise problem(UserErrorCode.CONFLICT, message, "account")
    batch.accounts[account.reference] = account
    batch.debtors.add((account.id, owner))
    if known is None or account.id in batch.new_accounts:
        whose = batch.new_accounts.get(account.id, (owner, account))[0]
        batch.new_accounts[account.id] = (whose, account)
    elif account != known:
        batch.changed_accounts[account.id] = (owner, account)
    if before is None:
        batch.new.append(after)
        return Done.ADDED
    if customers.is_same(before, after):
        return Done.UNCHANGED if known == account else Done.CHANGED
    batch.changed.append((before, after))
    return Done.CHANGED
