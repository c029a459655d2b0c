"""`gateway rules`: what applies, where it comes from, what is wrong with a pack, and one decision explained."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from gateway.clock import SystemClock
from gateway.printing import cell, show
from gateway.settings import Settings
from policies import check, rulebook
from policies.decision import Decision, Defer
from policies.engine import decide
from policies.facts import Account, Bill, Channel, Facts, LenderRole, Place, Point, Purpose
from policies.fields import PackError
from policies.record import findings_to_json
from policies.rulebook import Rulebook
from policies.zones import zone as zone_of

rules = typer.Typer(help="The rulebooks: list, check, explain.", no_args_is_help=True)

_AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
_Code = Annotated[str, typer.Argument(metavar="JURISDICTION", help="A rulebook's code: CN, US-NYC ...")]


@rules.command("list")
def list_(code: _Code, as_json: _AsJson = False) -> None:
    """What applies in a jurisdiction, and where it comes from."""
    book = _book(code)
    if as_json:
        for rule in book.rules:
            typer.echo(json.dumps(_told(book, rule.terms.info.id), ensure_ascii=False))
        return
    typer.echo(f"{book.name}: {book.label}")
    table = _table("rule", "what it says", "binds", "confidence", "in force", "citation")
    for rule in book.rules:
        told = _told(book, rule.terms.info.id)
        shown = (told[name] for name in ("id", "title", "binds", "confidence", "in_force", "citation"))
        table.add_row(*map(cell, shown))
    show(table)


def _table(*columns: str) -> Table:
    """Nothing is cut off: what does not fit goes on in the next line."""
    return Table(*(Column(name, overflow="fold") for name in columns))


def _told(book: Rulebook, rule_id: str) -> dict[str, str]:
    rule = next(rule for rule in book.rules if rule.terms.info.id == rule_id)
    info, terms = rule.terms.info, rule.terms
    return {
        "id": info.id,
        "title": info.title,
        "title_zh": info.title_zh,
        "kind": terms.kind,
        "binds": ", ".join(sorted(terms.bound)),
        "confidence": info.confidence,
        "in_force": f"{info.effective_from or ''} to {info.effective_to or ''}".strip() if info.effective_from else "",
        "citation": info.citation or "house policy",
        "source": info.source or "",
    }


@rules.command("check")
def check_(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of packs; default: GATEWAY_RULEBOOKS, and ours.")
    ] = None,
) -> None:
    """Look for wrong fields, dead or contradictory rules, customers who could never be contacted, missing sources."""
    found = check.problems(folder or Settings().rulebooks)
    for problem in found:
        typer.echo(str(problem))
    if found:
        raise typer.Exit(1)
    typer.echo("nothing is wrong")


@rules.command("explain")
def explain(
    code: _Code,
    purpose: Annotated[Purpose, typer.Option(help="Why the customer would be contacted.")] = Purpose.OVERDUE_REMINDER,
    channel: Annotated[Channel, typer.Option(help="How.")] = Channel.SMS,
    at: Annotated[
        str | None, typer.Option(help="When, with an offset: 2026-11-25T23:30:00+08:00. Default: now.")
    ] = None,
    zone: Annotated[list[str] | None, typer.Option(help="A zone the customer may be in; may be repeated.")] = None,
    place: Annotated[Place, typer.Option(help="Where the contact point reaches the customer.")] = Place.PERSONAL,
    shared: Annotated[bool, typer.Option("--shared", help="Others read it too.")] = False,
    role: Annotated[LenderRole, typer.Option(help="Who we are towards the debt.")] = LenderRole.CREDITOR,
    overdue: Annotated[
        int | None, typer.Option(help="Days since the bill was due; without it, no bill is named.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of the reasons: en or zh.")] = "en",
    as_json: _AsJson = False,
) -> None:
    """One decision for a customer of whom nothing else is known, rule by rule."""
    book = _book(code)
    instant = _instant(at)
    zones = tuple(zone or ())
    for name in zones:
        _known_zone(name)
    due_on = None if overdue is None else _today(instant, book, zones) - timedelta(days=overdue)
    facts = Facts(
        jurisdiction=code,
        purpose=purpose,
        channel=channel,
        zones=zones,
        point=Point("point", channel, place=place, shared=shared),
        account=None if due_on is None else Account("account", role=role),
        bill=None if due_on is None else Bill("bill", due_on),
    )
    decision = decide(facts, instant, book)
    if as_json:
        opens = decision.next_allowed_at.isoformat() if decision.next_allowed_at else None
        told = {"outcome": decision.outcome, "next_allowed_at": opens, "findings": findings_to_json(decision)}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    _show(decision, language)


def _show(decision: Decision, language: str) -> None:
    from policies.reasons import say  # noqa: PLC0415 - its sentences are needed here only

    opens = decision.next_allowed_at
    first = f", first allowed {opens.isoformat()}" if opens and opens != decision.decided_at else ""
    typer.echo(f"{decision.outcome} at {decision.decided_at.isoformat()}{first}")
    typer.echo(f"{decision.rulebook}; zones: {', '.join(decision.zones) or 'none known'}")
    table = _table("", "rule", "reason", "citation")
    for finding in decision.findings:
        outcome = (
            f"{finding.outcome} until {finding.verdict.until:%Y-%m-%d %H:%M}Z"
            if isinstance(finding.verdict, Defer)
            else str(finding.outcome)
        )
        reason = say(finding.verdict.reason, language)
        table.add_row(*map(cell, (outcome, finding.rule.id, reason, finding.rule.citation or "house policy")))
    show(table)


def _book(code: str) -> Rulebook:
    try:
        books = rulebook.load(Settings().rulebooks)
    except PackError as error:
        raise typer.BadParameter(str(error), param_hint="GATEWAY_RULEBOOKS") from None
    if code not in books:
        raise typer.BadParameter(
            f"there is no rulebook for it; there are {', '.join(books)}", param_hint="JURISDICTION"
        )
    return books[code]


def _instant(text: str | None) -> datetime:
    if text is None:
        return SystemClock()()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("is not a time such as 2026-11-25T23:30:00+08:00", param_hint="--at") from None
    if instant.tzinfo is None:
        raise typer.BadParameter("needs an offset, such as +08:00", param_hint="--at")
    return instant


def _known_zone(name: str) -> None:
    try:
        zone_of(name)
    except (KeyError, ValueError):
        raise typer.BadParameter(f"{name} is not the IANA name of a time zone", param_hint="--zone") from None


def _today(instant: datetime, book: Rulebook, zones: tuple[str, ...]) -> date:
    return instant.astimezone(zone_of(book.time_zone or next(iter(zones), "UTC"))).date()
