"""Every free text that callers can give, and what it is. A new one without a row here fails a test.

Closed words, numbers, times and ids need no row: what is not one of them is refused by its form.
"""

from collections.abc import Iterator, Mapping
from enum import Enum

from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from gateway.api.schema import CORE


class Kind(Enum):
    """Where a text may be found again, but for answers to those who may see it."""

    PERSONAL = "in no log, no error and no event; at rest only encrypted"
    REFERENCE = "a caller's own name for something: in no log and no error; events and the database hold it"
    OPEN = "about nobody: one of our own words, or of the lender's trade"


P, R, O = Kind.PERSONAL, Kind.REFERENCE, Kind.OPEN  # noqa: E741 - as in the table

INPUTS: Mapping[str, tuple[Kind, str]] = {
    # who owes
    "CustomerKey.reference": (R, "only looked up"),
    "RegisterCustomerInput.reference": (R, "the lender's own id"),
    "RegisterCustomerInput.name": (P, "a name"),
    "ContactPointInput.address": (P, "a number or mail address"),
    # what is owed
    "AccountInput.reference": (R, "the lender's own id of the debt"),
    "AccountInput.product": (O, "one of the lender's products"),
    "RegisterBillInput.reference": (R, "the lender's own id of the bill"),
    "RecordPaymentInput.reference": (R, "the lender's own id of the payment"),
    "RecordPaymentInput.account": (R, "only looked up"),
    "RecordPromiseInput.account": (R, "only looked up"),
    "PlaceHoldInput.account": (R, "only looked up"),
    "RecordCallInput.accounts": (R, "only looked up"),
    "RecordOutsideContactInput.accounts": (R, "only looked up"),
    # what is known of them
    "RecordConsentInput.source": (P, "in somebody's own words"),
    "RecordConsentInput.evidence": (P, "what somebody said or signed"),
    "RecordOutsideContactInput.reference": (R, "the caller's own id of it"),
    "RecordOutsideContactInput.address": (P, "a number or mail address"),
    "RecordOutsideContactInput.note": (P, "in somebody's own words"),
    "RecordConsentInput.idempotencyKey": (R, "the caller's own"),
    "PlaceHoldInput.idempotencyKey": (R, "the caller's own"),
    "RecordPromiseInput.idempotencyKey": (R, "the caller's own"),
    "WithdrawPromiseInput.reason": (P, "in somebody's own words"),
    "PlaceHoldInput.note": (P, "in somebody's own words: an illness, a death"),
    "LiftHoldInput.reason": (P, "in somebody's own words"),
    # easier plans
    "SubmitRepaymentApplicationInput.idempotencyKey": (R, "the caller's own"),
    "SubmitRepaymentApplicationInput.reason": (P, "an illness, a lost job"),
    "SubmitRepaymentApplicationInput.documents": (P, "references that may name a hospital"),
    "DecideRepaymentApplicationInput.reason": (P, "in somebody's own words"),
    "reason.reason": (P, "in somebody's own words"),
    "decisionReason.reason": (P, "in somebody's own words"),
    "RecordHardshipSignalInput.idempotencyKey": (R, "the caller's own"),
    "RecordHardshipSignalInput.account": (R, "only looked up"),
    "RecordHardshipSignalInput.note": (P, "in somebody's own words: an illness, a loss"),
    "WithdrawHardshipSignalInput.reason": (P, "in somebody's own words"),
    "FileComplaintInput.idempotencyKey": (R, "the caller's own"),
    "FileComplaintInput.account": (R, "only looked up"),
    "FileComplaintInput.text": (P, "in somebody's own words"),
    "SettleComplaintInput.answer": (P, "in somebody's own words"),
    "RecordSurveyAnswerInput.idempotencyKey": (R, "the caller's own"),
    "RecordSurveyAnswerInput.text": (P, "in somebody's own words"),
    # contacts
    "RequestContactInput.idempotencyKey": (R, "the caller's own"),
    "RequestContactInput.template": (O, "one of the lender's templates: another is refused"),
    "RequestContactInput.variables": (P, "words of the message"),
    "RequestContactInput.reference": (R, "the caller's own"),
    "CampaignFilterInput.product": (O, "only looked up"),
    "CampaignFilterInput.jurisdiction": (O, "only looked up"),
    "PlanContactsInput.after": (O, "one of our cursors: another is refused"),
    "PlanContactsInput.name": (R, "the caller's own"),
    "CancelContactInput.reason": (P, "in somebody's own words"),
    "SettleContactInput.reason": (P, "in somebody's own words"),
    "PreviewMessageInput.template": (O, "one of the lender's templates"),
    "PreviewMessageInput.variables": (P, "words of the message"),
    "CheckWordsInput.text": (P, "words that somebody tries"),
    "CheckWordsInput.product": (O, "one of the lender's products"),
    # calls
    "ScheduleCallbackInput.idempotencyKey": (R, "the caller's own"),
    "ScheduleCallbackInput.note": (P, "what a customer wants to speak of"),
    "ClaimCallbackInput.idempotencyKey": (R, "the caller's own"),
    "RecordCallInput.idempotencyKey": (R, "the caller's own"),
    "RecordCallInput.note": (P, "what was said in a call"),
    "releaseCallback.reason": (P, "in somebody's own words"),
    # what people wrote
    "SettleReplyInput.note": (P, "in somebody's own words"),
    "SandboxReplyInput.address": (P, "a number or mail address"),
    "SandboxReplyInput.text": (P, "what somebody wrote"),
    "address.reason": (P, "in somebody's own words"),
    "name.reason": (P, "in somebody's own words"),
    "message.reason": (P, "in somebody's own words"),
    "cancelReason.reason": (P, "in somebody's own words"),
    "note.reason": (P, "in somebody's own words"),
    "text.reason": (P, "in somebody's own words"),
    "answer.reason": (P, "in somebody's own words"),
    "sender.reason": (P, "in somebody's own words"),
    "to.reason": (P, "in somebody's own words"),
    "subject.reason": (P, "in somebody's own words"),
    # what customers may demand
    "ExportCustomerInput.reason": (P, "in somebody's own words"),
    "EraseCustomerInput.reason": (P, "in somebody's own words"),
    "MintCustomerTokenInput.scopes": (O, "of the operations: another is refused"),
    # running the gateway
    "PauseSendingInput.reason": (P, "in somebody's own words: it may name who complained"),
    "PauseSendingInput.provider": (O, "one of ours: another is refused"),
    "ResumeSendingInput.reason": (P, "in somebody's own words"),
    "SubscribeEventsInput.url": (P, "an address of the caller's that may hold a token"),
    "SubscribeEventsInput.kinds": (O, "of a fixed list: another is refused"),
}

FREE = frozenset({"String", "JSON"})
"""Scalars that take any text."""

PAGING = frozenset({"after", "before"})
"""Cursors: what is none is refused."""


def free_inputs() -> Iterator[str]:
    """Every place of the schema that takes any text: `InputType.field`, or `operation.argument`."""
    for name, kind in CORE.type_map.items():
        if isinstance(kind, GraphQLInputObjectType):
            yield from (
                f"{name}.{field}" for field, given in kind.fields.items() if get_named_type(given.type).name in FREE
            )
        elif isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield from (
                f"{field}.{argument}"
                for field, asked in kind.fields.items()
                for argument, given in asked.args.items()
                if get_named_type(given.type).name in FREE and argument not in PAGING
            )
