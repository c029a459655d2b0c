"""Registering customers and bills, and recording what is known of a customer's wishes."""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import replace

from gateway import addresses, despair, ending, instalments
from gateway.callers import may_see
from gateway.core import Gateway
from gateway.model import (
    Account,
    Bill,
    Caller,
    ConsentEntry,
    ContactPoint,
    Customer,
    HoldEntry,
    OutsideContact,
    Role,
    Unacceptable,
    UserError,
    UserErrorCode,
    problem,
)
from gateway.once import Once
from gateway.requests import (
    NewPoint,
    PlaceHold,
    RecordConsent,
    RecordOutsideContact,
    RegisterBill,
    RegisterCustomer,
    SetPreferences,
)
from gateway.store import bills, contacts, erasures
from gateway.store import customers as store
from gateway.store.faults import repeated
from gateway.store.work import Work
from policies.facts import BillStatus, ConsentStatus, HoldKind, LenderRole, Party, Place


@repeated
async def register(gateway: Gateway, caller: Caller, wanted: RegisterCustomer) -> Customer:
    """Create a customer or bring one up to date. What is absent stays as it was; contact points merge by address.

    What changes nothing is not on record.
    """
    if wanted.jurisdiction not in gateway.rulebooks:
        known = ", ".join(sorted(gateway.rulebooks))
        raise problem(UserErrorCode.INVALID, f"there is no rulebook for it; there are {known}", "jurisdiction")
    new_points = read_points(wanted)
    async with gateway.database.write() as work:
        locked = await locked_by_references(work, [wanted.reference])
        # Read after the lock. Who is registered from here on makes it a conflict to write them: it is tried again.
        before = await store.by_reference(work, wanted.reference) if locked else None
        if before is not None:
            await refuse_if_erased(work, before.id, "reference")
        points = await store.points_of(work, [before.id]) if before else []
        customer = merged(work, before, points, wanted, new_points)
        if before is None:
            await store.add(work, [customer], caller)
            await _stop_if_erased(work, customer, caller)
        elif customer != before:
            await store.change(work, [customer], caller)
        added, changed = merged_points(work, customer, points, new_points)
        await store.add_points(work, await not_erased(work, added), caller)
        await store.change_points(work, changed, caller)
    return customer


NewPoints = list[tuple[NewPoint, addresses.Address]]


def merged(
    work: Work, before: Customer | None, points: list[ContactPoint], wanted: RegisterCustomer, new: NewPoints
) -> Customer:
    """The customer as they are to be: what is absent stays as it was."""
    stated = wanted.time_zones or (before.time_zones if before and before.zones_stated else ())
    return Customer(
        id=before.id if before else work.new_id(),
        reference=wanted.reference,
        name=wanted.name if wanted.name is not None or before is None else before.name,
        locale=wanted.locale,
        time_zones=stated or _zones(points, new),
        zones_stated=bool(stated),
        jurisdiction=wanted.jurisdiction,
        created_at=before.created_at if before else work.now,
        preferred_channels=before.preferred_channels if before else (),
        windows=before.windows if before else (),
    )


async def refuse_if_erased(work: Work, customer_id: str, field: str) -> None:
    """What is only stored is not added to, but for what the customer themselves may still want: to say no, to complain.

    `locked_customer` refuses that too, once the key is destroyed.
    """
    if await erasures.of_customers(work, [customer_id]):
        message = "this customer asked to be forgotten: what is kept of them is only stored"
        raise problem(UserErrorCode.CONFLICT, message, field)


async def _stop_if_erased(work: Work, customer: Customer, caller: Caller) -> None:
    """Who was erased and is registered again under the same reference is not contacted before a person says so."""
    if await erasures.suppressed(work, [erasures.of_reference(work, customer.reference)]):
        hold = store.hold_now(work, customer.id, HoldKind.CEASE)
        await store.add_hold(work, hold, note="this reference was erased before", caller_id=caller.id)


async def locked_by_references(work: Work, references: Collection[str]) -> dict[str, str]:
    """The ids of the customers of these references. Whoever is registered meanwhile is locked as well."""
    found = await store.ids_by_references(work, references)
    while not work.holds(found.values()):
        await work.lock(found.values())
        found = await store.ids_by_references(work, references)
    return found


def read_points(wanted: RegisterCustomer) -> NewPoints:
    """Every address, or everything that is wrong with any of them."""
    found: list[tuple[NewPoint, addresses.Address]] = []
    errors: list[UserError] = []
    for index, point in enumerate(wanted.points):
        try:
            found.append((point, addresses.read(point.channel, point.address, wanted.jurisdiction)))
        except addresses.BadAddress as bad:
            field = ("contactPoints", str(index), "address")
            errors.append(UserError(UserErrorCode.INVALID, str(bad), field))
    if errors:
        raise Unacceptable(*errors)
    return found


def _zones(points: Iterable[ContactPoint], new: NewPoints) -> tuple[str, ...]:
    """Where no zone is stated: every zone that any of the customer's numbers may be in."""
    read = {address.text: address.zones for _, address in new}
    numbers = [text for text in (*(point.address for point in points), *read) if "@" not in text]
    zones = [read[number] if number in read else addresses.zones_of(number) for number in numbers]
    return tuple(dict.fromkeys(zone for some in zones for zone in some))


def merged_points(
    work: Work, customer: Customer, known: list[ContactPoint], new: NewPoints
) -> tuple[list[ContactPoint], list[ContactPoint]]:
    """Those to be added and those to be changed; nothing is reopened, unshared or re-owned by silence."""
    existing = {(point.channel, point.address): point for point in known}
    points = dict(existing)
    for wanted, address in new:
        key = (wanted.channel, address.text)
        point = points.get(key)
        if point is None:
            points[key] = ContactPoint(
                id=work.new_id(),
                customer_id=customer.id,
                channel=wanted.channel,
                address=address.text,
                unsubscribe_token=secrets.token_urlsafe(16),
                party=wanted.party or Party.CUSTOMER,
                place=wanted.place or Place.PERSONAL,
                shared=bool(wanted.shared),
            )
            continue
        points[key] = replace(
            point,
            party=wanted.party or point.party,
            place=wanted.place or point.place,
            shared=point.shared if wanted.shared is None else wanted.shared,
        )
    added = [point for key, point in points.items() if key not in existing]
    return added, [point for key, point in points.items() if key in existing and point != existing[key]]


async def not_erased(work: Work, added: list[ContactPoint]) -> list[ContactPoint]:
    """New points; an address that was erased is not usable."""
    indexes = [work.index(point.address) for point in added]
    if erased := await erasures.suppressed(work, indexes):
        pairs = zip(added, indexes, strict=True)
        return [replace(point, usable=False) if index in erased else point for point, index in pairs]
    return added


@repeated
async def register_bill(gateway: Gateway, caller: Caller, wanted: RegisterBill) -> Bill:
    """Create a bill and its account, or bring them up to date. What is absent stays as it was.

    What changes nothing is not on record.
    """
    async with gateway.database.write() as work:
        customer = await locked_customer(work, caller, wanted.customer_id)
        await refuse_if_erased(work, customer.id, "customerId")
        before = await bills.by_reference(work, wanted.reference)
        if before is not None and before.customer_id != customer.id:
            raise problem(UserErrorCode.CONFLICT, "this reference is another customer's bill", "reference")
        account = await _merge_account(work, caller, customer, wanted)
        bill = merged_bill(work, before, account, customer.id, wanted)
        plan = (await instalments.of_plans(work, [before])).get(before.id, ()) if before else ()
        if before and plan:
            bill = instalments.kept_in_plan(before, wanted.status, bill, plan)
        if before is None:
            await bills.add(work, [bill], caller)
        elif not is_same(before, bill):
            await bills.change(work, [bill], caller)
        changed = await instalments.follow(work, caller, wanted.status, plan)
        taken_back = await ending.closed(work, caller, [bill, *changed]) if before else []
    gateway.changes.publish((one.id, one.customer_id) for one in taken_back)
    return bill


def merged_bill(work: Work, before: Bill | None, account: Account, customer_id: str, wanted: RegisterBill) -> Bill:
    """The bill as it is to be. What payments have covered is paid, whatever the bill has come to."""
    if before is not None:
        wanted = _as_agreed(before, wanted) if before.in_place_of is not None else wanted
        _refuse_to_move(before, account, wanted)
    status = wanted.status or (before.status if before else BillStatus.OPEN)
    if status is BillStatus.OPEN and not wanted.amount_due:
        raise problem(UserErrorCode.INVALID, "must be more than nothing while the bill is open", "amountDue")
    paid = before.amount_paid if before else wanted.amount_paid
    is_covered = 0 < wanted.amount_due <= paid
    return Bill(
        id=before.id if before else work.new_id(),
        customer_id=customer_id,
        reference=wanted.reference,
        account=account,
        amount_due=wanted.amount_due,
        currency=wanted.currency,
        due_on=wanted.due_on,
        status=BillStatus.PAID if status is BillStatus.OPEN and is_covered else status,
        amount_paid=paid,
        instalment=wanted.instalment or (before.instalment if before else None),
        in_place_of=before.in_place_of if before else None,
    )


def _as_agreed(instalment: Bill, wanted: RegisterBill) -> RegisterBill:
    """An instalment of a plan keeps the sum and the day that were agreed. Who says that it ended may leave them out."""
    agreed = replace(wanted, amount_due=instalment.amount_due, currency=instalment.currency, due_on=instalment.due_on)
    if wanted.status in (BillStatus.PAID, BillStatus.WRITTEN_OFF) or agreed == wanted:
        return agreed
    field = "dueOn" if (wanted.amount_due, wanted.currency) == (agreed.amount_due, agreed.currency) else "amountDue"
    raise problem(UserErrorCode.CONFLICT, "is an instalment of an agreed plan, and stays as it was agreed", field)


def _refuse_to_move(before: Bill, account: Account, wanted: RegisterBill) -> None:
    """What stands on a bill stands on it as it was: money in its currency, holds and promises on its account."""
    if account.id != before.account.id:
        message = "is not the account of this bill: register it there under another reference, and write this one off"
        raise problem(UserErrorCode.CONFLICT, message, "account")
    if before.amount_paid and wanted.currency != before.currency:
        message = f"money in {before.currency} was paid on this bill: its currency stays"
        raise problem(UserErrorCode.CONFLICT, message, "amountDue", "currency")


def is_same(before: Bill, after: Bill) -> bool:
    """Nothing of the bill is changed. Its account is changed for itself."""
    return replace(after, account=before.account) == before


def merged_account(work: Work, before: Account | None, wanted: RegisterBill) -> Account:
    """The account as the bill says it is. What is absent stays as it was."""
    procedures = wanted.in_collection_procedures
    said = (wanted.product, wanted.role, procedures, wanted.lender_kinds)
    if before is not None and said == (None, None, None, None):
        return before
    if before is None:
        return Account(
            id=work.new_id(),
            reference=wanted.account_reference,
            product=wanted.product or "CONSUMER_LOAN",
            role=wanted.role or LenderRole.CREDITOR,
            in_collection_procedures=bool(procedures),
            lender_kinds=wanted.lender_kinds or (),
        )
    return replace(
        before,
        product=wanted.product or before.product,
        role=wanted.role or before.role,
        in_collection_procedures=before.in_collection_procedures if procedures is None else procedures,
        lender_kinds=before.lender_kinds if wanted.lender_kinds is None else wanted.lender_kinds,
    )


async def _merge_account(work: Work, caller: Caller, customer: Customer, wanted: RegisterBill) -> Account:
    """Who joins a debt that others owe too shares its caps, and changes nothing of it."""
    before = await bills.account_by_reference(work, wanted.account_reference)
    account = merged_account(work, before, wanted)
    if before is None:
        await bills.add_accounts(work, [(customer.id, account)], caller)
    elif account != before:
        await work.lock([customer.id], [account.id])
        if customer.id not in await bills.debtors(work, [account.id]):
            message = "this account is another customer's, and is not as it is given here"
            raise problem(UserErrorCode.CONFLICT, message, "account")
        await bills.change_account(work, account, caller, customer.id)
    return account


@repeated
async def record_consent(gateway: Gateway, caller: Caller, wanted: RecordConsent) -> tuple[Customer, bool]:
    """Append to the ledger; whether the key was seen before.

    From the moment this returns, no attempt opens against a withdrawal.
    """
    async with gateway.database.write() as work:
        customer = await locked_customer(work, caller, wanted.customer_id)
        once = Once(caller.id, wanted.idempotency_key, "recordConsent", wanted.fingerprint)
        if await once.before(work) is not None:
            return customer, True
        if wanted.status is ConsentStatus.GRANTED:
            await refuse_if_erased(work, customer.id, "customerId")
        await _check_point(work, customer, wanted.contact_point_id)
        if wanted.at is not None and wanted.at > work.now:
            raise problem(UserErrorCode.INVALID, "lies in the future", "at")
        entry = ConsentEntry(
            id=work.new_id(),
            customer_id=customer.id,
            status=wanted.status,
            channel=wanted.channel,
            contact_point_id=wanted.contact_point_id,
            purpose=wanted.purpose,
            source=wanted.source,
            at=wanted.at or work.now,
        )
        await store.add_consent(work, entry, evidence=wanted.evidence, caller_id=caller.id)
        await contacts.reconsider(work, customer.id)
        await once.keep(work, entry.id)
    gateway.due.set()
    return customer, False


@repeated
async def record_outside_contact(
    gateway: Gateway, caller: Caller, wanted: RecordOutsideContact
) -> tuple[Customer, OutsideContact, bool]:
    """Record a contact made elsewhere; whether it was on record already. One reference of a caller, one contact."""
    async with gateway.database.write() as work:
        customer = await locked_customer(work, caller, wanted.customer_id)
        before = await store.outside_by_reference(work, caller.id, wanted.reference)
        if before is not None:
            if before[1] != work.index(wanted.fingerprint):
                raise problem(UserErrorCode.CONFLICT, "this reference was used for another contact", "reference")
            return customer, before[0], True
        if wanted.at > work.now:
            raise problem(UserErrorCode.INVALID, "lies in the future", "at")
        outside = OutsideContact(
            id=work.new_id(),
            customer_id=customer.id,
            reference=wanted.reference,
            medium=wanted.medium,
            result=wanted.result,
            initiator=wanted.initiator,
            at=wanted.at,
            purpose=wanted.purpose,
            account_ids=tuple([await account_id(work, customer, one, "accounts") for one in wanted.accounts]),
            contact_point_id=await _point_by_address(work, customer, wanted.address),
        )
        await store.add_outside(work, outside, note=wanted.note, fingerprint=wanted.fingerprint, caller_id=caller.id)
        gone = await despair.heard(work, caller, customer.id, wanted.note)
    gateway.changes.publish((one.id, one.customer_id) for one in gone)
    return customer, outside, False


async def _point_by_address(work: Work, customer: Customer, address: str | None) -> str | None:
    """Which of the customer's contact points it was; an address that is none of them counts for the person."""
    if address is None:
        return None
    for point in await store.points_of(work, [customer.id]):
        try:
            if addresses.read(point.channel, address, customer.jurisdiction).text == point.address:
                return point.id
        except addresses.BadAddress:
            continue
    return None


_PLACED_BY = {HoldKind.ERASURE: "eraseCustomer", HoldKind.APPLICATION: "submitRepaymentApplication"}
"""Holds that belong to something else, which lifts them."""


@repeated
async def place_hold(gateway: Gateway, caller: Caller, wanted: PlaceHold) -> tuple[HoldEntry, bool]:
    """Put a hold on record; whether the key was seen before."""
    if wanted.kind in _PLACED_BY:
        raise problem(UserErrorCode.INVALID, f"is placed by {_PLACED_BY[wanted.kind]} alone", "kind")
    async with gateway.database.write() as work:
        customer = await locked_customer(work, caller, wanted.customer_id)
        once = Once(caller.id, wanted.idempotency_key, "placeHold", wanted.fingerprint)
        if (before := await once.before(work)) is not None:
            return (await store.holds(work, [before]))[before], True
        await _check_point(work, customer, wanted.contact_point_id)
        starts = wanted.starts or work.now
        if wanted.ends is not None and wanted.ends <= starts:
            raise problem(UserErrorCode.INVALID, "must lie after its beginning", "until")
        hold = HoldEntry(
            id=work.new_id(),
            customer_id=customer.id,
            kind=wanted.kind,
            channel=wanted.channel,
            contact_point_id=wanted.contact_point_id,
            account_id=await account_id(work, customer, wanted.account, "account") if wanted.account else None,
            account_reference=wanted.account,
            starts=starts,
            ends=wanted.ends,
            lifted_at=None,
        )
        await store.add_hold(work, hold, note=wanted.note, caller_id=caller.id)
        await contacts.reconsider(work, customer.id)
        await once.keep(work, hold.id)
    gateway.due.set()
    return hold, False


@repeated
async def lift_hold(gateway: Gateway, caller: Caller, hold_id: str, reason: str) -> HoldEntry:
    """End a hold now. A hold that was lifted stays as it was."""
    async with gateway.database.write() as work:
        hold = (await store.holds(work, [hold_id])).get(hold_id)
        if hold is None or not may_see(caller, hold.customer_id):
            raise problem(UserErrorCode.NOT_FOUND, "no such hold", "holdId")
        await work.lock([hold.customer_id])
        hold = (await store.holds(work, [hold_id]))[hold_id]
        if hold.lifted_at is not None:
            return hold
        if hold.kind is HoldKind.ERASURE:
            raise problem(UserErrorCode.CONFLICT, "an erasure is not taken back", "holdId")
        if hold.kind is HoldKind.APPLICATION:
            raise problem(UserErrorCode.CONFLICT, "it ends when the application is decided", "holdId")
        if hold.kind is HoldKind.CEASE and caller.role not in (Role.COMPLIANCE, Role.ADMIN):
            owner = (await store.by_id(work, [hold.customer_id]))[hold.customer_id]
            if await erasures.suppressed(work, [erasures.of_reference(work, owner.reference)]):
                message = "this customer was erased before: compliance decides whether they are contacted again"
                raise problem(UserErrorCode.CONFLICT, message, "holdId")
        await store.lift_hold(work, hold, reason, caller)
        for beside in await despair.ends_with(work, hold):
            await store.lift_hold(work, beside, reason, caller)
        return replace(hold, lifted_at=work.now)


@repeated
async def mark_point(gateway: Gateway, caller: Caller, point_id: str, usable: bool) -> ContactPoint:
    """An address is known to be wrong or somebody else's, or known to be right again."""
    async with gateway.database.write() as work:
        point = (await store.points(work, [point_id])).get(point_id)
        if point is None or not may_see(caller, point.customer_id):
            raise problem(UserErrorCode.NOT_FOUND, "no such contact point", "contactPointId")
        await work.lock([point.customer_id])
        refuse_if_forgotten((await store.by_id(work, [point.customer_id]))[point.customer_id], "contactPointId")
        marked = replace((await store.points(work, [point_id]))[point_id], usable=usable)
        if usable:
            await _release(work, caller, marked)
        await store.change_points(work, [marked], caller)
    return marked


async def _release(work: Work, caller: Caller, point: ContactPoint) -> None:
    """An address that was erased is used again only if somebody who may decide that says so."""
    index = work.index(point.address)
    if await erasures.suppressed(work, [index]):
        if caller.role not in (Role.COMPLIANCE, Role.ADMIN):
            message = "this address was erased: compliance decides whether it may be used again"
            raise problem(UserErrorCode.CONFLICT, message, "usable")
        await erasures.release(work, index)


@repeated
async def link(gateway: Gateway, caller: Caller, customer_ids: Collection[str]) -> list[Customer]:
    """These references are one person: caps, holds and withdrawals of one hold for all. Links add up."""
    async with gateway.database.write() as work:
        await work.lock(customer_ids)
        found = await store.by_id(work, customer_ids)
        for index, customer_id in enumerate(customer_ids):
            if customer_id not in found:
                raise problem(UserErrorCode.NOT_FOUND, "no such customer", "customerIds", str(index))
            refuse_if_forgotten(found[customer_id], "customerIds", str(index))
        linked = set(customer_ids).union(*(await store.same_person(work, customer_ids)).values())
        await work.lock(linked)
        await store.link(work, linked, min(linked), caller)
        everybody = await store.by_id(work, linked)
    return [everybody[customer_id] for customer_id in sorted(linked)]


@repeated
async def set_preferences(gateway: Gateway, caller: Caller, wanted: SetPreferences) -> Customer:
    async with gateway.database.write() as work:
        customer = await locked_customer(work, caller, wanted.customer_id)
        await refuse_if_erased(work, customer.id, "customerId")
        changed = replace(
            customer,
            preferred_channels=customer.preferred_channels if wanted.channels is None else wanted.channels,
            windows=customer.windows if wanted.windows is None else wanted.windows,
        )
        await store.change(work, [changed], caller)
    return changed


async def account_id(work: Work, customer: Customer, reference: str, field: str) -> str:
    """The customer's account of that reference."""
    found = (await bills.accounts_of(work, customer.id)).get(reference)
    if found is None:
        raise problem(UserErrorCode.NOT_FOUND, "the customer has no account of this reference", field)
    return found


async def locked_customer(work: Work, caller: Caller, customer_id: str) -> Customer:
    """The customer, locked. What the caller may not see does not exist."""
    await work.lock([customer_id])
    customer = (await store.by_id(work, [customer_id])).get(customer_id)
    if customer is None or not may_see(caller, customer.id):
        raise problem(UserErrorCode.NOT_FOUND, "no such customer", "customerId")
    refuse_if_forgotten(customer, "customerId")
    return customer


def refuse_if_forgotten(customer: Customer, *field: str) -> None:
    """Whatever was said of them now would be sealed by a key that is destroyed: it would be taken, and lost."""
    if customer.erased_at is not None:
        raise problem(UserErrorCode.CONFLICT, "this customer was erased: nothing more is taken of them", *field)


async def _check_point(work: Work, customer: Customer, point_id: str | None) -> None:
    if point_id is not None:
        point = (await store.points(work, [point_id])).get(point_id)
        if point is None or point.customer_id != customer.id:
            message = "the customer has no such contact point"
            raise problem(UserErrorCode.NOT_FOUND, message, "contactPointId")
