"""Money, dates and account numbers, as they are printed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from gateway.words import Words
from gateway.words.phrases import masked, phrases
from policies.facts import Channel
from tests.gateway.test_words import BILL, LENDER, WORDS


@pytest.mark.parametrize(
    ("locale", "amount", "currency", "sms", "mail"),
    [
        ("en-US", "120.00", "USD", "$120.00", "$120.00"),
        ("en-GB", "1120.5", "GBP", "£1,120.50", "£1,120.50"),
        ("en", "9", "EUR", "€9.00", "€9.00"),
        ("en", "1200", "JPY", "¥1,200", "¥1,200"),
        ("en", "1200.00", "INR", "INR 1,200.00", "₹1,200.00"),
        ("en", "0.005", "USD", "$0.005", "$0.005"),
        ("zh-CN", "1200.5", "CNY", "¥1,200.50", "¥1,200.50"),
        ("zh-CN", "7", "USD", "US$7.00", "US$7.00"),
    ],
)
def test_an_amount_is_exact_and_keeps_an_sms_short(
    locale: str, amount: str, currency: str, sms: str, mail: str
) -> None:
    language = locale[:2]

    assert phrases(locale, language, Channel.SMS).money(Decimal(amount), currency) == sms
    assert phrases(locale, language, Channel.EMAIL).money(Decimal(amount), currency) == mail


@pytest.mark.parametrize(
    ("locale", "said"),
    [("en-US", "Mar 2, 2026"), ("en-GB", "2 Mar 2026"), ("fr", "Mar 2, 2026"), ("zh-TW", "2026年3月2日")],
)
def test_a_date_names_its_month_as_the_reader_does(locale: str, said: str) -> None:
    language = "zh" if locale.startswith("zh") else "en"

    assert phrases(locale, language, Channel.SMS).day(date(2026, 3, 2)) == said


@pytest.mark.parametrize(
    ("number", "english", "chinese"), [(1, "1 day", "1天"), (2, "2 days", "2天"), (400, "400 days", "400天")]
)
def test_days_are_counted_in_days(number: int, english: str, chinese: str) -> None:
    assert phrases("en", "en", Channel.SMS).days(number) == english
    assert phrases("zh", "zh", Channel.SMS).days(number) == chinese


def test_minutes_have_a_plural_too() -> None:
    assert [phrases("en", "en", Channel.SMS).minutes(number) for number in (1, 5, 90)] == [
        "1 minute",
        "5 minutes",
        "90 minutes",
    ]


@pytest.mark.parametrize(
    ("account", "said"), [("LN-2026-884231", "**4231"), ("12345678", "**5678"), ("12345", "**45"), ("123", "**")]
)
def test_an_account_shows_its_end_only(account: str, said: str) -> None:
    assert masked(account) == said


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.CALLBACK])
def test_no_message_holds_a_whole_account_number(channel: Channel) -> None:
    message = WORDS.render("overdue_reminder", channel, "en", BILL, {}, discreet=False)

    assert "**4231" in message.text
    assert "884231" not in message.text + (message.html or "")


def test_a_lender_without_a_chinese_name_signs_with_its_own() -> None:
    words = Words.load(lender=replace(LENDER, name_zh=None))

    text = words.render("due_reminder", Channel.SMS, "zh", BILL, {}, discreet=False).text

    assert text.startswith("【Harvest】")
