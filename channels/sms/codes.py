"""How a vendor's table of codes is written: each beside what it means, sorted by what the sender may do next.

CODES: Codes = {"21211": bad_address("not a phone number"), "20429": temporary("too many requests at once")}
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

import httpx

from channels.base import ChannelFailure, OutcomeUnknown, PermanentFailure, TemporaryFailure
from channels.sms.exchange import refusal, retry_after

#: Makes the failure from the code and the wait that the vendor asks for.
Meaning = Callable[[str, timedelta | None], ChannelFailure]

Codes = Mapping[str, Meaning]


def temporary(detail: str) -> Meaning:
    """It did not leave; it may later."""
    return lambda code, wait: TemporaryFailure(detail, code=code, retry_after=wait)


def permanent(detail: str) -> Meaning:
    """It did not leave and will not, and the address is not at fault."""
    return lambda code, _: PermanentFailure(detail, code=code)


def bad_address(detail: str) -> Meaning:
    """It did not leave and will not: the address is wrong."""
    return lambda code, _: PermanentFailure(detail, code=code, bad_address=True)


def unknown(detail: str) -> Meaning:
    """It may have left."""
    return lambda code, _: OutcomeUnknown(detail, code=code)


def failure(codes: Codes, code: str, *, wait: timedelta | None = None) -> ChannelFailure:
    """What `code` says; one that is not in the table leaves the outcome open."""
    return codes.get(code, unknown("a code we do not know"))(code, wait)


def refused(codes: Codes, response: httpx.Response, code: str | None) -> ChannelFailure:
    """What an answer that is no acceptance means: by its code, or else by its status."""
    # Above 499 the code is of no use: 500 and its kin say nothing about what had already happened.
    if code is not None and code in codes and response.is_client_error:
        return failure(codes, code, wait=retry_after(response))
    return refusal(response, code=code)


def spoils_address(codes: Codes, code: str | None) -> bool:
    """Whether `code` says, in a receipt, that the address is wrong."""
    meant = failure(codes, code) if code else None
    return isinstance(meant, PermanentFailure) and meant.bad_address
