"""The tables. One definition, for the path's set-based statements and for the migrations.

Every table that grows carries `customer_id`, so that a transaction touches only its customers' rows. `seq` numbers
what is on record of one customer without a gap, so that the record can be chained.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, MetaData, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

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


def _of(target: str, *, index: bool = False, nullable: bool = False) -> Any:
    """A reference to another row."""
    return Field(default=None, sa_column=Column(String(32), ForeignKey(f"{target}.id"), index=index, nullable=nullable))


class ApiKeyRow(SQLModel, table=True):
    """A caller. The key itself is 256 random bits and is not kept: its SHA-256 is enough to know it again."""

    __tablename__ = "api_key"
    id: str = _id()
    role: str
    name: str
    key_hash: str = Field(unique=True)
    customer_id: str | None = _of("customer", nullable=True)
    purposes: list[str] = Field(sa_type=Json)
    created_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class CustomerRow(SQLModel, table=True):
    __tablename__ = "customer"
    __table_args__ = (_given("ix_customer_person_id", "person_id"),)
    id: str = _id()
    reference: str = Field(unique=True)
    name: str | None = None  # sealed
    locale: str
    time_zones: list[str] = Field(sa_type=Json)
    zones_stated: bool  # else they follow from the numbers
    jurisdiction: str
    preferred_channels: list[str] = Field(sa_type=Json)
    windows: list[dict[str, Any]] = Field(sa_type=Json)
    person_id: str | None = None  # the same for two references of one person
    log_seq: int = 0  # how many entries the record of this customer has
    created_at: datetime = Field(sa_type=Instant)


class ContactPointRow(SQLModel, table=True):
    __tablename__ = "contact_point"
    __table_args__ = (UniqueConstraint("customer_id", "channel", "address_index"),)
    id: str = _id()
    customer_id: str = _of("customer")
    channel: str
    address: str  # sealed
    address_index: str
    unsubscribe_token: str = Field(unique=True)  # 128 random bits: who has the mail may stop the mails
    masked: str
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
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    account_id: str = _of("account", index=True)
    reference: str = Field(unique=True)
    amount_due: str  # a decimal, to the digit
    currency: str
    due_on: date
    status: str
    created_at: datetime = Field(sa_type=Instant)


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
    source: str
    evidence: str | None = None  # sealed
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
    note: str | None = None  # sealed
    lifted_at: datetime | None = Field(default=None, sa_type=Instant)
    lift_reason: str | None = None  # sealed
    recorded_at: datetime = Field(sa_type=Instant)
    caller_id: str


class PromiseRow(SQLModel, table=True):
    __tablename__ = "promise"
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    account_id: str | None = _of("account", nullable=True)
    pay_by: date
    amount: str | None = None
    currency: str | None = None
    made_at: datetime = Field(sa_type=Instant)
    status: str
    caller_id: str


class OutsideContactRow(SQLModel, table=True):
    """A contact made outside the gateway. It counts wherever the law counts it."""

    __tablename__ = "outside_contact"
    __table_args__ = (UniqueConstraint("caller_id", "reference"),)
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    reference: str
    fingerprint: str
    medium: str
    result: str
    initiator: str
    at: datetime = Field(sa_type=Instant)
    accounts: list[str] = Field(sa_type=Json)
    contact_point_id: str | None = _of("contact_point", nullable=True)
    purpose: str | None = None
    note: str | None = None  # sealed
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
    bill_id: str | None = _of("bill", nullable=True)
    account_id: str | None = _of("account", nullable=True)
    purpose: str
    channels: list[str] = Field(sa_type=Json)
    spent_channels: list[str] = Field(sa_type=Json)
    status: str
    channel: str | None = None  # the one chosen by the decision in force
    contact_point_id: str | None = _of("contact_point", nullable=True)
    not_before: datetime | None = Field(default=None, sa_type=Instant)
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    reference: str | None = None
    caller_id: str
    requested_by: str
    evidence: bool  # the rules that exempt its purpose were shown why
    in_reply_to: str | None = _of("outside_contact", nullable=True)
    template: str
    variables: str | None = None  # sealed
    template_version: str | None = None
    message: str | None = None  # sealed
    cancel_reason: str | None = None  # sealed
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    attempts: int = 0
    channel_attempts: int = 0  # since the channel in use was first tried


class IdempotencyRow(SQLModel, table=True):
    """A caller's key, and what it made. Kept as long as that."""

    __tablename__ = "idempotency"
    caller_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
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
    """One try. What is below `started_at` is derived from its events, kept here so that it can be asked for."""

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("contact_id", "number"),
        Index(
            "ix_attempt_open",
            "lease_until",
            sqlite_where=text("outcome = 'OPEN'"),
            postgresql_where=text("outcome = 'OPEN'"),
        ),
    )
    id: str = _id()
    contact_id: str = _of("contact")
    customer_id: str
    number: int
    channel: str
    provider: str
    contact_point_id: str | None = None
    started_at: datetime = Field(sa_type=Instant)
    lease_until: datetime = Field(sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str
    provider_message_id: str | None = None
    provider_code: str | None = None
    detail: str | None = None
    note: str | None = None  # sealed


class AttemptEventRow(SQLModel, table=True):
    """What happened to an attempt, appended and never changed."""

    __tablename__ = "attempt_event"
    id: str = _id()
    attempt_id: str = _of("attempt", index=True)
    customer_id: str
    seq: int
    at: datetime = Field(sa_type=Instant)
    received_at: datetime = Field(sa_type=Instant)
    outcome: str
    provider_message_id: str | None = None
    provider_code: str | None = None
    detail: str | None = None
    note: str | None = None  # sealed


class CallbackRow(SQLModel, table=True):
    __tablename__ = "callback"
    __table_args__ = (Index("ix_callback_status_starts", "status", "starts"),)
    id: str = _id()
    contact_id: str = Field(sa_column=Column(String(32), ForeignKey("contact.id"), unique=True, nullable=False))
    customer_id: str = _of("customer", index=True)
    contact_point_id: str | None = None
    starts: datetime = Field(sa_type=Instant)
    ends: datetime = Field(sa_type=Instant)
    status: str
    agent_id: str | None = None
    agent: str | None = None
    attempt_id: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    attempts: int = 0
    note: str | None = None  # sealed


class ViewRow(SQLModel, table=True):
    """Somebody saw personal data unmasked."""

    __tablename__ = "view"
    id: str = _id()
    customer_id: str = _of("customer", index=True)
    seq: int
    caller_id: str
    caller: str
    what: str
    of_id: str
    at: datetime = Field(sa_type=Instant)


class SandboxClockRow(SQLModel, table=True):
    """How far the sandbox's clock runs ahead of the machine's."""

    __tablename__ = "sandbox_clock"
    id: int = Field(primary_key=True)
    ahead_microseconds: int
