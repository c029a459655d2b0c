"""The page behind `List-Unsubscribe`: one click, no login, and a token that cannot be guessed (RFC 8058)."""

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway import logs
from gateway.core import Gateway
from gateway.model import ConsentEntry
from gateway.store import contacts, customers
from gateway.store.faults import is_unavailable
from policies.facts import ConsentStatus

log = structlog.get_logger(__name__)

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><body style="font-family:sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem">
<h1>{title}</h1><p>{text}</p>{form}</body></html>"""

_ASK = _PAGE.format(
    title="Stop these e-mails · 退订邮件",
    text="We will send no more e-mails to this address. · 我们将不再向此邮箱发送邮件。",
    form='<form method="post"><button>Stop · 退订</button></form>',
)
_DONE = _PAGE.format(
    title="Done · 已退订",
    text="You will get no more e-mails from us at this address. · 我们不会再向此邮箱发送邮件。",
    form="",
)
_UNKNOWN = _PAGE.format(
    title="This link is not known · 链接无效",
    text="Please use the link of the latest e-mail, or call us. · 请使用最新邮件中的链接，或致电我们。",
    form="",
)

_LATER = _PAGE.format(
    title="Please try again later · 请稍后再试",
    text="We could not take this down at the moment. · 我们暂时无法处理您的请求。",
    form="",
)

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
}


def route(gateway: Gateway) -> Route:
    async def unsubscribe(request: Request) -> Response:
        """GET only asks: mail scanners open links. POST withdraws, at once and as often as it comes."""
        token = request.path_params["token"].replace("\0", "")  # which PostgreSQL cannot even look for
        try:
            if request.method == "POST":
                known = await withdraw(gateway, token)
            else:
                async with gateway.database.read() as work:
                    known = await customers.point_by_token(work, token) is not None
        except Exception as error:
            # The text of a database error can hold values. Mail programs that were told 5xx click again.
            log.error("unsubscribe not heard", exception=logs.kind(error), at=logs.places(error))
            return HTMLResponse(_LATER, status_code=503 if is_unavailable(error) else 500, headers=_HEADERS)
        page = _UNKNOWN if not known else _DONE if request.method == "POST" else _ASK
        return HTMLResponse(page, status_code=200 if known else 404, headers=_HEADERS)

    return Route("/unsubscribe/{token}", unsubscribe, methods=["GET", "POST"])


async def withdraw(gateway: Gateway, token: str) -> bool:
    """Record the withdrawal for the address the token belongs to. Whether there is such an address."""
    async with gateway.database.write() as work:
        point = await customers.point_by_token(work, token)
        if point is None:
            return False
        await work.lock([point.customer_id])
        ledger = await customers.consents_of(work, [point.customer_id])
        said = [entry.status for entry in ledger if entry.contact_point_id == point.id]
        if said and said[-1] is ConsentStatus.WITHDRAWN:
            return True  # said before; the ledger does not grow with every click
        entry = ConsentEntry(
            id=work.new_id(),
            customer_id=point.customer_id,
            status=ConsentStatus.WITHDRAWN,
            channel=point.channel,
            contact_point_id=point.id,
            purpose=None,
            source="one-click unsubscribe",
            at=work.now,
        )
        await customers.add_consent(work, entry, evidence=None, caller_id=_ITSELF)
        await contacts.reconsider(work, point.customer_id)
    gateway.due.set()
    return True


_ITSELF = "customer"
"""Who recorded it: the customer, through the link in the mail, without a key."""
