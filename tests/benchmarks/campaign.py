"""A campaign over many overdue bills: a dry run, a run that asks for the contacts, and one more: nothing new.

    python -m tests.benchmarks.campaign --bills 100000 [--database postgresql]

One customer per bill, in China, 10 days overdue, at noon there; two contact points each, all sealed. Nothing is sent.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import track

from gateway import campaigns
from gateway.app import open_gateway
from gateway.audit.chain import ZERO
from gateway.campaigns import Campaign
from gateway.clock import StoppedClock
from gateway.core import Gateway
from gateway.model import OPERATOR
from gateway.store.campaigns import CampaignFilter
from gateway.store.work import Row, Work
from tests import databases
from tests.world import NOON_IN_CHINA

AT_ONCE = 1000
DUE_ON = date(2026, 11, 14)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bills", type=int, default=100_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    chosen = parser.parse_args()
    databases.kind = chosen.database
    asyncio.run(measure(chosen.bills))


async def measure(bills: int) -> None:
    console = Console()
    with tempfile.TemporaryDirectory() as made:
        async with open_gateway(databases.settings(Path(made)), clock=StoppedClock(NOON_IN_CHINA)) as gateway:
            for first in track(range(0, bills, AT_ONCE), description="seeding", console=console):
                async with gateway.database.write() as work:
                    await _seed(work, range(first, min(first + AT_ONCE, bills)))
            for name, dry_run in (("dry run", True), ("sending run", False), ("second run", False)):
                await _run(console, gateway, name, bills, dry_run=dry_run)


async def _run(console: Console, gateway: Gateway, name: str, bills: int, *, dry_run: bool) -> None:
    began, used = time.perf_counter(), time.process_time()
    said, nothing = Counter[str](), Counter[str]()
    slowest = before = 0.0
    async for page in campaigns.pages(gateway, Campaign(OPERATOR, CampaignFilter(), dry_run=dry_run)):
        said.update(page.by_purpose)
        nothing.update(page.by_reason)
        now = time.perf_counter() - began
        slowest, before = max(slowest, now - before), now
    seconds = time.perf_counter() - began
    cpu = time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    console.print(
        f"{name}: {seconds:.1f} s (CPU {cpu:.1f} s), {bills / seconds:,.0f} bills/s, "
        f"slowest page {slowest:.2f} s, peak {peak} MiB; "
        f"{dict(said)}, nothing: {dict(nothing)}"
    )


async def _seed(work: Work, numbers: range) -> None:
    customers: list[Row] = []
    points: list[Row] = []
    accounts: list[Row] = []
    bills: list[Row] = []
    for number in numbers:
        customer, account = work.new_id(), work.new_id()
        key = work.made_customer(customer)
        customers.append({
            "id": customer, "reference": f"C-{number}", "name": work.seal(customer, "Wang Fang"), "locale": "zh-CN",
            "time_zones": ["Asia/Shanghai"], "zones_stated": True, "jurisdiction": "CN", "preferred_channels": [],
            "windows": [], "data_key": key, "log_seq": 0, "log_hash": ZERO, "created_at": work.now,
        })  # fmt: skip
        for channel, address in (("SMS", f"+86139{number:08}"), ("EMAIL", f"customer{number}@mail.example")):
            point = work.new_id()
            points.append({
                "id": point, "customer_id": customer, "channel": channel, "address": work.seal(customer, address),
                "address_index": work.index(address), "unsubscribe_token": point, "party": "CUSTOMER",
                "place": "PERSONAL", "shared": False, "usable": True, "created_at": work.now,
            })  # fmt: skip
        accounts.append({
            "id": account, "reference": f"A-{number}", "product": "CONSUMER_LOAN", "role": "CREDITOR",
            "lender_kinds": [], "in_collection_procedures": False, "created_at": work.now,
        })  # fmt: skip
        bills.append({
            "id": work.new_id(), "customer_id": customer, "account_id": account, "reference": f"B-{number}",
            "amount_due": "1234.50", "amount_paid": "0", "currency": "CNY", "due_on": DUE_ON, "status": "OPEN",
            "instalment": None, "created_at": work.now,
        })  # fmt: skip
    for name, rows in (("customer", customers), ("contact_point", points), ("account", accounts), ("bill", bills)):
        await work.insert(name, rows)


if __name__ == "__main__":
    main()
