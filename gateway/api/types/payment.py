"""Money that came in, as callers say it."""

from __future__ import annotations

import strawberry
from strawberry import UNSET

from gateway.api.scalars import DateTimeText
from gateway.api.types.bill import Bill, Money, Payment
from gateway.api.types.contact import Contact
from gateway.api.types.inputs import MoneyInput
from gateway.api.types.payloads import ERRORS, UserError
from gateway.payments import Recorded


@strawberry.input(description="Money that came in: on one bill, or on an account, whose first due bill it pays first.")
class RecordPaymentInput:
    reference: str = strawberry.field(
        description="The lender's own id of the payment. The same again is the same payment."
    )
    bill_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The bill: this, or `account`.")
    account: str | None = strawberry.field(
        default=UNSET, description="The reference of the account, whose open bills it pays, the oldest due date first."
    )
    amount: MoneyInput = strawberry.field(description="How much, in the currency of the bills.")
    at: DateTimeText | None = strawberry.field(default=UNSET, description="When it came in. Default: now.")
    send_receipt: bool = strawberry.field(
        default=False, description="Whether the customer is to be thanked: a PAYMENT_RECEIPT under all rules."
    )


@strawberry.type(description="What became of the money.")
class RecordPaymentPayload:
    payments: list[Payment] = strawberry.field(default_factory=list, description="What went to which bill, in order.")
    bills: list[Bill] = strawberry.field(default_factory=list, description="These bills, as they are now.")
    unallocated: Money | None = strawberry.field(
        default=None,
        description="What was more than the bills asked for: the lender's to give back or to keep for later.",
    )
    receipt: Contact | None = strawberry.field(
        default=None, description="The receipt, where one was asked for; null where the payment was on record before."
    )
    replayed: bool = strawberry.field(default=False, description="Whether this payment was on record before.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(cls, recorded: Recorded, currency: str) -> RecordPaymentPayload:
        return cls(
            payments=[Payment.of(one) for one in recorded.payments],
            bills=[Bill.of(one) for one in recorded.bills],
            unallocated=Money.of(recorded.unallocated, currency),
            receipt=Contact.of(recorded.receipt) if recorded.receipt else None,
            replayed=recorded.replayed,
        )
