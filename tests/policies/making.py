"""Facts, past contacts and small rulebooks for tests."""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from policies.decision import Decision, Finding, Refuse
from policies.engine import decide
from policies.facts import Account, Bill, Channel, Facts, Medium, PastContact, Place, Point, Purpose, Reach
from policies.rulebook import Rulebook, load

BOOKS = load()
NEW_YORK, LOS_ANGELES, LONDON = "America/New_York", "America/Los_Angeles", "Europe/London"


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def facts(**changes: Any) -> Facts:
    """An overdue reminder by SMS to a customer in London, with an account and a bill, unless changed."""
    channel = changes.get("channel", Channel.SMS)
    known: dict[str, Any] = {
        "jurisdiction": "UK",
        "purpose": Purpose.OVERDUE_REMINDER,
        "channel": channel,
        "zones": (LONDON,),
        "point": Point("point", channel, place=Place.MOBILE),
        "account": Account("loan"),
        "bill": Bill("bill", date(2020, 1, 1)),
    }
    return Facts(**(known | changes))


def past(at: str | datetime, reach: Reach = Reach.DELIVERED, **changes: Any) -> PastContact:
    known: dict[str, Any] = {"medium": Medium.SMS, "accounts": frozenset({"loan"}), "point": "point"}
    when = instant(at) if isinstance(at, str) else at
    return PastContact(when, reach=reach, **(known | changes))


@cache
def book(rules: str, head: str = "") -> Rulebook:
    """A rulebook of its own, which inherits nothing."""
    with TemporaryDirectory() as folder:
        text = f'code = "T"\nname = "Test"\nversion = "1"\n{head}\n{rules}'
        (Path(folder) / "t.toml").write_text(text, encoding="utf-8")
        return load(Path(folder))["T"]


def rule(kind: str, body: str, name: str = "t.rule") -> str:
    return f'[[rules]]\nid = "{name}"\nkind = "{kind}"\ntitle = "T"\ntitle_zh = "测"\nconfidence = "HOUSE"\n{body}\n'


def hours(*windows: str, more: str = "", name: str = "t.hours") -> str:
    """Quiet hours from windows such as "08:00-21:00" or "mon,tue 09:00-17:00"."""
    rows = []
    for window in windows:
        days, _, span = window.rpartition(" ")
        start, end = span.split("-")
        named = f"days = {[day for day in days.split(',') if day]}, " if days else ""
        rows.append(f'{{ {named}start = "{start}", end = "{end}" }}'.replace("'", '"'))
    return rule("quiet_hours", f"windows = [{', '.join(rows)}]\n{more}", name)


def finding(decision: Decision, name: str) -> Finding:
    return next(finding for finding in decision.findings if finding.rule.id == name)


def refused_by(decision: Decision) -> list[str]:
    return [finding.rule.id for finding in decision.findings if isinstance(finding.verdict, Refuse)]


def code(decision: Decision) -> str:
    """The reason of the finding that decided."""
    return decision.findings[0].verdict.reason.code


def opens(rulebook: Rulebook, at: str | datetime, **changes: Any) -> datetime | None:
    """When a contact asked for at that instant may be made."""
    when = instant(at) if isinstance(at, str) else at
    return decide(facts(**changes), when, rulebook).next_allowed_at
