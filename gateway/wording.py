"""From a contact to the message that is handed over."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from channels.base import Message
from gateway.core import Gateway
from gateway.model import Bill, Contact, ContactPoint, Customer
from gateway.words import Values
from policies.facts import Channel


def compose(
    gateway: Gateway,
    customer: Customer,
    point: ContactPoint,
    contact: Contact,
    bill: Bill | None,
    *,
    channel: Channel,
    reference: str,
    discreet: bool,
    valid_for: timedelta | None,
    now: datetime,
) -> tuple[Message, str]:
    """The message with today's facts, and the version of its template. Raises `WordsError`."""
    unsubscribe_url = f"{gateway.settings.address()}/unsubscribe/{point.unsubscribe_token}"
    values = Values(
        customer_name=customer.name,
        amount=bill.amount_due if bill else None,
        currency=bill.currency if bill else None,
        due_on=bill.due_on if bill else None,
        days_overdue=days_overdue(bill, customer, now, gateway) if bill else None,
        account=bill.account.reference if bill else None,
        unsubscribe_url=unsubscribe_url,
    )
    rendered = gateway.words.render(
        contact.template, channel, customer.locale, values, contact.variables, discreet=discreet
    )
    message = Message(
        reference=reference,
        to=point.address,
        text=rendered.text,
        subject=rendered.subject,
        html=rendered.html,
        valid_for=valid_for,
        unsubscribe_url=unsubscribe_url if channel is Channel.EMAIL else None,
    )
    return message, rendered.version


def days_overdue(bill: Bill, customer: Customer, now: datetime, gateway: Gateway) -> int:
    """Whole days since the due date, by the customer's first zone, else the jurisdiction's; 0 until it has passed."""
    rulebook = gateway.rulebooks[customer.jurisdiction]
    zone = next(iter(customer.time_zones), None) or rulebook.time_zone or "UTC"
    return max(0, (now.astimezone(ZoneInfo(zone)).date() - bill.due_on).days)
