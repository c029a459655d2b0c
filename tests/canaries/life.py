"""A whole life of customers, with a canary in every free text, and all that was said about it kept.

One `gateway serve` on real ports: providers that accept, refuse, echo and hang up, a subscriber, agents, replies,
complaints, and errors of every kind, one after the other.
"""

import asyncio
import json
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from graphql import GraphQLInputObjectType, GraphQLNonNull, get_named_type, get_nullable_type
from graphql.type import is_list_type
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from channels import standard_webhooks
from channels.local import Answer, Cut, LocalSmsProvider, LocalSmtpServer, Refuse, serve
from gateway.api.ids import parse_id
from gateway.api.schema import CORE
from gateway.clock import SystemClock
from tests import databases
from tests.answers import wrong
from tests.canaries.canary import Canary, Haystack, mail, number, word
from tests.canaries.inputs import INPUTS, Kind
from tests.processes import Server, environment, run, server

SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
MAIL_SECRET = "a-mail-secret"

NO_RULES = """
code = "OPEN"
name = "A pack without a rule"
version = "1"
"""

_COMMAND = str(Path(sys.executable).with_name("gateway"))


@dataclass
class Life:
    """What was planted, and what came out, by where."""

    canaries: list[Canary] = field(default_factory=list)
    logs: dict[str, bytes] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)  #: all of TOLD were
    at_rest: dict[str, bytes] = field(default_factory=dict)

    def plant(self, where: str) -> str:
        """A new canary for an input of the schema."""
        canary = word(where, INPUTS[where][0])
        self.canaries.append(canary)
        return canary.text

    def write(self, where: str) -> str:
        """A new canary for something that somebody else wrote: a reply, a name in a mail, a provider's answer."""
        canary = word(where)
        self.canaries.append(canary)
        return canary.text

    def number(self, where: str) -> str:
        canary = number(where)
        self.canaries.append(canary)
        return f"+86{canary.core}"

    def mail(self, where: str) -> str:
        who, at, address = mail(where)
        self.canaries += [who, at]
        return address

    def found(self, where: Mapping[str, bytes], *kinds: Kind) -> set[str]:
        """Which canaries of these kinds are there: where, which, and how they are written."""
        found = set()
        for name, data in where.items():
            haystack = Haystack(data)
            for canary in self.canaries:
                if canary.kind in kinds and (forms := haystack.holds(canary)):
                    found.add(f"{name}: {canary.what} ({', '.join(forms)})")
        return found

    def hear(self, what: str, answer: Any) -> None:
        """Keep what an answer says is wrong."""
        self.errors += [(what, json.dumps(wrong, ensure_ascii=False)) for wrong in wrong(answer)]


@dataclass
class Callers:
    """Those who use the API, by role."""

    life: Life
    http: httpx.AsyncClient
    keys: dict[str, str]

    async def say(self, role: str, query: str, variables: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """The answer, whatever it is."""
        headers = {"Authorization": f"Bearer {self.keys[role]}"}
        body = {"query": query, "variables": variables or {}, **more}
        response = await self.http.post("/graphql", json=body, headers=headers)
        answer: dict[str, Any] = response.json()
        self.life.hear(query, answer)
        return answer

    async def do(self, role: str, operation: str, given: dict[str, Any], fields: str) -> dict[str, Any]:
        """What an operation with one input answers, which must have worked."""
        kind = f"{operation[0].upper()}{operation[1:]}Input"
        selected = f"{fields} userErrors {{ code field message }}"
        query = f"mutation Do($input: {_KINDS.get(operation, kind)}!) {{ {operation}(input: $input) {{ {selected} }} }}"
        answer = await self.say(role, query, {"input": given})
        assert not list(wrong(answer)), (operation, answer)
        done: dict[str, Any] = answer["data"][operation]
        return done


TOLD = (b"contact.delivered", b"consent.granted", b"reply.received")
"""Events that are told before anything goes wrong."""

_KINDS = {"claimNextCallback": "ClaimCallbackInput"}

_RELEASE = """mutation Release($id: ID!, $reason: String) {
  releaseCallback(callbackId: $id, reason: $reason) { callback { id } userErrors { message } } }"""

_REGISTER = """mutation Register($input: RegisterCustomerInput!) {
  registerCustomer(input: $input) { customer { id } userErrors { code field message } } }"""

_REQUEST = """mutation Request($input: RequestContactInput!) {
  requestContact(input: $input) { contact { id } userErrors { code field message } } }"""


async def live(folder: Path) -> Life:
    """From the first registration to what is left on disk."""
    life = Life()
    (folder / "rulebooks").mkdir()
    (folder / "rulebooks" / "open.toml").write_text(NO_RULES)
    sms, post = LocalSmsProvider(), LocalSmtpServer()

    async def hear(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        life.events.append(repr(sorted(request.headers.items())).encode() + await request.body())
        if all(kind in b"\n".join(life.events) for kind in TOLD):
            life.told.set()
        await Response(status_code=204)(scope, receive, send)

    async with AsyncExitStack() as stack:
        env = environment(
            folder,
            log_level="DEBUG",
            rulebooks=folder / "rulebooks",
            poll_seconds=0.05,
            retry_seconds=1,
            max_attempts=2,
            callback_ring_again_minutes=1,
            events_allow_private=True,
            sms_webhook_secret=SECRET,
            mail_webhook_secret=MAIL_SECRET,
            sms_url=await stack.enter_async_context(sms.serve()),
            smtp_url=await stack.enter_async_context(post.serve()),
        )
        await _command(life, env, "migrate")
        keys = {
            role: await asyncio.to_thread(run, ["keys", "create", "--role", role, "--name", role.lower()], env)
            for role in ("SERVICE", "AGENT", "COMPLIANCE", "ADMIN")
        }
        made = ["keys", "create", "--role", "SERVICE", "--name", "frontend", "--scope", "mintCustomerToken"]
        keys["FRONTEND"] = await asyncio.to_thread(run, made, env)
        log = folder / "serve.log"
        one = await stack.enter_async_context(_served(env, log))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=one.url, timeout=120))
        callers = Callers(life, http, keys)
        events = await stack.enter_async_context(serve(hear))
        await _go_well(callers, sms, post, f"{events}?token={life.plant('SubscribeEventsInput.url')[:16]}")
        await _go_wrong(callers, sms)
        await _over_websocket(life, one.url, keys["SERVICE"])
        async with _broken(folder):
            await _ask_everybody(callers, env, folder)
        async with _away(folder, one, log):
            for _ in range(20):
                await _ask_everybody(callers, env, folder)
                if b"the database cannot be used" in log.read_bytes():
                    break
        await _command(life, env, "mailbox", str(_letter(life, folder)))
        life.at_rest |= {f"while it runs, {name}": data for name, data in (await _at_rest(folder)).items()}
        await asyncio.to_thread(one.stop)
        life.logs["gateway serve"] = log.read_bytes()
        life.at_rest |= await _at_rest(folder)
    return life


async def _go_well(callers: Callers, sms: LocalSmsProvider, post: LocalSmtpServer, url: str) -> None:
    """All that a life holds, said in canaries."""
    life, do = callers.life, callers.do
    plant = life.plant
    await do("SERVICE", "subscribeEvents", {"url": url}, "subscription { id }")
    address, own_mail = life.number("ContactPointInput.address"), life.mail("ContactPointInput.address")
    first = await _register(callers, plant("RegisterCustomerInput.reference"), address, own_mail)
    second = await _register(
        callers, plant("RegisterCustomerInput.reference"), life.number("second"), life.mail("other")
    )
    debt = plant("AccountInput.reference")
    bill = {
        "reference": plant("RegisterBillInput.reference"), "customerId": first, "dueOn": "2026-11-01",
        "account": {"reference": debt, "product": "CONSUMER_LOAN"}, "amountDue": {"amount": "1.00", "currency": "CNY"},
    }  # fmt: skip
    await do("SERVICE", "registerBill", bill, "bill { id }")
    paid = {
        "reference": plant("RecordPaymentInput.reference"),
        "account": debt,
        "amount": {"amount": "0.10", "currency": "CNY"},
    }
    await do("SERVICE", "recordPayment", paid, "bills { id }")
    await _plans(callers, first)
    await do("SERVICE", "recordConsent", {
        "customerId": first, "status": "GRANTED", "source": plant("RecordConsentInput.source"),
        "idempotencyKey": plant("RecordConsentInput.idempotencyKey"), "evidence": plant("RecordConsentInput.evidence"),
    }, "customer { id }")  # fmt: skip
    outside = {
        "customerId": first, "reference": plant("RecordOutsideContactInput.reference"), "channel": "VOICE",
        "result": "CONVERSATION", "initiator": "CUSTOMER", "at": _at(hours=-1), "address": address, "accounts": [debt],
        "note": plant("RecordOutsideContactInput.note"),
    }  # fmt: skip
    answered = (await do("AGENT", "recordOutsideContact", outside, "outsideContact { id }"))["outsideContact"]["id"]
    hold = {
        "idempotencyKey": plant("PlaceHoldInput.idempotencyKey"), "customerId": second, "kind": "DISPUTE",
        "note": plant("PlaceHoldInput.note"),
    }  # fmt: skip
    placed = (await do("COMPLIANCE", "placeHold", hold, "hold { id }"))["hold"]["id"]
    await do("COMPLIANCE", "liftHold", {"holdId": placed, "reason": plant("LiftHoldInput.reason")}, "hold { id }")
    promise = {
        "idempotencyKey": plant("RecordPromiseInput.idempotencyKey"), "customerId": first, "account": debt,
        "payBy": "2027-01-01",
    }  # fmt: skip
    made = (await do("AGENT", "recordPromise", promise, "promise { id }"))["promise"]["id"]
    unmade = {"promiseId": made, "reason": plant("WithdrawPromiseInput.reason")}
    await do("AGENT", "withdrawPromise", unmade, "promise { id }")
    await _tell(callers, second)
    await do("SERVICE", "linkCustomers", {"customerIds": [first, second]}, "customers { id }")

    sent = [await _contact(callers, first, channel, answered) for channel in ("SMS", "EMAIL")]
    attempts = [await _until(callers, one, "SENT") for one in sent]
    await _ask(callers, sent)
    await _unclear(callers, sms, first)
    await _fail(callers, sms, post, second)
    later = await _contact(callers, first, "SMS", answered, notBefore=_at(hours=5))
    await do(
        "SERVICE", "cancelContact", {"contactId": later, "reason": plant("CancelContactInput.reason")}, "contact { id }"
    )
    await _calls(callers, first)

    await do("SERVICE", "planContacts", {"dryRun": True, "name": plant("PlanContactsInput.name")}, "endCursor")

    pause = {"reason": plant("PauseSendingInput.reason"), "purpose": "MARKETING"}
    paused = (await do("COMPLIANCE", "pauseSending", pause, "pause { id }"))["pause"]["id"]
    resume = {"pauseId": paused, "reason": plant("ResumeSendingInput.reason")}
    await do("COMPLIANCE", "resumeSending", resume, "pause { id }")

    await _hear(
        callers,
        {"type": "receipt", "reference": attempts[0], "status": "delivered", "code": life.write("a receipt's code")},
    )
    await _hear(callers, {"type": "reply", "id": "r-1", "from": address, "text": life.write("a reply by text")})
    await _hear(
        callers,
        {"type": "reply", "id": "r-2", "from": life.number("a stranger"), "text": life.write("a stranger's reply")},
    )
    await _mail(callers, own_mail, life.write("a reply by mail"))
    replies = (
        await callers.say("AGENT", "{ replies(first: 50, status: OPEN) { nodes { id text contactPoint { masked } } } }")
    )["data"]
    assert len(replies["replies"]["nodes"]) >= 3
    settled = {"replyId": replies["replies"]["nodes"][0]["id"], "note": plant("SettleReplyInput.note")}
    await do("AGENT", "settleReply", settled, "reply { id }")
    await _see(callers, first, second)
    # Before anything fails: told again after a failure, they would come minutes later.
    async with asyncio.timeout(120):
        await life.told.wait()


async def _plans(callers: Callers, customer: str) -> None:
    """An application for another plan, and why it is declined."""
    plant, do = callers.life.plant, callers.do
    amount = {"amount": "300.00", "currency": "CNY"}
    bill = {"reference": plant("RegisterBillInput.reference"), "customerId": customer, "dueOn": "2026-11-01"}
    account = {"reference": plant("AccountInput.reference")}
    owed = await do("SERVICE", "registerBill", {**bill, "account": account, "amountDue": amount}, "bill { id }")
    applied = {
        "idempotencyKey": plant("SubmitRepaymentApplicationInput.idempotencyKey"),
        "billId": owed["bill"]["id"],
        "instalments": [{"dueOn": _at(hours=240)[:10], "amount": amount}],
        "reason": plant("SubmitRepaymentApplicationInput.reason"),
        "documents": [plant("SubmitRepaymentApplicationInput.documents")],
    }
    made = await do("AGENT", "submitRepaymentApplication", applied, "application { id }")
    decided = {
        "applicationId": made["application"]["id"],
        "approve": False,
        "reason": plant("DecideRepaymentApplicationInput.reason"),
    }
    await do("AGENT", "decideRepaymentApplication", decided, "application { id }")


async def _tell(callers: Callers, customer: str) -> None:
    """Paying was said to be hard, which was an error, and a complaint was answered."""
    plant, do = callers.life.plant, callers.do
    told = {
        "idempotencyKey": plant("RecordHardshipSignalInput.idempotencyKey"), "customerId": customer, "kind": "OTHER",
        "note": plant("RecordHardshipSignalInput.note"),
    }  # fmt: skip
    signal = (await do("AGENT", "recordHardshipSignal", told, "signal { id }"))["signal"]["id"]
    error = {"signalId": signal, "reason": plant("WithdrawHardshipSignalInput.reason")}
    await do("AGENT", "withdrawHardshipSignal", error, "signal { id }")
    complaint = {
        "idempotencyKey": plant("FileComplaintInput.idempotencyKey"), "customerId": customer,
        "text": plant("FileComplaintInput.text"),
    }  # fmt: skip
    filed = (await do("AGENT", "fileComplaint", complaint, "complaint { id }"))["complaint"]["id"]
    answer = {"complaintId": filed, "answer": plant("SettleComplaintInput.answer")}
    await do("AGENT", "settleComplaint", answer, "complaint { id }")
    query = "query ($id: ID!, $why: String) { node(id: $id) { ... on Complaint { answer(reason: $why) } } }"
    await callers.say("AGENT", query, {"id": filed, "why": plant("answer.reason")})


async def _ask(callers: Callers, contacts: list[str]) -> None:
    """How we did: one contact is answered for by an agent, the other by the link."""
    plant, do = callers.life.plant, callers.do
    said = {
        "idempotencyKey": plant("RecordSurveyAnswerInput.idempotencyKey"), "contactId": contacts[0], "score": 2,
        "text": plant("RecordSurveyAnswerInput.text"),
    }  # fmt: skip
    answered = (await do("AGENT", "recordSurveyAnswer", said, "answer { id }"))["answer"]["id"]
    query = "query ($id: ID!, $why: String) { node(id: $id) { ... on SurveyAnswer { text(reason: $why) } } }"
    await callers.say("AGENT", query, {"id": answered, "why": plant("text.reason")})
    see = 'query ($id: ID!) { contact(id: $id) { message(reason: "to follow the link") } }'
    message = (await callers.say("ADMIN", see, {"id": contacts[1]}))["data"]["contact"]["message"]
    [path] = set(re.findall(r"/survey/[\w-]+", message))
    sent = await callers.http.post(path, data={"score": "3", "text": callers.life.write("a survey's answer")})
    assert sent.status_code == 200


async def _register(callers: Callers, reference: str, text: str, mail: str) -> str:
    points = [
        {"channel": "SMS", "address": text},
        {"channel": "CALLBACK", "address": text},
        {"channel": "EMAIL", "address": mail},
    ]
    given = {
        "reference": reference, "name": callers.life.plant("RegisterCustomerInput.name"), "locale": "en",
        "jurisdiction": "OPEN", "timeZones": ["Asia/Shanghai"], "contactPoints": points,
    }  # fmt: skip
    done = await callers.do("SERVICE", "registerCustomer", given, "customer { id contactPoints { masked } }")
    return str(done["customer"]["id"])


async def _contact(callers: Callers, customer: str, channel: str, in_reply_to: str | None = None, **more: str) -> str:
    plant = callers.life.plant
    variables = {name: plant("RequestContactInput.variables") for name in ("answer", "topic")}
    given = {
        "idempotencyKey": plant("RequestContactInput.idempotencyKey"), "customerId": customer, "channels": [channel],
        "purpose": "CUSTOMER_REPLY", "reference": plant("RequestContactInput.reference"), "inReplyTo": in_reply_to,
        "variables": variables,
        **more,
    }  # fmt: skip
    done = await callers.do("SERVICE", "requestContact", given, "contact { id status }")
    return str(done["contact"]["id"])


async def _until(callers: Callers, contact: str, status: str) -> str:
    """Wait until the contact is there. The inner id of its last attempt."""
    query = "query One($id: ID!) { contact(id: $id) { status attempts(last: 1) { nodes { id detail providerCode } } } }"
    async with asyncio.timeout(30):
        while True:
            found = (await callers.say("SERVICE", query, {"id": contact}))["data"]["contact"]
            if found["status"] == status:
                [attempt] = found["attempts"]["nodes"]
                return _inner(attempt["id"])
            await asyncio.sleep(0.05)


async def _unclear(callers: Callers, sms: LocalSmsProvider, customer: str) -> None:
    """Twice nobody knows what became of it: the provider hangs up, and it fails with a 500 and words of its own."""
    echo = callers.life.write("what a provider answers")
    for ending in (Cut(), Answer(500, json.dumps({"code": echo, "message": echo, "id": echo}), {"X-Said": "no"})):
        sms.script.next(ending)
        contact = await _contact(callers, customer, "SMS")
        await _until(callers, contact, "UNCLEAR")
        reason = callers.life.plant("SettleContactInput.reason")
        settled = {"contactId": contact, "delivered": False, "reason": reason}
        await callers.do("COMPLIANCE", "settleContact", settled, "contact { id }")


async def _fail(callers: Callers, sms: LocalSmsProvider, post: LocalSmtpServer, customer: str) -> None:
    """The providers refuse, and say the address and the words again."""
    echo = callers.life.write("what a provider refuses with")
    sms.script.next(Answer(400, json.dumps({"code": echo, "message": echo}), {"Retry-After": "qx"}))
    await _until(callers, await _contact(callers, customer, "SMS"), "FAILED")
    post.script.next(Refuse(f"550 5.1.1 <{echo[:16]}@mail.example> is unknown here, {echo[:16]}"))
    await _until(callers, await _contact(callers, customer, "EMAIL"), "FAILED")


async def _calls(callers: Callers, customer: str) -> None:
    plant, do = callers.life.plant, callers.do
    for number_ in range(2):
        booked = {
            "idempotencyKey": plant("ScheduleCallbackInput.idempotencyKey"), "customerId": customer, "at": _at(),
            "purpose": "FOLLOW_UP", "note": plant("ScheduleCallbackInput.note"),
        }  # fmt: skip
        await do("AGENT", "scheduleCallback", booked, "contact { id }")
        claim = {"idempotencyKey": plant("ClaimCallbackInput.idempotencyKey")}
        async with asyncio.timeout(30):
            while True:
                claimed = await do("AGENT", "claimNextCallback", claim, "callback { id note contactPoint { address } }")
                if claimed["callback"]:
                    break
                claim = {"idempotencyKey": plant("ClaimCallbackInput.idempotencyKey")}
                await asyncio.sleep(0.05)
        callback = claimed["callback"]["id"]
        if number_:
            await callers.say("AGENT", _RELEASE, {"id": callback, "reason": plant("releaseCallback.reason")})
            continue
        recorded = {
            "callbackId": callback, "idempotencyKey": plant("RecordCallInput.idempotencyKey"), "result": "CONVERSATION",
            "note": plant("RecordCallInput.note"),
        }  # fmt: skip
        await do("AGENT", "recordCall", recorded, "contact { id }")


async def _see(callers: Callers, customer: str, other: str) -> None:
    """Somebody reads all of it, unmasked, and says why; and then it is asked for, and to be forgotten."""
    life = callers.life
    fields = ("name", "address", "message", "cancelReason", "note", "text", "sender", "reason", "decisionReason")
    reasons = {one: life.plant(f"{one}.reason") for one in fields}
    query = f"""query See($id: ID!, {", ".join(f"${one}: String" for one in fields)}) {{ customer(by: {{id: $id}}) {{
      name(reason: $name) reference contactPoints {{ address(reason: $address) masked }} consents {{ source }}
      contacts(last: 50) {{ nodes {{ message(reason: $message) cancelReason(reason: $cancelReason)
        attempts {{ nodes {{ note(reason: $note) detail }} }} }} }} views {{ nodes {{ reason }} }} }}
      repaymentApplications {{ nodes {{ reason(reason: $reason) decisionReason(reason: $decisionReason) }} }}
      replies(first: 50) {{ nodes {{ text(reason: $text) sender(reason: $sender) }} }}
      pauses(ended: true) {{ reason resumeReason }} eventSubscriptions {{ url }} }}"""
    preview = "query ($input: PreviewMessageInput!) { previewMessage(input: $input) { text problems { words } } }"
    tried = {"answer": life.plant("PreviewMessageInput.variables")}
    given = {"customerId": customer, "purpose": "CUSTOMER_REPLY", "channel": "SMS", "variables": tried}
    await callers.say("SERVICE", preview, {"input": given})
    check = "query ($input: CheckWordsInput!) { checkWords(input: $input) { text problems { words } } }"
    await callers.say(
        "ADMIN", check, {"input": {"text": life.plant("CheckWordsInput.text"), "channel": "SMS", "locale": "en"}}
    )
    seen = await callers.say("COMPLIANCE", query, {"id": customer, **reasons})
    assert "errors" not in seen, seen
    assert reasons["name"] not in str(seen)
    inbox = "query ($to: String, $subject: String) { sandboxInbox { to(reason: $to) subject(reason: $subject) } }"
    await callers.say("ADMIN", inbox, {one: life.plant(f"{one}.reason") for one in ("to", "subject")})
    export = {"customerId": customer, "reason": life.plant("ExportCustomerInput.reason")}
    await callers.do("COMPLIANCE", "exportCustomer", export, "export")
    await callers.do("FRONTEND", "mintCustomerToken", {"customerId": customer, "scopes": ["viewer"]}, "token")
    erase = {"customerId": other, "reason": life.plant("EraseCustomerInput.reason")}
    await callers.do("COMPLIANCE", "eraseCustomer", erase, "erasure { keptUntil }")


async def _hear(callers: Callers, said: Any, *, secret: str = SECRET, headers: dict[str, str] | None = None) -> None:
    """A webhook of the generic provider; what is answered to it is kept."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    signed = standard_webhooks.sign(secret, f"event-{len(callers.life.errors)}", SystemClock()(), body)
    answer = await callers.http.post("/webhooks/http", content=body, headers={**signed, **(headers or {})})
    callers.life.errors.append(("a webhook", f"{answer.status_code} {answer.headers} {answer.text}"))


async def _mail(callers: Callers, sender: str, text: str) -> None:
    life = callers.life
    raw = (
        f"From: {life.write('a name in a mail')} <{sender}>\nSubject: Re: {life.write('the subject of a reply')}\n"
        f"Message-ID: <{life.write('the id of a mail')[:16]}@mail.example>\n"
        f"Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    ).encode()
    headers = {"Authorization": f"Bearer {MAIL_SECRET}"}
    answer = await callers.http.post("/webhooks/mail", content=raw, headers=headers)
    life.errors.append(("a mail", f"{answer.status_code} {answer.text}"))


async def _go_wrong(callers: Callers, sms: LocalSmsProvider) -> None:
    """Every operation with a canary in the place of every value, and requests that are none."""
    life, http = callers.life, callers.http
    for root in (CORE.query_type, CORE.mutation_type):
        assert root is not None
        for name, asked in root.fields.items():
            for fill in (
                _FILLS["words"],
                _FILLS["too long"],
                _FILLS["with a NUL"],
                _FILLS["an object"],
                _FILLS["markup"],
            ):
                arguments = {argument: _filled(given.type, fill, life) for argument, given in asked.args.items()}
                kinds = ", ".join(f"${argument}: {given.type}" for argument, given in asked.args.items())
                passed = ", ".join(f"{argument}: ${argument}" for argument in asked.args)
                fields = " { __typename }" if hasattr(get_named_type(asked.type), "fields") else ""
                call = f"{name}({passed})" if passed else name
                word_ = "mutation" if root is CORE.mutation_type else "query"
                await callers.say("ADMIN", f"{word_} Do{f'({kinds})' if kinds else ''} {{ {call}{fields} }}", arguments)
    for query in _NO_QUERIES:
        await callers.say("SERVICE", query.replace("CANARY", life.write(f"in {query}")))
    await callers.say("SERVICE", "query A { viewer { role } }", operationName=life.write("operationName"))
    await callers.say("SERVICE", "{ viewer { role } }", extensions=life.write("extensions"))
    wrong = life.write("all over HTTP")
    for method, path, more in _NO_REQUESTS(wrong):
        answer = await http.request(method, path, **more)
        life.errors.append((f"{method} {path[:20]}", f"{answer.status_code} {answer.text}"))
    await _hear(
        callers,
        {"type": "reply", "id": "r-3", "from": life.write("who forges"), "text": life.write("a forgery")},
        secret="whsec_" + "AAAA" * 8,
    )
    await _hear(callers, {"type": life.write("no type"), "reference": life.write("no reference")})
    await _hear(callers, life.write("what is no JSON").encode())
    await _hear(callers, {"type": "receipt", "reference": life.write("nothing of ours")[:16], "status": "delivered"})
    await _twice(callers)


_FILLS = {
    "words": lambda text: text,
    "too long": lambda text: text * 300,
    "with a NUL": lambda text: f"{text}\0",
    "an object": lambda text: {text: [text]},
    "markup": lambda text: f"<b>{text}</b>\n\x1b[31m",
}

_NO_QUERIES = (
    "CANARY",
    '{ customer(by: {reference: "CANARY" }) { CANARY } }',
    '{ customer(by: {reference: "CANARY ',
    '{ customer(by: {reference: """CANARY ',
    '{ customer(by: {reference: "\\uCANARY"}) { id } }',
    '{ customer(by: {nothing: "CANARY"}) { id } }',
    '{ customer(by: "CANARY") { id } }',
    '{ customer(by: {id: "CANARY"}) { id } }',
    '{ customer(by: {reference: ["CANARY"]}) { id } }',
    '{ contact(id: {a: "CANARY"}) { id } }',
    '{ contacts(first: "CANARY") { totalCount } }',
    '{ contacts(after: "CANARY") { totalCount } }',
    '{ contacts(filter: {from: "CANARY"}) { totalCount } }',
    '{ contacts(filter: {status: "CANARY"}) { totalCount } }',
    '{ rules(jurisdiction: "CANARY") { id } }',
    '{ viewer @include(if: "CANARY") { role } }',
    '{ viewer { role(CANARY: "CANARY") } }',
    'query A($a: String = {a: "CANARY"}) { viewer { role } }',
    '# CANARY\n{ viewer { name(x: "CANARY") } }',
    'subscription { contactChanged(customerId: "CANARY") { id } }',
)


def _NO_REQUESTS(text: str) -> list[tuple[str, str, dict[str, Any]]]:  # noqa: N802 - a table
    key = {"Authorization": f"Bearer {text.encode().hex()}"}
    as_json = {"Content-Type": "application/json"}
    return [
        ("POST", "/graphql", {"content": text.encode(), "headers": as_json}),
        ("POST", "/graphql", {"json": {"query": text}, "headers": key}),
        ("POST", "/graphql", {"data": {"query": text}}),
        ("GET", "/graphql", {"params": {"query": text, "variables": text}}),
        ("PUT", "/graphql", {"params": {"query": text}}),
        ("GET", f"/{text}", {}),
        ("GET", f"/unsubscribe/{text}", {}),
        ("POST", f"/unsubscribe/{text}", {"content": text.encode()}),
        ("GET", f"/survey/{text}", {}),
        ("POST", f"/survey/{text}", {"data": {"score": "1", "text": text}}),
        ("POST", f"/webhooks/{text}", {"content": text.encode()}),
        ("POST", f"/webhooks/mail?{text}", {"content": text.encode(), "headers": key}),
        ("POST", "/webhooks/mail", {"content": text.encode(), "headers": {"Authorization": f"Bearer {MAIL_SECRET}"}}),
        ("GET", "/graphql", {"headers": {"X-Canary": text.encode().hex(), "Accept-Language": text.encode().hex()}}),
    ]


def _filled(kind: Any, fill: Any, life: Life, path: str = "") -> Any:
    """A value with a canary in every place, whatever type belongs there."""
    inner = get_nullable_type(kind)
    if is_list_type(inner):
        return [_filled(inner.of_type, fill, life, path)]
    if isinstance(inner, GraphQLInputObjectType):
        return {name: _filled(given.type, fill, life, f"{inner.name}.{name}") for name, given in inner.fields.items()}
    free = str(get_named_type(kind)) in ("String", "JSON")
    if not free and not isinstance(kind, GraphQLNonNull):
        # Half of the values are of the right form, so that others are reached.
        return None
    is_reference = INPUTS.get(path, (None,))[0] is Kind.REFERENCE
    return fill(life.plant(path) if is_reference else life.write(f"a wrong {path or kind}"))


async def _twice(callers: Callers) -> None:
    """The same key with another body."""
    life = callers.life
    reference = life.plant("RegisterCustomerInput.reference")
    customer = await _register(callers, reference, life.number("twice"), life.mail("twice"))
    key = life.plant("RequestContactInput.idempotencyKey")
    for _ in range(2):
        variables = {"answer": life.plant("RequestContactInput.variables"), "topic": "t"}
        given: dict[str, Any] = {
            "idempotencyKey": key,
            "customerId": customer,
            "purpose": "CUSTOMER_REPLY",
            "channels": ["EMAIL"],
            "variables": variables,
        }
        await callers.say("SERVICE", _REQUEST, {"input": given})
    given["template"] = life.write("a template that is none")
    given["idempotencyKey"] = life.plant("RequestContactInput.idempotencyKey")
    await callers.say("SERVICE", _REQUEST, {"input": given})
    given["variables"] = {
        life.write("a name of a variable"): life.write("a variable"),
        "plan_url": life.write("no URL"),
    }
    given["template"] = None
    await callers.say("SERVICE", _REQUEST, {"input": given})


async def _over_websocket(life: Life, url: str, key: str) -> None:
    """Errors on a line, and lines that are closed because of what was said."""
    follow = "subscription($id: ID) { contactChanged(contactId: $id) { id } }"
    named = {"query": "{ viewer { role } }", "operationName": life.write("a name over WebSocket")}
    for message in (
        {"type": "subscribe", "id": "1", "payload": {"query": life.write("a query over WebSocket")}},
        {"type": "subscribe", "id": "1", "payload": named},
        {"type": "subscribe", "id": "1", "payload": {"query": follow, "variables": {"id": life.write("an id")}}},
        {"type": life.write("a type over WebSocket")},
        {"type": "subscribe", "id": 1, "payload": life.write("a payload over WebSocket")},
    ):  # fmt: skip
        async with connect(url.replace("http", "ws") + "/graphql", subprotocols=["graphql-transport-ws"]) as line:  # type: ignore[list-item]
            await line.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {key}"}}))
            await line.recv()
            await line.send(json.dumps(message))
            with suppress(ConnectionClosed):
                while (answer := json.loads(await line.recv()))["type"] not in ("error", "complete"):
                    life.errors.append(("over WebSocket", json.dumps(answer)))
                life.errors.append(("over WebSocket", json.dumps(answer)))
            life.errors.append(("over WebSocket", f"{line.close_code} {line.close_reason}"))
    async with connect(url.replace("http", "ws") + "/graphql", subprotocols=["graphql-transport-ws"]) as line:  # type: ignore[list-item]
        await line.send(
            json.dumps({"type": "connection_init", "payload": {"Authorization": life.write("a key over WebSocket")}})
        )
        await line.wait_closed()
        life.errors.append(("over WebSocket", f"{line.close_code} {line.close_reason}"))


async def _ask_everybody(callers: Callers, env: dict[str, str], folder: Path) -> None:
    """Something of each kind, while the database fails."""
    life = callers.life
    register = {
        "reference": life.write("a reference while it fails"), "name": life.write("a name while it fails"),
        "locale": "en", "jurisdiction": "OPEN", "timeZones": ["Asia/Shanghai"],
        "contactPoints": [{"channel": "EMAIL", "address": life.mail("an address while it fails")}],
    }  # fmt: skip
    stranger = {
        "type": "reply",
        "id": life.write("an id")[:16],
        "from": life.number("while it fails"),
        "text": life.write("while it fails"),
    }

    async def answers() -> None:
        for method, path in (("POST", f"/unsubscribe/{life.write('a token')[:16]}"), ("GET", "/ready")):
            answer = await callers.http.request(method, path)
            life.errors.append((path, f"{answer.status_code} {answer.text}"))

    await asyncio.gather(
        callers.say("SERVICE", _REGISTER, {"input": register}),
        _hear(callers, stranger),
        _mail(callers, life.mail("a sender while it fails"), life.write("a mail while it fails")),
        answers(),
        _command(life, env, "mailbox", str(_letter(life, folder))),
    )


def _letter(life: Life, folder: Path) -> Path:
    """A mail that came back, in a file of its own."""
    path = folder / f"{len(life.canaries)}.mbox"
    sender = life.mail("the sender of a mail that came back")
    path.write_text(
        f"From x Mon Nov 23 08:00:00 2026\nFrom: {life.write('who')} <{sender}>\nSubject: {life.write('subject')}\n"
        f"Content-Type: text/plain; charset=utf-8\n\n{life.write('a mail that came back')}\n"
    )
    return path


async def _command(life: Life, env: dict[str, str], *arguments: str) -> None:
    """Run a command of the gateway, and keep all that it prints."""
    done = await asyncio.to_thread(
        subprocess.run, [_COMMAND, *arguments], env=env, capture_output=True, timeout=120, check=False
    )
    name = f"gateway {arguments[0]} {len(life.logs)}"
    life.logs[name] = done.stdout + done.stderr


@asynccontextmanager
async def _served(env: dict[str, str], log: Path) -> AsyncIterator[Server]:
    """`gateway serve`, started and stopped without holding up those who answer it from here."""
    serving = server(env, log)
    one = await asyncio.to_thread(serving.__enter__)
    try:
        yield one
    finally:
        await asyncio.to_thread(serving.__exit__, None, None, None)


@asynccontextmanager
async def _broken(folder: Path) -> AsyncIterator[None]:
    """While this is open, tables are gone: errors that are nobody's fault but ours, with the rows in their texts."""
    tables = ("contact_point", "reply", "consent", "heard")
    await _execute(folder, *(f"ALTER TABLE {name} RENAME TO {name}_gone" for name in tables))
    try:
        yield
    finally:
        await _execute(folder, *(f"ALTER TABLE {name}_gone RENAME TO {name}" for name in tables))


@asynccontextmanager
async def _away(folder: Path, one: Server, log: Path) -> AsyncIterator[None]:
    """While this is open, nothing can be written: the disk is full, or the server lets nobody in."""
    if not databases.is_server():
        await _execute(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
        process, unlimited = one.process.pid, resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE)
        # The log goes on, and the write-ahead log, which is empty now, soon does not.
        resource.prlimit(process, resource.RLIMIT_FSIZE, (_size(log) + 16384, unlimited[1]))
        try:
            yield
        finally:
            resource.prlimit(process, resource.RLIMIT_FSIZE, unlimited)
        return
    name = databases.url(folder).rpartition("/")[2]
    control = await asyncpg.connect(databases.url(folder).rpartition("/")[0] + "/postgres")
    await control.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await control.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    try:
        yield
    finally:
        await control.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await control.close()


async def _execute(folder: Path, *statements: str) -> None:
    if databases.is_server():
        connection = await asyncpg.connect(databases.url(folder))
        for statement in statements:
            await connection.execute(statement)
        await connection.close()
        return
    embedded = sqlite3.connect(folder / "gateway.db", isolation_level=None)
    for statement in statements:
        embedded.execute(statement)
    embedded.close()


async def _at_rest(folder: Path) -> dict[str, bytes]:
    """All that is on disk: the files, or every table as text."""
    if not databases.is_server():
        return _files(folder)
    connection = await asyncpg.connect(databases.url(folder))
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = {
        name: "\n".join(row[0] for row in await connection.fetch(f'SELECT one::text FROM "{name}" one')).encode()
        for (name,) in tables
    }
    await connection.close()
    return found


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("gateway.db*")}


def _size(path: Path) -> int:
    return path.stat().st_size


def _inner(global_id: str) -> str:
    return parse_id(global_id)[1]


def _at(hours: float = 0) -> str:
    return (SystemClock()() + timedelta(hours=hours)).isoformat()
