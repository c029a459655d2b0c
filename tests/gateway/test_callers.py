"""Callers: who a key belongs to, for how long it opens the door, and what is behind another's wall."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from gateway import asking, callbacks, callers, ending
from gateway.callers import REMEMBERED_KEYS, REMEMBERED_SECONDS, Admitted, KnownCallers
from gateway.contact import Answer
from gateway.model import Caller, CallResult, ContactStatus, Customer, Role, Unacceptable, UserErrorCode
from gateway.requests import NewPoint, Question, RecordCall
from gateway.store import callers as store
from gateway.store.callers import Listed
from policies.decision import Outcome
from policies.facts import Channel, Purpose
from tests.world import AGENT, MOBILES, SERVICE, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One for all tests here: each makes its own customers and keys, and the clock stands still."""
    async with open_world(tmp_path_factory.mktemp("world")) as world:
        yield world


class Elapsed:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def elapsed(world: World) -> Elapsed:
    world.gateway.elapsed = Elapsed()
    return world.gateway.elapsed


async def _revoke(world: World, caller: Caller) -> bool:
    async with world.gateway.database.write() as work:
        return await store.revoke(work, caller.id)


async def _listed(world: World) -> list[Listed]:
    async with world.gateway.database.read() as work:
        return await store.listed(work)


async def test_a_key_opens_the_door_for_its_caller(world: World) -> None:
    key = await callers.create_key(
        world.gateway.database, Role.SERVICE, "billing", purposes=frozenset({Purpose.SECURITY_CODE})
    )

    caller = await callers.authenticate(world.gateway, f"Bearer {key}")

    assert caller is not None
    assert (caller.role, caller.name, caller.customer_id) == (Role.SERVICE, "billing", None)
    assert caller.purposes == {Purpose.SECURITY_CODE}


async def test_a_customers_key_is_bound_to_that_customer(world: World) -> None:
    customer = await world.customer("CN")
    key = await callers.create_key(world.gateway.database, Role.CUSTOMER, "app", customer_id=customer.id)

    caller = await callers.authenticate(world.gateway, f"Bearer {key}")

    assert caller is not None
    assert caller.customer_id == customer.id


@pytest.mark.parametrize("role", Role)
async def test_a_customers_key_needs_a_customer_and_no_other_takes_one(world: World, role: Role) -> None:
    customer = await world.customer("CN")
    wrong = None if role is Role.CUSTOMER else customer.id

    with pytest.raises(ValueError, match="bound to one customer"):
        await callers.create_key(world.gateway.database, role, "nobody", customer_id=wrong)

    assert "nobody" not in [one.caller.name for one in await _listed(world)]


async def test_a_key_is_long_different_each_time_and_kept_nowhere(world: World) -> None:
    keys = {await callers.create_key(world.gateway.database, Role.AGENT, "Li") for _ in range(5)}

    async with world.gateway.database.read() as work:
        kept = repr([await work.all(text(f"SELECT * FROM {name}")) for name in ("caller", "api_key")])
    assert len(keys) == 5
    assert {len(key.removeprefix("cgk_")) for key in keys} == {43}  # 256 bits
    assert not any(key in kept for key in keys)


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer  {} "])
async def test_the_scheme_may_be_written_in_any_case(world: World, form: str) -> None:
    key = await callers.create_key(world.gateway.database, Role.AGENT, "Li")

    assert await callers.authenticate(world.gateway, form.format(key)) is not None


@pytest.mark.parametrize(
    "form", [None, "", "Bearer", "Bearer ", "{}", "Basic {}", "Token {}", "Bearer {}x", "Bearer x{}", "Bearer{}"]
)
async def test_everything_else_opens_no_door(world: World, form: str | None) -> None:
    key = await callers.create_key(world.gateway.database, Role.ADMIN, "root")

    assert await callers.authenticate(world.gateway, form and form.format(key)) is None


async def test_a_revoked_key_is_shut_out_once_nobody_remembers_it(world: World, elapsed: Elapsed) -> None:
    key = await callers.create_key(world.gateway.database, Role.AGENT, "Li")
    caller = await callers.authenticate(world.gateway, f"Bearer {key}")
    assert caller is not None

    revoked = await _revoke(world, caller)
    elapsed.seconds += REMEMBERED_SECONDS - 0.001
    remembered = await callers.authenticate(world.gateway, f"Bearer {key}")
    elapsed.seconds += 0.001
    forgotten = await callers.authenticate(world.gateway, f"Bearer {key}")

    assert (revoked, remembered, forgotten) == (True, caller, None)


async def test_a_key_in_use_is_looked_up_again_and_again(world: World, elapsed: Elapsed) -> None:
    key = await callers.create_key(world.gateway.database, Role.AGENT, "Li")
    caller = await callers.authenticate(world.gateway, f"Bearer {key}")
    assert caller is not None
    await _revoke(world, caller)

    answers = []
    for _ in range(10):  # to ask for it does not keep it in memory
        elapsed.seconds += 1
        answers.append(await callers.authenticate(world.gateway, f"Bearer {key}"))

    assert answers == [caller] * 4 + [None] * 6


async def test_a_key_that_is_unknown_now_may_be_known_in_a_moment(world: World) -> None:
    key = "cgk_" + "k" * 43
    before = await callers.authenticate(world.gateway, f"Bearer {key}")
    async with world.gateway.database.write() as work:
        await store.add(work, SERVICE)
        await store.add_key(work, store.Key(work.new_id(), SERVICE.id, work.now), store.hashed(key))

    assert (before, await callers.authenticate(world.gateway, f"Bearer {key}")) == (None, SERVICE)


async def test_a_key_is_revoked_once(world: World) -> None:
    before = len(await _listed(world))
    await callers.create_key(world.gateway.database, Role.AGENT, "Li")
    await callers.create_key(world.gateway.database, Role.ADMIN, "root")
    caller = (await _listed(world))[before].caller

    assert [await _revoke(world, caller), await _revoke(world, caller)] == [True, False]

    made = (await _listed(world))[before:]
    assert [(one.caller.name, len(one.valid_keys(world.clock()))) for one in made] == [("Li", 0), ("root", 1)]


async def test_the_memory_for_keys_has_an_end() -> None:
    known = KnownCallers()

    admitted = Admitted(AGENT)
    for number in range(REMEMBERED_KEYS + 1):
        known.put(str(number), admitted, until=1)

    assert known.get("0", now=0) is None
    assert known.get(str(REMEMBERED_KEYS), now=0) is admitted


async def test_a_caller_that_is_trusted_with_a_purpose_needs_no_other_evidence(world: World) -> None:
    customer = await world.customer("US")  # it is night there
    trusted = Caller("d" * 32, Role.SERVICE, "login", purposes=frozenset({Purpose.SECURITY_CODE}))
    code: dict[str, Any] = {"purpose": Purpose.SECURITY_CODE, "variables": {"code": "123456"}}

    anybody = await world.request(customer, Channel.SMS, **code)
    somebody = await world.request(customer, Channel.SMS, caller=trusted, **code)

    assert anybody.contact.due_at != world.clock()
    assert somebody.contact.due_at == world.clock()


# --- behind another's wall ------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="module")
async def theirs(world: World) -> tuple[Caller, Customer, Answer]:
    """A customer's caller, and another customer with a call that waits."""
    mine, other = await world.customer("CN"), await world.customer("CN")
    answer = await world.request(
        other,
        Channel.CALLBACK,
        not_before=world.clock(),
        expires_at=world.clock() + timedelta(hours=1),
        is_callback=True,
    )
    return Caller("e" * 32, Role.CUSTOMER, "app", mine.id), other, answer


Try = Callable[[World, Caller, Customer, Answer], Awaitable[object]]


async def _request(world: World, caller: Caller, customer: Customer, answer: Answer) -> object:
    return await world.request(customer, Channel.SMS, caller=caller)


async def _cancel(world: World, caller: Caller, customer: Customer, answer: Answer) -> object:
    return await ending.cancel(world.gateway, caller, answer.contact.id, None)


async def _settle(world: World, caller: Caller, customer: Customer, answer: Answer) -> object:
    return await ending.settle(world.gateway, caller, answer.contact.id, True, "mine")


async def _preview(world: World, caller: Caller, customer: Customer, answer: Answer) -> object:
    question = Question(customer.id, Purpose.FOLLOW_UP)
    return (await asking.preview(world.gateway, caller, question, Channel.SMS))[0]


async def _record_call(world: World, caller: Caller, customer: Customer, answer: Answer) -> object:
    claimed, _ = await callbacks.claim(world.gateway, AGENT, "key")
    assert claimed is not None
    call = RecordCall(claimed.id, "key", "body", CallResult.CONVERSATION)
    return await callbacks.record(world.gateway, caller, call)


@pytest.mark.parametrize(
    ("attempt", "field"),
    [
        (_request, "customerId"),
        (_cancel, "contactId"),
        (_settle, "contactId"),
        (_preview, "customerId"),
        (_record_call, "callbackId"),
    ],
)
async def test_what_is_another_customers_does_not_exist(
    world: World, theirs: tuple[Caller, Customer, Answer], attempt: Try, field: str
) -> None:
    caller, other, answer = theirs

    with pytest.raises(Unacceptable) as caught:
        await attempt(world, caller, other, answer)

    assert [(error.code, error.field) for error in caught.value.errors] == [(UserErrorCode.NOT_FOUND, (field,))]
    assert (await world.now(answer)).status in (ContactStatus.SCHEDULED, ContactStatus.SENT)


async def test_what_is_ones_own_exists(world: World, theirs: tuple[Caller, Customer, Answer]) -> None:
    _, other, answer = theirs
    themselves = Caller("f" * 32, Role.CUSTOMER, "app", other.id)

    assert (await world.request(other, Channel.SMS, caller=themselves)).contact.status is ContactStatus.SCHEDULED
    assert (await ending.cancel(world.gateway, themselves, answer.contact.id, None)).id == answer.contact.id


async def test_a_question_may_be_about_one_contact_point_of_ones_own(world: World) -> None:
    customer = await world.customer("CN", NewPoint(Channel.SMS, MOBILES["CN"]), NewPoint(Channel.SMS, MOBILES["US"]))
    [first, second] = await world.points(customer)
    await world.withdraw(customer, contact_point_id=second.id)

    asked = [await world.preview(customer, Channel.SMS, contact_point_id=one.id) for one in (first, second)]

    assert [(one.point, one.outcome) for one in asked] == [(first.id, Outcome.ALLOW), (second.id, Outcome.REFUSE)]


async def test_a_bill_or_contact_point_of_another_customer_does_not_exist_for_this_one(world: World) -> None:
    mine, other = await world.customer("CN"), await world.customer("CN")
    bill = await world.bill(other)
    [point, _] = await world.points(other)

    with pytest.raises(Unacceptable) as by_bill:
        await world.preview(mine, Channel.SMS, bill_id=bill.id)
    with pytest.raises(Unacceptable) as by_point:
        await world.preview(mine, Channel.SMS, contact_point_id=point.id)

    assert [one.value.errors[0].field for one in (by_bill, by_point)] == [("billId",), ("contactPointId",)]
    assert {one.value.errors[0].code for one in (by_bill, by_point)} == {UserErrorCode.NOT_FOUND}
