"""HTTP's content negotiation, as far as GraphQL needs it."""

from collections.abc import Sequence
from functools import lru_cache

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
HTML = "text/html"


@lru_cache(maxsize=256)
def best(accept: str | None, offers: tuple[str, ...]) -> str | None:
    """The offer that an Accept header likes best: by q, then by its own order, then by ours. None: none of them.

    Without a header, and for `*/*`, the first offer: what clients from before GraphQL over HTTP expect.
    """
    if accept is None or not accept.strip():
        return offers[0]
    ranges = _ranges(accept)
    rated = [(offer, *_rating(offer, ranges)) for offer in offers]
    liked = [(-quality, place, number) for number, (_, quality, place) in enumerate(rated) if quality > 0]
    return offers[min(liked)[2]] if liked else None


def _rating(offer: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """The quality of an offer, by the most specific range that names it, and that range's place in the header."""
    group = offer.partition("/")[0] + "/*"
    for wanted in (offer, group, "*/*"):
        for place, (written, quality) in enumerate(ranges):
            if written == wanted:
                return quality, place
    return 0.0, 0


def _ranges(accept: str) -> list[tuple[str, float]]:
    ranges = []
    for part in accept.split(","):
        written, *parameters = (piece.strip().lower() for piece in part.split(";"))
        values = dict(parameter.partition("=")[::2] for parameter in parameters)
        if values.get("charset", "utf-8").strip('"') in ("utf-8", "utf8"):
            ranges.append((written, _quality(values.get("q", "1"))))
    return ranges


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


@lru_cache(maxsize=256)
def language(accept_language: str | None) -> str:
    """`zh` or `en`, whichever the caller likes better; `en` where neither is named."""
    liked = "en", 0.0
    for written, quality in _ranges(accept_language or ""):
        tag = written.partition("-")[0]
        if tag in ("zh", "en") and quality > liked[1]:
            liked = tag, quality
    return liked[0]


@lru_cache(maxsize=256)
def is_json(content_type: str | None) -> bool:
    """Whether a body says that it is JSON, in the one encoding that JSON has."""
    written, *parameters = (piece.strip().lower() for piece in (content_type or "").split(";"))
    charsets = [parameter.partition("=")[2].strip('"') for parameter in parameters if parameter.startswith("charset=")]
    return written == JSON and all(charset in ("utf-8", "utf8") for charset in charsets)
