"""How hard paying is for a customer, from what is on record, and what becomes of a notice to who cannot pay."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.calendars import zone_of
from gateway.core import Gateway
from gateway.model import Customer
from gateway.requests import RequestContact
from gateway.store import customers
from gateway.store import hardship as store
from gateway.store.hardship import Evidence
from gateway.store.work import Work
from policies import hardship
from policies.facts import Channel, Purpose
from policies.hardship import NOTHING, NOTICES, Assessment, HardshipLevel, Promised


async def assessments(
    gateway: Gateway, work: Work, customer_ids: Collection[str], others: Mapping[str, set[str]] | None = None
) -> dict[str, Assessment]:
    """How hard paying is for each of them: `NOTHING` where nothing says so.

    What is known of a person is known under each of their references; `others` are these, where they are at hand.
    """
    if not customer_ids:
        return {}
    if others is None:
        others = await customers.same_person(work, customer_ids)
    found = await store.evidence(work, set(customer_ids).union(*(others.get(one, ()) for one in customer_ids)))
    if not found:
        return dict.fromkeys(customer_ids, NOTHING)
    known = await customers.by_id(work, customer_ids)
    assessed = dict.fromkeys(customer_ids, NOTHING)
    for customer in known.values():
        theirs = [found[one] for one in (customer.id, *sorted(others.get(customer.id, ()))) if one in found]
        if theirs:
            assessed[customer.id] = _assessed(gateway, customer, theirs, work.now)
    return assessed


def _assessed(gateway: Gateway, customer: Customer, theirs: Collection[Evidence], now: datetime) -> Assessment:
    zone = zone_of(gateway, customer)
    signals = []
    for one in theirs:
        signals += one.signals
        signals += hardship.seen(one.owed, one.paid, _passed(one, zone, now), zone)
    return hardship.assess(signals, now, zone, gateway.hardship)


def _passed(evidence: Evidence, zone: ZoneInfo, now: datetime) -> list[Promised]:
    """Promises whose day has passed, while there is still something to pay."""
    passed: list[Promised] = []
    for one in evidence.promised:
        ends = datetime.combine(one.pay_by + timedelta(days=1), time(), zone)
        is_owed = one.account_id in evidence.open_accounts if one.account_id else bool(evidence.open_accounts)
        if ends <= now and (one.is_broken or is_owed):
            passed.append(Promised(one.made_at, ends, one.is_broken))
    return passed


def diverted(request: RequestContact, assessment: Assessment, *, can_be_called: bool) -> RequestContact:
    """The request as it is carried out: a notice to who cannot pay is the offer of an easier plan, or a call about it.

    The offer has words of its own. Who has no number is written to.
    """
    if request.purpose not in NOTICES or assessment.level is HardshipLevel.NONE:
        return request
    by_call = assessment.level is HardshipLevel.CALL and can_be_called
    channels = (Channel.CALLBACK,) if by_call else request.channels
    return replace(request, purpose=Purpose.PLAN_OFFER, channels=channels, template=None)


def on_record(assessment: Assessment) -> dict[str, object]:
    """What made a notice another: plain JSON, kept with the contact."""
    return {
        "score": assessment.score,
        "level": assessment.level.value,
        "reasons": [
            {
                "kind": one.kind.value,
                "points": one.points,
                "at": one.at.isoformat(),
                "until": one.until.isoformat(),
                "en": one.en,
                "zh": one.zh,
            }
            for one in assessment.reasons
        ],
    }
