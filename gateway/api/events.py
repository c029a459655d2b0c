"""Subscribing to events, and ending it."""

from typing import Annotated

import strawberry

from gateway import events
from gateway.api.context import Info
from gateway.api.ids import Kind
from gateway.api.permissions import sees_all
from gateway.api.reading import Reader
from gateway.api.types.event import (
    EndEventSubscriptionPayload,
    EventSubscription,
    SubscribeEventsInput,
    SubscribeEventsPayload,
)
from gateway.api.types.payloads import user_errors
from gateway.model import Unacceptable
from gateway.outgoing import LONGEST_URL
from gateway.store import events as store


@strawberry.type(description="What can be asked about events.")
class EventQueries:
    @strawberry.field(description="The caller's own subscriptions in force; those of all for who watches over them.")
    async def event_subscriptions(self, info: Info) -> list[EventSubscription]:
        caller = info.context.caller
        of = None if sees_all(caller, "EventSubscription.id") else caller.id
        async with info.context.snapshot.reading() as work:
            return [EventSubscription.of(one) for one in await store.subscriptions(work, of)]


@strawberry.type(description="What can be done about events.")
class EventMutations:
    @strawberry.mutation(description="Begin to be told what happens, at an address of the caller's. README, Events.")
    async def subscribe_events(
        self, info: Info, input: Annotated[SubscribeEventsInput, strawberry.argument(description="Where, and what.")]
    ) -> SubscribeEventsPayload | None:
        context = info.context
        try:
            read = Reader()
            url = read.text(input.url, "url", longest=LONGEST_URL)
            kinds = read.texts(input.kinds, "kinds") or ()
            read.finish()
            made = await events.subscribe(context.gateway, context.gateway.poster, context.caller, url, kinds)
        except Unacceptable as wrong:
            return SubscribeEventsPayload(user_errors=user_errors(wrong.errors))
        return SubscribeEventsPayload(subscription=EventSubscription.of(made), secret=made.secret)

    @strawberry.mutation(description="Be told no more; what still waits is not told.")
    async def end_event_subscription(
        self,
        info: Info,
        subscription_id: Annotated[strawberry.ID, strawberry.argument(description="The subscription.")],
    ) -> EndEventSubscriptionPayload | None:
        context = info.context
        try:
            read = Reader()
            inner = read.id(subscription_id, Kind.EVENT_SUBSCRIPTION, "subscriptionId")
            read.finish()
            ended = await events.end(context.gateway, context.caller, inner)
        except Unacceptable as wrong:
            return EndEventSubscriptionPayload(user_errors=user_errors(wrong.errors))
        return EndEventSubscriptionPayload(subscription=EventSubscription.of(ended))
