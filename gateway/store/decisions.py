"""Decisions as they were recorded."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from gateway.model import StoredDecision
from gateway.store.work import Row, Work, table
from policies.decision import Decision, Outcome
from policies.facts import Channel
from policies.record import findings_to_json

_DECISION = table("decision")


def row(work: Work, contact_id: str, customer_id: str, decision: Decision) -> Row:
    """For `Work.insert`. Takes the next number in the customer's record."""
    row = {
        "id": work.new_id(),
        "contact_id": contact_id,
        "customer_id": customer_id,
        "channel": decision.channel,
        "contact_point_id": decision.point,
        "outcome": decision.outcome,
        "decided_at": decision.decided_at,
        "next_allowed_at": decision.next_allowed_at,
        "time_zones": list(decision.zones),
        "rulebook": decision.rulebook,
        "findings": findings_to_json(decision, work.name_rule),
    }
    return work.logged("decision", row)


def stored(work: Work, row: Mapping[str, Any]) -> StoredDecision:
    """From a row, or from what `row` made, with the texts of its rules: `Work.read_rules` has met them all."""
    return StoredDecision(
        id=row["id"],
        contact_id=row["contact_id"],
        outcome=Outcome[row["outcome"]],
        channel=Channel[row["channel"]],
        contact_point_id=row["contact_point_id"],
        decided_at=row["decided_at"],
        next_allowed_at=row["next_allowed_at"],
        time_zones=tuple(row["time_zones"]),
        rulebook=row["rulebook"],
        findings=[{**finding, "rule": work.rules[finding["rule"]]} for finding in row["findings"]],
    )


async def of_contacts(work: Work, contact_ids: Collection[str]) -> dict[str, list[StoredDecision]]:
    """Oldest first."""
    statement = select(_DECISION).where(_DECISION.c.contact_id.in_(contact_ids)).order_by(_DECISION.c.id)
    rows = [one._mapping for one in await work.all(statement)]
    await work.read_rules({finding["rule"] for one in rows for finding in one["findings"]})
    found: dict[str, list[StoredDecision]] = {contact: [] for contact in contact_ids}
    for one in rows:
        found[one["contact_id"]].append(stored(work, one))
    return found
