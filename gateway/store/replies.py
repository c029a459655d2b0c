"""What people write to us, and what providers have told us already."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import bindparam, select, text

from gateway.model import GATEWAY, Caller, ContactPoint, Reply, ReplyStatus
from gateway.store import acts, customers
from gateway.store.work import Happening, Work, table, unseal
from policies.facts import Channel
from policies.replies import Meaning

_REPLY = table("reply")
_POINT = table("contact_point")

_NEW = text(
    "INSERT INTO heard (provider, id, received_at) VALUES (:provider, :id, :received_at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("received_at", type_=table("heard").c.received_at.type))


async def not_heard_before(work: Work, provider: str, ids: Collection[str]) -> set[str]:
    """Note what a provider says; which of it is new. Two who hear the same at once wait for each other here."""
    new = set()
    for one in sorted(set(ids)):
        # By its index: a provider may make its id of what was said, or by whom.
        values = {"provider": provider, "id": work.index(one), "received_at": work.now}
        if await work.run(_NEW, values) == 1:
            new.add(one)
    return new


async def points_at(work: Work, channel: Channel, address: str) -> list[ContactPoint]:
    """Every contact point with this address, whoever's; oldest first. A number rings whatever it was registered for."""
    channels = [Channel.EMAIL] if channel is Channel.EMAIL else [Channel.SMS, Channel.CALLBACK]
    statement = select(_POINT.c.id).where(_POINT.c.address_index == work.index(address), _POINT.c.channel.in_(channels))
    found = await customers.points(work, [row.id for row in await work.all(statement)])
    return [found[key] for key in sorted(found)]


async def add(work: Work, reply: Reply) -> None:
    owner = reply.customer_id
    row = {
        "id": reply.id,
        "customer_id": owner,
        "contact_point_id": reply.contact_point_id,
        "provider": reply.provider,
        "channel": reply.channel,
        "sender": work.seal(owner, reply.sender),
        "text": work.seal(owner, reply.text),
        "meaning": reply.meaning,
        "is_urgent": reply.is_urgent,
        "status": reply.status,
        "outside_contact_id": reply.outside_contact_id,
        "hold_id": reply.hold_id,
        "at": reply.at,
        "received_at": reply.received_at,
    }
    await work.insert("reply", [work.logged("reply", row) if owner else row])
    if reply.status is ReplyStatus.SETTLED:
        # Fixed words, acted on at once: nobody has to read it.
        await acts.add(work, GATEWAY, "reply.settled", reply.id, {"status": reply.status}, customer_id=owner)
    said = {
        "channel": reply.channel,
        "meaning": reply.meaning,
        "status": reply.status,
        "urgent": reply.is_urgent,
    }
    work.happenings.append(Happening("reply.received", customer_id=owner, data=said))


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Reply]:
    rows = await work.all(select(_REPLY).where(_REPLY.c.id.in_(ids)))
    await work.open_keys(row.customer_id for row in rows)
    return {row.id: reply(row, work) for row in rows}


async def settle(work: Work, settled: Reply, note: str, by: Caller) -> None:
    row = {
        "status": settled.status,
        "settled_at": settled.settled_at,
        "settled_by": settled.settled_by,
        "settled_note": work.seal(settled.customer_id, note),
    }
    await work.change("reply", [{"id": settled.id, **row}])
    await acts.add(work, by, "reply.settled", settled.id, row, customer_id=settled.customer_id)


async def note_of(work: Work, reply: Reply) -> str | None:
    """What was said to be done about it; None of what is open, or waited for nobody."""
    row = await work.one(select(_REPLY.c.settled_note).where(_REPLY.c.id == reply.id))
    return unseal(work, reply.customer_id, row.settled_note)


async def of_customers(work: Work, ids: Collection[str]) -> Sequence[Reply]:
    """Oldest first."""
    await work.open_keys(ids)
    statement = select(_REPLY).where(_REPLY.c.customer_id.in_(ids)).order_by(_REPLY.c.id)
    return [reply(row, work) for row in await work.all(statement)]


def reply(row: Any, work: Work) -> Reply:
    """A reply from its row."""
    return Reply(
        id=row.id,
        customer_id=row.customer_id,
        contact_point_id=row.contact_point_id,
        provider=row.provider,
        channel=Channel[row.channel],
        sender=work.open(row.customer_id, row.sender),
        text=work.open(row.customer_id, row.text),
        meaning=Meaning[row.meaning],
        is_urgent=row.is_urgent,
        status=ReplyStatus[row.status],
        outside_contact_id=row.outside_contact_id,
        hold_id=row.hold_id,
        at=row.at,
        received_at=row.received_at,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
    )
