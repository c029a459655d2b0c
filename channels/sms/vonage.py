"""Vonage's Messages API, for texts.

https://developer.vonage.com/en/api/messages: JSON, Basic authentication, a 202 with a `message_uuid`. This API and not
the older SMS API, because what it says later is signed with the body in the signature (`vonage_webhooks.py`).

What the codes mean stands in one table, `CODES`: the numbers from https://developer.vonage.com/en/api-errors/messages,
the words from https://developer.vonage.com/en/api-errors. An error names its code at the end of its `type`. Codes that
are not in the table go by the HTTP status.
"""

from base64 import b64encode
from datetime import timedelta
from typing import Any, ClassVar

import httpx

from channels.base import Accepted, ChannelFailure, Message, OutcomeUnknown
from channels.sms.codes import Codes, bad_address, failure, permanent, refused, temporary, unknown
from channels.sms.exchange import fields, message_id, post, printable_code, whole_seconds

CODES: Codes = {
    # Our account
    "1000": temporary("too many requests at once"),
    "1060": temporary("account barred"),
    "1070": temporary("the account's credit or quota is used up"),
    "1080": temporary("the account may not use this API"),
    "1110": temporary("our signature was refused"),
    "1140": temporary("the account may not use this feature"),
    "account-suspended": temporary("account suspended"),
    "forbidden": temporary("the account may not do this"),
    "invalid-api-key": temporary("key refused"),
    "invalid-signature": temporary("our signature was refused"),
    "jwt-expired": temporary("our token is too old"),
    "jwt-revoked": temporary("our token was revoked"),
    "low-balance": temporary("the account's credit is used up"),
    "throttled": temporary("too many requests at once"),
    "unauthorized": temporary("key or secret refused"),
    "unprovisioned": temporary("the account may not use this API"),
    # The number
    "1170": bad_address("not a phone number"),
    "1190": bad_address("no longer in service"),  # "You should remove this phone number from your database"
    # The person: stopped texts from us, or cannot be texted by us. The address is good, and stays theirs.
    "1050": permanent("the number is barred"),
    "1200": permanent("the number moved to another carrier, which does not know it yet"),
    "1240": permanent("stopped by the recipient"),
    "1270": permanent("blocked by the carrier for the recipient's age"),
    "1280": permanent("blocked by the carrier"),
    "1300": permanent("not a user of the network"),
    "1310": permanent("the device cannot receive it"),
    # The sender or the text
    "1010": permanent("a parameter is missing"),
    "1020": permanent("a parameter is invalid"),
    "1021": permanent("the tag is invalid"),
    "1022": permanent("the template is invalid"),
    "1040": permanent("it cannot be routed"),  # "for example, due to an unrecognised prefix"
    "1090": permanent("the text is too long"),
    "1120": permanent("the sender is not allowed in this country"),
    "1130": permanent("the validity is invalid"),
    "1150": permanent("a parameter is invalid"),  # listed as the message class, answered for any parameter
    "1160": permanent("a trial account may text numbers on its list only"),
    "1210": permanent("filtered"),
    "1250": permanent("no route to this number"),
    "1260": permanent("the destination cannot be reached"),
    "1340": permanent("outside of the time in which an answer is allowed"),
    "1350": permanent("a fee for matching the number is not paid"),
    "1370": permanent("the page's token is too old"),
    "invalid-params": permanent("a parameter is invalid"),
    "not-found": permanent("no such resource"),
    # For now
    "1100": temporary("not submitted: the line failed"),
    "1180": temporary("the handset cannot be reached"),
    "1220": temporary("the handset is busy"),
    "1230": temporary("the network failed"),  # "a temporary failure, retry later for a positive result"
    "1241": temporary("too many messages to this number"),
    "1290": temporary("the recipient's credit is used up"),
    "1360": temporary("its validity ran out"),
    "1030": unknown("an error in Vonage's platform"),
    "1320": unknown("Vonage says that it was sent already"),
    "1330": unknown("the carrier gave no reason"),
}

#: For so long Vonage tries by itself. No shortest one is documented; Vonage recommends half an hour at least.
LONGEST_VALIDITY = timedelta(hours=72)


class VonageSms:
    """Texts through Vonage.

    `sender` is a number or a name. `status_url` is the address at which `VonageListener` hears what became of a
    message; without one, Vonage says it at the address in the account's settings. The client belongs to the provider
    from here on.
    """

    is_attempt: ClassVar[bool] = True

    def __init__(
        self,
        client: httpx.AsyncClient,
        api_key: str,
        api_secret: str,
        sender: str,
        *,
        base_url: str = "https://api.nexmo.com",
        status_url: str | None = None,
        name: str = "vonage",
    ) -> None:
        self.name = name
        self._client = client
        self._url = f"{base_url.rstrip('/')}/v1/messages"
        pair = f"{api_key}:{api_secret}"
        self._headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}", "Accept": "application/json"}
        self._sender = sender.removeprefix("+")
        self._webhook = {"webhook_url": status_url, "webhook_version": "v1"} if status_url else {}

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        """Hand `message` over within `timeout`, or raise a `ChannelFailure`."""
        response = await post(self._client, self._url, timeout=timeout, headers=self._headers, json=self._body(message))
        answer = fields(response)
        if not response.is_success:
            raise refused(CODES, response, code_in(answer))
        if (accepted := message_id(answer.get("message_uuid"))) is None:
            raise OutcomeUnknown("the answer has no message_uuid", code=str(response.status_code))
        return Accepted(provider_message_id=accepted, provider_code=str(response.status_code))

    async def close(self) -> None:
        """Give connections back. Sending afterwards is an error."""
        await self._client.aclose()

    def _body(self, message: Message) -> dict[str, Any]:
        body: dict[str, Any] = {
            "message_type": "text",
            "channel": "sms",
            "to": message.to.removeprefix("+"),  # "don't use a leading + or 00"
            "from": self._sender,
            "text": message.text,
            "client_ref": message.reference,
            **self._webhook,
        }
        if message.valid_for is not None:
            body["ttl"] = whole_seconds(min(message.valid_for, LONGEST_VALIDITY))
        return body


def code_in(error: dict[str, Any]) -> str | None:
    """The code of an error as Vonage answers it: at the end of an address, `.../api-errors/messages#1170`."""
    page = error.get("type")
    return printable_code(page.rpartition("#")[2]) if isinstance(page, str) and "#" in page else None


def failure_for(code: str) -> ChannelFailure:
    """What a code of Vonage's says; one we do not know leaves the outcome open."""
    return failure(CODES, code)
