"""What customers are asked afterwards, and what they answered."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from gateway import masks, model
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.types.complaint import Complaint
from gateway.api.types.hardship import ERRORS
from gateway.api.types.node import Node
from gateway.api.types.personal import personal
from gateway.words.survey import SurveyWords

if TYPE_CHECKING:
    from gateway.api.types.contact import Contact
    from gateway.api.types.customer import Customer
    from gateway.api.types.payloads import UserError


@strawberry.type(
    description="What a customer answered when they were asked how a contact was. The first answer stands."
)
class SurveyAnswer(Node):
    answer: strawberry.Private[model.SurveyAnswer]
    score: int = strawberry.field(description="1, very badly treated, to 5, very well.")
    wants_call: bool = strawberry.field(description="Whether they want to be called about it.")
    recorded_at: datetime = strawberry.field(description="When it was put on record.")
    recorded_by: str | None = strawberry.field(
        description='Who recorded it; "customer": they answered by the link. For staff; null to the customer.'
    )

    @strawberry.field(description="The customer.")
    async def customer(self, info: Info) -> Annotated[Customer, strawberry.lazy("gateway.api.types.customer")]:
        from gateway.api.types.customer import Customer  # noqa: PLC0415 - customers show their answers

        found = await info.context.load.customer.load(self.answer.customer_id)
        assert found is not None
        return Customer.of(found)

    @strawberry.field(description="The contact they were asked about.")
    async def contact(self, info: Info) -> Annotated[Contact, strawberry.lazy("gateway.api.types.contact")]:
        from gateway.api.types.contact import Contact  # noqa: PLC0415 - as above

        found = await info.context.load.contact.load(self.answer.contact_id)
        assert found is not None
        return Contact.of(found)

    text = personal("SurveyAnswer.text", "What they added.", lambda self: self.answer.text)

    @strawberry.field(description="Whether they added anything, and how long it is.")
    def masked_text(self) -> str | None:
        return masks.words(self.answer.text) if self.answer.text is not None else None

    @strawberry.field(description="A low score with words is a complaint, which a person answers.")
    async def complaint(self, info: Info) -> Complaint | None:
        complaint_id = self.answer.complaint_id
        found = await info.context.load.complaint.load(complaint_id) if complaint_id else None
        return Complaint.of(found) if found else None

    @strawberry.field(description="The call that they want, as the rules allow it; null: none, or none could be made.")
    async def call(self, info: Info) -> Annotated[Contact, strawberry.lazy("gateway.api.types.contact")] | None:
        from gateway.api.types.contact import Contact  # noqa: PLC0415 - as above

        call_id = self.answer.call_id
        found = await info.context.load.contact.load(call_id) if call_id else None
        return Contact.of(found) if found else None

    @classmethod
    def of(cls, answer: model.SurveyAnswer) -> SurveyAnswer:
        return cls(
            id=strawberry.ID(global_id(Kind.SURVEY_ANSWER, answer.id)),
            answer=answer,
            score=answer.score,
            wants_call=answer.wants_call,
            recorded_at=answer.recorded_at,
            recorded_by=answer.recorded_by,
        )


@strawberry.type(description="What a customer is asked about a contact, in their language.")
class Survey:
    score_question: str = strawberry.field(description="To be answered with one of `scores`.")
    scores: list[str] = strawberry.field(description="What 1 to 5 mean, in this order.")
    text_question: str = strawberry.field(description="To be answered in words, or not at all.")
    call_question: str = strawberry.field(description="To be answered with yes or no.")
    note: str = strawberry.field(description="To be said before anything is asked.")
    ends_at: datetime = strawberry.field(description="From then on no answer is taken.")
    answer: SurveyAnswer | None = strawberry.field(description="The answer, where there is one: it stands.")

    @classmethod
    def of(cls, words: SurveyWords, ends_at: datetime, answer: model.SurveyAnswer | None) -> Survey:
        return cls(
            score_question=words.score,
            scores=list(words.scores),
            text_question=words.text,
            call_question=words.call,
            note=words.note,
            ends_at=ends_at,
            answer=SurveyAnswer.of(answer) if answer else None,
        )


@strawberry.input(description="What a customer answered when they were asked how a contact was.")
class RecordSurveyAnswerInput:
    idempotency_key: str = strawberry.field(description="The caller's own: the same key records it once.")
    contact_id: strawberry.ID = strawberry.field(description="The contact they were asked about.")
    score: int = strawberry.field(description="1, very badly treated, to 5, very well.")
    text: str | None = strawberry.field(default=strawberry.UNSET, description="What they added, in their words.")
    wants_call: bool = strawberry.field(default=False, description="Whether they want to be called about it.")


_LAZY = strawberry.lazy("gateway.api.types.payloads")


@strawberry.type(description="The answer that is on record.")
class RecordSurveyAnswerPayload:
    answer: SurveyAnswer | None = strawberry.field(default=None, description="The answer.")
    replayed: bool = strawberry.field(default=False, description="Whether this key was seen before.")
    user_errors: list[Annotated[UserError, _LAZY]] = strawberry.field(default_factory=list, description=ERRORS)
