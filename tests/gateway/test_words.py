"""Our own templates: what they say, and what they never say."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from channels.sms.segments import segments
from gateway.words import CALL, Lender, MissingVariable, Rendered, UnknownTemplate, Values, Words
from policies.facts import Channel, Purpose

LENDER = Lender(
    name="Harvest",
    name_zh="禾润金融",
    phone="+1 212 555 0123",
    pay_url="https://harvest.example/p",
    help_url="https://harvest.example/h",
)
WORDS = Words.load(lender=LENDER)
BILL = Values(
    customer_name="Li Wei",
    amount=Decimal("1200.50"),
    currency="CNY",
    due_on=date(2026, 3, 2),
    days_overdue=5,
    account="LN-2026-884231",
    unsubscribe_url="https://harvest.example/u?a=1&b=2",
)
NO_BILL = Values(customer_name="Li Wei", unsubscribe_url=BILL.unsubscribe_url)
#: Everything that our templates need of a caller.
NEEDED = {"code": "831264", "answer": "Yes, we can.", "notice": "The terms change.", "offer": "A new service."}
NEEDED_ZH = {"code": "831264", "answer": "可以的。", "notice": "条款有变。", "offer": "新服务上线。"}

NOTICES = (Purpose.DUE_REMINDER, Purpose.OVERDUE_REMINDER, Purpose.OVERDUE_WARNING, Purpose.FINAL_NOTICE)
OVERDUE = NOTICES[1:]
EVERY_CASE = list(product(Purpose, Channel, ("en", "zh"), (False, True)))

DEBT_WORDS = re.compile(
    r"\b(debts?|ow(e|es|ed|ing)|(over)?due|bills?|pay\w*|paid|loans?|balance|accounts?|amounts?|instal\w+|credit\w*"
    r"|collect\w*|arrears|late|lend\w*|money|interest|plan)\b|[$¥£€]"
    r"|[债欠贷款账帐催]|逾期|到期|金额|支付|分期|利息|征信|方案",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(
    r"\b(court|legal action|lawsuit|sue|police|lawyer|attorney|arrest|immediate\w*|urgent\w*|last chance|must|fail\w*"
    r"|black-?list|credit (score|bureau)|employer|famil\w+|relatives?|friends?|shame|consequences?"
    r"|penalt\w+|seiz\w+|act now)\b"
    r"|法院|起诉|律师|警|公安|黑名单|征信|失信|老赖|立即|马上|务必|最后机会|后果|家人|亲友|单位|通讯录|上门|强制|严重|否则|恶意",
    re.IGNORECASE,
)


def every(*axes: Iterable[object]) -> list[tuple[object, ...]]:
    return list(product(*axes))


def render(
    purpose: Purpose, channel: Channel, locale: str, values: Values = BILL, *, discreet: bool = False
) -> Rendered:
    given = NEEDED_ZH if locale.startswith("zh") else NEEDED
    return WORDS.render(WORDS.default(purpose), channel, locale, values, given, discreet=discreet)


def everything(message: Rendered) -> str:
    return f"{message.subject or ''}\n{message.text}"


@pytest.mark.parametrize(("purpose", "channel", "locale", "discreet"), EVERY_CASE)
def test_every_purpose_has_words_on_every_channel_in_both_languages(
    purpose: Purpose, channel: Channel, locale: str, discreet: bool
) -> None:
    message = render(purpose, channel, locale, discreet=discreet)

    assert message.version.startswith(f"{purpose.lower()}/{channel.lower()}/{locale}")
    assert (message.subject is not None) == (message.html is not None) == (channel is Channel.EMAIL)
    assert (message.segments is not None) == (channel is Channel.SMS)
    assert ("禾润金融" if locale == "zh" else "Harvest") in message.text
    assert not re.search(r"[{}]|None|duration|  | [.,]\s|\n\n\n", message.text)


@pytest.mark.parametrize(("purpose", "channel", "locale", "discreet"), EVERY_CASE)
def test_no_message_threatens_shames_hurries_or_mentions_others(
    purpose: Purpose, channel: Channel, locale: str, discreet: bool
) -> None:
    message = render(purpose, channel, locale, discreet=discreet)

    assert FORBIDDEN.findall(everything(message)) == []


@pytest.mark.parametrize(("purpose", "channel", "locale"), every(Purpose, Channel, ("en", "zh")))
def test_discreet_words_speak_of_no_debt(purpose: Purpose, channel: Channel, locale: str) -> None:
    message = render(purpose, channel, locale, discreet=True)

    assert DEBT_WORDS.findall(everything(message)) == []
    assert "+1 212 555 0123" in message.text
    assert not re.search(r"1,200|2026|4231", message.text)


@pytest.mark.parametrize(("purpose", "channel", "locale"), every(Purpose, (Channel.SMS, Channel.EMAIL), ("en", "zh")))
def test_discreet_messages_name_no_customer(purpose: Purpose, channel: Channel, locale: str) -> None:
    message = render(purpose, channel, locale, discreet=True)

    assert "Li Wei" not in everything(message) + (message.html or "")


@pytest.mark.parametrize(("purpose", "locale"), every(Purpose, ("en", "zh")))
def test_a_subject_can_be_read_on_a_locked_screen(purpose: Purpose, locale: str) -> None:
    subject = render(purpose, Channel.EMAIL, locale).subject

    assert subject is not None
    assert DEBT_WORDS.findall(subject) == []


@pytest.mark.parametrize(("purpose", "channel"), every(NOTICES, Channel))
def test_a_notice_states_the_exact_facts_and_the_ways_out(purpose: Purpose, channel: Channel) -> None:
    english, chinese = (render(purpose, channel, locale).text for locale in ("en", "zh"))

    day = "Mar 2, 2026" if channel is Channel.SMS else "March 2, 2026"
    for fact in ("CN¥1,200.50", day, LENDER.pay_url, LENDER.help_url):
        assert fact in english
    for fact in ("¥1,200.50", "2026年3月2日", LENDER.pay_url, LENDER.help_url):
        assert fact in chinese
    assert re.search("dispute|not right", english)
    assert re.search("异议|疑问|有误", chinese)


@pytest.mark.parametrize(("purpose", "channel"), every(OVERDUE, Channel))
def test_an_overdue_notice_says_for_how_many_days(purpose: Purpose, channel: Channel) -> None:
    english, chinese = (render(purpose, channel, locale).text for locale in ("en", "zh"))

    assert re.search(r"\b5 days\b", english)
    assert "逾期5天" in chinese or "逾期：5天" in chinese


@pytest.mark.parametrize(("purpose", "channel", "locale"), every(NOTICES, Channel, ("en", "zh")))
def test_what_happens_next_is_the_lenders_to_say(purpose: Purpose, channel: Channel, locale: str) -> None:
    said = {"next_step": "3月9日，格林女士会给您来电。" if locale == "zh" else "On 9 March Ms Green will call you."}

    message = WORDS.render(WORDS.default(purpose), channel, locale, BILL, said, discreet=False)

    assert said["next_step"] in message.text
    assert "agreement" not in message.text


def test_one_day_is_not_days() -> None:
    one = Values(amount=Decimal(5), currency="USD", due_on=date(2026, 3, 2), days_overdue=1)

    text = render(Purpose.OVERDUE_REMINDER, Channel.SMS, "en", one).text

    assert "is 1 day overdue" in text


@pytest.mark.parametrize(
    ("minutes", "english", "chinese"), [(1, "for 1 minute.", "1分钟内有效"), ("10", "for 10 minutes.", "10分钟内有效")]
)
def test_a_code_says_for_how_long_it_works(minutes: object, english: str, chinese: str) -> None:
    given = {"code": "831264", "valid_minutes": minutes}

    texts = [WORDS.render("security_code", Channel.SMS, at, NO_BILL, given, discreet=False).text for at in ("en", "zh")]

    assert english in texts[0]
    assert chinese in texts[1]


def test_a_bill_that_is_not_overdue_is_never_called_overdue() -> None:
    today = Values(amount=Decimal(5), currency="USD", due_on=date(2026, 3, 2), days_overdue=0)

    with pytest.raises(MissingVariable) as error:
        render(Purpose.OVERDUE_REMINDER, Channel.SMS, "en", today)

    assert error.value.name == "days_overdue"


@pytest.mark.parametrize(("purpose", "channel"), every((*NOTICES, Purpose.PLAN_OFFER), Channel))
def test_without_a_bill_the_words_that_speak_of_one_become_discreet(purpose: Purpose, channel: Channel) -> None:
    message = render(purpose, channel, "en", NO_BILL)

    assert message == render(purpose, channel, "en", NO_BILL, discreet=True)


@pytest.mark.parametrize("channel", Channel)
def test_a_reply_needs_no_bill(channel: Channel) -> None:
    message = render(Purpose.CUSTOMER_REPLY, channel, "en", NO_BILL)

    assert "Yes, we can." in message.text


@pytest.mark.parametrize(("channel", "locale"), every(Channel, ("en", "zh")))
def test_a_receipt_says_what_arrived_and_never_what_is_left(channel: Channel, locale: str) -> None:
    paid = {"paid_amount": "50", "paid_on": "2026-03-03"}

    text = WORDS.render("payment_receipt", channel, locale, BILL, paid, discreet=False).text

    assert "¥50.00" in text
    assert re.search(r"3, 2026|3月3日", text)
    assert not re.search(r"still|owing|remain\w*|outstanding|balance|left|剩余|尚欠|余额|未还|仍", text)


@pytest.mark.parametrize(("values", "locale"), every((BILL, NO_BILL), ("en", "zh")))
def test_a_receipt_is_a_whole_sentence_without_any_variable(values: Values, locale: str) -> None:
    text = render(Purpose.PAYMENT_RECEIPT, Channel.SMS, locale, values).text

    assert re.search(r"received your payment(\.| for CN¥1,200.50, due on Mar 2, 2026\.)|我们已收到您.*，谢谢您", text)


@pytest.mark.parametrize(("purpose", "discreet"), every(Purpose, (False, True)))
def test_every_message_says_how_to_stop_but_codes_and_the_confirmation_that_it_stopped(
    purpose: Purpose, discreet: bool
) -> None:
    english, chinese = (render(purpose, Channel.SMS, at, discreet=discreet).text for at in ("en", "zh"))
    mail = render(purpose, Channel.EMAIL, "en", discreet=discreet).text

    says = purpose not in (Purpose.SECURITY_CODE, Purpose.OPT_OUT_CONFIRMATION)
    assert english.endswith(" Reply STOP to stop texts to this telephone number.") is says
    assert chinese.endswith("拒收请回复R") is says
    assert (BILL.unsubscribe_url in mail) is says  # type: ignore[operator] # it is given above


def test_a_mail_without_a_one_click_address_still_says_how_to_stop() -> None:
    bare = Values()

    text = render(Purpose.MARKETING, Channel.EMAIL, "en", bare).text

    assert "To stop e-mails to this address, tell us at https://harvest.example/h" in text


@pytest.mark.parametrize(("purpose", "discreet"), every(Purpose, (False, True)))
def test_a_chinese_sms_begins_with_the_signature(purpose: Purpose, discreet: bool) -> None:
    message = render(purpose, Channel.SMS, "zh-CN", discreet=discreet)

    assert message.text.startswith("【禾润金融】")


@pytest.mark.parametrize(("purpose", "discreet"), every(Purpose, (False, True)))
def test_an_english_sms_keeps_to_the_gsm_alphabet(purpose: Purpose, discreet: bool) -> None:
    message = render(purpose, Channel.SMS, "en", discreet=discreet)

    assert segments(message.text).encoding == "GSM-7"


def test_an_sms_knows_its_segments() -> None:
    notice = render(Purpose.OVERDUE_REMINDER, Channel.SMS, "en")
    code = render(Purpose.SECURITY_CODE, Channel.SMS, "en")

    assert 160 < len(notice.text) <= 306
    assert (notice.segments, code.segments) == (2, 1)


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("zh-CN", "zh"),
        ("zh-TW", "zh"),
        ("zh-Hant", "zh"),
        ("zh_Hans_CN", "zh"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
    ],
)
def test_every_locale_finds_a_language(locale: str, language: str) -> None:
    message = render(Purpose.DUE_REMINDER, Channel.SMS, locale)

    assert message.version.startswith(f"due_reminder/sms/{language}@")


@pytest.mark.parametrize(
    "locale", ["en-US", "en-GB", "zh-CN", "xx", "en-u-ca-buddhist", "en-ZZ", "-", "en-" + "a" * 500]
)
def test_an_odd_locale_is_no_error(locale: str) -> None:
    assert "1,200.50" in render(Purpose.DUE_REMINDER, Channel.SMS, locale).text


def test_the_version_changes_with_the_words_and_not_with_the_facts() -> None:
    here, again = render(Purpose.DUE_REMINDER, Channel.SMS, "en"), render(Purpose.DUE_REMINDER, Channel.SMS, "en-GB")
    discreet = render(Purpose.DUE_REMINDER, Channel.SMS, "en", discreet=True)

    assert re.fullmatch(r"due_reminder/sms/en@[0-9a-f]{8}", here.version)
    assert here.version == again.version
    assert re.fullmatch(r"due_reminder/sms/en/discreet@[0-9a-f]{8}", discreet.version)
    assert here.version[-8:] != discreet.version[-8:]


@pytest.mark.parametrize(
    ("purpose", "needs"),
    [
        (Purpose.SECURITY_CODE, {"code"}),
        (Purpose.CUSTOMER_REPLY, {"answer"}),
        (Purpose.LEGAL_NOTICE, {"notice"}),
        (Purpose.MARKETING, {"offer"}),
        (Purpose.PAYMENT_RECEIPT, set()),
        (Purpose.FINAL_NOTICE, set()),
    ],
)
def test_what_a_caller_has_to_supply_is_known_beforehand(purpose: Purpose, needs: set[str]) -> None:
    template = WORDS.default(purpose)

    assert WORDS.missing(template, Channel.SMS, "zh-CN", ()) == needs
    assert WORDS.missing(template, Channel.EMAIL, "en", needs) == frozenset()


def test_discreet_words_ask_for_less() -> None:
    assert WORDS.missing("customer_reply", Channel.SMS, "en", (), discreet=True) == frozenset()
    assert WORDS.missing("security_code", Channel.SMS, "en", (), discreet=True) == {"code"}


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(MissingVariable) as error:
        WORDS.render("security_code", Channel.SMS, "en", BILL, {}, discreet=False)

    assert error.value.name == "code"


@pytest.mark.parametrize("name", ["no_such", "frame", "discreet", "DUE_REMINDER", "../en/due_reminder", ""])
def test_an_unknown_template_is_an_answer_of_its_own(name: str) -> None:
    with pytest.raises(UnknownTemplate) as error:
        WORDS.missing(name, Channel.SMS, "en", ())
    with pytest.raises(UnknownTemplate):
        WORDS.render(name, Channel.SMS, "en", BILL, {}, discreet=False)

    assert error.value.template == name


def test_the_templates_are_the_twelve_purposes_and_what_has_words_of_its_own() -> None:
    others = {"application_approved", "application_declined", "callback", "opt_out_all"}

    assert WORDS.names() == {purpose.lower() for purpose in Purpose} | others


@pytest.mark.parametrize("locale", ["en", "zh"])
@pytest.mark.parametrize("discreet", [True, False])
def test_a_booked_call_has_a_script_that_needs_nothing(locale: str, discreet: bool) -> None:
    assert WORDS.missing(CALL, Channel.CALLBACK, locale, (), discreet) == set()

    script = WORDS.render(CALL, Channel.CALLBACK, locale, Values(), {}, discreet=discreet)

    assert re.search("booked|预约", script.text)


@pytest.mark.parametrize("locale", ["en", "zh"])
@pytest.mark.parametrize(
    ("template", "channel"), [("follow_up", channel) for channel in Channel] + [("callback", Channel.CALLBACK)]
)
def test_no_talk_and_no_agreement_is_made_up(template: str, channel: Channel, locale: str) -> None:
    said = WORDS.render(template, channel, locale, Values(), {}, discreet=False).text

    assert not re.search("we (last )?spoke|we agreed|上次|商定|前段时间联系", said)


@pytest.mark.parametrize(
    ("locale", "answer", "said"),
    [
        ("zh", "已核实", "已核实。如还有疑问"),
        ("zh", "已核实。", "已核实。如还有疑问"),
        ("zh", "（已核实！）", "（已核实！）如还有疑问"),
        ("zh", "详情见 https://harvest.example/a", "https://harvest.example/a 。如还有疑问"),
        ("en", "We checked", "We checked. More questions?"),
        ("en", "We checked.", "We checked. More questions?"),
        ("en", 'You may "pay later."', '"pay later." More questions?'),
        ("en", "Is it right?", "Is it right? More questions?"),
        ("en", "We look at these:", "We look at these: More questions?"),
    ],
)
def test_an_answer_does_not_run_on_into_what_follows(locale: str, answer: str, said: str) -> None:
    text = WORDS.render("customer_reply", Channel.SMS, locale, NO_BILL, {"answer": answer}, discreet=False).text

    assert said in text


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize(
    ("locale", "answer"),
    [
        ("en", "We are sorry that our agent called your mother; it will not happen again"),
        ("zh", "催收员上门给您带来困扰，我们非常抱歉"),
        ("en", "You may go to court or to the ombudsman"),
        ("zh", "您可以向法院申请调解"),
        ("zh", "如有人冒充我们，请向公安机关报案"),
    ],
)
def test_an_apology_and_a_right_pass_within_every_template(channel: Channel, locale: str, answer: str) -> None:
    text = WORDS.render("customer_reply", channel, locale, NO_BILL, {"answer": answer}, discreet=False).text

    assert answer in text


def test_every_sentence_of_a_caller_is_ended() -> None:
    given = {"next_step": "We may write again"}

    assert "We may write again. " in WORDS.render("due_reminder", Channel.SMS, "en", BILL, given, discreet=False).text


def test_a_mark_of_the_template_is_enough(tmp_path: Path) -> None:
    folder = tmp_path / "en"
    folder.mkdir()
    (folder / "thanks.toml").write_text('purpose = "CUSTOMER_REPLY"\n[callback]\ntext = "Say: {{ answer }}. Bye."')

    said = Words.load(tmp_path, lender=LENDER).render(
        "thanks", Channel.CALLBACK, "en", NO_BILL, {"answer": "We checked"}, discreet=False
    )

    assert "Say: We checked. Bye." in said.text


def test_what_is_personal_does_not_print_itself() -> None:
    message = render(Purpose.OVERDUE_REMINDER, Channel.EMAIL, "en")

    assert not re.search("Li Wei|884231|1,200", repr(BILL) + repr(message))
