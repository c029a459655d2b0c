"""What callers ask for, once the door has read it: typed, aware, and not yet checked against what is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from gateway.model import Caller, CallResult, OutsideResult
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
    Wish,
)
from policies.plans import Instalment


@dataclass(frozen=True, slots=True)
class RequestContact:
    """A contact, or (with `channels` CALLBACK alone and `is_callback`) a call at a wished time.

    `fingerprint` tells whether the same key comes with the same body.
    """

    caller: Caller
    idempotency_key: str
    fingerprint: str
    customer_id: str
    purpose: Purpose
    bill_id: str | None = None
    channels: tuple[Channel, ...] = ()  #: empty: the customer's wish, else SMS, EMAIL, CALLBACK
    template: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict, repr=False)
    not_before: datetime | None = None
    at_best_moment: bool = False  #: later, if then this customer has reacted before and the rules allow it
    expires_at: datetime | None = None
    reference: str | None = None
    in_reply_to: str | None = None
    answers_what_was_at: datetime | None = None  #: when that happened which the gateway itself answers
    is_callback: bool = False
    note: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """May this customer be contacted at `at` (None: now)?"""

    customer_id: str
    purpose: Purpose
    bill_id: str | None = None
    contact_point_id: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewPoint:
    """A contact point as registered. None: as it was, or on creation the default."""

    channel: Channel
    address: str = field(repr=False)
    party: Party | None = None
    place: Place | None = None
    shared: bool | None = None


@dataclass(frozen=True, slots=True)
class RegisterCustomer:
    reference: str
    locale: str
    jurisdiction: str
    points: tuple[NewPoint, ...]
    name: str | None = field(default=None, repr=False)
    time_zones: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RegisterBill:
    reference: str
    customer_id: str
    account_reference: str
    amount_due: Decimal
    currency: str
    due_on: date
    status: BillStatus | None = None
    product: str | None = None
    role: LenderRole | None = None
    in_collection_procedures: bool | None = None
    lender_kinds: tuple[LenderKind, ...] | None = None
    instalment: int | None = None
    amount_paid: Decimal = Decimal(0)  #: before it came here: on creation only


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """Money that came in: on one bill, or on an account, whose open bills it pays by their due dates.

    `fingerprint` tells whether the same reference comes with the same body.
    """

    reference: str
    fingerprint: str
    amount: Decimal
    currency: str
    bill_id: str | None = None
    account: str | None = None
    at: datetime | None = None  #: None: now
    send_receipt: bool = False


@dataclass(frozen=True, slots=True)
class RecordConsent:
    customer_id: str
    status: ConsentStatus
    source: str = field(repr=False)
    channel: Channel | None = None
    contact_point_id: str | None = None
    purpose: Purpose | None = None
    evidence: str | None = field(default=None, repr=False)
    at: datetime | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class RecordCall:
    callback_id: str
    idempotency_key: str
    fingerprint: str
    result: CallResult
    at: datetime | None = None
    accounts: tuple[str, ...] | None = None
    note: str | None = field(default=None, repr=False)
    call_again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordOutsideContact:
    customer_id: str
    reference: str
    fingerprint: str
    medium: Medium
    result: OutsideResult
    initiator: Initiator
    at: datetime
    accounts: tuple[str, ...] = ()
    address: str | None = field(default=None, repr=False)
    purpose: Purpose | None = None
    note: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PlaceHold:
    customer_id: str
    kind: HoldKind
    channel: Channel | None = None
    contact_point_id: str | None = None
    account: str | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    note: str | None = field(default=None, repr=False)
    idempotency_key: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class RecordPromise:
    customer_id: str
    pay_by: date
    account: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    made_at: datetime | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class SubmitApplication:
    """Another plan for a bill. `documents` are references, never the documents."""

    idempotency_key: str
    fingerprint: str
    bill_id: str
    instalments: tuple[Instalment, ...]
    reason: str = field(repr=False)
    documents: tuple[str, ...] = field(default=(), repr=False)
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class SetPreferences:
    """None: as it was. An empty list takes the preference away."""

    customer_id: str
    channels: tuple[Channel, ...] | None = None
    windows: tuple[Wish, ...] | None = None
