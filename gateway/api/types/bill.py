from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from gateway import model
from gateway.api.connections import After, Before, Connection, First, Last, connection, window
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.loaders import Part, Whole
from gateway.api.scalars import Currency
from gateway.api.types.node import Node
from gateway.calendars import days_overdue
from gateway.money import exact
from gateway.store.pages import ContactFilter
from policies.facts import BillStatus, LenderKind, LenderRole

if TYPE_CHECKING:
    from gateway.api.types.contact import Contact


@strawberry.type(description="An amount of money.")
class Money:
    amount: Decimal = strawberry.field(
        description="To the digit, with as many after the point as the currency has: 0.00 CNY, 100 JPY."
    )
    currency: Currency = strawberry.field(description="Its currency.")

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> Money:
        return cls(amount=exact(amount, currency), currency=Currency(currency))


@strawberry.type(description="One debt. Many rules count per debt; several bills may belong to one.")
class Account(Node):
    reference: str = strawberry.field(description="The lender's own id of the debt.")
    product: str = strawberry.field(description="CONSUMER_LOAN, CREDIT_CARD ...: rules may differ by product.")
    role: LenderRole = strawberry.field(description="Who we are towards this debt.")
    in_collection_procedures: bool = strawberry.field(description="Whether collection proceedings are under way.")
    lender_kinds: list[LenderKind] = strawberry.field(
        description="What the lender of this debt is; empty: what the deployment says."
    )

    @classmethod
    def of(cls, account: model.Account) -> Account:
        return cls(
            id=strawberry.ID(global_id(Kind.ACCOUNT, account.id)),
            reference=account.reference,
            product=account.product,
            role=account.role,
            in_collection_procedures=account.in_collection_procedures,
            lender_kinds=list(account.lender_kinds),
        )


@strawberry.type(description="Money that came in on one bill.")
class Payment:
    reference: str = strawberry.field(description="The lender's own id of the payment.")
    amount: Money = strawberry.field(description="What of it went to this bill.")
    at: datetime = strawberry.field(description="When it came in.")

    @classmethod
    def of(cls, payment: model.Payment) -> Payment:
        return cls(
            reference=payment.reference,
            amount=Money.of(payment.amount, payment.currency),
            at=payment.at,
        )


@strawberry.type(description="One amount due on one date, on one debt.")
class Bill(Node):
    bill: strawberry.Private[model.Bill]
    reference: str = strawberry.field(description="The lender's own id of the bill.")
    account: Account = strawberry.field(description="The debt it belongs to.")
    amount_due: Money = strawberry.field(description="What is to be paid.")
    due_on: date = strawberry.field(description="The last day to pay it in time.")
    status: BillStatus = strawberry.field(description="Whether it is still to be paid.")
    amount_paid: Money = strawberry.field(description="What payments have brought: see `recordPayment`.")
    instalment: int | None = strawberry.field(description="Its number in the account's plan, or null.")

    @strawberry.field(
        description="The instalments of the plan that replaced it, by their due dates: what is owed is owed there. "
        "Empty of a bill that no plan of this gateway replaced, and of one IN_PLAN that was agreed elsewhere."
    )
    async def replaced_by(self, info: Info) -> list[Bill]:
        return [Bill.of(one) for one in await self._instalments(info)]

    @strawberry.field(
        description="What is still to be paid of it; nothing once it is PAID, or replaced: that is in its instalments."
    )
    async def amount_left(self, info: Info) -> Money:
        left = Decimal(0) if await self._instalments(info) else self.bill.amount_left
        return Money.of(left, self.bill.currency)

    async def _instalments(self, info: Info) -> list[model.Bill]:
        # Only a bill in one of these states can have been replaced: the others cost no look.
        if self.bill.status not in (BillStatus.IN_PLAN, BillStatus.PAID, BillStatus.WRITTEN_OFF):
            return []
        return await info.context.load.instalments.load(self.bill.id)

    @strawberry.field(description="The payments on it, oldest first.")
    async def payments(self, info: Info) -> list[Payment]:
        return [Payment.of(one) for one in await info.context.load.payments.load(self.bill.id)]

    @strawberry.field(
        description="0 until the due date has passed, in the customer's zone; 0 once it is paid, and while a plan that "
        "replaced it stands."
    )
    async def days_overdue(self, info: Info) -> int:
        if self.bill.status in (BillStatus.PAID, BillStatus.IN_PLAN) or await self._instalments(info):
            return 0
        gateway = info.context.gateway
        customer = await info.context.load.customer.load(self.bill.customer_id)
        assert customer is not None
        return days_overdue(gateway, customer, self.bill, gateway.clock())

    @strawberry.field(description="The contacts about this bill, oldest first.")
    async def contacts(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Annotated[Contact, strawberry.lazy("gateway.api.types.contact")]]:
        from gateway.api.types.contact import Contact  # noqa: PLC0415 - a contact has a bill, and a bill contacts

        load, which = info.context.load, ContactFilter()
        found = await load.contacts_of_bill.load(Part(self.bill.id, which, window(first, after, last, before)))
        return connection(
            found,
            Contact.of,
            lambda one: one.id,
            lambda: load.number_of_contacts_of_bill.load(Whole(self.bill.id, which)),
        )

    @classmethod
    def of(cls, bill: model.Bill) -> Bill:
        return cls(
            id=strawberry.ID(global_id(Kind.BILL, bill.id)),
            bill=bill,
            reference=bill.reference,
            account=Account.of(bill.account),
            amount_due=Money.of(bill.amount_due, bill.currency),
            due_on=bill.due_on,
            status=bill.status,
            amount_paid=Money.of(bill.amount_paid, bill.currency),
            instalment=bill.instalment,
        )
