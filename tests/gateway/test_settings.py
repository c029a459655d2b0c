"""Settings: read once, each described, and secrets that do not print."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from gateway.settings import Settings


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"GATEWAY_{name.upper()}", raising=False)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_is_for(name: str) -> None:
    description = Settings.model_fields[name].description

    assert description is not None
    assert len(description) > 10
    assert description.endswith(".") or "`" in description


def test_the_environment_is_read_by_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "8123")
    monkeypatch.setenv("GATEWAY_SANDBOX", "1")
    monkeypatch.setenv("GATEWAY_RULEBOOKS", "/etc/gateway/rulebooks")
    monkeypatch.setenv("GATEWAY_OF_ANOTHER_VERSION", "ignored")
    monkeypatch.setenv("HOST", "not ours")

    settings = Settings()

    assert (settings.port, settings.sandbox, settings.rulebooks) == (8123, True, Path("/etc/gateway/rulebooks"))
    assert settings.host == "127.0.0.1"


def test_without_any_setting_the_database_is_a_file_in_var() -> None:
    assert Settings().database() == "sqlite:///var/gateway.db"
    assert Settings(database_url="sqlite:////tmp/other.db").database() == "sqlite:////tmp/other.db"


@pytest.mark.parametrize(
    ("public_url", "address"),
    [
        ("", "http://127.0.0.1:8000"),
        ("https://contact.lender.example", "https://contact.lender.example"),
        ("https://lender.example/contact/", "https://lender.example/contact"),
    ],
)
def test_the_address_for_links_has_no_slash_at_its_end(public_url: str, address: str) -> None:
    assert Settings(public_url=public_url).address() == address


def test_secrets_do_not_print() -> None:
    settings = Settings(
        database_url="postgresql://gateway:hush@db.example/gateway",
        sms_url=SecretStr("https://lender:hush@sms.example"),
        smtp_url=SecretStr("smtp://lender:hush@mail.example"),
        twilio_auth_token=SecretStr("hush"),
    )

    assert "hush" not in f"{settings!r} {settings}"
    assert "127.0.0.1" in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "eighty"),
        ("port", "70000"),
        ("poll_seconds", "0"),
        ("send_timeout_seconds", "-1"),
        ("attempt_lease_seconds", "0"),
        ("retry_seconds", "0"),
        ("max_attempts", "0"),
        ("concurrent_sends", "0"),
        ("callback_lease_minutes", "0"),
        ("callback_rings", "0"),
        ("contact_lifetime_days", "0"),
        ("max_body_bytes", "10"),
        ("sandbox", "perhaps"),
        ("log_level", "LOUD"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"GATEWAY_{name.upper()}", value)

    with pytest.raises(ValidationError) as caught:
        Settings()

    assert [error["loc"] for error in caught.value.errors()] == [(name,)]


@pytest.mark.parametrize("level", ["DEBUG", "info", "Warning", "ERROR"])
def test_a_log_level_may_be_written_in_any_case(level: str) -> None:
    assert Settings(log_level=level).log_level == level


def test_settings_are_not_changed_once_read() -> None:
    settings = Settings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 9000  # type: ignore[misc]


def test_a_lease_outlasts_a_send() -> None:
    with pytest.raises(ValidationError, match="must be more than GATEWAY_SEND_TIMEOUT_SECONDS"):
        Settings(attempt_lease_seconds=10, send_timeout_seconds=10)


def test_what_customers_would_see_as_an_example_is_named() -> None:
    settings = Settings(lender_name="Our Bank", public_url="https://bank.example")

    assert "GATEWAY_LENDER_NAME" not in settings.left_as_example()
    assert "GATEWAY_LENDER_PHONE" in settings.left_as_example()
