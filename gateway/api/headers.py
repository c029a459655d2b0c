"""What browsers are told with every answer, and which sites' pages they may let in.

No site may by default. A site in `GATEWAY_CORS_ORIGINS` may, by its exact origin. There are no cookies here, so no
answer allows credentials; and a page that sends its key as a header is asked for by name in the preflight.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.settings import Settings

Headers = list[tuple[bytes, bytes]]

PREFLIGHT_SECONDS = 600

_ALWAYS: Mapping[bytes, bytes] = {
    # What is answered depends on the key, and much of it is personal.
    b"cache-control": b"no-store",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    # For what is no page: should a browser show it as one, nothing in it does anything, and no frame holds it.
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}


def of_every_answer(settings: Settings) -> Headers:
    """Also that we are reached by https only, where that is so."""
    headers = list(_ALWAYS.items())
    if settings.public_url.startswith("https://"):
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    return headers


def with_headers(app: ASGIApp, headers: Headers) -> ASGIApp:
    """The same application; what it says itself of one of these headers stands."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message.get("headers", [])}
                more = [(name, value) for name, value in headers if name not in said]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        await app(scope, receive, sending if scope["type"] == "http" else send)

    return answered


class Origins:
    """Which sites' pages may ask."""

    def __init__(self, settings: Settings) -> None:
        self._allowed = frozenset(settings.cors_origins)
        url = urlsplit(settings.public_url.lower())
        self._ours = f"{url.scheme}://{url.netloc}"

    def of_answer(self, origin: str | None) -> Headers:
        """For an answer to a page of that site. Caches must know that another site's page is answered otherwise."""
        if not self._allowed:
            return []
        vary = (b"vary", b"Origin")
        if origin not in self._allowed:
            return [vary]
        return [
            vary,
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", b"Retry-After"),
        ]

    def of_preflight(self, headers: Mapping[bytes, str]) -> Headers | None:
        """The answer to a browser that asks first; None where this is no such question, or the site is not let in."""
        origin = headers.get(b"origin")
        if origin not in self._allowed or b"access-control-request-method" not in headers:
            return None
        return [
            *self.of_answer(origin),
            (b"access-control-allow-methods", b"GET, POST"),
            (b"access-control-allow-headers", b"Authorization, Content-Type"),
            (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
        ]

    def may_open_socket(self, headers: Mapping[bytes, str]) -> bool:
        """WebSockets know no preflight: here it is we who keep other sites' pages out. Programs send no origin."""
        origin = headers.get(b"origin")
        if origin is None or origin in self._allowed or origin == self._ours:
            return True
        return origin in (f"{scheme}://{headers.get(b'host')}" for scheme in ("http", "https"))


def policy_of_page(page: str) -> bytes:
    """What a page of ours may load and run: the very scripts and styles that it names, and its own inline script."""
    loaded = re.findall(r'\s(?:src|href)="(https://[^"]+)"', page)
    scripts = [url for url in loaded if url.endswith(".js")]
    styles = [url for url in loaded if url.endswith(".css")]
    inline = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    ]
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join([*scripts, *inline])}",
            f"style-src 'unsafe-inline' {' '.join(styles)}",  # the editor sets styles as it is used
            "img-src data:",
            "font-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    ).encode()
