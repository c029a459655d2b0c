"""The command line of campaigns: what would be said to whom next, and saying it."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gateway import campaigns
from gateway.app import open_gateway
from gateway.campaigns import Campaign
from gateway.model import OPERATOR, Unacceptable
from gateway.printing import cell
from gateway.settings import Settings
from gateway.store.campaigns import CampaignFilter
from policies import cadence, rulebook

LONGEST_NAME = 200


def register(cli: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Add the commands to the command line."""

    @cli.command("cadence")
    def cadence_() -> None:
        """Check the cadences of notices against the rules, and list them."""
        chosen = settings()
        found = cadence.load(chosen.cadence)
        cadence.check(found, rulebook.load(chosen.rulebooks))
        for one in found.all:
            days = ", ".join(f"{tier.purpose} {tier.first_day}..{tier.last_day}" for tier in one.tiers)
            typer.echo(f"{one.id} ({one.jurisdiction}, {one.product}): {days}; a person from day {one.hand_over.day}")

    @cli.command()
    def campaign(
        send: Annotated[bool, typer.Option("--send/--dry-run", help="Ask for the contacts, or only show them.")],
        product: Annotated[str | None, typer.Option(help="Only debts of this product.")] = None,
        jurisdiction: Annotated[str | None, typer.Option(help="Only customers of this jurisdiction.")] = None,
        name: Annotated[str | None, typer.Option(help="Stands on the contacts as their reference.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="The counts as one JSON line.")] = False,
    ) -> None:
        """For every bill the next lawful and kind step. Run again it makes nothing twice."""
        if name is not None and (not name.strip() or len(name) > LONGEST_NAME):
            raise typer.BadParameter(f"1 to {LONGEST_NAME} characters", param_hint="--name")
        wanted = Campaign(OPERATOR, CampaignFilter(product, jurisdiction), dry_run=not send, name=name)
        try:
            steps, reasons = asyncio.run(_run(settings(), wanted))
        except Unacceptable as wrong:
            raise typer.BadParameter("; ".join(error.message for error in wrong.errors)) from None
        if as_json:
            typer.echo(json.dumps({"dryRun": not send, "steps": steps, "nothing": reasons}))
            return
        table = Table("asked for" if send else "proposed", "bills")
        for what, number in (*steps.most_common(), *((f"nothing: {one}", n) for one, n in reasons.most_common())):
            table.add_row(cell(what), str(number))
        Console().print(table)


async def _run(settings: Settings, wanted: Campaign) -> tuple[Counter[str], Counter[str]]:
    steps: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    async with open_gateway(settings) as gateway:
        with Progress(console=Console(stderr=True)) as shown:
            bar = shown.add_task("customers", total=await campaigns.count(gateway, wanted.which))
            async for page in campaigns.pages(gateway, wanted):
                steps.update(page.by_purpose)
                reasons.update(page.by_reason)
                shown.advance(bar, page.customers)
    return steps, reasons
