"""A customer tells, or writes, that paying is hard. What it leads to happens in the same transaction.

recordHardshipSignal   on record -> above the threshold: waiting notices are taken back, and for each overdue
                       account an easier plan is offered, or a call about it
a reply                on record -> above the threshold: waiting notices are taken back. Nobody writes while words
                       stand unread: the offer is made when a person has settled the reply
a payment, a promise   what they show lifts the score above the threshold: waiting notices are taken back, and the
                       offer is made in their place
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway import despair
from gateway.calendars import day_of
from gateway.callers import may_see
from gateway.contact import Answer, accept_in, announce
from gateway.core import Gateway
from gateway.customers import account_id, locked_customer, refuse_if_erased
from gateway.ending import take_back
from gateway.hardship import assessments
from gateway.model import (
    GATEWAY,
    Bill,
    Caller,
    Contact,
    Customer,
    HardshipSignal,
    Reply,
    UserErrorCode,
    problem,
)
from gateway.once import Once
from gateway.requests import RequestContact
from gateway.store import bills, contacts, customers
from gateway.store import hardship as store
from gateway.store.faults import repeated
from gateway.store.work import Work
from policies.facts import BillStatus, Channel, Purpose
from policies.hardship import NOTICES, SEEN, HardshipLevel, SignalKind

TAKEN_BACK = "paying is hard for the customer: an easier plan is offered in place of the notice"


@dataclass(frozen=True, slots=True)
class RecordHardshipSignal:
    """`fingerprint` tells whether the same key comes with the same body."""

    customer_id: str
    idempotency_key: str
    fingerprint: str
    kind: SignalKind
    account: str | None = None
    note: str | None = field(default=None, repr=False)
    at: datetime | None = None


@repeated
async def record(
    gateway: Gateway, caller: Caller, wanted: RecordHardshipSignal
) -> tuple[HardshipSignal, list[Contact], bool]:
    """Put a signal on record; the offers it led to, and whether the key was seen before."""
    if wanted.kind in SEEN:
        raise problem(UserErrorCode.INVALID, "is seen in payments, and not recorded", "kind")
    async with gateway.database.write() as work:
        once = Once(caller.id, wanted.idempotency_key, "recordHardshipSignal", wanted.fingerprint)
        if (before := await once.before(work)) is not None:
            return (await store.by_id(work, [before]))[before], [], True
        customer = await locked_customer(work, caller, wanted.customer_id)
        await refuse_if_erased(work, customer.id, "customerId")
        if wanted.at is not None and wanted.at > work.now:
            raise problem(UserErrorCode.INVALID, "lies in the future", "at")
        signal = HardshipSignal(
            id=work.new_id(),
            customer_id=customer.id,
            kind=wanted.kind,
            account_id=await account_id(work, customer, wanted.account, "account") if wanted.account else None,
            reply_id=None,
            note=wanted.note,
            at=wanted.at or work.now,
            recorded_at=work.now,
        )
        despairs = await despair.heard(work, caller, customer.id, wanted.note)
        rises, gone = await _recorded(gateway, work, caller, signal)
        gone += despairs
        offers = await offer(gateway, work, customer, signal.id) if rises else []
        await once.keep(work, signal.id)
    announce(gateway, [*gone, *offers], wake=bool(offers))
    return signal, offers, False


@repeated
async def withdraw(gateway: Gateway, caller: Caller, signal_id: str, reason: str) -> HardshipSignal:
    """It was recorded in error, and counts no more. What it led to stays. Twice is the same as once."""
    async with gateway.database.write() as work:
        found = (await store.by_id(work, [signal_id])).get(signal_id)
        if found is None or not may_see(caller, found.customer_id):
            raise problem(UserErrorCode.NOT_FOUND, "no such signal", "signalId")
        await work.lock([found.customer_id])
        found = (await store.by_id(work, [signal_id]))[signal_id]
        if found.withdrawn_at is not None:
            return found
        await store.withdraw(work, found, reason, caller)
        return replace(found, withdrawn_at=work.now)


async def heard(gateway: Gateway, work: Work, reply: Reply) -> list[Contact]:
    """A reply says that paying is hard. The notices that were taken back.

    The customer is locked, and the hold for unread words stands: an offer would be refused now.
    """
    assert reply.customer_id is not None
    signal = HardshipSignal(
        id=work.new_id(),
        customer_id=reply.customer_id,
        kind=gateway.hardship.kind_of(reply.text),
        account_id=None,
        reply_id=reply.id,
        note=None,
        at=reply.at,
        recorded_at=work.now,
    )
    _, gone = await _recorded(gateway, work, GATEWAY, signal)
    return gone


async def settled(gateway: Gateway, work: Work, customer_id: str, reply_ids: Sequence[str]) -> list[Contact]:
    """These replies have been read, and writing may go on. Who wrote that paying is hard is offered a plan now.

    Whoever read it and found that it said something else has withdrawn the signal before.
    """
    signals = [
        one
        for one in (await store.of_customers(work, [customer_id])).get(customer_id, ())
        if one.reply_id in reply_ids and one.withdrawn_at is None
    ]
    if not signals:
        return []
    customer = (await customers.by_id(work, [customer_id]))[customer_id]
    return await offer(gateway, work, customer, signals[-1].id)


async def shown(gateway: Gateway, work: Work, customer_id: str, cause_id: str) -> list[Contact]:
    """What a customer paid, or did not, may show that paying is hard: then what waits to demand becomes an offer.

    `cause_id`: the payment or the promise. The customer is locked.
    """
    gone = [one.contact for one in await contacts.unsent(work, customer_id, NOTICES)]
    if not gone or (await assessments(gateway, work, [customer_id]))[customer_id].level is HardshipLevel.NONE:
        return []
    await take_back(work, GATEWAY, customer_id, [one.id for one in gone], TAKEN_BACK)
    customer = (await customers.by_id(work, [customer_id]))[customer_id]
    return [*gone, *await offer(gateway, work, customer, cause_id)]


async def offer(gateway: Gateway, work: Work, customer: Customer, signal_id: str) -> list[Contact]:
    """An easier plan for each overdue account, or a call about it, as the score says; asked for once per signal.

    The customer is locked. The rules decide on each as on any contact; where an offer waits already, it is enough.
    """
    assessment = (await assessments(gateway, work, [customer.id]))[customer.id]
    if assessment.level is HardshipLevel.NONE:
        return []
    waiting = {one.account_id for one in await contacts.unsent(work, customer.id, [Purpose.PLAN_OFFER])}
    points = await customers.points_of(work, [customer.id])
    by_call = assessment.level is HardshipLevel.CALL and any(
        one.usable and one.channel is not Channel.EMAIL for one in points
    )
    wanted = [
        RequestContact(
            caller=GATEWAY,
            idempotency_key=f"hardship:{signal_id}:{bill.account.id}",
            fingerprint=signal_id,
            customer_id=customer.id,
            purpose=Purpose.PLAN_OFFER,
            bill_id=bill.id,
            channels=(Channel.CALLBACK,) if by_call else (),
        )
        for bill in await _overdue(gateway, work, customer)
        if bill.account.id not in waiting
    ]
    answers = await accept_in(gateway, work, wanted) if wanted else []
    return [one.contact for one in answers if isinstance(one, Answer) and not one.replayed]


async def _recorded(gateway: Gateway, work: Work, caller: Caller, signal: HardshipSignal) -> tuple[bool, list[Contact]]:
    """Whether it lifts the customer to another level, and the notices that were taken back."""
    before = (await assessments(gateway, work, [signal.customer_id]))[signal.customer_id]
    await store.add(work, signal, caller)
    after = (await assessments(gateway, work, [signal.customer_id]))[signal.customer_id]
    if after.level is HardshipLevel.NONE:
        return False, []
    gone = [one.contact for one in await contacts.unsent(work, signal.customer_id, NOTICES)]
    if gone:
        await take_back(work, caller, signal.customer_id, [one.id for one in gone], TAKEN_BACK)
    return after.level.rank > before.level.rank, gone


async def _overdue(gateway: Gateway, work: Work, customer: Customer) -> list[Bill]:
    """The oldest overdue bill of each account."""
    today = day_of(gateway, customer, work.now)
    oldest: dict[str, Bill] = {}
    for bill in await bills.of_customer(work, customer.id):
        if bill.status is BillStatus.OPEN and bill.due_on < today and bill.amount_left:
            oldest.setdefault(bill.account.id, bill)
    return list(oldest.values())
