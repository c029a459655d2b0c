"""What callers send. Values are as they wrote them; `gateway.api.inputs` reads them.

No field has a default: what is absent stays as it was.
"""

from __future__ import annotations

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from gateway.api.enums import Weekday
from gateway.api.scalars import (
    Currency,
    DateText,
    DateTimeText,
    DecimalText,
    Jurisdiction,
    Locale,
    LocalTimeText,
    TimeZone,
)
from gateway.model import CallResult, ContactStatus, OutsideResult
from policies.facts import (
    BillStatus,
    Channel,
    ConsentStatus,
    HoldKind,
    Initiator,
    LenderKind,
    LenderRole,
    Medium,
    Party,
    Place,
    Purpose,
    WindowEffect,
)

_KEY = "1..200 characters, the caller's own. The same key with the same body gives the same answer again."


@strawberry.input(one_of=True, description="How a customer is named: by one of the two.")
class CustomerKey:
    id: strawberry.ID | None = strawberry.field(default=UNSET, description="The global id.")
    reference: str | None = strawberry.field(default=UNSET, description="The lender's own id.")


@strawberry.input(
    description="`at` may lie in the past or the future. `contactPointId` asks about one address; default: the one "
    "that would be used."
)
class PreviewContactInput:
    customer_id: strawberry.ID = strawberry.field(description="Who would be contacted.")
    bill_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The bill it would be about.")
    purpose: Purpose = strawberry.field(description="Why.")
    channel: Channel = strawberry.field(description="How.")
    contact_point_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Where.")
    at: DateTimeText | None = strawberry.field(default=UNSET, description="When. Default: now.")


@strawberry.input(description="Which contacts to list. What is absent does not narrow.")
class ContactFilter:
    customer_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Only this customer's.")
    bill_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Only those about this bill.")
    purpose: Purpose | None = strawberry.field(default=UNSET, description="Only those for this purpose.")
    channel: Channel | None = strawberry.field(
        default=UNSET, description="Only those whose decision in force is about this channel."
    )
    status: ContactStatus | None = strawberry.field(default=UNSET, description="Only those of this status.")
    since: DateTimeText | None = strawberry.field(
        name="from", default=UNSET, description="Only those requested at this instant or later."
    )
    until: DateTimeText | None = strawberry.field(
        name="to", default=UNSET, description="Only those requested before this instant."
    )


@strawberry.input(description="A phone number or mail address, added or updated by channel and address.")
class ContactPointInput:
    channel: Channel = strawberry.field(
        description="SMS for a number that takes texts, CALLBACK for any number, EMAIL for a mail address."
    )
    address: str = strawberry.field(description="The number, international or as written at home, or the address.")
    party: Party | None = strawberry.field(default=UNSET, description="Whose it is. On creation: CUSTOMER.")
    place: Place | None = strawberry.field(default=UNSET, description="Where it reaches them.")
    shared: bool | None = strawberry.field(default=UNSET, description="Whether others read it too. On creation: false.")


@strawberry.input(description="A customer, created or updated by `reference`. What is absent stays as it was.")
class RegisterCustomerInput:
    reference: str = strawberry.field(description="The lender's own id.")
    name: str | None = strawberry.field(default=UNSET, description="What the customer is called.")
    locale: Locale = strawberry.field(description="The language of messages.")
    time_zones: list[TimeZone] | None = strawberry.field(
        default=UNSET, description="Every zone the customer may be in. Default: those of the phone numbers."
    )
    jurisdiction: Jurisdiction = strawberry.field(description="Whose rules apply.")
    contact_points: list[ContactPointInput] = strawberry.field(
        description="Added or updated by channel and address; others stay. At least one."
    )


@strawberry.input(description="An amount of money.")
class MoneyInput:
    amount: DecimalText = strawberry.field(description="Not negative, with no more digits than the currency has.")
    currency: Currency = strawberry.field(description="Its currency.")


@strawberry.input(description="A debt, created or updated by `reference`. What is absent stays as it was.")
class AccountInput:
    reference: str = strawberry.field(description="The lender's own id of the debt.")
    product: str | None = strawberry.field(
        default=UNSET, description="CONSUMER_LOAN, CREDIT_CARD ... On creation: CONSUMER_LOAN."
    )
    role: LenderRole | None = strawberry.field(default=UNSET, description="Who we are. On creation: CREDITOR.")
    in_collection_procedures: bool | None = strawberry.field(
        default=UNSET, description="Whether collection proceedings are under way. On creation: false."
    )
    lender_kinds: list[LenderKind] | None = strawberry.field(
        default=UNSET, description="What the lender of this debt is, where it is not what the deployment says."
    )


@strawberry.input(description="What is known of an address.")
class MarkContactPointInput:
    contact_point_id: strawberry.ID = strawberry.field(description="The address.")
    usable: bool = strawberry.field(
        description="False: it is wrong, or was given to somebody else (a reassigned number). True: it is right again."
    )


@strawberry.input(description="References that are one person.")
class LinkCustomersInput:
    customer_ids: list[strawberry.ID] = strawberry.field(description="Two or more customers, up to 20.")


@strawberry.input(description="A bill, created or updated by `reference`. What is absent stays as it was.")
class RegisterBillInput:
    reference: str = strawberry.field(description="The lender's own id of the bill.")
    customer_id: strawberry.ID = strawberry.field(description="Who owes it.")
    account: AccountInput = strawberry.field(description="The debt it belongs to.")
    amount_due: MoneyInput = strawberry.field(description="What is to be paid.")
    due_on: DateText = strawberry.field(description="The last day to pay it in time.")
    status: BillStatus | None = strawberry.field(default=UNSET, description="On creation: OPEN.")
    instalment: int | None = strawberry.field(
        default=UNSET, description="Its number in the account's plan, where it is one of several: 1 and up."
    )


@strawberry.input(
    description="Scope: one contact point, else one channel, else everything. `purpose` narrows it further "
    "(MARKETING, say)."
)
class RecordConsentInput:
    customer_id: strawberry.ID = strawberry.field(description="Whose consent.")
    status: ConsentStatus = strawberry.field(description="Granted or withdrawn.")
    channel: Channel | None = strawberry.field(default=UNSET, description="Only this channel.")
    contact_point_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Only this contact point.")
    purpose: Purpose | None = strawberry.field(default=UNSET, description="Only this purpose.")
    source: str = strawberry.field(description="Where it was given: a form, a call, a reply to a text.")
    evidence: str | None = strawberry.field(default=UNSET, description="What proves it.")
    at: DateTimeText | None = strawberry.field(default=UNSET, description="Since when it holds. Default: now.")
    idempotency_key: str | None = strawberry.field(default=UNSET, description=_KEY)


@strawberry.input(description="A contact to be made.")
class RequestContactInput:
    idempotency_key: str = strawberry.field(description=_KEY + " Kept as long as the contact itself.")
    customer_id: strawberry.ID = strawberry.field(description="Who is to be contacted.")
    bill_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The bill it is about.")
    purpose: Purpose = strawberry.field(description="Why.")
    channels: list[Channel] | None = strawberry.field(
        default=UNSET, description="In order of preference. Default: the customer's wish, else SMS, EMAIL, CALLBACK."
    )
    template: str | None = strawberry.field(
        default=UNSET, description="Default: the one for purpose, channel and locale."
    )
    variables: JSON | None = strawberry.field(
        default=UNSET, description="An object with what the template needs beyond customer and bill."
    )
    not_before: DateTimeText | None = strawberry.field(default=UNSET, description="Not to leave before this.")
    expires_at: DateTimeText | None = strawberry.field(default=UNSET, description="Not to leave after this.")
    at_best_moment: bool | None = strawberry.field(
        default=False,
        description="Rather at the hour of the day at which this customer has reacted before, where the rules allow "
        "it then: at most two days after the first allowed instant, and before expiresAt. The decision says so.",
    )
    reference: str | None = strawberry.field(default=UNSET, description="The caller's own.")
    in_reply_to: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The recorded contact by the customer that this answers; purposes that rules exempt need such "
        "evidence.",
    )


@strawberry.input(description="A call at a wished time.")
class ScheduleCallbackInput:
    idempotency_key: str = strawberry.field(description=_KEY)
    customer_id: strawberry.ID = strawberry.field(description="Who is to be rung.")
    bill_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The bill it is about.")
    purpose: Purpose = strawberry.field(description="Why.")
    in_reply_to: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The recorded contact by the customer that this answers."
    )
    at: DateTimeText = strawberry.field(description="From when it may be rung.")
    until: DateTimeText | None = strawberry.field(default=UNSET, description="After this it is given up.")
    note: str | None = strawberry.field(default=UNSET, description="For the agent.")


@strawberry.input(description="A contact to be called off before it leaves.")
class CancelContactInput:
    contact_id: strawberry.ID = strawberry.field(description="The contact.")
    reason: str | None = strawberry.field(default=UNSET, description="Why.")


@strawberry.input(description="What a person found out about a contact that was UNCLEAR.")
class SettleContactInput:
    contact_id: strawberry.ID = strawberry.field(description="The contact.")
    delivered: bool = strawberry.field(description="Whether it reached the customer.")
    reason: str = strawberry.field(description="How that is known.")


@strawberry.input(description="The next call, please.")
class ClaimCallbackInput:
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="How a ring ended.")
class RecordCallInput:
    callback_id: strawberry.ID = strawberry.field(description="The callback, claimed by the caller.")
    idempotency_key: str = strawberry.field(description=_KEY)
    result: CallResult = strawberry.field(description="How it ended.")
    at: DateTimeText | None = strawberry.field(default=UNSET, description="When it ended. Default: now.")
    accounts: list[str] | None = strawberry.field(
        default=UNSET, description="References of the debts that were spoken of."
    )
    note: str | None = strawberry.field(default=UNSET, description="What else there is to say.")
    call_again_at: DateTimeText | None = strawberry.field(
        default=UNSET, description="When the customer wants to be rung again."
    )


@strawberry.input(description="A contact made outside the gateway. It counts wherever the law counts it.")
class RecordOutsideContactInput:
    customer_id: strawberry.ID = strawberry.field(description="Who was contacted, or who made contact.")
    reference: str = strawberry.field(description="The caller's own id of it. Recording it twice records it once.")
    channel: Medium = strawberry.field(description="How.")
    result: OutsideResult = strawberry.field(description="How far it got.")
    initiator: Initiator = strawberry.field(description="Who began it.")
    at: DateTimeText = strawberry.field(description="When. Not in the future.")
    accounts: list[str] | None = strawberry.field(default=UNSET, description="References of the debts it was about.")
    address: str | None = strawberry.field(default=UNSET, description="The number or address that was used.")
    purpose: Purpose | None = strawberry.field(default=UNSET, description="Why.")
    note: str | None = strawberry.field(default=UNSET, description="What else there is to say.")


@strawberry.input(description="A reason why contact must stop or soften.")
class PlaceHoldInput:
    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    kind: HoldKind = strawberry.field(description="The reason.")
    channel: Channel | None = strawberry.field(default=UNSET, description="Only this channel.")
    contact_point_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Only this contact point.")
    account: str | None = strawberry.field(default=UNSET, description="Only the debt of this reference.")
    starts: DateTimeText | None = strawberry.field(
        name="from", default=UNSET, description="From when it holds. Default: now."
    )
    until: DateTimeText | None = strawberry.field(default=UNSET, description="When it ends by itself.")
    note: str | None = strawberry.field(default=UNSET, description="What else there is to say.")
    idempotency_key: str | None = strawberry.field(default=UNSET, description=_KEY)


@strawberry.input(description="The end of a hold.")
class LiftHoldInput:
    hold_id: strawberry.ID = strawberry.field(description="The hold.")
    reason: str = strawberry.field(description="Why it may end.")


@strawberry.input(description="A date by which the customer says they will pay.")
class RecordPromiseInput:
    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    account: str = strawberry.field(description="The reference of the debt.")
    pay_by: DateText = strawberry.field(description="The last day of the promise.")
    amount: MoneyInput | None = strawberry.field(default=UNSET, description="How much. Default: all that is owed.")
    made_at: DateTimeText | None = strawberry.field(default=UNSET, description="When it was made. Default: now.")
    idempotency_key: str | None = strawberry.field(default=UNSET, description=_KEY)


@strawberry.input(description="A promise that was recorded in error, or is taken back.")
class WithdrawPromiseInput:
    promise_id: strawberry.ID = strawberry.field(description="The promise.")
    reason: str = strawberry.field(description="Why.")


@strawberry.input(
    description="Hours in the customer's own clock. ALSO_ALLOW opens hours by agreement, ONLY narrows to them, NEVER "
    "closes them."
)
class ContactWindowInput:
    effect: WindowEffect = strawberry.field(description="What the window does.")
    start: LocalTimeText = strawberry.field(description="Its first minute.")
    end: LocalTimeText = strawberry.field(description="Its end; before `start` it runs over midnight.")
    days: list[Weekday] | None = strawberry.field(
        default=UNSET, description="The days on which it starts. Default: all."
    )
    channels: list[Channel] | None = strawberry.field(default=UNSET, description="Default: all.")
    valid_from: DateTimeText | None = strawberry.field(default=UNSET, description="From when the wish holds.")
    valid_until: DateTimeText | None = strawberry.field(default=UNSET, description="Until when the wish holds.")
    time_zone: TimeZone | None = strawberry.field(
        default=UNSET, description="Whose wall clock. Default: every known zone of the customer."
    )


@strawberry.input(description="What the customer wishes. What is absent stays as it was; an empty list takes it away.")
class SetPreferencesInput:
    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    channels: list[Channel] | None = strawberry.field(
        default=UNSET, description="Channels in the order the customer likes them."
    )
    windows: list[ContactWindowInput] | None = strawberry.field(
        default=UNSET, description="The hours the customer asked for, in place of those asked for before."
    )
