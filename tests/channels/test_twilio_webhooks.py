from dataclasses import replace
from urllib.parse import urlencode

import pytest

from channels.base import Arrival, Receipt, Webhook, WebhookRefused, WebhookUnreadable
from channels.sms.twilio_webhooks import ARRIVALS, TwilioListener
from tests.channels.webhook_signers import NOW, REFERENCE, TOKEN, by_twilio, by_twilio_as_json

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}


def published(url: str, signature: str, body: bytes) -> Webhook:
    """A request of the example that Twilio publishes, of the token 12345."""
    return Webhook("POST", url, {"x-twilio-signature": signature}, body, NOW)


@pytest.mark.parametrize(
    ("url", "signature", "body"),
    [
        (URL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", urlencode(CALL)),
        (URL.replace(".com", ".com:1234"), "RSOYDt4T1cUTdK1PDd93/VVr8B8=", urlencode(CALL)),
        (URL, "kvajT1Ptam85bY51eRf/AJRuM3w=", urlencode(CALL)),
        (URL.replace("https", "http"), "0ZXoZLH/DfblKGATFgpif+LLRf4=", urlencode(CALL)),
        (URL.replace(".com", ".com:1234").replace("https", "http"), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=", urlencode(CALL)),
        (URL, "IK+Dwps556ElfBT0I3Rgjkr1wJU=", "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234"),
        (
            f"{URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
            "a9nBmqA0ju/hNViExpshrM61xv4=",
            '{"property": "value", "boolean": true}',
        ),
    ],
)
def test_twilios_own_examples_are_believed(url: str, signature: str, body: str) -> None:
    """twilio-python, tests/unit/test_request_validator.py. None is about a text, so none can be read."""
    listener = TwilioListener("12345")

    with pytest.raises(WebhookUnreadable):
        listener.hear(published(url, signature, body.encode()))
    for changed in (
        published(url.replace("foo=1", "foo=2"), signature, body.encode()),
        published(url, signature.replace("=", "A"), body.encode()),
        published(url, signature, body.encode() + b"&x="),
        published(url, "", body.encode()),
    ):
        with pytest.raises(WebhookRefused):
            listener.hear(changed)


@pytest.mark.parametrize(("status", "arrival"), ARRIVALS.items())
def test_a_status_is_how_far_it_got(status: str, arrival: Arrival) -> None:
    [heard] = TwilioListener(TOKEN).hear(by_twilio(urlencode({"MessageSid": "SM1", "MessageStatus": status}).encode()))

    assert isinstance(heard, Receipt)
    assert heard.arrival is arrival
    assert heard.provider_message_id == "SM1"


@pytest.mark.parametrize(
    ("code", "bad_address"), [("30005", True), ("30006", True), ("30003", False), ("21610", False), ("99999", False)]
)
def test_a_code_says_whether_the_number_is_wrong(code: str, bad_address: bool) -> None:
    body = urlencode({"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": code}).encode()

    [heard] = TwilioListener(TOKEN).hear(by_twilio(body))

    assert isinstance(heard, Receipt)
    assert (heard.code, heard.bad_address) == (code, bad_address)


def test_a_receipt_without_our_reference_is_about_somebody_elses_message() -> None:
    webhook = by_twilio(b"MessageSid=SM1&MessageStatus=sent", url="https://gateway.example/webhooks/twilio")

    assert TwilioListener(TOKEN).hear(webhook) == []


def test_another_reference_in_the_address_is_refused() -> None:
    webhook = by_twilio(b"MessageSid=SM1&MessageStatus=delivered")

    with pytest.raises(WebhookRefused):
        TwilioListener(TOKEN).hear(replace(webhook, url=webhook.url.replace(REFERENCE, REFERENCE[::-1])))


def test_a_json_body_is_not_believed_for_the_address_alone() -> None:
    webhook = by_twilio_as_json(b'{"MessageSid": "SM1", "MessageStatus": "sent"}')

    with pytest.raises(WebhookRefused):
        TwilioListener(TOKEN).hear(replace(webhook, body=b'{"MessageSid": "SM1", "MessageStatus": "delivered"}'))


def test_a_form_of_too_many_fields_is_refused() -> None:
    with pytest.raises(WebhookRefused):
        TwilioListener(TOKEN).hear(by_twilio("&".join(f"a{number}=" for number in range(201)).encode()))


def test_without_a_token_there_is_no_listener() -> None:
    with pytest.raises(ValueError, match="token"):
        TwilioListener("")
