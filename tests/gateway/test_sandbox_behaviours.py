"""The sandbox's providers: behaviour by address, an inbox, receipts by the virtual clock, and replies nobody wrote."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from channels.sandbox import Behaviour, behaviour_of
from gateway import contact, customers, sandbox
from gateway.app import open_gateway
from gateway.clock import StoppedClock, VirtualClock
from gateway.core import Gateway
from gateway.ending import reclaim
from gateway.model import ContactStatus
from gateway.requests import NewPoint, RegisterCustomer, RequestContact
from gateway.store import contacts
from policies.facts import Channel, Purpose
from tests import databases
from tests.world import NOON_IN_CHINA, SERVICE


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    settings = databases.settings(tmp_path, sandbox=True)
    async with open_gateway(settings, clock=VirtualClock(StoppedClock(NOON_IN_CHINA))) as gateway:
        yield gateway


async def _sent(gateway: Gateway, channel: Channel, address: str) -> str:
    customer = await customers.register(
        gateway,
        SERVICE,
        RegisterCustomer(f"C-{address}", "zh-CN", "CN", (NewPoint(channel, address),), time_zones=("Asia/Shanghai",)),
    )
    wanted = RequestContact(SERVICE, f"k-{address}", "f", customer.id, Purpose.FOLLOW_UP, channels=(channel,))
    answer = await contact.request(gateway, wanted)
    await contact.deliver(gateway)
    return answer.contact.id


async def _status(gateway: Gateway, contact_id: str) -> ContactStatus:
    async with gateway.database.read() as work:
        return (await contacts.by_id(work, [contact_id]))[contact_id].contact.status


@pytest.mark.parametrize(
    ("ending", "word", "taken", "status"),
    [
        ("0000", "", True, ContactStatus.DELIVERED),
        ("0002", "+temporary", False, ContactStatus.SCHEDULED),
        ("0003", "+permanent", False, ContactStatus.FAILED),
        ("0004", "+cut", True, ContactStatus.UNCLEAR),
        ("0005", "+late", True, ContactStatus.SENT),
        ("0006", "+failed", True, ContactStatus.SENT),
        ("0007", "+silent", True, ContactStatus.SENT),
    ],
)
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.EMAIL])
async def test_the_address_chooses_what_becomes_of_a_message(
    gateway: Gateway, channel: Channel, ending: str, word: str, taken: bool, status: ContactStatus
) -> None:
    address = f"+861390000{ending}" if channel is Channel.SMS else f"wang{word}@mail.example"

    contact_id = await _sent(gateway, channel, address)
    await sandbox.tell_receipts(gateway)
    async with gateway.database.read() as work:
        inbox = await sandbox.inbox(work, 10)

    assert await _status(gateway, contact_id) is status
    assert [message.to for message in inbox] == ([address] if taken else [])


@pytest.mark.parametrize(
    ("ending", "after", "status"),
    [("0005", timedelta(hours=1), ContactStatus.DELIVERED), ("0006", timedelta(minutes=1), ContactStatus.FAILED)],
)
async def test_a_late_receipt_comes_by_the_virtual_clock(
    gateway: Gateway, ending: str, after: timedelta, status: ContactStatus
) -> None:
    contact_id = await _sent(gateway, Channel.SMS, f"+861390000{ending}")

    await sandbox.advance_clock(gateway, gateway.clock() + after - timedelta(seconds=1))
    before = await sandbox.tell_receipts(gateway)
    await sandbox.advance_clock(gateway, gateway.clock() + timedelta(seconds=1))
    told = [await sandbox.tell_receipts(gateway) for _ in range(2)]

    assert (before, told) == (0, [1, 0])
    assert await _status(gateway, contact_id) is status
    await reclaim(gateway)


async def test_a_reply_in_the_sandbox_is_heard_like_any(gateway: Gateway) -> None:
    await _sent(gateway, Channel.SMS, "+8613900000000")

    await sandbox.reply(gateway, Channel.SMS, "+8613900000000", "退订")
    await contact.deliver(gateway)

    async with gateway.database.read() as work:
        latest, _ = await sandbox.inbox(work, 10)
    assert "不再接收" in latest.text


async def test_without_the_flag_nobody_writes_for_others(tmp_path: Path) -> None:
    settings = databases.settings(tmp_path)
    async with open_gateway(settings) as gateway:
        with pytest.raises(PermissionError):
            await sandbox.reply(gateway, Channel.SMS, "+8613900000000", "STOP")


def test_every_behaviour_has_an_ending_and_a_word() -> None:
    endings = {behaviour_of(f"+86139000{number:04}") for number in range(len(Behaviour))}
    words = {behaviour_of(f"a+{behaviour.lower()}@mail.example") for behaviour in Behaviour}

    assert endings == words == set(Behaviour)
    assert behaviour_of("wang@mail.example") is behaviour_of("+8613912345678") is Behaviour.DELIVERED
