"""The record of a customer, step by step, each explained."""

from __future__ import annotations

from datetime import datetime

import strawberry

from gateway import timeline
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.permissions import sees_all
from gateway.api.types.contact import Contact
from gateway.api.types.decision import Finding
from gateway.store.timeline import Entry
from policies.decision import Outcome
from policies.record import findings_from_json

_NODES: dict[str, Kind] = {
    "consent": Kind.CONSENT,
    "contact": Kind.CONTACT,
    "attempt": Kind.ATTEMPT,
    "hold": Kind.HOLD,
    "outside_contact": Kind.OUTSIDE_CONTACT,
    "promise": Kind.PROMISE,
    "application": Kind.APPLICATION,
    "reply": Kind.REPLY,
    "bill": Kind.BILL,
    "account": Kind.ACCOUNT,
    "contact_point": Kind.CONTACT_POINT,
}
"""What can be looked at on its own, by the table of an entry or the first word of an act."""


@strawberry.type(description="One thing that is on record of a customer.")
class TimelineEntry:
    entry: strawberry.Private[Entry]
    number: int = strawberry.field(description="Its number in the customer's record, as in the log.")
    at: datetime = strawberry.field(description="When it was recorded.")
    kind: str = strawberry.field(
        description="What it is: the table it stands in (contact, decision, attempt, hold), or what was done "
        "(contact.cancelled, hold.lifted)."
    )

    @strawberry.field(description="What happened, as a plain sentence in the caller's language.")
    def what(self, info: Info) -> str:
        return timeline.say(self.entry, info.context.language)

    @strawberry.field(
        description="Why, for a decision: the deciding rule's finding, in the caller's language. Null for what needs "
        "no reason."
    )
    def why(self, info: Info) -> Finding | None:
        if self.entry.kind != "decision" or not self.entry.values.get("findings"):
            return None
        deciding, *others = findings_from_json(self.entry.values["findings"])
        if self.entry.values["outcome"] == Outcome.ALLOW:
            # What lets it leave at any hour says more than which hours end first.
            deciding = next((one for one in others if one.verdict.reason.code == "awaited"), deciding)
        return Finding.of(deciding, info.context.language, whole=sees_all(info.context.caller, "Finding.facts"))

    @strawberry.field(description="The contact that it belongs to, if it does.")
    async def contact(self, info: Info) -> Contact | None:
        if self.entry.contact_id is None:
            return None
        found = await info.context.load.contact.load(self.entry.contact_id)
        return Contact.of(found) if found is not None else None

    @strawberry.field(description="The thing itself, by its global id, where it has one: see `node`.")
    def about(self) -> strawberry.ID | None:
        kind = _NODES.get(self.entry.kind.partition(".")[0])
        return strawberry.ID(global_id(kind, self.entry.of_id)) if kind else None

    @classmethod
    def of(cls, entry: Entry) -> TimelineEntry:
        return cls(entry=entry, number=entry.seq, at=entry.at, kind=entry.kind)
