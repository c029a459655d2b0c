"""What the demo says before it begins."""

from pydantic import SecretStr

from gateway.demo import run
from gateway.settings import Settings


def test_what_is_set_and_not_used_is_named_and_not_repeated() -> None:
    said = run.unused(Settings(database_url="postgresql://me:hush@db/gateway", sms_url=SecretStr("https://hush")))

    assert said is not None
    assert "GATEWAY_DATABASE_URL, GATEWAY_SMS_URL." in said
    assert "hush" not in said
    assert run.unused(Settings(port=9000)) is None
