"""Each provider opposite its other side, for the contract that all of them keep."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from ssl import SSLContext
from typing import Literal, Protocol

from channels.base import Message, OutcomeUnknown, PermanentFailure, Provider, TemporaryFailure
from channels.callback import CallbackQueue
from channels.email import SmtpEmail
from channels.local import Accept, Answer, Cut, LocalSmsProvider, LocalSmtpServer, Refuse, Slow, serve
from channels.sandbox import Delay, Sandbox
from channels.sms.aliyun import AliyunSms, Registered
from channels.sms.http import HttpSms
from channels.sms.twilio import TwilioSms
from channels.sms.vonage import VonageSms
from tests.channels import aliyun_vendor, vonage_vendor
from tests.channels.aliyun_vendor import AliyunVendor
from tests.channels.builders import A_MAIL, A_REGISTERED_TEXT, A_TEXT, FOREVER, an_http_client
from tests.channels.twilio_vendor import ACCOUNT, TOKEN, Says, TwilioVendor
from tests.channels.vonage_vendor import VonageVendor

Ending = Literal["temporary", "permanent", "unknown", "silent"]
Tls = tuple[SSLContext, SSLContext]


class Stage(Protocol):
    """A provider and its other side."""

    provider: Provider
    message: Message

    def next(self, ending: Ending) -> None:
        """How the other side treats the next message; it repeats the address wherever it can."""

    def relent(self) -> None:
        """The other side treats messages well from now on, whatever it was told before."""

    def taken(self) -> int:
        """How many messages the other side has taken."""


class HttpStage:
    message = A_TEXT

    def __init__(self, vendor: LocalSmsProvider, url: str) -> None:
        self.vendor = vendor
        self.provider: Provider = HttpSms(an_http_client(), url, "LENDER")

    def next(self, ending: Ending) -> None:
        refusal = f'{{"code": "bad_address", "message": "{self.message.to}"}}'
        behaviours: dict[Ending, Answer | Cut | Slow] = {
            "temporary": Answer(503, refusal),
            "permanent": Answer(400, refusal),
            "unknown": Cut(),
            "silent": Slow(FOREVER),
        }
        self.vendor.script.next(behaviours[ending])

    def relent(self) -> None:
        self.vendor.script.always(Accept())

    def taken(self) -> int:
        return len(self.vendor.messages)


class TwilioStage:
    message = A_TEXT

    def __init__(self, vendor: TwilioVendor, url: str) -> None:
        self.vendor = vendor
        client = an_http_client()
        self.provider: Provider = TwilioSms(client, ACCOUNT, TOKEN, "+12125550123", base_url=url)

    def next(self, ending: Ending) -> None:
        self.vendor.says.append(
            {
                "temporary": Says(429, 20429),
                "permanent": Says(400, 21211),
                "unknown": Says(500, 20500, taken=True),
                "silent": Says(201, silent=True, taken=True),
            }[ending]
        )

    def relent(self) -> None:
        self.vendor.says.clear()

    def taken(self) -> int:
        return len(self.vendor.forms)


class VonageStage:
    message = A_TEXT

    def __init__(self, vendor: VonageVendor, url: str) -> None:
        self.vendor = vendor
        key, secret = vonage_vendor.KEY, vonage_vendor.SECRET
        self.provider: Provider = VonageSms(an_http_client(), key, secret, "+12125550123", base_url=url)

    def next(self, ending: Ending) -> None:
        says = vonage_vendor.Says
        self.vendor.says.append(
            {
                "temporary": says(429, "throttled"),
                "permanent": says(422, "1170"),
                "unknown": says(500, "1030", taken=True),
                "silent": says(202, silent=True, taken=True),
            }[ending]
        )

    def relent(self) -> None:
        self.vendor.says.clear()

    def taken(self) -> int:
        return len(self.vendor.messages)


class AliyunStage:
    message = A_REGISTERED_TEXT

    def __init__(self, vendor: AliyunVendor, url: str) -> None:
        self.vendor = vendor
        nonces = count()
        self.provider: Provider = AliyunSms(
            an_http_client(),
            aliyun_vendor.KEY_ID,
            aliyun_vendor.KEY_SECRET,
            aliyun_vendor.SIGNATURE,
            {"due_reminder/sms/zh": Registered("SMS_1001", ("name", "amount"))},
            clock=lambda: aliyun_vendor.NOW,
            nonce=lambda: str(next(nonces)),
            base_url=url,
        )

    def next(self, ending: Ending) -> None:
        says = aliyun_vendor.Says
        self.vendor.says.append(
            {
                "temporary": says(400, "Throttling.User"),
                "permanent": says(200, "isv.MOBILE_NUMBER_ILLEGAL"),
                "unknown": says(500, "InternalError", taken=True),
                "silent": says(200, silent=True, taken=True),
            }[ending]
        )

    def relent(self) -> None:
        self.vendor.says.clear()

    def taken(self) -> int:
        return len(self.vendor.texts)


class SmtpStage:
    message = A_MAIL

    def __init__(self, server: LocalSmtpServer, url: str, tls: SSLContext | None = None) -> None:
        self.server = server
        self.provider: Provider = SmtpEmail.from_url(url, sender="notices@lender.example", tls_context=tls)

    def next(self, ending: Ending) -> None:
        behaviours: dict[Ending, Refuse | Cut | Slow] = {
            "temporary": Refuse(f"450 4.2.1 {self.message.to} is busy"),
            "permanent": Refuse(f"550 5.1.1 {self.message.to} is unknown"),
            "unknown": Cut(),
            "silent": Slow(FOREVER),
        }
        self.server.script.next(behaviours[ending])

    def relent(self) -> None:
        self.server.script.always(Accept())

    def taken(self) -> int:
        return len(self.server.messages)


class CallbackStage:
    """The queue is the other side, and knows our failures."""

    message = A_TEXT

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self.provider: Provider = CallbackQueue(self)

    async def put(self, reference: str, to: str) -> str:
        accepted = await self.sandbox.send(Message(reference, to, ""), timeout=FOREVER)
        return accepted.provider_message_id or ""

    def next(self, ending: Ending) -> None:
        answer_next(self.sandbox, ending)

    def relent(self) -> None:
        """It was told of each message as it began, so nothing is left."""

    def taken(self) -> int:
        return len(self.sandbox.sent)


class SandboxStage:
    message = A_TEXT

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self.provider: Provider = self.sandbox

    def next(self, ending: Ending) -> None:
        answer_next(self.sandbox, ending)

    def relent(self) -> None:
        """It was told of each message as it began, so nothing is left."""

    def taken(self) -> int:
        return len(self.sandbox.sent)


def answer_next(sandbox: Sandbox, ending: Ending) -> None:
    match ending:
        case "temporary":
            sandbox.answer_next(TemporaryFailure("busy"))
        case "permanent":
            sandbox.answer_next(PermanentFailure("no such number"))
        case "unknown":
            sandbox.answer_next(OutcomeUnknown("cut"))
        case "silent":
            sandbox.answer_next(Delay(FOREVER))


@asynccontextmanager
async def http(_: Tls) -> AsyncIterator[Stage]:
    vendor = LocalSmsProvider()
    async with vendor.serve() as url:
        yield HttpStage(vendor, url)


@asynccontextmanager
async def twilio(_: Tls) -> AsyncIterator[Stage]:
    vendor = TwilioVendor()
    async with serve(vendor) as url:
        yield TwilioStage(vendor, url)


@asynccontextmanager
async def vonage(_: Tls) -> AsyncIterator[Stage]:
    vendor = VonageVendor()
    async with serve(vendor) as url:
        yield VonageStage(vendor, url)


@asynccontextmanager
async def aliyun(_: Tls) -> AsyncIterator[Stage]:
    vendor = AliyunVendor()
    async with serve(vendor) as url:
        yield AliyunStage(vendor, url)


@asynccontextmanager
async def smtp(_: Tls) -> AsyncIterator[Stage]:
    server = LocalSmtpServer()
    async with server.serve() as url:
        yield SmtpStage(server, url)


@asynccontextmanager
async def starttls(tls: Tls) -> AsyncIterator[Stage]:
    server = LocalSmtpServer(auth=("us", "p@ss/word"), security="starttls", tls_context=tls[0])
    async with server.serve() as url:
        yield SmtpStage(server, url, tls[1])


@asynccontextmanager
async def callback(_: Tls) -> AsyncIterator[Stage]:
    yield CallbackStage()


@asynccontextmanager
async def sandbox(_: Tls) -> AsyncIterator[Stage]:
    yield SandboxStage()


STAGES: dict[str, Callable[[Tls], AbstractAsyncContextManager[Stage]]] = {
    "http": http,
    "twilio": twilio,
    "vonage": vonage,
    "aliyun": aliyun,
    "smtp": smtp,
    "smtp+starttls": starttls,
    "callback": callback,
    "sandbox": sandbox,
}
