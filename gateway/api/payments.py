"""Money that came in."""

from typing import Annotated

import strawberry

from gateway import payments
from gateway.api.context import Info
from gateway.api.ids import Kind
from gateway.api.inputs import fingerprint
from gateway.api.reading import Reader
from gateway.api.types.payloads import user_errors
from gateway.api.types.payment import RecordPaymentInput, RecordPaymentPayload
from gateway.model import Unacceptable
from gateway.requests import RecordPayment


@strawberry.type(description="What can be done about payments.")
class PaymentMutations:
    @strawberry.mutation(
        description="Put money that came in on record, all of a bill or a part of it. What demands a bill that is paid "
        "by it and has not left does not leave; a promise that it keeps is KEPT."
    )
    async def record_payment(
        self, info: Info, input: Annotated[RecordPaymentInput, strawberry.argument(description="The payment.")]
    ) -> RecordPaymentPayload | None:
        context = info.context
        try:
            wanted = _read(input)
            recorded = await payments.record(context.gateway, context.caller, wanted)
        except Unacceptable as wrong:
            return RecordPaymentPayload(user_errors=user_errors(wrong.errors))
        return RecordPaymentPayload.of(recorded, wanted.currency)


def _read(given: RecordPaymentInput) -> RecordPayment:
    read = Reader()
    amount, currency = read.money(given.amount.amount, given.amount.currency, "amount")
    bill_id = read.optional_id(given.bill_id, Kind.BILL, "billId")
    account = read.optional_text(given.account, "account")
    at = read.optional_instant(given.at, "at")
    if (bill_id is None) == (account is None):
        read.wrong("say either the bill or the account", "billId")
    reference = read.text(given.reference, "reference")
    read.finish()
    if not amount:
        read.wrong("must be more than nothing", "amount", "amount")
        read.finish()
    return RecordPayment(
        reference=reference,
        fingerprint=fingerprint(bill_id, account, str(amount.normalize()), currency, at, given.send_receipt),
        amount=amount,
        currency=currency,
        bill_id=bill_id,
        account=account,
        at=at,
        send_receipt=given.send_receipt,
    )
