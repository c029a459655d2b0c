"""The tables. One definition, for the path's set-based statements and for the migrations.

Every table that grows carries `customer_id`, so that a transaction touches only its customers' rows. `seq` numbers
what is on record of one customer without a gap; `log_entry` chains it (`gateway/audit/chain.py`).
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, MetaData, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from gateway.audit.chain import ZERO
from gateway.store.types import Instant, Json

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def _id() -> Any:
    return Field(sa_column=Column(String(32), primary_key=True))


def _given(name: str, *columns: str) -> Index:
    """An index of the rows that have the first of these columns: most have not, and cost it nothing."""
    condition = text(f"{columns[0]} IS NOT NULL")
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


def _of(target: str, *, index: bool = False, nullable: bool = False, unique: bool | None = None) -> Any:
    """A reference to another row."""
    key = ForeignKey(f"{target}.id")
    return Field(default=None, sa_column=Column(String(32), key, index=index, nullable=nullable, unique=unique))


def _sealed(*, nullable: bool = False) -> Any:
    """Personal: never in plain at rest, see `vault.py`."""
    return Field(default=None, sa_column=Column(String, nullable=nullable, info={"sealed": True}))


_BY_MONTH = {"postgresql_partition_by": "RANGE (id)"}
"""On PostgreSQL these live in one partition per month, which their ids name: see `partitions.py`. Nothing refers to
them by a foreign key, so that a month can be dropped once nobody has to keep it."""


class CallerRow(SQLModel, table=True):
    """Who uses the API by a key. What is on record of a caller outlives its keys."""

    __tablename__ = "caller"
    id: str = _id()
    role: str
    name: str
    customer_id: str | None = _of("customer", nullable=True)
    purposes: list[str] = Field(sa_type=Json)
    scopes: list[str] = Field(sa_type=Json)  # empty: all that the role may
    created_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class ApiKeyRow(SQLModel, table=True):
    """A caller's key. It is 256 random bits and is not kept: its SHA-256 is enough to know it again."""

    __tablename__ = "api_key"
    id: str = _id()
    caller_id: str = _of("caller", index=True)
    key_hash: str = Field(unique=True)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    last_used_at: datetime | None = Field(default=None, sa_type=Instant)  # to about a minute


class CustomerRow(SQLModel, table=True):
    __tablename__ = "customer"
    __table_args__ = (_given("ix_customer_person_id", "person_id"),)
    id: str = _id()
    reference: str = Field(unique=True)
    name: str | None = _sealed(nullable=True)
    locale: str
    time_zones: list[str] = Field(sa_type=Json)
    zones_stated: bool  # else they follow from the numbers
    jurisdiction: str
    preferred_channels: list[str] = Field(sa_type=Json)
    windows: list[dict[str, Any]] = Field(sa_type=Json)
    person_id: str | None = None  # the same for two references of one person
    data_key: str | None = None  # wrapped; null: destroyed, and with it all that it had sealed
    erased_at: datetime | None = Field(default=None, sa_type=Instant)
    log_seq: int = 0  # how many entries the record of this customer has
    log_hash: str = ZERO  # the hash of the last of them
    created_at: datetime = Field(sa_type=Instant)


class ContactPointRow(SQLModel, table=True):
    __tablename__ = "contact_point"
    __table_args__ = (
        UniqueConstraint("customer_id", "channel", "address_index"),
        Index("ix_contact_point_address_index", "address_index"),  # who writes to us
    )
    id: str = _id()
    customer_id: str = _of("customer")
    channel: str
    address: str = _sealed()
    address_index: str
    unsubscribe_token: str = Field(unique=True)  # 128 random bits: who has the mail may stop the mails
    party: str
    place: str
    shared: bool
    usable: bool
    created_at: datetime = Field(sa_type=Instant)


class AccountRow(SQLModel, table=True):
    """One debt. Joint debtors share it, so it belongs to no single customer."""

    __tablename__ = "account"
    id: str = _id()
    reference: str = Field(unique=True)
    product: str
    role: str
    lender_kinds: list[str] = Field(sa_type=Json)  # empty: as the deployment says
    in_collection_procedures: bool
    created_at: datetime = Field(sa_type=Instant)


class BillRow(SQLModel, table=True):
    __tablename__ = "bill"
    __table_args__ = (_given("ix_bill_in_place_of", "in_place_of"),)
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    account_id: str = _of("account", index=True)
    reference: str = Field(unique=True)
    amount_due: str  # a decimal, to the digit
    amount_paid: str = "0"  # the sum of its payments
    currency: str
    due_on: date
    status: str
    instalment: int | None = None  # its number in the account's plan
    in_place_of: str | None = _of("bill", nullable=True)  # the bill that the plan replaced
    created_at: datetime = Field(sa_type=Instant)


class PaymentRow(SQLModel, table=True):
    """Money that came in on a bill."""

    __tablename__ = "payment"
    __table_args__ = (UniqueConstraint("reference_index", "bill_id"),)
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    bill_id: str = _of("bill", index=True)
    account_id: str = _of("account")
    reference: str = _sealed()  # the lender's own; one payment may settle several bills
    reference_index: str
    fingerprint: str  # whether the same reference comes with the same body
    amount: str
    currency: str
    at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    caller_id: str


class ImportRunRow(SQLModel, table=True):
    """How far a file was imported. Written with its rows, so that who goes on does so exactly there."""

    __tablename__ = "import_run"
    digest: str = Field(primary_key=True)  # of the kind and the file
    position: int = Field(sa_type=BigInteger)  # bytes of the file that are done with
    line: int
    rejects: int = Field(sa_type=BigInteger)  # bytes of the list of bad rows
    added: int
    changed: int
    unchanged: int
    rejected: int


class ConsentRow(SQLModel, table=True):
    """An entry of the ledger, kept for ever."""

    __tablename__ = "consent"
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    status: str
    channel: str | None = None
    contact_point_id: str | None = _of("contact_point", nullable=True)
    purpose: str | None = None
    source: str = _sealed()
    evidence: str | None = _sealed(nullable=True)
    at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    caller_id: str


class HoldRow(SQLModel, table=True):
    __tablename__ = "hold"
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    kind: str
    channel: str | None = None
    contact_point_id: str | None = _of("contact_point", nullable=True)
    account_id: str | None = _of("account", nullable=True)
    starts: datetime = Field(sa_type=Instant)
    ends: datetime | None = Field(default=None, sa_type=Instant)
    note: str | None = _sealed(nullable=True)
    lifted_at: datetime | None = Field(default=None, sa_type=Instant)
    lift_reason: str | None = _sealed(nullable=True)
    recorded_at: datetime = Field(sa_type=Instant)
    caller_id: str


class PromiseRow(SQLModel, table=True):
    __tablename__ = "promise"
    __table_args__ = (
        Index(
            "ix_promise_open",
            "pay_by",
            sqlite_where=text("status = 'OPEN'"),
            postgresql_where=text("status = 'OPEN'"),
        ),
    )
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    account_id: str | None = _of("account", nullable=True)
    pay_by: date
    amount: str | None = None
    currency: str | None = None
    made_at: datetime = Field(sa_type=Instant)
    status: str
    withdrawal_reason: str | None = _sealed(nullable=True)
    caller_id: str


class ApplicationRow(SQLModel, table=True):
    """A customer asks to repay a bill in another way. Contact about the bill pauses while it is open."""

    __tablename__ = "application"
    __table_args__ = (
        Index(
            "ix_application_open",
            "bill_id",
            unique=True,
            sqlite_where=text("status = 'OPEN'"),
            postgresql_where=text("status = 'OPEN'"),
        ),
    )
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    bill_id: str = _of("bill", index=True)
    account_id: str = _of("account")
    currency: str
    instalments: list[dict[str, Any]] = Field(sa_type=Json)  # {"due_on", "amount"}, in their order
    reason: str = _sealed()
    documents: str | None = _sealed(nullable=True)  # references, never the documents
    submitted_at: datetime = Field(sa_type=Instant)
    caller_id: str
    status: str
    hold_id: str | None = _of("hold", nullable=True)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decided_by: str | None = None
    decision_reason: str | None = _sealed(nullable=True)


class HardshipSignalRow(SQLModel, table=True):
    """Something that says that paying is hard for a customer: what they did, wrote, or told the lender."""

    __tablename__ = "hardship_signal"
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    kind: str
    account_id: str | None = _of("account", nullable=True)
    reply_id: str | None = None
    note: str | None = _sealed(nullable=True)
    at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    caller_id: str
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)
    withdrawal_reason: str | None = _sealed(nullable=True)


class ComplaintRow(SQLModel, table=True):
    """Somebody complained. Contact pauses until it is settled."""

    __tablename__ = "complaint"
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    contact_id: str | None = None  # the contact that it is about
    account_id: str | None = _of("account", nullable=True)
    text: str = _sealed()
    at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    caller_id: str
    hold_id: str | None = _of("hold", nullable=True)
    status: str
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    settled_by: str | None = None
    answer: str | None = _sealed(nullable=True)


class SurveyAnswerRow(SQLModel, table=True):
    """What a customer answered when they were asked how a contact was: once, for good."""

    __tablename__ = "survey_answer"
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    contact_id: str = _of("contact", unique=True)
    score: int
    text: str | None = _sealed(nullable=True)
    wants_call: bool
    recorded_at: datetime = Field(sa_type=Instant)
    recorded_by: str
    caller_id: str
    complaint_id: str | None = _of("complaint", nullable=True)
    call_id: str | None = _of("contact", nullable=True)


class OutsideContactRow(SQLModel, table=True):
    """A contact made outside the gateway. It counts wherever the law counts it."""

    __tablename__ = "outside_contact"
    __table_args__ = (UniqueConstraint("caller_id", "reference_index"),)
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    reference: str = _sealed()
    reference_index: str
    fingerprint: str
    medium: str
    result: str
    initiator: str
    at: datetime = Field(sa_type=Instant)
    accounts: list[str] = Field(sa_type=Json)
    contact_point_id: str | None = _of("contact_point", nullable=True)
    purpose: str | None = None
    note: str | None = _sealed(nullable=True)
    recorded_at: datetime = Field(sa_type=Instant)
    caller_id: str


class ContactRow(SQLModel, table=True):
    __tablename__ = "contact"
    __table_args__ = (
        Index(
            "ix_contact_due",
            "due_at",
            sqlite_where=text("status = 'SCHEDULED'"),
            postgresql_where=text("status = 'SCHEDULED'"),
        ),
        Index(
            "ix_contact_lease",
            "lease_until",
            sqlite_where=text("status = 'SENDING'"),
            postgresql_where=text("status = 'SENDING'"),
        ),
        Index("ix_contact_customer_id_id", "customer_id", "id"),
        _given("ix_contact_bill_id_id", "bill_id", "id"),
        _given("ix_contact_in_reply_to", "in_reply_to"),
    )
    id: str = _id()
    customer_id: str = _of("customer")
    seq: int
    bill_id: str | None = _of("bill", nullable=True)
    account_id: str | None = _of("account", nullable=True)
    purpose: str
    asked_purpose: str | None = None  # what was asked for, where hardship made it another
    diversion: str | None = _sealed(nullable=True)  # why: the signals and the score, as JSON
    channels: list[str] = Field(sa_type=Json)
    spent_channels: list[str] = Field(sa_type=Json)
    status: str
    channel: str | None = None  # the one chosen by the decision in force
    contact_point_id: str | None = _of("contact_point", nullable=True)
    not_before: datetime | None = Field(default=None, sa_type=Instant)
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    reference: str | None = _sealed(nullable=True)
    caller_id: str
    requested_by: str
    evidence: bool  # the rules that exempt its purpose were shown why
    in_reply_to: str | None = _of("outside_contact", nullable=True)
    template: str
    variables: str | None = _sealed(nullable=True)
    template_version: str | None = None
    message: str | None = _sealed(nullable=True)
    cancel_reason: str | None = _sealed(nullable=True)
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    attempts: int = 0
    channel_attempts: int = 0  # since the channel in use was first tried
    failed_provider: str | None = None  # the last try's, where it could not be handed over: another goes first


class IdempotencyRow(SQLModel, table=True):
    """A caller's key, and what it made. Kept as long as that."""

    __tablename__ = "idempotency"
    caller_id: str = Field(primary_key=True)
    key_index: str = Field(primary_key=True)
    operation: str
    fingerprint: str
    made: str
    created_at: datetime = Field(sa_type=Instant)


class RuleTextRow(SQLModel, table=True):
    """A rule as it was when a decision named it. Written once, so that a decision need not repeat it."""

    __tablename__ = "rule_text"
    key: str = Field(primary_key=True)
    rule: dict[str, Any] = Field(sa_type=Json)


class DecisionRow(SQLModel, table=True):
    __tablename__ = "decision"
    __table_args__ = (_BY_MONTH,)
    id: str = _id()
    contact_id: str = _of("contact", index=True)
    customer_id: str
    seq: int
    channel: str
    contact_point_id: str | None = None
    outcome: str
    decided_at: datetime = Field(sa_type=Instant)
    next_allowed_at: datetime | None = Field(default=None, sa_type=Instant)
    time_zones: list[str] = Field(sa_type=Json)
    rulebook: str
    findings: list[dict[str, Any]] = Field(sa_type=Json)


class SlotRow(SQLModel, table=True):
    """A place in every cap that its purpose counts in: reserved for a time, then taken by an attempt."""

    __tablename__ = "slot"
    __table_args__ = (
        Index("ix_slot_customer_id_at", "customer_id", "at"),
        _given("ix_slot_account_id_at", "account_id", "at"),
        _given("ix_slot_attempt_id", "attempt_id"),
    )
    id: str = _id()
    contact_id: str = _of("contact", index=True)
    customer_id: str
    account_id: str | None = None
    accounts: list[str] = Field(sa_type=Json)
    bill_id: str | None = None
    contact_point_id: str | None = None
    attempt_id: str | None = None
    medium: str
    purpose: str
    evidence: bool  # a rule that exempts its purpose has seen why
    at: datetime = Field(sa_type=Instant)
    reach: str


class AttemptRow(SQLModel, table=True):
    """One try. From `finished_at` on it is derived from its events, kept here so that it can be asked for."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("ix_attempt_contact_id_number", "contact_id", "number"),
        Index(
            "ix_attempt_open",
            "lease_until",
            sqlite_where=text("outcome = 'OPEN'"),
            postgresql_where=text("outcome = 'OPEN'"),
        ),
        _BY_MONTH,
    )
    id: str = _id()
    contact_id: str = _of("contact")
    customer_id: str
    seq: int
    number: int
    channel: str
    provider: str
    contact_point_id: str | None = None
    started_at: datetime = Field(sa_type=Instant)
    lease_until: datetime = Field(sa_type=Instant)
    message_digest: str | None = None  # of the contact's message, sealed, as it was handed over by this attempt
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str
    provider_message_id: str | None = None
    provider_code: str | None = None
    detail: str | None = None
    note: str | None = _sealed(nullable=True)


class AttemptEventRow(SQLModel, table=True):
    """What happened to an attempt, appended and never changed."""

    __tablename__ = "attempt_event"
    __table_args__ = (_BY_MONTH,)
    id: str = _id()
    attempt_id: str = Field(sa_column=Column(String(32), index=True, nullable=False))
    customer_id: str
    seq: int
    at: datetime = Field(sa_type=Instant)
    received_at: datetime = Field(sa_type=Instant)
    outcome: str
    provider_message_id: str | None = None
    provider_code: str | None = None
    detail: str | None = None
    note: str | None = _sealed(nullable=True)


class CallbackRow(SQLModel, table=True):
    __tablename__ = "callback"
    __table_args__ = (
        Index("ix_callback_status_wished_starts_id", "status", "wished", "starts", "id"),  # who is rung next
        Index("ix_callback_status_starts_id", "status", "starts", "id"),  # the queue as it is shown
        Index("ix_callback_starts_id", "starts", "id"),  # with its history
    )
    id: str = _id()
    contact_id: str = Field(sa_column=Column(String(32), ForeignKey("contact.id"), unique=True, nullable=False))
    customer_id: str = _of("customer", index=True)
    contact_point_id: str | None = None
    starts: datetime = Field(sa_type=Instant)
    ends: datetime = Field(sa_type=Instant)
    wished: bool
    status: str
    agent_id: str | None = None
    agent: str | None = None
    attempt_id: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    attempts: int = 0
    note: str | None = _sealed(nullable=True)


class ViewRow(SQLModel, table=True):
    """Somebody saw personal data unmasked; without a customer, what a stranger wrote."""

    __tablename__ = "view"
    id: str = _id()
    customer_id: str | None = _of("customer", index=True, nullable=True)
    seq: int
    caller_id: str
    caller: str
    role: str  # what the caller was then
    what: str
    of_id: str
    reason: str | None = _sealed(nullable=True)
    at: datetime = Field(sa_type=Instant)


class HouseKeyRow(SQLModel, table=True):
    """What the index, the house's own seal and other keys come from; wrapped by the master key."""

    __tablename__ = "house_key"
    id: int = Field(primary_key=True)
    wrapped: str


class ErasureRow(SQLModel, table=True):
    """A customer asked to be forgotten, or the time for which their record was kept has passed."""

    __tablename__ = "erasure"
    id: str = _id()
    customer_id: str = Field(sa_column=Column(String(32), ForeignKey("customer.id"), unique=True, nullable=False))
    seq: int
    requested_at: datetime = Field(sa_type=Instant)
    caller_id: str
    caller: str
    reason: str = _sealed()  # by the house: it outlives the customer's key
    period: str
    kept_until: datetime = Field(sa_type=Instant, index=True)


class SuppressionRow(SQLModel, table=True):
    """The blind index of an address or a reference that was erased: the next import does not bring it back to life."""

    __tablename__ = "suppression"
    index: str = Field(primary_key=True)
    since: datetime = Field(sa_type=Instant)


class ActRow(SQLModel, table=True):
    """What somebody changed: the columns that were set, as they are at rest. It may concern no customer."""

    __tablename__ = "act"
    id: str = _id()
    customer_id: str | None = _of("customer", index=True, nullable=True)
    seq: int
    caller_id: str
    caller: str
    what: str  # the table, and what was done
    of_id: str
    detail: dict[str, Any] = Field(sa_type=Json)
    at: datetime = Field(sa_type=Instant)


class LogEntryRow(SQLModel, table=True):
    """One row of the record of a customer, or of the house, chained to the one before it."""

    __tablename__ = "log_entry"
    customer_id: str = Field(sa_column=Column(String(32), primary_key=True))
    seq: int = Field(primary_key=True)
    kind: str  # the table
    of_id: str
    at: datetime = Field(sa_type=Instant)
    digest: str
    hash: str


class HouseRow(SQLModel, table=True):
    """The head of the chain of what concerns no customer."""

    __tablename__ = "house"
    id: int = Field(primary_key=True)
    log_seq: int
    log_hash: str


class CheckpointRow(SQLModel, table=True):
    """A signed statement of how far every chain had come."""

    __tablename__ = "checkpoint"
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Instant)
    root: str
    count: int
    previous: str
    signature: str


class CheckpointHeadRow(SQLModel, table=True):
    """The head of a chain that a checkpoint covers. By chain and number: what has grown since is known at once."""

    __tablename__ = "checkpoint_head"
    __table_args__ = (
        Index("ix_checkpoint_head_number", "number", "customer_id"),
        {"sqlite_with_rowid": False},
    )
    customer_id: str = Field(sa_column=Column(String(32), primary_key=True))
    seq: int = Field(primary_key=True)
    number: int
    hash: str


class SandboxClockRow(SQLModel, table=True):
    """How far the sandbox's clock runs ahead of the machine's."""

    __tablename__ = "sandbox_clock"
    id: int = Field(primary_key=True)
    ahead_microseconds: int = Field(sa_type=BigInteger)


class ReplyRow(SQLModel, table=True):
    """What somebody wrote to us, once for each customer whose address it came from; without one for an unknown."""

    __tablename__ = "reply"
    __table_args__ = (
        _given("ix_reply_customer_id", "customer_id", "id"),
        Index(
            "ix_reply_open",
            "id",
            sqlite_where=text("status = 'OPEN'"),
            postgresql_where=text("status = 'OPEN'"),
        ),
    )
    id: str = _id()
    customer_id: str | None = _of("customer", nullable=True)
    seq: int | None = None
    contact_point_id: str | None = _of("contact_point", nullable=True)
    provider: str
    channel: str
    sender: str = _sealed()
    text: str = _sealed()
    meaning: str
    is_urgent: bool
    status: str
    outside_contact_id: str | None = _of("outside_contact", nullable=True)
    hold_id: str | None = _of("hold", nullable=True)
    at: datetime = Field(sa_type=Instant)
    received_at: datetime = Field(sa_type=Instant)
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    settled_by: str | None = None
    settled_note: str | None = _sealed(nullable=True)


class HeardRow(SQLModel, table=True):
    """What a provider has told us already. Saying it twice changes nothing."""

    __tablename__ = "heard"
    provider: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    received_at: datetime = Field(sa_type=Instant)


class PauseRow(SQLModel, table=True):
    """Somebody stopped sending: of one purpose, on one channel, through one provider, or of everything."""

    __tablename__ = "pause"
    __table_args__ = (
        Index(
            "ix_pause_in_force",
            "id",
            sqlite_where=text("resumed_at IS NULL"),
            postgresql_where=text("resumed_at IS NULL"),
        ),
    )
    id: str = _id()
    purpose: str | None = None
    channel: str | None = None
    provider: str | None = None
    reason: str = _sealed()
    paused_at: datetime = Field(sa_type=Instant)
    paused_by: str
    caller_id: str
    resumed_at: datetime | None = Field(default=None, sa_type=Instant)
    resumed_by: str | None = None
    resume_reason: str | None = _sealed(nullable=True)


class PaceRow(SQLModel, table=True):
    """When a provider may be handed its next message, by the pace that all workers share."""

    __tablename__ = "pace"
    provider: str = Field(primary_key=True)
    next_at: datetime = Field(sa_type=Instant)


class EventSubscriptionRow(SQLModel, table=True):
    """Where a caller wants to be told what happens."""

    __tablename__ = "event_subscription"
    id: str = _id()
    caller_id: str
    url: str = _sealed()
    secret: str = _sealed()
    kinds: list[str] = Field(sa_type=Json)  # empty: all
    created_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class EventRow(SQLModel, table=True):
    """Something a subscriber is to be told. Those about one contact are told in their order."""

    __tablename__ = "event"
    __table_args__ = (
        Index(
            "ix_event_due",
            "subscription_id",
            "due_at",
            sqlite_where=text("status = 'WAITING'"),
            postgresql_where=text("status = 'WAITING'"),
        ),
        Index(
            "ix_event_order",
            "subscription_id",
            "about",
            "id",
            sqlite_where=text("status = 'WAITING'"),
            postgresql_where=text("status = 'WAITING'"),
        ),
        Index(
            "ix_event_given_up",
            "subscription_id",
            sqlite_where=text("status = 'GIVEN_UP'"),
            postgresql_where=text("status = 'GIVEN_UP'"),
        ),
    )
    id: str = _id()
    subscription_id: str = _of("event_subscription")
    customer_id: str
    about: str  # the contact, or the customer where it is about none
    kind: str
    body: str = _sealed()
    at: datetime = Field(sa_type=Instant)
    status: str
    due_at: datetime = Field(sa_type=Instant)
    tries: int = 0
    told_at: datetime | None = Field(default=None, sa_type=Instant)
    last_answer: str | None = None


class OriginRow(SQLModel, table=True):
    """Which database this is, and how often something was taken up to be sent: how a restored backup is known."""

    __tablename__ = "origin"
    id: int = Field(primary_key=True)
    identity: str
    taken_up: int = Field(sa_type=BigInteger)


class SandboxMessageRow(SQLModel, table=True):
    """What the sandbox's providers were handed: nothing left the machine."""

    __tablename__ = "sandbox_message"
    id: str = _id()
    provider: str
    reference: str
    recipient: str = _sealed()
    subject: str | None = _sealed(nullable=True)
    text: str = _sealed()
    behaviour: str
    at: datetime = Field(sa_type=Instant)
    receipt_at: datetime | None = Field(default=None, sa_type=Instant)  # when its receipt comes; None: it has, or none
