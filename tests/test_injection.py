"""What somebody wrote stays what they wrote, wherever it crosses into another language.

Hostile values on one side, and on the other the places where a value becomes part of something that a machine obeys: a
mail's headers and HTML, a text, a provider's request, an event's JSON, SQL, a terminal, a log. All of it through the
whole gateway, to providers and receivers that listen on real ports.
"""

import asyncio
import io
import itertools
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from channels.local import LocalMail, LocalSms, LocalSmsProvider, LocalSmtpServer, serve
from gateway import contact, customers, events, pausing
from gateway.app import lender, open_gateway
from gateway.callers import create_key
from gateway.clock import StoppedClock
from gateway.core import Gateway
from gateway.model import Caller, Customer, Role
from gateway.outgoing import Poster
from gateway.printing import cell, visible
from gateway.requests import NewPoint, RecordConsent, RegisterCustomer, RequestContact
from gateway.settings import Settings
from gateway.store import customers as store
from gateway.telling import Teller
from gateway.words import Words
from policies.facts import Channel, ConsentStatus, Purpose
from tests import databases
from tests.processes import environment, run
from tests.world import NO_HOURS_CAP_3, NOON_IN_CHINA, SERVICE

in_one_loop = pytest.mark.asyncio(loop_scope="module")

HOSTILE = {
    "a line break": "Li\r\nBcc: eve@evil.example\r\n\r\nand a body",
    "other line breaks": "Li\u2028Bcc: eve@evil.example\u2029\x85\x0b\x0cmore",
    "an encoded line break": "=?utf-8?q?Li=0D=0ABcc=3A_eve=40evil.example?= %0d%0aBcc: eve",
    "the end of a mail": "Li\r\n.\r\nRSET\r\nMAIL FROM:<eve>",
    "a terminal's commands": "Li \x1b[31m\x1b]0;title\x07\x9b2J\x08\x08",
    "a turned direction": "Li \u202egnp.exe\u202c \u2066and\u2069 \u200f\u061c",
    "what is not seen": "L\u200bi\u2060\ufeff\u00ad\U000e0041\U000e007f\u3164",
    "rich markup": "[bold red]Li[/bold red] [/nope] [link=file:///etc/passwd]x[/link] :skull:",
    "HTML": "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;b&gt;</p></div>",
    "a template": "{{ 7*7 }}{% if x %}{# #}{{ ''.__class__ }}${7*7}<%= 7*7 %>",
    "a format": "%s %(name)s %n {0} {name.__class__} $name",
    "JSON": '"}, {"type": "evil", "x": "\\u0000\\',
    "SQL": "Robert'); DROP TABLE customer;-- \" % _ \\ :name ?1 $1",
    "a path": "../../etc/passwd\\..\\con:file",
    "a shell": "$(id) `id` | id; id && id > file #",
}
"""By what they are."""

BROKEN = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e0fff]"
)
"""No message holds one of these; its lines end in a newline."""


@dataclass
class Sinks:
    """A gateway, and all who hear from it."""

    gateway: Gateway
    poster: Poster
    texts: list[LocalSms]
    mails: list[LocalMail]
    told: list[tuple[dict[str, str], bytes]]
    sms_url: str
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(100))

    async def customer(self, name: str) -> Customer:
        """A new one, who can be reached by text and by mail."""
        number = next(self._numbers)
        points = (NewPoint(Channel.SMS, f"+8613900000{number}"), NewPoint(Channel.EMAIL, f"c{number}@mail.example"))
        wanted = RegisterCustomer(f"{number}", "en", "TEST", points, name=name, time_zones=("Asia/Shanghai",))
        return await customers.register(self.gateway, SERVICE, wanted)

    async def send(self, channel: Channel, value: str, name: str | None = None) -> Customer:
        """Answer a customer of this name with this value, which is also the caller's own reference."""
        customer = await self.customer(value if name is None else name)
        await contact.request(
            self.gateway,
            RequestContact(
                SERVICE, customer.id, "body", customer.id, Purpose.CUSTOMER_REPLY, channels=(channel,),
                variables={"answer": value, "topic": value}, reference=value,
            ),
        )  # fmt: skip
        await contact.deliver(self.gateway)
        return customer

    async def tell(self) -> list[tuple[dict[str, str], bytes]]:
        """Headers and bodies of all that subscribers are told now."""
        self.told.clear()
        teller = Teller(self.gateway, self.poster)
        while await teller.tell_due():
            pass
        return self.told


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sinks(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sinks]:
    """One for all tests here: each value makes its own customer."""
    folder = tmp_path_factory.mktemp("injection")
    (folder / "rulebooks").mkdir()
    (folder / "rulebooks" / "test.toml").write_text(NO_HOURS_CAP_3)
    told: list[tuple[dict[str, str], bytes]] = []
    sms, mail = LocalSmsProvider(), LocalSmtpServer()

    async def hear(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        told.append((dict(request.headers), await request.body()))
        await Response(status_code=204)(scope, receive, send)

    async with AsyncExitStack() as stack:
        sms_url = await stack.enter_async_context(sms.serve())
        settings = Settings(
            database_url=databases.url(folder),
            state_folder=folder,
            rulebooks=folder / "rulebooks",
            public_url="https://lender.example",
            sms_url=SecretStr(sms_url),
            smtp_url=SecretStr(await stack.enter_async_context(mail.serve())),
        )
        gateway = await stack.enter_async_context(
            open_gateway(settings, clock=StoppedClock(NOON_IN_CHINA), words=Words.load(lender=lender(settings)))
        )
        poster = Poster(httpx.AsyncClient(trust_env=False), allow_private=True)
        stack.push_async_callback(poster.close)
        await events.subscribe(gateway, poster, SERVICE, await stack.enter_async_context(serve(hear)), ())
        yield Sinks(gateway, poster, sms.messages, mail.messages, told, sms_url)
    databases.give_back(folder)


values = pytest.mark.parametrize("what", HOSTILE)


@in_one_loop
@values
async def test_a_text_is_one_line_of_plain_words_in_the_providers_request(sinks: Sinks, what: str) -> None:
    before = len(sinks.texts)

    await sinks.send(Channel.SMS, HOSTILE[what])

    [text] = sinks.texts[before:]
    assert re.fullmatch(r"\+8613900000\d{3}", text.to)
    assert text.sender == "LENDER"
    assert text.text.startswith("Example Lending: ")
    assert text.text.endswith("Reply STOP to stop texts to this telephone number.")
    assert "\n" not in text.text
    assert not BROKEN.search(text.text)


@in_one_loop
@values
async def test_a_mail_has_its_own_headers_one_reader_and_no_other_html(sinks: Sinks, what: str) -> None:
    await sinks.send(Channel.EMAIL, "words", "Li Wei")
    expected = sinks.mails[-1]
    before = len(sinks.mails)

    await sinks.send(Channel.EMAIL, HOSTILE[what], HOSTILE[what])

    [mail] = sinks.mails[before:]
    assert len(mail.recipients) == 1
    assert mail.message.keys() == expected.message.keys()
    assert not BROKEN.search(str(mail.message["Subject"]))
    assert not BROKEN.search(mail.text)
    assert _tags(mail) == _tags(expected)


@in_one_loop
@values
async def test_an_event_is_one_object_with_the_value_in_its_place(sinks: Sinks, what: str) -> None:
    await sinks.tell()
    customer = await sinks.send(Channel.SMS, HOSTILE[what])
    entry = RecordConsent(customer.id, ConsentStatus.WITHDRAWN, source=HOSTILE[what], evidence=HOSTILE[what])
    await customers.record_consent(sinks.gateway, SERVICE, entry)

    told = await sinks.tell()

    bodies = [json.loads(body) for _, body in told]
    assert len(bodies) > 1
    assert all(set(body) == {"type", "timestamp", "data"} for body in bodies)
    assert {body["data"].get("reference") for body in bodies} == {HOSTILE[what], None}
    assert not any("bcc" in name or "evil" in name for headers, _ in told for name in headers)


@in_one_loop
@values
async def test_a_database_keeps_the_value_and_obeys_nothing_in_it(sinks: Sinks, what: str) -> None:
    value = HOSTILE[what]
    points = (NewPoint(Channel.EMAIL, "sql@mail.example"),)
    wanted = RegisterCustomer(value, "en", "TEST", points, name=value, time_zones=("Asia/Shanghai",))

    made = await customers.register(sinks.gateway, SERVICE, wanted)

    async with sinks.gateway.database.read() as work:
        assert await store.by_reference(work, value) == made
        assert await store.by_reference(work, value.replace("%", "_")) in (made, None)
        assert await store.by_reference(work, "%") is None
    assert made.name == value


@in_one_loop
@values
async def test_the_page_of_texts_shows_it_as_text(sinks: Sinks, what: str) -> None:
    value = HOSTILE[what]
    async with httpx.AsyncClient(trust_env=False) as client:
        body = {"reference": value, "from": value, "to": value, "text": value}
        await client.post(sinks.sms_url, json=body)

        page = (await client.get(sinks.sms_url)).text

    assert not {"script", "img", "b"} & _tags_of(page).keys()


@values
def test_a_table_on_a_terminal_shows_it_and_obeys_nothing(what: str) -> None:
    shown = io.StringIO()
    table = Table("column")
    table.add_row(cell(HOSTILE[what]))

    Console(file=shown, width=500, force_terminal=True, no_color=True).print(table)

    assert visible(HOSTILE[what]).rstrip() in shown.getvalue()
    assert visible(HOSTILE[what]).isprintable()


def test_what_is_visible_stays_as_it_is() -> None:
    assert visible("王芳 said: “stop”, 😀 [x]\u3000(a b)") == "王芳 said: “stop”, 😀 [x]\u3000(a b)"
    assert visible("a\nb\x1b[0m\u202e") == r"a\nb\x1b[0m\u202e"


async def test_commands_show_what_others_wrote_and_obey_nothing(tmp_path: Path) -> None:
    async with open_gateway(databases.settings(tmp_path)) as gateway:
        for number, value in enumerate(HOSTILE.values()):
            await create_key(gateway.database, Role.ADMIN, value)
            await pausing.pause(gateway, Caller(f"{number}", Role.ADMIN, value), value)
    env = environment(tmp_path)

    tables = [await asyncio.to_thread(run, [what, *more], env) for what, *more in (["keys", "list"], ["pauses"])]
    lines = [
        await asyncio.to_thread(run, [what, *more, "--json"], env) for what, *more in (["keys", "list"], ["pauses"])
    ]

    assert not any(BROKEN.search(shown) for shown in (*tables, *lines))
    assert all("[/nope]" in re.sub(r"[\s│]", "", shown) for shown in tables)
    assert {json.loads(line)["name"] for line in lines[0].splitlines()} == set(HOSTILE.values())
    assert {json.loads(line)["reason"] for line in lines[1].splitlines()} == set(HOSTILE.values())


_LOGGING = """
import json, logging, sys
import structlog
from gateway import logs
logs.set_up("DEBUG")
for value in json.loads(sys.argv[1]):
    structlog.get_logger().warning(value, value=value, list=[value])
    logging.getLogger("library").warning(value)
    logging.getLogger("library").error("text", exc_info=ValueError(value))
    class Gone:
        def __del__(self):
            raise ValueError(value)
    Gone()
"""


def test_a_line_of_the_log_is_one_object_and_of_errors_and_libraries_it_holds_no_text() -> None:
    values = list(HOSTILE.values())
    command = [sys.executable, "-c", _LOGGING, json.dumps(values)]

    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stderr

    lines = [json.loads(line) for line in said.splitlines()]
    ours = [line for line in lines if "value" in line]
    others = [line for line in lines if "value" not in line]
    assert [line["value"] for line in ours] == values
    assert len(others) == 3 * len(values)
    assert not any(value in json.dumps(others) or json.dumps(value)[1:-1] in json.dumps(others) for value in values)
    assert not BROKEN.search(said)


@in_one_loop
@pytest.mark.parametrize(
    "name",
    [
        "https://evil.example",
        "Li, win at evil.example now",
        "www.evil.example",
        "eve@evil.example",
        "ev\u200bil.example",
    ],
)
async def test_a_name_that_would_be_read_as_an_address_is_left_out(sinks: Sinks, name: str) -> None:
    await sinks.send(Channel.EMAIL, "words", name)

    assert "Hello," in sinks.mails[-1].text
    assert "evil" not in sinks.mails[-1].text


@in_one_loop
@pytest.mark.parametrize(
    "name", ["Ahmad a/l Raju", "Tan Ah Kow @ Lim", "J.R. Smith", "王芳", "Dr. O'Neill-Müller, Jr."]
)
async def test_a_name_that_people_have_is_said(sinks: Sinks, name: str) -> None:
    await sinks.send(Channel.EMAIL, "words", name)

    assert f"Dear {name}," in sinks.mails[-1].text


def _tags(mail: LocalMail) -> Counter[str]:
    part = mail.message.get_body(("html",))
    assert part is not None
    return _tags_of(str(part.get_content()))


def _tags_of(html: str) -> Counter[str]:
    found: Counter[str] = Counter()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            found[" ".join([tag, *(name for name, _ in attributes)]) if tag != "p" else tag] += 1

    Reader().feed(html)
    return found
