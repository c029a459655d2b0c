"""Stopping: everything, a purpose, a channel or a provider, at once on every process, on record.

From the moment `pause` returns no attempt opens that it concerns. What was being handed over in that moment is
finished. What waits keeps its place; it is decided anew when sending goes on, and expires if that is too late.
"""

from collections.abc import Collection
from dataclasses import replace

from gateway.core import Gateway
from gateway.model import Caller, Pause, UserErrorCode, problem
from gateway.store import pauses
from gateway.store.contacts import Closed
from policies.facts import Channel, Purpose


async def pause(
    gateway: Gateway, caller: Caller, reason: str, *,
    purpose: Purpose | None = None, channel: Channel | None = None, provider: str | None = None,
) -> Pause:  # fmt: skip
    """Stop. What the same caller has stopped already stays stopped, by the same pause; others have their own."""
    if sum(one is not None for one in (purpose, channel, provider)) > 1:
        message = "a pause is of one purpose, or one channel, or one provider, or of everything"
        raise problem(UserErrorCode.INVALID, message, "purpose" if purpose else "channel")
    names = {one.name for carriers in gateway.carriers.values() for one in carriers.providers}
    if provider is not None and provider not in names:
        raise problem(UserErrorCode.NOT_FOUND, f"there is no such provider; there are {_listed(names)}", "provider")
    async with gateway.database.write() as work:
        await work.alone(pauses.SENDING)
        for before in await pauses.in_force(work):
            is_same = (before.purpose, before.channel, before.provider) == (purpose, channel, provider)
            if is_same and before.paused_by == caller.name:
                return before
        new = Pause(work.new_id(), purpose, channel, provider, reason, work.now, caller.name)
        await pauses.add(work, new, caller)
    return new


async def resume(gateway: Gateway, caller: Caller, pause_id: str, reason: str) -> Pause:
    """Go on. A pause that ended stays as it was."""
    async with gateway.database.write() as work:
        await work.alone(pauses.SENDING)
        found = await pauses.by_id(work, pause_id)
        if found is None:
            raise problem(UserErrorCode.NOT_FOUND, "no such pause", "pauseId")
        if found.resumed_at is not None:
            return found
        ended = replace(found, resumed_at=work.now, resumed_by=caller.name, resume_reason=reason)
        await pauses.end(work, ended, caller)
    gateway.due.set()
    return ended


def closed_by(paused: Collection[Pause]) -> tuple[Closed, frozenset[str]]:
    """What is not taken up because of them, and the providers that are not asked."""
    providers = frozenset(one.provider for one in paused if one.provider)
    closed = Closed(
        everything=any(one.is_of_everything for one in paused),
        purposes=frozenset(one.purpose for one in paused if one.purpose),
        channels=frozenset(one.channel for one in paused if one.channel),
    )
    return closed, providers


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
