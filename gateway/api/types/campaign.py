"""Planning contacts: what is proposed for bills, and what was made of it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import strawberry

from gateway import campaigns
from gateway.api.ids import cursor
from gateway.api.types.bill import Bill
from gateway.api.types.contact import Contact
from gateway.api.types.payloads import ERRORS, UserError
from policies.decision import Outcome
from policies.facts import Channel, Purpose


@strawberry.input(description="Which bills. What is absent does not narrow.")
class CampaignFilterInput:
    product: str | None = strawberry.field(default=strawberry.UNSET, description="Only debts of this product.")
    jurisdiction: str | None = strawberry.field(
        default=strawberry.UNSET, description="Only customers of this jurisdiction."
    )
    days_overdue_from: int | None = strawberry.field(
        default=strawberry.UNSET, description="At least so many days overdue; before the due date they are negative."
    )
    days_overdue_to: int | None = strawberry.field(
        default=strawberry.UNSET, description="At most so many days overdue."
    )
    customer_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Only this customer's.")


@strawberry.input(description="What is to be planned.")
class PlanContactsInput:
    dry_run: bool = strawberry.field(description="True: only show what would be asked for, and record nothing.")
    filter: CampaignFilterInput | None = strawberry.field(default=strawberry.UNSET, description="Which bills.")
    limit: int = strawberry.field(default=100, description="So many customers are looked at, 1 to 500.")
    after: str | None = strawberry.field(
        default=strawberry.UNSET, description="The `endCursor` of the page before: go on after it."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="The campaign's name: the `reference` of its contacts."
    )


@strawberry.type(description="The next step for one bill.")
class ContactProposal:
    bill: Bill = strawberry.field(description="What it is about.")
    purpose: Purpose = strawberry.field(description="Which notice.")
    channels: list[Channel] = strawberry.field(description="By which channels, in this order.")
    not_before: datetime | None = strawberry.field(
        description="When it is wished for, as the customer's best moment or to spread the load; null: at once."
    )
    reason: str = strawberry.field(description="Why this step, in the caller's language.")
    outcome: Outcome = strawberry.field(description="What the rules say to it.")
    next_allowed_at: datetime | None = strawberry.field(description="The first instant at which it is allowed.")
    contact: Contact | None = strawberry.field(description="What was made of it; null in a dry run.")

    @classmethod
    def of(cls, one: campaigns.Proposal, language: str) -> ContactProposal:
        return cls(
            bill=Bill.of(one.bill),
            purpose=one.purpose,
            channels=list(one.channels),
            not_before=one.not_before,
            reason=one.step.reason.text(language),
            outcome=one.outcome,
            next_allowed_at=one.next_allowed_at,
            contact=Contact.of(one.contact) if one.contact else None,
        )


@strawberry.type(description="How many bills of the page had the same answer.")
class PlanCount:
    what: str = strawberry.field(description="A purpose, or the code of the reason for which nothing was proposed.")
    bills: int = strawberry.field(description="How many.")

    @classmethod
    def all(cls, counted: Counter[str] | Counter[Purpose]) -> list[PlanCount]:
        return [cls(what=str(what), bills=number) for what, number in counted.most_common()]


@strawberry.type(description="What was planned for the bills of some customers.")
class PlanContactsPayload:
    proposals: list[ContactProposal] = strawberry.field(
        default_factory=list, description="At most one for each customer, about the oldest bill."
    )
    proposed: list[PlanCount] = strawberry.field(default_factory=list, description="How many for each purpose.")
    nothing: list[PlanCount] = strawberry.field(
        default_factory=list, description="For how many nothing was proposed, and why."
    )
    end_cursor: str | None = strawberry.field(default=None, description="Where the next page begins.")
    has_next_page: bool = strawberry.field(default=False, description="Whether there are more customers to look at.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(cls, page: campaigns.Page, language: str) -> PlanContactsPayload:
        return cls(
            proposals=[ContactProposal.of(one, language) for one in page.proposals],
            proposed=PlanCount.all(page.by_purpose),
            nothing=PlanCount.all(page.by_reason),
            end_cursor=cursor(page.last) if page.last else None,
            has_next_page=page.has_next,
        )
