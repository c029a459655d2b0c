"""Words of suicide or self-harm, in a reply, a complaint or a note: a person looks first, and nothing is demanded.

held        VULNERABLE, until a person lifts it, and beside it UNREAD_REPLY, or the hold of the complaint: no demands
taken back  every demand that waits
told        a warning in the log, with the customer's id; `urgent` in the event `reply.received`
"""

from collections.abc import Collection

import structlog

from gateway.ending import DEMANDS, take_back
from gateway.model import Caller, Contact, HoldEntry, ReplyStatus
from gateway.store import contacts, customers, replies
from gateway.store.work import Work
from policies.facts import HoldKind
from policies.replies import is_urgent

log = structlog.get_logger(__name__)

TAKEN_BACK = "a person speaks with the customer first"


async def heard(work: Work, caller: Caller, customer_id: str, text: str | None) -> list[Contact]:
    """The demands that were taken back, if `text` says such a thing. The customer is locked."""
    if text is None or not is_urgent(text):
        return []
    standing = await customers.holds_of(work, [customer_id])
    if not any(stays(one, standing) for one in standing):
        for kind in (HoldKind.VULNERABLE, HoldKind.UNREAD_REPLY):
            await customers.add_hold(work, customers.hold_now(work, customer_id, kind), note=None, caller_id=caller.id)
    gone = [one.contact for one in await contacts.unsent(work, customer_id, DEMANDS)]
    if gone:
        await take_back(work, caller, customer_id, [one.id for one in gone], TAKEN_BACK)
    await contacts.reconsider(work, customer_id)
    # Not why: a log is read by more people than may know that.
    log.warning("a person must look at this customer now", customer=customer_id)
    return gone


async def ends_with(work: Work, lifted: HoldEntry) -> list[HoldEntry]:
    """What came with this hold and waits for nothing else: one person lifts both at once. The customer is locked."""
    if lifted.kind is not HoldKind.VULNERABLE:
        return []
    waiting = [one for one in await replies.of_customers(work, [lifted.customer_id]) if one.status is ReplyStatus.OPEN]
    if any(one.is_urgent for one in waiting):
        return []
    unread = {one.hold_id for one in waiting}
    return [
        one
        for one in await customers.holds_of(work, [lifted.customer_id])
        if _came_together(one, lifted) and one.lifted_at is None and one.id not in unread
    ]


def stays(hold: HoldEntry, holds: Collection[HoldEntry]) -> bool:
    """Whether a hold for unread words, one of the customer's `holds`, came with such words: with a VULNERABLE one."""
    return hold.lifted_at is None and any(one.lifted_at is None and _came_together(hold, one) for one in holds)


def _came_together(unread: HoldEntry, vulnerable: HoldEntry) -> bool:
    kinds = (unread.kind, vulnerable.kind)
    return kinds == (HoldKind.UNREAD_REPLY, HoldKind.VULNERABLE) and unread.starts == vulnerable.starts
