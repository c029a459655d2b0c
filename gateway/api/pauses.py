"""Stopping and going on, for those who answer for it."""

from typing import Annotated

import strawberry

from gateway import pausing
from gateway.api.context import Info
from gateway.api.ids import Kind
from gateway.api.reading import LONGEST_TEXT, Reader
from gateway.api.types.pause import Pause, PausePayload, PauseSendingInput, ResumeSendingInput
from gateway.api.types.payloads import user_errors
from gateway.model import Unacceptable
from gateway.store import pauses

MOST_PAUSES = 100


@strawberry.type(description="What can be asked about pauses.")
class PauseQueries:
    @strawberry.field(description="Pauses in force, oldest first; with `ended`, the last 100 of all, latest first.")
    async def pauses(
        self,
        info: Info,
        ended: Annotated[bool, strawberry.argument(description="Those that ended as well.")] = False,
    ) -> list[Pause]:
        async with info.context.snapshot.reading() as work:
            found = await (pauses.every(work, MOST_PAUSES) if ended else pauses.in_force(work))
        return [Pause.of(one) for one in found]


@strawberry.type(description="What can be done about pauses.")
class PauseMutations:
    @strawberry.mutation(
        description="Stop sending at once, on every process: everything, a purpose, a channel or a provider. What "
        "waits keeps its place, and is decided anew when it goes on."
    )
    async def pause_sending(
        self, info: Info, input: Annotated[PauseSendingInput, strawberry.argument(description="What, and why.")]
    ) -> PausePayload | None:
        context = info.context
        try:
            read = Reader()
            reason = read.text(input.reason, "reason", longest=LONGEST_TEXT)
            provider = read.optional_text(input.provider, "provider")
            read.finish()
            pause = await pausing.pause(
                context.gateway,
                context.caller,
                reason,
                purpose=input.purpose or None,
                channel=input.channel or None,
                provider=provider,
            )
        except Unacceptable as wrong:
            return PausePayload(user_errors=user_errors(wrong.errors))
        return PausePayload(pause=Pause.of(pause))

    @strawberry.mutation(description="Let sending go on. A pause that ended stays as it was.")
    async def resume_sending(
        self, info: Info, input: Annotated[ResumeSendingInput, strawberry.argument(description="Which one, and why.")]
    ) -> PausePayload | None:
        context = info.context
        try:
            read = Reader()
            pause_id = read.id(input.pause_id, Kind.PAUSE, "pauseId")
            reason = read.text(input.reason, "reason", longest=LONGEST_TEXT)
            read.finish()
            pause = await pausing.resume(context.gateway, context.caller, pause_id, reason)
        except Unacceptable as wrong:
            return PausePayload(user_errors=user_errors(wrong.errors))
        return PausePayload(pause=Pause.of(pause))
