"""Finding a thing by its global id, for a caller who may see it. To anybody else it does not exist."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from strawberry.dataloader import DataLoader

from gateway.api.context import Context
from gateway.api.errors import ApiError, Code
from gateway.api.ids import Kind, NoId, parse_id
from gateway.api.permissions import sees_all
from gateway.api.types.application import RepaymentApplication
from gateway.api.types.bill import Account, Bill
from gateway.api.types.callback import Callback
from gateway.api.types.complaint import Complaint
from gateway.api.types.contact import Attempt, Contact
from gateway.api.types.contact_point import ContactPoint
from gateway.api.types.customer import Customer
from gateway.api.types.event import EventSubscription
from gateway.api.types.hardship import HardshipSignal
from gateway.api.types.node import Node
from gateway.api.types.pause import Pause
from gateway.api.types.record import Consent, Hold, OutsideContact, Promise
from gateway.api.types.reply import Reply
from gateway.api.types.survey import SurveyAnswer
from gateway.api.types.view import View
from gateway.events import is_own
from gateway.store import events as event_rows
from gateway.store import pages, pauses


class _Owned(Protocol):
    @property
    def customer_id(self) -> str | None: ...


T = TypeVar("T", bound=_Owned)
Find = Callable[[Context, str], Awaitable[Node | None]]


async def find(context: Context, kind: Kind, inner: str) -> Node | None:
    return await _FINDERS[kind](context, inner)


async def find_by_global_id(context: Context, text: str, field: str) -> Node | None:
    try:
        kind, inner = parse_id(text)
    except NoId as wrong:
        raise ApiError(Code.BAD_USER_INPUT, f"{field}: {wrong}", field=(field,)) from None
    return await find(context, kind, inner)


def _owned(load: Callable[[Context], DataLoader[str, T | None]], show: Callable[[T], Node]) -> Find:
    async def find_one(context: Context, inner: str) -> Node | None:
        found = await load(context).load(inner)
        return show(found) if found is not None and context.sees(found.customer_id) else None

    return find_one


async def _customer(context: Context, inner: str) -> Node | None:
    customer = await context.load.customer.load(inner)
    return Customer.of(customer) if customer is not None and context.sees(customer.id) else None


async def _account(context: Context, inner: str) -> Node | None:
    """An account belongs to everybody who has a bill on it."""
    account = await context.load.account.load(inner)
    if account is None:
        return None
    if (customer_id := context.caller.customer_id) is not None:
        async with context.snapshot.reading() as work:
            if not await pages.accounts_with_customer(work, [inner], customer_id):
                return None
    return Account.of(account)


async def _view(context: Context, inner: str) -> Node | None:
    """Whom somebody looked at sees that they did, and who watches over it sees all."""
    view, caller = await context.load.view.load(inner), context.caller
    is_own = caller.customer_id is not None and view is not None and view.customer_id == caller.customer_id
    return View.of(view, caller) if view is not None and (is_own or sees_all(caller, "View.id")) else None


async def _pause(context: Context, inner: str) -> Node | None:
    async with context.snapshot.reading() as work:
        pause = await pauses.by_id(work, inner) if sees_all(context.caller, "Pause.id") else None
    return Pause.of(pause) if pause is not None else None


async def _event_subscription(context: Context, inner: str) -> Node | None:
    async with context.snapshot.reading() as work:
        found = (await event_rows.by_id(work, [inner])).get(inner)
    return EventSubscription.of(found) if found is not None and is_own(context.caller, found) else None


_FINDERS: Mapping[Kind, Find] = {
    Kind.CUSTOMER: _customer,
    Kind.ACCOUNT: _account,
    Kind.BILL: _owned(lambda context: context.load.bill, Bill.of),
    Kind.CONTACT: _owned(lambda context: context.load.contact, Contact.of),
    Kind.ATTEMPT: _owned(lambda context: context.load.attempt, Attempt.of),
    Kind.CONTACT_POINT: _owned(lambda context: context.load.point, ContactPoint.of),
    Kind.CALLBACK: _owned(lambda context: context.load.callback, Callback.of),
    Kind.CONSENT: _owned(lambda context: context.load.consent, Consent.of),
    Kind.HOLD: _owned(lambda context: context.load.hold, Hold.of),
    Kind.HARDSHIP_SIGNAL: _owned(lambda context: context.load.hardship_signal, HardshipSignal.of),
    Kind.COMPLAINT: _owned(lambda context: context.load.complaint, Complaint.of),
    Kind.SURVEY_ANSWER: _owned(lambda context: context.load.survey_answer, SurveyAnswer.of),
    Kind.PROMISE: _owned(lambda context: context.load.promise, Promise.of),
    Kind.APPLICATION: _owned(lambda context: context.load.application, RepaymentApplication.of),
    Kind.OUTSIDE_CONTACT: _owned(lambda context: context.load.outside, OutsideContact.of),
    Kind.REPLY: _owned(lambda context: context.load.reply, Reply.of),
    Kind.VIEW: _view,
    Kind.PAUSE: _pause,
    Kind.EVENT_SUBSCRIPTION: _event_subscription,
}
