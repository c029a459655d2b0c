"""How often a customer was contacted, counted in the database: through the gateway, and outside of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, cast, literal, null, select, union_all

from gateway.store.work import Work, table
from policies.facts import MEDIUM_OF, Channel, Initiator, Medium, Purpose

_ATTEMPT = table("attempt")
_CONTACT = table("contact")
_OUTSIDE = table("outside_contact")


@dataclass(frozen=True, slots=True)
class Touch:
    """One try to reach the customer. Without `requested_by` it was made outside the gateway."""

    at: datetime
    medium: Medium
    purpose: Purpose | None
    requested_by: str | None


async def touches(work: Work, customer_id: str, since: datetime) -> list[Touch]:
    """Every attempt of ours, and every contact outside that the customer did not begin; oldest first, one statement."""
    ours = (
        select(
            _ATTEMPT.c.started_at.label("at"),
            _ATTEMPT.c.channel.label("way"),
            _CONTACT.c.purpose.label("purpose"),
            _CONTACT.c.requested_by.label("requested_by"),
            literal(1).label("ours"),
        )
        .join(_CONTACT, _CONTACT.c.id == _ATTEMPT.c.contact_id)
        .where(_CONTACT.c.customer_id == customer_id, _ATTEMPT.c.started_at >= since)
    )
    outside = select(_OUTSIDE.c.at, _OUTSIDE.c.medium, _OUTSIDE.c.purpose, cast(null(), String), literal(0)).where(
        _OUTSIDE.c.customer_id == customer_id,
        _OUTSIDE.c.at >= since,
        _OUTSIDE.c.initiator != Initiator.CUSTOMER,
    )
    return [
        Touch(
            row.at,
            MEDIUM_OF[Channel[row.way]] if row.ours else Medium[row.way],
            Purpose[row.purpose] if row.purpose else None,
            row.requested_by,
        )
        for row in await work.all(union_all(ours, outside).order_by("at"))
    ]
