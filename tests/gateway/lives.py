"""A customer's busy life: something of everything that is put on record."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from channels import base
from channels.base import OutcomeUnknown, PermanentFailure, TemporaryFailure
from gateway import (
    applications,
    callbacks,
    complaining,
    contact,
    customers,
    ending,
    pausing,
    payments,
    promises,
    relief,
    replying,
    surveying,
    unsubscribe,
    views,
)
from gateway.callers import create_key
from gateway.complaining import FileComplaint
from gateway.core import Ear
from gateway.model import CallResult, Customer, OutsideResult, Role
from gateway.receiving import receive
from gateway.relief import RecordHardshipSignal
from gateway.requests import (
    PlaceHold,
    RecordCall,
    RecordConsent,
    RecordOutsideContact,
    RecordPayment,
    RecordPromise,
    SetPreferences,
    SubmitApplication,
)
from gateway.store import callers, contacts, pages, replies
from gateway.surveying import RecordSurveyAnswer, Said, is_asked_about
from gateway.views import View
from policies.facts import BillStatus, Channel, ConsentStatus, HoldKind, Initiator, Medium
from policies.hardship import SignalKind
from policies.plans import Instalment
from tests.world import AGENT, COMPLIANCE, SERVICE, World


async def live(world: World, *customers: Customer) -> None:
    """Something of everything that is recorded of these customers, all at once."""
    # One message to each leaves well: what follows goes wrong for whoever's turn it is.
    for customer in customers:
        await world.request(customer, Channel.SMS)
        await world.deliver()
    await asyncio.gather(*(_live(world, customer) for customer in customers))
    # What has arrived for one may be sent again, another way, by what another does: they are asked when all is quiet.
    for customer in customers:
        await _ask(world, customer)


async def _live(world: World, customer: Customer) -> None:
    gateway, number = world.gateway, customer.reference
    world.sms.answer_next(TemporaryFailure("busy"), PermanentFailure("blocked"), OutcomeUnknown("cut"))
    for _ in range(3):
        await world.request(customer, Channel.SMS, Channel.EMAIL)
        await world.deliver()
    await contact.accept(gateway, [world.wanted(customer, Channel.SMS) for _ in range(3)])
    later = await world.request(customer, Channel.EMAIL, not_before=world.clock() + timedelta(hours=2))
    await ending.cancel(gateway, SERVICE, later.contact.id, None)
    times = {"not_before": world.clock(), "expires_at": world.clock() + timedelta(hours=4)}
    await world.request(customer, Channel.CALLBACK, is_callback=True, **times)
    await views.record(gateway, AGENT, [View(customer.id, "customer.name", customer.id)])
    outside = RecordOutsideContact(
        customer.id, number, "body", Medium.VOICE, OutsideResult.ATTEMPTED, Initiator.AGENCY, world.clock()
    )
    for _ in range(2):
        await customers.record_outside_contact(gateway, SERVICE, outside)
    await promises.record(gateway, SERVICE, RecordPromise(customer.id, date(2026, 11, 30)))
    claimed, _ = await callbacks.claim(gateway, AGENT, f"claim {number}")
    if claimed is not None:
        await callbacks.record(gateway, AGENT, RecordCall(claimed.id, number, "body", CallResult.NO_ANSWER))
    hold, _ = await customers.place_hold(gateway, SERVICE, PlaceHold(customer.id, HoldKind.COMPLAINT))
    await customers.lift_hold(gateway, SERVICE, hold.id, "answered")
    [_, mail] = await world.points(customer)
    ear = Ear("mail", Channel.EMAIL, frozenset({"email"}))
    heard = [base.Reply(f"{number}-{one}", mail.address, one) for one in ("STOP", "What is this?")]
    await receive(gateway, ear, heard)
    await unsubscribe.withdraw(gateway, mail.unsubscribe_token)
    await customers.record_consent(gateway, SERVICE, RecordConsent(customer.id, ConsentStatus.GRANTED, "form"))
    await _apply(world, customer)
    await _more(world, customer)


async def _apply(world: World, customer: Customer) -> None:
    """A plan that is agreed to, and a promise that comes of it."""
    bill = await world.bill(customer, account=f"plan of {customer.reference}")
    parts = (Instalment(date(2026, 12, 10), bill.amount_due),)
    wanted = SubmitApplication(f"apply {bill.id}", "body", bill.id, parts, "ill", ("scan-1",))
    submitted = await applications.submit(world.gateway, AGENT, wanted)
    await applications.decide(world.gateway, AGENT, submitted.application.id, True, "agreed")
    other = await world.bill(customer)
    wanted = replace(wanted, idempotency_key=f"apply {other.id}", bill_id=other.id)
    await applications.submit(world.gateway, AGENT, wanted)
    await world.bill(customer, reference=other.reference, status=BillStatus.WRITTEN_OFF)


async def _more(world: World, customer: Customer) -> None:
    """What people change afterwards."""
    gateway = world.gateway
    await world.bill(customer)
    await world.bill(customer, reference=f"again {customer.reference}", amount=Decimal("10.50"))
    owed = await world.bill(customer, reference=f"again {customer.reference}", amount=Decimal(9))
    promised = RecordPromise(customer.id, date(2026, 11, 30), owed.account.reference, Decimal(9), "CNY")
    await promises.record(gateway, SERVICE, promised)
    paid = RecordPayment(f"P {customer.reference}", "body", Decimal(9), "CNY", bill_id=owed.id)
    await payments.record(gateway, SERVICE, paid)
    await customers.mark_point(gateway, AGENT, (await world.points(customer))[0].id, True)
    await customers.set_preferences(gateway, SERVICE, SetPreferences(customer.id, channels=(Channel.EMAIL,)))
    async with gateway.database.read() as work:
        written = await replies.of_customers(work, [customer.id])
    await replying.settle(gateway, AGENT, written[-1].id, "answered by phone")
    await _told(world, customer)


async def _told(world: World, customer: Customer) -> None:
    """What customers told us, and what became of it."""
    gateway, number = world.gateway, customer.reference
    for kind in (SignalKind.OTHER, SignalKind.SPENDING_CHANGED):
        heard = RecordHardshipSignal(customer.id, f"{kind} {number}", "body", kind, note="by phone")
        signal, _, _ = await relief.record(gateway, AGENT, heard)
    await relief.withdraw(gateway, AGENT, signal.id, "an error")
    for text in ("too often", "too late"):
        wanted = FileComplaint(customer.id, f"{text} {number}", "body", text)
        complaint, _ = await complaining.file(gateway, AGENT, wanted)
    await complaining.settle(gateway, AGENT, complaint.id, "OK")


async def _ask(world: World, customer: Customer) -> None:
    """How we did, where anything has left that may be asked about."""
    await world.deliver()
    async with world.gateway.database.read() as work:
        rows = (await pages.contacts(work, pages.ContactFilter(customer_id=customer.id), pages.Window(50))).items
        left = [one for one in (await contacts.by_id(work, [row.id for row in rows])).values() if is_asked_about(one)]
    for one in left[:1]:
        said = Said(1, "still too often", wants_call=True)
        wanted = RecordSurveyAnswer(one.contact.id, f"asked {customer.reference}", "body", said)
        await surveying.record(world.gateway, AGENT, wanted)


async def keep_house(world: World) -> None:
    """What concerns no customer."""
    gateway = world.gateway
    pause = await pausing.pause(gateway, COMPLIANCE, "a look", channel=Channel.SMS)
    await pausing.resume(gateway, COMPLIANCE, pause.id, "seen")
    for name in ("Li", "Wang"):
        await create_key(gateway.database, Role.AGENT, name)
    async with gateway.database.write() as work:
        first, *_ = await callers.listed(work)
        await callers.revoke(work, first.caller.id)
