"""What customers answered when they were asked how we did."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, func, select

from gateway.model import Caller, SurveyAnswer
from gateway.store.pages import Slice, Window, page
from gateway.store.work import Work, seal, table, unseal

_ANSWER = table("survey_answer")


@dataclass(frozen=True, slots=True)
class SurveyAnswerFilter:
    """What is None does not narrow."""

    at_most: int | None = None  #: this score or a lower one
    customer_id: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.at_most is not None:
            found.append(_ANSWER.c.score <= self.at_most)
        if self.customer_id is not None:
            found.append(_ANSWER.c.customer_id == self.customer_id)
        return found


async def add(work: Work, answer: SurveyAnswer, by: Caller) -> None:
    """The customer is locked, and what the answer led to is on record."""
    row = {
        "id": answer.id,
        "customer_id": answer.customer_id,
        "contact_id": answer.contact_id,
        "score": answer.score,
        "text": seal(work, answer.customer_id, answer.text),
        "wants_call": answer.wants_call,
        "recorded_at": answer.recorded_at,
        "recorded_by": answer.recorded_by,
        "caller_id": by.id,
        "complaint_id": answer.complaint_id,
        "call_id": answer.call_id,
    }
    await work.insert("survey_answer", [work.logged("survey_answer", row)])


async def by_id(work: Work, ids: Collection[str]) -> dict[str, SurveyAnswer]:
    return {one.id: one for one in await _all(work, await work.all(select(_ANSWER).where(_ANSWER.c.id.in_(ids))))}


async def of_contact(work: Work, contact_id: str) -> SurveyAnswer | None:
    """There is one at most."""
    found = await _all(work, await work.all(select(_ANSWER).where(_ANSWER.c.contact_id == contact_id)))
    return found[0] if found else None


async def of_customers(work: Work, ids: Collection[str]) -> dict[str, list[SurveyAnswer]]:
    """Oldest first."""
    statement = select(_ANSWER).where(_ANSWER.c.customer_id.in_(ids)).order_by(_ANSWER.c.id)
    found: dict[str, list[SurveyAnswer]] = defaultdict(list)
    for one in await _all(work, await work.all(statement)):
        found[one.customer_id].append(one)
    return found


async def listed(work: Work, which: SurveyAnswerFilter, window: Window) -> Slice[SurveyAnswer]:
    return await page(work, select(_ANSWER), _ANSWER, which.conditions(), window, partial(_answer, work=work))


async def count(work: Work, which: SurveyAnswerFilter) -> int:
    statement = select(func.count().label("number")).select_from(_ANSWER).where(*which.conditions())
    return int((await work.one(statement)).number)


async def _all(work: Work, rows: Iterable[Any]) -> list[SurveyAnswer]:
    rows = list(rows)
    await work.open_keys(row.customer_id for row in rows)
    return [_answer(row, work) for row in rows]


def _answer(row: Any, work: Work) -> SurveyAnswer:
    return SurveyAnswer(
        id=row.id,
        customer_id=row.customer_id,
        contact_id=row.contact_id,
        score=row.score,
        text=unseal(work, row.customer_id, row.text),
        wants_call=row.wants_call,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        complaint_id=row.complaint_id,
        call_id=row.call_id,
    )
