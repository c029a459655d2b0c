"""The gateway's own server, as `gateway serve` sets it up, on a free port in the test's loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from gateway.core import Gateway
from gateway.server import configured


@asynccontextmanager
async def serving(gateway: Gateway) -> AsyncIterator[int]:
    """The port."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(configured(gateway))
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        listening.close()
