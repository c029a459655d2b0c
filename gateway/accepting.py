"""Judging one request of a batch: is the input sound, what do the policies say, and what is then on record."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from gateway.calendars import zone_of
from gateway.core import Gateway
from gateway.hardship import diverted, on_record
from gateway.known import Known, Subject, is_awaited
from gateway.model import (
    Bill,
    Callback,
    CallbackStatus,
    Caller,
    Contact,
    ContactStatus,
    Customer,
    OutsideContact,
    Role,
    Unacceptable,
    UserError,
    UserErrorCode,
    problem,
)
from gateway.planning import DEFAULT_CHANNELS, Plan, plan, plan_at_best
from gateway.requests import RequestContact
from gateway.store.contacts import Held
from gateway.store.slots import Slot
from gateway.store.work import Work
from gateway.words import CALL, BadName, BadVariable, OtherPurpose, UnknownTemplate, check_variables
from policies.facts import MEDIUM_OF, Channel, Initiator, PastContact, Reach
from policies.hardship import NOTHING
from policies.holidays import UncoveredYear


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a sound request becomes."""

    held: Held
    plan: Plan
    slot: Slot | None  #: None: refused, and nothing is reserved
    callback: Callback | None  #: a call promised for a wished time stands in the queue at once


def judge(gateway: Gateway, known: Known, work: Work, asked: RequestContact) -> Acceptance:
    """Raises `Unacceptable` with everything that is wrong. What is reserved, the rest of the batch sees.

    What was asked for and what is done differ where hardship makes a notice the offer of a plan.
    """
    customer = visible_customer(known, asked.caller, asked.customer_id)
    hardship = known.hardship.get(customer.id, NOTHING)
    request = diverted(asked, hardship, can_be_called=known.can_be_called(customer.id))
    is_diverted = request is not asked
    bill = visible_bill(known, customer, request.bill_id)
    answers = _answered(known, request, customer)
    _check_times(request, work.now)
    channels = tuple(dict.fromkeys(request.channels or customer.preferred_channels or DEFAULT_CHANNELS))
    template = _template(gateway, request, customer, bill, channels)
    contact_id = work.new_id()
    happened = answers.at if answers else request.answers_what_was_at or work.now
    subject = Subject(
        customer_id=customer.id,
        purpose=request.purpose,
        bill=bill,
        contact_id=contact_id,
        evidence=answers is not None or request.purpose in request.caller.purposes,
        in_reply_to=request.in_reply_to,
        awaited=is_awaited(happened, work.now, channels, request.not_before),
        not_before=request.not_before,
        expires_at=request.expires_at or _lifetime(gateway, max(request.not_before or work.now, work.now)),
    )
    rulebook = gateway.rulebooks.get(customer.jurisdiction)
    if rulebook is None:
        raise problem(UserErrorCode.INVALID, f"there is no rulebook for {customer.jurisdiction} any more")
    try:
        if request.at_best_moment:
            where = zone_of(gateway, customer)
            subject, planned = plan_at_best(known, rulebook, subject, channels, work.now, where)
        else:
            planned = plan(known, rulebook, subject, channels, work.now)
    except UncoveredYear as uncovered:
        raise problem(UserErrorCode.INVALID, str(uncovered)) from None
    due_at = planned.chosen.next_allowed_at if planned.chosen else None
    held = Held(
        contact=Contact(
            id=contact_id,
            customer_id=customer.id,
            bill_id=request.bill_id,
            purpose=request.purpose,
            channels=channels,
            status=ContactStatus.SCHEDULED if due_at else ContactStatus.REFUSED,
            due_at=due_at,
            expires_at=subject.expires_at,
            created_at=work.now,
            reference=request.reference,
            caller_id=request.caller.id,
            requested_by=request.caller.name,
            template=template,
            variables=request.variables,
            evidence=subject.evidence,
            in_reply_to=request.in_reply_to,
            asked_purpose=asked.purpose if is_diverted else None,
            diversion=on_record(hardship) if is_diverted else None,
        ),
        account_id=bill.account.id if bill else None,
        channel=planned.chosen.channel if planned.chosen else None,
        contact_point_id=planned.chosen.point if planned.chosen else None,
        not_before=subject.not_before,
        attempts=0,
        channel_attempts=0,
    )
    slot = None if due_at is None else reserved(held, due_at)
    if slot:
        known.reserve(slot)
    return Acceptance(held, planned, slot, _callback(gateway, work, request, held))


def visible_customer(known: Known, caller: Caller, customer_id: str) -> Customer:
    """What the caller may not see does not exist."""
    customer = known.customers.get(customer_id)
    if customer is None or (caller.role is Role.CUSTOMER and caller.customer_id != customer.id):
        raise problem(UserErrorCode.NOT_FOUND, "no such customer", "customerId")
    return customer


def visible_bill(known: Known, customer: Customer, bill_id: str | None) -> Bill | None:
    if bill_id is None:
        return None
    bill = known.bills.get(bill_id)
    if bill is None or bill.customer_id != customer.id:
        raise problem(UserErrorCode.NOT_FOUND, "the customer has no such bill", "billId")
    return bill


def reserved(held: Held, at: datetime) -> Slot:
    """The slot of a contact that waits for `at`."""
    assert held.channel is not None
    past = PastContact(
        at=at,
        medium=MEDIUM_OF[held.channel],
        reach=Reach.RESERVED,
        purpose=held.contact.purpose,
        accounts=frozenset([held.account_id] if held.account_id else []),
        point=held.contact_point_id,
        contact=held.contact.id,
        evidence=held.contact.evidence,
        bill=held.contact.bill_id,
    )
    return Slot(held.contact.customer_id, held.account_id, None, past)


def _answered(known: Known, request: RequestContact, customer: Customer) -> OutsideContact | None:
    """The contact by the customer that this one answers: the evidence that exempted purposes need."""
    if request.in_reply_to is None:
        return None
    answered = known.outside.get(request.in_reply_to)
    if answered is None or answered.customer_id != customer.id or answered.initiator is not Initiator.CUSTOMER:
        message = "no contact that this customer began is recorded under this id"
        raise problem(UserErrorCode.NOT_FOUND, message, "inReplyTo")
    return answered


def _check_times(request: RequestContact, now: datetime) -> None:
    expires_at = request.expires_at
    field = "until" if request.is_callback else "expiresAt"
    if expires_at is None:
        return
    if expires_at <= now:
        raise problem(UserErrorCode.INVALID, "has already passed", field)
    if request.not_before is not None and expires_at <= request.not_before:
        raise problem(UserErrorCode.INVALID, "must lie after the wished time", field)


def _template(
    gateway: Gateway, request: RequestContact, customer: Customer, bill: Bill | None, channels: tuple[Channel, ...]
) -> str:
    """The template's name, after a look at whether it can be filled on every channel."""
    template = request.template or gateway.words.default(request.purpose)
    product = bill.account.product if bill else None
    needs = partial(gateway.words.missing, locale=customer.locale, jurisdiction=customer.jurisdiction, product=product)
    if request.is_callback and needs(template, Channel.CALLBACK, given=()):
        # Who books a call brings no variables. The agent says in their own words what the script would have said.
        template = CALL
    try:
        if request.template is not None:
            gateway.words.check_purpose(request.template, request.purpose)
        check_variables(request.variables)
        gateway.words.check_said(template, request.purpose, customer.locale, request.variables, customer.name)
        missing = frozenset[str]().union(*(needs(template, channel, given=request.variables) for channel in channels))
    except UnknownTemplate as unknown:
        raise problem(UserErrorCode.NOT_FOUND, str(unknown), "template") from None
    except OtherPurpose as other:
        raise problem(UserErrorCode.INVALID, str(other), "template") from None
    except BadName as bad:
        raise problem(UserErrorCode.INVALID, str(bad), "variables") from None
    except BadVariable as bad:
        raise Unacceptable(UserError(UserErrorCode.INVALID, str(bad), ("variables", bad.name))) from None
    if missing:
        raise Unacceptable(
            *(
                UserError(
                    UserErrorCode.MISSING, f"the template {template} needs the variable {name}", ("variables", name)
                )
                for name in sorted(missing)
            )
        )
    return template


def _lifetime(gateway: Gateway, wished: datetime) -> datetime:
    """A contact that nobody put an end to is not sent months later, however full its caps are."""
    return wished + timedelta(days=gateway.settings.contact_lifetime_days)


def _callback(gateway: Gateway, work: Work, request: RequestContact, held: Held) -> Callback | None:
    contact = held.contact
    if not request.is_callback or contact.due_at is None or contact.expires_at is None:
        return None
    return Callback(
        id=work.new_id(),
        contact_id=contact.id,
        customer_id=contact.customer_id,
        contact_point_id=held.contact_point_id,
        starts=contact.due_at,
        ends=contact.expires_at,
        status=CallbackStatus.WAITING,
        agent=None,
        attempts=0,
        note=request.note,
    )
