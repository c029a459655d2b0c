"""A bill that an agreed plan replaced: its lender goes on speaking of it, and means the instalments in its place.

money for it            is for its instalments, in their order (`payments.py`)
nothing said, IN_PLAN   it stays as it was, and so do its sums: what is owed is in the plan
OPEN                    it is IN_PLAN, and instalments that no money has covered are open again, whatever had ended them
DISPUTED                it is IN_PLAN; its open instalments are disputed
PAID, WRITTEN_OFF       it is, and so are the instalments that are not paid

Promised instalments that are paid so are kept promises; others that are not asked for any more are withdrawn. A bill
without instalments that is IN_PLAN is in a plan that was agreed elsewhere: it is as its lender says.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from gateway.model import Bill, Caller
from gateway.store import bills, payments
from gateway.store.work import Work
from policies.facts import BillStatus, PromiseStatus

_ENDS = {BillStatus.PAID, BillStatus.WRITTEN_OFF}
_BEFORE = {
    BillStatus.OPEN: {BillStatus.DISPUTED, *_ENDS},
    BillStatus.DISPUTED: {BillStatus.OPEN},
    BillStatus.PAID: {BillStatus.OPEN, BillStatus.DISPUTED},
    BillStatus.WRITTEN_OFF: {BillStatus.OPEN, BillStatus.DISPUTED},
}
"""Which instalments what is said of the whole changes."""


async def of_plans(work: Work, known: Collection[Bill]) -> Mapping[str, Sequence[Bill]]:
    """The instalments in the place of each of these bills, by their days; nothing of a bill that has none.

    An instalment that another plan has replaced is there as that plan's.
    """
    found = await bills.in_place_of(work, [one.id for one in known])
    parts: dict[str, list[Bill]] = {}
    for one in found:
        if one.in_place_of is not None:
            parts.setdefault(one.in_place_of, []).append(one)

    def leaves(id_: str) -> list[Bill]:
        return [leaf for part in parts.get(id_, ()) for leaf in (leaves(part.id) or [part])]

    plans = {one.id: leaves(one.id) for one in known}
    return {id_: sorted(plan, key=lambda one: (one.due_on, one.id)) for id_, plan in plans.items() if plan}


def kept_in_plan(before: Bill, said: BillStatus | None, after: Bill, plan: Sequence[Bill]) -> Bill:
    """The bill that a plan replaced, when its lender says something of it."""
    goes_on = BillStatus.PAID if _is_paid(plan) else BillStatus.IN_PLAN
    status = before.status if said is None else said if said in _ENDS else goes_on
    return replace(before, account=after.account, status=status)


def _is_paid(plan: Sequence[Bill]) -> bool:
    return all(one.amount_paid >= one.amount_due for one in plan)


async def close(work: Work, caller: Caller, credited: Collection[Bill]) -> None:
    """A bill is paid once the last instalment in its place is. Their customers are locked."""
    ids = {one.in_place_of for one in credited if one.in_place_of is not None and one.status is BillStatus.PAID}
    while ids:
        replaced = [one for one in (await bills.by_id(work, ids)).values() if one.status is BillStatus.IN_PLAN]
        plans = await of_plans(work, replaced)
        paid = [replace(one, status=BillStatus.PAID) for one in replaced if _is_paid(plans.get(one.id, ()))]
        await bills.change(work, paid, caller)
        ids = {one.in_place_of for one in paid if one.in_place_of is not None}


def to_be_paid(plan: Sequence[Bill]) -> list[Bill]:
    """What money for the whole is for: first what is asked for."""
    return sorted(plan, key=lambda one: one.status is not BillStatus.OPEN)


async def follow(work: Work, caller: Caller, said: BillStatus | None, plan: Sequence[Bill]) -> list[Bill]:
    """What that means for its instalments: those that changed. The customer is locked."""
    if said is None or said is BillStatus.IN_PLAN:
        return []
    changed = [
        replace(one, status=said)
        for one in plan
        if one.status in _BEFORE[said] and (said is not BillStatus.OPEN or one.amount_paid < one.amount_due)
    ]
    await bills.change(work, changed, caller)
    if said is not BillStatus.OPEN:
        await _settle_promises(work, caller, said, changed)
    return changed


async def _settle_promises(work: Work, caller: Caller, said: BillStatus, changed: Sequence[Bill]) -> None:
    """A promise of a plan is known by its debt and its day."""
    promised = {(one.account.id, one.due_on) for one in changed}
    status = PromiseStatus.KEPT if said is BillStatus.PAID else PromiseStatus.WITHDRAWN
    for one in await payments.promises(work, {bill.customer_id for bill in changed}, PromiseStatus.OPEN):
        if (one.account_id, one.pay_by) in promised:
            await payments.settle(work, one, status, caller)
