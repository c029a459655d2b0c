"""An easier way to repay: what is proposed, what was applied for, and what became of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from gateway import masks, model
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.scalars import DateText
from gateway.api.types.bill import Bill, Money
from gateway.api.types.inputs import MoneyInput
from gateway.api.types.node import Node
from gateway.api.types.payloads import ERRORS, UserError
from gateway.api.types.personal import personal
from gateway.model import ApplicationStatus
from policies import plans

if TYPE_CHECKING:
    from gateway.api.types.customer import Customer


@strawberry.type(description="One part of a plan.")
class Instalment:
    due_on: date = strawberry.field(description="The day by which it is due.")
    amount: Money = strawberry.field(description="How much, to the minor unit.")

    @classmethod
    def of(cls, part: plans.Instalment, currency: str) -> Instalment:
        return cls(due_on=part.due_on, amount=Money.of(part.amount, currency))


@strawberry.type(description="A plan that is proposed: monthly instalments without interest or fee.")
class PlanOption:
    instalments: list[Instalment] = strawberry.field(description="Its parts, in their order.")
    total: Money = strawberry.field(description="Their sum: exactly what is left of the bill.")

    @classmethod
    def of(cls, parts: tuple[plans.Instalment, ...], currency: str) -> PlanOption:
        total = sum((part.amount for part in parts), Decimal(0))
        return cls(
            instalments=[Instalment.of(part, currency) for part in parts],
            total=Money.of(total, currency),
        )


@strawberry.type(description="A customer asks to repay a bill in another way. While it is open, nothing demands it.")
class RepaymentApplication(Node):
    application: strawberry.Private[model.Application]
    status: ApplicationStatus = strawberry.field(description="How far it got.")
    instalments: list[Instalment] = strawberry.field(description="The plan that was applied for.")
    documents: list[str] = strawberry.field(description="References of documents, as the applicant gave them.")
    submitted_at: datetime = strawberry.field(description="When it was submitted.")
    decided_at: datetime | None = strawberry.field(description="When it was decided or taken back.")
    decided_by: str | None = strawberry.field(description="Who decided. For staff; null to the customer.")

    reason = personal(
        "RepaymentApplication.reason", "Why, in the customer's words.", lambda self: self.application.reason
    )
    decision_reason = personal(
        "RepaymentApplication.decisionReason",
        "Why it was decided so; for the customer to read.",
        lambda self: self.application.decision_reason,
    )

    @strawberry.field(description="How long the customer's reason is.")
    def masked_reason(self) -> str:
        return masks.words(self.application.reason)

    @strawberry.field(description="How long the reason of the decision is.")
    def masked_decision_reason(self) -> str | None:
        said = self.application.decision_reason
        return None if said is None else masks.words(said)

    @strawberry.field(description="Who applied.")
    async def customer(self, info: Info) -> Annotated[Customer, strawberry.lazy("gateway.api.types.customer")]:
        from gateway.api.types.customer import Customer  # noqa: PLC0415 - customers and applications show each other

        found = await info.context.load.customer.load(self.application.customer_id)
        assert found is not None
        return Customer.of(found)

    @strawberry.field(description="The bill that it is about.")
    async def bill(self, info: Info) -> Bill:
        found = await info.context.load.bill.load(self.application.bill_id)
        assert found is not None
        return Bill.of(found)

    @classmethod
    def of(cls, application: model.Application) -> RepaymentApplication:
        return cls(
            id=strawberry.ID(global_id(Kind.APPLICATION, application.id)),
            application=application,
            status=application.status,
            instalments=[Instalment.of(part, application.currency) for part in application.instalments],
            documents=list(application.documents),
            submitted_at=application.submitted_at,
            decided_at=application.decided_at,
            decided_by=application.decided_by,
        )


@strawberry.input(description="One part of a plan of the customer's own.")
class InstalmentInput:
    due_on: DateText = strawberry.field(description="The day by which it is due.")
    amount: MoneyInput = strawberry.field(description="How much, in the currency of the bill.")


@strawberry.input(description="Another plan for a bill: one that was proposed, or one of the customer's own.")
class SubmitRepaymentApplicationInput:
    idempotency_key: str = strawberry.field(description="The caller's own: the same again is the same application.")
    bill_id: strawberry.ID = strawberry.field(description="The bill.")
    instalments: list[InstalmentInput] = strawberry.field(
        description="The plan, in its order. Its amounts must add up to what is left of the bill, exactly."
    )
    reason: str = strawberry.field(description="Why, in the customer's words.")
    documents: list[str] | None = strawberry.field(
        default=UNSET, description="References of documents, 20 at most; never the documents."
    )


@strawberry.input(description="What becomes of an application.")
class DecideRepaymentApplicationInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    approve: bool = strawberry.field(description="Whether the plan is agreed to.")
    reason: str = strawberry.field(description="Why. The customer can read it.")


@strawberry.type(description="The application as it is now.")
class RepaymentApplicationPayload:
    application: RepaymentApplication | None = strawberry.field(default=None, description="The application.")
    replayed: bool = strawberry.field(default=False, description="Whether the same was done before.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
