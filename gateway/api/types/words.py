"""What a message would say, and what is wrong with words."""

from __future__ import annotations

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from gateway import previewing
from gateway.api.scalars import Jurisdiction, Locale
from policies.facts import Channel, Purpose
from policies.tone import Kind, Problem


@strawberry.type(description="One thing that is wrong with the words of a message.")
class WordProblem:
    rule: str = strawberry.field(description="The rule that says so, as in policies/tone_*.toml and contents.toml.")
    kind: Kind = strawberry.field(description="What is wrong.")
    words: list[str] = strawberry.field(description="The words, as they stand in the text; none where some lack.")
    message: str = strawberry.field(description="Why, in a plain sentence.")
    suggestion: str = strawberry.field(description="What to say instead.")
    citation: str | None = strawberry.field(description="The law, or null for house policy.")

    @classmethod
    def of(cls, problem: Problem) -> WordProblem:
        return cls(
            rule=problem.rule,
            kind=problem.kind,
            words=list(problem.words),
            message=problem.message,
            suggestion=problem.suggestion,
            citation=problem.citation,
        )


@strawberry.type(description="A message as it would be read. Nothing was sent.")
class MessagePreview:
    subject: str | None = strawberry.field(description="Of an e-mail.")
    text: str | None = strawberry.field(
        description="The words, the customer's name masked; on CALLBACK the agent's script. Null where it cannot be "
        "written."
    )
    html: str | None = strawberry.field(description="Of an e-mail.")
    segments: int | None = strawberry.field(description="How many SMS it is.")
    template_version: str | None = strawberry.field(description="Which words these are.")
    refusal: str | None = strawberry.field(description="Why it cannot be written.")
    problems: list[WordProblem] = strawberry.field(description="What is wrong with its words.")

    @classmethod
    def of(cls, preview: previewing.Preview) -> MessagePreview:
        return cls(
            subject=preview.subject,
            text=preview.text,
            html=preview.html,
            segments=preview.segments,
            template_version=preview.version,
            refusal=preview.refusal,
            problems=[WordProblem.of(one) for one in preview.problems],
        )


@strawberry.input(description="A message to look at.")
class PreviewMessageInput:
    customer_id: strawberry.ID = strawberry.field(description="Who would get it.")
    purpose: Purpose = strawberry.field(description="Why.")
    channel: Channel = strawberry.field(description="How.")
    bill_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The bill it would be about.")
    template: str | None = strawberry.field(default=UNSET, description="Default: the one for the purpose.")
    variables: JSON | None = strawberry.field(default=UNSET, description="As of requestContact.")
    discreet: bool = strawberry.field(default=False, description="As it is where others may read it.")


@strawberry.input(description="Words of a template to be.")
class CheckWordsInput:
    text: str = strawberry.field(description="The words; names as in a template: {{ amount }}.")
    channel: Channel = strawberry.field(description="How they would be sent.")
    locale: Locale = strawberry.field(description="The customer's language.")
    purpose: Purpose | None = strawberry.field(default=UNSET, description="Why; without one no fact is asked for.")
    jurisdiction: Jurisdiction | None = strawberry.field(default=UNSET, description="Whose rules apply.")
    product: str | None = strawberry.field(default=UNSET, description="Of which product.")
    discreet: bool = strawberry.field(default=False, description="For where others may read it.")
