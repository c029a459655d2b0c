"""The sandbox: a clock that can be moved, an inbox of what would have left, and replies that nobody wrote.

All of it is kept in the database, the same in every process on it. Without GATEWAY_SANDBOX none of it exists.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from channels import base
from channels.base import Arrival, Message, Receipt
from channels.sandbox import Behaviour
from gateway.clock import VirtualClock
from gateway.core import Ear, Gateway
from gateway.model import Unacceptable, UserError, UserErrorCode
from gateway.receiving import receive
from gateway.store.database import Database
from gateway.store.work import Work, table
from policies.facts import Channel

_CLOCK = table("sandbox_clock")

_MOVING = 0x636C6F63
"""The key alone with which the clock is moved."""


async def advance_clock(gateway: Gateway, to: datetime) -> datetime:
    """Move the clock forward to `to`, at once: what fell due on the way is due then. The new present."""
    clock = gateway.clock
    if not gateway.settings.sandbox or not isinstance(clock, VirtualClock):
        raise PermissionError("the clock can be moved only in the sandbox")
    async with gateway.database.write() as work:
        await work.alone(_MOVING)
        # Another process may have moved it further than this one knows.
        row = await work.one(select(_CLOCK))
        clock.ahead = max(clock.ahead, _ahead(row))
        try:
            clock.advance(to)
        except ValueError:
            error = UserError(UserErrorCode.INVALID, "lies before the sandbox's present", ("to",))
            raise Unacceptable(error) from None
        moved = {"id": 1, "ahead_microseconds": clock.ahead // timedelta(microseconds=1)}
        await (work.change if row else work.insert)("sandbox_clock", [moved])
    gateway.due.set()
    return clock()


async def read_clock(database: Database, clock: VirtualClock) -> None:
    """Take over how far another process, or an earlier run, has moved the clock."""
    async with database.read() as work:
        row = await work.one(select(_CLOCK))
    clock.ahead = max(clock.ahead, _ahead(row))


async def follow_clock(gateway: Gateway) -> None:
    """Until cancelled: a process that only listens has no worker that looks."""
    while isinstance(gateway.clock, VirtualClock):
        await asyncio.sleep(gateway.settings.poll_seconds)
        with suppress(Exception):  # the database may be away; it is looked at again
            await read_clock(gateway.database, gateway.clock)


def _ahead(row: Any) -> timedelta:
    return timedelta(microseconds=row.ahead_microseconds if row else 0)


# --- the inbox --------------------------------------------------------------------------------------------------------

_MESSAGE = table("sandbox_message")

NAMES = {Channel.SMS: "sandbox", Channel.EMAIL: "sandbox-mail"}
"""What the sandbox's providers are called: a channel's receipts are about its own."""

"""In whose name what the inbox holds is sealed."""


@dataclass(frozen=True, slots=True)
class SandboxMessage:
    """What a provider would have sent."""

    id: str
    provider: str
    reference: str
    to: str = field(repr=False)
    subject: str | None = field(repr=False)
    text: str = field(repr=False)
    behaviour: Behaviour
    at: datetime


class Inbox:
    """Where the sandbox's providers put what they are handed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, provider: str, message: Message, behaviour: Behaviour) -> str:
        async with self._database.write() as work:
            seal = work.seal
            after = behaviour.receipt_after
            row = {
                "id": work.new_id(),
                "provider": provider,
                "reference": message.reference,
                "recipient": seal(None, message.to),
                "subject": None if message.subject is None else seal(None, message.subject),
                "text": seal(None, message.text),
                "behaviour": behaviour,
                "at": work.now,
                "receipt_at": None if after is None else work.now + after,
            }
            await work.insert("sandbox_message", [row])
            return str(row["id"])


async def inbox(work: Work, limit: int) -> list[SandboxMessage]:
    """The latest first."""
    rows = await work.all(select(_MESSAGE).order_by(_MESSAGE.c.id.desc()).limit(limit))
    return [_message(row, work) for row in rows]


async def tell_receipts(gateway: Gateway) -> int:
    """Say, as the sandbox's providers, what is to be said by now. How much it was."""
    async with gateway.database.read() as work:
        due = select(_MESSAGE).where(_MESSAGE.c.receipt_at <= work.now).order_by(_MESSAGE.c.id).limit(100)
        messages = [_message(row, work) for row in await work.all(due)]
    for channel, name in NAMES.items():
        receipts = [_receipt(one) for one in messages if one.provider == name]
        if receipts:
            await receive(gateway, Ear(name, channel, frozenset({name})), receipts)
    if messages:
        async with gateway.database.write() as work:
            told = _MESSAGE.c.id.in_([one.id for one in messages])
            await work.run(update(_MESSAGE).where(told).values(receipt_at=None))
    return len(messages)


async def reply(gateway: Gateway, channel: Channel, address: str, text: str) -> None:
    """As if somebody had written it. Heard like any reply."""
    if not gateway.settings.sandbox:
        raise PermissionError("nobody writes for others outside the sandbox")
    async with gateway.database.write() as work:
        id_ = work.new_id()
    name = NAMES[channel]
    await receive(gateway, Ear(name, channel, frozenset({name})), [base.Reply(id_, address, text)])


def _receipt(message: SandboxMessage) -> Receipt:
    arrival = Arrival.FAILED if message.behaviour is Behaviour.FAILED else Arrival.DELIVERED
    return Receipt(message.id, message.reference, arrival, code="sandbox", provider_message_id=message.id)


def _message(row: Any, work: Work) -> SandboxMessage:
    return SandboxMessage(
        id=row.id,
        provider=row.provider,
        reference=row.reference,
        to=work.open(None, row.recipient),
        subject=None if row.subject is None else work.open(None, row.subject),
        text=work.open(None, row.text),
        behaviour=Behaviour[row.behaviour],
        at=row.at,
    )
