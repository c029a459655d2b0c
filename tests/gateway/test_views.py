"""Who saw what unmasked is on record, in the customer's own sequence."""

from typing import Any

from sqlalchemy import text

from gateway import views
from gateway.views import View
from tests.world import AGENT, COMPLIANCE, World


async def _recorded(world: World) -> list[tuple[Any, ...]]:
    async with world.gateway.database.read() as work:
        rows = await work.all(text("SELECT customer_id, seq, caller_id, caller, what, of_id FROM view ORDER BY id"))
        return [tuple(row) for row in rows]


async def test_what_was_seen_and_by_whom_is_on_record_without_a_gap(world: World) -> None:
    wang, smith = await world.customer("CN"), await world.customer("US")
    await world.withdraw(wang)  # 1

    await views.record(
        world.gateway,
        AGENT,
        [View(wang.id, "contactPoint.address", "p1"), View(smith.id, "contactPoint.address", "p2")],
    )
    await views.record(world.gateway, COMPLIANCE, [View(wang.id, "contact.message", "c1")])
    await world.withdraw(wang)  # 4
    await views.record(world.gateway, COMPLIANCE, [View(wang.id, "contact.message", "c2")])

    assert await _recorded(world) == [
        (wang.id, 2, AGENT.id, "Li", "contactPoint.address", "p1"),
        (smith.id, 1, AGENT.id, "Li", "contactPoint.address", "p2"),
        (wang.id, 3, COMPLIANCE.id, "audit", "contact.message", "c1"),
        (wang.id, 5, COMPLIANCE.id, "audit", "contact.message", "c2"),
    ]


async def test_the_same_thing_seen_twice_in_one_answer_is_one_view(world: World) -> None:
    customer = await world.customer("CN")
    view = View(customer.id, "customer.name", customer.id)

    await views.record(world.gateway, AGENT, [view, view])
    await views.record(world.gateway, AGENT, [])

    assert [row[1] for row in await _recorded(world)] == [1]
