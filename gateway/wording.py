"""From a contact to the message that is handed over."""

from dataclasses import replace
from datetime import datetime, timedelta

from channels.base import Message
from gateway import survey_link
from gateway.calendars import days_overdue
from gateway.core import Gateway
from gateway.model import Bill, Contact, ContactPoint, Customer
from gateway.words import Values
from policies.facts import Channel, Purpose


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
    values = replace(
        values_of(gateway, customer, bill, contact.purpose, now, unsubscribe_url),
        survey_url=_survey_url(gateway, contact, channel),
    )
    if channel is not Channel.CALLBACK:
        # An agent may have been given the script of another purpose (`accepting.py`), and speaks in their own words.
        gateway.words.check_purpose(contact.template, contact.purpose)
    rendered = gateway.words.render(
        contact.template,
        channel,
        customer.locale,
        values,
        contact.variables,
        discreet=discreet,
        jurisdiction=customer.jurisdiction,
        product=bill.account.product if bill else None,
    )
    message = Message(
        reference=reference,
        to=point.address,
        text=rendered.text,
        subject=rendered.subject,
        html=rendered.html,
        valid_for=valid_for,
        unsubscribe_url=unsubscribe_url if channel is Channel.EMAIL else None,
        template=rendered.version.partition("@")[0],
        values=rendered.values,
    )
    return message, rendered.version


SURVEYED = frozenset({Purpose.FOLLOW_UP, Purpose.CUSTOMER_REPLY})
"""Whose messages may hold the link to a survey: nobody is asked how a demand was."""


def _survey_url(gateway: Gateway, contact: Contact, channel: Channel) -> str | None:
    """An agent needs no link: they ask, and record the answer."""
    if contact.purpose not in SURVEYED or channel is Channel.CALLBACK:
        return None
    return f"{gateway.settings.address()}/survey/{survey_link.token(gateway.database.vault, contact.id)}"


def values_of(
    gateway: Gateway,
    customer: Customer,
    bill: Bill | None,
    purpose: Purpose,
    now: datetime,
    unsubscribe_url: str | None = None,
) -> Values:
    """The facts of a message. The amount is what is left; a receipt says what the whole bill was."""
    if bill is None:
        return Values(customer_name=customer.name, unsubscribe_url=unsubscribe_url)
    return Values(
        customer_name=customer.name,
        amount=bill.amount_due if purpose is Purpose.PAYMENT_RECEIPT else bill.amount_left,
        currency=bill.currency,
        due_on=bill.due_on,
        days_overdue=days_overdue(gateway, customer, bill, now),
        account=bill.account.reference,
        unsubscribe_url=unsubscribe_url,
    )
