"""Looking at words before they are sent."""

from typing import Annotated

import strawberry

from gateway import previewing
from gateway.api.asked import asked
from gateway.api.context import Info
from gateway.api.ids import Kind
from gateway.api.reading import LONGEST_TEXT, Reader
from gateway.api.types.words import CheckWordsInput, MessagePreview, PreviewMessageInput
from gateway.model import UserErrorCode


@strawberry.type(description="What can be asked about words.")
class WordQueries:
    @strawberry.field(
        description="The message that a contact would carry now, with today's facts. Sends nothing and records nothing."
    )
    async def preview_message(
        self, info: Info, input: Annotated[PreviewMessageInput, strawberry.argument(description="Which.")]
    ) -> MessagePreview:
        context = info.context
        with asked("input"):
            read = Reader(bad_id=UserErrorCode.INVALID)
            wanted = previewing.PreviewMessage(
                customer_id=read.id(input.customer_id, Kind.CUSTOMER, "customerId"),
                purpose=input.purpose,
                channel=input.channel,
                bill_id=read.optional_id(input.bill_id, Kind.BILL, "billId"),
                template=read.optional_text(input.template, "template"),
                variables=read.variables(input.variables, "variables"),
                discreet=input.discreet,
            )
            read.finish()
            async with context.acting():
                preview = await previewing.message(context.gateway, context.caller, wanted)
        return MessagePreview.of(preview)

    @strawberry.field(description="What the linter says of words, and what to say instead. For who writes templates.")
    def check_words(
        self, info: Info, input: Annotated[CheckWordsInput, strawberry.argument(description="The words.")]
    ) -> MessagePreview:
        with asked("input"):
            read = Reader()
            jurisdiction = input.jurisdiction or None
            wanted = previewing.CheckWords(
                text=read.text(input.text, "text", longest=LONGEST_TEXT),
                channel=input.channel,
                locale=read.locale(input.locale, "locale"),
                purpose=input.purpose or None,
                jurisdiction=read.jurisdiction(jurisdiction, "jurisdiction") if jurisdiction else None,
                product=read.optional_text(input.product, "product"),
                discreet=input.discreet,
            )
            read.finish()
        return MessagePreview.of(previewing.words(wanted))
