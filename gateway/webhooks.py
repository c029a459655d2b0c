"""Where providers tell us what became of messages, and what people answered: `POST /webhooks/{provider}`.

2xx   heard, and on disk          403   not the provider's own signature
400   not all can be read         404   no such provider here
413   too large                   503   our database is away: say it again

Of a list, whatever can be read is heard, also where the answer is 400.
"""

import asyncio

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from channels.base import Webhook, WebhookRefused, WebhookUnreadable
from gateway.core import Gateway
from gateway.receiving import receive
from gateway.store.faults import is_unavailable

log = structlog.get_logger(__name__)

TOGETHER = 25
"""How much of what one request says is heard in one transaction. What is said again after a failure is heard once."""


def route(gateway: Gateway) -> Route:
    async def hear(request: Request) -> Response:
        name = request.path_params["name"]
        door = gateway.doors.get(name)
        if door is None:
            return Response(status_code=404)
        body = await _body(request, gateway.settings.max_body_bytes)
        if body is None:
            return Response(status_code=413)
        unreadable: WebhookUnreadable | None = None
        try:
            heard = door.listener.hear(_webhook(gateway, request, body))
        except WebhookRefused as refused:
            log.warning("webhook refused", provider=name, reason=str(refused))
            return PlainTextResponse(f"not signed as {name} signs\n", 403)
        except WebhookUnreadable as found:
            log.warning("webhook cannot be read", provider=name, reason=str(found))
            heard, unreadable = found.heard, found
        try:
            for begins in range(0, len(heard), TOGETHER):
                await receive(gateway, door.ear, heard[begins : begins + TOGETHER])
                # A long list holds up nobody else.
                await asyncio.sleep(0)
        except Exception as error:
            # The text of a database error can hold values. Whoever said it says it again.
            log.error("webhook not heard", provider=name, error=type(error).__name__)
            return Response(status_code=503 if is_unavailable(error) else 500)
        if unreadable is not None:
            return PlainTextResponse(f"{name} does not write like this: {unreadable}\n", 400)
        thanks = door.listener.thanks
        return Response(thanks.body, thanks.status, media_type=thanks.content_type)

    return Route("/webhooks/{name}", hear, methods=["POST"])


def _webhook(gateway: Gateway, request: Request, body: bytes) -> Webhook:
    """The address as the provider called it: behind a proxy we see another one, and signatures are over theirs."""
    query = request.url.query
    return Webhook(
        method=request.method,
        url=f"{gateway.settings.address()}{request.url.path}" + (f"?{query}" if query else ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        received_at=gateway.real_time(),
    )


async def _body(request: Request, most: int) -> bytes | None:
    """None: too large. What says so is not read."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                return None
            parts.append(part)
    except ClientDisconnect:
        return None
    return b"".join(parts)
