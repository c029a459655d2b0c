"""The server that is fuzzed, with something in it that can be found; and what is wrong with what it answers."""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests import databases
from tests.processes import ask, environment, run, server

SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
MAIL_SECRET = "a-mail-secret"

HANG_SECONDS = 10.0
"""So long an answer is waited for. What takes more than `SLOW_SECONDS` is reported."""

SLOW_SECONDS = 1.0

MARK = "qzjx"
"""Begins what no error may repeat."""

_REGISTER = """mutation Register($customer: RegisterCustomerInput!) {
  registerCustomer(input: $customer) { customer { id contactPoints { id } } } }"""

_FILL = """mutation Fill($id: ID!, $bill: RegisterBillInput!, $sent: RequestContactInput!, $hold: PlaceHoldInput!,
    $booked: ScheduleCallbackInput!) {
  registerBill(input: $bill) { bill { id account { id } } }
  requestContact(input: $sent) { contact { id } }
  scheduleCallback(input: $booked) { contact { id } }
  placeHold(input: $hold) { hold { id } }
  pauseSending(input: {reason: "fuzz", purpose: MARKETING}) { pause { id } }
  recordConsent(input: {customerId: $id, status: GRANTED, source: "fuzz"}) { customer { id } }
}"""


@dataclass
class Target:
    """Where it is, who may ask it, and ids of what is there."""

    url: str
    keys: dict[str, str]
    ids: list[str]
    log: Path


@dataclass
class Findings:
    """How much was asked, and what was wrong."""

    cases: int = 0
    problems: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def timed(self, asked: str, began: float) -> None:
        took = time.monotonic() - began
        self.cases += 1
        self.slowest = max(self.slowest, took)
        if took > SLOW_SECONDS:
            self.slow.append(f"{took:.1f} s: {asked[:300]}")

    def __str__(self) -> str:
        lines = [f"{self.cases} cases, {len(self.problems)} problems, the slowest took {self.slowest:.2f} s"]
        return "\n".join([*lines, *self.slow, *self.problems])


def chosen(about: str | None, cases: int) -> argparse.Namespace:
    """What the command was given; the database is set."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--cases", type=int, default=cases)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    databases.kind = given.database
    return given


@contextmanager
def target(folder: Path) -> Iterator[Target]:
    """A gateway in the sandbox: its clock can be moved, and nothing leaves the machine."""
    env = environment(
        folder, sandbox=True, log_level="DEBUG", poll_seconds=0.2, sms_webhook_secret=SECRET,
        mail_webhook_secret=MAIL_SECRET,
    )  # fmt: skip
    run(["migrate"], env)
    keys = {
        role: run(["keys", "create", "--role", role, "--name", role.lower()], env)
        for role in ("SERVICE", "AGENT", "COMPLIANCE", "ADMIN")
    }
    log = folder / "serve.log"
    with server(env, log) as one:
        ids = asyncio.run(_filled(one.url, keys["ADMIN"]))
        keys["CUSTOMER"] = run(["keys", "create", "--role", "CUSTOMER", "--name", "c", "--customer", "C-0"], env)
        yield Target(one.url, keys, ids, log)


async def _filled(url: str, key: str) -> list[str]:
    """Two customers with something of everything; the ids of all of it."""
    ids: list[str] = []
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        for number in range(2):
            points = [
                {"channel": "SMS", "address": f"+861390000000{number}"},
                {"channel": "EMAIL", "address": f"c{number}@mail.example"},
                {"channel": "CALLBACK", "address": f"+861390000000{number}"},
            ]
            customer = {
                "reference": f"C-{number}", "contactPoints": points, "name": "Li Wei", "locale": "en",
                "jurisdiction": "CN",
            }  # fmt: skip
            made = await ask(client, _REGISTER, customer=customer)
            id_ = made["registerCustomer"]["customer"]["id"]
            money = {"amount": "10.00", "currency": "CNY"}
            bill = {
                "reference": f"B-{number}", "customerId": id_, "account": {"reference": "A-1"}, "amountDue": money,
                "dueOn": "2026-11-01",
            }  # fmt: skip
            sent = {"idempotencyKey": f"{number}", "customerId": id_, "purpose": "FOLLOW_UP"}
            booked = {**sent, "idempotencyKey": f"b{number}", "at": "2026-12-01T04:00:00Z"}
            hold = {"customerId": id_, "kind": "HARDSHIP"}
            filled = await ask(client, _FILL, id=id_, bill=bill, sent=sent, booked=booked, hold=hold)
            ids += [*_ids(made), *_ids(filled)]
    return list(dict.fromkeys(ids))


def _ids(answer: Any) -> Iterator[str]:
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name == "id" and isinstance(value, str):
                yield value
            yield from _ids(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from _ids(value)


def failures(log: Path) -> list[str]:
    """What the server itself says went wrong, and lines of its log that are none."""
    found = []
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            said = json.loads(line)
        except json.JSONDecodeError:
            found.append(f"no line of a log: {line[:300]}")
            continue
        # A library's warning is that what came was no HTTP.
        if said["level"] == "error" or "exception" in said or said.get("severity") in ("ERROR", "CRITICAL"):
            found.append(f"in the log: {line[:1500]}")
    return found
