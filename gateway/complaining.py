"""Complaints: demands pause from the moment one is on record until a person has answered it.

fileComplaint     on record, a COMPLAINT hold on the debt it is about or on all, waiting demands taken back
a reply           the same, of all debts, in the transaction that records it
settleComplaint   the hold ends, and the customer is told the answer by the rules like any contact
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway import despair
from gateway.callers import may_see
from gateway.contact import Answer, accept_in, announce
from gateway.core import Gateway
from gateway.customers import account_id, locked_customer
from gateway.ending import DEMANDS, take_back
from gateway.model import (
    GATEWAY,
    Caller,
    Complaint,
    ComplaintStatus,
    Contact,
    Customer,
    Reply,
    UserErrorCode,
    problem,
)
from gateway.once import Once
from gateway.requests import RequestContact
from gateway.store import complaints as store
from gateway.store import contacts, customers
from gateway.store.faults import repeated
from gateway.store.work import Work
from gateway.words import BadWords
from policies.facts import HoldKind, Purpose

TAKEN_BACK = "the customer complained"

_ANSWERING = replace(GATEWAY, purposes=frozenset({Purpose.CUSTOMER_REPLY}))
"""The complaint that is on record is the evidence that the customer waits for an answer."""


@dataclass(frozen=True, slots=True)
class FileComplaint:
    """`fingerprint` tells whether the same key comes with the same body."""

    customer_id: str
    idempotency_key: str
    fingerprint: str
    text: str = field(repr=False)
    contact_id: str | None = None
    account: str | None = None
    at: datetime | None = None


@repeated
async def file(gateway: Gateway, caller: Caller, wanted: FileComplaint) -> tuple[Complaint, bool]:
    """Put a complaint on record; whether the key was seen before. Demands about its debt, or any, pause."""
    async with gateway.database.write() as work:
        once = Once(caller.id, wanted.idempotency_key, "fileComplaint", wanted.fingerprint)
        if (before := await once.before(work)) is not None:
            return (await store.by_id(work, [before]))[before], True
        customer = await locked_customer(work, caller, wanted.customer_id)
        if wanted.at is not None and wanted.at > work.now:
            raise problem(UserErrorCode.INVALID, "lies in the future", "at")
        about = await _contact(work, customer, wanted.contact_id)
        account = await account_id(work, customer, wanted.account, "account") if wanted.account else None
        complaint, gone = await put_on_record(
            work, caller, customer.id, text=wanted.text, at=wanted.at or work.now, contact_id=about, account_id=account
        )
        await once.keep(work, complaint.id)
    announce(gateway, gone, wake=True)
    return complaint, False


@repeated
async def settle(
    gateway: Gateway, caller: Caller, complaint_id: str, answer: str
) -> tuple[Complaint, Contact | None, bool]:
    """A person has answered it: its hold ends. The contact that tells the customer; None where none could be made.

    Settling twice is settling once: the same answer again is told apart, and another is a CONFLICT.
    """
    async with gateway.database.write() as work:
        found = (await store.by_id(work, [complaint_id])).get(complaint_id)
        if found is None or not may_see(caller, found.customer_id):
            raise problem(UserErrorCode.NOT_FOUND, "no such complaint", "complaintId")
        await work.lock([found.customer_id])
        found = (await store.by_id(work, [complaint_id]))[complaint_id]
        if found.status is ComplaintStatus.SETTLED:
            if found.answer != answer:
                raise problem(UserErrorCode.CONFLICT, "was settled before: the first answer stands", "answer")
            return found, None, True
        await store.settle(work, found, answer, caller)
        await _lift(work, caller, found, answer)
        told = await _told(gateway, work, found, answer)
        settled = (await store.by_id(work, [complaint_id]))[complaint_id]
    announce(gateway, [told] if told else [], wake=True)
    return settled, told, False


async def heard(work: Work, reply: Reply) -> list[Contact]:
    """A reply complains. The demands that were taken back. The customer is locked."""
    assert reply.customer_id is not None
    _, gone = await put_on_record(work, GATEWAY, reply.customer_id, text=reply.text, at=reply.at)
    return gone


async def put_on_record(
    work: Work,
    caller: Caller,
    customer_id: str,
    *,
    text: str,
    at: datetime,
    contact_id: str | None = None,
    account_id: str | None = None,
) -> tuple[Complaint, list[Contact]]:
    """With its hold; and the demands that were taken back. The customer is locked."""
    hold = replace(customers.hold_now(work, customer_id, HoldKind.COMPLAINT), account_id=account_id)
    await customers.add_hold(work, hold, note=None, caller_id=caller.id)
    complaint = Complaint(
        id=work.new_id(),
        customer_id=customer_id,
        contact_id=contact_id,
        account_id=account_id,
        text=text,
        at=at,
        recorded_at=work.now,
        hold_id=hold.id,
        status=ComplaintStatus.OPEN,
    )
    await store.add(work, complaint, caller)
    gone = await despair.heard(work, caller, customer_id, text)
    gone += await _take_demands_back(work, caller, customer_id, account_id)
    await contacts.reconsider(work, customer_id)
    return complaint, gone


async def _contact(work: Work, customer: Customer, contact_id: str | None) -> str | None:
    """The contact that it is about has to be the customer's."""
    if contact_id is None:
        return None
    found = (await contacts.by_id(work, [contact_id])).get(contact_id)
    if found is None or found.contact.customer_id != customer.id:
        raise problem(UserErrorCode.NOT_FOUND, "the customer has no such contact", "contactId")
    return contact_id


async def _take_demands_back(work: Work, caller: Caller, customer_id: str, account: str | None) -> list[Contact]:
    """A demand that names no debt may be about this one."""
    waiting = await contacts.unsent(work, customer_id, DEMANDS)
    gone = [one.contact for one in waiting if account is None or one.account_id in (None, account)]
    if gone:
        await take_back(work, caller, customer_id, [one.id for one in gone], TAKEN_BACK)
    return gone


async def _lift(work: Work, caller: Caller, complaint: Complaint, answer: str) -> None:
    if complaint.hold_id is None:
        return
    hold = (await customers.holds(work, [complaint.hold_id]))[complaint.hold_id]
    if hold.lifted_at is None:
        await customers.lift_hold(work, hold, answer, caller)


async def _told(gateway: Gateway, work: Work, complaint: Complaint, answer: str) -> Contact | None:
    """What is too long for a message, or has nowhere to go, is told by whoever settled it, in a way of their own.

    Raises `Unacceptable` for what no message may say: then nothing was settled.
    """
    purpose = Purpose.CUSTOMER_REPLY
    customer = (await customers.by_id(work, [complaint.customer_id]))[complaint.customer_id]
    try:
        gateway.words.check_said(
            gateway.words.default(purpose), purpose, customer.locale, {"answer": answer}, customer.name
        )
    except BadWords as bad:
        raise problem(UserErrorCode.INVALID, str(bad), "answer") from None
    wanted = RequestContact(
        caller=_ANSWERING,
        idempotency_key=f"complaint:{complaint.id}",
        fingerprint=complaint.id,
        answers_what_was_at=complaint.at,
        customer_id=complaint.customer_id,
        purpose=purpose,
        variables={"answer": answer},
    )
    [accepted] = await accept_in(gateway, work, [wanted])
    return accepted.contact if isinstance(accepted, Answer) else None
