"""The sandbox, for integrators: what would have left, and replies that nobody wrote."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from gateway import addresses, masks, sandbox
from gateway.api.context import Info
from gateway.api.errors import ApiError, Code
from gateway.api.ids import Kind, global_id
from gateway.api.reading import LONGEST_TEXT, Reader
from gateway.api.types.payloads import ERRORS, UserError, user_errors
from gateway.api.types.personal import personal
from gateway.core import Gateway
from gateway.model import Unacceptable
from policies.facts import Channel

MOST_SHOWN = 100


@strawberry.type(description="A message that would have left: the sandbox's providers put it here instead.")
class SandboxMessage:
    message: strawberry.Private[sandbox.SandboxMessage]
    provider: str = strawberry.field(description="Who would have carried it.")
    attempt_id: strawberry.ID = strawberry.field(description="The attempt it belongs to.")
    behaviour: str = strawberry.field(description="How its address made the provider behave: README, Sandbox.")
    at: datetime = strawberry.field(description="When it was handed over, by the sandbox's clock.")

    to = personal("SandboxMessage.to", "Where it would have gone.", lambda self: self.message.to)
    subject = personal("SandboxMessage.subject", "A mail's subject.", lambda self: self.message.subject)
    text = personal("SandboxMessage.text", "What would have been read.", lambda self: self.message.text)

    @strawberry.field(description="What everybody may see of where it would have gone: 139****0000.")
    def masked_to(self) -> str:
        return masks.address(self.message.to)

    @strawberry.field(description="How long the subject is.")
    def masked_subject(self) -> str | None:
        return masks.words(self.message.subject) if self.message.subject is not None else None

    @strawberry.field(description="How long the text is.")
    def masked_text(self) -> str:
        return masks.words(self.message.text)

    @classmethod
    def of(cls, message: sandbox.SandboxMessage) -> SandboxMessage:
        return cls(
            message=message,
            provider=message.provider,
            attempt_id=strawberry.ID(global_id(Kind.ATTEMPT, message.reference)),
            behaviour=message.behaviour,
            at=message.at,
        )


@strawberry.input(description="A reply that nobody wrote.")
class SandboxReplyInput:
    address: str = strawberry.field(description="The number or mail address it comes from.")
    text: str = strawberry.field(description="What it says.")


@strawberry.type(description="Whether the reply was heard.")
class SandboxReplyPayload:
    heard: bool = strawberry.field(default=False, description="It was, like any reply; see `replies`.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="What can be asked about the sandbox.")
class SandboxQueries:
    @strawberry.field(
        description="The sandbox only; anywhere else it answers FORBIDDEN. What its providers were handed, the "
        "latest first: nothing of a channel for which a provider is set, as in `gateway demo`."
    )
    async def sandbox_inbox(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="1 to 100.")] = 20,
    ) -> list[SandboxMessage]:
        _only_here(info.context.gateway)
        if not 1 <= first <= MOST_SHOWN:
            raise ApiError(Code.BAD_USER_INPUT, f"first: 1 to {MOST_SHOWN}", field=("first",))
        async with info.context.snapshot.reading() as work:
            return [SandboxMessage.of(one) for one in await sandbox.inbox(work, first)]


@strawberry.type(description="What can be done in the sandbox.")
class SandboxMutations:
    @strawberry.mutation(
        description="The sandbox only; anywhere else it answers FORBIDDEN. Hears a reply as if a customer had "
        "written it."
    )
    async def sandbox_reply(
        self, info: Info, input: Annotated[SandboxReplyInput, strawberry.argument(description="From whom, and what.")]
    ) -> SandboxReplyPayload | None:
        gateway = info.context.gateway
        _only_here(gateway)
        channel = Channel.EMAIL if "@" in input.address else Channel.SMS
        try:
            read = Reader()
            text = read.text(input.text, "text", longest=LONGEST_TEXT)
            address = read.text(input.address, "address")
            try:
                addresses.read(channel, address, "")
            except addresses.BadAddress as bad:
                read.wrong(str(bad), "address")
            read.finish()
            await sandbox.reply(gateway, channel, address, text)
        except Unacceptable as wrong:
            return SandboxReplyPayload(user_errors=user_errors(wrong.errors))
        return SandboxReplyPayload(heard=True)


def _only_here(gateway: Gateway) -> None:
    if not gateway.settings.sandbox:
        raise ApiError(Code.FORBIDDEN, "there is such a thing only in the sandbox (GATEWAY_SANDBOX=1)")
