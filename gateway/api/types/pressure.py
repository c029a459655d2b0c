"""How much a customer was contacted, and how they reacted."""

from __future__ import annotations

from datetime import datetime

import strawberry

from gateway import pressure
from gateway.api.context import Info
from gateway.api.types.customer import Customer
from gateway.api.types.decision import NextAllowed
from gateway.store.reactions import ReactionKind
from policies.facts import Medium, Purpose


@strawberry.type(description="How often a customer was contacted in one way.")
class ChannelCount:
    channel: Medium = strawberry.field(description="The way.")
    count: int = strawberry.field(description="How often.")


@strawberry.type(description="How often a customer was contacted for one purpose.")
class PurposeCount:
    purpose: Purpose = strawberry.field(description="The purpose.")
    count: int = strawberry.field(description="How often.")


@strawberry.type(description="How often one caller had a customer contacted.")
class RequesterCount:
    name: str = strawberry.field(
        description='The caller\'s name, or "outside the gateway". To the customer all of them are the "lender".'
    )
    count: int = strawberry.field(description="How often.")


@strawberry.type(description="How often a customer reacted in one way.")
class ReactionCount:
    kind: ReactionKind = strawberry.field(description="What they did.")
    count: int = strawberry.field(description="How often.")


@strawberry.type(description="What happened in so many days up to now. In each list the most frequent comes first.")
class PressurePeriod:
    days: int = strawberry.field(description="How many days.")
    attempts: int = strawberry.field(
        description="Tries to reach the customer: the gateway's, and those outside that the customer did not begin."
    )
    by_channel: list[ChannelCount] = strawberry.field(description="The tries by the way they went.")
    by_purpose: list[PurposeCount] = strawberry.field(description="The tries by purpose, where one is known.")
    by_requester: list[RequesterCount] = strawberry.field(description="The tries by who asked for them.")
    reactions: list[ReactionCount] = strawberry.field(description="What the customer did.")

    @classmethod
    def of(cls, period: pressure.Period) -> PressurePeriod:
        return cls(
            days=period.days,
            attempts=period.attempts,
            by_channel=[ChannelCount(channel=one, count=count) for one, count in period.by_medium],
            by_purpose=[PurposeCount(purpose=one, count=count) for one, count in period.by_purpose],
            by_requester=[RequesterCount(name=one, count=count) for one, count in period.by_requester],
            reactions=[ReactionCount(kind=ReactionKind(one), count=count) for one, count in period.by_reaction],
        )


@strawberry.type(description="How much a customer was contacted, by whom, and how they reacted.")
class ContactPressure:
    found: strawberry.Private[pressure.Pressure]
    #: What a reminder would be answered now, per channel.
    now: strawberry.Private[list[NextAllowed]]
    last_contact_at: datetime | None = strawberry.field(description="The last try of 90 days.")
    last_reaction_at: datetime | None = strawberry.field(description="The last reaction of 90 days.")
    unanswered_in_a_row: int = strawberry.field(description="Tries since the last reaction.")
    periods: list[PressurePeriod] = strawberry.field(description="30 days and 90.")

    @strawberry.field(description="Who it is about.")
    def customer(self) -> Customer:
        return Customer.of(self.found.customer)

    @strawberry.field(description="The same in a sentence, in the caller's language.")
    def sentence(self, info: Info) -> str:
        return self.found.zh if info.context.language == "zh" else self.found.en

    @strawberry.field(
        description="For each channel when a reminder of an overdue bill would be allowed: its decision has what is "
        "left under each cap."
    )
    def allowed(self) -> list[NextAllowed]:
        return self.now

    @classmethod
    def of(cls, found: pressure.Pressure, now: list[NextAllowed]) -> ContactPressure:
        return cls(
            found=found,
            now=now,
            last_contact_at=found.last_contact_at,
            last_reaction_at=found.last_reaction_at,
            unanswered_in_a_row=found.unanswered,
            periods=[PressurePeriod.of(one) for one in found.periods],
        )
