"""Who stopped sending, and when it went on."""

from __future__ import annotations

from datetime import datetime

import strawberry

from gateway import model
from gateway.api.ids import Kind, global_id
from gateway.api.types.node import Node
from gateway.api.types.payloads import ERRORS, UserError
from policies.facts import Channel, Purpose


@strawberry.type(
    description="Somebody stopped sending: of one purpose, on one channel, through one provider, or of everything."
)
class Pause(Node):
    purpose: Purpose | None = strawberry.field(description="Only this purpose; null: not narrowed to one.")
    channel: Channel | None = strawberry.field(description="Only this channel; null: not narrowed to one.")
    provider: str | None = strawberry.field(description="Only through this provider; null: not narrowed to one.")
    reason: str = strawberry.field(description="Why.")
    paused_at: datetime = strawberry.field(description="From then on no attempt opens that it concerns.")
    paused_by: str = strawberry.field(description="Who stopped it; `gateway` where a backup was restored.")
    resumed_at: datetime | None = strawberry.field(description="When it went on; null while it is in force.")
    resumed_by: str | None = strawberry.field(description="Who let it go on.")
    resume_reason: str | None = strawberry.field(description="Why it could go on.")

    @classmethod
    def of(cls, pause: model.Pause) -> Pause:
        return cls(
            id=strawberry.ID(global_id(Kind.PAUSE, pause.id)),
            purpose=pause.purpose,
            channel=pause.channel,
            provider=pause.provider,
            reason=pause.reason,
            paused_at=pause.paused_at,
            paused_by=pause.paused_by,
            resumed_at=pause.resumed_at,
            resumed_by=pause.resumed_by,
            resume_reason=pause.resume_reason,
        )


@strawberry.type(description="The pause as it is now.")
class PausePayload:
    pause: Pause | None = strawberry.field(default=None, description="The pause.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.input(description="What is to be stopped: one of the three, or none of them for everything.")
class PauseSendingInput:
    reason: str = strawberry.field(description="Why. It stays on record.")
    purpose: Purpose | None = strawberry.field(default=strawberry.UNSET, description="Only this purpose.")
    channel: Channel | None = strawberry.field(default=strawberry.UNSET, description="Only this channel.")
    provider: str | None = strawberry.field(default=strawberry.UNSET, description="Only through this provider.")


@strawberry.input(description="A pause that is to end.")
class ResumeSendingInput:
    pause_id: strawberry.ID = strawberry.field(description="The pause.")
    reason: str = strawberry.field(description="Why it may go on. It stays on record.")
