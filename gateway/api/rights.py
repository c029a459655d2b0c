"""What customers may demand of us: what we hold, and to be forgotten."""

from typing import Annotated, cast

import strawberry
from strawberry.scalars import JSON

from gateway import erasing, exporting
from gateway.api.context import Info
from gateway.api.ids import Kind
from gateway.api.reading import LONGEST_TEXT, Reader
from gateway.api.types.payloads import user_errors
from gateway.api.types.rights import (
    EraseCustomerInput,
    EraseCustomerPayload,
    Erasure,
    ExportCustomerInput,
    ExportCustomerPayload,
)
from gateway.model import Role, Unacceptable, UserErrorCode
from gateway.views import LONGEST_REASON, View


@strawberry.type(description="What can be done for a customer's rights.")
class RightsMutations:
    @strawberry.mutation(
        description="Everything that is on record of a customer, machine-readable (GDPR Arts. 15, 20; PIPL Art. 45). "
        "Customers have it of themselves."
    )
    async def export_customer(
        self, info: Info, input: Annotated[ExportCustomerInput, strawberry.argument(description="Whose, and why.")]
    ) -> ExportCustomerPayload | None:
        context = info.context
        try:
            read = Reader()
            customer_id = read.id(input.customer_id, Kind.CUSTOMER, "customerId")
            reason = read.optional_text(input.reason, "reason", longest=LONGEST_REASON)
            if reason is None and context.caller.role is not Role.CUSTOMER:
                read.wrong("staff have to say why", "reason", code=UserErrorCode.MISSING)
            read.finish()
            async with context.acting():
                found = await exporting.export(context.gateway, context.caller, customer_id)
        except Unacceptable as wrong:
            return ExportCustomerPayload(user_errors=user_errors(wrong.errors))
        context.shows(View(customer_id, "customer.export", customer_id, reason))
        return ExportCustomerPayload(export=cast("JSON", found))

    @strawberry.mutation(
        description="Forget a customer: nobody contacts them again, and their data key is destroyed as soon as no law "
        "keeps the record (PIPL Art. 47; GDPR Art. 17). An import does not bring them back. Asking twice is asking "
        "once."
    )
    async def erase_customer(
        self, info: Info, input: Annotated[EraseCustomerInput, strawberry.argument(description="Whom, and why.")]
    ) -> EraseCustomerPayload | None:
        context = info.context
        try:
            read = Reader()
            customer_id = read.id(input.customer_id, Kind.CUSTOMER, "customerId")
            reason = read.text(input.reason, "reason", longest=LONGEST_TEXT)
            read.finish()
            async with context.acting():
                erasure = await erasing.erase(context.gateway, context.caller, customer_id, reason)
        except Unacceptable as wrong:
            return EraseCustomerPayload(user_errors=user_errors(wrong.errors))
        return EraseCustomerPayload(erasure=Erasure.of(erasure, info))
