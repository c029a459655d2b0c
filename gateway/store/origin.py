"""Which database this is, and how often something was taken up to be sent: by these a restored backup is known."""

from dataclasses import dataclass

from sqlalchemy import select, text, update

from gateway.model import ContactStatus
from gateway.store.work import Work, table
from policies.facts import Reach

_ORIGIN = table("origin")
_CONTACT = table("contact")
_SLOT = table("slot")

_SERVER = text(
    "SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || "
    "(SELECT timeline_id FROM pg_control_checkpoint())::text || '/' || 'contact'::regclass::oid::text AS identity"
)
"""A cluster keeps its system identifier; its timeline grows with each recovery or promotion; a dump that is read in
makes its tables anew (PostgreSQL, 9.27.12 and 26.3)."""


@dataclass(frozen=True, slots=True)
class Origin:
    identity: str
    taken_up: int  #: only ever grows, so what is smaller than it was is older than it was


async def read(work: Work) -> Origin | None:
    row = await work.one(select(_ORIGIN))
    return Origin(row.identity, row.taken_up) if row else None


async def keep(work: Work, origin: Origin) -> None:
    row = {"id": 1, "identity": origin.identity, "taken_up": origin.taken_up}
    await work.insert_if_new("origin", [row])
    await work.change("origin", [row])


async def identity(work: Work) -> str:
    """What tells this database from a copy of it. A file on disk has nothing of the kind: there the count must do."""
    return "file" if work.is_embedded else str((await work.one(_SERVER)).identity)


async def count(work: Work) -> int:
    """Something is taken up. The new count; its row is this transaction's until it ends, so call it last."""
    row = await work.one(update(_ORIGIN).values(taken_up=_ORIGIN.c.taken_up + 1).returning(_ORIGIN.c.taken_up))
    taken_up: int = row.taken_up
    return taken_up


async def doubt_what_is_due(work: Work) -> int:
    """What should have left by now may have left, in the time that was lost: UNCLEAR, and counted. How many."""
    is_due = (_CONTACT.c.status == ContactStatus.SCHEDULED) & (_CONTACT.c.due_at <= work.now)
    doubtful = select(_CONTACT.c.id).where(is_due)
    reserved = _SLOT.c.contact_id.in_(doubtful) & (_SLOT.c.reach == Reach.RESERVED)
    await work.run(update(_SLOT).where(reserved).values(reach=Reach.PENDING))
    return await work.run(update(_CONTACT).where(is_due).values(status=ContactStatus.UNCLEAR, lease_until=None))
