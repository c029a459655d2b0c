"""Twilio's Messages API.

https://www.twilio.com/docs/messaging/api/message-resource: a form, Basic authentication, an answer with a `sid`.
What Twilio's own codes mean stands in one table, `CODES`; each has its page at
https://www.twilio.com/docs/api/errors/{code}. Codes that are not in the table go by the HTTP status.
"""

from base64 import b64encode
from datetime import timedelta
from typing import ClassVar
from urllib.parse import quote

import httpx

from channels.base import Accepted, ChannelFailure, Message, OutcomeUnknown
from channels.sms.codes import Codes, bad_address, failure, permanent, refused, temporary, unknown
from channels.sms.exchange import fields, message_id, post, printable_code, whole_seconds

CODES: Codes = {
    # Our account
    "20003": temporary("account or token refused"),
    "20429": temporary("too many requests at once"),  # "aren't processed and are safe to retry"
    "30002": temporary("account suspended"),
    "63038": temporary("the account's daily limit is reached"),
    # The number
    "21211": bad_address("not a phone number"),
    "21265": bad_address("a short code cannot be texted"),
    "21266": permanent("sender and recipient are the same number"),
    "21268": bad_address("an information service's number"),
    "21614": bad_address("not a mobile number"),
    "21635": bad_address("a landline"),
    "30005": bad_address("unknown or no longer in service"),
    "30006": bad_address("a landline, or a carrier that cannot be reached"),
    # The person: stopped texts from us. The address is good, and stays theirs.
    "21610": permanent("stopped by the recipient"),
    "30004": permanent("blocked by the recipient or the carrier"),
    # The sender or the text
    "21212": permanent("not a sender"),
    "21408": permanent("the account may not text this region"),
    "21602": permanent("no text"),
    "21603": permanent("no sender"),
    "21606": permanent("the sender cannot text this destination"),
    "21608": permanent("a trial account may text verified numbers only"),
    "21612": permanent("this sender cannot reach this number"),
    "21617": permanent("the text is too long"),
    "21659": permanent("the sender is not Twilio's, or of another country"),
    "30007": permanent("filtered"),
    # For now
    "14107": temporary("too many messages between two numbers"),
    "21611": temporary("the sender's queue is full"),
    "30001": temporary("the queue is full"),
    "30003": temporary("the handset cannot be reached"),
    "30022": temporary("too fast for the carrier"),
    "30036": temporary("its validity ran out in the queue"),
    # "Messages are failed and not retried to avoid duplicate message delivery"
    "30410": unknown("the carrier gave no answer"),
    "30008": unknown("the carrier gave no reason"),
}

#: https://www.twilio.com/docs/api/errors/90007: 1 to 36,000 seconds, and 36,000 where nothing is said.
LONGEST_VALIDITY = timedelta(hours=10)


class TwilioSms:
    """Texts through Twilio.

    `sender` is a number, a name, or a messaging service (`MG...`). `status_callback` is the address at which
    `TwilioListener` hears what became of a message; the message's reference goes with it, because Twilio keeps none,
    and a receipt must be known as ours even where Twilio's answer was lost. The client belongs to the provider from
    here on.
    """

    is_attempt: ClassVar[bool] = True

    def __init__(
        self,
        client: httpx.AsyncClient,
        account_sid: str,
        auth_token: str,
        sender: str,
        *,
        base_url: str = "https://api.twilio.com",
        status_callback: str | None = None,
        name: str = "twilio",
    ) -> None:
        self.name = name
        self._client = client
        self._url = f"{base_url.rstrip('/')}/2010-04-01/Accounts/{quote(account_sid, safe='')}/Messages.json"
        pair = f"{account_sid}:{auth_token}"
        self._headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        self._sender = {"MessagingServiceSid" if sender.startswith("MG") else "From": sender}
        self._status_callback = status_callback

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        """Hand `message` over within `timeout`, or raise a `ChannelFailure`."""
        response = await post(self._client, self._url, timeout=timeout, headers=self._headers, data=self._form(message))
        answer = fields(response)
        if not response.is_success:
            raise refused(CODES, response, printable_code(answer.get("code")))
        # A message can be born failed: "status": "failed" with an error code in a 201.
        if (code := printable_code(answer.get("error_code"))) is not None:
            raise failure_for(code)
        if (sid := message_id(answer.get("sid"))) is None:
            raise OutcomeUnknown("the answer has no sid", code=str(response.status_code))
        return Accepted(provider_message_id=sid, provider_code=printable_code(answer.get("status")))

    async def close(self) -> None:
        """Give connections back. Sending afterwards is an error."""
        await self._client.aclose()

    def _form(self, message: Message) -> dict[str, str]:
        form = {"To": message.to, "Body": message.text, **self._sender}
        if self._status_callback:
            joint = "&" if "?" in self._status_callback else "?"
            form["StatusCallback"] = f"{self._status_callback}{joint}reference={quote(message.reference, safe='')}"
        if message.valid_for is not None:
            form["ValidityPeriod"] = str(whole_seconds(min(message.valid_for, LONGEST_VALIDITY)))
        return form


def failure_for(code: str) -> ChannelFailure:
    """What a code of Twilio's says; one we do not know leaves the outcome open."""
    return failure(CODES, code)
