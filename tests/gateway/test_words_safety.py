"""What neither a caller's variable nor a lender's template can do."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.words import BadTemplate, BadVariable, MissingVariable, Values, Words, check_variables
from gateway.words.sheets import OURS
from gateway.words.variables import BUILT_IN
from policies.facts import Channel
from tests.gateway.test_words import BILL, LENDER, WORDS

Load = Callable[[str], Words]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load with one template of a lender, en/own.toml, which has to say nothing of its own."""

    def load(source: str) -> Words:
        (tmp_path / "en").mkdir(exist_ok=True)
        (tmp_path / "en" / "own.toml").write_text(f'purpose = "CUSTOMER_REPLY"\n{source}', encoding="utf-8")
        return Words.load(tmp_path, lender=LENDER)

    return load


def reply(answer: object, channel: Channel = Channel.SMS) -> str:
    message = WORDS.render("customer_reply", channel, "en", BILL, {"answer": answer}, discreet=False)
    return message.html or message.text


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_a_caller_cannot_speak_for_the_lender_or_change_the_bill(name: str) -> None:
    with pytest.raises(BadVariable) as error:
        WORDS.render("overdue_reminder", Channel.SMS, "en", BILL, {name: "x"}, discreet=False)

    assert error.value.name == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("answer", None),
        ("answer", ["a"]),
        ("answer", {"a": 1}),
        ("answer", b"bytes"),
        ("answer", "x" * 501),
        ("answer", 10**600),
        pytest.param("answer", 10**5000, id="a number that Python does not write out"),
        ("answer", " \n "),
        ("answer", "\x00"),
        ("plan_url", "javascript:alert(1)"),
        ("plan_url", "https://a.example/ and more"),
        ("plan_url", 'https://a.example/"onclick="x'),
        ("plan_url", "https://lender.example@evil.example/"),
        ("plan_url", "https://lender.example:443@evil.example/"),
        ("plan_url", "https://lender.ex\u0430mple/"),
        ("plan_url", "https://lender\u3002example/"),
        ("plan_url", "https://a.example:port/"),
        ("plan_url", "https:///a"),
        ("plan_url", "https://"),
        ("paid_on", "2 March"),
        ("paid_on", 20),
        ("paid_amount", "a lot"),
        ("paid_amount", "NaN"),
        ("paid_amount", "1E+999999"),
        ("paid_amount", float("inf")),
        ("valid_minutes", "-5"),
        ("valid_minutes", "٥"),
        ("valid_minutes", 1.5),
        ("Answer", "x"),
        ("__class__", "x"),
        ("a.b", "x"),
        ("", "x"),
    ],
)
def test_a_variable_that_may_not_stand_in_a_message_is_named(name: str, value: object) -> None:
    with pytest.raises(BadVariable) as error:
        check_variables({"other": "fine", name: value})

    assert error.value.name == name


@pytest.mark.parametrize("value", ["x" * 500, 7, 7.5, Decimal("7.50"), True, "张伟"])
def test_a_short_scalar_is_welcome(value: object) -> None:
    assert str(value) in reply(value)


@pytest.mark.parametrize(
    "url", ["https://a.example", "http://a.example:8080/b?c=d&e=%E4%BE%8B#f", "https://xn--fsqu00a.example/@b"]
)
def test_an_address_on_the_web_is_welcome(url: str) -> None:
    check_variables({"plan_url": url})


@pytest.mark.parametrize("value", ["{{ 7*7 }}", "{% if x %}", "{{ ''.__class__ }}", "%s %(amount)s {0} $amount"])
def test_a_variable_is_never_a_template(value: str) -> None:
    assert value in reply(value)


def test_a_variable_brings_no_html() -> None:
    html = reply('<script>alert(1)</script><a href="https://evil.example">', Channel.EMAIL)

    assert "<script" not in html
    assert "evil.example&#34;&gt;" in html


def test_a_customers_name_brings_no_html() -> None:
    values = replace(BILL, customer_name="<b>Bobby</b>")

    message = WORDS.render("overdue_reminder", Channel.EMAIL, "en", values, {}, discreet=False)

    assert "Dear &lt;b&gt;Bobby&lt;/b&gt;," in str(message.html)


def test_html_holds_the_same_words_and_links_our_addresses() -> None:
    message = WORDS.render("overdue_reminder", Channel.EMAIL, "zh-CN", BILL, {}, discreet=False)

    html = str(message.html)
    assert '<html lang="zh">' in html
    assert '<a href="https://harvest.example/p">https://harvest.example/p</a>' in html
    assert "u?a=1&amp;b=2" in html
    assert "<p>- 金额：¥1,200.50<br>- 还款日：2026年3月2日<br>- 已逾期：5天<br>- 账户：**4231</p>" in html


def test_control_characters_and_line_breaks_do_not_reach_a_message() -> None:
    said = reply("a\r\nBcc: x@example.org\x00\x1b[31m\u2028b\u202ec\ud800")

    assert "a Bcc: x@example.org [31m bc" in said
    said.encode()


def test_what_is_not_seen_does_not_reach_a_message_and_what_joins_letters_does() -> None:
    said = reply("pay\u00ad\u061cpal\U000e0041\u3164\u2800 می\u200cخواهم 👩\u200d👧")

    assert "paypal می\u200cخواهم 👩\u200d👧" in said


def test_a_value_cannot_begin_a_paragraph() -> None:
    message = WORDS.render(
        "customer_reply", Channel.EMAIL, "en", BILL, {"answer": "Yes.\n\nPay me instead."}, discreet=False
    )

    assert "Yes. Pay me instead." in message.text


def test_a_subject_is_one_line(load: Load) -> None:
    words = load('[email]\nsubject = "About\\n{{ topic }}"\ntext = "Words."')

    subject = words.render("own", Channel.EMAIL, "en", BILL, {"topic": "a\r\nBcc: b"}, discreet=False).subject

    assert subject == "About a Bcc: b"


def test_a_lenders_template_is_added_and_says_what_it_needs(load: Load) -> None:
    words = load('[sms]\ntext = "{{ amount }}: {{ a }}{% if b is defined %}{{ b }}{% endif %}{% if c %}!{% endif %}"')

    assert "own" in words.names()
    assert words.missing("own", Channel.SMS, "en", ("c",)) == {"a"}
    assert words.render("own", Channel.SMS, "en", BILL, {"a": "x", "c": True}, discreet=False).text.startswith(
        "Harvest: CN¥1,200.50: x! Reply STOP"
    )


def test_a_lenders_template_replaces_ours_and_its_version_tells(tmp_path: Path) -> None:
    ours = OURS / "en" / "due_reminder.toml"
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "due_reminder.toml").write_text(ours.read_text().replace("just a reminder", "a reminder"))

    own = Words.load(tmp_path, lender=LENDER)

    new, old = (w.render("due_reminder", Channel.SMS, "en", BILL, {}, discreet=False) for w in (own, WORDS))
    assert new.text.startswith("Harvest: a reminder")
    assert new.version != old.version


def test_a_lenders_layout_replaces_ours(tmp_path: Path) -> None:
    (tmp_path / "layout.html.j2").write_text("<main>{{ body }}</main>")

    words = Words.load(tmp_path, lender=LENDER)

    html = words.render("due_reminder", Channel.EMAIL, "en", BILL, {}, discreet=False).html
    assert str(html).startswith("<main><p>Dear Li Wei,</p>")


def test_a_name_used_beyond_its_condition_is_named_when_it_is_missing(load: Load) -> None:
    words = load('[sms]\ntext = "{% if a is defined %}.{% endif %}{{ a }}"')

    with pytest.raises(MissingVariable) as error:
        words.render("own", Channel.SMS, "en", BILL, {}, discreet=False)

    assert error.value.name == "a"


def test_without_a_currency_an_amount_counts_as_not_given(load: Load) -> None:
    words = load('[sms]\ntext = "{{ fee_amount }}"')

    with pytest.raises(MissingVariable):
        words.render("own", Channel.SMS, "en", Values(), {"fee_amount": "5"}, discreet=False)

    assert "CN¥5.00" in words.render("own", Channel.SMS, "en", BILL, {"fee_amount": 5}, discreet=False).text


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ lender.__init__.__globals__ }}",
        "{{ lender['x'] }}",
        "{{ lender|attr('__class__') }}",
        "{{ range(10) }}",
        "{{ cycler.__init__ }}",
        "{{ self }}{{ self._TemplateReference__context }}",
        "{% for x in a %}{% endfor %}",
        "{% set lender = 'Court' %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% macro m() %}{% endmacro %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ amount|safe }}",
        "{{ unclosed",
        "{% if x %}",
    ],
)
def test_a_template_that_holds_more_than_words_names_and_conditions_is_refused(load: Load, text: str) -> None:
    with pytest.raises(BadTemplate) as error:
        load(f'[sms]\ntext = """{text}"""')

    assert error.value.path.name == "own.toml"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("[sms", "cannot be read as TOML"),
        ('[sms]\ntext = ""', "without a text"),
        ("[sms]\ntext = 1", "must be a text"),
        ('sms = "words"', "must be a section"),
        ('[sms]\ntext = "a"\nsubjet = "b"', "means nothing here: subjet"),
        ('[smss]\ntext = "a"', "means nothing here: smss"),
        ('opt_out = "no"\n[sms]\ntext = "a"', "must be true or false"),
        ('[sms]\ntext = "a"\nopt_out = "b"', "the frame's to say"),
        ('[email]\ntext = "a"', "without a subject"),
        ('[sms]\ntext = "a"\n[discreet.email]\nsubject = "a"\ntext = "a"', "discreet words alone for EMAIL"),
        ('[sms]\ntext = "a"\n[discreet.sms]\ntext = "{{ code }}"', "asks in its discreet words for code"),
        ('[sms]\ntext = "{{ amount }}"\n[discreet.sms]\ntext = "{{ amount }}"', "discreet words for amount"),
    ],
)
def test_a_bad_file_stops_the_start_and_says_why(load: Load, source: str, reason: str) -> None:
    with pytest.raises(BadTemplate) as error:
        load(source)

    assert reason in error.value.reason


@pytest.mark.parametrize(
    ("file", "source", "reason"),
    [
        ("en/frame.toml", '[sms]\ntext = "{{ words }}"', "does not say how to stop on SMS"),
        ("en/frame.toml", '[sms]\ntext = "{{ opt_out }}"\nopt_out = "a"', "has no {{ words }} for SMS"),
        ("en/due_reminder.toml", '[sms]\ntext = "a"', "says nothing for EMAIL"),
        ("es/own.toml", 'purpose = "CUSTOMER_REPLY"\n[sms]\ntext = "a"', "is missing"),
        ("english/own.toml", '[sms]\ntext = "a"', "named like a language"),
        ("en/Own-1.toml", '[sms]\ntext = "a"', "small letters"),
    ],
)
def test_no_language_is_left_without_words(tmp_path: Path, file: str, source: str, reason: str) -> None:
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(source)

    with pytest.raises(BadTemplate) as error:
        Words.load(tmp_path, lender=LENDER)

    assert reason in error.value.reason


def test_a_folder_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadTemplate, match="is not a folder"):
        Words.load(tmp_path / "none", lender=LENDER)
