from datetime import date, timedelta
from pathlib import Path

import pytest

from channels import base
from gateway import callbacks, customers
from gateway.core import Ear
from gateway.model import CallResult, OutsideResult
from gateway.receiving import receive
from gateway.requests import RecordCall, RecordOutsideContact
from gateway.store import reactions
from gateway.store.reactions import Reaction, ReactionKind
from policies.facts import Channel, Initiator, Medium
from tests.world import AGENT, SERVICE, World, open_world


async def found(world: World, *ids: str, days: int = 30) -> dict[str, list[Reaction]]:
    async with world.gateway.database.read() as work:
        return await reactions.of_customers(work, ids, world.clock() - timedelta(days=days))


async def test_what_a_customer_does_is_a_reaction_and_nobody_elses(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        gateway, fang, other = world.gateway, await world.customer("TEST"), await world.customer("TEST")
        bill = await world.bill(fang, due_on=date(2026, 11, 14))
        ear = Ear("mail", Channel.EMAIL, frozenset({"email"}))
        times = {"not_before": world.clock(), "expires_at": world.clock() + timedelta(hours=4)}
        await world.request(fang, Channel.CALLBACK, is_callback=True, bill_id=bill.id, **times)
        called, _ = await callbacks.claim(gateway, AGENT, "claim")
        assert called is not None
        await callbacks.record(gateway, AGENT, RecordCall(called.id, "key", "body", CallResult.CONVERSATION))
        world.wait(minutes=1)
        await receive(gateway, ear, [base.Reply("1", (await world.points(fang))[1].address, "Who are you?")])
        world.wait(minutes=1)
        visit = RecordOutsideContact(
            fang.id, "visit", "body", Medium.VOICE, OutsideResult.CONNECTED, Initiator.CUSTOMER, world.clock()
        )
        ours = RecordOutsideContact(
            fang.id, "ours", "body", Medium.VOICE, OutsideResult.ATTEMPTED, Initiator.AGENCY, world.clock()
        )
        for one in (visit, ours):
            await customers.record_outside_contact(gateway, SERVICE, one)
        world.wait(minutes=1)
        await world.withdraw(fang)

        everything = await found(world, fang.id, other.id)

        assert everything.keys() == {fang.id}
        assert [(one.kind, one.contact_id) for one in everything[fang.id]] == [
            (ReactionKind.CONVERSATION, called.contact_id),
            (ReactionKind.REPLY, None),
            (ReactionKind.OUTSIDE, None),
            (ReactionKind.OPT_OUT, None),
        ]
        assert everything[fang.id][-1].at == world.clock()


@pytest.mark.parametrize(("days", "number"), [(9, 0), (11, 1)])
async def test_what_lies_longer_back_is_not_looked_at(tmp_path: Path, days: int, number: int) -> None:
    async with open_world(tmp_path) as world:
        fang = await world.customer("TEST")
        await world.withdraw(fang)
        world.wait(days=10)

        assert len((await found(world, fang.id, days=days)).get(fang.id, [])) == number
