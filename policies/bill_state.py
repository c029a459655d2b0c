"""A demand needs something to demand: our own policy everywhere.

A bill that is paid, written off or disputed is not asked for. A message that says "overdue" waits until the due date
has passed on the wall of every zone, plus whatever grace the rule gives (Greece: ten days): it is deferred and not
refused, because a lender may plan it before the day. A message that says "due on" is refused once that day has passed
on the wall of any zone: it would be untrue from then on. Nor does it leave long before: it would be forgotten by then.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from policies.decision import Allow, Detail, Reason, Refuse, Verdict
from policies.facts import BillStatus
from policies.fields import Fields
from policies.rule import Case, Terms, defer
from policies.zones import day_start

_OPEN = Allow(Reason("bill_open"))


@dataclass(frozen=True, slots=True, eq=False)
class BillOpen:
    """Refuse what is about a bill in one of these states."""

    terms: Terms
    states: frozenset[BillStatus]

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(terms, fields.choices("states", BillStatus))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        bill = case.facts.bill
        if bill is None:
            return None
        if bill.status in self.states:
            return Refuse(Reason("bill_closed", {"status": bill.status.value}))
        return _OPEN


@dataclass(frozen=True, slots=True, eq=False)
class Overdue:
    """Wait until the bill has been overdue for so many days; the day after the due date is the first."""

    terms: Terms
    days: int

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(terms, fields.number("days"))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        bill = case.facts.bill
        if bill is None or not case.zones:
            return None
        values: dict[str, Detail] = {"due_on": bill.due_on.isoformat(), "days": self.days}
        until = max(day_start(where, bill.due_on.toordinal() + self.days) for where in case.zones)
        if until <= at:
            return Allow(Reason("overdue", values))
        return defer(until, case.wall, "not_yet_overdue", values)


@dataclass(frozen=True, slots=True, eq=False)
class DueAhead:
    """Wait until the due date is at most so many days away; refuse once it has passed. On the day it is still true."""

    terms: Terms
    days: int

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(terms, fields.number("days"))

    def check(self, case: Case, at: datetime) -> Verdict | None:
        bill = case.facts.bill
        if bill is None or not case.zones:
            return None
        values: dict[str, Detail] = {"due_on": bill.due_on.isoformat()}
        over = min(day_start(where, bill.due_on.toordinal() + 1) for where in case.zones)
        if at >= over:
            return Refuse(Reason("due_day_passed", values))
        near = max(day_start(where, bill.due_on.toordinal() - self.days) for where in case.zones)
        if at < near:
            return defer(near, case.wall, "due_far_ahead", {**values, "days": self.days})
        return Allow(Reason("due_ahead", values), closes=over)
