"""How much a person was contacted, by whom, and how they reacted: what an agent should know before the next call."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.calendars import zone_of
from gateway.callers import may_see
from gateway.core import Gateway
from gateway.model import Caller, Customer, Role, UserErrorCode, problem
from gateway.store import customers, reactions
from gateway.store import pressure as store
from gateway.store.pressure import Touch
from gateway.store.reactions import Reaction
from policies.facts import Medium, Purpose

T = TypeVar("T")

PERIODS = (30, 90)
"""Days."""

OUTSIDE = "outside the gateway"
LENDER = "lender"
"""Who asked for it, to the customer: who of the lender's people it was is not theirs to know."""


@dataclass(frozen=True, slots=True)
class Period:
    """What happened in so many days, the most frequent first."""

    days: int
    attempts: int
    by_medium: tuple[tuple[Medium, int], ...]
    by_purpose: tuple[tuple[Purpose, int], ...]
    by_requester: tuple[tuple[str, int], ...]
    by_reaction: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Pressure:
    """`unanswered`: attempts since the last reaction, of the longest period. None: there was none in it."""

    customer: Customer
    periods: tuple[Period, ...]
    last_contact_at: datetime | None
    last_reaction_at: datetime | None
    unanswered: int
    en: str
    zh: str


async def of_customer(gateway: Gateway, caller: Caller, customer_id: str) -> Pressure:
    """Raises `Unacceptable` where the caller sees no such customer. Three statements, however much there was."""
    async with gateway.database.read() as work:
        customer = (await customers.by_id(work, [customer_id])).get(customer_id)
        if customer is None or not may_see(caller, customer_id):
            raise problem(UserErrorCode.NOT_FOUND, "no such customer", "customerId")
        since = work.now - timedelta(days=max(PERIODS))
        touched = await store.touches(work, customer_id, since)
        reacted = (await reactions.of_customers(work, [customer_id], since)).get(customer_id, [])
        now = work.now
    names = caller.role is not Role.CUSTOMER
    periods = tuple(_period(days, now, touched, reacted, names=names) for days in PERIODS)
    last_contact = touched[-1].at if touched else None
    last_reaction = reacted[-1].at if reacted else None
    unanswered = sum(1 for one in touched if last_reaction is None or one.at > last_reaction)
    en, zh = _sentences(gateway, customer, periods, last_contact, last_reaction, unanswered)
    return Pressure(customer, periods, last_contact, last_reaction, unanswered, en, zh)


def _period(days: int, now: datetime, touched: Sequence[Touch], reacted: Sequence[Reaction], *, names: bool) -> Period:
    since = now - timedelta(days=days)
    within = [one for one in touched if one.at >= since]
    return Period(
        days=days,
        attempts=len(within),
        by_medium=_counted([one.medium for one in within]),
        by_purpose=_counted([one.purpose for one in within if one.purpose is not None]),
        by_requester=_counted([(one.requested_by or OUTSIDE) if names else LENDER for one in within]),
        by_reaction=_counted([one.kind for one in reacted if one.at >= since]),
    )


def _counted(things: Sequence[T]) -> tuple[tuple[T, int], ...]:
    """The most frequent first; of equals in the order of their names."""
    return tuple(sorted(Counter(things).items(), key=lambda one: (-one[1], str(one[0]))))


def _sentences(
    gateway: Gateway,
    customer: Customer,
    periods: Sequence[Period],
    last_contact: datetime | None,
    last_reaction: datetime | None,
    unanswered: int,
) -> tuple[str, str]:
    """The same in words, days by the customer's calendar."""
    if last_contact is None:
        return (f"Nobody was in touch for {max(PERIODS)} days.", f"{max(PERIODS)}天内未联系过客户。")
    zone = zone_of(gateway, customer)
    day = last_contact.astimezone(zone).date()
    short, long = periods
    en = f"Contacted {short.attempts} times in {short.days} days and {long.attempts} in {long.days}, last on {day}; "
    zh = f"{short.days}天内联系{short.attempts}次，{long.days}天内{long.attempts}次，最近一次为{day}；"
    if last_reaction is None:
        return f"{en}no reaction to any of them.", f"{zh}客户均无回应。"
    reaction = last_reaction.astimezone(zone).date()
    return (
        f"{en}{unanswered} since the last reaction on {reaction}.",
        f"{zh}{reaction}最后一次回应后又联系{unanswered}次。",
    )
