from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from gateway import masks, model
from gateway.api.connections import After, Before, Connection, First, Last, connection, window
from gateway.api.context import Info
from gateway.api.ids import Kind, global_id
from gateway.api.loaders import Part, Whole
from gateway.api.scalars import Jurisdiction, Locale, TimeZone
from gateway.api.types.bill import Bill
from gateway.api.types.complaint import Complaint
from gateway.api.types.contact import Contact
from gateway.api.types.contact_point import ContactPoint
from gateway.api.types.hardship import Hardship
from gateway.api.types.node import Node
from gateway.api.types.personal import personal
from gateway.api.types.record import Consent, Hold, OutsideContact, Promise
from gateway.api.types.survey import SurveyAnswer
from gateway.api.types.timeline import TimelineEntry
from gateway.api.types.view import View
from gateway.model import ContactStatus
from gateway.store import timeline
from gateway.store.pages import BillFilter, ContactFilter
from policies.facts import BillStatus, Purpose
from policies.hardship import NOTHING

if TYPE_CHECKING:
    from gateway.api.types.application import RepaymentApplication
    from gateway.api.types.rights import Erasure


@strawberry.type(description="The person who owes.")
class Customer(Node):
    customer: strawberry.Private[model.Customer]
    reference: str = strawberry.field(description="The lender's own id.")
    locale: Locale = strawberry.field(description="The language of messages.")
    time_zones: list[TimeZone] = strawberry.field(description="Every zone the customer may be in: all are respected.")
    jurisdiction: Jurisdiction = strawberry.field(description="Whose rules apply.")

    name = personal("Customer.name", "What the customer is called.", lambda self: self.customer.name)

    @strawberry.field(description="What everybody may see of the name: W*** F***.")
    def masked_name(self) -> str | None:
        return masks.name(self.customer.name) if self.customer.name is not None else None

    @strawberry.field(description="Where the customer can be reached, in the order in which they were registered.")
    async def contact_points(self, info: Info) -> list[ContactPoint]:
        return [ContactPoint.of(point) for point in await info.context.load.points.load(self.customer.id)]

    @strawberry.field(description="The customer's bills, oldest first.")
    async def bills(
        self,
        info: Info,
        status: Annotated[
            BillStatus | None, strawberry.argument(description="Only those of this status.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Bill]:
        load, which, owner = info.context.load, BillFilter(status or None), self.customer.id
        found = await load.bills_of_customer.load(Part(owner, which, window(first, after, last, before)))
        return connection(
            found,
            Bill.of,
            lambda one: one.id,
            lambda: load.number_of_bills_of_customer.load(Whole(owner, which)),
        )

    @strawberry.field(description="Every contact with the customer through the gateway, oldest first.")
    async def contacts(
        self,
        info: Info,
        purpose: Annotated[
            Purpose | None, strawberry.argument(description="Only those for this purpose.")
        ] = strawberry.UNSET,
        status: Annotated[
            ContactStatus | None, strawberry.argument(description="Only those of this status.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Contact]:
        load, owner = info.context.load, self.customer.id
        which = ContactFilter(purpose=purpose or None, status=status or None)
        found = await load.contacts_of_customer.load(Part(owner, which, window(first, after, last, before)))
        return connection(
            found,
            Contact.of,
            lambda one: one.id,
            lambda: load.number_of_contacts_of_customer.load(Whole(owner, which)),
        )

    @strawberry.field(description="The whole ledger, oldest first.")
    async def consents(self, info: Info) -> list[Consent]:
        return [Consent.of(entry) for entry in await info.context.load.consents.load(self.customer.id)]

    @strawberry.field(description="Reasons why contact must stop or soften, lifted ones too, oldest first.")
    async def holds(self, info: Info) -> list[Hold]:
        return [Hold.of(hold) for hold in await info.context.load.holds.load(self.customer.id)]

    @strawberry.field(description="How hard paying is for the customer, and why. The customer sees it too.")
    async def hardship(self, info: Info) -> Hardship:
        found = await info.context.load.hardship.load(self.customer.id)
        return Hardship.of(self.customer.id, found or NOTHING, info.context.language)

    @strawberry.field(description="Complaints, oldest first.")
    async def complaints(self, info: Info) -> list[Complaint]:
        return [Complaint.of(one) for one in await info.context.load.complaints.load(self.customer.id)]

    @strawberry.field(description="What the customer answered when they were asked how we did, oldest first.")
    async def survey_answers(self, info: Info) -> list[SurveyAnswer]:
        return [SurveyAnswer.of(one) for one in await info.context.load.survey_answers.load(self.customer.id)]

    @strawberry.field(description="That the customer asked to be forgotten, and what became of it; null: nobody asked.")
    async def erasure(self, info: Info) -> Annotated[Erasure, strawberry.lazy("gateway.api.types.rights")] | None:
        from gateway.api.types.rights import Erasure  # noqa: PLC0415 - payloads know customers

        found = await info.context.load.erasure.load(self.customer.id)
        return Erasure.of(found, info) if found else None

    @strawberry.field(description="Promises to pay, oldest first.")
    async def promises(self, info: Info) -> list[Promise]:
        return [Promise.of(promise) for promise in await info.context.load.promises.load(self.customer.id)]

    @strawberry.field(description="Applications for another plan, oldest first.")
    async def applications(
        self, info: Info
    ) -> list[Annotated[RepaymentApplication, strawberry.lazy("gateway.api.types.application")]]:
        from gateway.api.types.application import RepaymentApplication  # noqa: PLC0415 - they show each other

        return [RepaymentApplication.of(one) for one in await info.context.load.applications.load(self.customer.id)]

    @strawberry.field(description="Contacts made outside the gateway, oldest first.")
    async def outside_contacts(self, info: Info) -> list[OutsideContact]:
        return [OutsideContact.of(one) for one in await info.context.load.outside_contacts.load(self.customer.id)]

    @strawberry.field(
        description="Everything on record of the customer in its order, each step explained: what was asked for, what "
        "was decided and why, what was sent, what the customer did."
    )
    async def timeline(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[TimelineEntry]:
        shown, owner = window(first, after, last, before), self.customer.id
        async with info.context.snapshot.reading() as work:
            found = await timeline.entries(work, owner, shown)

        async def count() -> int:
            async with info.context.snapshot.reading() as work:
                return await timeline.count(work, owner)

        return connection(found, TimelineEntry.of, lambda one: one.cursor, count)

    @strawberry.field(
        description="Who looked at the customer's personal data unmasked, and why, oldest first. Null to services and "
        "agents."
    )
    async def views(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[View] | None:
        load, owner, caller = info.context.load, self.customer.id, info.context.caller
        found = await load.views_of_customer.load(Part(owner, None, window(first, after, last, before)))
        return connection(
            found,
            lambda view: View.of(view, caller),
            lambda one: one.id,
            lambda: load.number_of_views_of_customer.load(Whole(owner, None)),
        )

    @classmethod
    def of(cls, customer: model.Customer) -> Customer:
        return cls(
            id=strawberry.ID(global_id(Kind.CUSTOMER, customer.id)),
            customer=customer,
            reference=customer.reference,
            locale=Locale(customer.locale),
            time_zones=[TimeZone(zone) for zone in customer.time_zones],
            jurisdiction=Jurisdiction(customer.jurisdiction),
        )
