"""The processes: one that listens, and one that only delivers."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import sandbox, survey_page, unsubscribe, webhooks
from gateway.api.app import create_app
from gateway.api.headers import of_every_answer, with_headers
from gateway.app import check_port, open_gateway
from gateway.core import Gateway
from gateway.patience import PatientHttp, PatientWebSocket
from gateway.settings import Settings
from gateway.telling import Teller
from gateway.worker import Worker
from policies.replies import understand

log = structlog.get_logger(__name__)


def build(gateway: Gateway) -> ASGIApp:
    """Everything that listens: the API, the health checks, customers' two pages, providers' webhooks."""
    made = create_app(gateway)
    made.router.routes += [unsubscribe.route(gateway), survey_page.route(gateway), webhooks.route(gateway)]
    graphql: ASGIApp = made.state.graphql
    app = with_headers(made, of_every_answer(gateway.settings))

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        # Nearly every request is one of these, and needs none of the framework's layers.
        is_graphql = scope["type"] == "http" and scope["path"] == "/graphql"
        await (graphql if is_graphql else app)(scope, receive, send)

    return front


async def serve(settings: Settings) -> None:
    """Listen until told to stop; then finish what is in flight."""
    check_port(settings)
    async with open_gateway(settings) as gateway:
        await listen(gateway)


def configured(gateway: Gateway) -> uvicorn.Config:
    """How it listens: with bounds on all that a peer could make us hold."""
    settings = gateway.settings
    return uvicorn.Config(
        build(gateway),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=PatientHttp,
        ws=PatientWebSocket,
        ws_max_size=settings.max_body_bytes,
        ws_per_message_deflate=False,  # each connection would keep a window of memory for it
        ws_ping_interval=20,
        ws_ping_timeout=20,
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=20,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # whose word to take for it is a setting of ours
        timeout_graceful_shutdown=10,
    )


async def listen(gateway: Gateway, ready: Callable[[], None] | None = None) -> None:
    """As `serve`, with a gateway that is open. `ready` is called once the port answers."""
    settings = gateway.settings
    server = _Server(configured(gateway), ready)
    if not settings.sandbox and (examples := settings.left_as_example()):
        log.warning("customers would see example values", settings=examples)
    understand("")  # the words are read now, and not when the first customer answers
    _settle_memory()
    working = Working(gateway) if settings.worker else None
    following = asyncio.create_task(sandbox.follow_clock(gateway)) if settings.sandbox and not working else None
    _on_signal(lambda: setattr(server, "should_exit", True))
    try:
        await server.serve()
    finally:
        if following:
            following.cancel()
        if working:
            await working.stop()
        log.info("stopped")


class Working:
    """Delivering what falls due, and telling callers what happened, until stopped."""

    def __init__(self, gateway: Gateway) -> None:
        self._worker = Worker(gateway)
        self._teller = Teller(gateway, gateway.poster)
        self._running = [asyncio.create_task(one.run()) for one in (self._worker, self._teller)]

    async def stop(self) -> None:
        """Finish what is in flight."""
        self._worker.stop()
        self._teller.stop()
        await asyncio.gather(*self._running)


async def work(settings: Settings) -> None:
    """Deliver what falls due until told to stop; then finish what is in flight."""
    async with open_gateway(settings) as gateway:
        stopping = asyncio.Event()
        _on_signal(stopping.set)
        working = Working(gateway)
        await stopping.wait()
        await working.stop()
        log.info("stopped")


def _settle_memory() -> None:
    """What is loaded by now stays: the collector need not look at it again (measured: a quarter of the CPU)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


class _Server(uvicorn.Server):
    """Leaves the signals to us: the library raises them again at its end, before our worker has finished."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            log.info("listening", host=self.config.host, port=self.config.port, version=version("contact-gateway"))
            if self._ready:
                self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _on_signal(stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
