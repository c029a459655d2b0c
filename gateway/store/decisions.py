"""Decisions as they were recorded."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from gateway.model import StoredDecision
from gateway.store.work import Work, table
from policies.decision import Decision, Outcome
from policies.facts import Channel
from policies.record import findings_to_json

_DECISION = table("decision")


def row(work: Work, contact_id: str, customer_id: str, decision: Decision) -> dict[str, Any]:
    """For `Work.insert`. Takes the next number in the customer's record."""
    return {
        "id": work.new_id(),
        "contact_id": contact_id,
        "customer_id": customer_id,
        "seq": work.next_seq(customer_id),
        "channel": decision.channel,
        "contact_point_id": decision.point,
        "outcome": decision.outcome,
        "decided_at": decision.decided_at,
        "next_allowed_at": decision.next_allowed_at,
        "time_zones": list(decision.zones),
        "rulebook": decision.rulebook,
        "findings": findings_to_json(decision),
    }


def stored(row: Any) -> StoredDecision:
    """From a row, or from what `row` made."""
    get = row.__getitem__ if isinstance(row, dict) else row._mapping.__getitem__
    return StoredDecision(
        id=get("id"),
        contact_id=get("contact_id"),
        outcome=Outcome[get("outcome")],
        channel=Channel[get("channel")],
        contact_point_id=get("contact_point_id"),
        decided_at=get("decided_at"),
        next_allowed_at=get("next_allowed_at"),
        time_zones=tuple(get("time_zones")),
        rulebook=get("rulebook"),
        findings=get("findings"),
    )


async def of_contacts(work: Work, contact_ids: Collection[str]) -> dict[str, list[StoredDecision]]:
    """Oldest first."""
    statement = select(_DECISION).where(_DECISION.c.contact_id.in_(contact_ids)).order_by(_DECISION.c.id)
    found: dict[str, list[StoredDecision]] = {contact: [] for contact in contact_ids}
    for one in await work.all(statement):
        found[one.contact_id].append(stored(one))
    return found
