"""A gateway on a real SQLite file, with a clock that stands still and providers that remember."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import text

from channels.sandbox import Sandbox
from gateway import asking, contact, customers
from gateway.app import lender, open_gateway
from gateway.clock import StoppedClock
from gateway.contact import Answer
from gateway.core import Gateway
from gateway.model import Attempt, Bill, Caller, Contact, ContactPoint, Customer, Role
from gateway.requests import NewPoint, Question, RecordConsent, RegisterBill, RegisterCustomer, RequestContact
from gateway.settings import Settings
from gateway.store import attempts, contacts
from gateway.store import customers as customer_store
from gateway.store.contacts import Held
from gateway.words import Words
from policies.decision import Decision
from policies.facts import Channel, ConsentStatus, Purpose
from tests import databases

NOON_IN_CHINA = datetime(2026, 11, 24, 4, tzinfo=UTC)
"""A Tuesday, 12:00 in Shanghai, 23:00 on Monday in New York, 04:00 in London."""

SERVICE = Caller("0" * 32, Role.SERVICE, "billing")
AGENT = Caller("a" * 32, Role.AGENT, "Li")
OTHER_AGENT = Caller("b" * 32, Role.AGENT, "Wang")
COMPLIANCE = Caller("c" * 32, Role.COMPLIANCE, "audit")

MOBILES = {"CN": "+8613900000000", "US": "+12125550123", "UK": "+447911123456"}
ZONES = {"CN": "Asia/Shanghai", "US": "America/New_York", "UK": "Europe/London"}

NO_HOURS_CAP_3 = """
code = "TEST"
name = "A pack for tests"
version = "1"

[[rules]]
id = "test.cap"
kind = "frequency"
title = "Three contacts in seven days"
title_zh = "七天内最多三次联系"
confidence = "HOUSE"
limit = 3
window = { type = "rolling_hours", hours = 168 }
scope = "person"
counts = "contacts"
media = ["SMS", "EMAIL", "VOICE"]
"""
"""Always open, and three contacts in 168 hours."""


@dataclass
class World:
    """The gateway, and short ways to do with it what tests do."""

    gateway: Gateway
    clock: StoppedClock
    sms: Sandbox
    email: Sandbox
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def customer(self, jurisdiction: str = "CN", *points: NewPoint, **more: Any) -> Customer:
        number = next(self._numbers)
        mobile = MOBILES.get(jurisdiction, MOBILES["CN"])
        wanted = RegisterCustomer(
            reference=more.pop("reference", f"C-{number}"),
            locale=more.pop("locale", "zh-CN" if jurisdiction == "CN" else "en"),
            jurisdiction=jurisdiction,
            points=points or (NewPoint(Channel.SMS, mobile), NewPoint(Channel.EMAIL, f"customer{number}@mail.example")),
            name=more.pop("name", "Wang Fang"),
            time_zones=more.pop("time_zones", (ZONES.get(jurisdiction, "Asia/Shanghai"),)),
        )
        return await customers.register(self.gateway, SERVICE, wanted)

    async def bill(self, customer: Customer, **more: Any) -> Bill:
        reference = more.pop("reference", f"B-{next(self._numbers)}")
        wanted = RegisterBill(
            reference=reference,
            customer_id=customer.id,
            account_reference=more.pop("account", f"A-{reference.removeprefix('B-')}"),
            amount_due=more.pop("amount", Decimal("1234.50")),
            currency=more.pop("currency", "CNY"),
            due_on=more.pop("due_on", date(2026, 11, 14)),
            **more,
        )
        return await customers.register_bill(self.gateway, SERVICE, wanted)

    def wanted(self, customer: Customer, *channels: Channel, **more: Any) -> RequestContact:
        number = next(self._numbers)
        return RequestContact(
            caller=more.pop("caller", SERVICE),
            idempotency_key=more.pop("key", f"key-{number}"),
            fingerprint=more.pop("fingerprint", "body"),
            customer_id=customer.id,
            purpose=more.pop("purpose", Purpose.FOLLOW_UP),
            channels=channels,
            **more,
        )

    async def request(self, customer: Customer, *channels: Channel, **more: Any) -> Answer:
        return await contact.request(self.gateway, self.wanted(customer, *channels, **more))

    def trusted(self, *purposes: Purpose) -> Caller:
        """A caller whose word is evidence for these purposes."""
        return Caller("e" * 32, Role.SERVICE, "trusted", purposes=frozenset(purposes))

    async def withdraw(self, customer: Customer, **scope: Any) -> None:
        entry = RecordConsent(customer.id, ConsentStatus.WITHDRAWN, "test", **scope)
        await customers.record_consent(self.gateway, SERVICE, entry)

    async def preview(self, customer: Customer, channel: Channel, **more: Any) -> Decision:
        question = Question(customer.id, more.pop("purpose", Purpose.FOLLOW_UP), **more)
        return (await asking.preview(self.gateway, SERVICE, question, channel))[0]

    async def deliver(self) -> int:
        return await contact.deliver(self.gateway)

    async def held(self, contact_id: str) -> Held:
        async with self.gateway.database.read() as work:
            return (await contacts.by_id(work, [contact_id]))[contact_id]

    async def now(self, answer: Answer) -> Contact:
        """The contact as it is now."""
        return (await self.held(answer.contact.id)).contact

    async def attempts(self, answer: Answer) -> list[Attempt]:
        async with self.gateway.database.read() as work:
            return await attempts.of_contact(work, answer.contact.id)

    async def points(self, customer: Customer) -> list[ContactPoint]:
        async with self.gateway.database.read() as work:
            return await customer_store.points_of(work, [customer.id])

    async def slots(self) -> list[tuple[str, str]]:
        """What counts: reach and attempt, oldest first."""
        async with self.gateway.database.read() as work:
            rows = await work.all(text("SELECT reach, attempt_id FROM slot ORDER BY at, id"))
            return [(str(row[0]), str(row[1])) for row in rows]

    def wait(self, **time: float) -> None:
        self.clock.advance(self.clock() + timedelta(**time))


@asynccontextmanager
async def open_world(
    folder: Path,
    *,
    at: datetime = NOON_IN_CHINA,
    packs: dict[str, str] | None = None,
    sms: Sequence[Sandbox] | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """`sms`: several providers of texts; the first is the world's. Callers may ask as often as they like."""
    rulebooks = folder / "rulebooks"
    rulebooks.mkdir(exist_ok=True)
    for name, pack in {"test": NO_HOURS_CAP_3, **(packs or {})}.items():
        (rulebooks / f"{name}.toml").write_text(pack, encoding="utf-8")
    settings = {"request_limits": dict.fromkeys(Role, 1e6), "cost_limits": dict.fromkeys(Role, 1e9), **settings}
    chosen = databases.settings(folder, rulebooks=rulebooks, **settings)
    clock, texts, email = StoppedClock(at), list(sms or [Sandbox(name="sms")]), Sandbox(name="email")
    providers: dict[Channel, Sandbox | list[Sandbox]] = {Channel.SMS: texts, Channel.EMAIL: email}
    async with open_gateway(
        chosen, clock=clock, providers=providers, words=_words(chosen), elapsed=lambda: clock().timestamp()
    ) as gateway:
        yield World(gateway, clock, texts[0], email)


def _words(settings: Settings) -> Words:
    """Compiled once for all tests that bring no templates of their own: it takes longer than all the rest."""
    return (
        _OURS(lender(settings))
        if settings.templates is None
        else Words.load(settings.templates, lender=lender(settings))
    )


_OURS = cache(lambda whose: Words.load(lender=whose))
