"""The finished words as a whole: what arises where a template and values meet, and whose names stand in it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway import previewing
from gateway.model import ContactStatus, Unacceptable
from gateway.previewing import PreviewMessage
from gateway.words import BadTemplate, BadWords, OtherPurpose, Unsayable, Words
from policies.facts import Channel, Purpose
from tests.gateway.test_words import BILL, LENDER, NO_BILL, WORDS
from tests.world import SERVICE, open_world

Say = Callable[..., str]

COURT_STREET = Words.load(lender=replace(LENDER, name="Court Street Lending", name_zh=None))


def own(folder: Path, source: str, *, purpose: str = "CUSTOMER_REPLY", language: str = "en") -> Path:
    """A lender's folder with one template, own.toml."""
    (folder / language).mkdir(parents=True, exist_ok=True)
    (folder / language / "own.toml").write_text(f'purpose = "{purpose}"\n{source}', encoding="utf-8")
    return folder


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """What a template of a lender's own says, with these values."""

    def say(source: str, channel: Channel = Channel.SMS, *, locale: str = "en", **variables: Any) -> str:
        discreet = variables.pop("discreet", False)
        folder = own(tmp_path, source, language=locale)
        words = Words.load(folder, lender=LENDER)
        message = words.render("own", channel, locale, BILL, variables, discreet=discreet)
        return f"{message.subject or ''} {message.text}"

    return say


@pytest.mark.parametrize(
    ("locale", "text", "values", "rule", "words"),
    [
        ("en", "we will take {{ a }} action.", {"a": "legal"}, "en.threat.legal", "legal action"),
        ("en", "we take {{ a }} {{ b }}.", {"a": "legal", "b": "action"}, "en.threat.legal", "legal action"),
        ("en", "su{{ a }} you", {"a": "e"}, "en.threat.legal", "sue"),
        ("en", "answer within {{ a }} hours", {"a": 24}, "en.urgency", "within 24 hours"),
        ("en", "we told your {{ a }}", {"a": "mother"}, "en.third_party", "your mother"),
        ("zh", "我们将起{{ a }}。", {"a": "诉"}, "zh.threat.legal", "起诉"),
        ("zh", "我们将{{ a }}{{ b }}。", {"a": "上", "b": "门"}, "zh.threat.force", "上门"),
    ],
)
def test_a_phrase_that_arises_where_words_meet_is_refused_with_words_and_rule(
    say: Say, locale: str, text: str, values: dict[str, object], rule: str, words: str
) -> None:
    with pytest.raises(Unsayable) as error:
        say(f'[sms]\ntext = "{text}"', locale=locale, **values)

    assert [(one.rule, one.words) for one in error.value.problems] == [(rule, (words,))]
    assert f'{rule}: "{words}"' in str(error.value)


def test_the_same_words_with_other_values_may_be_said(say: Say) -> None:
    assert "take kind action" in say('[sms]\ntext = "we take {{ a }} {{ b }}."', a="kind", b="action")


def test_a_subject_shows_no_debt_whatever_it_is_filled_with(say: Say) -> None:
    mail = '[email]\nsubject = "About your {{ topic }}"\ntext = "Words."'

    assert "About your question" in say(mail, Channel.EMAIL, topic="question")
    with pytest.raises(Unsayable, match=r'en\.debt_word: "loan"'):
        say(mail, Channel.EMAIL, topic="loan")


def test_what_others_read_holds_no_sum_of_a_caller_and_an_agents_script_may(say: Say) -> None:
    text = '{0}\ntext = "about {{{{ fee_amount }}}}"\n'
    source = "".join(text.format(one) for one in ("[sms]", "[callback]", "[discreet.sms]", "[discreet.callback]"))

    assert "CN¥5.00" in say(source, fee_amount=5)
    assert "CN¥5.00" in say(source, Channel.CALLBACK, fee_amount=5, discreet=True)
    with pytest.raises(Unsayable, match=r"en\.debt_word"):
        say(source, fee_amount=5, discreet=True)


def test_a_number_that_decides_what_is_said_is_not_taken_for_another(say: Say) -> None:
    source = """[sms]\ntext = '{% if n == "7" %}within{% else %}after{% endif %} {{ n }} hours'"""

    assert "after 8 hours" in say(source, n="8")
    with pytest.raises(Unsayable, match="within 7 hours"):
        say(source, n="7")


def test_html_is_looked_at_as_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "layout.html.j2").write_text("<style>.sue { }</style><p>take l<b>eg</b>al</p> {{ body }}")
    folder = own(tmp_path, '[email]\nsubject = "Hello"\ntext = "Words."')
    (tmp_path / "en" / "frame.toml").write_text(
        '[sms]\ntext = "{{ words }} {{ opt_out }}"\nopt_out = "STOP"\n'
        '[email]\ntext = "{{ a }} {{ lender }} {{ words }} {{ opt_out }}"\nopt_out = "stop"\n'
        '[callback]\ntext = "{{ words }}"\n'
    )
    words = Words.load(folder, lender=LENDER, refuse=lambda path, problems: None)

    html = words.render("own", Channel.EMAIL, "en", BILL, {"a": "care"}, discreet=False).html

    assert "<p>care Harvest Words. stop" in str(html)
    with pytest.raises(Unsayable, match='"legal\n \naction"'):
        words.render("own", Channel.EMAIL, "en", BILL, {"a": "action"}, discreet=False)


def test_a_layout_that_threatens_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "layout.html.j2").write_text("<p>{{ body }}</p><p>Or we s<b>u</b>e.</p>")

    with pytest.raises(BadTemplate, match=r'layout\.html\.j2: en\.threat\.legal: "sue"'):
        Words.load(tmp_path, lender=LENDER)


@pytest.mark.parametrize(
    ("name", "locale", "answer"),
    [
        ("Sue", "en", "Thank you, Sue."),
        ("Sue Miller", "en", "Dear Sue Miller, you are welcome."),
        ("Sue Miller", "en", "Hello Sue! You are welcome."),
        ("Tom Judge", "en", "Mr Judge, you are welcome."),
        ("马上", "zh", "马上先生，感谢您的来信。"),
        ("Anna", "en", "Thank you from all at Court Street Lending."),
    ],
)
def test_own_names_are_no_threat(name: str, locale: str, answer: str) -> None:
    about = replace(NO_BILL, customer_name=name)

    for channel in Channel:
        text = COURT_STREET.render("customer_reply", channel, locale, about, {"answer": answer}, discreet=False).text
        assert answer in text
        assert "Court Street Lending" in text
    COURT_STREET.check_said("customer_reply", Purpose.CUSTOMER_REPLY, locale, {"answer": answer}, name)


@pytest.mark.parametrize(
    ("name", "locale", "answer", "rule"),
    [
        ("Sue", "en", "Dear Sue, we will sue you.", "en.threat.legal"),
        ("Sue", "en", "We will Sue you.", "en.threat.legal"),
        ("Sue Miller", "en", "Sue Miller, the court is next.", "en.threat.legal"),
        ("Anna", "en", "Thank you, Sue.", "en.threat.legal"),
        ("马上", "zh", "请马上联系我们。", "zh.urgency"),
        ("Anna", "en", "Court Street will write to you.", "en.threat.legal"),
    ],
)
def test_a_threat_stays_one_whoever_has_its_name(name: str, locale: str, answer: str, rule: str) -> None:
    about = replace(NO_BILL, customer_name=name)

    with pytest.raises(BadWords) as error:
        COURT_STREET.render("customer_reply", Channel.SMS, locale, about, {"answer": answer}, discreet=False)
    with pytest.raises(BadWords):
        COURT_STREET.check_said("customer_reply", Purpose.CUSTOMER_REPLY, locale, {"answer": answer}, name)

    assert [problem.rule for problem in error.value.problems] == [rule]


async def test_a_message_whose_finished_words_may_not_be_said_does_not_leave(tmp_path: Path) -> None:
    folder = own(tmp_path / "templates", '[sms]\ntext = "we will take {{ step }} action."', purpose="FOLLOW_UP")
    async with open_world(tmp_path, templates=folder) as world:
        customer = await world.customer("TEST")
        bad = await world.request(customer, Channel.SMS, template="own", variables={"step": "legal"})
        good = await world.request(customer, Channel.SMS, template="own", variables={"step": "kind"})
        wanted = PreviewMessage(
            customer.id, Purpose.FOLLOW_UP, Channel.SMS, template="own", variables={"step": "legal"}
        )

        shown = await previewing.message(world.gateway, SERVICE, wanted)
        await world.deliver()

        now = await world.now(bad)
        assert now.status is ContactStatus.FAILED
        assert 'en.threat.legal: "legal action"' in str(now.cancel_reason)
        assert await world.attempts(bad) == []
        assert (await world.now(good)).status is ContactStatus.SENT
        assert len(world.sms.sent) == 1
        assert (shown.text, [one.rule for one in shown.problems]) == (None, ["en.threat.legal"])


# A template of a lender's own says its purpose.


def test_what_its_purpose_must_say_a_template_of_ones_own_must_say(tmp_path: Path) -> None:
    says_all = (
        "your payment of {{ amount }}, due on {{ due_on }}, is {{ days_overdue }} overdue. Pay: {{ pay_url }} "
        "Next: we may contact you again. To dispute it: {{ help_url }}"
    )
    folder = own(tmp_path, f'[sms]\ntext = "{says_all}"', purpose="OVERDUE_WARNING")
    words = Words.load(folder, lender=LENDER)

    assert "CN¥1,200.50" in words.render("own", Channel.SMS, "en", BILL, {}, discreet=False).text
    for lacking, rule in [("{{ amount }}", "content.amount"), ("dispute", "content.how_to_dispute")]:
        own(tmp_path, f'[sms]\ntext = "{says_all.replace(lacking, "it")}"', purpose="OVERDUE_WARNING")
        with pytest.raises(BadTemplate, match=rule):
            Words.load(folder, lender=LENDER)


def test_what_is_lawful_in_its_purpose_a_template_of_ones_own_may_say(tmp_path: Path) -> None:
    text = "the court has set a date. To dispute it: {{ help_url }}"
    folder = own(tmp_path, f'[sms]\ntext = "{text}"', purpose="LEGAL_NOTICE")

    words = Words.load(folder, lender=LENDER)

    assert "the court has set a date" in words.render("own", Channel.SMS, "en", BILL, {}, discreet=False).text


@pytest.mark.parametrize(
    ("file", "source", "reason"),
    [
        ("own.toml", '[sms]\ntext = "a"', "must say its purpose, one of DUE_REMINDER, "),
        ("own.toml", 'purpose = "REMIND"\n[sms]\ntext = "a"', "must say its purpose"),
        ("own.toml", 'purpose = 1\n[sms]\ntext = "a"', "purpose must be a text"),
        ("follow_up.toml", 'purpose = "FOLLOW_UP"\n[sms]\ntext = "a"', "has its purpose by its name"),
        ("follow_up.CN.toml", 'purpose = "MARKETING"\n[sms]\ntext = "a"', "has its purpose by its name"),
        ("frame.toml", 'purpose = "FOLLOW_UP"\n[sms]\ntext = "{{ words }}"', "has its purpose by its name"),
        ("application_approved.CN.toml", 'purpose = "MARKETING"\n[sms]\ntext = "a"', "for another purpose than"),
    ],
)
def test_a_purpose_is_said_once(tmp_path: Path, file: str, source: str, reason: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / file).write_text(source)

    with pytest.raises(BadTemplate, match=reason):
        Words.load(tmp_path, lender=LENDER)


def test_a_template_is_for_the_purpose_that_it_was_checked_for() -> None:
    WORDS.check_purpose("final_notice", Purpose.FINAL_NOTICE)
    WORDS.check_purpose("no such", Purpose.FINAL_NOTICE)  # that is for whoever looks for it
    with pytest.raises(OtherPurpose, match="final_notice is for FINAL_NOTICE, and was not checked for FOLLOW_UP"):
        WORDS.check_purpose("final_notice", Purpose.FOLLOW_UP)


async def test_a_contact_with_words_for_another_purpose_is_refused_and_so_is_its_preview(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("CN")
        bill = await world.bill(customer)
        wanted = PreviewMessage(
            customer.id, Purpose.DUE_REMINDER, Channel.SMS, template="final_notice", bill_id=bill.id
        )

        shown = await previewing.message(world.gateway, SERVICE, wanted)
        with pytest.raises(Unacceptable) as refused:
            await world.request(
                customer, Channel.SMS, purpose=Purpose.DUE_REMINDER, template="final_notice", bill_id=bill.id
            )

        said = "the template final_notice is for FINAL_NOTICE, and was not checked for DUE_REMINDER"
        assert [(one.message, one.field) for one in refused.value.errors] == [(said, ("template",))]
        assert (shown.text, shown.refusal) == (None, said)


async def test_a_preview_masks_a_name_and_knows_it(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer("UK", name="Sue Miller")
        wanted = PreviewMessage(
            customer.id, Purpose.CUSTOMER_REPLY, Channel.EMAIL, variables={"answer": "Thank you, Sue."}
        )

        shown = await previewing.message(world.gateway, SERVICE, wanted)

        assert "Thank you, Sue." in str(shown.text)
        assert "Miller" not in str(shown.text)


async def test_words_whose_purpose_has_changed_meanwhile_do_not_leave(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    own(folder, '[sms]\ntext = "hello."', purpose="FOLLOW_UP")
    async with open_world(tmp_path, templates=folder) as world:
        customer = await world.customer("TEST")
        asked = await world.request(customer, Channel.SMS, template="own")
    own(folder, '[sms]\ntext = "hello."', purpose="CUSTOMER_REPLY")
    async with open_world(tmp_path, templates=folder) as world:
        await world.deliver()

        now = await world.now(asked)
        assert (now.status, world.sms.sent) == (ContactStatus.FAILED, [])
        assert "is for CUSTOMER_REPLY, and was not checked for FOLLOW_UP" in str(now.cancel_reason)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_lender_of_any_name_speaks(purpose: Purpose) -> None:
    needed = {"code": "831264", "answer": "Yes, we can.", "notice": "The terms change.", "offer": "A new service."}

    mail = COURT_STREET.render(purpose.lower(), Channel.EMAIL, "en", BILL, needed, discreet=False)

    assert "Court Street Lending" in f"{mail.subject}{mail.text}"
