"""The nouns of the gateway, as values. Rows stay in `store`; what leaves it is one of these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from policies.decision import Outcome
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
    PromiseStatus,
    Purpose,
    Wish,
)
from policies.hardship import SignalKind
from policies.plans import Instalment
from policies.replies import Meaning


class Role(StrEnum):
    """What a caller is."""

    CUSTOMER = "CUSTOMER"
    SERVICE = "SERVICE"
    AGENT = "AGENT"
    COMPLIANCE = "COMPLIANCE"
    ADMIN = "ADMIN"


class ContactStatus(StrEnum):
    REFUSED = "REFUSED"  #: policy said no; nothing was sent
    SCHEDULED = "SCHEDULED"  #: waits for its due time
    SENDING = "SENDING"  #: a worker holds it
    SENT = "SENT"  #: a provider took it, or a call stands in the callback queue
    DELIVERED = "DELIVERED"  #: the provider confirmed it, or the call reached the customer
    FAILED = "FAILED"  #: every channel was tried and failed for good
    UNCLEAR = "UNCLEAR"  #: a provider may or may not have taken it: never sent again by itself
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"  #: its expiry passed first


class AttemptOutcome(StrEnum):
    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    DELIVERED = "DELIVERED"
    TEMPORARY_FAILURE = "TEMPORARY_FAILURE"
    PERMANENT_FAILURE = "PERMANENT_FAILURE"
    UNKNOWN = "UNKNOWN"


class CallbackStatus(StrEnum):
    WAITING = "WAITING"
    CLAIMED = "CLAIMED"
    REACHED = "REACHED"
    NOT_REACHED = "NOT_REACHED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class CallResult(StrEnum):
    """How a ring ended, in the agent's words."""

    CONVERSATION = "CONVERSATION"
    NO_ANSWER = "NO_ANSWER"
    BUSY = "BUSY"
    VOICEMAIL = "VOICEMAIL"
    WRONG_NUMBER = "WRONG_NUMBER"
    REFUSED = "REFUSED"
    OTHER_PERSON = "OTHER_PERSON"


class OutsideResult(StrEnum):
    """How far a contact outside the gateway got."""

    ATTEMPTED = "ATTEMPTED"
    CONNECTED = "CONNECTED"
    CONVERSATION = "CONVERSATION"
    DELIVERED = "DELIVERED"


class ReplyStatus(StrEnum):
    """Whether a person still has to look at what somebody wrote."""

    OPEN = "OPEN"
    SETTLED = "SETTLED"


class ComplaintStatus(StrEnum):
    """Whether a complaint was answered."""

    OPEN = "OPEN"
    SETTLED = "SETTLED"


class UserErrorCode(StrEnum):
    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    TOO_LATE = "TOO_LATE"
    MISSING = "MISSING"


@dataclass(frozen=True, slots=True)
class UserError:
    """Something about the input that the caller can mend. `field` is the path within the input, in schema names."""

    code: UserErrorCode
    message: str
    field: tuple[str, ...] = ()


class Unacceptable(Exception):
    """Input that cannot be taken, with what is wrong. Raised before anything is half done."""

    def __init__(self, *errors: UserError) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


def problem(code: UserErrorCode, message: str, *field: str) -> Unacceptable:
    """One thing that is wrong, at that path within the input."""
    return Unacceptable(UserError(code, message, field))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, whatever shows it: a key, or a token.

    `purposes` are those that rules exempt and that this caller may use without further evidence. `scopes` are the
    operations it may use of those that its role may; empty: all of them.
    """

    id: str
    role: Role
    name: str
    customer_id: str | None = None
    purposes: frozenset[Purpose] = frozenset()
    scopes: frozenset[str] = frozenset()


GATEWAY = Caller("gateway", Role.SERVICE, "gateway")
"""Who does what the gateway does by itself: answers a reply, stops after a restored backup."""

WEBHOOK = "webhook:"
"""Before the provider's name it stands where else a caller's id does: who brought what a customer wrote."""

OPERATOR = Caller("operator", Role.ADMIN, "operator")
"""Whoever can run commands on this machine."""


@dataclass(frozen=True, slots=True)
class ContactPoint:
    id: str
    customer_id: str
    channel: Channel
    address: str = field(repr=False)
    unsubscribe_token: str = field(repr=False)
    party: Party = Party.CUSTOMER
    place: Place = Place.PERSONAL
    shared: bool = False
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Customer:
    id: str
    reference: str
    name: str | None = field(repr=False)
    locale: str
    time_zones: tuple[str, ...]
    jurisdiction: str
    created_at: datetime
    preferred_channels: tuple[Channel, ...] = ()
    windows: tuple[Wish, ...] = ()
    zones_stated: bool = True  #: else `time_zones` are all that the numbers may be in
    erased_at: datetime | None = None  #: since then nothing that was sealed for them can be read


@dataclass(frozen=True, slots=True)
class Account:
    """One debt. Joint debtors share it."""

    id: str
    reference: str
    product: str
    role: LenderRole
    in_collection_procedures: bool
    lender_kinds: tuple[LenderKind, ...] = ()  #: what the lender of this debt is; empty: as the deployment says


@dataclass(frozen=True, slots=True)
class Bill:
    id: str
    customer_id: str
    reference: str
    account: Account
    amount_due: Decimal
    currency: str
    due_on: date
    status: BillStatus
    amount_paid: Decimal = Decimal(0)
    instalment: int | None = None  #: its number in the account's plan
    in_place_of: str | None = None  #: the bill that an agreed plan replaced, of which this is an instalment

    @property
    def amount_left(self) -> Decimal:
        """What is still to be paid: nothing of a bill that is PAID, however it was paid."""
        if self.status is BillStatus.PAID:
            return Decimal(0)
        return max(self.amount_due - self.amount_paid, Decimal(0))


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in on a bill. `reference` is the lender's own."""

    id: str
    customer_id: str
    bill_id: str
    account_id: str
    reference: str
    amount: Decimal
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    id: str
    customer_id: str
    status: ConsentStatus
    channel: Channel | None
    contact_point_id: str | None
    purpose: Purpose | None
    source: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class HoldEntry:
    id: str
    customer_id: str
    kind: HoldKind
    channel: Channel | None
    contact_point_id: str | None
    account_id: str | None
    account_reference: str | None
    starts: datetime
    ends: datetime | None
    lifted_at: datetime | None


class ApplicationStatus(StrEnum):
    """How far an application for another plan got."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Application:
    """A customer asks to repay a bill in another way. `documents` are references, never the documents."""

    id: str
    customer_id: str
    bill_id: str
    account_id: str
    currency: str
    instalments: tuple[Instalment, ...]
    reason: str = field(repr=False)
    documents: tuple[str, ...] = field(repr=False)
    submitted_at: datetime
    status: ApplicationStatus = ApplicationStatus.OPEN
    hold_id: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision_reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PromiseEntry:
    id: str
    customer_id: str
    account_id: str | None
    account_reference: str | None
    pay_by: date
    made_at: datetime
    status: PromiseStatus
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class OutsideContact:
    id: str
    customer_id: str
    reference: str
    medium: Medium
    result: OutsideResult
    initiator: Initiator
    at: datetime
    purpose: Purpose | None
    account_ids: tuple[str, ...]
    contact_point_id: str | None


@dataclass(frozen=True, slots=True)
class Contact:
    """One request to reach a customer for one purpose, and its whole life."""

    id: str
    customer_id: str
    bill_id: str | None
    purpose: Purpose
    channels: tuple[Channel, ...]
    status: ContactStatus
    due_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    reference: str | None
    caller_id: str
    requested_by: str
    template: str
    template_version: str | None = None
    cancel_reason: str | None = field(default=None, repr=False)
    message: str | None = field(default=None, repr=False)
    variables: Mapping[str, object] = field(default_factory=dict, repr=False)
    evidence: bool = False
    in_reply_to: str | None = None  #: the contact by the customer that it answers
    asked_purpose: Purpose | None = None  #: what was asked for, where hardship made it another
    diversion: Mapping[str, object] | None = field(default=None, repr=False)  #: why: `hardship.on_record`
    #: Channels that were given up for good; the rest are still open to it.
    spent_channels: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as it was recorded; `findings` in the form that `policies.record` reads."""

    id: str
    contact_id: str
    outcome: Outcome
    channel: Channel
    contact_point_id: str | None
    decided_at: datetime
    next_allowed_at: datetime | None
    time_zones: tuple[str, ...]
    rulebook: str
    findings: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was heard of an attempt after it was opened."""

    at: datetime
    received_at: datetime
    outcome: AttemptOutcome
    provider_code: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    id: str
    contact_id: str
    customer_id: str
    number: int
    channel: Channel
    provider: str
    contact_point_id: str | None
    started_at: datetime
    finished_at: datetime | None
    outcome: AttemptOutcome
    provider_message_id: str | None
    provider_code: str | None
    detail: str | None
    note: str | None = field(default=None, repr=False)  #: in an agent's words, for staff


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody wrote to us. `customer_id` is None where nobody is known under the address it came from."""

    id: str
    customer_id: str | None
    contact_point_id: str | None
    provider: str
    channel: Channel
    sender: str = field(repr=False)
    text: str = field(repr=False)
    meaning: Meaning
    is_urgent: bool  #: it speaks of suicide or self-harm
    status: ReplyStatus
    outside_contact_id: str | None
    hold_id: str | None
    at: datetime
    received_at: datetime
    settled_at: datetime | None = None
    settled_by: str | None = None


@dataclass(frozen=True, slots=True)
class HardshipSignal:
    """Something that the customer wrote, or told the lender, which says that paying is hard."""

    id: str
    customer_id: str
    kind: SignalKind
    account_id: str | None
    reply_id: str | None  #: the reply it was read in
    note: str | None = field(repr=False)
    at: datetime
    recorded_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """Somebody complained. Demands pause until it is settled."""

    id: str
    customer_id: str
    contact_id: str | None  #: the contact it is about
    account_id: str | None
    text: str = field(repr=False)
    at: datetime
    recorded_at: datetime
    hold_id: str | None
    status: ComplaintStatus
    settled_at: datetime | None = None
    settled_by: str | None = None
    answer: str | None = field(default=None, repr=False)


LOW_SCORE = 2
"""Up to this score a survey's answer says that the customer was not treated well."""


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """What a customer answered when they were asked how a contact was."""

    id: str
    customer_id: str
    contact_id: str
    score: int  #: 1, very badly, to 5, very well
    text: str | None = field(repr=False)
    wants_call: bool
    recorded_at: datetime
    recorded_by: str
    complaint_id: str | None  #: what it was put on record as, too
    call_id: str | None  #: the contact that calls back


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody stopped sending: of one purpose, on one channel, through one provider, or, where none is named, all."""

    id: str
    purpose: Purpose | None
    channel: Channel | None
    provider: str | None
    reason: str = field(repr=False)
    paused_at: datetime
    paused_by: str
    resumed_at: datetime | None = None
    resumed_by: str | None = None
    resume_reason: str | None = field(default=None, repr=False)

    @property
    def is_of_everything(self) -> bool:
        return self.purpose is None and self.channel is None and self.provider is None


@dataclass(frozen=True, slots=True)
class Callback:
    id: str
    contact_id: str
    customer_id: str
    contact_point_id: str | None
    starts: datetime
    ends: datetime
    status: CallbackStatus
    agent: str | None
    attempts: int
    note: str | None = field(default=None, repr=False)  #: what was said when it was booked, for staff
    wished: bool = True  #: for a time that somebody named; otherwise for whenever an agent is free
