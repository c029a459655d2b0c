"""How customers reacted: everything by which they let us hear of them, from wherever it is on record."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, String, cast, literal, null, or_, select, union_all

from gateway.model import LOW_SCORE, OutsideResult
from gateway.store.work import Work, table
from policies.facts import ConsentStatus, Initiator, Reach

_APPLICATION = table("application")
_CONSENT = table("consent")
_OUTSIDE = table("outside_contact")
_PAYMENT = table("payment")
_REPLY = table("reply")
_SLOT = table("slot")
_SURVEY = table("survey_answer")

_NO_CONTACT = cast(null(), String)


class ReactionKind(StrEnum):
    """What a customer did."""

    REPLY = "REPLY"
    CONVERSATION = "CONVERSATION"  #: a call of ours in which we spoke with them
    OUTSIDE = "OUTSIDE"  #: outside the gateway: they began it, or we spoke with them
    PAYMENT = "PAYMENT"
    APPLICATION = "APPLICATION"
    OPT_OUT = "OPT_OUT"
    SURVEY = "SURVEY"  #: they were asked how we did, and found it fair or good
    LOW_SCORE = "LOW_SCORE"  #: ... and did not


@dataclass(frozen=True, slots=True)
class Reaction:
    at: datetime
    kind: str  #: a `ReactionKind`
    contact_id: str | None = None  #: the contact it is a reaction to, where that is known


async def of_customers(work: Work, customer_ids: Collection[str], since: datetime) -> dict[str, list[Reaction]]:
    """What each of them did from `since` on, oldest first; in one statement. Who did nothing is not in it."""
    every = union_all(*(one.where(one.selected_columns["at"] >= since) for one in _parts(customer_ids)))
    found: dict[str, list[Reaction]] = defaultdict(list)
    for row in await work.all(every.order_by("at", "kind")):
        found[row.customer_id].append(Reaction(row.at, row.kind, row.contact_id))
    return dict(found)


def _parts(ids: Collection[str]) -> list[Select[Any]]:
    # What somebody wrote is on record a second time as a contact that they began: it counts once, as a reply.
    written = select(_REPLY.c.outside_contact_id).where(
        _REPLY.c.customer_id.in_(ids), _REPLY.c.outside_contact_id.is_not(None)
    )
    kinds = ReactionKind
    return [
        _part(_REPLY, kinds.REPLY, ids),
        _part(_SLOT, kinds.CONVERSATION, ids, _SLOT.c.contact_id).where(_SLOT.c.reach == Reach.CONVERSATION),
        _part(_OUTSIDE, kinds.OUTSIDE, ids).where(
            or_(_OUTSIDE.c.initiator == Initiator.CUSTOMER, _OUTSIDE.c.result == OutsideResult.CONVERSATION),
            _OUTSIDE.c.id.not_in(written),
        ),
        _part(_PAYMENT, kinds.PAYMENT, ids),
        _part(_APPLICATION, kinds.APPLICATION, ids, at=_APPLICATION.c.submitted_at),
        _part(_CONSENT, kinds.OPT_OUT, ids).where(_CONSENT.c.status == ConsentStatus.WITHDRAWN),
        _answered(kinds.SURVEY, ids).where(_SURVEY.c.score > LOW_SCORE),
        _answered(kinds.LOW_SCORE, ids).where(_SURVEY.c.score <= LOW_SCORE),
    ]


def low_scores(reacted: Sequence[Reaction]) -> int:
    """How often we were found wanting since we were last found fair or good."""
    number = 0
    for one in reacted:
        number = 0 if one.kind == ReactionKind.SURVEY else number + (one.kind == ReactionKind.LOW_SCORE)
    return number


def _answered(kind: ReactionKind, ids: Collection[str]) -> Select[Any]:
    return _part(_SURVEY, kind, ids, _SURVEY.c.contact_id, _SURVEY.c.recorded_at)


def _part(of: Any, kind: ReactionKind, ids: Collection[str], contact: Any = _NO_CONTACT, at: Any = None) -> Select[Any]:
    when = (of.c.at if at is None else at).label("at")
    columns = (of.c.customer_id, when, literal(kind.value).label("kind"), contact.label("contact_id"))
    return select(*columns).where(of.c.customer_id.in_(ids))
