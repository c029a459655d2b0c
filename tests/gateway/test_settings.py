"""Settings: read once, each described, and secrets that do not print."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from gateway.model import Role
from gateway.settings import COST_LIMITS, REQUEST_LIMITS, Settings


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


def test_limits_that_are_not_given_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_REQUEST_LIMITS", "CUSTOMER=5, AGENT=0.5")

    settings = Settings()

    assert settings.request_limits == {**REQUEST_LIMITS, Role.CUSTOMER: 5, Role.AGENT: 0.5}
    assert settings.cost_limits == COST_LIMITS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REQUEST_LIMITS", "CUSTOMER=0"),
        ("COST_LIMITS", "CUSTOMER=-1"),
        ("COST_LIMITS", "NOBODY=1"),
        ("COST_LIMITS", "CUSTOMER"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "proxy.lender.example"),
        ("TRUSTED_DOCUMENT_ROLES", "NOBODY"),
        ("MAX_CONNECTIONS", "0"),
        ("STRANGER_LIMIT", "0"),
    ],
)
def test_a_wall_that_would_be_none_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"GATEWAY_{name}", value)

    with pytest.raises(ValidationError):
        Settings()


def test_proxies_are_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_TRUSTED_PROXIES", "10.1.2.3/8, 2001:db8::7")

    assert [str(one) for one in Settings().trusted_proxies] == ["10.0.0.0/8", "2001:db8::7/128"]


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
        ("oidc_issuer", "http://issuer.example"),
        ("oidc_issuer", "issuer.example"),
        ("oidc_jwks_url", "http://issuer.example/keys"),
        ("oidc_leeway_seconds", "301"),
        ("oidc_leeway_seconds", "-1"),
        ("oidc_role_claim", ""),
        ("oidc_roles", "AGENT"),
        ("oidc_roles", "=AGENT"),
        ("oidc_roles", "customers=CUSTOMER"),
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


def test_an_issuer_needs_an_audience() -> None:
    with pytest.raises(ValidationError, match="GATEWAY_OIDC_ISSUER needs GATEWAY_OIDC_AUDIENCE"):
        Settings(oidc_issuer="https://issuer.example")


def test_a_value_and_a_role_stand_on_both_sides_of_the_last_equals_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_OIDC_ROLES", "collections-agent=AGENT, /groups/cn=audit = COMPLIANCE,")

    assert Settings().oidc_roles == {"collections-agent": Role.AGENT, "/groups/cn=audit": Role.COMPLIANCE}


def test_a_role_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_OIDC_ROLES", "agents=WIZARD")

    with pytest.raises(ValidationError) as caught:
        Settings()

    assert [error["loc"][0] for error in caught.value.errors()] == ["oidc_roles"]


def test_what_customers_would_see_as_an_example_is_named() -> None:
    settings = Settings(lender_name="Our Bank", public_url="https://bank.example")

    assert "GATEWAY_LENDER_NAME" not in settings.left_as_example()
    assert "GATEWAY_LENDER_PHONE" in settings.left_as_example()
