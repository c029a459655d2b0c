"""Every setting, read from the environment once. The README's table is made from this class."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gateway.jwks import is_safe
from gateway.model import Role
from policies.facts import LenderKind

REQUEST_LIMITS: Mapping[Role, float] = {
    Role.CUSTOMER: 20,
    Role.SERVICE: 20_000,
    Role.AGENT: 100,
    Role.COMPLIANCE: 100,
    Role.ADMIN: 1_000,
}
"""Requests per second of one caller. One SERVICE key speaks for a whole back end: more than a process can answer."""

COST_LIMITS: Mapping[Role, float] = {
    Role.CUSTOMER: 2_000,
    Role.SERVICE: 1_000_000,
    Role.AGENT: 20_000,
    Role.COMPLIANCE: 20_000,
    Role.ADMIN: 50_000,
}
"""Points per second of one caller."""

BURST_SECONDS = 10
"""A caller who was quiet may ask for so many seconds' worth at once."""


class Settings(BaseSettings):
    """Settings of one gateway process: `GATEWAY_HOST`, `GATEWAY_PORT` and so on."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address that `gateway serve` listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that `gateway serve` listens on.")
    public_url: str = Field(
        "", description="Address under which customers reach us, for links; default: host and port."
    )
    database_url: str = Field("", repr=False, description="SQLAlchemy URL; default: SQLite in `./var/gateway.db`.")
    database_connections: int = Field(
        10, ge=2, description="Connections to PostgreSQL per process; half of them for writing."
    )
    master_key: SecretStr = Field(
        SecretStr(""), description="Master key that personal data is sealed under: 32 random bytes as base64."
    )
    master_key_file: Path | None = Field(None, description="File that holds it; on SQLite by default beside the file.")
    master_key_command: str = Field(
        "", repr=False, description="Command that prints it, such as a key management service's."
    )
    state_folder: Path = Field(
        Path("var"), description="Where a machine keeps what it knows of a PostgreSQL database: its watermark."
    )
    rulebooks: Path | None = Field(None, description="Folder of rulebooks that are added to ours, or replace them.")
    hardship: Path | None = Field(
        None, description="File of what weighs how much as a sign of hardship, in place of `policies/hardship.toml`."
    )
    plans: Path | None = Field(
        None, description="File of the easier ways to repay that are offered, in place of `policies/plans.toml`."
    )
    cadence: Path | None = Field(
        None, description="File of cadences of notices (TOML) that are added to ours, or replace them."
    )
    templates: Path | None = Field(
        None, description="Folder of message templates that are added to ours, or replace them."
    )

    lender_name: str = Field("Example Lending", description="Who we are, in every message.")
    lender_name_zh: str = Field("示例消费金融", description="Who we are, in Chinese messages.")
    lender_kinds: Annotated[tuple[LenderKind, ...], NoDecode] = Field(
        (),
        description="What we are, comma-separated (BANK, CBA_MEMBER ...): who binds us. Empty: all who protect.",
    )
    lender_phone: str = Field("+8610000000", description="Where a customer can call us.")
    lender_pay_url: str = Field("https://lender.example/pay", description="Where a customer can pay.")
    lender_help_url: str = Field(
        "https://lender.example/help", description="Where a customer finds help, a plan, or can dispute."
    )

    sms_url: SecretStr = Field(
        SecretStr(""), description="Generic SMS provider: `http(s)://[user:password@]host/path`."
    )
    sms_sender: str = Field("LENDER", description="Sender number or name of texts.")
    twilio_account_sid: str = Field("", description="Twilio account; with it, texts go through Twilio.")
    twilio_auth_token: SecretStr = Field(SecretStr(""), description="Twilio's token.")
    twilio_from: str = Field("", description="Twilio sender number, or a messaging service's SID (MG...).")
    twilio_base_url: str = Field("https://api.twilio.com", description="Twilio's address.")
    sms_webhook_secret: SecretStr = Field(
        SecretStr(""),
        description="What the generic SMS provider signs its webhooks with (Standard Webhooks, `whsec_...`).",
    )
    vonage_api_key: str = Field("", description="Vonage account; with it, texts go through Vonage (Messages API).")
    vonage_api_secret: SecretStr = Field(SecretStr(""), description="Vonage's secret.")
    vonage_from: str = Field("", description="Vonage sender number or name.")
    vonage_signature_secret: SecretStr = Field(SecretStr(""), description="What Vonage signs its webhooks with.")
    vonage_base_url: str = Field("https://api.nexmo.com", description="Vonage's address.")
    aliyun_access_key_id: str = Field("", description="Alibaba Cloud key; with it, texts to +86 go through Dysms.")
    aliyun_access_key_secret: SecretStr = Field(SecretStr(""), description="Its secret.")
    aliyun_sign_name: str = Field("", description="The registered signature of texts, without brackets.")
    aliyun_templates: str = Field(
        "", description="Registered templates for ours: `overdue_reminder/sms/zh=SMS_123:name,amount;...`."
    )
    aliyun_webhook_token: SecretStr = Field(
        SecretStr(""), description="`?token=` in the address that Alibaba Cloud pushes reports to: it signs nothing."
    )
    aliyun_base_url: str = Field("https://dysmsapi.aliyuncs.com", description="Dysms's address.")
    smtp_url: SecretStr = Field(
        SecretStr(""), description="`smtp://user:password@host:port`, `smtps://...`, `?security=starttls`."
    )
    smtp_sender: str = Field("notices@lender.example", description="Sender address of mails.")

    dkim_key: Path | None = Field(None, description="PEM file of the key that mails are signed with (RSA or Ed25519).")
    dkim_domain: str = Field("", description="The domain that signs; default: that of the sender's address.")
    dkim_selector: str = Field("gateway", description="Where the public key is: `<selector>._domainkey.<domain>`.")
    mail_webhook_secret: SecretStr = Field(
        SecretStr(""), description="What `/webhooks/mail` takes as Bearer token, or as Basic password."
    )

    oidc_issuer: str = Field(
        "", description="OpenID Connect issuer whose tokens open the API, as their `iss` has it. Empty: none does."
    )
    oidc_audience: str = Field(
        "", description="The `aud` of tokens for this API: its own name at the issuer, not a client's."
    )
    oidc_jwks_url: str = Field("", description="Where the issuer's keys are; default: where its configuration says.")
    oidc_leeway_seconds: int = Field(60, ge=0, le=300, description="How far the issuer's clock may be from ours.")
    oidc_role_claim: str = Field(
        "roles", min_length=1, description="Claim that says what the caller is; `realm_access.roles` goes inwards."
    )
    oidc_roles: Annotated[dict[str, Role], NoDecode] = Field(
        {}, description="What its values stand for: `collections-agent=AGENT,auditors=COMPLIANCE`."
    )
    oidc_customer_claim: str = Field(
        "", description="Claim with a customer's reference: who has it is that CUSTOMER and nothing else."
    )
    oidc_name_claim: str = Field("name", min_length=1, description="Claim that names an agent on what they do.")

    sandbox: bool = Field(False, description="Virtual clock, and channels that only remember where no provider is set.")
    worker: bool = Field(True, description="Whether `gateway serve` also delivers what falls due.")
    poll_seconds: float = Field(0.5, gt=0, description="How often a worker looks for due contacts.")
    send_timeout_seconds: float = Field(30, gt=0, description="How long a provider may take to answer.")
    attempt_lease_seconds: float = Field(90, gt=0, description="After this an open attempt counts as lost: UNKNOWN.")
    max_attempts: int = Field(5, ge=1, description="Attempts per channel before it is given up.")
    retry_seconds: float = Field(60, gt=0, description="Wait after the first temporary failure; doubles each time.")
    concurrent_sends: int = Field(64, ge=1, description="Messages in flight at once, per process.")
    pace: Annotated[dict[str, float], NoDecode] = Field(
        {}, description="Messages per second that a provider takes, of all workers together: `twilio=10,smtp=50`."
    )
    events_allow_private: bool = Field(
        False, description="Whether events may go to plain http and to addresses that only we can reach."
    )
    callback_lease_minutes: float = Field(15, gt=0, description="How long an agent holds a claimed callback.")
    callback_rings: int = Field(3, ge=1, description="Rings of one callback before it is given up.")
    callback_ring_again_minutes: float = Field(
        120, gt=0, description="Wait between rings where the agent names no time."
    )
    contact_lifetime_days: float = Field(
        60, gt=0, description="When a contact without `expiresAt` expires, after it was requested or wished for."
    )
    checkpoint_minutes: float = Field(
        60, gt=0, description="How often a worker signs how far every chain of the log has come."
    )
    max_body_bytes: int = Field(1_000_000, ge=1000, description="Largest request body.")
    max_connections: int = Field(
        800, ge=10, description="Open connections per process; from then on HTTP is answered 503. Below `ulimit -n`."
    )
    sockets_per_caller: int = Field(100, ge=1, description="Open WebSockets of one caller, per process.")
    request_limits: Annotated[dict[Role, float], NoDecode] = Field(
        dict(REQUEST_LIMITS),
        description="Requests per second of one caller, by role and per process: `CUSTOMER=5,AGENT=50`; others stay.",
    )
    cost_limits: Annotated[dict[Role, float], NoDecode] = Field(
        dict(COST_LIMITS),
        description="Cost points per second of one caller, by role and per process: `CUSTOMER=500`; others stay.",
    )
    stranger_limit: float = Field(
        2, gt=0, description="Requests per second without a valid key from one address, per process."
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="Whose `X-Forwarded-For` is believed, comma-separated: `10.0.0.0/8,2001:db8::7`."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Sites whose pages may call the API from a browser, comma-separated: `https://app.lender.example`.",
    )
    graphiql: bool = Field(False, description="Whether browsers are shown GraphiQL; in the sandbox they always are.")
    trusted_documents: Path | None = Field(None, description="File of the operations that apps are built with.")
    trusted_document_roles: Annotated[tuple[Role, ...], NoDecode] = Field(
        (Role.CUSTOMER,),
        description="Who may execute only those, comma-separated, once there is such a file; empty: nobody is bound.",
    )
    log_level: str = Field(
        "INFO", pattern="^(?i:DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR."
    )

    @model_validator(mode="after")
    def _a_lease_outlasts_a_send(self) -> Self:
        if self.attempt_lease_seconds <= self.send_timeout_seconds:
            # Else another process would take a message that is on its way for lost.
            raise ValueError("GATEWAY_ATTEMPT_LEASE_SECONDS must be more than GATEWAY_SEND_TIMEOUT_SECONDS")
        return self

    @model_validator(mode="after")
    def _an_issuer_speaks_to_somebody(self) -> Self:
        if self.oidc_issuer and not self.oidc_audience:
            # Else a token that was made for another API would open ours.
            raise ValueError("GATEWAY_OIDC_ISSUER needs GATEWAY_OIDC_AUDIENCE")
        return self

    def left_as_example(self) -> list[str]:
        """What customers would see of us that nobody has set: our name, our addresses, the link that stops mails."""
        shown = ("public_url", "lender_name", "lender_phone", "lender_pay_url", "lender_help_url", "smtp_sender")
        return [f"GATEWAY_{name.upper()}" for name in shown if name not in self.model_fields_set]

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, given: object) -> object:
        if not isinstance(given, list):  # of such validators, the one written last is asked first
            return given
        try:
            return tuple(ip_network(one, strict=False) for one in given)
        except ValueError:
            raise ValueError("an address or a network is meant: 10.0.0.0/8,2001:db8::7") from None

    @field_validator("lender_kinds", "trusted_proxies", "cors_origins", "trusted_document_roles", mode="before")
    @classmethod
    def _separate(cls, given: object) -> object:
        return [one.strip() for one in given.split(",") if one.strip()] if isinstance(given, str) else given

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_exact(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            url = urlsplit(one)
            if (
                url.scheme not in ("http", "https")
                or not url.netloc
                or "*" in one
                or one != one.lower()
                or f"{url.scheme}://{url.netloc}" != one
            ):
                raise ValueError(
                    "an origin is scheme, host and port, as a browser sends it: https://app.lender.example"
                )
        return given

    @field_validator("pace", "request_limits", "cost_limits", mode="before")
    @classmethod
    def _paces(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        pairs = [one.partition("=") for one in given.split(",") if one.strip()]
        return {name.strip(): number.strip() for name, _, number in pairs}

    @field_validator("oidc_issuer", "oidc_jwks_url")
    @classmethod
    def _is_read_safely(cls, given: str) -> str:
        if given and not is_safe(given):
            raise ValueError("is not an https address (http is taken on this machine only)")
        return given

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _roles(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        pairs = [one.rpartition("=") for one in given.split(",") if one.strip()]
        return {value.strip(): role.strip() for value, _, role in pairs}

    @field_validator("oidc_roles")
    @classmethod
    def _roles_are_not_customers(cls, given: dict[str, Role]) -> dict[str, Role]:
        if "" in given:
            raise ValueError("a value of the claim and a role: collections-agent=AGENT")
        if Role.CUSTOMER in given.values():
            raise ValueError("a CUSTOMER is known by GATEWAY_OIDC_CUSTOMER_CLAIM: without it nobody knows which one")
        return given

    @field_validator("pace")
    @classmethod
    def _paces_are_above_zero(cls, given: dict[str, float]) -> dict[str, float]:
        if any(not name or not 0 < number <= 100_000 for name, number in given.items()):
            raise ValueError("a pace is a provider and a number of messages per second above 0: twilio=10")
        return given

    @field_validator("request_limits", "cost_limits")
    @classmethod
    def _limits_are_above_zero(cls, given: dict[Role, float], info: ValidationInfo) -> dict[Role, float]:
        if any(not 0 < number <= 1_000_000_000 for number in given.values()):
            raise ValueError("a limit is a role and a number per second above 0: CUSTOMER=20")
        return {**(REQUEST_LIMITS if info.field_name == "request_limits" else COST_LIMITS), **given}

    def database(self) -> str:
        """The database's URL, the embedded default filled in."""
        return self.database_url or "sqlite:///var/gateway.db"

    def database_file(self) -> Path | None:
        """The file of an embedded database; None: a server's, or none at all."""
        try:
            url = make_url(self.database())
        except ArgumentError:
            return None
        is_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
        return Path(url.database or "") if is_file else None

    def address(self) -> str:
        """The address customers reach us under, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
