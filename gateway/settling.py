"""How handing over ended, and what that makes of the contact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from channels.base import Accepted, ChannelFailure, OutcomeUnknown, PermanentFailure, TemporaryFailure
from gateway.accepting import reserved
from gateway.core import Gateway
from gateway.delivering import Dispatch, next_channel
from gateway.model import AttemptOutcome, ContactPoint, ContactStatus
from gateway.store.attempts import Event
from gateway.store.contacts import Held
from gateway.store.slots import Slot
from gateway.store.work import Row, Work
from policies.facts import Reach

LONGEST_WAIT = timedelta(hours=1)
"""Between two attempts, whatever the number of failures."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How handing over ended."""

    dispatch: Dispatch
    result: Accepted | ChannelFailure

    @property
    def failed(self) -> bool:
        """Known not to have left."""
        return isinstance(self.result, PermanentFailure | TemporaryFailure)


def event(work: Work, attempt_id: str, result: Accepted | ChannelFailure) -> Event:
    """What is appended to the record of the attempt."""
    match result:
        case Accepted():
            return Event(
                attempt_id,
                AttemptOutcome.ACCEPTED,
                work.now,
                provider_message_id=result.provider_message_id,
                provider_code=result.provider_code,
            )
        case ChannelFailure():
            return Event(attempt_id, _OUTCOMES[type(result)], work.now, provider_code=result.code, detail=result.detail)


_OUTCOMES: dict[type[ChannelFailure], AttemptOutcome] = {
    TemporaryFailure: AttemptOutcome.TEMPORARY_FAILURE,
    PermanentFailure: AttemptOutcome.PERMANENT_FAILURE,
    OutcomeUnknown: AttemptOutcome.UNKNOWN,
}


def reach(outcome: AttemptOutcome) -> Reach:
    """How a message counts from now on: only what is known to have reached nobody counts less than it might."""
    match outcome:
        case AttemptOutcome.DELIVERED:
            return Reach.DELIVERED
        case AttemptOutcome.ACCEPTED:
            return Reach.ACCEPTED
        case AttemptOutcome.TEMPORARY_FAILURE | AttemptOutcome.PERMANENT_FAILURE:
            return Reach.ATTEMPTED
        case _:
            return Reach.PENDING


def spoiled(closings: Sequence[Closing]) -> set[str]:
    """The contact points whose addresses are wrong."""
    return {
        one.dispatch.attempt.contact_point_id
        for one in closings
        if one.dispatch.attempt
        and one.dispatch.attempt.contact_point_id
        and isinstance(one.result, PermanentFailure)
        and one.result.bad_address
    }


def settled(
    gateway: Gateway, work: Work, points: Sequence[ContactPoint], held: Held, closing: Closing
) -> tuple[Row, Slot | None]:
    """The columns of the contact that change, and the slot of its next attempt where there will be one."""
    match closing.result:
        case Accepted():
            return _ended(held, ContactStatus.SENT), None
        case TemporaryFailure() as failure if held.channel_attempts < gateway.settings.max_attempts:
            return again(work, held, _wait(gateway, held, closing, failure), closing.dispatch.provider.name)
        case PermanentFailure(bad_address=True) if other_point(points, held):
            return again(work, held)
        case TemporaryFailure() | PermanentFailure():
            return next_channel(work, held)
        case _:
            return _ended(held, ContactStatus.UNCLEAR), None


def _wait(gateway: Gateway, held: Held, closing: Closing, failure: TemporaryFailure) -> timedelta:
    """Until the next try: none where another provider can take it, longer each time where none can."""
    dispatch = closing.dispatch
    carriers = gateway.carriers.get(dispatch.attempt.channel) if dispatch.attempt else None
    if carriers and held.failed_provider is None and carriers.has_other(dispatch.provider.name, dispatch.message.to):
        return timedelta(0)
    wait: timedelta = timedelta(seconds=gateway.settings.retry_seconds) * 2 ** (held.channel_attempts - 1)
    return max(min(wait, LONGEST_WAIT), failure.retry_after or timedelta(0))


def other_point(points: Sequence[ContactPoint], held: Held) -> bool:
    return any(
        point.usable
        and point.customer_id == held.contact.customer_id
        and point.channel == held.channel
        and point.id != held.contact_point_id
        for point in points
    )


def _ended(held: Held, status: ContactStatus) -> Row:
    return {"id": held.contact.id, "status": status, "lease_until": None}


def again(
    work: Work, held: Held, wait: timedelta = timedelta(0), failed_provider: str | None = None
) -> tuple[Row, Slot]:
    """Scheduled again. When it is due it is decided afresh, like everything that falls due."""
    due_at = work.now + wait
    row = {
        "id": held.contact.id,
        "status": ContactStatus.SCHEDULED,
        "lease_until": None,
        "due_at": due_at,
        "failed_provider": failed_provider,
    }
    return row, reserved(held, due_at)
