"""What is on record about a customer: consent, holds, promises, contacts made elsewhere."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from gateway import model
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.types.bill import Money
from gateway.api.types.contact_point import ContactPoint, load_point
from gateway.api.types.node import Node
from gateway.model import OutsideResult
from gateway.store import pages
from policies.facts import Channel, ConsentStatus, HoldKind, Initiator, Medium, PromiseStatus, Purpose


@strawberry.type(description="An entry of the consent ledger, kept for ever.")
class Consent(Node):
    point_id: strawberry.Private[str | None]
    status: ConsentStatus = strawberry.field(description="Granted or withdrawn.")
    channel: Channel | None = strawberry.field(description="The channel it is about; null: not narrowed to one.")
    purpose: Purpose | None = strawberry.field(description="The purpose it is about; null: not narrowed to one.")
    source: str = strawberry.field(description="Where it was given: a form, a call, a reply to a text.")
    at: datetime = strawberry.field(description="Since when it holds.")

    @strawberry.field(description="The contact point it is about; null: not narrowed to one.")
    async def contact_point(self, info: Info) -> ContactPoint | None:
        return await load_point(info, self.point_id)

    @classmethod
    def of(cls, entry: model.ConsentEntry) -> Consent:
        return cls(
            id=strawberry.ID(global_id(Kind.CONSENT, entry.id)),
            point_id=entry.contact_point_id,
            status=entry.status,
            channel=entry.channel,
            purpose=entry.purpose,
            source=entry.source,
            at=entry.at,
        )


@strawberry.type(description="A reason why contact must stop or soften.")
class Hold(Node):
    kind: HoldKind = strawberry.field(description="The reason.")
    channel: Channel | None = strawberry.field(description="The channel it is about; null: all of them.")
    account: str | None = strawberry.field(description="The reference of the debt it is about; null: all of them.")
    starts: datetime = strawberry.field(name="from", description="From when it holds.")
    until: datetime | None = strawberry.field(description="When it ends by itself.")
    lifted_at: datetime | None = strawberry.field(description="When it was lifted.")

    @classmethod
    def of(cls, hold: model.HoldEntry) -> Hold:
        return cls(
            id=strawberry.ID(global_id(Kind.HOLD, hold.id)),
            kind=hold.kind,
            channel=hold.channel,
            account=hold.account_reference,
            starts=hold.starts,
            until=hold.ends,
            lifted_at=hold.lifted_at,
        )


@strawberry.type(description="A date by which the customer said they would pay.")
class Promise(Node):
    account: str | None = strawberry.field(description="The reference of the debt it is about.")
    pay_by: date = strawberry.field(description="The last day of the promise.")
    amount: Money | None = strawberry.field(description="How much; null where no amount was named.")
    status: PromiseStatus = strawberry.field(description="What became of it.")

    @classmethod
    def of(cls, promise: model.PromiseEntry) -> Promise:
        return cls(
            id=strawberry.ID(global_id(Kind.PROMISE, promise.id)),
            account=promise.account_reference,
            pay_by=promise.pay_by,
            amount=None
            if promise.amount is None or promise.currency is None
            else Money.of(promise.amount, promise.currency),
            status=promise.status,
        )


@strawberry.type(description="A contact made outside the gateway. It counts wherever the law counts it.")
class OutsideContact(Node):
    reference: str = strawberry.field(description="The recording caller's own id of it.")
    channel: Medium = strawberry.field(description="How the customer was contacted.")
    result: OutsideResult = strawberry.field(description="How far it got.")
    initiator: Initiator = strawberry.field(description="Who began it.")
    at: datetime = strawberry.field(description="When it was made.")

    @classmethod
    def of(cls, outside: model.OutsideContact) -> OutsideContact:
        return cls(
            id=strawberry.ID(global_id(Kind.OUTSIDE_CONTACT, outside.id)),
            reference=outside.reference,
            channel=outside.medium,
            result=outside.result,
            initiator=outside.initiator,
            at=outside.at,
        )


@strawberry.type(description="How often one caller's contacts for one purpose were exempted from rules.")
class ExemptionUse:
    caller: str = strawberry.field(description="The caller's name.")
    purpose: Purpose = strawberry.field(description="The purpose that was exempted.")
    contacts: int = strawberry.field(description="How many contacts.")
    answers: int = strawberry.field(
        description="How many of them answered a recorded contact; a trusted key vouched for the others."
    )

    @classmethod
    def of(cls, used: pages.Exemptions) -> ExemptionUse:
        return cls(caller=used.caller, purpose=used.purpose, contacts=used.contacts, answers=used.answers)
