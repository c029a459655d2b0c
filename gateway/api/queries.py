"""What can be asked. A CUSTOMER key sees one customer, whatever is asked about."""

import asyncio
from typing import Annotated

import strawberry

from gateway import asking
from gateway.api import inputs
from gateway.api.applications import ApplicationQueries
from gateway.api.asked import asked, asked_id, optional_asked_id
from gateway.api.connections import After, Before, Connection, First, Last, listing, window
from gateway.api.context import Info
from gateway.api.errors import ApiError, Code
from gateway.api.events import EventQueries
from gateway.api.ids import Kind
from gateway.api.listening import ListeningQueries
from gateway.api.nodes import find_by_global_id
from gateway.api.pauses import PauseQueries
from gateway.api.reading import Reader, is_given
from gateway.api.replies import ReplyQueries
from gateway.api.sandboxing import SandboxQueries
from gateway.api.scalars import DateTimeText, Jurisdiction
from gateway.api.surveys import SurveyQueries
from gateway.api.types.callback import Callback
from gateway.api.types.contact import Contact
from gateway.api.types.customer import Customer
from gateway.api.types.decision import Decision, NextAllowed, Rule
from gateway.api.types.inputs import ContactFilter, CustomerKey, PreviewContactInput
from gateway.api.types.node import Node
from gateway.api.types.record import ExemptionUse
from gateway.api.types.viewer import Viewer
from gateway.api.words import WordQueries
from gateway.model import CallbackStatus, UserErrorCode
from gateway.planning import DEFAULT_CHANNELS
from gateway.requests import Question
from gateway.store import customers, pages
from policies.facts import Channel, Purpose

MOST_IDS = 100


@strawberry.type(description="What can be asked.")
class Query(
    ApplicationQueries,
    EventQueries,
    ListeningQueries,
    PauseQueries,
    ReplyQueries,
    SandboxQueries,
    SurveyQueries,
    WordQueries,
):
    @strawberry.field(description="Anything by its global id; null for what the caller may not see.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="A global id.")]
    ) -> Node | None:
        return await find_by_global_id(info.context, id, "id")

    @strawberry.field(
        description="Up to 100 things by their global ids, in that order; null for what the caller may not see."
    )
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Global ids.")]
    ) -> list[Node | None]:
        if len(ids) > MOST_IDS:
            raise ApiError(Code.BAD_USER_INPUT, f"ids: at most {MOST_IDS}", field=("ids",))
        return await asyncio.gather(*(find_by_global_id(info.context, one, "ids") for one in ids))

    @strawberry.field(description="Who is calling, and what they may do.")
    def viewer(self, info: Info) -> Viewer:
        return Viewer.of(info.context.caller)

    @strawberry.field(description="A customer, by the global id or by the lender's own.")
    async def customer(
        self, info: Info, by: Annotated[CustomerKey, strawberry.argument(description="One of the two.")]
    ) -> Customer | None:
        context = info.context
        if is_given(by.id):
            found = await context.load.customer.load(asked_id(by.id or "", Kind.CUSTOMER, "by", "id"))
        else:
            with asked():
                read = Reader()
                reference = read.text(by.reference or "", "by", "reference")
                read.finish()
            async with context.snapshot.reading() as work:
                found = await customers.by_reference(work, reference)
        return Customer.of(found) if found is not None and context.sees(found.id) else None

    @strawberry.field(description="A contact by its global id.")
    async def contact(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The contact's global id.")]
    ) -> Contact | None:
        context = info.context
        found = await context.load.contact.load(asked_id(id, Kind.CONTACT, "id"))
        return Contact.of(found) if found is not None and context.sees(found.customer_id) else None

    @strawberry.field(description="Contacts, oldest first.")
    async def contacts(
        self,
        info: Info,
        filter: Annotated[
            ContactFilter | None, strawberry.argument(description="Which ones. Default: all that the caller may see.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Contact]:
        shown = window(first, after, last, before)
        with asked("filter"):
            which = inputs.contact_filter(filter)
        narrowed = pages.of_customer(which, info.context.only)
        return await listing(info, narrowed, shown, pages.contacts, pages.count_contacts, Contact.of)

    @strawberry.field(
        description="May this customer be contacted, when at the earliest, and why? Same code path as sending; records "
        "nothing. Where hardship would make a notice the offer of an easier plan, or a call about it, the decision is "
        "about that: see `diversion`."
    )
    async def preview_contact(
        self,
        info: Info,
        input: Annotated[PreviewContactInput, strawberry.argument(description="What would be done.")],
    ) -> Decision:
        context = info.context
        with asked("input"):
            question, channel = inputs.preview_contact(input)
            async with context.acting():
                decision, diversion = await asking.preview(context.gateway, context.caller, question, channel)
        return Decision.made(decision, context.language, diversion)

    @strawberry.field(description="For each channel the first allowed instant within 60 days, or null and why.")
    async def next_allowed_contact(
        self,
        info: Info,
        customer_id: Annotated[strawberry.ID, strawberry.argument(description="Who would be contacted.")],
        purpose: Annotated[Purpose, strawberry.argument(description="Why.")],
        bill_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The bill it would be about.")
        ] = strawberry.UNSET,
        channels: Annotated[
            list[Channel] | None, strawberry.argument(description="Default: SMS, EMAIL, CALLBACK.")
        ] = strawberry.UNSET,
        start: Annotated[
            DateTimeText | None, strawberry.argument(name="from", description="Not before this. Default: now.")
        ] = strawberry.UNSET,
    ) -> list[NextAllowed]:
        context = info.context
        asked_for = tuple(dict.fromkeys(channels or DEFAULT_CHANNELS))
        with asked():
            read = Reader(bad_id=UserErrorCode.INVALID)
            question = Question(
                customer_id=read.id(customer_id, Kind.CUSTOMER, "customerId"),
                purpose=purpose,
                bill_id=read.optional_id(bill_id, Kind.BILL, "billId"),
                at=read.optional_instant(start, "from"),
            )
            read.finish()
            async with context.acting():
                decisions = await asking.next_allowed(context.gateway, context.caller, question, asked_for)
        return [NextAllowed.of(decision, context.language) for decision in decisions]

    @strawberry.field(
        description="How often each caller's contacts were exempted from rules because there was evidence for it: "
        "what they answered, or a key that is trusted with the purpose."
    )
    async def exemptions(
        self,
        info: Info,
        since: Annotated[
            DateTimeText | None, strawberry.argument(name="from", description="Requested then or later.")
        ] = strawberry.UNSET,
        until: Annotated[
            DateTimeText | None, strawberry.argument(name="to", description="Requested before then.")
        ] = strawberry.UNSET,
    ) -> list[ExemptionUse]:
        with asked():
            read = Reader()
            start, end = read.optional_instant(since, "from"), read.optional_instant(until, "to")
            read.finish()
        async with info.context.snapshot.reading() as work:
            return [ExemptionUse.of(used) for used in await pages.exemptions(work, start, end)]

    @strawberry.field(
        description="The callback queue and its history, by the time from which each may be rung, the earliest first. "
        "A call that is put off stands at its new time."
    )
    async def callbacks(
        self,
        info: Info,
        status: Annotated[
            CallbackStatus | None, strawberry.argument(description="Only those of this status.")
        ] = strawberry.UNSET,
        customer_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only this customer's.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Callback]:
        shown = window(first, after, last, before)
        owner = optional_asked_id(customer_id, Kind.CUSTOMER, "customerId")
        narrowed = pages.of_customer(pages.CallbackFilter(status or None, owner), info.context.only)
        return await listing(info, narrowed, shown, pages.callbacks, pages.count_callbacks, Callback.of, pages.place_of)

    @strawberry.field(description="The rules in force, by rulebook and in its order.")
    def rules(
        self,
        info: Info,
        jurisdiction: Annotated[
            Jurisdiction | None, strawberry.argument(description="Only this rulebook's.")
        ] = strawberry.UNSET,
    ) -> list[Rule]:
        books = info.context.gateway.rulebooks
        if jurisdiction and jurisdiction not in books:
            message = f"jurisdiction: there is no rulebook for it; there are {', '.join(sorted(books))}"
            raise ApiError(Code.BAD_USER_INPUT, message, field=("jurisdiction",))
        chosen = [books[jurisdiction]] if jurisdiction else list(books.values())
        return [Rule.of(rule.terms.info, info.context.language) for book in chosen for rule in book.rules]
