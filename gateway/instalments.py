"""A bill that an agreed plan replaced: its lender goes on speaking of it, and means the instalments in its place.

IN_PLAN with instalments
  money for it            is for its instalments, in their order (`payments.py`)
  OPEN, or nothing said   it stays as it was, and so do its sums: what is owed is in the plan. A dispute is over
  DISPUTED                it stays IN_PLAN; its instalments are disputed
  PAID, WRITTEN_OFF       it is, and so are the instalments that are still open

Promised instalments that are paid so are kept promises; others that are not asked for any more are withdrawn. An
IN_PLAN bill without instalments is in a plan that was agreed elsewhere: it is as its lender says.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from gateway.model import Bill, Caller
from gateway.store import bills, payments
from gateway.store.work import Work
from policies.facts import BillStatus, PromiseStatus

_ENDS = {BillStatus.PAID, BillStatus.WRITTEN_OFF}
_BEFORE = {
    BillStatus.OPEN: {BillStatus.DISPUTED},
    BillStatus.DISPUTED: {BillStatus.OPEN},
    BillStatus.PAID: {BillStatus.OPEN, BillStatus.DISPUTED},
    BillStatus.WRITTEN_OFF: {BillStatus.OPEN, BillStatus.DISPUTED},
}
"""Which instalments what is said of the whole changes."""


async def of_plans(work: Work, known: Collection[Bill]) -> Mapping[str, Sequence[Bill]]:
    """The instalments in the place of those of these bills that are IN_PLAN, by the bill; none where there are none."""
    planned = [one.id for one in known if one.status is BillStatus.IN_PLAN]
    if not planned:
        return {}
    found = {one: await bills.in_place_of(work, [one]) for one in planned}
    return {one: instalments for one, instalments in found.items() if instalments}


def kept_in_plan(before: Bill, said: BillStatus | None, after: Bill) -> Bill:
    """The bill that a plan replaced, when its lender says something of it."""
    status = said if said in _ENDS else BillStatus.IN_PLAN
    return replace(before, account=after.account, status=status)


async def follow(work: Work, caller: Caller, said: BillStatus | None, instalments: Sequence[Bill]) -> list[Bill]:
    """What that means for its instalments: those that changed. The customer is locked."""
    if said is None or said is BillStatus.IN_PLAN:
        return []
    changed = [replace(one, status=said) for one in instalments if one.status in _BEFORE[said]]
    await bills.change(work, changed, caller)
    if said is not BillStatus.OPEN:
        await _settle_promises(work, caller, said, changed)
    return changed


async def _settle_promises(work: Work, caller: Caller, said: BillStatus, changed: Sequence[Bill]) -> None:
    """A promise of a plan is known by its debt and its day."""
    promised = {(one.account.id, one.due_on) for one in changed}
    status = PromiseStatus.KEPT if said is BillStatus.PAID else PromiseStatus.WITHDRAWN
    for one in await payments.open_promises(work, {bill.customer_id for bill in changed}):
        if (one.account_id, one.pay_by) in promised:
            await payments.settle(work, one, status, caller)
