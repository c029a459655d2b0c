"""The API as an ASGI application. The gateway is opened and closed by whoever made it."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from gateway.api.errors import take_over_library_logs
from gateway.api.execution import Engine
from gateway.api.http import GraphQLEndpoint
from gateway.api.websocket import GraphQLWebSocket
from gateway.core import Gateway

READY_SECONDS = 5


def create_app(gateway: Gateway) -> Starlette:
    """/graphql, over HTTP and WebSocket; /health and /ready, which need no key."""
    take_over_library_logs()
    engine = Engine(gateway)

    async def health(request: Request) -> JSONResponse:
        return JSONResponse({"status": "up"})

    async def ready(request: Request) -> JSONResponse:
        if await _is_ready(gateway):
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready"}, status_code=503)

    endpoint = GraphQLEndpoint(gateway, engine)
    app = Starlette(
        routes=[
            Route("/graphql", endpoint),
            WebSocketRoute("/graphql", GraphQLWebSocket(gateway, engine)),
            Route("/health", health),
            Route("/ready", ready),
        ]
    )
    app.state.graphql = endpoint
    return app


async def _is_ready(gateway: Gateway) -> bool:
    try:
        async with asyncio.timeout(READY_SECONDS):
            return await gateway.database.is_usable()
    except Exception:  # whatever it is, the database does not answer
        return False
