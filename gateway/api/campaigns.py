"""Planning contacts for many bills."""

from typing import Annotated

import strawberry

from gateway import campaigns
from gateway.api.context import Info
from gateway.api.ids import Kind, NoId, parse_cursor
from gateway.api.reading import Reader, is_given
from gateway.api.types.campaign import CampaignFilterInput, PlanContactsInput, PlanContactsPayload
from gateway.api.types.payloads import user_errors
from gateway.campaigns import LARGEST_PAGE, Campaign
from gateway.model import Unacceptable
from gateway.store.campaigns import CampaignFilter

MOST_DAYS = 36_500


@strawberry.type(description="What can be planned.")
class CampaignMutations:
    @strawberry.mutation(
        description="For each bill the next lawful and kind step, by its cadence. First as a dry run, which records "
        "nothing; then as contacts. Asked again it makes nothing twice."
    )
    async def plan_contacts(
        self,
        info: Info,
        input: Annotated[PlanContactsInput, strawberry.argument(description="Which bills, and whether to ask.")],
    ) -> PlanContactsPayload | None:
        context = info.context
        try:
            read = Reader()
            which = _filter(read, input.filter) if is_given(input.filter) else CampaignFilter()
            name = read.optional_text(input.name, "name")
            after = _after(read, input.after) if is_given(input.after) else None
            if not 1 <= input.limit <= LARGEST_PAGE:
                read.wrong(f"must be 1 to {LARGEST_PAGE}", "limit")
            read.finish()
            wanted = Campaign(context.caller, which, dry_run=input.dry_run, name=name)
            page = await campaigns.plan_page(context.gateway, wanted, after=after, limit=input.limit)
        except Unacceptable as wrong:
            return PlanContactsPayload(user_errors=user_errors(wrong.errors))
        return PlanContactsPayload.of(page, context.language)


def _filter(read: Reader, given: CampaignFilterInput) -> CampaignFilter:
    return CampaignFilter(
        product=read.optional_text(given.product, "filter", "product"),
        jurisdiction=read.jurisdiction(given.jurisdiction, "filter", "jurisdiction")
        if is_given(given.jurisdiction)
        else None,
        days_from=_days(read, given.days_overdue_from, "daysOverdueFrom"),
        days_to=_days(read, given.days_overdue_to, "daysOverdueTo"),
        customer_id=read.optional_id(given.customer_id, Kind.CUSTOMER, "filter", "customerId"),
    )


def _days(read: Reader, given: int | None, field: str) -> int | None:
    if not is_given(given):
        return None
    if abs(given) > MOST_DAYS:
        read.wrong(f"must lie between -{MOST_DAYS} and {MOST_DAYS}", "filter", field)
        return None
    return given


def _after(read: Reader, text: str) -> str | None:
    try:
        return parse_cursor(text)
    except NoId as wrong:
        read.wrong(str(wrong), "after")
        return None
