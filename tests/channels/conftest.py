import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from channels.local import LocalSmsProvider, LocalSmtpServer, serve
from tests.channels.aliyun_vendor import AliyunVendor
from tests.channels.builders import an_http_client
from tests.channels.certificate import contexts
from tests.channels.twilio_vendor import TwilioVendor
from tests.channels.vonage_vendor import VonageVendor


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with an_http_client() as client:
        yield client


@pytest.fixture
async def vendor() -> AsyncIterator[tuple[LocalSmsProvider, str]]:
    """The generic SMS provider, and its URL."""
    server = LocalSmsProvider()
    async with server.serve() as url:
        yield server, url


@pytest.fixture
async def twilio() -> AsyncIterator[tuple[TwilioVendor, str]]:
    """Twilio as far as we use it, and its URL."""
    server = TwilioVendor()
    async with serve(server) as url:
        yield server, url


@pytest.fixture
async def vonage() -> AsyncIterator[tuple[VonageVendor, str]]:
    """Vonage as far as we use it, and its URL."""
    server = VonageVendor()
    async with serve(server) as url:
        yield server, url


@pytest.fixture
async def aliyun() -> AsyncIterator[tuple[AliyunVendor, str]]:
    """Alibaba Cloud as far as we use it, and its URL."""
    server = AliyunVendor()
    async with serve(server) as url:
        yield server, url


@pytest.fixture
async def post_office() -> AsyncIterator[tuple[LocalSmtpServer, str]]:
    """An SMTP server without TLS, and its URL."""
    server = LocalSmtpServer()
    async with server.serve() as url:
        yield server, url


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's side and the side of a client that trusts it."""
    return contexts(tmp_path_factory.mktemp("tls"))
