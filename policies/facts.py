"""Everything a rule may look at, gathered before any rule runs.

Facts hold no clock: a rule is asked about an instant, and the engine may ask the same facts about a later one.
What comes into force later (a hold from Monday, consent withdrawn tomorrow) is in the facts with its own instant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum


class Channel(StrEnum):
    """A way in which the gateway itself reaches a customer."""

    SMS = "SMS"
    EMAIL = "EMAIL"
    CALLBACK = "CALLBACK"


class Medium(StrEnum):
    """A way in which anybody reaches a customer, inside or outside the gateway."""

    SMS = "SMS"
    EMAIL = "EMAIL"
    VOICE = "VOICE"
    AI_VOICE = "AI_VOICE"
    IM = "IM"
    LETTER = "LETTER"
    VISIT = "VISIT"


MEDIUM_OF: Mapping[Channel, Medium] = {
    Channel.SMS: Medium.SMS,
    Channel.EMAIL: Medium.EMAIL,
    Channel.CALLBACK: Medium.VOICE,
}


class Purpose(StrEnum):
    """Why the customer is contacted. The first four are graded: each is stricter than the one before it."""

    DUE_REMINDER = "DUE_REMINDER"
    OVERDUE_REMINDER = "OVERDUE_REMINDER"
    OVERDUE_WARNING = "OVERDUE_WARNING"
    FINAL_NOTICE = "FINAL_NOTICE"
    PLAN_OFFER = "PLAN_OFFER"
    PAYMENT_RECEIPT = "PAYMENT_RECEIPT"
    CUSTOMER_REPLY = "CUSTOMER_REPLY"
    FOLLOW_UP = "FOLLOW_UP"
    SECURITY_CODE = "SECURITY_CODE"
    LEGAL_NOTICE = "LEGAL_NOTICE"
    OPT_OUT_CONFIRMATION = "OPT_OUT_CONFIRMATION"
    MARKETING = "MARKETING"


class Party(StrEnum):
    """Whose a contact point is."""

    CUSTOMER = "CUSTOMER"
    SPOUSE = "SPOUSE"
    GUARANTOR = "GUARANTOR"
    CONTACT_PERSON = "CONTACT_PERSON"
    REPRESENTATIVE = "REPRESENTATIVE"
    EXECUTOR = "EXECUTOR"


class Place(StrEnum):
    """Where a contact point reaches its party."""

    MOBILE = "MOBILE"
    HOME = "HOME"
    WORK = "WORK"
    PERSONAL = "PERSONAL"


class LenderRole(StrEnum):
    """Who we are towards a debt: many rules bind only one of the two."""

    CREDITOR = "CREDITOR"
    COLLECTOR = "COLLECTOR"


class LenderKind(StrEnum):
    """What a lender is: some bodies' rules bind only their own members, some laws only one kind of institution."""

    BANK = "BANK"
    CARD_ISSUER = "CARD_ISSUER"
    CONSUMER_FINANCE = "CONSUMER_FINANCE"  #: a consumer finance company (China)
    CBA_MEMBER = "CBA_MEMBER"  #: of the China Banking Association, or an agency of a member
    NIFA_MEMBER = "NIFA_MEMBER"  #: of the National Internet Finance Association of China
    UNIREC_MEMBER = "UNIREC_MEMBER"  #: of the Italian association of credit managers
    DEBT_INFORMATION = "DEBT_INFORMATION"  #: a debt-information company (Greece)
    MONEY_LENDER = "MONEY_LENDER"  #: registered under the Money Lending Business Act (Japan)
    LICENSED_AGENCY = "LICENSED_AGENCY"  #: a licensed collection agency


class BillStatus(StrEnum):
    OPEN = "OPEN"
    PAID = "PAID"
    WRITTEN_OFF = "WRITTEN_OFF"
    DISPUTED = "DISPUTED"
    IN_PLAN = "IN_PLAN"


class ConsentStatus(StrEnum):
    GRANTED = "GRANTED"
    WITHDRAWN = "WITHDRAWN"


class Initiator(StrEnum):
    """Who began a past contact: the lender, its agency, or the customer."""

    LENDER = "LENDER"
    AGENCY = "AGENCY"
    CUSTOMER = "CUSTOMER"


class Reach(StrEnum):
    """How far a past contact got. Laws count different ones, so they are never merged."""

    RESERVED = "RESERVED"  #: not begun; its slot is taken at `at`, and counts in every cap
    PENDING = "PENDING"  #: begun; it may yet reach the customer, so it counts in every cap
    ACCEPTED = "ACCEPTED"  #: a provider took the message and has said nothing bad since; it counts as PENDING does
    ATTEMPTED = "ATTEMPTED"  #: begun, and known to have reached nobody
    CONNECTED = "CONNECTED"  #: a call was answered (a machine or another person, perhaps)
    CONVERSATION = "CONVERSATION"  #: a call in which the customer talked
    DELIVERED = "DELIVERED"  #: a message that arrived


class HoldKind(StrEnum):
    """Why contact must stop or soften."""

    CEASE = "CEASE"
    DISPUTE = "DISPUTE"
    REPRESENTED = "REPRESENTED"
    BANKRUPTCY = "BANKRUPTCY"
    DECEASED = "DECEASED"
    HARDSHIP = "HARDSHIP"
    BREATHING_SPACE = "BREATHING_SPACE"
    MINOR = "MINOR"
    VULNERABLE = "VULNERABLE"
    WRONG_PERSON = "WRONG_PERSON"
    COMPLAINT = "COMPLAINT"
    APPLICATION = "APPLICATION"
    UNREAD_REPLY = "UNREAD_REPLY"
    ERASURE = "ERASURE"


class PromiseStatus(StrEnum):
    OPEN = "OPEN"
    KEPT = "KEPT"
    BROKEN = "BROKEN"
    WITHDRAWN = "WITHDRAWN"


class WindowEffect(StrEnum):
    """ALSO_ALLOW opens hours by agreement, ONLY narrows to them, NEVER closes them."""

    ALSO_ALLOW = "ALSO_ALLOW"
    ONLY = "ONLY"
    NEVER = "NEVER"


@dataclass(frozen=True, slots=True)
class Point:
    """The contact point that would be used. Its address is no fact: no rule needs it."""

    id: str
    channel: Channel
    party: Party = Party.CUSTOMER
    place: Place = Place.PERSONAL
    shared: bool = False
    usable: bool = True
    sole: bool = False  #: the customer gave no other for the channel


@dataclass(frozen=True, slots=True)
class Account:
    """One debt. Many rules count per debt."""

    id: str
    product: str = "CONSUMER_LOAN"
    role: LenderRole = LenderRole.CREDITOR
    in_collection_procedures: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    id: str
    due_on: date
    status: BillStatus = BillStatus.OPEN


@dataclass(frozen=True, slots=True)
class Consent:
    """One entry of the ledger. Scope: what is None is not narrowed."""

    status: ConsentStatus
    at: datetime
    channel: Channel | None = None
    point: str | None = None
    purpose: Purpose | None = None
    point_channel: Channel | None = None  #: what the point is registered for


@dataclass(frozen=True, slots=True)
class PastContact:
    """Something that happened, or whose slot is reserved. Instants are aware."""

    at: datetime
    medium: Medium
    reach: Reach
    initiator: Initiator = Initiator.LENDER
    purpose: Purpose | None = None
    accounts: frozenset[str] = frozenset()
    point: str | None = None
    contact: str | None = None
    evidence: bool = (
        False  #: its purpose was exempt by evidence; without it an exempt purpose fills caps like any other
    )
    #: Made to another debtor of the same account: it counts in caps per account, and in no other.
    joint: bool = False
    place: Place | None = None  #: where the contact point reaches its party
    bill: str | None = None  #: the bill it was about


@dataclass(frozen=True, slots=True)
class Answered:
    """The contact by the customer that this one answers, and whether another answered it before."""

    medium: Medium
    at: datetime
    answered: bool = False


AWAITED = timedelta(hours=1)
"""House: who did something longer ago may sleep by now, and is answered in the hours for contact."""


@dataclass(frozen=True, slots=True)
class Hold:
    kind: HoldKind
    starts: datetime
    ends: datetime | None = None
    channel: Channel | None = None
    point: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    pay_by: date
    status: PromiseStatus
    made_at: datetime
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """Hours that the customer asked for, on the customer's own wall clock. `end` before `start` runs over midnight."""

    effect: WindowEffect
    start: time
    end: time
    days: frozenset[int] = frozenset(range(7))  #: Monday is 0
    channels: frozenset[Channel] = frozenset(Channel)
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    zone: str | None = None  #: None: every known zone of the customer


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one intended contact on one channel to one contact point."""

    jurisdiction: str
    purpose: Purpose
    channel: Channel
    zones: tuple[str, ...]  #: every IANA zone the customer may be in; empty: none known
    point: Point | None = None  #: None: the customer has none of their own for the channel
    account: Account | None = None
    bill: Bill | None = None
    consents: tuple[Consent, ...] = ()  #: oldest first
    history: tuple[PastContact, ...] = ()  #: in any order; the contact's own reserved slot is left out
    holds: tuple[Hold, ...] = ()
    promises: tuple[Promise, ...] = ()
    wishes: tuple[Wish, ...] = ()
    not_before: datetime | None = (
        None  #: it is planned for no earlier: by the caller, or by a campaign that spreads its load
    )
    at_best_moment: bool = False  #: ... because then the customer has reacted before
    expires_at: datetime | None = None  #: from this instant on the caller does not want it any more
    #: Evidence for a purpose that rules exempt: what it answers, or a key that is allowed the purpose.
    evidence: bool = False
    answers: Answered | None = None  #: what the evidence is, where it is a contact and not a key
    #: It answers what has happened within `AWAITED`: the customer is up and waits for it.
    awaited: bool = False
    #: What the lender is. Empty: not known, so rules that bind only some kinds of lender apply as well.
    lender: frozenset[LenderKind] = frozenset()
    #: Other facts of the lender, by name, for packs of its own.
    extra: Mapping[str, object] = field(default_factory=dict)
