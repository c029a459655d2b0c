"""The linter where words come in: templates when they are read, a caller's values before they leave."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from gateway.cli import cli
from gateway.words import BadTemplate, BadWords, Words
from gateway.words.sheets import OURS
from policies.contents import wrong_language
from policies.facts import Channel, Purpose
from tests.gateway.test_words import BILL, LENDER, WORDS

RUN = CliRunner()


@pytest.fixture(autouse=True)
def quiet_afterwards() -> Iterator[None]:
    """A command writes its log to a standard error that is gone when it ends."""
    yield
    structlog.reset_defaults()


def own(folder: Path, file: str, text: str, *, replacing: Mapping[str, str] | None = None) -> Path:
    """A lender's folder with one file: `text`, or ours of that name with some words replaced."""
    path = folder / "en" / file
    path.parent.mkdir()
    for old, new in (replacing or {}).items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return folder


def ours(file: str) -> str:
    return (OURS / "en" / file).read_text(encoding="utf-8")


def test_all_our_templates_pass_in_every_language_and_variant() -> None:
    Words.load(lender=LENDER, refuse=lambda path, problems: pytest.fail(f"{path}: {problems}") if problems else None)

    assert len(WORDS.versions()) >= 78


def test_a_template_that_threatens_is_refused_with_file_rule_words_and_suggestion(tmp_path: Path) -> None:
    folder = own(tmp_path, "own.toml", 'purpose = "FOLLOW_UP"\n[sms]\ntext = "Pay now, or we take LEGAL action."')

    with pytest.raises(BadTemplate) as error:
        Words.load(folder, lender=LENDER)

    assert error.value.path.name == "own.toml"
    assert 'en.threat.legal: "LEGAL action"' in error.value.reason
    assert "Better: We look at the next steps in your agreement." in error.value.reason


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("your payment of {{ amount }}", "your payment", "content.amount"),
        ("{% else %}If we do not hear from you, we may contact you again.", "", "content.what_happens_next"),
        (", or to dispute it, talk", ", talk", "content.how_to_dispute"),
        ("Pay: {{ pay_url }}\n", "", "content.how_to_pay"),
    ],
)
def test_a_notice_that_lacks_a_fact_is_refused(tmp_path: Path, old: str, new: str, rule: str) -> None:
    folder = own(tmp_path, "overdue_warning.toml", ours("overdue_warning.toml"), replacing={old: new})

    with pytest.raises(BadTemplate, match=rule):
        Words.load(folder, lender=LENDER)


def test_a_fact_that_is_said_only_sometimes_counts_as_not_said(tmp_path: Path) -> None:
    sometimes = {"of {{ amount }}, due": "{% if amount is defined %}of {{ amount }}{% endif %}, due"}
    folder = own(tmp_path, "overdue_warning.toml", ours("overdue_warning.toml"), replacing=sometimes)

    with pytest.raises(BadTemplate, match=r"content\.amount"):
        Words.load(folder, lender=LENDER)


def test_a_subject_with_a_debt_word_is_refused(tmp_path: Path) -> None:
    folder = own(
        tmp_path, "due_reminder.toml", ours("due_reminder.toml"), replacing={"A friendly reminder from": "Your loan at"}
    )

    with pytest.raises(BadTemplate, match=r'en\.debt_word: "loan"'):
        Words.load(folder, lender=LENDER)


@pytest.mark.parametrize(
    ("locale", "value", "rule"),
    [
        ("en", "On Friday we will tell your family.", "en.third_party"),
        ("zh", "周五我们将上门。", "zh.threat.force"),
        ("zh", "On Friday our Ms Green will give you a call.", "language"),
    ],
)
def test_a_callers_words_are_looked_at_before_a_message_leaves(locale: str, value: str, rule: str) -> None:
    with pytest.raises(BadWords) as error:
        WORDS.render("overdue_warning", Channel.SMS, locale, BILL, {"next_step": value}, discreet=False)

    assert error.value.name == "next_step"
    assert rule in {problem.rule for problem in error.value.problems}
    assert "Friday" not in str(error.value)
    assert "周五" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "language", "is_wrong"),
    [
        ("谢谢", "en", True),
        ("Sorry", "zh", True),
        ("Thanks!", "zh", True),
        ("王明", "en", False),
        ("Green", "zh", False),
        ("谢谢", "zh", False),
        ("Sorry", "en", False),
    ],
)
def test_one_word_is_enough_to_be_in_the_wrong_language(text: str, language: str, is_wrong: bool) -> None:
    assert (wrong_language(text, language) is not None) is is_wrong


def test_a_legal_notice_may_name_a_court_and_a_reply_may_not() -> None:
    said = "The court of Beijing has set a date."

    WORDS.check_said("legal_notice", Purpose.LEGAL_NOTICE, "en", {"notice": said})
    with pytest.raises(BadWords, match=r"en\.threat\.legal"):
        WORDS.check_said("customer_reply", Purpose.CUSTOMER_REPLY, "en", {"answer": said})


@pytest.mark.parametrize(
    ("jurisdiction", "product", "version"),
    [
        ("CN", "CREDIT_CARD", "overdue_warning.CN.CREDIT_CARD"),
        ("CN", "credit card", "overdue_warning.CN.CREDIT_CARD"),
        ("CN", "CONSUMER_LOAN", "overdue_warning"),
        ("US", "CREDIT_CARD", "overdue_warning"),
        (None, None, "overdue_warning"),
    ],
)
def test_the_most_specific_variant_is_said(jurisdiction: str | None, product: str | None, version: str) -> None:
    message = WORDS.render(
        "overdue_warning",
        Channel.EMAIL,
        "zh",
        BILL,
        {},
        discreet=False,
        jurisdiction=jurisdiction,
        product=product,
    )

    assert message.version.startswith(f"{version}/email/zh@")
    assert ("信用卡账户：**4231" in message.text) is (version != "overdue_warning")


def test_a_jurisdiction_comes_before_a_product_and_a_city_falls_back_to_its_country(tmp_path: Path) -> None:
    own(tmp_path, "own.toml", 'purpose = "FOLLOW_UP"\n[sms]\ntext = "all"')
    for narrowed in ("US", "US-NYC", "CREDIT_CARD"):
        (tmp_path / "en" / f"own.{narrowed}.toml").write_text(f'purpose = "FOLLOW_UP"\n[sms]\ntext = "of {narrowed}"')
    words = Words.load(tmp_path, lender=LENDER)

    def said(jurisdiction: str, product: str) -> str:
        message = words.render(
            "own", Channel.SMS, "en", BILL, {}, discreet=False, jurisdiction=jurisdiction, product=product
        )
        return message.version.split("/")[0]

    assert said("US-NYC", "CREDIT_CARD") == "own.US-NYC"
    assert said("US-MA", "CREDIT_CARD") == "own.US"
    assert said("UK", "CREDIT_CARD") == "own.CREDIT_CARD"
    assert said("UK", "CONSUMER_LOAN") == "own"


def test_a_variant_of_nothing_is_refused(tmp_path: Path) -> None:
    folder = own(tmp_path, "own.CN.toml", 'purpose = "FOLLOW_UP"\n[sms]\ntext = "a"')

    with pytest.raises(BadTemplate, match="narrows a template that there is not"):
        Words.load(folder, lender=LENDER)


def test_the_command_names_every_problem_of_a_folder(tmp_path: Path) -> None:
    folder = own(tmp_path, "own.toml", 'purpose = "FOLLOW_UP"\n[sms]\ntext = "Shame on you. The police will come."')

    done = RUN.invoke(cli, ["words", "check", "--folder", str(folder), "--json"])

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert {(one["rule"], *one["words"]) for one in told} >= {("en.shame", "Shame"), ("en.authority", "police")}


def test_our_own_templates_may_be_used_and_are_listed() -> None:
    assert RUN.invoke(cli, ["words", "check"]).exit_code == 0

    done = RUN.invoke(cli, ["words", "list", "--json"])

    told = [json.loads(line) for line in done.stdout.splitlines()]
    card = [one for one in told if one["product"] == "CREDIT_CARD"]
    assert {(one["jurisdiction"], one["channel"], one["language"]) for one in card} >= {("CN", "SMS", "zh")}
