"""`gateway demo`: a gateway, a text provider and a mail server on this machine, and a line to paste."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from channels.local import LocalMail, LocalSms, LocalSmsProvider, LocalSmtpServer
from gateway import asking
from gateway.api.ids import Kind, global_id
from gateway.app import check_port, open_gateway
from gateway.callers import create_key
from gateway.core import Gateway
from gateway.demo.world import SEED, Person, populate
from gateway.model import Bill, Customer, Role
from gateway.printing import visible
from gateway.requests import Question
from gateway.server import listen
from gateway.settings import Settings
from policies.decision import Outcome
from policies.facts import Channel, Purpose

DATABASE = Path("var/demo.db")

SMS_PORT = 8001
SMTP_PORT = 8025

_OWN = ("database_url", "sms_url", "smtp_url")
"""Settings that the demo has of its own."""

_Everybody = list[tuple[Person, Customer, Bill]]


async def demo(settings: Settings) -> None:
    """Stay up until stopped. The database is made afresh each time, in `var/demo.db`."""
    check_port(settings)  # before an earlier demo's database is made anew under it
    console = Console(width=max(110, Console().width), soft_wrap=True)
    if said := unused(settings):
        console.print(said, style="yellow", markup=False, highlight=False)
    async with _everything(settings, console) as (gateway, sms_url):
        everybody = await populate(gateway)
        keys = await _keys(gateway, everybody)
        reminded = await _somebody_awake(gateway, everybody)
        await listen(gateway, ready=lambda: _explain(console, gateway, sms_url, everybody, keys, reminded))


def unused(settings: Settings) -> str | None:
    """What somebody has set and the demo takes no notice of. Names only: a value may be a secret."""
    names = [f"GATEWAY_{name.upper()}" for name in _OWN if name in settings.model_fields_set]
    if not names:
        return None
    return f"Not used here: {', '.join(names)}. The demo has its own database, {DATABASE}, and its own providers.\n"


@asynccontextmanager
async def _everything(settings: Settings, console: Console) -> AsyncIterator[tuple[Gateway, str]]:
    for file in (DATABASE, Path(f"{DATABASE}-wal"), Path(f"{DATABASE}-shm")):
        file.unlink(missing_ok=True)
    async with AsyncExitStack() as stack:
        sms = LocalSmsProvider(on_message=lambda one: _show_text(console, one))
        mail = LocalSmtpServer(on_message=lambda one: _show_mail(console, one))
        sms_url = await stack.enter_async_context(sms.serve(_free(SMS_PORT)))
        smtp_url = await stack.enter_async_context(mail.serve(_free(SMTP_PORT)))
        here = settings.model_copy(
            update={
                "database_url": f"sqlite:///{DATABASE}",
                "sms_url": SecretStr(sms_url),
                "smtp_url": SecretStr(smtp_url),
                "sandbox": True,
            }
        )
        yield await stack.enter_async_context(open_gateway(here)), sms_url


async def _keys(gateway: Gateway, everybody: _Everybody) -> dict[Role, str]:
    """One key of each role; the customer's is the first customer's."""
    _, first, _ = everybody[0]
    return {
        role: await create_key(
            gateway.database,
            role,
            f"demo {role.lower()}",
            customer_id=first.id if role is Role.CUSTOMER else None,
        )
        for role in Role
    }


async def _somebody_awake(gateway: Gateway, everybody: _Everybody) -> tuple[Person, Customer, Bill]:
    """Whose hours are open now, so that the pasted line sends at once. Between China, the UK and the US somebody is."""
    for person, customer, bill in everybody:
        question = Question(customer.id, Purpose.OVERDUE_REMINDER, bill.id)
        decision, _ = await asking.preview(gateway, SEED, question, Channel.SMS)
        if decision.outcome is Outcome.ALLOW:
            return person, customer, bill
    return everybody[0]


def _explain(
    console: Console,
    gateway: Gateway,
    sms_url: str,
    everybody: _Everybody,
    keys: dict[Role, str],
    reminded: tuple[Person, Customer, Bill],
) -> None:
    address = gateway.settings.address()
    people = Table("reference", "customer", "rulebook", "zone", "owes", "", title="Customers")
    for person, _, bill in everybody:
        owes = f"{bill.amount_due} {bill.currency}"
        said = "said stop" if person.withdrew else ""
        people.add_row(person.reference, person.name, person.jurisdiction, person.zone, owes, said)
    callers = Table("role", "key", title="Keys (Authorization: Bearer KEY)")
    for role, key in keys.items():
        callers.add_row(role, key)
    console.print(people, callers)
    console.print(f"GraphiQL              {address}/graphql")
    console.print(f"Texts that arrived    {sms_url}")
    console.print("Mails that arrived    are shown here")
    console.print("sandboxInbox          stays empty: it shows what has no provider, and here both channels have one")
    console.print("Lines in braces       are the log, on standard error; GATEWAY_LOG_LEVEL=warning quiets it\n")
    person, customer, bill = reminded
    console.print(f"Paste this: it is daytime for {person.name}, and a reminder goes out.\n")
    # Without markup or wrapping, so that it can be pasted as it stands.
    console.print(_curl(address, keys[Role.SERVICE], customer, bill), markup=False, highlight=False, soft_wrap=True)
    console.print("\nAnd ask what became of it:\n")
    console.print(_ask(address, keys[Role.SERVICE]), markup=False, highlight=False, soft_wrap=True)
    console.print("\nStop with Ctrl-C.")


def _curl(address: str, key: str, customer: Customer, bill: Bill) -> str:
    query = (
        "mutation Remind($input: RequestContactInput!) { requestContact(input: $input) "
        "{ contact { id status dueAt decisions { outcome channel findings { rule { id citation } outcome reason } } } "
        "replayed userErrors { code message field } } }"
    )
    variables = (
        f'{{"input": {{"idempotencyKey": "first-try", "customerId": "{global_id(Kind.CUSTOMER, customer.id)}", '
        f'"billId": "{global_id(Kind.BILL, bill.id)}", "purpose": "OVERDUE_REMINDER"}}}}'
    )
    return (
        f"curl -s {address}/graphql -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' "
        f'-d \'{{"query": "{query}", "variables": {variables}}}\''
    )


def _ask(address: str, key: str) -> str:
    query = "{ contacts(last: 1) { edges { node { id status attempts { edges { node { provider outcome } } } } } } }"
    return (
        f"curl -s {address}/graphql -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' "
        f'-d \'{{"query": "{query}"}}\''
    )


def _show_text(console: Console, sms: LocalSms) -> None:
    console.print(visible(f"text to {sms.to}: {sms.text}"), style="green", markup=False)


def _show_mail(console: Console, mail: LocalMail) -> None:
    console.print(
        visible(f"mail to {', '.join(mail.recipients)}: {mail.message['Subject']}"), style="cyan", markup=False
    )
    console.print("\n".join(map(visible, mail.text.splitlines())), markup=False)


def _free(wanted: int) -> int:
    """The wanted port, or 0 for any where somebody has it."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted
