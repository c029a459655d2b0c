"""Slots: what counts in the caps. Reserved when a contact is accepted, taken when an attempt opens."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update

from gateway.store.many import Question, among
from gateway.store.types import Instant
from gateway.store.work import Row, Work, table
from policies.facts import MEDIUM_OF, Channel, Medium, PastContact, Purpose, Reach

_SLOT = table("slot")

_THEIRS = among(_SLOT.c.customer_id, "ids")
_SINCE = _SLOT.c.at >= bindparam("since", type_=Instant)
_OF_CUSTOMERS = Question(select(_SLOT).where(_THEIRS, _SINCE))
_OF_ALL = Question(select(_SLOT).where(or_(_THEIRS, among(_SLOT.c.account_id, "accounts")), _SINCE))


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot with whose it is."""

    customer_id: str
    account_id: str | None
    attempt_id: str | None
    past: PastContact


async def since(
    work: Work, customer_ids: Collection[str], account_ids: Collection[str], instant: datetime
) -> list[Slot]:
    """Every slot of these customers, and of joint debtors on these accounts, from `instant` into the future."""
    values: dict[str, object] = {"ids": list(customer_ids), "since": instant}
    if account_ids:
        rows = await work.ask(_OF_ALL, {**values, "accounts": list(account_ids)})
    else:
        rows = await work.ask(_OF_CUSTOMERS, values)
    return [
        Slot(
            row.customer_id,
            row.account_id,
            row.attempt_id,
            PastContact(
                at=row.at,
                medium=Medium[row.medium],
                reach=Reach[row.reach],
                purpose=Purpose[row.purpose],
                accounts=frozenset(row.accounts),
                point=row.contact_point_id,
                contact=row.contact_id,
                evidence=row.evidence,
                bill=row.bill_id,
            ),
        )
        for row in rows
    ]


def row(work: Work, customer_id: str, past: PastContact, account_id: str | None) -> dict[str, object]:
    """A reserved slot, for `Work.insert`."""
    return {
        "id": work.new_id(),
        "contact_id": past.contact,
        "customer_id": customer_id,
        "account_id": account_id,
        "accounts": sorted(past.accounts),
        "contact_point_id": past.point,
        "attempt_id": None,
        "medium": past.medium,
        "purpose": past.purpose,
        "evidence": past.evidence,
        "bill_id": past.bill,
        "at": past.at,
        "reach": past.reach,
    }


def moved(
    contact_id: str, at: datetime, channel: Channel, point: str | None,
    reach: Reach = Reach.RESERVED, attempt_id: str | None = None,
) -> Row:  # fmt: skip
    """Where the slot that a contact has reserved goes: to another instant, or to the attempt that takes it."""
    return {
        "contact_id": contact_id,
        "at": at,
        "medium": MEDIUM_OF[channel],
        "contact_point_id": point,
        "reach": reach,
        "attempt_id": attempt_id,
    }


async def move_reserved(work: Work, moves: Sequence[Row]) -> None:
    """Each as `moved` makes it."""
    if moves:
        columns = ("at", "medium", "contact_point_id", "reach", "attempt_id")
        statement = (
            update(_SLOT)
            .where(_SLOT.c.contact_id == bindparam("_contact_id"), _SLOT.c.reach == Reach.RESERVED)
            .values({column: bindparam(f"_{column}") for column in columns})
        )
        await work.run(statement, [{f"_{k}": v for k, v in move.items()} for move in moves])


async def free(work: Work, contact_ids: Collection[str]) -> None:
    """Give back what was reserved and not used."""
    if contact_ids:
        await work.run(delete(_SLOT).where(_SLOT.c.contact_id.in_(contact_ids), _SLOT.c.reach == Reach.RESERVED))


async def reached(work: Work, reaches: Sequence[tuple[str, Reach]]) -> None:
    """How far attempts got, by their ids."""
    if reaches:
        statement = (
            update(_SLOT).where(_SLOT.c.attempt_id == bindparam("_attempt_id")).values(reach=bindparam("_reach"))
        )
        await work.run(statement, [{"_attempt_id": a, "_reach": r} for a, r in reaches])


async def discussed(work: Work, attempt_id: str, accounts: Collection[str]) -> None:
    """Which debts a conversation was about."""
    await work.run(update(_SLOT).where(_SLOT.c.attempt_id == attempt_id).values(accounts=sorted(accounts)))
