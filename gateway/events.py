"""Telling callers what happens: written down in the transaction in which it happens, told afterwards.

    contact.scheduled .sending .sent .delivered .failed .unclear .refused .cancelled .expired
    consent.granted .withdrawn        reply.received
    payment.recorded                  bill.paid

A gateway without subscribers pays nothing: who subscribes is remembered for five seconds, and is told of everything
from then on.
"""

import base64
import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Any

from gateway.core import Gateway
from gateway.ids import global_id
from gateway.model import Caller, ContactStatus, Role, UserErrorCode, problem
from gateway.outgoing import NotAllowed, Poster
from gateway.store import contacts, events
from gateway.store.events import Event, EventSubscription
from gateway.store.faults import repeated
from gateway.store.work import Happening, Work

KINDS = (
    *(f"contact.{status.lower()}" for status in ContactStatus),
    "consent.granted",
    "consent.withdrawn",
    "reply.received",
    "payment.recorded",
    "bill.paid",
    "application.submitted",
    "application.decided",
)

REMEMBERED_SECONDS = 5
MOST_SUBSCRIPTIONS = 10
"""In force at once, of one caller."""


class Recorder:
    """Writes down, before a transaction commits, what its subscribers are to be told of it."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._known: Sequence[EventSubscription] = ()
        self._read_at: float | None = None

    def forget(self) -> None:
        """Somebody has subscribed here: they are known from the next transaction on."""
        self._read_at = None

    async def __call__(self, work: Work, happenings: Collection[Happening]) -> None:
        now = self._elapsed()
        if self._read_at is None or now - self._read_at >= REMEMBERED_SECONDS:
            self._known, self._read_at = await events.subscriptions(work), now
        if self._known:
            # What is written in two steps of one transaction happened once.
            once = {(one.kind, one.contact_id or id(one)): one for one in happenings}
            await events.add(work, await self._events(work, list(once.values())))

    async def _events(self, work: Work, happenings: Collection[Happening]) -> list[Event]:
        about = {one.contact_id for one in happenings if one.contact_id}
        held = await contacts.by_id(work, about)
        found: list[Event] = []
        for one in happenings:
            contact = held[one.contact_id].contact if one.contact_id else None
            customer_id = contact.customer_id if contact else one.customer_id
            if customer_id is None:
                continue
            data: dict[str, Any] = {"customerId": global_id("Customer", customer_id)}
            if contact is not None:
                channel = held[contact.id].channel
                data |= {
                    "contactId": global_id("Contact", contact.id),
                    "reference": contact.reference,
                    "purpose": contact.purpose,
                    "status": one.kind.rpartition(".")[2].upper(),
                    "channel": channel,
                    "dueAt": contact.due_at.isoformat() if contact.due_at else None,
                }
            body = {"type": one.kind, "timestamp": work.now.isoformat(), "data": data | one.data}
            found += [
                Event(work.new_id(), to.id, customer_id, one.contact_id or customer_id, one.kind, body, work.now)
                for to in self._known
                if not to.kinds or one.kind in to.kinds
            ]
        return found


@repeated
async def subscribe(
    gateway: Gateway, poster: Poster, caller: Caller, url: str, kinds: Sequence[str]
) -> EventSubscription:
    """Begin to tell. The secret is shown to whoever subscribed, this once."""
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise problem(UserErrorCode.INVALID, f"there are {', '.join(KINDS)}", "kinds")
    try:
        await poster.check(url)
    except NotAllowed as wrong:
        raise problem(UserErrorCode.INVALID, str(wrong), "url") from None
    async with gateway.database.write() as work:
        await work.alone(events.SUBSCRIBING)
        if len(await events.subscriptions(work, caller.id)) >= MOST_SUBSCRIPTIONS:
            message = f"a caller has at most {MOST_SUBSCRIPTIONS} at once; end one first"
            raise problem(UserErrorCode.CONFLICT, message, "url")
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        new = EventSubscription(work.new_id(), caller.id, url, secret, tuple(dict.fromkeys(kinds)), work.now)
        await events.add_subscription(work, new)
    gateway.recorder.forget()
    return new


@repeated
async def end(gateway: Gateway, caller: Caller, subscription_id: str) -> EventSubscription:
    """Stop telling. One that has ended stays as it was."""
    async with gateway.database.write() as work:
        found = (await events.by_id(work, [subscription_id])).get(subscription_id)
        if found is None or not is_own(caller, found):
            raise problem(UserErrorCode.NOT_FOUND, "no such subscription", "subscriptionId")
        if found.ended_at is None:
            await events.end_subscription(work, found.id)
        ended = (await events.by_id(work, [subscription_id]))[subscription_id]
    gateway.recorder.forget()
    return ended


def is_own(caller: Caller, subscription: EventSubscription) -> bool:
    return caller.role in (Role.ADMIN, Role.COMPLIANCE) or subscription.caller_id == caller.id
