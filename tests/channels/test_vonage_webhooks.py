import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.base import Arrival, Receipt, Webhook, WebhookRefused
from channels.sms.vonage_webhooks import ARRIVALS, VonageListener
from tests.channels.webhook_signers import REFERENCE, SECRET, base64url, by_vonage

STATUS = {"message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", "status": "delivered", "client_ref": REFERENCE}
BODY = json.dumps(STATUS).encode()


def receipt(**said: Any) -> Receipt:
    [heard] = VonageListener(SECRET).hear(by_vonage(json.dumps(STATUS | said).encode()))
    assert isinstance(heard, Receipt)
    return heard


def bearing(token: str) -> Webhook:
    return replace(by_vonage(BODY), headers={"authorization": f"Bearer {token}"})


def parts() -> list[str]:
    return by_vonage(BODY).headers["authorization"].removeprefix("Bearer ").split(".")


@pytest.mark.parametrize(("status", "arrival"), ARRIVALS.items())
def test_a_status_is_how_far_it_got(status: str, arrival: Arrival) -> None:
    assert receipt(status=status).arrival is arrival


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"type": "https://developer.vonage.com/api-errors/messages#1240", "title": "1240"}, "1240"),
        ({"title": 1240}, "1240"),
        ({"type": "https://developer.vonage.com/api-errors/messages#1240", "title": "Illegal Number"}, "1240"),
        # As Vonage's clients have it in their examples.
        ({"error": {"type": "https://developer.vonage.com/api-errors/messages#1240", "title": 1240}}, "1240"),
        ({"type": "about:blank", "title": "to 8613900000000"}, None),
        ({"title": 8613900000000}, None),
        ({"error": "1240"}, None),
        ("1240", None),
        (None, None),
    ],
)
def test_a_code_is_found_wherever_vonage_puts_it(error: object, code: str | None) -> None:
    assert receipt(status="rejected", error=error).code == code


def test_the_time_is_by_vonages_clock() -> None:
    assert receipt(timestamp="2026-03-02T04:05:00.000Z").at == datetime(2026, 3, 2, 4, 5, tzinfo=UTC)
    assert receipt(timestamp="just now").at is None


def test_a_receipt_without_our_reference_is_about_somebody_elses_message() -> None:
    body = json.dumps(STATUS | {"client_ref": None}).encode()

    assert VonageListener(SECRET).hear(by_vonage(body)) == []


@pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256", "", None, ["HS256"]])
def test_the_token_does_not_choose_how_it_is_checked(algorithm: object) -> None:
    with pytest.raises(WebhookRefused):
        VonageListener(SECRET).hear(by_vonage(BODY, header={"alg": algorithm, "typ": "JWT"}))


def test_a_token_without_a_signature_is_refused() -> None:
    header, claims, signature = parts()
    unsigned = base64url(b'{"alg": "none"}')

    for token in (
        f"{unsigned}.{claims}.",
        f"{header}.{claims}.",
        f"{header}.{claims}",
        f"{header}.{claims}.{signature}=",
    ):
        with pytest.raises(WebhookRefused):
            VonageListener(SECRET).hear(bearing(token))


@pytest.mark.parametrize("header", ["YWJj", "W10", "_w", "a", "e30", base64url(b"[" * 100_000)])
def test_a_token_whose_header_cannot_be_read_is_refused(header: str) -> None:
    _, claims, signature = parts()

    with pytest.raises(WebhookRefused):
        VonageListener(SECRET).hear(bearing(f"{header}.{claims}.{signature}"))


def test_claims_that_were_changed_are_refused() -> None:
    header, _, signature = parts()
    # All is as it should be for this body, but for the signature.
    other = by_vonage(json.dumps(STATUS | {"status": "rejected"}).encode())
    _, claims, _ = other.headers["authorization"].split(".")

    with pytest.raises(WebhookRefused):
        VonageListener(SECRET).hear(replace(other, headers=bearing(f"{header}.{claims}.{signature}").headers))


@pytest.mark.parametrize(
    "claims",
    [
        {"payload_hash": None},
        {"payload_hash": ""},
        {"payload_hash": "0" * 64},
        {"payload_hash": ["0" * 64]},
        {"iat": None},
        {"iat": True},
        {"iat": "1772424306"},
        {"iat": 10**400},
        {"iss": "Mallory"},
        {"iss": None},
    ],
)
def test_a_token_of_vonages_that_is_no_webhooks_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(WebhookRefused):
        VonageListener(SECRET).hear(by_vonage(BODY, **claims))


def test_the_body_of_another_webhook_does_not_go_with_the_token() -> None:
    token = by_vonage(BODY).headers

    with pytest.raises(WebhookRefused):
        VonageListener(SECRET).hear(replace(by_vonage(json.dumps(STATUS | {"status": "read"}).encode()), headers=token))


def test_without_a_secret_there_is_no_listener() -> None:
    with pytest.raises(ValueError, match="secret"):
        VonageListener("")
