"""One POST to a vendor, and what its failure says about the message.

nothing had left   -> TemporaryFailure
 +-- ConnectError, ConnectTimeout    no connection came about
 +-- PoolTimeout                     no connection was free
 +-- ProxyError                      the proxy would not carry it
 +-- UnsupportedProtocol             the address is not http
it may have left   -> OutcomeUnknown
 +-- everything else of httpx: cut lines, time-outs of reading and writing, answers that cannot be read
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from channels.base import ChannelFailure, OutcomeUnknown, PermanentFailure, TemporaryFailure

#: All that httpx raises; a closed client is a bug of the caller and passes through.
FAILURES = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict, TimeoutError)

NOTHING_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

#: Answers that ask us to come again. 408 and 425 say that the request was not looked at.
COME_AGAIN = frozenset({408, 425, 429, 503})

#: Our own account is refused: a person mends that, and the messages meanwhile are not at fault.
OUR_ACCOUNT = frozenset({401, 402, 403, 407})

#: Of a message, by any vendor we know: 36.
LONGEST_ID = 100

LONGEST_RETRY_AFTER = timedelta(days=1)


async def post(
    client: httpx.AsyncClient,
    url: str,
    *,
    timeout: timedelta,
    headers: Mapping[str, str],
    json: Mapping[str, Any] | None = None,
    data: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> httpx.Response:
    """Post once, never follow a redirect, and answer within `timeout` or raise a `ChannelFailure`."""
    seconds = timeout.total_seconds()
    # Waiting for a free connection, connecting and the TLS handshake have a quarter each, so that when the whole
    # time-out strikes, the request was on its way, and the outcome is unknown.
    limits = httpx.Timeout(seconds, connect=seconds / 4, pool=seconds / 4)
    try:
        async with asyncio.timeout(seconds):
            return await client.post(
                url, json=json, data=data, content=content, headers=headers, timeout=limits, follow_redirects=False
            )
    except FAILURES as error:
        failure = failure_of(error)
    # Out here, so that the library's error, which may print the address, does not hang on ours as its context.
    raise failure


def failure_of(error: Exception) -> ChannelFailure:
    """What an error of httpx means for the message."""
    event = type(error).__name__
    if isinstance(error, NOTHING_LEFT):
        return TemporaryFailure(f"the provider cannot be reached ({event})")
    return OutcomeUnknown(f"the provider gave no answer ({event})")


def refusal(response: httpx.Response, *, code: str | None = None, bad_address: bool = False) -> ChannelFailure:
    """What an answer that is no acceptance means for the message. `code` is the vendor's own."""
    status = response.status_code
    detail, code = f"the provider answered {status}", code or str(status)
    if status in COME_AGAIN | OUR_ACCOUNT:
        return TemporaryFailure(detail, code=code, retry_after=retry_after(response))
    if response.is_client_error:
        return PermanentFailure(detail, code=code, bad_address=bad_address)
    # A redirect may come from a proxy behind which the request went on; a 500 may come after the text left.
    return OutcomeUnknown(detail, code=code)


def retry_after(response: httpx.Response) -> timedelta | None:
    """The wait that the vendor asks for: in seconds, or as a date, which is taken from the date of its answer."""
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,9}", value):
        return min(timedelta(seconds=int(value)), LONGEST_RETRY_AFTER)
    # By the vendor's own clock: there is none here, and ours may differ from it.
    until, now = _http_date(value), _http_date(response.headers.get("Date", ""))
    if until is None or now is None:
        return None
    return min(max(until - now, timedelta(0)), LONGEST_RETRY_AFTER)


def _http_date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def fields(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in the answer; empty where there is none."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def printable_code(value: object) -> str | None:
    """A vendor's error code, if it is a word or a short number: what is longer could be somebody's phone number.

    Carriers in China put the two together: `MK:0001`.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    code = str(value)
    return code if re.fullmatch("[A-Za-z][A-Za-z_.-]{0,39}|[0-9]{1,6}|[A-Z]{2,8}:[0-9]{1,4}", code) else None


def message_id(value: object) -> str | None:
    """The vendor's id of a message, where there is one. What of it no id has is left out: it is stored and shown."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    given = str(value)
    return (re.sub(r"[^!-~]", "", given[:LONGEST_ID]) or "unreadable") if given else None


def whole_seconds(valid_for: timedelta) -> int:
    """The validity as vendors take it, never longer than it was. Less than a second cannot be said to them."""
    seconds = int(valid_for.total_seconds())
    if seconds < 1:
        raise TemporaryFailure("too little time was left to hand it over")
    return seconds
