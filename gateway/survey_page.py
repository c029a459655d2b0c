"""The page behind a survey's link: no login, no script, and nothing on it of the customer but their language.

GET   shows the question: mail scanners open links
POST  records the answer, once; whoever answers again is thanked, and told that the first answer stands
"""

from collections.abc import Callable
from html import escape
from urllib.parse import parse_qs

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway import logs, surveying
from gateway.core import Gateway
from gateway.store.faults import is_unavailable
from gateway.surveying import Said, Standing, Survey
from gateway.words.survey import SCORES, SurveyWords

log = structlog.get_logger(__name__)

LONGEST_TEXT = 2000
MOST_READ = 32_768
"""Bytes of a form: the longest text in the widest letters, and the fields around it."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
}

_PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<body style="font-family:sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem">
<p>{signature}</p><h1>{title}</h1>{said}{form}</body></html>"""

_FORM = """<form method="post"><p>{note}</p><fieldset><legend>{score}</legend>{scores}</fieldset>
<p><label>{text}<br><textarea name="text" rows="5" maxlength="{longest}" style="width:100%"></textarea></label></p>
<p><label><input type="checkbox" name="call" value="yes"> {call}</label></p><button>{send}</button></form>"""

_SCORE = '<p><label><input type="radio" name="score" value="{number}" required> {number} · {word}</label></p>'

_STATUS = {Standing.OPEN: 200, Standing.ANSWERED: 200, Standing.ENDED: 410, Standing.UNKNOWN: 404}


class _Incomplete(ValueError):
    """A form that was not filled in, or is none of ours. Its text holds nothing of it."""


def route(gateway: Gateway) -> Route:
    async def survey(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            if request.method == "POST":
                return await _answered(gateway, request, token)
            return _shown(gateway, await surveying.by_link(gateway, token))
        except Exception as error:
            # The text of a database error can hold values.
            log.error("survey not heard", exception=logs.kind(error), at=logs.places(error))
            status = 503 if is_unavailable(error) else 500
            return _page(gateway, None, lambda words: words.later, status)

    return Route("/survey/{token}", survey, methods=["GET", "POST"])


async def _answered(gateway: Gateway, request: Request, token: str) -> Response:
    try:
        said = _read(await _body(request))
    except _Incomplete:
        found = await surveying.by_link(gateway, token)
        if found.standing is not Standing.OPEN:
            return _shown(gateway, found)
        return _page(gateway, found, lambda words: words.incomplete, 422, with_form=True)
    before = await surveying.answer_by_link(gateway, token, said)
    if before.standing is not Standing.OPEN:
        return _shown(gateway, before)
    return _page(gateway, before, lambda words: words.thanks, 200)


def _shown(gateway: Gateway, found: Survey) -> Response:
    status = _STATUS[found.standing]
    match found.standing:
        case Standing.OPEN:
            return _page(gateway, found, lambda words: "", status, with_form=True)
        case Standing.ANSWERED:
            return _page(gateway, found, lambda words: words.before, status)
        case Standing.ENDED:
            return _page(gateway, found, lambda words: words.ended, status)
        case Standing.UNKNOWN:
            return _page(gateway, None, lambda words: words.unknown, status)


async def _body(request: Request) -> bytes:
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > MOST_READ:
                raise _Incomplete
    except ClientDisconnect:
        raise _Incomplete from None
    return body


def _read(body: bytes) -> Said:
    """What a browser sends; raises `_Incomplete` for anything else."""
    try:
        given = parse_qs(body.decode("ascii"), strict_parsing=True, errors="strict", max_num_fields=8)
    except ValueError:
        raise _Incomplete from None
    score = given.get("score", [""])[0]
    # A browser ends lines with two characters where it counts one.
    text = given.get("text", [""])[0].replace("\r\n", "\n").strip()
    if score not in map(str, SCORES) or len(text) > LONGEST_TEXT or "\0" in text:
        raise _Incomplete
    return Said(int(score), text or None, wants_call="call" in given)


def _page(
    gateway: Gateway,
    found: Survey | None,
    say: Callable[[SurveyWords], str],
    status: int,
    *,
    with_form: bool = False,
) -> HTMLResponse:
    """In the customer's language; where nobody knows which that is, in all of ours."""
    words = gateway.words
    locales = [found.locale] if found else sorted(words.surveys)
    asked = [words.survey(one) for one in locales]
    page = _PAGE.format(
        language=words.language(locales[0]),
        signature=escape(words.signature(locales[0])),
        title=escape(" · ".join(one.title for one in asked)),
        said="".join(f"<p>{escape(said)}</p>" for one in asked if (said := say(one))),
        form=_form(asked[0]) if with_form else "",
    )
    return HTMLResponse(page, status_code=status, headers=_HEADERS)


def _form(words: SurveyWords) -> str:
    scores = "".join(
        _SCORE.format(number=number, word=escape(word)) for number, word in zip(SCORES, words.scores, strict=True)
    )
    return _FORM.format(
        note=escape(words.note),
        score=escape(words.score),
        scores=scores,
        text=escape(words.text),
        longest=LONGEST_TEXT,
        call=escape(words.call),
        send=escape(words.send),
    )
