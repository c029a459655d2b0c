from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from gateway import masks, model
from gateway.api.connections import After, Before, Connection, First, Last, connection, window
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.loaders import Part, Whole
from gateway.api.types.bill import Bill
from gateway.api.types.contact_point import ContactPoint, load_point
from gateway.api.types.decision import Decision
from gateway.api.types.hardship import Diversion
from gateway.api.types.node import Node
from gateway.api.types.personal import personal
from gateway.model import AttemptOutcome, ContactStatus, StoredDecision
from policies.facts import Channel, Purpose

if TYPE_CHECKING:
    from gateway.api.types.customer import Customer


@strawberry.type(description="What the provider, or the agent, said of an attempt after it was begun.")
class Receipt:
    at: datetime = strawberry.field(description="When it happened, by whoever told us.")
    received_at: datetime = strawberry.field(description="When we heard of it.")
    outcome: AttemptOutcome = strawberry.field(description="What it says became of the attempt.")
    provider_code: str | None = strawberry.field(description="The provider's own code for it.")


@strawberry.type(
    description="One try on one channel through one provider. It is on record before anything leaves, and only ever "
    "moves forward."
)
class Attempt(Node):
    attempt: strawberry.Private[model.Attempt]
    number: int = strawberry.field(description="1 for the contact's first try.")
    channel: Channel = strawberry.field(description="The channel it goes by.")
    provider: str = strawberry.field(description="Who carries it.")
    started_at: datetime = strawberry.field(description="When it was put on record, before anything left.")
    finished_at: datetime | None = strawberry.field(description="When something was first heard of it.")
    outcome: AttemptOutcome = strawberry.field(description="What became of it, as far as is known.")
    provider_message_id: str | None = strawberry.field(description="The provider's own id of it.")
    provider_code: str | None = strawberry.field(description="The provider's own code for the outcome.")
    detail: str | None = strawberry.field(
        description="What else is known of the outcome. For staff, because it may name one of them; null to the "
        "customer."
    )

    note = personal("Attempt.note", "What the agent noted.", lambda self: self.attempt.note)

    @strawberry.field(description="Whether there is a note, and how long it is. For staff; null to the customer.")
    def masked_note(self) -> str | None:
        return masks.words(self.attempt.note) if self.attempt.note is not None else None

    @strawberry.field(description="Where it was sent.")
    async def contact_point(self, info: Info) -> ContactPoint | None:
        return await load_point(info, self.attempt.contact_point_id)

    @strawberry.field(description="What the provider said later, oldest first. `outcome` is derived from these.")
    async def receipts(self, info: Info) -> list[Receipt]:
        return [
            Receipt(
                at=receipt.at,
                received_at=receipt.received_at,
                outcome=receipt.outcome,
                provider_code=receipt.provider_code,
            )
            for receipt in await info.context.load.receipts.load(self.attempt.id)
        ]

    @classmethod
    def of(cls, attempt: model.Attempt) -> Attempt:
        return cls(
            id=strawberry.ID(global_id(Kind.ATTEMPT, attempt.id)),
            attempt=attempt,
            number=attempt.number,
            channel=attempt.channel,
            provider=attempt.provider,
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            outcome=attempt.outcome,
            provider_message_id=attempt.provider_message_id,
            provider_code=attempt.provider_code,
            detail=attempt.detail,
        )


@strawberry.type(description="One request to reach a customer for one purpose, and its whole life.")
class Contact(Node):
    contact: strawberry.Private[model.Contact]
    #: Already at hand where the contact was made just now.
    decided: strawberry.Private[Sequence[StoredDecision] | None]
    purpose: Purpose = strawberry.field(description="Why the customer is contacted.")
    channels: list[Channel] = strawberry.field(description="In the order they are tried.")
    status: ContactStatus = strawberry.field(description="How far it got.")
    due_at: datetime | None = strawberry.field(description="When it is to leave; null if it never may.")
    expires_at: datetime | None = strawberry.field(description="After this it is not sent any more.")
    created_at: datetime = strawberry.field(description="When it was requested.")
    reference: str | None = strawberry.field(description="The caller's own.")
    requested_by: str = strawberry.field(description="The caller's name.")
    template_version: str | None = strawberry.field(description="The version of the template that was rendered.")
    asked_purpose: Purpose | None = strawberry.field(
        description="What was asked for, where hardship made it another: see `diversion`."
    )

    @strawberry.field(description="The customer to be reached.")
    async def customer(self, info: Info) -> Annotated[Customer, strawberry.lazy("gateway.api.types.customer")]:
        from gateway.api.types.customer import Customer  # noqa: PLC0415 - customers have contacts, contacts a customer

        customer = await info.context.load.customer.load(self.contact.customer_id)
        assert customer is not None
        return Customer.of(customer)

    @strawberry.field(description="The bill it is about.")
    async def bill(self, info: Info) -> Bill | None:
        bill_id = self.contact.bill_id
        bill = await info.context.load.bill.load(bill_id) if bill_id else None
        return Bill.of(bill) if bill else None

    @strawberry.field(description="Why it is the offer of a plan where a notice was asked for; null: it is as asked.")
    def diversion(self, info: Info) -> Diversion | None:
        kept = self.contact.diversion
        return Diversion.recorded(kept, info.context.language) if kept else None

    message = personal("Contact.message", "As rendered and sent.", lambda self: self.contact.message)
    cancel_reason = personal(
        "Contact.cancelReason",
        "Why it was called off, in the words of who did.",
        lambda self: self.contact.cancel_reason,
    )

    @strawberry.field(description="Whether there is a message, and how long it is.")
    def masked_message(self) -> str | None:
        message = self.contact.message
        return masks.words(message) if message is not None else None

    @strawberry.field(description="Whether a reason was given for calling it off, and how long it is.")
    def masked_cancel_reason(self) -> str | None:
        reason = self.contact.cancel_reason
        return masks.words(reason) if reason is not None else None

    @strawberry.field(description="Oldest first; the last one is in force.")
    async def decisions(self, info: Info) -> list[Decision]:
        decided = self.decided
        if decided is None:
            decided = await info.context.load.decisions.load(self.contact.id)
        return [Decision.recorded(decision, info.context.language) for decision in decided]

    @strawberry.field(description="Its tries, oldest first.")
    async def attempts(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Attempt]:
        load, contact_id = info.context.load, self.contact.id
        found = await load.attempts_of_contact.load(Part(contact_id, None, window(first, after, last, before)))
        return connection(
            found,
            Attempt.of,
            lambda one: one.id,
            lambda: load.number_of_attempts_of_contact.load(Whole(contact_id, None)),
        )

    @classmethod
    def of(cls, contact: model.Contact, decided: Sequence[StoredDecision] | None = None) -> Contact:
        return cls(
            id=strawberry.ID(global_id(Kind.CONTACT, contact.id)),
            contact=contact,
            decided=decided,
            purpose=contact.purpose,
            channels=list(contact.channels),
            status=contact.status,
            due_at=contact.due_at,
            expires_at=contact.expires_at,
            created_at=contact.created_at,
            reference=contact.reference,
            requested_by=contact.requested_by,
            template_version=contact.template_version,
            asked_purpose=contact.asked_purpose,
        )
