"""How customers find that they were treated: asked by an agent or an app; the page asks by itself."""

from typing import Annotated

import strawberry

from gateway import surveying
from gateway.api.asked import asked, asked_id, optional_asked_id
from gateway.api.connections import After, Before, Connection, First, Last, listing, window
from gateway.api.context import Info
from gateway.api.ids import Kind
from gateway.api.inputs import fingerprint
from gateway.api.reading import LONGEST_KEY, LONGEST_TEXT, Reader, is_given
from gateway.api.types.payloads import user_errors
from gateway.api.types.survey import RecordSurveyAnswerInput, RecordSurveyAnswerPayload, Survey, SurveyAnswer
from gateway.model import Unacceptable
from gateway.store import pages, survey_answers
from gateway.store.survey_answers import SurveyAnswerFilter
from gateway.surveying import RecordSurveyAnswer, Said
from gateway.words.survey import SCORES


@strawberry.type(description="What can be asked about surveys.")
class SurveyQueries:
    @strawberry.field(
        description="What the customer may be asked about a contact: a follow-up or an answer that left, or a call "
        "that reached them. Null where nothing is asked."
    )
    async def survey(
        self, info: Info, contact_id: Annotated[strawberry.ID, strawberry.argument(description="The contact.")]
    ) -> Survey | None:
        gateway = info.context.gateway
        inner = asked_id(contact_id, Kind.CONTACT, "contactId")
        with asked():
            found = await surveying.look(gateway, info.context.caller, inner)
        return Survey.of(gateway.words.survey(found.locale), found.ends_at, found.answer) if found.ends_at else None

    @strawberry.field(description="What customers answered, oldest first.")
    async def survey_answers(
        self,
        info: Info,
        score_at_most: Annotated[
            int | None, strawberry.argument(description="Only those of this score or a lower one.")
        ] = strawberry.UNSET,
        customer_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only this customer's.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[SurveyAnswer]:
        shown = window(first, after, last, before)
        owner = optional_asked_id(customer_id, Kind.CUSTOMER, "customerId")
        which = SurveyAnswerFilter(score_at_most if is_given(score_at_most) else None, owner)
        narrowed = pages.of_customer(which, info.context.only)
        return await listing(info, narrowed, shown, survey_answers.listed, survey_answers.count, SurveyAnswer.of)


@strawberry.type(description="What can be done about surveys.")
class SurveyMutations:
    @strawberry.mutation(
        description="Record what the customer answered, in a call or in the lender's own app. A low score slows what "
        "is proposed, and with words it is put on record as a complaint; a call that is wanted is asked for."
    )
    async def record_survey_answer(
        self, info: Info, input: Annotated[RecordSurveyAnswerInput, strawberry.argument(description="The answer.")]
    ) -> RecordSurveyAnswerPayload | None:
        context = info.context
        try:
            answer, replayed = await surveying.record(context.gateway, context.caller, _wanted(input))
        except Unacceptable as wrong:
            return RecordSurveyAnswerPayload(user_errors=user_errors(wrong.errors))
        return RecordSurveyAnswerPayload(answer=SurveyAnswer.of(answer), replayed=replayed)


def _wanted(given: RecordSurveyAnswerInput) -> RecordSurveyAnswer:
    read = Reader()
    key = read.text(given.idempotency_key, "idempotencyKey", longest=LONGEST_KEY)
    contact_id = read.id(given.contact_id, Kind.CONTACT, "contactId")
    if given.score not in SCORES:
        read.wrong(f"must be {SCORES[0]} to {SCORES[-1]}", "score")
    text = read.optional_text(given.text, "text", longest=LONGEST_TEXT)
    read.finish()
    body = fingerprint(contact_id, given.score, text, given.wants_call)
    return RecordSurveyAnswer(contact_id, key, body, Said(given.score, text, given.wants_call))
