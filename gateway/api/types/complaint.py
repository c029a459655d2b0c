"""Complaints, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from gateway import masks, model
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.scalars import DateTimeText
from gateway.api.types.hardship import ERRORS
from gateway.api.types.node import Node
from gateway.api.types.personal import personal
from gateway.model import ComplaintStatus

if TYPE_CHECKING:
    from gateway.api.types.bill import Account
    from gateway.api.types.contact import Contact
    from gateway.api.types.customer import Customer
    from gateway.api.types.payloads import UserError


@strawberry.type(description="Somebody complained. Demands pause until it is settled.")
class Complaint(Node):
    complaint: strawberry.Private[model.Complaint]
    status: ComplaintStatus = strawberry.field(description="Whether it was answered.")
    at: datetime = strawberry.field(description="When it was made.")
    recorded_at: datetime = strawberry.field(description="When it was put on record: from then on demands pause.")
    settled_at: datetime | None = strawberry.field(description="When it was answered.")
    settled_by: str | None = strawberry.field(description="Who answered it. For staff; null to the customer.")

    @strawberry.field(description="The customer.")
    async def customer(self, info: Info) -> Annotated[Customer, strawberry.lazy("gateway.api.types.customer")]:
        from gateway.api.types.customer import Customer  # noqa: PLC0415 - customers show their complaints

        found = await info.context.load.customer.load(self.complaint.customer_id)
        assert found is not None
        return Customer.of(found)

    @strawberry.field(description="The contact it is about.")
    async def contact(self, info: Info) -> Annotated[Contact, strawberry.lazy("gateway.api.types.contact")] | None:
        from gateway.api.types.contact import Contact  # noqa: PLC0415 - as above

        contact_id = self.complaint.contact_id
        found = await info.context.load.contact.load(contact_id) if contact_id else None
        return Contact.of(found) if found else None

    @strawberry.field(description="The debt it is about; null: all of them.")
    async def account(self, info: Info) -> Annotated[Account, strawberry.lazy("gateway.api.types.bill")] | None:
        from gateway.api.types.bill import Account  # noqa: PLC0415 - as above

        account_id = self.complaint.account_id
        found = await info.context.load.account.load(account_id) if account_id else None
        return Account.of(found) if found else None

    text = personal("Complaint.text", "What was said.", lambda self: self.complaint.text)
    answer = personal("Complaint.answer", "What was answered.", lambda self: self.complaint.answer)

    @strawberry.field(description="How long the text is.")
    def masked_text(self) -> str:
        return masks.words(self.complaint.text)

    @strawberry.field(description="Whether there is an answer, and how long it is.")
    def masked_answer(self) -> str | None:
        return masks.words(self.complaint.answer) if self.complaint.answer is not None else None

    @classmethod
    def of(cls, complaint: model.Complaint) -> Complaint:
        return cls(
            id=strawberry.ID(global_id(Kind.COMPLAINT, complaint.id)),
            complaint=complaint,
            status=complaint.status,
            at=complaint.at,
            recorded_at=complaint.recorded_at,
            settled_at=complaint.settled_at,
            settled_by=complaint.settled_by,
        )


@strawberry.input(description="What a customer complains about.")
class FileComplaintInput:
    idempotency_key: str = strawberry.field(description="The caller's own: the same key files it once.")
    customer_id: strawberry.ID = strawberry.field(description="Who complains.")
    text: str = strawberry.field(description="What was said, in their words.")
    contact_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The contact it is about."
    )
    account: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The reference of the debt it is about: only what is about it pauses. Default: all of them.",
    )
    at: DateTimeText | None = strawberry.field(default=strawberry.UNSET, description="When. Default: now.")


_LAZY = strawberry.lazy("gateway.api.types.payloads")


@strawberry.type(description="The complaint that is on record.")
class FileComplaintPayload:
    complaint: Complaint | None = strawberry.field(default=None, description="The complaint.")
    replayed: bool = strawberry.field(default=False, description="Whether this key was seen before.")
    user_errors: list[Annotated[UserError, _LAZY]] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.input(description="What a complaint is answered with.")
class SettleComplaintInput:
    complaint_id: strawberry.ID = strawberry.field(description="The complaint.")
    answer: str = strawberry.field(description="The answer, as the customer is told it.")


@strawberry.type(description="The complaint as it is now.")
class SettleComplaintPayload:
    complaint: Complaint | None = strawberry.field(default=None, description="The complaint.")
    contact: Annotated[Contact, strawberry.lazy("gateway.api.types.contact")] | None = strawberry.field(
        default=None,
        description="The contact that tells the customer; null where it was settled before, or none could be made.",
    )
    replayed: bool = strawberry.field(default=False, description="Whether it was settled before, with this answer.")
    user_errors: list[Annotated[UserError, _LAZY]] = strawberry.field(default_factory=list, description=ERRORS)
