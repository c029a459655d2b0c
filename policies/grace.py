"""Days of grace: in the first days that a bill is overdue, nothing about it.

Law 3758/2009 Art. 4 (Greece): no contact in the first ten days. The day after the due date is day 1, on the wall of
every zone; a reminder before the due date is not stopped, but it does not wait into the days of grace.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from policies.decision import Allow, Detail, Reason, Verdict
from policies.facts import BillStatus
from policies.fields import Fields
from policies.rule import Case, Terms, defer
from policies.zones import day_start


@dataclass(frozen=True, slots=True, eq=False)
class Grace:
    terms: Terms
    days: int

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(terms, fields.number("days"))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        bill = case.facts.bill
        if bill is None or bill.status is BillStatus.PAID or not case.zones:
            return None
        due = bill.due_on.toordinal()
        begins = min(day_start(where, due + 1) for where in case.zones)
        ends = max(day_start(where, due + 1 + self.days) for where in case.zones)
        values: dict[str, Detail] = {"due_on": bill.due_on.isoformat(), "days": self.days}
        if at < begins:
            return Allow(Reason("grace_ahead", values), closes=begins)
        if at < ends:
            return defer(ends, case.wall, "grace", values)
        return Allow(Reason("grace_over", values))
