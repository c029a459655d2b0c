"""Reading what people wrote, and saying that it was dealt with."""

from typing import Annotated

import strawberry

from gateway import replying
from gateway.api.asked import optional_asked_id
from gateway.api.connections import After, Before, Connection, First, Last, listing, window
from gateway.api.context import Info
from gateway.api.ids import Kind
from gateway.api.reading import LONGEST_TEXT, Reader, is_given
from gateway.api.types.payloads import user_errors
from gateway.api.types.reply import Reply, SettleReplyInput, SettleReplyPayload
from gateway.model import ReplyStatus, Unacceptable
from gateway.store import pages


@strawberry.type(description="What can be asked about replies.")
class ReplyQueries:
    @strawberry.field(description="What people wrote to us, oldest first.")
    async def replies(
        self,
        info: Info,
        status: Annotated[
            ReplyStatus | None, strawberry.argument(description="OPEN: those a person still has to look at.")
        ] = strawberry.UNSET,
        customer_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only this customer's.")
        ] = strawberry.UNSET,
        is_urgent: Annotated[
            bool | None, strawberry.argument(description="true: those a person must see before all others.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Reply]:
        shown = window(first, after, last, before)
        owner = optional_asked_id(customer_id, Kind.CUSTOMER, "customerId")
        which = pages.ReplyFilter(status or None, owner, is_urgent if is_given(is_urgent) else None)
        narrowed = pages.of_customer(which, info.context.only)
        return await listing(info, narrowed, shown, pages.replies, pages.count_replies, Reply.of)


@strawberry.type(description="What can be done about replies.")
class ReplyMutations:
    @strawberry.mutation(
        description="Say that a person has read a reply and done what there was to do. With the last of them, what was "
        "blocked meanwhile may go on."
    )
    async def settle_reply(
        self, info: Info, input: Annotated[SettleReplyInput, strawberry.argument(description="Which one, and what.")]
    ) -> SettleReplyPayload | None:
        context = info.context
        try:
            read = Reader()
            reply_id = read.id(input.reply_id, Kind.REPLY, "replyId")
            note = read.text(input.note, "note", longest=LONGEST_TEXT)
            read.finish()
            settled = await replying.settle(context.gateway, context.caller, reply_id, note)
        except Unacceptable as wrong:
            return SettleReplyPayload(user_errors=user_errors(wrong.errors))
        return SettleReplyPayload(reply=Reply.of(settled))
