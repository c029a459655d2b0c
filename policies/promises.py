"""A promise to pay is given its time: no demand until the day the customer named has passed.

Our own policy; in Japan the law (Money Lending Business Act Art. 21(1)(ii)). A promise that was kept, broken or taken
back holds nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from policies.decision import Allow, Reason, Verdict
from policies.facts import PromiseStatus
from policies.fields import Fields
from policies.rule import Case, Terms, defer
from policies.zones import day_start


@dataclass(frozen=True, slots=True, eq=False)
class Promises:
    terms: Terms

    @classmethod
    def read(cls, fields: Fields, terms: Terms) -> Self:
        return cls(terms)

    def check(self, case: Case, at: datetime) -> Verdict | None:
        if not case.facts.promises or not case.zones:
            return None
        account = case.facts.account.id if case.facts.account else None
        days = sorted(
            (promise.made_at, promise.pay_by)
            for promise in case.facts.promises
            if promise.status is PromiseStatus.OPEN
            and (None in (promise.account, account) or promise.account == account)
        )
        if not days:
            return None
        until, pay_by, closes = at, None, None
        for made_at, day in days:
            passed = max(day_start(where, day.toordinal() + 1) for where in case.zones)
            if made_at <= until < passed:
                until, pay_by = passed, day
            elif until < made_at < passed and closes is None:
                closes = made_at
        if pay_by is None:
            return Allow(Reason("promise_not_in_force"), closes=closes)
        return defer(until, case.wall, "promise_open", {"pay_by": pay_by.isoformat()})
