"""The customers of the demo, and their bills."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from gateway import customers
from gateway.core import Gateway
from gateway.model import Bill, Caller, Customer, Role
from gateway.requests import NewPoint, RecordConsent, RegisterBill, RegisterCustomer
from policies.facts import Channel, ConsentStatus

SEED = Caller("demo", Role.SERVICE, "demo")


@dataclass(frozen=True, slots=True)
class Person:
    """One customer of the demo. `days_overdue` below zero: due in so many days."""

    reference: str
    name: str
    locale: str
    jurisdiction: str
    zone: str
    mobile: str
    mail: str
    amount: Decimal
    currency: str
    days_overdue: int
    withdrew: bool = False


PEOPLE = (
    Person(
        "CN-1001", "王芳", "zh-CN", "CN", "Asia/Shanghai", "+8613900000001", "wang.fang@mail.example",
        Decimal("1280.00"), "CNY", 6,
    ),
    Person(
        "CN-1002", "李强", "zh-CN", "CN", "Asia/Shanghai", "+8613900000002", "li.qiang@mail.example",
        Decimal("460.50"), "CNY", -3,
    ),
    Person(
        "US-2001", "Maria Lopez", "en-US", "US", "America/New_York", "+12125550123", "maria@mail.example",
        Decimal("312.40"), "USD", 12,
    ),
    Person(
        "US-2002", "John Smith", "en-US", "US", "America/Los_Angeles", "+13105550124", "john@mail.example",
        Decimal("95.00"), "USD", 4, withdrew=True,
    ),
    Person(
        "UK-3001", "Emma Clarke", "en-GB", "UK", "Europe/London", "+447911123456", "emma@mail.example",
        Decimal("210.75"), "GBP", 9,
    ),
)  # fmt: skip


async def populate(gateway: Gateway) -> list[tuple[Person, Customer, Bill]]:
    """Register everybody with one bill each; one of them has said stop."""
    return [(person, *await _register(gateway, person)) for person in PEOPLE]


async def _register(gateway: Gateway, person: Person) -> tuple[Customer, Bill]:
    points = (NewPoint(Channel.SMS, person.mobile), NewPoint(Channel.EMAIL, person.mail))
    customer = await customers.register(
        gateway,
        SEED,
        RegisterCustomer(
            reference=person.reference,
            locale=person.locale,
            jurisdiction=person.jurisdiction,
            points=points,
            name=person.name,
            time_zones=(person.zone,),
        ),
    )
    today: date = gateway.clock().date()
    bill = await customers.register_bill(
        gateway,
        SEED,
        RegisterBill(
            reference=f"{person.reference}-B1",
            customer_id=customer.id,
            account_reference=f"{person.reference}-A1",
            amount_due=person.amount,
            currency=person.currency,
            due_on=today - timedelta(days=person.days_overdue),
        ),
    )
    if person.withdrew:
        said = RecordConsent(customer.id, ConsentStatus.WITHDRAWN, "reply STOP", channel=Channel.SMS)
        await customers.record_consent(gateway, SEED, said)
        said = RecordConsent(customer.id, ConsentStatus.WITHDRAWN, "letter of the customer")
        await customers.record_consent(gateway, SEED, said)
    return customer, bill
