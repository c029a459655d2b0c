"""Words are looked at before they are sent."""

from datetime import date
from typing import Any

from gateway.model import Role
from tests.api.client import Api
from tests.gateway.test_campaigns import rows

PREVIEW = """query ($input: PreviewMessageInput!) { previewMessage(input: $input) {
    subject text html segments templateVersion refusal problems { rule kind words suggestion } } }"""
CHECK = """query ($input: CheckWordsInput!) { checkWords(input: $input) {
    segments problems { rule kind words message suggestion citation } } }"""


async def _preview(api: Api, **given: Any) -> dict[str, Any]:
    shown: dict[str, Any] = (await api.data(PREVIEW, {"input": given}))["previewMessage"]
    return shown


async def test_a_preview_is_the_message_and_leaves_no_trace(api: Api) -> None:
    customer = await api.world.customer(name="Wang Fang", locale="en")
    bill = await api.world.bill(customer, due_on=date(2026, 11, 14))
    await api.key(Role.SERVICE)  # making a key is on record
    before = await rows(api.world)
    about = {"customerId": api.id(customer), "billId": api.id(bill), "purpose": "OVERDUE_REMINDER"}

    text = await _preview(api, **about, channel="SMS")
    mail = await _preview(api, **about, channel="EMAIL")
    shared = await _preview(api, **about, channel="SMS", discreet=True)

    assert "1,234.50" in text["text"]
    assert text["segments"] >= 1
    assert text["templateVersion"].startswith("overdue_reminder/sms/en@")
    assert mail["html"].startswith("<!")
    assert "Wang" not in mail["text"]
    assert "1,234.50" not in shared["text"]
    assert api.world.sms.sent == []
    after = await rows(api.world)
    assert {name: count for name, count in after.items() if before[name] != count} == {}


async def test_bad_words_are_named_with_what_to_say_instead(api: Api) -> None:
    customer = await api.world.customer(locale="en")

    shown = await _preview(
        api,
        customerId=api.id(customer),
        purpose="CUSTOMER_REPLY",
        channel="SMS",
        variables={"answer": "Pay today or the police will come to your home."},
    )
    missing = await _preview(api, customerId=api.id(customer), purpose="CUSTOMER_REPLY", channel="SMS")

    assert shown["text"] is None
    assert "police" in [word for one in shown["problems"] for word in one["words"]]
    assert all(one["suggestion"] for one in shown["problems"])
    assert missing["refusal"] == "the variable 'answer' is missing"


async def test_words_of_a_template_are_checked_as_they_are_written(api: Api) -> None:
    given = {"channel": "SMS", "locale": "zh-CN", "jurisdiction": "CN", "purpose": "OVERDUE_REMINDER"}

    bad = (await api.data(CHECK, {"input": {**given, "text": "再不还款就联系您的家人"}}, role=Role.ADMIN))["checkWords"]

    kinds = {one["kind"] for one in bad["problems"]}
    assert {"THIRD_PARTY", "MISSING_FACT"} <= kinds
    assert any("家人" in word for one in bad["problems"] for word in one["words"])
    assert bad["segments"] == 1


async def test_a_whole_text_is_clean_with_its_facts_by_their_names(api: Api) -> None:
    given = {"channel": "SMS", "locale": "en", "jurisdiction": "CN", "purpose": "OVERDUE_REMINDER"}
    text = (
        "{{ lender }}: your payment of {{amount}}, due on {{ due_on }}, is {{ days_overdue }} overdue. "
        "Pay: {{ pay_url }} To dispute it, or for help: {{ help_url }} "
        "We may contact you again. Reply STOP to stop texts."
    )

    clean = (await api.data(CHECK, {"input": {**given, "text": text}}, role=Role.ADMIN))["checkWords"]
    lacking = (await api.data(CHECK, {"input": {**given, "text": text.replace("{{amount}}", "it")}}, role=Role.ADMIN))[
        "checkWords"
    ]

    assert clean["problems"] == []
    assert [(one["rule"], one["suggestion"]) for one in lacking["problems"]] == [("content.amount", "say {{ amount }}")]
