"""Subscriptions to events."""

from __future__ import annotations

from datetime import datetime

import strawberry

from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.types.node import Node
from gateway.api.types.payloads import ERRORS, UserError
from gateway.store import events


@strawberry.type(description="Where a caller is told what happens.")
class EventSubscription(Node):
    inner: strawberry.Private[str]
    url: str = strawberry.field(description="Where events are posted.")
    kinds: list[str] = strawberry.field(description="What is told; empty: everything.")
    created_at: datetime = strawberry.field(description="Since when.")
    ended_at: datetime | None = strawberry.field(description="When it ended: by its caller, or by the answer 410.")

    @strawberry.field(description="How many events have still to be told.")
    async def waiting(self, info: Info) -> int:
        async with info.context.snapshot.reading() as work:
            return await events.count_waiting(work, self.inner)

    @strawberry.field(description="How many events were given up: after three days, or because it ended.")
    async def given_up(self, info: Info) -> int:
        async with info.context.snapshot.reading() as work:
            return await events.count_given_up(work, self.inner)

    @strawberry.field(
        description="The answer to the latest event that was tried: an HTTP status, or the name of what went wrong "
        "(ConnectError, TimeoutError ...); null: none was tried yet."
    )
    async def last_answer(self, info: Info) -> str | None:
        async with info.context.snapshot.reading() as work:
            return await events.last_answer(work, self.inner)

    @classmethod
    def of(cls, subscription: events.EventSubscription) -> EventSubscription:
        return cls(
            id=strawberry.ID(global_id(Kind.EVENT_SUBSCRIPTION, subscription.id)),
            inner=subscription.id,
            url=subscription.url,
            kinds=list(subscription.kinds),
            created_at=subscription.created_at,
            ended_at=subscription.ended_at,
        )


@strawberry.input(description="Where the caller wants to be told what happens.")
class SubscribeEventsInput:
    url: str = strawberry.field(description="An https address in the open internet.")
    kinds: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Such as `contact.delivered`; default: everything. See README, Events."
    )


@strawberry.type(description="The subscription, with the secret that its events are signed with.")
class SubscribeEventsPayload:
    subscription: EventSubscription | None = strawberry.field(default=None, description="The subscription.")
    secret: str | None = strawberry.field(default=None, description="Shown this once (Standard Webhooks, `whsec_...`).")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The subscription as it ended.")
class EndEventSubscriptionPayload:
    subscription: EventSubscription | None = strawberry.field(default=None, description="The subscription.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
