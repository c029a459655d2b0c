"""Two customers with something of every kind, and who has to do with each of them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from channels import base
from channels.base import Arrival, Message, OutcomeUnknown, Receipt
from channels.sandbox import Behaviour
from gateway import (
    applications,
    callbacks,
    complaining,
    customers,
    ending,
    events,
    pausing,
    payments,
    promises,
    relief,
    replying,
    sandbox,
    surveying,
    views,
)
from gateway.api.ids import Kind, global_id
from gateway.callers import authenticate
from gateway.complaining import FileComplaint
from gateway.contact import Answer
from gateway.core import Ear
from gateway.model import Callback, Caller, Customer, OutsideResult, Role
from gateway.receiving import receive
from gateway.relief import RecordHardshipSignal
from gateway.requests import (
    PlaceHold,
    RecordConsent,
    RecordOutsideContact,
    RecordPayment,
    RecordPromise,
    SetPreferences,
    SubmitApplication,
)
from gateway.store import applications as application_rows
from gateway.store import attempts, pages, replies
from gateway.store import bills as bill_rows
from gateway.store import customers as store
from gateway.store.pages import Window
from gateway.surveying import RecordSurveyAnswer, Said
from gateway.views import View
from policies.facts import BillStatus, Channel, ConsentStatus, HoldKind, Initiator, Medium, Purpose
from policies.hardship import SignalKind
from policies.plans import Instalment
from tests.api.client import Api, open_api
from tests.world import SERVICE

OPEN = """
code = "TEST"
name = "A pack for tests"
version = "1"

[[rules]]
id = "test.cap"
kind = "frequency"
title = "A thousand contacts in a week"
title_zh = "一周一千次"
confidence = "VERIFIED"
citation = "Test Act, section 1"
source = "https://law.example/1"
effective_from = 2020-01-01
limit = 1000
window = { type = "rolling_hours", hours = 168 }
scope = "person"
counts = "contacts"
media = ["SMS", "EMAIL", "VOICE"]
"""
"""Nothing is ever refused or late, and a cap says what is left."""

MAIL = Ear("email", Channel.EMAIL, frozenset({"email"}))
TEXTS = Ear("sms", Channel.SMS, frozenset({"sms"}))

WHO = {Role.SERVICE: "service", Role.AGENT: "agent", Role.COMPLIANCE: "audit", Role.ADMIN: "admin"}
RINGING = (Role.AGENT, Role.ADMIN)

_NUMBERS = count(1)


@dataclass
class Life:
    """A customer, and what the callers of this life's names requested, made and hold about them.

    `things` are global ids by kind: of the customer, or of what one role has in hand.
    """

    customer: Customer
    names: dict[Role, str]
    bill: str = ""
    account: str = ""
    mail_point: str = ""
    things: dict[Kind, list[str]] = field(default_factory=dict)
    in_hand: dict[Role, dict[Kind, list[str]]] = field(default_factory=dict)
    unclear: str = ""
    cancelled: str = ""
    waiting: str = ""
    open_reply: str = ""
    open_bill: str = ""
    replaced_bill: str = ""
    surveyed: str = ""

    def id(self, kind: Kind) -> str:
        return self.things[kind][0]

    def who(self, role: Role) -> dict[str, Any]:
        """Whose key asks: this life's customer, or its caller of that role."""
        return {"customer": self.customer} if role is Role.CUSTOMER else {"role": role, "name": self.names[role]}


@dataclass
class Lives:
    api: Api
    mine: Life
    theirs: Life
    pause: str

    def __iter__(self) -> Iterator[Life]:
        yield from (self.mine, self.theirs)


@asynccontextmanager
async def open_lives(folder: Path) -> AsyncIterator[Lives]:
    async with open_api(folder, packs={"test": OPEN}, sandbox=True) as api:
        mine = await live(api, "Wang Fang", {role: f"my {name}" for role, name in WHO.items()})
        theirs = await live(api, "Li Na", {role: f"their {name}" for role, name in WHO.items()})
        gateway = api.world.gateway
        admin = await caller_of(api, mine, Role.ADMIN)
        pause = await pausing.pause(gateway, admin, "a test", purpose=None, channel=None, provider="email")
        await pausing.resume(gateway, admin, pause.id, "it is over")
        yield Lives(api, mine, theirs, global_id(Kind.PAUSE, pause.id))


async def caller_of(api: Api, life: Life, role: Role) -> Caller:
    key = await api.key(role, name=life.names[role])
    caller = await authenticate(api.world.gateway, f"Bearer {key}")
    assert caller is not None
    return caller


async def live(api: Api, name: str, names: dict[Role, str]) -> Life:
    world, gateway = api.world, api.world.gateway
    customer = await world.customer("TEST", name=name, locale="en")
    life = Life(customer, names)
    service, agent = await caller_of(api, life, Role.SERVICE), await caller_of(api, life, Role.AGENT)
    phone, mail = await world.points(customer)
    bill = await world.bill(customer, instalment=1)
    life.bill, life.account = bill.id, bill.account.reference
    paid = RecordPayment(f"P-{bill.id}", "f", Decimal(1), "CNY", bill_id=bill.id)
    await payments.record(gateway, service, paid)
    life.mail_point = global_id(Kind.CONTACT_POINT, mail.id)

    await _say_what_is_known(api, life, service, phone.id)
    sent = await world.request(
        customer, Channel.SMS, caller=service, bill_id=bill.id, reference="run 7", purpose=Purpose.OVERDUE_REMINDER
    )
    await world.deliver()
    [attempt] = await world.attempts(sent)
    await receive(gateway, TEXTS, [Receipt(f"r-{attempt.id}", attempt.id, Arrival.DELIVERED, code="0")])
    await _put_into_the_inbox(api, attempt.id)
    world.sms.answer_next(OutcomeUnknown("cut"))
    unclear = await world.request(customer, Channel.SMS, caller=service)
    await world.deliver()
    later = {"not_before": world.clock() + timedelta(days=1), "expires_at": world.clock() + timedelta(days=2)}
    cancelled = await world.request(customer, Channel.SMS, caller=service, **later)
    await ending.cancel(gateway, service, cancelled.contact.id, "it was paid")
    waiting = await world.request(customer, Channel.SMS, caller=service, **later)
    for role in RINGING:
        await _hold_calls(api, life, role, service)
    await _write(api, life, mail.address, agent)
    diverted = await _tell(api, life, agent, sent.contact.id)
    await _look(api, life, sent.contact.id)
    await _apply(api, life, agent)
    await _replace(api, life)
    subscription = await events.subscribe(gateway, gateway.poster, service, "https://8.8.8.8/events", ("contact.sent",))
    life.things[Kind.EVENT_SUBSCRIPTION] = [global_id(Kind.EVENT_SUBSCRIPTION, subscription.id)]
    life.unclear, life.cancelled, life.waiting = (
        global_id(Kind.CONTACT, one.contact.id) for one in (unclear, cancelled, waiting)
    )
    await _name(api, life, [sent, unclear, cancelled, waiting, diverted])
    return life


async def _apply(api: Api, life: Life, agent: Caller) -> None:
    """An application that was declined, and a bill for which another may be made."""
    gateway = api.world.gateway
    bill = await api.world.bill(life.customer, account=f"plan of {life.customer.reference}")
    life.open_bill = global_id(Kind.BILL, bill.id)
    parts = (Instalment(date(2026, 12, 10), bill.amount_due),)
    wanted = SubmitApplication(f"apply {bill.id}", "body", bill.id, parts, "ill", ("scan-1",))
    submitted = await applications.submit(gateway, agent, wanted)
    await applications.decide(gateway, agent, submitted.application.id, False, "not now")


async def _replace(api: Api, life: Life) -> None:
    """A bill in whose place an instalment stands, without the promise that an agreed plan brings."""
    bill = await api.world.bill(life.customer, account=f"in plan of {life.customer.reference}")
    life.replaced_bill = bill.id
    async with api.world.gateway.database.write() as work:
        await work.lock([life.customer.id])
        part = replace(bill, id=work.new_id(), reference=f"part of {bill.id}", instalment=1, in_place_of=bill.id)
        await bill_rows.change(work, [replace(bill, status=BillStatus.IN_PLAN)], SERVICE)
        await bill_rows.add(work, [part], SERVICE)


async def _say_what_is_known(api: Api, life: Life, service: Caller, point: str) -> None:
    gateway, whose, clock = api.world.gateway, life.customer.id, api.world.clock
    consent = RecordConsent(
        whose, ConsentStatus.GRANTED, "form", channel=Channel.SMS, contact_point_id=point, purpose=Purpose.FOLLOW_UP
    )
    await customers.record_consent(gateway, service, consent)
    await customers.set_preferences(gateway, service, SetPreferences(whose, (Channel.SMS,)))
    outside = RecordOutsideContact(
        whose, f"O-{whose}", "f", Medium.VOICE, OutsideResult.CONVERSATION, Initiator.CUSTOMER, clock()
    )
    _, told, _ = await customers.record_outside_contact(gateway, service, outside)
    answers = {
        "caller": service,
        "purpose": Purpose.CUSTOMER_REPLY,
        "in_reply_to": told.id,
        "variables": {"answer": "OK"},
    }
    await api.world.request(life.customer, Channel.EMAIL, **answers)
    promise = RecordPromise(whose, date(2026, 12, 1), life.account, Decimal("10.00"), "CNY")
    await promises.record(gateway, service, promise)
    hold = PlaceHold(
        whose,
        HoldKind.HARDSHIP,
        channel=Channel.EMAIL,
        account=life.account,
        ends=clock() + timedelta(days=9),
    )
    placed, _ = await customers.place_hold(gateway, service, hold)
    await customers.lift_hold(gateway, service, placed.id, "over")


async def _put_into_the_inbox(api: Api, attempt_id: str) -> None:
    message = Message(attempt_id, "+8613900000000", "What would be read.", subject="About your loan")
    await sandbox.Inbox(api.world.gateway.database).put("sandbox", message, Behaviour.DELIVERED)


async def _hold_calls(api: Api, life: Life, role: Role, service: Caller) -> None:
    """One call that was booked with a note, one that the gateway made with words to say: held, after a first ring."""
    caller, world = await caller_of(api, life, role), api.world
    booked = await world.request(
        life.customer, Channel.CALLBACK, caller=service, is_callback=True, not_before=world.clock(), note="ask for her"
    )
    first = await ring_and_claim(api, caller)
    made = await world.request(life.customer, Channel.CALLBACK, caller=service, bill_id=life.bill)
    await world.deliver()
    second = await ring_and_claim(api, caller)
    rung = [*await world.attempts(booked), *await world.attempts(made)]
    assert first.contact_point_id is not None
    life.in_hand[role] = {
        Kind.CALLBACK: [global_id(Kind.CALLBACK, one.id) for one in (first, second)],
        Kind.CONTACT: [global_id(Kind.CONTACT, one.contact.id) for one in (booked, made)],
        Kind.ATTEMPT: [global_id(Kind.ATTEMPT, one.id) for one in rung],
        Kind.CONTACT_POINT: [global_id(Kind.CONTACT_POINT, first.contact_point_id)],
    }


async def ring_and_claim(api: Api, caller: Caller) -> Callback:
    """The only call that waits: rung once without an answer and given back with a note, then in hand again."""
    gateway = api.world.gateway
    claimed, _ = await callbacks.claim(gateway, caller, f"claim {next(_NUMBERS)}")
    assert claimed is not None
    await callbacks.release(gateway, caller, claimed.id, "engaged")
    return await claim(api, caller)


async def claim(api: Api, caller: Caller) -> Callback:
    claimed, _ = await callbacks.claim(api.world.gateway, caller, f"claim {next(_NUMBERS)}")
    assert claimed is not None
    return claimed


async def _write(api: Api, life: Life, mail: str, agent: Caller) -> None:
    gateway = api.world.gateway
    for number in range(2):
        await receive(gateway, MAIL, [base.Reply(f"reply-{number}-{life.customer.id}", mail, "What is this about?")])
    async with gateway.database.read() as work:
        settled, open_ = sorted(await replies.of_customers(work, [life.customer.id]), key=lambda one: one.id)
    await replying.settle(gateway, agent, settled.id, "explained")
    life.things[Kind.REPLY] = [global_id(Kind.REPLY, settled.id), global_id(Kind.REPLY, open_.id)]
    life.open_reply = life.things[Kind.REPLY][1]


async def _tell(api: Api, life: Life, agent: Caller, contact_id: str) -> Answer:
    """Paying is hard, one sign of it was an error, and a complaint was answered. A notice that is another now."""
    gateway, whose = api.world.gateway, life.customer.id

    async def told(kind: SignalKind) -> str:
        wanted = RecordHardshipSignal(whose, f"{kind} {whose}", "f", kind, life.account, "by phone")
        return (await relief.record(gateway, agent, wanted))[0].id

    lost, error = await told(SignalKind.JOB_LOSS), await told(SignalKind.SPENDING_CHANGED)
    await relief.withdraw(gateway, agent, error, "it was somebody else")
    wanted = FileComplaint(whose, f"complaint {whose}", "f", "too often", contact_id, life.account)
    complaint, _ = await complaining.file(gateway, agent, wanted)
    await complaining.settle(gateway, agent, complaint.id, "OK")
    await _ask(api, life, agent)
    life.things[Kind.HARDSHIP_SIGNAL] = [global_id(Kind.HARDSHIP_SIGNAL, one) for one in (lost, error)]
    life.things[Kind.COMPLAINT] = [global_id(Kind.COMPLAINT, complaint.id)]
    return await api.world.request(life.customer, Channel.SMS, bill_id=life.bill, purpose=Purpose.OVERDUE_REMINDER)


async def _ask(api: Api, life: Life, agent: Caller) -> None:
    """They were not content, and want a call, which nobody makes here."""
    world = api.world
    asked = await world.request(life.customer, Channel.SMS)
    await world.deliver()
    said = RecordSurveyAnswer(asked.contact.id, f"asked {life.customer.id}", "f", Said(2, "nobody called", True))
    answer, _ = await surveying.record(world.gateway, agent, said)
    assert answer.call_id is not None
    await ending.cancel(world.gateway, agent, answer.call_id, "not here")
    life.surveyed = global_id(Kind.CONTACT, asked.contact.id)
    life.things[Kind.SURVEY_ANSWER] = [global_id(Kind.SURVEY_ANSWER, answer.id)]


async def _look(api: Api, life: Life, contact_id: str) -> None:
    """A person and a service saw the message that was sent."""
    for role in (Role.COMPLIANCE, Role.SERVICE):
        view = View(life.customer.id, "contact.message", contact_id, "a complaint")
        await views.record(api.world.gateway, await caller_of(api, life, role), [view])


async def _name(api: Api, life: Life, answers: list[Answer]) -> None:
    """The ids of everything."""
    owner = life.customer.id
    async with api.world.gateway.database.read() as work:
        found: dict[Kind, list[str]] = {
            Kind.CUSTOMER: [owner],
            Kind.CONTACT_POINT: [one.id for one in await store.points_of(work, [owner])],
            Kind.CONSENT: [one.id for one in await store.consents_of(work, [owner])],
            Kind.HOLD: [one.id for one in await store.holds_of(work, [owner])],
            Kind.PROMISE: [one.id for one in await store.promises_of(work, [owner])],
            Kind.OUTSIDE_CONTACT: [one.id for one in await store.outside_of(work, [owner], life.customer.created_at)],
            Kind.ATTEMPT: [one.id for answer in answers for one in await attempts.of_contact(work, answer.contact.id)],
            Kind.CONTACT: [answer.contact.id for answer in answers],
            Kind.BILL: [life.bill, life.replaced_bill],
            Kind.VIEW: [one.id for one in (await pages.views_of_customers(work, [owner], Window(10)))[owner].items],
        }
        bills = await pages.bills_of_customers(work, [owner], pages.BillFilter(), Window(1))
        found[Kind.ACCOUNT] = [bills[owner].items[0].account.id]
        found[Kind.APPLICATION] = [one.id for one in await application_rows.of_customers(work, [owner])]
    life.things |= {kind: [global_id(kind, one) for one in ids] for kind, ids in found.items()}
    for kind in (Kind.CALLBACK, Kind.CONTACT, Kind.ATTEMPT):
        held = [one for role in RINGING for one in life.in_hand[role][kind]]
        life.things[kind] = life.things.get(kind, []) + held
