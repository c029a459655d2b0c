"""Every setting, read from the environment once. The README's table is made from this class."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from policies.facts import LenderKind


class Settings(BaseSettings):
    """Settings of one gateway process: `GATEWAY_HOST`, `GATEWAY_PORT` and so on."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address that `gateway serve` listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that `gateway serve` listens on.")
    public_url: str = Field(
        "", description="Address under which customers reach us, for links; default: host and port."
    )
    database_url: str = Field("", repr=False, description="SQLAlchemy URL; default: SQLite in `./var/gateway.db`.")
    rulebooks: Path | None = Field(None, description="Folder of rulebooks that are added to ours, or replace them.")
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
    smtp_url: SecretStr = Field(
        SecretStr(""), description="`smtp://user:password@host:port`, `smtps://...`, `?security=starttls`."
    )
    smtp_sender: str = Field("notices@lender.example", description="Sender address of mails.")

    sandbox: bool = Field(False, description="Virtual clock, and channels that only remember where no provider is set.")
    worker: bool = Field(True, description="Whether `gateway serve` also delivers what falls due.")
    poll_seconds: float = Field(0.5, gt=0, description="How often a worker looks for due contacts.")
    send_timeout_seconds: float = Field(30, gt=0, description="How long a provider may take to answer.")
    attempt_lease_seconds: float = Field(90, gt=0, description="After this an open attempt counts as lost: UNKNOWN.")
    max_attempts: int = Field(5, ge=1, description="Attempts per channel before it is given up.")
    retry_seconds: float = Field(60, gt=0, description="Wait after the first temporary failure; doubles each time.")
    concurrent_sends: int = Field(32, ge=1, description="Messages in flight at once, per process.")
    callback_lease_minutes: float = Field(15, gt=0, description="How long an agent holds a claimed callback.")
    callback_rings: int = Field(3, ge=1, description="Rings of one callback before it is given up.")
    callback_ring_again_minutes: float = Field(
        120, gt=0, description="Wait between rings where the agent names no time."
    )
    contact_lifetime_days: float = Field(
        60, gt=0, description="When a contact without `expiresAt` expires, after it was requested or wished for."
    )
    max_body_bytes: int = Field(1_000_000, ge=1000, description="Largest request body.")
    log_level: str = Field(
        "INFO", pattern="^(?i:DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR."
    )

    @model_validator(mode="after")
    def _a_lease_outlasts_a_send(self) -> Self:
        if self.attempt_lease_seconds <= self.send_timeout_seconds:
            # Else another process would take a message that is on its way for lost.
            raise ValueError("GATEWAY_ATTEMPT_LEASE_SECONDS must be more than GATEWAY_SEND_TIMEOUT_SECONDS")
        return self

    def left_as_example(self) -> list[str]:
        """What customers would see of us that nobody has set: our name, our addresses, the link that stops mails."""
        shown = ("public_url", "lender_name", "lender_phone", "lender_pay_url", "lender_help_url", "smtp_sender")
        return [f"GATEWAY_{name.upper()}" for name in shown if name not in self.model_fields_set]

    @field_validator("lender_kinds", mode="before")
    @classmethod
    def _separate(cls, given: object) -> object:
        return [one.strip() for one in given.split(",") if one.strip()] if isinstance(given, str) else given

    def database(self) -> str:
        """The database's URL, the embedded default filled in."""
        return self.database_url or "sqlite:///var/gateway.db"

    def address(self) -> str:
        """The address customers reach us under, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
