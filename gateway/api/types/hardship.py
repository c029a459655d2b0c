"""How hard paying is for a customer, and why we think so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from gateway import masks, model
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.scalars import DateTimeText
from gateway.api.types.node import Node
from gateway.api.types.personal import personal
from policies.hardship import Assessment, HardshipLevel, Reason, SignalKind

if TYPE_CHECKING:
    from gateway.api.types.bill import Account
    from gateway.api.types.contact import Contact
    from gateway.api.types.customer import Customer
    from gateway.api.types.payloads import UserError


@strawberry.type(description="A reason why a customer's score is what it is.")
class HardshipReason:
    kind: SignalKind = strawberry.field(description="What kind of sign it is.")
    points: int = strawberry.field(description="What it adds to the score.")
    at: datetime = strawberry.field(description="When it was seen.")
    until: datetime = strawberry.field(description="Until when it counts.")
    sentence: str = strawberry.field(description="The same in a sentence, in the caller's language.")

    @classmethod
    def of(cls, reason: Reason, language: str) -> HardshipReason:
        sentence = reason.zh if language == "zh" else reason.en
        return cls(kind=reason.kind, points=reason.points, at=reason.at, until=reason.until, sentence=sentence)

    @classmethod
    def recorded(cls, kept: Mapping[str, Any], language: str) -> HardshipReason:
        """As it was kept with a contact."""
        return cls(
            kind=SignalKind(kept["kind"]),
            points=kept["points"],
            at=datetime.fromisoformat(kept["at"]),
            until=datetime.fromisoformat(kept["until"]),
            sentence=kept["zh" if language == "zh" else "en"],
        )


@strawberry.type(
    description="How hard paying is for the customer: the sum of named reasons, nothing else. The customer sees it too."
)
class Hardship:
    customer_id: strawberry.Private[str]
    score: int = strawberry.field(description="The sum of the reasons' points, 0 to 100.")
    level: HardshipLevel = strawberry.field(description="What is done in place of a notice.")
    reasons: list[HardshipReason] = strawberry.field(description="The weightiest first.")

    @strawberry.field(description="What was told or written, withdrawn signals too, oldest first.")
    async def signals(self, info: Info) -> list[HardshipSignal]:
        found = await info.context.load.hardship_signals.load(self.customer_id)
        return [HardshipSignal.of(one) for one in found]

    @classmethod
    def of(cls, customer_id: str, assessment: Assessment, language: str) -> Hardship:
        return cls(
            customer_id=customer_id,
            score=assessment.score,
            level=assessment.level,
            reasons=[HardshipReason.of(one, language) for one in assessment.reasons],
        )


@strawberry.type(description="Why a notice was not sent, and the offer of an easier plan was made in its place.")
class Diversion:
    score: int = strawberry.field(description="The customer's score then.")
    level: HardshipLevel = strawberry.field(description="What it stood for then.")
    reasons: list[HardshipReason] = strawberry.field(description="The reasons then, the weightiest first.")

    @classmethod
    def of(cls, assessment: Assessment, language: str) -> Diversion:
        """As it would be made now."""
        reasons = [HardshipReason.of(one, language) for one in assessment.reasons]
        return cls(score=assessment.score, level=assessment.level, reasons=reasons)

    @classmethod
    def recorded(cls, kept: Mapping[str, Any], language: str) -> Diversion:
        return cls(
            score=kept["score"],
            level=HardshipLevel(kept["level"]),
            reasons=[HardshipReason.recorded(one, language) for one in kept["reasons"]],
        )


@strawberry.type(description="Something the customer told us, or wrote, that says that paying is hard.")
class HardshipSignal(Node):
    signal: strawberry.Private[model.HardshipSignal]
    kind: SignalKind = strawberry.field(description="What kind of sign it is.")
    at: datetime = strawberry.field(description="When it was.")
    recorded_at: datetime = strawberry.field(description="When it was put on record.")
    withdrawn_at: datetime | None = strawberry.field(description="When it was found to be an error: it counts no more.")
    is_from_reply: bool = strawberry.field(description="Whether it was read in something that the customer wrote.")

    @strawberry.field(description="The customer.")
    async def customer(self, info: Info) -> Annotated[Customer, strawberry.lazy("gateway.api.types.customer")]:
        from gateway.api.types.customer import Customer  # noqa: PLC0415 - customers show their signals

        found = await info.context.load.customer.load(self.signal.customer_id)
        assert found is not None
        return Customer.of(found)

    @strawberry.field(description="The debt it is about; null: all of them.")
    async def account(self, info: Info) -> Annotated[Account, strawberry.lazy("gateway.api.types.bill")] | None:
        from gateway.api.types.bill import Account  # noqa: PLC0415 - as above

        account_id = self.signal.account_id
        found = await info.context.load.account.load(account_id) if account_id else None
        return Account.of(found) if found else None

    note = personal("HardshipSignal.note", "What was told.", lambda self: self.signal.note)

    @strawberry.field(description="Whether there is a note, and how long it is.")
    def masked_note(self) -> str | None:
        return masks.words(self.signal.note) if self.signal.note is not None else None

    @classmethod
    def of(cls, signal: model.HardshipSignal) -> HardshipSignal:
        return cls(
            id=strawberry.ID(global_id(Kind.HARDSHIP_SIGNAL, signal.id)),
            signal=signal,
            kind=signal.kind,
            at=signal.at,
            recorded_at=signal.recorded_at,
            withdrawn_at=signal.withdrawn_at,
            is_from_reply=signal.reply_id is not None,
        )


@strawberry.input(description="Something the customer told the lender that says that paying is hard.")
class RecordHardshipSignalInput:
    idempotency_key: str = strawberry.field(description="The caller's own: the same key records it once.")
    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    kind: SignalKind = strawberry.field(description="What it is. What payments show is seen, and cannot be recorded.")
    account: str | None = strawberry.field(
        default=strawberry.UNSET, description="The reference of the debt it is about; default: all of them."
    )
    note: str | None = strawberry.field(default=strawberry.UNSET, description="What was told.")
    at: DateTimeText | None = strawberry.field(default=strawberry.UNSET, description="When. Default: now.")


_LAZY = strawberry.lazy("gateway.api.types.payloads")
ERRORS = "What the caller can mend; empty if it was done."


@strawberry.type(description="The signal, and what it led to.")
class RecordHardshipSignalPayload:
    signal: HardshipSignal | None = strawberry.field(default=None, description="The signal.")
    offers: list[Annotated[Contact, strawberry.lazy("gateway.api.types.contact")]] = strawberry.field(
        default_factory=list, description="Offers of an easier plan that it led to, one for each overdue account."
    )
    replayed: bool = strawberry.field(default=False, description="Whether this key was seen before.")
    user_errors: list[Annotated[UserError, _LAZY]] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.input(description="A signal that was recorded in error.")
class WithdrawHardshipSignalInput:
    signal_id: strawberry.ID = strawberry.field(description="The signal.")
    reason: str = strawberry.field(description="Why it was an error.")


@strawberry.type(description="The signal as it is now.")
class WithdrawHardshipSignalPayload:
    signal: HardshipSignal | None = strawberry.field(default=None, description="The signal.")
    user_errors: list[Annotated[UserError, _LAZY]] = strawberry.field(default_factory=list, description=ERRORS)
