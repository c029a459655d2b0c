"""What only real processes can show: racing each other on one file, and being killed in the middle."""

import asyncio
import itertools
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from channels.local import LocalSmsProvider
from channels.local.behaviour import Slow
from tests.processes import Server, ask, environment, run, server
from tests.world import NO_HOURS_CAP_3

pytestmark = pytest.mark.processes

NO_RULES = """
code = "OPEN"
name = "A pack without a rule"
version = "1"
"""

REGISTER = """
mutation Register($input: RegisterCustomerInput!) {
  registerCustomer(input: $input) { customer { id } userErrors { field message } }
}"""

REQUEST = """
mutation Request($input: RequestContactInput!) {
  requestContact(input: $input) {
    replayed
    contact { id status dueAt createdAt }
    userErrors { code field message }
  }
}"""

STATUSES = """
query Statuses($after: String) {
  contacts(first: 100, after: $after) {
    nodes: edges { node { id status attempts { edges { node { id outcome } } } } }
    pageInfo { hasNextPage endCursor }
  }
}"""


def _packs(folder: Path) -> Path:
    packs = folder / "rulebooks"
    packs.mkdir()
    (packs / "test.toml").write_text(NO_HOURS_CAP_3, encoding="utf-8")
    (packs / "open.toml").write_text(NO_RULES, encoding="utf-8")
    return packs


def _client(one: Server, key: str) -> httpx.AsyncClient:
    """Few connections, and patience in the queue for them: a busy machine is neither a lost request nor a late one."""
    return httpx.AsyncClient(
        base_url=one.url,
        headers={"Authorization": f"Bearer {key}"},
        limits=httpx.Limits(max_connections=20),
        timeout=httpx.Timeout(60, pool=None),
    )


async def _register(client: httpx.AsyncClient, reference: str, jurisdiction: str, number: str) -> str:
    wanted = {
        "reference": reference,
        "locale": "en",
        "jurisdiction": jurisdiction,
        "timeZones": ["Asia/Shanghai"],
        "contactPoints": [{"channel": "SMS", "address": number}],
    }
    answer = await ask(client, REGISTER, input=wanted)
    assert answer["registerCustomer"]["userErrors"] == []
    customer_id: str = answer["registerCustomer"]["customer"]["id"]
    return customer_id


def _wanted(customer_id: str, key: str) -> dict[str, Any]:
    return {"idempotencyKey": key, "customerId": customer_id, "purpose": "FOLLOW_UP", "channels": ["SMS"]}


@pytest.mark.parametrize("processes", [1, 4])
async def test_of_200_racing_requests_under_a_cap_of_3_exactly_3_are_allowed_now(
    tmp_path: Path, processes: int
) -> None:
    env = environment(tmp_path, rulebooks=_packs(tmp_path), worker="false")
    key = run(["keys", "create", "--role", "SERVICE", "--name", "race"], env)
    with ExitStack() as stack:
        servers = [stack.enter_context(server(env, tmp_path / "log")) for _ in range(processes)]
        clients = [_client(one, key) for one in servers]
        customer_id = await _register(clients[0], "C-1", "TEST", "+8613900000000")

        answers = await asyncio.gather(
            *(
                ask(client, REQUEST, input=_wanted(customer_id, f"key-{number}"))
                for number, client in zip(range(200), itertools.cycle(clients), strict=False)
            )
        )
        for client in clients:
            await client.aclose()

    contacts = [answer["requestContact"]["contact"] for answer in answers]
    due = sorted(datetime.fromisoformat(contact["dueAt"]) for contact in contacts if contact["dueAt"])
    assert sum(contact["dueAt"] == contact["createdAt"] for contact in contacts) == 3
    assert len(due) == 27  # three in each of the nine weeks of a contact's lifetime; the rest is refused
    assert all(later - earlier >= timedelta(hours=168) for earlier, later in zip(due, due[3:], strict=False))


async def test_the_same_key_50_times_at_once_makes_one_contact(tmp_path: Path) -> None:
    env = environment(tmp_path, rulebooks=_packs(tmp_path), worker="false")
    key = run(["keys", "create", "--role", "SERVICE", "--name", "race"], env)
    with ExitStack() as stack:
        servers = [stack.enter_context(server(env, tmp_path / "log")) for _ in range(2)]
        clients = [_client(one, key) for one in servers]
        customer_id = await _register(clients[0], "C-1", "TEST", "+8613900000000")

        answers = await asyncio.gather(
            *(
                ask(client, REQUEST, input=_wanted(customer_id, "one key"))
                for _, client in zip(range(50), itertools.cycle(clients), strict=False)
            )
        )
        for client in clients:
            await client.aclose()

    assert len({answer["requestContact"]["contact"]["id"] for answer in answers}) == 1
    assert Counter(answer["requestContact"]["replayed"] for answer in answers) == {True: 49, False: 1}


async def test_after_kill_9_in_the_middle_of_500_contacts_all_are_settled_and_none_is_sent_twice(
    tmp_path: Path,
) -> None:
    provider = LocalSmsProvider()
    provider.script.always(Slow(timedelta(milliseconds=20)))
    async with provider.serve() as sms_url:
        env = environment(
            tmp_path,
            rulebooks=_packs(tmp_path),
            sms_url=sms_url,
            attempt_lease_seconds=2,
            send_timeout_seconds=1,
            poll_seconds=0.05,
            retry_seconds=0.2,
        )
        key = run(["keys", "create", "--role", "SERVICE", "--name", "crash"], env)
        # Accepted first and sent later, by another server: accepting may be slower than sending on a busy machine.
        with server(env | {"GATEWAY_WORKER": "false"}, tmp_path / "log") as front:
            async with _client(front, key) as client:
                customers = await asyncio.gather(
                    *(_register(client, f"C-{n}", "OPEN", f"+86139{n:08}") for n in range(500))
                )
                answers = await asyncio.gather(
                    *(ask(client, REQUEST, input=_wanted(customer, f"key-{customer}")) for customer in customers)
                )
                accepted = {answer["requestContact"]["contact"]["id"] for answer in answers}
        with server(env, tmp_path / "log") as first:
            while len(provider.times) < 100:  # noqa: ASYNC110 - there is nothing to be told by
                await asyncio.sleep(0.01)
            # The provider runs in this process: only a thread lets it take what is in flight at the kill.
            await asyncio.to_thread(first.kill)
        sent_before = set(provider.times)
        with server(env, tmp_path / "log") as second:
            async with _client(second, key) as client:
                statuses = await _settled(client, 500)

    assert statuses.keys() == accepted
    assert set(statuses.values()) <= {"SENT", "UNCLEAR"}
    assert max(provider.times.values()) == 1
    assert len(sent_before) < 500, "the kill came too late to show anything"


async def _settled(client: httpx.AsyncClient, count: int) -> dict[str, str]:
    """The status of every contact, once none waits or is under way."""
    while True:
        statuses: dict[str, str] = {}
        after = None
        while True:
            page = (await ask(client, STATUSES, after=after))["contacts"]
            statuses |= {edge["node"]["id"]: edge["node"]["status"] for edge in page["nodes"]}
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        if len(statuses) >= count and not {"SCHEDULED", "SENDING"} & set(statuses.values()):
            return statuses
        await asyncio.sleep(0.2)
