"""Forty messages that nobody should receive, each refused by name, and forty kind ones that pass."""

import pytest

from policies.contents import wrong_language
from policies.facts import Channel, Purpose
from policies.linter import check
from policies.tone import Kind, Problem, forbidden

FACTS = {
    "lender": "Harvest",
    "amount": "¥1,234.50",
    "due_on": "2026-03-02",
    "days_overdue": "5 days",
    "pay_url": "https://harvest.example/p",
    "help_url": "https://harvest.example/h",
}
WHOLE_EN = (
    "Harvest: your payment of ¥1,234.50, due on 2026-03-02, is 5 days overdue. Pay: https://harvest.example/p "
    "To dispute it, or for help: https://harvest.example/h We may contact you again. Reply STOP to stop texts."
)
FACTS_ZH = {**FACTS, "days_overdue": "5天"}
WHOLE_ZH = (
    "【Harvest】您有一笔¥1,234.50的账单，还款日为2026-03-02，已逾期5天。还款：https://harvest.example/p 。"
    "需要帮助或有异议：https://harvest.example/h 。接下来我们可能会再次与您联系。拒收请回复R"
)

BAD_EN = [
    ("Pay by Friday or we will take legal action.", Kind.THREAT, "legal action"),
    ("If you do not pay we will sue you.", Kind.THREAT, "sue"),
    ("If you do not repay, you will be arrested.", Kind.THREAT, "arrested"),
    ("We know where you live.", Kind.THREAT, "We know where you live"),
    ("Our team will visit your home tomorrow.", Kind.THREAT, "visit your home"),
    ("W\u200be will s.u.e you.", Kind.THREAT, "s.u.e"),
    ("Ｌｅｇａｌ　ａｃｔｉｏｎ will follow.", Kind.THREAT, "Ｌｅｇａｌ　ａｃｔｉｏｎ"),
    ("You should be ashamed of yourself.", Kind.SHAME, "ashamed"),
    ("Only a deadbeat does not pay.", Kind.SHAME, "deadbeat"),
    ("This is your LAST CHANCE to pay.", Kind.URGENCY_TRICK, "LAST CHANCE"),
    ("Pay immediately.", Kind.URGENCY_TRICK, "immediately"),
    ("You have to settle within 24 hours.", Kind.URGENCY_TRICK, "within 24 hours"),
    ("You will be blacklisted for ever.", Kind.INVENTED_CONSEQUENCE, "blacklisted"),
    ("Your credit score will suffer.", Kind.INVENTED_CONSEQUENCE, "credit score"),
    ("You could lose your job over this.", Kind.INVENTED_CONSEQUENCE, "lose your job"),
    ("The p0lice have your case.", Kind.IMPERSONATED_AUTHORITY, "p0lice"),
    ("Our attоrney is reading your contract.", Kind.IMPERSONATED_AUTHORITY, "attоrney"),
    ("We will have to tell your family.", Kind.THIRD_PARTY, "your family"),
    ("Your employer will hear from us.", Kind.THIRD_PARTY, "Your employer"),
]
BAD_ZH = [
    ("再不还款我们将起诉您。", Kind.THREAT, "起诉"),
    ("如不还款，您会坐牢。", Kind.THREAT, "坐牢"),
    ("我们的人员明天上门。", Kind.THREAT, "上门"),
    ("不得不起诉您。", Kind.THREAT, "起诉"),
    ("我们将起 诉您。", Kind.THREAT, "起 诉"),
    ("我们将起\u200b诉您。", Kind.THREAT, "起\u200b诉"),
    ("我們將起訴您。", Kind.THREAT, "起訴"),
    ("请不要做老赖。", Kind.SHAME, "老赖"),
    ("欠债还钱，天经地义。", Kind.SHAME, "欠债还钱"),
    ("这是您的最后机会。", Kind.URGENCY_TRICK, "最后机会"),
    ("请立即还款。", Kind.URGENCY_TRICK, "立即"),
    ("您将被列入黑名单。", Kind.INVENTED_CONSEQUENCE, "黑名单"),
    ("逾期会影响孩子上学。", Kind.INVENTED_CONSEQUENCE, "影响孩子上学"),
    ("请还款，否则将有麻烦。", Kind.INVENTED_CONSEQUENCE, "否则"),
    ("公安机关已经介入。", Kind.IMPERSONATED_AUTHORITY, "公安"),
    ("我们的律师正在处理。", Kind.IMPERSONATED_AUTHORITY, "律师"),
    ("我们将联系您的家人。", Kind.THIRD_PARTY, "家人"),
    ("我们会爆通讯录。", Kind.THIRD_PARTY, "爆通讯"),
]
GOOD_EN = [
    "Just a reminder: your payment is due on Friday.",
    "Paid already? Thank you, no further action is needed.",
    "We will not contact your family.",
    "We never share this with your employer.",
    "No legal action is planned.",
    "You need not answer immediately.",
    "There is no penalty for asking.",
    "It is easy to miss a date.",
    "If paying is difficult, we would like to find an easier plan with you.",
    "You can dispute this, and we will look into it.",
    "Nothing changes until we have agreed.",
    "We have received your payment. Thank you.",
    "How have things been since we last spoke?",
    "Would smaller steps help?",
    "Ms Green will call you on 9 March at ten.",
    "You are free to say no.",
    "We are courteous, and we issue a receipt.",
    "Your complaint was read, and we are sorry.",
    "After this we look at the next steps in your agreement.",
]
GOOD_ZH = [
    "温馨提示：您有一笔账单即将到期。",
    "如已还款，谢谢您，无需再操作。",
    "我们不会联系您的家人。",
    "我们绝不会上门。",
    "不会影响您的征信。",
    "您可以投诉，我们会核实。",
    "如有困难，请告诉我们，我们愿和您一起想办法。",
    "日子一忙，容易错过日期。",
    "商定之前一切不变。",
    "我们已收到您的还款，谢谢您。",
    "上次联系之后，您一切都好吗？",
    "您也可以不回复。",
    "您完全可以说不需要。",
    "此后我们将按合同约定考虑下一步。",
    "我们一起，诉说您的困难也没有关系。",
    "方案由您决定，咨询不收费。",
    "请联系人工客服，号码见下。",
    "如这个日期不方便，可以延期。",
    "元旦快乐，愿您一切顺利。",
]


def problems(text: str, **changed: object) -> tuple[Problem, ...]:
    zh = any("\u4e00" <= character <= "\u9fff" for character in text)
    asked: dict[str, object] = {
        "purpose": Purpose.OVERDUE_REMINDER,
        "channel": Channel.SMS,
        "language": "zh" if zh else "en",
        "facts": FACTS_ZH if zh else FACTS,
    }
    return check(text, **{**asked, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(("said", "kind", "words"), BAD_EN + BAD_ZH)
def test_a_bad_message_is_refused_with_its_words_and_the_rule(said: str, kind: Kind, words: str) -> None:
    chinese = (said, kind, words) in BAD_ZH

    found = problems((WHOLE_ZH if chinese else WHOLE_EN) + " " + said)

    assert kind in {one.kind for one in found}
    named = next(one for one in found if one.kind is kind)
    assert words in named.words
    assert named.rule.startswith("zh." if chinese else "en.")
    assert named.suggestion
    assert named.citation


def test_a_message_without_the_exact_amount_is_refused() -> None:
    found = problems(WHOLE_EN.replace("¥1,234.50", "about ¥1,234"))

    assert [one.rule for one in found] == ["content.amount"]


@pytest.mark.parametrize(("text", "language"), [(WHOLE_EN, "zh"), (WHOLE_ZH, "en")])
def test_a_message_in_the_wrong_language_is_refused(text: str, language: str) -> None:
    assert Kind.WRONG_LANGUAGE in {one.kind for one in problems(text, language=language)}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        *(
            (one, "zh")
            for one in ("We checked.", "we checked it", "Done.", "Payment received.", "It’s not yours", "ＷＥ checked")
        ),
        *((one, "zh") for one in ("Thank you.", "Yes, we can.", "See https://harvest.example/h for your plan.")),
        *(
            (one, "en")
            for one in ("已核实。", "我们已核实", "已收到", "好的", "您可延期", "沒有問題", "請稍候。", "不行！")
        ),
    ],
)
def test_a_short_answer_in_the_wrong_language_is_refused(text: str, language: str) -> None:
    found = wrong_language(text, language)

    assert found is not None
    assert found.kind is Kind.WRONG_LANGUAGE


@pytest.mark.parametrize(
    ("text", "language"),
    [
        *(
            (one, "zh")
            for one in ("Anna Green", "Harvest Ltd.", "Acme Corp.", "Buy Now Pay Later", "Harvest Easy Loan")
        ),
        *((one, "zh") for one in ("Bank of China", "LN-2026-884231", "+1 212 555 0123", "831264", "Visa", "For You")),
        *((one, "zh") for one in ("will.smith@harvest.example", "https://harvest.example/we/are", "{{ answer }}")),
        *(
            (one, "zh")
            for one in ("Will Smith", "J. R. Green", "iPhone 15 Pro", "Your Loan", "您可使用 Harvest Pay。", "OK")
        ),
        *(
            (one, "en")
            for one in (
                "张伟",
                "欧阳娜娜",
                "禾润金融",
                "安心贷",
                "你我贷",
                "Mr 张伟 called.",
                "We use 微信.",
            )
        ),
        *((one, "en") for one in ("Yes.", "https://harvest.example/已", "12345")),
    ],
)
def test_names_numbers_and_addresses_are_in_no_language(text: str, language: str) -> None:
    assert wrong_language(text, language) is None


def test_debt_words_are_refused_where_others_may_read_them() -> None:
    text = "Harvest: please call us about your loan."

    found = problems(text, discreet=True)

    assert [(one.kind, one.words) for one in found] == [(Kind.DEBT_WORD, ("loan",))]
    assert list(forbidden(text, Purpose.OVERDUE_REMINDER, discreet=False)) == []


@pytest.mark.parametrize("said", GOOD_EN + GOOD_ZH)
def test_a_kind_message_passes(said: str) -> None:
    whole = WHOLE_ZH if said in GOOD_ZH else WHOLE_EN

    assert problems(whole + " " + said) == ()


@pytest.mark.parametrize("whole", [WHOLE_EN, WHOLE_ZH])
def test_a_whole_notice_passes(whole: str) -> None:
    assert problems(whole) == ()


def test_there_are_forty_of_each() -> None:
    assert len(BAD_EN) + len(BAD_ZH) + 4 >= 40  # with the amount, the two languages, and the shared number
    assert len(GOOD_EN) + len(GOOD_ZH) + 2 >= 40
