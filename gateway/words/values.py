"""What goes into a message and what comes out. What is personal does not print itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Lender:
    """Who speaks. Every message says so."""

    name: str
    name_zh: str | None
    phone: str
    pay_url: str
    help_url: str


@dataclass(frozen=True, slots=True)
class Values:
    """The facts of one message. What is None is not known, and is never guessed."""

    customer_name: str | None = field(default=None, repr=False)
    called: str | None = field(default=None, repr=False)  #: the customer's own name, where `customer_name` is masked
    amount: Decimal | None = None  #: what is left of the bill
    currency: str | None = None
    due_on: date | None = None
    days_overdue: int | None = None
    account: str | None = field(default=None, repr=False)  #: the whole reference: it is masked when rendered
    unsubscribe_url: str | None = field(default=None, repr=False)
    survey_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it will be read; on CALLBACK `text` is the agent's script."""

    subject: str | None = field(repr=False)
    text: str = field(repr=False)
    html: str | None = field(repr=False)
    version: str  #: "overdue_reminder/sms/zh@3f2a9c1b": which words these were
    segments: int | None  #: on SMS only
    values: Mapping[str, str] = field(default_factory=dict, repr=False)  #: the names in it, as they are printed
