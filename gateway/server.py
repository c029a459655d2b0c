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

from gateway import unsubscribe
from gateway.api.app import create_app
from gateway.app import check_port, open_gateway
from gateway.core import Gateway
from gateway.settings import Settings
from gateway.worker import Worker

log = structlog.get_logger(__name__)


def build(gateway: Gateway) -> ASGIApp:
    """Everything that listens: the API, the health checks, and the page behind `List-Unsubscribe`."""
    app = create_app(gateway)
    app.router.routes.append(unsubscribe.route(gateway))
    graphql: ASGIApp = app.state.graphql

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


async def listen(gateway: Gateway, ready: Callable[[], None] | None = None) -> None:
    """As `serve`, with a gateway that is open. `ready` is called once the port answers."""
    settings = gateway.settings
    server = _Server(
        uvicorn.Config(
            build(gateway),
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=settings.max_body_bytes,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
        ),
        ready,
    )
    if not settings.sandbox and (examples := settings.left_as_example()):
        log.warning("customers would see example values", settings=examples)
    _settle_memory()
    worker = Worker(gateway)
    working = asyncio.create_task(worker.run()) if settings.worker else None
    _on_signal(lambda: setattr(server, "should_exit", True))
    try:
        await server.serve()
    finally:
        worker.stop()
        if working:
            await working
        log.info("stopped")


async def work(settings: Settings) -> None:
    """Deliver what falls due until told to stop; then finish what is in flight."""
    async with open_gateway(settings) as gateway:
        worker = Worker(gateway)
        _on_signal(worker.stop)
        await worker.run()


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
